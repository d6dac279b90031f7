"""platen config, ports and log against a running daemon with one line that has no modem."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from fax.client import Client
from fax.settings import LogCategory, LogLevel
from tests.cli.command import platen
from tests.spooler.rig import PORT, Rig


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with TemporaryDirectory(prefix="platen-") as folder, Rig(Path(folder), "retry_delay_s = 600") as running:
        yield running


def run(rig: Rig, *arguments: str, code: int = 0) -> str:
    done = platen(*arguments, socket=rig.socket)
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout if code == 0 else done.stderr


def test_every_setting_is_listed_with_its_value_and_meaning(rig: Rig) -> None:
    rows = [line.split("\t") for line in run(rig, "config", "list").splitlines()]
    assert {len(row) for row in rows} == {3}
    values = {name: value for name, value, _ in rows}
    assert (values["dirty_days"], values["branding"], values["discount_start"]) == ("30", "true", "20:00")
    assert json.loads(run(rig, "config", "list", "--json")).keys() == values.keys()


@pytest.mark.parametrize(
    ("said", "name", "shown"),
    [
        ("retries=7", "retries", "7"),
        ("retry_delay_s=1.5", "retry_delay_s", "1.5"),
        ("dirty_days=never", "dirty_days", "none"),
        ("queue_paused=on", "queue_paused", "true"),
        ("queue_paused=no", "queue_paused", "false"),
        ("discount_stop=06:30", "discount_stop", "06:30"),
        ("header_place=over", "header_place", "over"),
        ("header_from=Clinic = Harbour", "header_from", "Clinic = Harbour"),
        ("header_from=", "header_from", ""),
        (
            'port_groups=[{"name": "sales", "ports": ["line1"]}]',
            "port_groups",
            '[{"name": "sales", "ports": ["line1"]}]',
        ),
        (
            'outbound_rules=[{"country": "49", "port": "line1"}]',
            "outbound_rules",
            '[{"country": "49", "area": "", "port": "line1", "group": ""}]',
        ),
        ("outbound_rules=[]", "outbound_rules", "[]"),
    ],
)
def test_a_setting_is_set_and_got_as_it_is_written(rig: Rig, said: str, name: str, shown: str) -> None:
    assert run(rig, "config", "set", said).strip() == f"{name} = {shown}".strip()
    assert run(rig, "config", "get", name) == f"{shown}\n"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("retrys=7", "did you mean retries?"),
        ("port_groups=sales", "a list in JSON"),
        ("colour=red", "platen config list names them"),
        ("retries=many", "retries is a whole number, not many"),
        ("dirty_days=soon", "dirty_days is a whole number, or none, not soon"),
        ("branding=perhaps", "branding is true or false, not perhaps"),
        ("discount_start=noon", "discount_start is a time like 20:00, not noon"),
        ("header_place=below", "header_place is above or over, not below"),
        ("retries", "write NAME=VALUE"),
    ],
)
def test_a_mistake_is_told_before_anything_is_changed(rig: Rig, said: str, words: str) -> None:
    before = Client(rig.socket).configuration()
    assert words in " ".join(run(rig, "config", "set", "busy_delay_s=77", said, code=2).replace("│", " ").split())
    assert Client(rig.socket).configuration() == before


def test_what_the_server_refuses_is_told_in_its_words(rig: Rig) -> None:
    assert "retries is not a whole number from 0 to 99: 100" in run(rig, "config", "set", "retries=100", code=4)


def test_lines_are_listed_and_shown(rig: Rig) -> None:
    (row,) = [line.split("\t") for line in run(rig, "ports", "list").splitlines()]
    assert (row[1], row[4], row[5]) == (PORT, "send", "1")
    shown = dict(line.split("\t") for line in run(rig, "ports", "show", row[0]).splitlines())
    assert shown["Port"] == f"{PORT} (number {row[0]})"
    assert shown["Device"] == str(rig.tty)
    assert json.loads(run(rig, "ports", "show", PORT, "--json"))["name"] == PORT
    assert f"There is no port fax9 ({PORT})" in run(rig, "ports", "show", "fax9", code=4)


def test_a_line_is_set_disabled_and_enabled(rig: Rig) -> None:
    told = run(rig, "ports", "set", PORT, "--rings", "0", "--tsid", "+1 555")
    assert told == f"{PORT}: rings = 1\n{PORT}: tsid = +1 555\n"
    assert "csid is not at most 20" in run(rig, "ports", "set", PORT, "--csid", "x" * 21, code=4)
    assert "name something to set" in run(rig, "ports", "set", PORT, code=2)
    run(rig, "ports", "disable", PORT)
    (port,) = Client(rig.socket).ports()
    assert (port.send, port.receive) == (False, False)
    run(rig, "ports", "enable", PORT)
    assert Client(rig.socket).ports()[0].send


def test_a_line_that_somebody_else_is_changing_is_left_alone(rig: Rig) -> None:
    client = Client(rig.socket)
    with client.lease_port(client.ports()[0].id):
        assert "Somebody else is changing port" in run(rig, "ports", "set", PORT, "--rings", "4", code=4)


def test_statistics_are_there_from_the_first_day(rig: Rig) -> None:
    assert run(rig, "ports", "statistics").split("\t")[:3] == [PORT, "0", "0"]
    assert run(rig, "ports", "statistics", "--numbers") == ""


def test_log_levels_are_listed_and_set(rig: Rig) -> None:
    run(rig, "log", "set", "all", "min")
    run(rig, "log", "set", "outbound", "max")
    rows = {line.split("\t")[0]: line.split("\t")[1] for line in run(rig, "log", "list").splitlines()}
    assert rows == {"init": "min", "outbound": "max", "inbound": "min", "unknown": "min"}
    levels = {each.category: each.level for each in Client(rig.socket).log_categories()}
    assert levels[LogCategory.OUTBOUND] is LogLevel.MAX
    assert "loud is none of" in run(rig, "log", "set", "init", "loud", code=2)

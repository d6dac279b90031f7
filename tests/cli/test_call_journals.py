"""``platen call show`` and ``platen call replay``: journals read by people and scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.exits import ExitCode
from modem.journal import images_path
from modem.received import ReceivedCall
from tests.cli.command import environment, platen
from tests.modem.answering import be_called
from tests.modem.line import picture
from tests.modem.test_replay import made, through_a_file


@pytest.fixture(scope="module")
def spool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("spool")
    for call, name in (("call-7", "noise in a page"), ("call-8", "busy")):
        (root / "calls" / call).mkdir(parents=True)
        done = made(name, tmp_path_factory.mktemp("far"))
        through_a_file(done.entries, root / "calls" / call / "journal.jsonl")
    return root


def journal(spool: Path, call: str = "call-7") -> Path:
    return spool / "calls" / call / "journal.jsonl"


def test_show_tells_the_call_plainly_on_a_pipe(spool: Path) -> None:
    done = platen("call", "show", journal(spool))
    assert done.returncode == ExitCode.OK
    assert "-----------> " not in done.stderr
    assert "<----------- CFR: training was good" in done.stdout
    assert "All pages were received." in done.stdout
    assert "\x1b" not in done.stdout


def test_show_as_json_is_the_story_as_data(spool: Path) -> None:
    story = json.loads(platen("call", "show", journal(spool), "--json").stdout)
    assert story["head"][0][0] == "Call"
    assert {rung["way"] for rung in story["rungs"]} >= {"out", "in", "fast-out"}


def test_an_id_is_looked_up_in_the_spool(spool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(spool)
    missing = platen("call", "show", "call-7")
    assert missing.returncode == ExitCode.USAGE
    from tests.cli import command

    monkeypatch.setattr(command, "environment", lambda socket: {**environment(socket), "PLATEN_SPOOL": str(spool)})
    done = platen("call", "show", "call-8")
    assert "The number is busy." in done.stdout
    assert "E001" in done.stdout


def test_replay_says_that_nothing_has_changed(spool: Path) -> None:
    done = platen("call", "replay", journal(spool))
    assert done.returncode == ExitCode.OK
    assert done.stdout.startswith("The same as then: ")


def test_replay_names_the_first_difference_and_fails(spool: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    changed.write_text(journal(spool).read_text().replace('"text":"AT+FCLASS=1"', '"text":"AT+FCLASS=9"'))
    done = platen("call", "replay", changed)
    assert done.returncode == ExitCode.FAILED
    assert "then: AT+FCLASS=9" in done.stdout
    assert "now:  AT+FCLASS=1" in done.stdout
    verdict = json.loads(platen("call", "replay", changed, "--json").stdout)
    assert verdict["difference"]["then"] == "AT+FCLASS=9"


@pytest.mark.parametrize("octets", [b"", b"hello\n", b"\x00\xff\n" * 10])
def test_what_is_no_journal_is_refused_in_a_sentence(octets: bytes, tmp_path: Path) -> None:
    path = tmp_path / "no journal"
    path.write_bytes(octets)
    for command in ("show", "replay"):
        done = platen("call", command, path)
        assert done.returncode == ExitCode.REFUSED
        assert done.stderr.count("\n") == 1


def test_a_number_still_calls(tmp_path: Path) -> None:
    for arguments in (
        ("5552001", tmp_path / "none.tif", "--tty", "x"),
        ("--tty", "x", "5552001", tmp_path / "none.tif"),
    ):
        done = platen("call", *arguments)
        assert done.returncode == ExitCode.USAGE
        assert "none.tif" in done.stderr


def test_a_call_that_came_in_is_told_and_played_from_its_folder(tmp_path: Path) -> None:
    done = be_called([picture(1, rows=60)], out=tmp_path / "call")
    received = ReceivedCall.make(tmp_path, "in-1")
    through_a_file(done.entries, received.journal)
    told = platen("call", "show", received.folder)
    assert told.returncode == ExitCode.OK
    assert "All pages were received." in told.stdout
    played = platen("call", "replay", received.folder)
    assert (played.returncode, played.stdout[:12]) == (ExitCode.OK, "The same as ")
    images_path(received.journal).unlink()
    lost = platen("call", "replay", received.folder)
    assert lost.returncode == ExitCode.REFUSED
    assert "has not been kept" in lost.stderr

"""The settings that change while the server runs: kept, checked, told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from fax.errors import Cause, RequestError
from fax.settings import Configuration, LogCategory, LogLevel
from spooler.access import Caller
from spooler.configuration import Live
from spooler.settings import PortSettings, Settings, parse
from spooler.store import Store
from spooler.store_access import audit_lines

ANN = Caller(user="ann", uid=1000, admin=False, backend=False)
NAMES = ("line1", "line2", "line3")


def ports(*names: str) -> tuple[PortSettings, ...]:
    return tuple(PortSettings(name=name, device=f"/dev/{name}", tsid=f"+1 {name}") for name in names)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "platen.db")
    yield opened
    opened.close()


def raws(**changes: object) -> dict[str, msgspec.Raw]:
    return {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in changes.items()}


def change(live: Live, **changes: object) -> Configuration:
    return asyncio.run(live.change(raws(**changes), ANN))


def refused(act: Callable[[], object]) -> RequestError:
    with pytest.raises(RequestError) as caught:
        act()
    return caught.value


def test_the_file_says_the_first_values_and_the_database_all_later_ones(store: Store) -> None:
    first = Settings(first=replace(Configuration(), retries=7, header_from="Ann"))
    live = Live(store, first)
    assert (live.configuration.retries, live.configuration.header_from) == (7, "Ann")
    change(live, retries=2)
    again = Live(store, Settings(first=replace(Configuration(), retries=9, header_from="Bob")))
    assert (again.configuration.retries, again.configuration.header_from) == (2, "Ann")


def test_a_change_is_told_after_it_is_in_force_and_written_down(store: Store) -> None:
    live = Live(store, Settings())
    seen: list[int] = []
    live.listen(lambda: seen.append(live.configuration.retries))
    change(live, retries=5)
    change(live, retries=5, queue_paused=True)
    assert seen == [5, 5]
    noted = store.call(lambda tx: audit_lines(tx, after=0, limit=10))
    assert [(line.user, line.action, line.subject, line.before, line.after) for line in noted] == [
        ("ann", "config", "retries", "3", "5"),
        ("ann", "config", "queue_paused", "false", "true"),
    ]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"retries": 100}, "retries"),
        ({"retries": -1}, "retries"),
        ({"retries": "3"}, "retries"),
        ({"retries": None}, "retries"),
        ({"retry_delay_s": -1}, "retry_delay_s"),
        ({"dirty_days": 0}, "dirty_days"),
        ({"discount_start": "25:00:00"}, "discount_start"),
        ({"discount_stop": "07:00:30"}, "discount_stop"),
        ({"archive_outgoing": True}, "archive_folder"),
        ({"archive_outgoing": True, "archive_folder": "/nowhere/at/all"}, "archive_folder"),
        ({"archive_folder": "relative"}, "archive_folder"),
        ({"tsid": "much too long for the field"}, "tsid"),
        ({"tsid": "Käse"}, "tsid"),
        ({"header_zone": "Europe/Atlantis"}, "header_zone"),
        ({"header_zone": "../../etc/passwd"}, "header_zone"),
        ({"header_place": "below"}, "header_place"),
        ({"header_from": "two\nlines"}, "header_from"),
        ({"no_such_thing": 1}, "no_such_thing"),
    ],
)
def test_what_is_out_of_range_is_refused_by_name_and_changes_nothing(
    store: Store, changes: dict[str, object], name: str
) -> None:
    live = Live(store, Settings())
    error = refused(lambda: change(live, queue_paused=True, **changes))
    assert (error.cause, error.detail) == (Cause.BAD_SETTING, name)
    assert error.text.startswith(f"{name} ")
    assert live.configuration == Configuration() == Live(store, Settings()).configuration


def test_an_archive_folder_must_be_there_and_take_files(store: Store, tmp_path: Path) -> None:
    live = Live(store, Settings())
    assert change(live, archive_outgoing=True, archive_folder=str(tmp_path)).archive_outgoing
    (tmp_path / "file").write_text("")
    assert refused(lambda: change(live, archive_folder=str(tmp_path / "file"))).detail == "archive_folder"


def test_a_whole_configuration_names_every_setting(store: Store) -> None:
    live = Live(store, Settings())
    error = refused(lambda: asyncio.run(live.change(raws(retries=1), ANN, complete=True)))
    assert (error.cause, error.detail) == (Cause.BAD_SETTING, "ageing_s")
    every = msgspec.json.decode(msgspec.json.encode(replace(live.configuration, dirty_days=None)), type=dict)
    assert asyncio.run(live.change(raws(**every), ANN, complete=True)).dirty_days is None


def test_log_levels_begin_as_the_file_says_and_change_one_by_one(store: Store) -> None:
    live = Live(store, Settings(first_levels=dict.fromkeys(LogCategory, LogLevel.MIN)))
    asyncio.run(live.change_levels({LogCategory.OUTBOUND: LogLevel.MAX}, ANN))
    again = Live(store, Settings())
    assert live.levels == again.levels
    assert again.levels[LogCategory.OUTBOUND] is LogLevel.MAX
    assert again.levels[LogCategory.INBOUND] is LogLevel.MIN


def test_ports_keep_their_ids_for_ever(store: Store) -> None:
    before = {port.name: port.id for port in Live(store, Settings(ports=ports("line1", "line2"))).ports}
    without = Live(store, Settings(ports=ports("line2"))).ports
    assert [(port.name, port.id, port.priority) for port in without] == [("line2", before["line2"], 1)]
    after = Live(store, Settings(ports=ports("line3", "line1", "line2"))).ports
    ids = {port.name: port.id for port in after}
    assert ids.items() >= before.items()
    assert len(set(ids.values())) == 3
    assert [port.name for port in after] == ["line2", "line3", "line1"]


def test_a_port_begins_with_what_the_file_says(store: Store) -> None:
    (port,) = Live(store, Settings(ports=ports("line1"))).ports
    assert (port.send, port.receive, port.rings, port.tsid) == (True, False, 2, "+1 line1")


@pytest.mark.parametrize(
    ("name", "priority", "order"),
    [
        ("line1", 3, ["line2", "line3", "line1"]),
        ("line3", 1, ["line3", "line1", "line2"]),
        ("line2", 1, ["line2", "line1", "line3"]),
        ("line2", 2, ["line1", "line2", "line3"]),
    ],
)
def test_a_port_that_changes_its_priority_shifts_the_others(
    store: Store, name: str, priority: int, order: list[str]
) -> None:
    live = Live(store, Settings(ports=ports(*NAMES)))
    port = live.port(name)
    assert port is not None
    asyncio.run(live.change_port(port.id, lambda known: replace(known, priority=priority), ANN))
    assert [known.name for known in live.ports] == order
    assert [known.priority for known in Live(store, Settings(ports=ports(*NAMES))).ports] == [1, 2, 3]


def test_no_ring_at_all_is_one_ring(store: Store) -> None:
    live = Live(store, Settings(ports=ports("line1")))
    assert asyncio.run(live.change_port(1, lambda known: replace(known, rings=0), ANN)).rings == 1


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"rings": 100}, "rings"),
        ({"priority": 0}, "priority"),
        ({"priority": 4}, "priority"),
        ({"tsid": "x" * 21}, "tsid"),
        ({"csid": "\t"}, "csid"),
    ],
)
def test_a_port_refuses_what_is_out_of_range(store: Store, changes: dict[str, object], name: str) -> None:
    live = Live(store, Settings(ports=ports(*NAMES)))
    before = live.ports
    error = refused(
        lambda: asyncio.run(live.change_port(1, lambda known: replace(known, **changes), ANN))  # type: ignore[arg-type]
    )
    assert (error.cause, error.detail) == (Cause.BAD_SETTING, name)
    assert Live(store, Settings(ports=ports(*NAMES))).ports == before


def test_a_port_that_is_not_there_cannot_be_changed(store: Store) -> None:
    live = Live(store, Settings(ports=ports("line1")))
    error = refused(lambda: asyncio.run(live.change_port(7, lambda known: known, ANN)))
    assert error.cause is Cause.NO_SUCH_PORT


def test_a_file_that_says_something_else_than_what_counts_is_told_of(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    text = 'retries = 7\nheader_line = false\ntsid = "+1"\n'
    Live(store, parse(text, Path("platen.toml")))
    assert caplog.records == []
    live = Live(store, parse(text.replace("7", "8"), Path("platen.toml")))
    assert [record.args for record in caplog.records] == [("retries", "retries")]
    change(live, branding=True)
    caplog.clear()
    Live(store, parse(text, Path("platen.toml")))
    assert [record.args for record in caplog.records] == [("branding", "branding")]

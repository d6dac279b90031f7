"""Call records: one for each call, whatever becomes of its faxes; read in parts, let go of by age, safe as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fax.archive import Direction
from fax.received import Received
from fax.records import CallRecord, RecordedJob
from fax.routing import Decision
from fax.types import CallId, Fate, JobId, Resolution
from modem.outcome import Cause, Retry
from modem.outcome import Fate as CallFate
from spooler import records_csv, store_calls, store_received, store_records, store_retention
from spooler.records_csv import COLUMNS
from spooler.retention import Ages, Retention
from spooler.spool import Spool
from spooler.store import Store
from spooler.store_received import TakenPage
from spooler.store_records import Place, Wanted
from tests.cli.command import platen
from tests.spooler.rig import Rig
from tests.spooler.test_calls import (  # noqa: F401
    ended,
    intend,
    numbered,
    pages_on_the_line,
    plan_of,
    settle,
    store,
    submit,
)

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def record(id: int, **said: object) -> CallRecord:
    fields = {
        "call": CallId(f"{id}-1"),
        "direction": Direction.SENT,
        "port": "line1",
        "number": "5552001",
        "began": AT + timedelta(minutes=id),
        "ended": AT + timedelta(minutes=id, seconds=30),
        "cause": "ok",
        "text": "Sent.",
        "jobs": (RecordedJob(job=JobId(id), user="ann", billing_code="K1", pages=1),),
    }
    return CallRecord(**(fields | said))  # type: ignore[arg-type]


def all_of(store: Store, wanted: Wanted, limit: int = 1000) -> list[CallRecord]:  # noqa: F811
    found: list[CallRecord] = []
    after: Place | None = None
    while True:
        part, after = store.call(partial(store_records.part, wanted=wanted, after=after, limit=limit))
        found += part
        if after is None:
            return found


def taken_in(store: Store, call: str, pages: Sequence[Fate], users: tuple[str, ...] = ()) -> int | None:  # noqa: F811
    facts = Received(
        call=call,
        port="line2",
        device=1,
        started=AT,
        ended=AT + timedelta(seconds=40),
        caller_id="+49301234567",
        caller_name="ACME",
        tsid="+49 30 1234567",
        csid="OURS",
        digits="17",
        routing="+4930765|17",
        rate_bps=14400,
        coding="mmr",
        ecm=True,
        bad_rows=3,
        line_seconds=38.5,
    )
    taken = [
        TakenPage(index=index, digest=f"{index:064x}", width=1728, rows=1000, bad_rows=0, fate=fate)
        for index, fate in enumerate(pages)
    ]
    work = partial(
        store_received.take_in,
        facts=facts,
        pages=taken,
        whole=True,
        file=f"received/line2/{call}/pages.tif",
        octets=9,
        resolution=Resolution.FINE,
        decision=Decision(steps=(), users=users),
    )
    return store.call(work)


def test_a_call_that_was_made_has_its_record_which_outlives_its_fax(store: Store, tmp_path: Path) -> None:  # noqa: F811
    job = submit(store)
    plan = plan_of(intend(store, job))
    end = ended(plan, Cause.LINE_LOST, Retry.LATER, CallFate.CONFIRMED, CallFate.UNCERTAIN, CallFate.NOT_SENT)
    settle(store, plan, numbered([*pages_on_the_line(plan)[:7], end]))
    second = plan_of(intend(store, job))
    settle(
        store,
        second,
        numbered([*pages_on_the_line(second), ended(second, Cause.OK, Retry.NO_NEED, *[CallFate.CONFIRMED] * 2)]),
    )
    found = all_of(store, Wanted())
    assert [(one.call, one.cause, one.pages, one.pages_total, one.number, one.port) for one in found] == [
        (plan.call, "line-lost", 1, 3, "5552001", "line1"),
        (second.call, "ok", 2, 2, "5552001", "line1"),
    ]
    assert [[(one.job, one.user, one.pages) for one in each.jobs] for each in found] == [
        [(job, "ann", 1)],
        [(job, "ann", 2)],
    ]
    later = datetime.now(UTC) + timedelta(days=100)
    ages = Ages(sent_days=10, unsent_days=10, events_days=None, records_days=None)
    Retention(store, _spool(tmp_path)).tidy(ages, later)
    assert store.call(partial(store_retention.overdue, sent_before=later, unsent_before=later, limit=5)) == []
    assert all_of(store, Wanted()) == found


def _spool(folder: Path) -> Spool:
    spool = Spool(folder / "spool")
    spool.root.mkdir(exist_ok=True)
    spool.prepare(None)
    return spool


def test_a_call_that_was_never_dialled_is_no_call(store: Store) -> None:  # noqa: F811
    order = intend(store, submit(store))
    store.call(partial(store_calls.give_back, call=order.call, reason="No", until=datetime.now(UTC)))
    assert all_of(store, Wanted()) == []


def test_a_call_that_came_in_has_its_record_once_with_or_without_pages(store: Store) -> None:  # noqa: F811
    job = taken_in(store, "in-1", [Fate.CONFIRMED, Fate.DAMAGED, Fate.NOT_SENT], users=("ann", "bob"))
    assert taken_in(store, "in-1", [Fate.CONFIRMED]) == job
    assert taken_in(store, "in-2", []) is None
    first, second = all_of(store, Wanted(direction=Direction.RECEIVED))
    assert (first.number, first.far_ident, first.called, first.pages, first.pages_total) == (
        "+49301234567",
        "+49 30 1234567",
        "17",
        2,
        3,
    )
    assert [(one.job, one.user) for one in first.jobs] == [(job, "ann"), (job, "bob")]
    assert (second.pages, second.jobs) == (0, ())
    assert [one.call for one in all_of(store, Wanted(owner="bob"))] == ["in-1"]
    assert [one.user for one in all_of(store, Wanted(owner="bob"))[0].jobs] == ["bob"]


def test_records_are_read_in_parts_by_time_line_and_user(store: Store) -> None:  # noqa: F811
    records = [
        record(number, port=f"line{number % 2}", began=AT + timedelta(minutes=number // 3)) for number in range(1, 20)
    ]
    records.append(record(50, jobs=(RecordedJob(job=JobId(50), user="bob"), RecordedJob(job=JobId(51), user="ann"))))
    for one in reversed(records):
        assert store.call(partial(store_records.write, record=one))
        assert not store.call(partial(store_records.write, record=one))
    found = all_of(store, Wanted(), limit=4)
    assert {one.call for one in found} == {one.call for one in records}
    assert [one.began for one in found] == sorted(one.began for one in records)
    assert all(one.port == "line1" for one in all_of(store, Wanted(port="line1"), limit=3))
    between = Wanted(since=AT + timedelta(minutes=2), until=AT + timedelta(minutes=3))
    assert sorted(one.call for one in all_of(store, between)) == ["6-1", "7-1", "8-1"]
    assert [one.call for one in all_of(store, Wanted(user="bob"))] == ["50-1"]
    assert [[job.user for job in one.jobs] for one in all_of(store, Wanted(owner="bob"))] == [["bob"]]


def test_records_go_when_they_are_as_old_as_the_settings_say(store: Store, tmp_path: Path) -> None:  # noqa: F811
    for number in (1, 2):
        store.call(partial(store_records.write, record=record(number, began=AT + timedelta(days=number))))
    ages = Ages(sent_days=None, unsent_days=None, events_days=None, records_days=10)
    for now, left in ((11, ["1-1", "2-1"]), (11.5, ["2-1"]), (12.5, [])):
        Retention(store, _spool(tmp_path)).tidy(ages, AT + timedelta(days=now))
        assert [one.call for one in all_of(store, Wanted())] == left


HOSTILE = st.one_of(
    st.text(max_size=20),
    st.builds(str.__add__, st.sampled_from(["=", "+", "-", "@", " =", "\t", "\r\n", "＝"]), st.text(max_size=9)),
)


@given(HOSTILE, HOSTILE, HOSTILE)
def test_no_cell_is_a_formula_and_every_line_has_all_cells(ident: str, name: str, code: str) -> None:
    jobs = (RecordedJob(job=JobId(1), user="ann", billing_code=code),)
    made = record(1, far_ident=ident, caller_name=name, number="+49301", jobs=jobs)
    heads, cells = csv.reader(io.StringIO(records_csv.header() + records_csv.line(made), newline=""))
    assert tuple(heads) == COLUMNS
    assert len(cells) == len(COLUMNS)
    for cell in cells:
        assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝"))
        assert cell.isprintable()
    assert cells[COLUMNS.index("number")] == "'+49301"


def test_what_is_harmless_stays_as_it_is() -> None:
    made = record(1, text='He said "no", twice', line_seconds=12.34, ecm=False)
    cells = dict(zip(COLUMNS, next(csv.reader(io.StringIO(records_csv.line(made)))), strict=True))
    assert (cells["text"], cells["line_seconds"], cells["ecm"], cells["rate_bps"]) == (
        'He said "no", twice',
        "12.3",
        "no",
        "",
    )
    assert (cells["began"], cells["billing_code"], cells["user"], cells["jobs"]) == (
        "2026-11-20T09:01:00Z",
        "K1",
        "ann",
        "1",
    )


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A daemon with more records than are read at once."""
    folder = tmp_path_factory.mktemp("records")
    (folder / "spool").mkdir()
    opened = Store(folder / "spool" / "platen.db")
    for number in range(1, 1202):
        opened.call(partial(store_records.write, record=record(number)))
    opened.close()
    with Rig(folder, port=False) as running:
        yield running


def test_all_records_come_however_many_there_are(rig: Rig, tmp_path: Path) -> None:
    assert [one.call for one in rig.client.records()] == [f"{number}-1" for number in range(1, 1202)]
    since = AT + timedelta(minutes=1200)
    assert [one.call for one in rig.client.records(since=since)] == ["1200-1", "1201-1"]
    out = tmp_path / "records.csv"
    done = platen("records", "--csv", out, socket=rig.socket)
    assert done.returncode == 0, done.stderr
    with out.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [line["call"] for line in lines] == [f"{number}-1" for number in range(1, 1202)]
    assert list(tmp_path.iterdir()) == [out]


def test_the_command_shows_them_by_day_line_and_user(rig: Rig) -> None:
    day = f"{AT.astimezone():%Y-%m-%d}"
    shown = platen("records", "--until", day, socket=rig.socket)
    assert (shown.returncode, shown.stdout) == (0, "")
    shown = platen("records", "--since", day, "--port", "line1", "--user", "ann", "--json", socket=rig.socket)
    assert len(shown.stdout.splitlines()) == 1201
    assert platen("records", "--port", "line9", "--csv", "-", socket=rig.socket).stdout == records_csv.header()
    assert platen("records", "--since", "yesterday", socket=rig.socket).returncode == 2

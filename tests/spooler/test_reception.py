"""Incoming calls become jobs: once, whole, with everything that is known of them, whoever was killed when."""

from __future__ import annotations

import asyncio
import errno
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from codec.tiff import TiffReader, read_pages
from fax.received import Received
from fax.settings import Configuration
from fax.types import Fate, Job, JobState, JobType
from modem.outcome import Cause
from modem.port.client import PortClient, PortState, PortStatus
from modem.received import ReceivedCall
from spooler import reception, store_events, store_received, store_retention
from spooler.access import Caller
from spooler.api_jobs import job_whole
from spooler.configuration import Live
from spooler.port_incoming import Incoming
from spooler.port_news import PortNews
from spooler.reception import Reception, is_whole, printable, routing_string
from spooler.retention import Retention
from spooler.routing import Routing
from spooler.settings import Dialling, PortSettings, Settings
from spooler.spool import Spool
from spooler.store import Store
from spooler.store_jobs import row
from tests.spooler.calling_in import CALLER, TSID, call_in, sent, sent_to_a_full_disk

PORT = "line1"


@dataclass
class Desk:
    """Reception over a store and a spool of its own; nothing is routed anywhere."""

    store: Store
    spool: Spool
    reception: Reception

    @property
    def folder(self) -> Path:
        return self.reception.folder(PORT)

    def jobs(self) -> list[Job]:
        query = partial(store_received.inbox, user=None, type=None, since=None, after=0, limit=100)
        return [self.store.call(partial(job_whole, id=job.id)) for job in self.store.call(query)]

    def kinds(self) -> list[str]:
        batch = self.store.call(partial(store_events.read, after=0, user=None, job=None, limit=1000))
        return [event.kind for event in batch.events]


async def _routing(store: Store, spool: Spool, live: Live) -> Routing:
    return Routing(store, spool, live)


def make_desk(folder: Path) -> Desk:
    folder.mkdir(exist_ok=True)
    spool = Spool(folder)
    spool.prepare(None)
    store = Store(spool.database)
    settings = Settings(spool=folder, ports=(PortSettings(name=PORT, device="/dev/none"),))
    routing = asyncio.run(_routing(store, spool, Live(store, settings)))
    return Desk(store, spool, Reception(store, spool, routing, Dialling(country="DE")))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = make_desk(tmp_path)
    yield made
    made.store.close()


def test_a_fax_that_came_in_is_a_job_with_its_pages_and_all_that_is_known_of_its_call(desk: Desk) -> None:
    call = call_in(desk.folder, "in-1", sent(sub_address="77"))
    assert desk.reception.take_in(PORT, call)
    (job,) = desk.jobs()
    assert (job.type, job.state, job.user, job.pages_total, job.pages_confirmed) == (
        JobType.RECEIVE,
        JobState.DONE,
        "",
        2,
        2,
    )
    assert [(page.number, page.fate, page.bad_rows) for page in job.pages] == [
        (1, Fate.CONFIRMED, 0),
        (2, Fate.CONFIRMED, 0),
    ]
    facts = job.received
    assert isinstance(facts, Received)
    assert (facts.call, facts.port, facts.caller_id, facts.caller_name) == ("in-1", PORT, CALLER.number, CALLER.name)
    assert (facts.tsid, facts.sub_address, facts.digits, facts.pages) == (TSID, "77", CALLER.dialled, 2)
    assert facts.routing.endswith("|77")
    assert (facts.cause, facts.ecm, facts.modulation) == ("ok", True, "V.17")
    assert facts.line_seconds is not None and facts.line_seconds > 1
    assert facts.started <= facts.ended
    assert facts.device > 0
    assert (job.tsid, job.sender.name, job.recipient.sub_address) == (TSID, CALLER.name, "77")
    assert [one.id for one in job.calls] == ["in-1"]
    assert desk.kinds()[-3:] == ["received", "routing", "done"]


def test_its_file_holds_its_pages_and_says_where_it_comes_from(desk: Desk) -> None:
    call = call_in(desk.folder, "in-1")
    desk.reception.take_in(PORT, call)
    assert [page.digest for page in read_pages(call.folder / "fax.tif")] == sent().digests
    with TiffReader(call.folder / "fax.tif") as reader:
        origin = reader.tags(0).origin
        assert reader.tags(1).origin is None
        assert reader.tags(0).bad_rows == 0
    assert origin is not None
    assert (origin.caller_id, origin.tsid, origin.direction) == (CALLER.number, TSID, "received")
    assert not call.pages.exists(), "the same pages are not kept twice"


def test_a_call_is_taken_in_once_however_often_it_is_tried(desk: Desk) -> None:
    call = call_in(desk.folder, "in-1")
    for _ in range(3):
        assert desk.reception.take_in(PORT, call)
    desk.reception.look(())
    assert len(desk.jobs()) == 1
    assert desk.kinds().count("received") == 1


def test_at_whatever_moment_the_process_was_killed_every_confirmed_page_is_in_the_fax(desk: Desk) -> None:
    call = sent()
    telling = ("begin", "page-received", "page-stored", "page-confirmed", "end")
    cuts = {n + 1 for n, entry in enumerate(call.entries) if entry.kind in telling}
    cuts |= {n for n in cuts if n}
    for upto in sorted(cuts):
        desk.reception.take_in(PORT, call_in(desk.folder, f"in-{upto:04}", call, upto))
    jobs = {job.received.call: job for job in desk.jobs() if job.received is not None}
    for upto in sorted(cuts):
        entries = call.entries[:upto]
        received = sum(entry.kind == "page-received" for entry in entries)
        confirmed = sum(entry.kind == "page-confirmed" for entry in entries)
        if not received:
            assert f"in-{upto:04}" not in jobs
            continue
        job = jobs[f"in-{upto:04}"]
        fates = [page.fate for page in job.pages]
        assert fates == [Fate.CONFIRMED] * confirmed + [Fate.UNCERTAIN] * (received - confirmed)
        whole = received == 2
        assert (job.type, job.state) == (
            (JobType.RECEIVE, JobState.DONE) if whole else (JobType.FAIL_RECEIVE, JobState.FAILED)
        ), upto
        file = desk.folder / f"in-{upto:04}" / "fax.tif"
        assert [page.digest for page in read_pages(file)] == call.digests[:received]
        if not whole:
            assert job.reason is not None and job.reason.startswith("Not all of it came in")
    assert sum(kind == "received" for kind in desk.kinds()) == len(cuts)


def test_on_a_full_disk_the_far_end_is_held_and_then_refused_and_what_was_confirmed_is_there(desk: Desk) -> None:
    call = sent_to_a_full_disk()
    assert "RNR" in call.received.frames_out, "held"
    assert call.received.outcome.cause is Cause.STORAGE
    sender = call.received.sender
    assert sender is not None
    assert [page.fate.value == "confirmed" for page in sender.pages] == [True, False], "then refused"
    folder = call_in(desk.folder, "in-1", call)
    assert desk.reception.take_in(PORT, folder)
    (job,) = desk.jobs()
    assert (job.type, job.state, job.cause) == (JobType.FAIL_RECEIVE, JobState.FAILED, "storage")
    assert [page.fate for page in job.pages] == [Fate.CONFIRMED]
    assert [page.digest for page in read_pages(folder.folder / "fax.tif")] == sent().digests[:1]


def test_what_cannot_be_taken_in_while_the_disk_is_full_is_taken_in_when_there_is_room(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = call_in(desk.folder, "in-1")

    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(reception, "sync_file", full)
    assert not desk.reception.take_in(PORT, call)
    assert desk.jobs() == []
    assert sorted(path.suffix for path in call.folder.iterdir()) == [".images", ".jsonl", ".tif"]
    monkeypatch.undo()
    assert desk.reception.take_in(PORT, call)
    assert [job.state for job in desk.jobs()] == [JobState.DONE]


def test_a_call_that_nobody_foresaw_holds_up_no_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    strange, plain = call_in(desk.folder, "in-1"), call_in(desk.folder, "in-2")

    def spoilt(call: ReceivedCall) -> bool:
        if call.call == strange.call:
            raise ValueError("its journal says what no journal says")
        return False

    monkeypatch.setattr(reception, "_is_beginning", spoilt)
    assert not desk.reception.take_in(PORT, strange)
    desk.reception.look(())
    assert desk.reception.taken(PORT) == {plain.call}
    assert caplog.text.count("Call in-1 cannot be taken in") == 1, "told once"


def test_a_daemon_that_was_killed_between_file_and_database_makes_one_fax_of_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = call_in(desk.folder, "in-1")
    taken_in = store_received.take_in

    def cut(*arguments: object, **more: object) -> None:
        raise OSError("killed")

    monkeypatch.setattr(store_received, "take_in", cut)
    assert not desk.reception.take_in(PORT, call)
    assert (call.folder / "fax.tif").exists() and call.pages.exists() and not desk.jobs()
    monkeypatch.setattr(store_received, "take_in", taken_in)
    unlink = Path.unlink

    def dying(self: Path, missing_ok: bool = False) -> None:
        if self == call.pages:
            raise OSError("killed")
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", dying)
    assert not desk.reception.take_in(PORT, call)
    monkeypatch.setattr(Path, "unlink", unlink)
    assert desk.reception.take_in(PORT, call)
    (job,) = desk.jobs()
    assert [page.digest for page in read_pages(call.folder / "fax.tif")] == sent().digests
    assert job.pages_total == 2


def test_what_the_database_forgot_is_taken_in_again_from_the_fax_itself(desk: Desk, tmp_path: Path) -> None:
    call = call_in(desk.folder, "in-1")
    desk.reception.take_in(PORT, call)
    other = make_desk(tmp_path / "other")
    try:
        (other.spool.root / "received" / PORT).mkdir(parents=True)
        call.folder.rename(other.folder / "in-1")
        assert other.reception.take_in(PORT, ReceivedCall(other.folder / "in-1"))
        (job,) = other.jobs()
        assert (job.pages_total, job.type) == (2, JobType.RECEIVE)
    finally:
        other.store.close()


def test_a_page_that_the_disk_has_spoilt_is_not_passed_off_as_good(desk: Desk) -> None:
    call = call_in(desk.folder, "in-1")
    octets = bytearray(call.pages.read_bytes())
    at = octets.find(sent().received.pages[1].data[:40])
    assert at > 0
    octets[at : at + 4] = b"\0\0\0\0"
    call.pages.write_bytes(octets)
    assert desk.reception.take_in(PORT, call)
    (job,) = desk.jobs()
    assert (job.type, job.pages_total) == (JobType.FAIL_RECEIVE, 1)


def test_a_call_without_a_page_is_told_and_is_no_fax(desk: Desk) -> None:
    call = sent()
    first = next(n for n, entry in enumerate(call.entries) if entry.kind == "page-received")
    assert desk.reception.take_in(PORT, call_in(desk.folder, "in-1", call, first))
    assert desk.jobs() == []
    assert desk.kinds()[-1] == "received"
    assert desk.reception.taken(PORT) == {"in-1"}


def test_a_folder_whose_process_is_about_to_begin_its_journal_is_left_alone(desk: Desk) -> None:
    desk.folder.mkdir(parents=True)
    call = ReceivedCall.make(desk.folder, "in-1")
    assert not desk.reception.take_in(PORT, call)
    old = time.time() - 3600
    os.utime(call.folder, (old, old))
    assert desk.reception.take_in(PORT, call)
    assert desk.jobs() == []


def test_what_a_caller_says_of_itself_cannot_break_a_line_or_fill_it() -> None:
    assert printable("evil\n\x1b[31mred\x00") == "evil  [31mred"
    assert len(printable("x" * 1000)) == 80


@pytest.mark.parametrize(
    ("number", "additional", "said"),
    [
        ("+49 30 1234567", "", "+49301234567"),
        ("030 1234567", "12", "+49301234567|12"),
        ("Harbour|Clinic", "", "HarbourClinic"),
        ("", "5", "|5"),
    ],
)
def test_the_routing_string_is_the_canonical_number_and_what_was_added(number: str, additional: str, said: str) -> None:
    assert routing_string(number, additional, Dialling(country="DE")) == said


def test_a_fax_that_was_deleted_goes_with_its_folder_and_never_comes_back(desk: Desk) -> None:
    call = call_in(desk.folder, "in-1")
    desk.reception.take_in(PORT, call)
    (job,) = desk.jobs()
    desk.store.call(partial(store_retention.remove, id=job.id))
    desk.reception.look(())
    assert desk.jobs() == []
    Retention(desk.store, desk.spool).empty()
    assert not call.folder.exists()
    desk.reception.look(())
    assert desk.jobs() == []
    assert desk.reception.taken(PORT) == {"in-1"}


def test_those_see_a_fax_whom_it_was_routed_to(desk: Desk) -> None:
    call = call_in(desk.folder, "in-1")
    desk.reception.take_in(PORT, call)
    (job,) = desk.jobs()
    desk.store.call(partial(store_received.show_to, job=job.id, user="ann"))
    seen = {
        name: desk.store.call(partial(store_received.inbox, user=name, type=None, since=None, after=0, limit=10))
        for name in ("ann", "bob")
    }
    assert [one.id for one in seen["ann"]] == [job.id]
    assert seen["bob"] == []
    ann = Caller(user="ann", uid=1, admin=False, backend=False)
    bob = replace(ann, user="bob")
    owner = desk.store.call(lambda tx: store_received.owner_for(tx, row(tx, job.id), ann))
    assert owner == "ann"
    assert desk.store.call(lambda tx: store_received.owner_for(tx, row(tx, job.id), bob)) == ""
    assert desk.store.call(lambda tx: store_received.sole_owner_for(tx, row(tx, job.id), ann)) == "ann"
    desk.store.call(partial(store_received.show_to, job=job.id, user="bob"))
    assert desk.store.call(lambda tx: store_received.sole_owner_for(tx, row(tx, job.id), ann)) == ""


def test_the_last_page_makes_a_fax_whole_whether_or_not_the_far_end_has_heard_so() -> None:
    call = sent()
    outcome = call.received.outcome
    stored = max(n for n, entry in enumerate(call.entries) if entry.kind == "page-stored")
    died = replace(outcome, cause=Cause.PORT_DIED)
    assert is_whole(died, call.entries[: stored + 1])
    assert not is_whole(replace(died, pages=()), call.entries)
    first = min(n for n, entry in enumerate(call.entries) if entry.kind == "page-confirmed")
    assert not is_whole(replace(died, pages=outcome.pages[:1]), call.entries[: first + 1])


def test_several_calls_between_two_looks_are_each_told_in_order_and_taken_in_once(desk: Desk) -> None:
    news = PortNews(PORT, desk.store)
    client = PortClient(desk.spool.root / "ports" / PORT, 120.0)
    incoming = Incoming(PORT, client, news.tell, desk.reception)
    settings = PortSettings(name=PORT, device="/dev/none")
    status = PortStatus(name=PORT, device="/dev/none", pid=1, version="", state=PortState.IDLE)

    def look() -> bool:
        return incoming.look(status, None, settings, Configuration())

    call_in(desk.folder, "in-0", sent(count=1))
    assert look(), "what an earlier daemon left is taken in, and not told as if it rang now"
    assert desk.kinds() == ["received", "routing", "done"]
    for name in ("in-1", "in-2", "in-3"):
        call_in(desk.folder, name, sent(count=1))
    assert look()
    assert not look()
    told = ["ringing", "answered", "receiving", "received", "routing", "done"]
    assert sorted(desk.kinds()[3:]) == sorted(told * 3)
    of_line = [kind for kind in desk.kinds()[3:] if kind in ("ringing", "answered", "receiving", "received")]
    assert of_line.count("received") == 3 and of_line[-1] == "received"
    assert len(desk.jobs()) == 4


def test_who_has_a_fax_in_their_inbox_is_told_of_it(desk: Desk) -> None:
    desk.reception.take_in(PORT, call_in(desk.folder, "in-1"))
    (job,) = desk.jobs()
    desk.store.call(partial(store_received.show_to, job=job.id, user="ann"))

    def told(user: str) -> list[str]:
        batch = desk.store.call(partial(store_events.read, after=0, user=user, job=None, limit=100, lines=False))
        return [event.kind for event in batch.events]

    assert told("ann") == ["received", "routing", "done"]
    assert told("bob") == []

"""Faults of our own disk and programs: what can be made again is made again, and no job is left standing in a call."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from fax.types import CoverPage, Document, DocumentId, Fate, Job, JobState, Recipient, Submission
from modem.journal import read
from modem.plan import CallPlan
from modem.port import client as port_client
from modem.port.client import CallAnswer, PortClient
from spooler import ports, store_calls, store_documents, store_jobs, store_pages, store_submissions
from spooler.configuration import Live
from spooler.covers import Covers
from spooler.ledger import PageNews
from spooler.planning import Preface, write_plan
from spooler.port_call import RunningCall
from spooler.reception import Reception
from spooler.routing import Routing
from spooler.settings import PortSettings, Settings
from spooler.spool import Spool
from spooler.store import Store, Transaction
from spooler.store_calls import CallOrder
from spooler.store_pages import PreparedPage
from tests.spooler.rig import PATIENCE_S, REPORT, Rig, wait_for


def prepared(rig: Rig, cover: CoverPage | None = None) -> Job:
    """A fax that waits for a port which has no modem yet."""
    submission = Submission(
        documents=(rig.client.upload(REPORT).id,), recipients=(Recipient(number="5552001"),), cover=cover
    )
    return rig.until(rig.client.submit(submission).jobs[0], JobState.WAITING)


def flip(path: Path) -> None:
    octets = bytearray(path.read_bytes())
    octets[len(octets) // 2] ^= 0x10
    path.write_bytes(octets)


def empty(path: Path) -> None:
    path.write_bytes(b"")


DAMAGE: dict[str, Callable[[Path], None]] = {"one wrong bit": flip, "an empty file": empty, "no file": Path.unlink}


def digests(rig: Rig, call: str) -> list[tuple[int, str]]:
    plan = CallPlan.load(rig.spool / "calls" / call / "plan.json")
    return [(page.number, page.digest) for page in plan.documents[0].pages]


@pytest.mark.parametrize("damage", DAMAGE)
def test_pages_that_are_damaged_on_disk_are_prepared_again_and_are_the_same(tmp_path: Path, damage: str) -> None:
    with Rig(tmp_path, "retries = 0") as rig:
        job = prepared(rig)
        (master,) = rig.masters()
        before = master.read_bytes()
        DAMAGE[damage](master)
        with rig.plug_in("BUSY").running():
            ended = rig.until(job.id, JobState.FAILED)
        assert [call.cause for call in ended.calls] == ["plan-invalid", "busy"]
        assert digests(rig, ended.calls[0].id) == digests(rig, ended.calls[1].id)
        assert master.read_bytes() == before


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_cover_page_that_is_damaged_before_anything_was_received_is_made_again(tmp_path: Path, damage: str) -> None:
    with Rig(tmp_path, "retries = 1") as rig, rig.plug_in(None).running() as modem:
        submission = Submission(documents=(rig.text(),), recipients=(Recipient(number="5552001"),), cover=CoverPage())
        job = rig.client.submit(submission).jobs[0]
        wait_for(lambda: modem.dialled, "the first call")
        rig.client.change_configuration({"queue_paused": True})
        modem.dial = "BUSY"
        modem.say("BUSY")
        wait_for(lambda: rig.client.job(job).cause == "busy", "its end")
        (cover,) = (rig.spool / "covers").iterdir()
        DAMAGE[damage](cover)
        rig.client.change_configuration({"queue_paused": False})
        ended = rig.until(job, JobState.FAILED)
        assert [call.cause for call in ended.calls] == ["busy", "plan-invalid", "busy"]
        assert len(digests(rig, ended.calls[2].id)) == 2


def test_pages_that_become_other_ones_go_out_as_long_as_nothing_was_received(tmp_path: Path) -> None:
    with Rig(tmp_path) as rig:
        job = prepared(rig)
        (master,) = rig.masters()
        master.unlink()
        # What another version of a program would make of it.
        document = next((rig.spool / "documents").glob("??/*"))
        document.write_text("These are other pages.\n")
        with rig.plug_in("BUSY").running():
            wait_for(lambda: len(rig.client.job(job.id).calls) > 1, "the next call")
        assert rig.client.job(job.id).pages_total == 1, "nothing had been received, so the new pages go out"


def test_a_plan_that_is_no_text_at_all_is_refused_and_not_dialled(rig: Rig) -> None:
    with rig.plug_in("BUSY").running() as modem:
        wait_for(lambda: rig.client.status().ports[0].state == "idle", "an idle port")
        plan, journal = rig.folder / "plan.json", rig.folder / "journal.jsonl"
        plan.write_bytes(b'{"call": "\xff", "dial": "1", "documents": []}')
        reply = PortClient(rig.port_folder, PATIENCE_S).start_call(plan, journal)
        assert reply.answer is CallAnswer.DONE
        assert read(journal)[0][-1].fields["outcome"]["cause"] == "plan-invalid"
        assert modem.dialled == 0


def test_a_document_whose_file_was_lost_is_stored_again_when_it_comes_again(rig: Rig) -> None:
    document = rig.client.upload(REPORT).id
    (file,) = (rig.spool / "documents").glob("??/*")
    file.unlink()
    assert rig.client.upload(REPORT).id == document
    assert file.read_bytes() == REPORT.read_bytes()


def test_a_held_fax_does_not_say_that_it_is_tried_again(tmp_path: Path) -> None:
    with Rig(tmp_path, "busy_delay_s = 600") as rig, rig.plug_in("BUSY").running():
        job = rig.send("5552001")
        wait_for(lambda: rig.client.job(job.id).cause == "busy", "the first try")
        said = rig.client.job(job.id).reason
        held = rig.client.hold(job.id)
        assert (held.reason, held.until) == ("Held", None)
        resumed = rig.client.resume(job.id)
        assert resumed.reason == said
        assert resumed.until is not None


OTHER = PreparedPage(index=0, digest="1" * 64, width=1728, rows=1000)


# --- the moment between the intent and the plan, without a process


@pytest.fixture(autouse=True)
def no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that is run in the test's own process must not start one, since nobody would end it."""

    def refuse(*_: object) -> int:
        raise OSError(errno.EAGAIN, "no process can be started")

    monkeypatch.setattr(port_client, "launch", refuse)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "platen.db")
    yield opened
    opened.close()


def intended(store: Store) -> CallOrder:
    document = Document(id=DocumentId("d" * 64), type="application/pdf", pages=1, octets=9)
    store.call(partial(store_documents.add, document=document, name=""))
    submission = Submission(documents=(document.id,), recipients=(Recipient(number="5552001"),))
    job = store.call(partial(store_submissions.submit, submission=submission, user="ann", key=None)).accepted.jobs[0]
    key = store_submissions.master_key(submission.documents, submission.resolution)
    page = PreparedPage(index=0, digest="0" * 64, width=1728, rows=1000)
    store.call(partial(store_pages.master_ready, key=key, pages=[page]))
    order = store.call(
        partial(store_calls.intend, wanted=[job], number="5552001", port="line1", master_files={job: "m.tif"})
    )
    assert order is not None
    return order


def job_of(order: CallOrder) -> int:
    (document,) = order.documents
    return document.job


def job_in(store: Store, job: int) -> Job:
    return store.call(lambda tx: store_jobs.job_of(store_jobs.row(tx, job)))


def port_for(store: Store, folder: Path, over: list[int]) -> ports.Port:
    settings = Settings(spool=folder, ports=(PortSettings(name="line1", device=str(folder / "none")),))
    spool = Spool(folder)
    spool.prepare(None)
    live = Live(store, settings)
    return ports.Port(
        "line1",
        settings,
        live,
        store,
        spool,
        Reception(store, spool, Routing(store, spool, live), settings.dialling),
        Covers(settings, spool, live),
        lambda port: None,
        lambda jobs, dialled: over.extend(jobs),
    )


@pytest.mark.parametrize("fault", [OSError(errno.ENOSPC, "No space left on device"), ValueError("of our own")])
def test_when_neither_plan_nor_database_can_be_written_the_call_is_given_back_as_soon_as_they_can(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    order = intended(store)
    over: list[int] = []

    def full(plan: CallPlan, folder: Path, prefaces: Sequence[Preface]) -> None:
        raise fault

    refusals: list[str] = []
    give_back = store_calls.give_back

    def refusing(tx: Transaction, call: str, reason: str, until: datetime) -> None:
        if len(refusals) < 3:
            refusals.append(call)
            tx.connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)")
        give_back(tx, call, reason, until)

    async def play() -> None:
        monkeypatch.setattr(ports, "write_plan", full)
        monkeypatch.setattr(ports, "LOOK_S", 0.01)
        monkeypatch.setattr(store_calls, "give_back", refusing)
        port = port_for(store, tmp_path, over)
        await port.begin(order)
        assert job_in(store, job_of(order)).state is JobState.SENDING
        task = asyncio.create_task(port.run())
        while not over:
            await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(asyncio.wait_for(play(), PATIENCE_S))
    assert (over, len(refusals)) == ([job_of(order)], 3)
    job = job_in(store, job_of(order))
    assert (job.state, job.cause) == (JobState.WAITING, "not-dialled")


def test_a_cancel_while_the_plan_is_written_reaches_the_call(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = intended(store)
    over: list[int] = []

    async def play() -> None:
        port = port_for(store, tmp_path, over)
        write = write_plan

        def cancelled_meanwhile(plan: CallPlan, folder: Path, prefaces: Sequence[Preface]) -> None:
            write(plan, folder, prefaces)
            store.call(partial(store_jobs.cancel, id=job_of(order)))
            port.cancel(order.call)

        monkeypatch.setattr(ports, "write_plan", cancelled_meanwhile)
        await port.begin(order)
        task = asyncio.create_task(port.run())
        while not over:
            await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(asyncio.wait_for(play(), PATIENCE_S))
    assert job_in(store, job_of(order)).state is JobState.CANCELLED


@pytest.mark.parametrize("left", [0, 1, 3])
def test_what_was_taken_in_counts_even_when_the_disk_lost_the_journal(store: Store, tmp_path: Path, left: int) -> None:
    order = intended(store)
    over: list[int] = []
    lines = [
        f'{{"n":{n},"t":{n}.0,{rest}}}\n'
        for n, rest in enumerate(
            (
                f'"kind":"begin","call":"{order.call}"',
                '"kind":"dialling","number":"5552001"',
                f'"kind":"page-intent","job":{job_of(order)},"number":1',
            )
        )
    ]

    async def play() -> None:
        port = port_for(store, tmp_path, over)
        await port.begin(order)
        (running,) = port._calls
        running.journal.write_text("".join(lines))
        running.started = True
        await port._attendance._tail(running)
        running.journal.write_text("".join(lines[:left]))
        await port._attendance._settle(running)

    asyncio.run(play())
    (page,) = store.call(partial(store_pages.outgoing, id=job_of(order)))
    assert (page.fate, page.maybe_printed) == (Fate.UNCERTAIN, True)
    assert over == [job_of(order)]


def test_a_call_whose_journal_appears_late_is_never_given_back(store: Store, tmp_path: Path) -> None:
    """The process had the request, began the call and died, all between two looks of the daemon."""
    order = intended(store)
    over: list[int] = []

    async def play() -> None:
        port = port_for(store, tmp_path, over)
        folder = tmp_path / "calls" / order.call
        write_plan(CallPlan(call=order.call, dial="5552001", documents=()), folder)
        running = RunningCall(order.call, (job_of(order),), folder, order.number, datetime.now(UTC))
        lines = (
            '{"n":0,"t":0.0,"kind":"begin"}\n{"n":1,"t":1.0,"kind":"dialling","number":"5552001"}\n'
            f'{{"n":2,"t":2.0,"kind":"page-intent","job":{job_of(order)},"number":1}}\n'
        )
        (folder / "journal.jsonl").write_text(lines)
        assert await port._attendance._give_back_undialled(running, "it is gone")

    asyncio.run(play())
    assert job_in(store, job_of(order)).state is JobState.SENDING
    assert not over


def after_damage(store: Store, order: CallOrder, fate: Fate) -> None:
    """The call left page 1 with this fate; then its file was found damaged and became another page."""

    def damaged(tx: Transaction) -> None:
        store_calls.merge(tx, order.call, [PageNews(job=job_of(order), number=1, fate=fate)])
        store_calls.give_back(tx, order.call, "for the test", tx.now)
        assert store_pages.mend(tx, job_of(order), {"m.tif"})
        store_jobs.restate(tx, job_of(order))

    store.call(damaged)
    assert job_in(store, job_of(order)).state is JobState.PREPARING
    key = str(store.call(lambda tx: store_jobs.row(tx, job_of(order)).master))
    store.call(partial(store_pages.master_ready, key=key, pages=[OTHER]))


def test_pages_made_again_after_damage_keep_their_mark_of_a_possible_duplicate(store: Store) -> None:
    order = intended(store)
    after_damage(store, order, Fate.UNCERTAIN)
    again = store.call(
        partial(
            store_calls.intend,
            wanted=[job_of(order)],
            number="5552001",
            port="line1",
            master_files={job_of(order): "m.tif"},
        )
    )
    assert again is not None
    (page,) = again.documents[0].pages
    assert (page.digest, page.maybe_printed) == (OTHER.digest, True)


def test_other_pages_are_never_put_behind_those_that_were_received(store: Store) -> None:
    order = intended(store)
    after_damage(store, order, Fate.CONFIRMED)
    job = job_in(store, job_of(order))
    assert (job.state, job.cause) == (JobState.FAILED, "plan-invalid")
    assert job.reason is not None and "damaged" in job.reason

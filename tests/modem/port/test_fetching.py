"""A document that is fetched, through the runs of two ports: journals and pages on a real disk, the line in virtual
time, our two ends over two software modems."""

from __future__ import annotations

import select
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from codec.page import Page
from codec.tiff import read_pages, write_pages
from modem import journal
from modem.journal_writer import JournalWriter
from modem.outcome import Cause, Fate, FetchedPage, Retry
from modem.plan import CallPlan, PlannedFetch
from modem.port.answering import Answering, AnswerRun, policy_of
from modem.port.messages import AnswerSettings, CallAnswer, PortState, ServedDocument
from modem.port.pages import PlanError
from modem.port.run import CallRun
from modem.port.store import PageStore
from modem.receipt import CallerId, Receipt
from modem.received import ReceivedCall, calls_in, fetched_path
from modem.soft.exchange import Exchange
from modem.soft.farend import ExchangeData
from modem.soft.virtual import VirtualModem
from modem.t30.receiver_abilities import ReceiverPolicy
from tests.modem.port.bench import PAGES, Bench, save_pages, save_plan
from tests.modem.port.scripted import ScriptedModem
from tests.modem.port.test_answering_run import Wire

CALLER, CALLED = "100", "200"
PLAN = CallPlan(call="c1", dial=CALLED, documents=(), tsid="+49 555 1", fetch=PlannedFetch())


class Two:
    """Our caller, who fetches, and our called machine, which has a document."""

    def __init__(self, folder: Path, plan: CallPlan = PLAN, document: list[Page] | None = None) -> None:
        self.folder = folder
        self.plan = plan
        self.exchange = Exchange(ExchangeData(), out=folder / "out")
        self.modems = VirtualModem(self.exchange, CALLER), VirtualModem(self.exchange, CALLED)
        self.wires = Wire(self.modems[0]), Wire(self.modems[1])
        self.journal = folder / "journal.jsonl"
        self.fetched = fetched_path(plan, self.journal)
        assert self.fetched is not None
        self.call = CallRun(
            plan,
            [],
            self.wires[0],
            JournalWriter(self.journal),
            self.modems[0].now,
            store=PageStore(self.fetched),
        )
        self.document = PAGES if document is None else document
        self.answer: AnswerRun | None = None
        self.before_a_turn: Callable[[], None] = lambda: None

    @property
    def runs(self) -> Iterator[tuple[CallRun | AnswerRun, VirtualModem, Wire]]:
        runs = [self.call] if self.answer is None else [self.call, self.answer]
        yield from zip(runs, self.modems, self.wires, strict=False)

    def turn(self) -> None:
        self.before_a_turn()
        moved = [self._turned(run, modem, wire) for run, modem, wire in self.runs if run.outcome is None]
        if self.answer is None and b"RING" in self.modems[1].read():
            writer, store = JournalWriter(self.folder / "called.jsonl"), PageStore(self.folder / "called.tif")
            policy = ReceiverPolicy(csi="+1 555 2001")
            self.answer = AnswerRun(
                "in-1", policy, CallerId(), self.wires[1], writer, store, self.modems[1].now, document=self.document
            )
        elif not any(moved):
            self.exchange.advance(40)

    def _turned(self, run: CallRun | AnswerRun, modem: VirtualModem, wire: Wire) -> bool:
        """Whether there was anything to do."""
        assert run.store is not None
        waits = run.writer.synced < run.writer.appended or run.store.stored < run.store._put
        ready = select.select([run.writer.wake_fd, run.store.wake_fd], [], [], 0.05 if waits else 0)[0]
        if run.writer.wake_fd in ready:
            run.journal_ready(modem.now)
        elif run.store.wake_fd in ready:
            run.pages_ready(modem.now)
        elif heard := modem.read():
            wire.heard += heard
            run.device_ready(True, False, modem.now)
        elif (due := run.deadline) is not None and due <= modem.now:
            run.tick(modem.now)
        else:
            return False
        return True

    def entries(self) -> list[str]:
        return [line.kind for line in journal.read(self.journal)[0]]

    def to_the_end(self) -> None:
        while self.call.outcome is None or self.answer is None or self.answer.outcome is None:
            assert self.exchange.now < 900
            self.turn()
        self.exchange.close()


def test_a_document_is_fetched_and_every_page_is_on_disk_before_the_far_end_hears_so(tmp_path: Path) -> None:
    two = Two(tmp_path)
    fetched = tmp_path / "fetched.tif"
    held: list[tuple[int, int]] = []

    def look() -> None:
        confirmed = two.entries().count("page-confirmed")
        if not held or held[-1][0] != confirmed:
            held.append((confirmed, len(read_pages(fetched)) if fetched.exists() else 0))

    two.before_a_turn = look
    two.to_the_end()
    outcome = two.call.outcome
    assert outcome is not None and two.answer is not None and two.answer.outcome is not None
    assert (outcome.cause, outcome.retry) == (Cause.OK, Retry.NO_NEED)
    assert [(page.number, page.confirmed) for page in outcome.fetched] == [(1, True), (2, True)]
    assert [page.digest for page in read_pages(fetched)] == [page.digest for page in PAGES]
    assert [page.fate for page in two.answer.outcome.sent] == [Fate.CONFIRMED] * 2
    assert len(held) == 3
    assert all(pages >= confirmed for confirmed, pages in held), held


def test_the_plan_may_name_the_file(tmp_path: Path) -> None:
    plan = replace(PLAN, fetch=PlannedFetch(file=str(tmp_path / "there.tif")))
    two = Two(tmp_path, plan, PAGES[:1])
    two.to_the_end()
    assert len(read_pages(tmp_path / "there.tif")) == 1
    assert not (tmp_path / "fetched.tif").exists()


def test_a_full_disk_confirms_nothing_to_the_far_end(tmp_path: Path) -> None:
    two = Two(tmp_path)
    (tmp_path / "fetched.tif").mkdir()  # no file can be made there
    two.to_the_end()
    outcome = two.call.outcome
    assert outcome is not None and two.answer is not None and two.answer.outcome is not None
    assert outcome.cause is Cause.STORAGE
    assert not any(page.confirmed for page in outcome.fetched)
    assert Fate.CONFIRMED not in [page.fate for page in two.answer.outcome.sent]


@pytest.mark.parametrize("kind", ["page-received", "page-confirmed"])
def test_a_device_that_vanishes_leaves_what_was_confirmed(kind: str, tmp_path: Path) -> None:
    two = Two(tmp_path)
    while kind not in two.entries():
        two.turn()
    two.wires[0].gone = True
    while two.call.outcome is None:
        two.turn()
    outcome = two.call.outcome
    assert outcome.cause is Cause.DEVICE_MISSING
    assert outcome.retry is not Retry.NO_NEED
    held = read_pages(tmp_path / "fetched.tif") if (tmp_path / "fetched.tif").exists() else []
    confirmed = [page.digest for page in outcome.fetched if page.confirmed]
    assert len(confirmed) == two.entries().count("page-confirmed")
    assert confirmed == [page.digest for page in held][: len(confirmed)]
    two.exchange.close()
    if two.answer is not None:
        two.answer.device_gone(OSError("over"), two.exchange.now)


def test_the_journal_of_a_killed_process_tells_what_was_fetched(tmp_path: Path) -> None:
    two = Two(tmp_path)
    while "page-confirmed" not in two.entries():
        two.turn()
    lines, _ = journal.read(two.journal)
    outcome = journal.outcome_after_death(lines, PLAN)
    assert (outcome.cause, outcome.retry) == (Cause.PORT_DIED, Retry.LATER)
    assert outcome.fetched == (
        FetchedPage(number=1, rows=PAGES[0].rows, bad_rows=0, digest=PAGES[0].digest, confirmed=True),
    )
    two.to_the_end()


# The port.


@pytest.fixture
def modem(tmp_path: Path) -> Iterator[ScriptedModem]:
    one = ScriptedModem(tmp_path / "ttyFAX0")
    yield one
    one.unplug()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, modem: ScriptedModem) -> Iterator[Bench]:
    one = Bench(tmp_path, monkeypatch, modem)
    yield one
    one.port.close()


def test_a_plan_that_only_fetches_is_dialled(bench: Bench, modem: ScriptedModem, tmp_path: Path) -> None:
    PLAN.save(tmp_path / "plan")
    bench.ready()
    outcome = bench.call(tmp_path / "plan")
    assert (outcome.cause, outcome.retry) == (Cause.BUSY, Retry.SOON)
    assert f"ATDT{CALLED}" in modem.heard
    assert not (tmp_path / "fetched.tif").exists()


def test_a_file_that_exists_is_never_written_over(bench: Bench, modem: ScriptedModem, tmp_path: Path) -> None:
    PLAN.save(tmp_path / "plan")
    (tmp_path / "fetched.tif").write_bytes(b"somebody's fax")
    bench.ready()
    reply = bench.port.start_call(tmp_path / "plan", tmp_path / "journal")
    assert reply.answer is CallAnswer.DONE
    assert "exists already" in reply.reason
    assert (tmp_path / "fetched.tif").read_bytes() == b"somebody's fax"
    assert not modem.dialled


def test_a_document_that_is_not_the_one_that_was_named_is_not_served(bench: Bench, tmp_path: Path) -> None:
    pages = save_pages(tmp_path / "document.tif", 2)
    digests = tuple(page.digest for page in pages)
    document = ServedDocument(file=str(tmp_path / "document.tif"), digests=digests)
    before = AnswerSettings(folder=str(tmp_path / "in"), rings=3)
    bench.ready()
    bench.port.set_answering(before)
    for wrong in (
        replace(document, digests=digests[:1]),
        replace(document, digests=digests[::-1]),
        replace(document, file=str(tmp_path / "none.tif")),
        replace(document, password="longer than twenty characters"),
    ):
        with pytest.raises(PlanError):
            bench.port.set_answering(replace(before, document=wrong))
        assert bench.port.answering.settings == before
    bench.port.set_answering(replace(before, document=document))
    assert bench.port.answering.served_pages == 2
    (tmp_path / "document.tif").unlink()
    bench.port.set_answering(replace(before, document=document, rings=1))  # it is known already
    assert bench.port.answering.served_pages == 2


def test_no_document_is_read_while_a_call_needs_the_processor(
    bench: Bench, modem: ScriptedModem, tmp_path: Path
) -> None:
    modem.dial = None
    pages = save_pages(tmp_path / "document.tif", 1)
    document = ServedDocument(file=str(tmp_path / "document.tif"), digests=(pages[0].digest,))
    settings = AnswerSettings(folder=str(tmp_path / "in"))
    bench.ready()
    bench.port.set_answering(settings)
    bench.ready()
    bench.until(lambda: bench.port._dialogue is None)
    assert bench.port.start_call(save_plan(tmp_path), tmp_path / "journal").answer is CallAnswer.STARTED
    with pytest.raises(PlanError, match="under way"):
        bench.port.set_answering(replace(settings, document=document))
    bench.port.set_answering(replace(settings, rings=4))
    bench.port.cancel("c1")
    bench.until(lambda: bench.port.call is None and bench.port.state is PortState.IDLE)
    bench.port.set_answering(replace(settings, document=document))
    assert bench.port.answering.served_pages == 1


def test_the_settings_say_which_codings_and_rates_are_offered(bench: Bench, tmp_path: Path) -> None:
    settings = AnswerSettings(folder=str(tmp_path / "in"), codings=("mmr",), v17=False, max_rate_bps=4800, csi="12")
    policy = policy_of(settings)
    assert [coding.value for coding in policy.codings] == ["mh", "mmr"]
    assert (policy.v17, policy.max_rate_bps, policy.csi) == (False, 4800, "12")
    assert policy_of(AnswerSettings(folder="x")).codings == ReceiverPolicy().codings
    for wrong in (replace(settings, codings=("png",)), replace(settings, csi="longer than twenty characters")):
        with pytest.raises(ValueError, match=r"png|identification"):
            bench.port.set_answering(wrong)
        assert bench.port.answering.settings is None


# What is left on disk.


def test_the_folder_of_a_received_fax_tells_how_it_ended_at_any_moment(tmp_path: Path) -> None:
    write_pages(tmp_path / "document.tif", PAGES)
    answering = Answering()
    answering.set(AnswerSettings(folder=str(tmp_path / "in")))
    assert calls_in(tmp_path / "in") == []
    assert calls_in(tmp_path / "none") == []
    exchange = Exchange(ExchangeData(), out=tmp_path / "out")
    modem = VirtualModem(exchange, CALLED)
    run = answering.begin(Wire(modem), modem.now, None)
    (received,) = calls_in(tmp_path / "in")
    assert received.call == run.call
    assert received.is_under_way
    assert received.outcome() is None
    run.device_gone(OSError("pulled out"), modem.now)
    assert not received.is_under_way
    outcome = received.outcome()
    assert outcome == run.outcome
    assert outcome is not None and outcome.cause is Cause.DEVICE_MISSING
    exchange.close()


def test_a_received_fax_whose_process_was_killed_has_the_pages_that_its_journal_tells(tmp_path: Path) -> None:
    received = ReceivedCall.make(tmp_path, "in-1")
    page = {"digest": "d", "width": 1728, "rows": 9, "bad_rows": 2, "octets": 7}
    received.journal.write_bytes(
        b'{"n":0,"t":0.0,"kind":"begin","call":"in-1","dial":"","incoming":true,"caller":{"number":"5559000"}}\n'
        b'{"n":1,"t":4.0,"kind":"connected"}\n'
        b'{"n":2,"t":9.0,"kind":"far-end","ident":"+49 555 9000","abilities":""}\n'
        + b"".join(
            b'{"n":%d,"t":%d.0,"kind":"page-received","number":%d,"receipt":"damaged",%s}\n'
            % (3 + number, 20 + number, number, msgspec.json.encode(page)[1:-1])
            for number in (1, 2)
        )
        + b'{"n":6,"t":30.0,"kind":"page-confirmed","number":1,"by":"MCF"}\n{"n":7,"t":31.0,"ki'
    )
    outcome = received.outcome()
    assert outcome is not None
    assert outcome.cause is Cause.PORT_DIED
    assert [(one.number, one.receipt, one.confirmed, one.bad_rows) for one in outcome.pages] == [
        (1, Receipt.DAMAGED, True, 2),
        (2, Receipt.DAMAGED, False, 2),
    ]
    assert outcome.caller == CallerId(number="5559000")
    assert outcome.figures.far_ident == "+49 555 9000"
    assert outcome.figures.line_seconds == 30.0
    assert "1 of 2" in outcome.text

"""Polling: our call fetches a document from our own answering side, over two software modems in virtual time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from codec.operations import same_pixels
from codec.page import Page
from modem.answer import Answer
from modem.call import Call
from modem.entries import Entry
from modem.journal_writer import JournalWriter
from modem.outcome import Cause, Fate, Outcome, Retry
from modem.plan import CallPlan, LinePolicy, PlannedFetch
from modem.soft.exchange import Exchange
from modem.soft.farend import ExchangeData
from modem.soft.virtual import VirtualModem
from modem.story import lines, tell
from modem.t30.receiver_abilities import ReceiverPolicy
from tests.modem.answering import NUMBER, POLICY, Storing
from tests.modem.line import picture, plan_for

DOCUMENT = [picture(11, rows=150), picture(12, rows=200)]
NOTHING: CallPlan = replace(plan_for([]), documents=(), dial=NUMBER, fetch=PlannedFetch())


@dataclass
class Fetched:
    outcome: Outcome
    pages: list[Page] = field(default_factory=list)
    received: list[Page] = field(default_factory=list)  # what the other side got of us
    fates: list[Fate] = field(default_factory=list)  # of its document
    entries: list[Entry] = field(default_factory=list)

    @property
    def frames(self) -> list[str]:
        return [f"{each.fields['dir']} {each.fields['name']}" for each in self.entries if each.kind == "frame"]


def fetch(
    plan: CallPlan,
    pages: Sequence[Page],
    out: Path,
    *,
    document: Sequence[Page] = DOCUMENT,
    policy: ReceiverPolicy = POLICY,
    full_disk: bool = False,
) -> Fetched:
    exchange = Exchange(ExchangeData(), out=out)
    caller, called = VirtualModem(exchange, "100"), VirtualModem(exchange, NUMBER)
    call = Call(plan, pages, 0.0)
    storing: Storing | None = None
    entries: list[Entry] = []
    kept: list[Page] = []
    answers: list[Entry] = []
    heard = b""
    while call.outcome is None or (storing is not None and storing.outcome is None):
        assert exchange.now < 900
        taken = call.take_entries()
        entries += taken
        call.synced(len(entries), exchange.now)
        for page in call.take_pages():
            kept.append(page.page)
            if full_disk:
                call.store_failed("the disk is full", exchange.now)
        if not full_disk:
            call.stored(len(kept), exchange.now)
        if output := call.take_output():
            caller.write(output)
        if octets := caller.read():
            call.receive(octets, exchange.now)
            continue
        if call.deadline is not None and call.deadline <= exchange.now:
            call.tick(exchange.now)
            continue
        if storing is None:
            heard += called.read()
            if b"RING" in heard:
                answer = Answer("in-1", policy, exchange.now, document=document)
                storing = Storing(answer, out / "received.tif")
        else:
            answers += storing.take_entries()
            storing.synced(len(answers), exchange.now)
            if output := storing.take_output():
                called.write(output)
            if octets := called.read():
                storing.receive(octets, exchange.now)
                continue
            if storing.deadline is not None and storing.deadline <= exchange.now:
                storing.tick(exchange.now)
                continue
        exchange.advance(40)
    entries += call.take_entries()
    exchange.close()
    assert storing is not None and storing.outcome is not None
    return Fetched(
        call.outcome,
        kept,
        [page.page for page in storing.pages],
        [page.fate for page in storing.outcome.sent],
        entries,
    )


def assert_fetched(done: Fetched, pages: Sequence[Page] = DOCUMENT) -> None:
    assert len(done.pages) == len(pages)
    for page, other in zip(pages, done.pages, strict=True):
        assert same_pixels(page, other) is None
    assert all(page.confirmed for page in done.outcome.fetched)
    assert [page.digest for page in done.outcome.fetched] == [page.digest for page in done.pages]


@pytest.mark.parametrize("ecm", [True, False])
def test_a_document_is_fetched_pixel_by_pixel(ecm: bool, tmp_path: Path) -> None:
    done = fetch(replace(NOTHING, policy=LinePolicy(ecm=ecm)), [], tmp_path)
    assert (done.outcome.cause, done.outcome.retry) == (Cause.OK, Retry.NO_NEED)
    assert_fetched(done)
    assert done.fates == [Fate.CONFIRMED] * 2
    # The caller's first words are CIG and DTC; DCS and its kin come from the other side.
    assert done.frames[:4] == ["in CSI", "in DIS", "out CIG", "out DTC"]
    assert "in DCS" in done.frames
    assert "out CFR" in done.frames
    assert done.frames[-1] == "in DCN"


def test_x_is_one_in_all_frames_of_the_caller_and_zero_in_those_of_the_called(tmp_path: Path) -> None:
    done = fetch(NOTHING, [], tmp_path)
    for entry in done.entries:
        if entry.kind == "frame" and entry.fields["name"] in ("DCS", "MPS", "EOP", "PPS", "DCN", "CFR", "MCF"):
            octets = bytes.fromhex(entry.fields["octets"])
            assert octets[2] & 1 == (entry.fields["dir"] == "out"), entry.fields


def test_first_our_pages_then_theirs(tmp_path: Path) -> None:
    pages = [picture(1, rows=60), picture(2, rows=61)]
    plan = replace(plan_for(pages, LinePolicy(header_line=False)), dial=NUMBER, fetch=PlannedFetch())
    done = fetch(plan, pages, tmp_path)
    assert done.outcome.cause is Cause.OK
    assert [page.fate for page in done.outcome.pages] == [Fate.CONFIRMED] * 2
    for page, other in zip(pages, done.received, strict=True):
        assert same_pixels(page, other) is None
    assert_fetched(done)
    ends = [entry.fields["meaning"] for entry in done.entries if entry.fields.get("name") == "PPS"]
    assert ends[1].startswith("EOM")


@pytest.mark.parametrize(
    ("password", "selection", "cause"),
    [
        ("sesame", "7", Cause.OK),
        ("wrong", "7", Cause.FAR_END_DISCONNECTED),
        ("", "7", Cause.FAR_END_DISCONNECTED),
        ("sesame", "8", Cause.FAR_END_DISCONNECTED),
    ],
)
def test_the_right_password_and_selection_open_the_document(
    password: str, selection: str, cause: Cause, tmp_path: Path
) -> None:
    policy = replace(POLICY, poll_password="sesame", poll_selection="7")
    plan = replace(NOTHING, fetch=PlannedFetch(password=password, selection=selection))
    done = fetch(plan, [], tmp_path, policy=policy)
    assert done.outcome.cause is cause
    assert len(done.pages) == (2 if cause is Cause.OK else 0)
    if password:
        assert "out PWD" in done.frames
        assert password[::-1].encode().hex() not in str([entry.fields for entry in done.entries])


def test_where_no_document_waits_nothing_is_fetched_and_our_pages_stay_sent(tmp_path: Path) -> None:
    pages = [picture(1, rows=60)]
    plan = replace(plan_for(pages), dial=NUMBER, fetch=PlannedFetch())
    done = fetch(plan, pages, tmp_path, document=())
    assert done.outcome.cause is Cause.NOTHING_TO_FETCH
    assert done.outcome.retry is Retry.LATER
    assert [page.fate for page in done.outcome.pages] == [Fate.CONFIRMED]
    assert "out DTC" not in done.frames
    assert done.frames[-1] == "out DCN"


def test_a_page_that_cannot_be_stored_is_not_confirmed(tmp_path: Path) -> None:
    done = fetch(NOTHING, [], tmp_path, full_disk=True)
    assert done.outcome.cause is Cause.STORAGE
    assert not any(page.confirmed for page in done.outcome.fetched)
    assert Fate.CONFIRMED not in done.fates


def test_the_journal_on_disk_holds_no_password(tmp_path: Path) -> None:
    done = fetch(replace(NOTHING, fetch=PlannedFetch(password="sesame")), [], tmp_path / "out")
    writer = JournalWriter(tmp_path / "journal")
    writer.append(done.entries)
    assert writer.close()
    text = (tmp_path / "journal").read_text()
    assert "sesame" not in text
    assert "******" in text


def test_a_call_that_fetched_is_told(tmp_path: Path) -> None:
    done = fetch(NOTHING, [], tmp_path)
    told = "\n".join(text for _, text in lines(tell(done.entries)))
    assert "CIG, DTC: receives" in told
    assert "training check, 14400 V.17" in told
    assert "page 2: on disk, confirmed" in told

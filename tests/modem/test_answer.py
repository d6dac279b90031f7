"""An incoming call as its owner sees it: pieces, ends, faults of line and disk, the journal, what is in the TIFF."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from codec.operations import same_pixels
from codec.page import Page
from codec.tiff import TiffReader
from modem.answer import Answer
from modem.call import Call
from modem.class1.ringing import CallerId
from modem.entries import KINDS
from modem.outcome import Cause, Fate, Fault
from modem.plan import LinePolicy
from modem.receipt import AnswerOutcome, Receipt
from modem.soft.exchange import Exchange
from modem.soft.farend import ExchangeData, Fax
from modem.soft.line import Direction, Disturbance, Disturbs, Impairments, Moment
from modem.soft.virtual import VirtualModem, run_call
from modem.story import lines, tell
from tests.modem.answering import (
    CALLER,
    NUMBER,
    POLICY,
    Received,
    Storing,
    assert_same,
    be_called,
    call_ourselves,
)
from tests.modem.line import dense, picture, plan_for

PAGES = [picture(1, rows=120), picture(2, rows=120)]


def by_ourselves(pages: list[Page], policy: LinePolicy | None = None) -> Callable[[float], Call]:
    plan = plan_for(pages, policy or LinePolicy(header_line=False), dial=NUMBER)
    return lambda now: Call(plan, pages, now=now)


@pytest.mark.parametrize("ecm", [True, False])
def test_octet_by_octet_a_call_goes_the_same_way(ecm: bool, tmp_path: Path) -> None:
    fax = Fax(ecm=ecm)
    whole = be_called(PAGES, out=tmp_path / "whole", fax=fax)
    pieces = be_called(PAGES, out=tmp_path / "pieces", fax=fax, trickle=True)
    assert pieces.outcome == whole.outcome
    assert [(entry.kind, entry.fields) for entry in pieces.entries] == [
        (entry.kind, entry.fields) for entry in whole.entries
    ]
    assert_same(PAGES, pieces.pages)


def test_pages_of_different_resolutions_in_one_call(tmp_path: Path) -> None:
    pages = [picture(1, rows=80, dpi_y=98), picture(2, rows=80), picture(3, rows=80)]
    done = call_ourselves(by_ourselves(pages), out=tmp_path)
    assert (done.outcome.cause, done.frames_in.count("DCS")) == (Cause.OK, 2)
    assert done.frames_out.count("DIS") == 2
    assert_same(pages, done.pages)


@pytest.mark.parametrize("width", [2048, 2432])
def test_wide_pages(width: int, tmp_path: Path) -> None:
    pages = [picture(1, rows=80, width=width)]
    done = call_ourselves(by_ourselves(pages), out=tmp_path)
    assert_same(pages, done.pages)


def test_a_page_of_several_blocks(tmp_path: Path) -> None:
    pages = [dense(1, rows=700), picture(2, rows=50)]
    done = call_ourselves(by_ourselves(pages), out=tmp_path)
    assert done.frames_in.count("PPS") > 3
    assert_same(pages, done.pages)


# The line.


def disturbed(kind: Disturbs, what: str, delay_s: float, seconds: float, *, ecm: bool, out: Path) -> Received:
    disturbance = Disturbance(
        kind=kind, start=Moment(what=what, delay_s=delay_s), seconds=seconds, direction=Direction.TO_CALLED
    )
    caller = replace(CALLER, line=Impairments(disturbances=(disturbance,)))
    return be_called([dense(1, rows=60), picture(2, rows=60)], out=out, caller=caller, fax=Fax(ecm=ecm))


def test_noise_in_a_page_costs_only_the_frames_that_it_hit(tmp_path: Path) -> None:
    done = disturbed(Disturbs.NOISE, "sent TSI", 11.0, 0.2, ecm=True, out=tmp_path)
    assert done.outcome.cause is Cause.OK
    assert 0 < done.outcome.figures.ecm_frames_resent < 25
    assert_same([dense(1, rows=60), picture(2, rows=60)], done.pages)


def test_noise_in_a_page_without_ecm_costs_rows_that_are_counted(tmp_path: Path) -> None:
    done = disturbed(Disturbs.NOISE, "sent TSI", 11.0, 0.05, ecm=False, out=tmp_path)
    first = done.outcome.pages[0]
    assert first.bad_rows > 0
    assert first.receipt is Receipt.DAMAGED
    assert done.outcome.pages[-1].receipt is Receipt.CLEAN


def test_noise_in_the_training_lowers_the_rate(tmp_path: Path) -> None:
    done = disturbed(Disturbs.NOISE, "sent TSI", 4.3, 0.9, ecm=True, out=tmp_path)
    assert done.of("training-failed")
    assert done.outcome.cause is Cause.OK
    assert_same([dense(1, rows=60), picture(2, rows=60)], done.pages)


@pytest.mark.parametrize("ecm", [True, False])
def test_a_caller_who_hangs_up_in_a_page_leaves_what_was_there(ecm: bool, tmp_path: Path) -> None:
    pages = [picture(1, rows=200), dense(2, rows=200)]
    caller = replace(CALLER, hang_up=Moment(what="received MCF", delay_s=4.0))
    done = be_called(pages, out=tmp_path, caller=caller, fax=Fax(ecm=ecm))
    assert done.outcome.cause is Cause.LINE_LOST
    assert done.outcome.fault is Fault.LINE
    assert done.receipts[0] == (Receipt.CLEAN, True)
    assert done.receipts[1:] == [(Receipt.INCOMPLETE, False)]
    assert same_pixels(pages[0], done.pages[0]) is None
    assert len(done.pages) == 2


def test_somebody_who_says_nothing_gets_t1(tmp_path: Path) -> None:
    done = be_called([], out=tmp_path)
    assert done.outcome.cause is Cause.NO_FAX
    assert done.outcome.pages == ()
    assert 30 < (done.outcome.figures.line_seconds or 0) < 50


# A person, the device, the disk.


@pytest.mark.parametrize("kind", ["connected", "far-end", "trained", "page-received", "page-confirmed"])
@pytest.mark.parametrize("ecm", [True, False])
def test_a_call_can_be_cancelled_at_any_moment(kind: str, ecm: bool, tmp_path: Path) -> None:
    def cancel(storing: Storing, now: float) -> None:
        if any(entry.kind == kind for entry in storing.seen):
            storing.answer.cancel(now)

    done = be_called(PAGES, out=tmp_path, fax=Fax(ecm=ecm), meddle=cancel)
    assert done.outcome.cause is Cause.CANCELLED
    assert done.frames_out[-1] == "DCN"
    assert done.record is not None
    confirmed = sum(page.confirmed for page in done.outcome.pages)
    assert done.record.pages_sent >= confirmed
    assert done.of("command")[-1].fields["text"] == "ATH0"


@pytest.mark.parametrize("kind", ["begin", "connected", "trained", "page-received", "page-confirmed"])
def test_the_device_may_be_pulled_out_at_any_moment(kind: str, tmp_path: Path) -> None:
    def pull(storing: Storing, now: float) -> None:
        if any(entry.kind == kind for entry in storing.seen):
            storing.answer.hung_up(now)

    done = be_called(PAGES, out=tmp_path, meddle=pull)
    assert done.outcome.cause is Cause.DEVICE_MISSING
    assert done.entries[-1].kind == "end"
    assert len(done.pages) == len(done.outcome.pages)


@pytest.mark.parametrize("ecm", [True, False])
def test_nothing_is_confirmed_before_it_is_stored_and_noted(ecm: bool, tmp_path: Path) -> None:
    """A disk that takes 1.5 s for the pages, and another as long for the journal: the sender is held meanwhile."""
    (tmp_path / "x").mkdir()
    exchange = Exchange(ExchangeData(), out=tmp_path / "x")
    caller, called = VirtualModem(exchange, "100"), VirtualModem(exchange, NUMBER)
    call = by_ourselves(PAGES, LinePolicy(ecm=ecm, header_line=False))(0.0)
    answer: Answer | None = None
    entries, pages = 0, 0
    due: list[tuple[float, str, int]] = []
    on_disk = {"entries": 0, "pages": 0}
    confirmed: list[tuple[int, dict[str, int]]] = []
    noted: list[int] = []
    heard = b""
    while call.outcome is None or answer is None or answer.outcome is None:
        now = exchange.now
        assert now < 300
        call.take_entries()
        call.synced(10_000, now)
        if output := call.take_output():
            caller.write(output)
        if octets := caller.read():
            call.receive(octets, now)
        elif call.deadline is not None and call.deadline <= now:
            call.tick(now)
        if answer is None:
            heard += called.read()
            if b"RING" in heard:
                answer = Answer("in-1", POLICY, now)
        else:
            for entry in answer.take_entries():
                entries += 1
                if entry.barrier:
                    due.append((now + 1.5, "entries", entries))
                if entry.kind == "page-received":
                    noted.append(entries)
                if entry.kind == "page-confirmed":
                    confirmed.append((entry.fields["number"], dict(on_disk)))
            for _ in answer.take_pages():
                pages += 1
                due.append((now + 1.0, "pages", pages))
            for at, which, count in [each for each in due if each[0] <= now]:
                due.remove((at, which, count))
                on_disk[which] = count
                answer.synced(count, now) if which == "entries" else answer.stored(count, now)
            if output := answer.take_output():
                called.write(output)
            if octets := called.read():
                answer.receive(octets, now)
            elif answer.deadline is not None and answer.deadline <= now:
                answer.tick(now)
        exchange.advance(40)
    exchange.close()
    assert call.outcome.cause is Cause.OK
    assert [number for number, _ in confirmed] == [1, 2]
    for number, disk in confirmed:
        assert disk["pages"] >= number
        assert disk["entries"] >= noted[number - 1]


def test_a_disk_that_fails_confirms_nothing_more(tmp_path: Path) -> None:
    def fail(storing: Storing, now: float) -> None:
        storing.slow_disk = True
        if storing.pages and storing.outcome is None:
            storing.answer.store_failed("no space left on device", now)

    done = call_ourselves(by_ourselves(PAGES), out=tmp_path, meddle=fail)
    assert done.outcome.cause is Cause.STORAGE
    assert done.outcome.fault is Fault.US
    assert "no space left" in done.outcome.text
    assert not any(page.confirmed for page in done.outcome.pages)
    assert done.sender is not None
    assert Fate.CONFIRMED not in [page.fate for page in done.sender.pages]


# What is left of a call.


def test_the_journal_tells_the_call(tmp_path: Path) -> None:
    done = be_called(PAGES, out=tmp_path)
    story = "\n".join(text for _, text in lines(tell(done.entries)))
    assert "All pages were received." in story
    assert f"page {len(PAGES)} confirmed" in story
    kinds = [entry.kind for entry in done.entries]
    assert set(kinds) <= set(KINDS)
    assert (kinds[0], kinds[-1]) == ("begin", "end")
    assert done.entries[0].fields["incoming"] is True
    assert [kind for kind in kinds if kind.startswith("page")] == [
        "page-received",
        "page-stored",
        "page-confirmed",
    ] * 2
    assert [entry.kind for entry in done.entries if entry.barrier] == ["page-received", "page-received", "end"]
    times = [entry.t for entry in done.entries]
    assert times == sorted(times)
    told = msgspec.convert(json.loads(msgspec.json.encode(done.entries[-1].fields["outcome"])), AnswerOutcome)
    assert told == done.outcome
    assert [entry.fields["digest"] for entry in done.of("page-received")] == [page.digest for page in PAGES]


def test_who_called_is_told(tmp_path: Path) -> None:
    exchange = Exchange(ExchangeData(), out=tmp_path)
    modem = VirtualModem(exchange, NUMBER)
    caller = CallerId(number="5559000", name="Somebody", at="0102 1530")
    answer = Answer("in-1", POLICY, modem.now, caller=caller)
    entries = run_call(answer, modem)
    exchange.close()
    assert entries[0].fields["caller"] == {"number": "5559000", "name": "Somebody", "at": "0102 1530"}
    assert answer.outcome is not None and answer.outcome.caller == caller


def test_the_tiff_has_its_tags(tmp_path: Path) -> None:
    def with_sub(now: float) -> Call:
        plan = plan_for(PAGES, LinePolicy(header_line=False), dial=NUMBER)
        documents = tuple(replace(document, sub_address="42") for document in plan.documents)
        return Call(replace(plan, documents=documents), PAGES, now=now)

    done = call_ourselves(with_sub, out=tmp_path)
    assert done.outcome.sub_address == "42"
    tags = done.given[0].tags
    assert (tags.bad_rows, tags.clean.value, tags.sub_address) == (0, 0, "42")
    assert tags.description == "Fax from +1 555 1001"
    assert tags.receive_time_s is not None
    assert bytes.fromhex(tags.dcs)[:2] == bytes.fromhex("0062")
    with TiffReader(tmp_path / "received.tif") as reader:
        assert len(list(reader)) == 2

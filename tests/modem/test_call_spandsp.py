"""Whole calls to an independent fax machine (libspandsp) over its T.31 modem, in virtual time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from codec.operations import reduce_rows, same_pixels
from codec.page import Resolution
from modem.call import Call
from modem.entries import KINDS, Entry
from modem.journal import outcome_of, page_fates
from modem.outcome import Cause, Fate, Fault, Phase, Retry
from modem.plan import LinePolicy, PlannedDocument
from modem.soft.event import Event
from modem.soft.exchange import Exchange
from modem.soft.farend import REFUSES, Answers, ExchangeData, FarEnd, Fax
from modem.soft.line import Direction, Disturbance, Disturbs, Impairments, Moment
from modem.soft.virtual import VirtualModem, run_call
from tests.modem.line import FAX, NUMBER, assert_same, call_up, dense, picture, plan_for

DPI = {"standard": 98, "fine": 196, "superfine": 391}
MODULATIONS = {
    "V.27ter 2400": (("V27TER",), 2400),
    "V.27ter": (("V27TER",), None),
    "V.29": (("V27TER", "V29"), None),
    "V.17": (("V27TER", "V29", "V17"), None),
}


@pytest.mark.parametrize("modulation", MODULATIONS)
@pytest.mark.parametrize("resolution", DPI)
@pytest.mark.parametrize(("ecm", "coding"), [(True, "mh"), (True, "mr"), (True, "mmr"), (False, "mh"), (False, "mr")])
def test_every_combination_arrives_pixel_by_pixel(
    ecm: bool, coding: str, resolution: str, modulation: str, tmp_path: Path
) -> None:
    modulations, max_rate = MODULATIONS[modulation]
    pages = [picture(seed, rows=120, dpi_y=DPI[resolution]) for seed in (1, 2)]
    far = replace(FAX, fax=Fax(ecm=ecm, modulations=modulations, codings=tuple(dict.fromkeys(("MH", coding.upper())))))
    done = call_up(pages, far, out=tmp_path, policy=LinePolicy(codings=(coding,), max_rate_bps=max_rate))
    assert done.outcome.cause is Cause.OK
    assert done.outcome.retry is Retry.NO_NEED
    assert done.fates == [Fate.CONFIRMED] * 2
    assert_same(pages, done)
    figures = done.outcome.figures
    assert (figures.coding, figures.ecm) == (coding, ecm)
    assert figures.modulation == modulation.split()[0]
    assert done.record is not None
    assert done.record.bad_rows == 0
    assert done.record.ecm is ecm
    assert done.record.coding.lower() == coding
    assert figures.far_ident == "+1 555 2001"
    assert done.record.far_ident == "+1 555 1001"


@pytest.mark.parametrize("ecm", [True, False])
def test_octet_by_octet_a_call_goes_the_same_way(ecm: bool, tmp_path: Path) -> None:
    pages = [picture(1), picture(2)]
    far = replace(FAX, fax=Fax(ecm=ecm))
    whole = call_up(pages, far, out=tmp_path / "whole")
    pieces = call_up(pages, far, out=tmp_path / "pieces", trickle=True)
    assert pieces.outcome == whole.outcome
    acts = [(entry.kind, entry.fields) for entry in whole.entries if entry.kind != "page-progress"]
    assert [(entry.kind, entry.fields) for entry in pieces.entries if entry.kind != "page-progress"] == acts
    assert_same(pages, pieces)


@pytest.mark.parametrize("ms", [5, 10, 20])
def test_a_slow_printer_gets_its_minimum_scan_line_time(ms: int, tmp_path: Path) -> None:
    pages = [picture(1, rows=200)]
    far = replace(FAX, fax=Fax(ecm=False, min_scan_line_ms=ms))
    done = call_up(pages, far, out=tmp_path)
    assert_same(pages, done)
    assert (done.outcome.figures.line_seconds or 0) > 200 * ms / 1000


def test_a_machine_that_only_takes_standard_gets_every_row_merged_and_none_lost(tmp_path: Path) -> None:
    page = picture(1, rows=201, dpi_y=391)
    far = replace(FAX, fax=Fax(resolutions=("STANDARD",)))
    done = call_up([page], far, out=tmp_path)
    assert done.fates == [Fate.CONFIRMED]
    expected = reduce_rows(page, Resolution.STANDARD)
    assert same_pixels(expected, done.below_header(0)) is None


def test_without_header_line_the_page_is_all_there_is(tmp_path: Path) -> None:
    pages = [picture(1)]
    done = call_up(pages, out=tmp_path, policy=LinePolicy(header_line=False))
    assert_same(pages, done, header=False)


@pytest.mark.parametrize("rate", [2400, 14400])
def test_a_modem_that_holds_us_back_gets_the_same_pages(rate: int, tmp_path: Path) -> None:
    pages = [dense(1, rows=20), picture(2)]
    done = call_up(pages, out=tmp_path, policy=LinePolicy(flow_control=True, max_rate_bps=rate))
    assert done.outcome.cause is Cause.OK
    assert_same(pages, done)
    sent = [(entry.fields["number"], entry.fields["octets_sent"]) for entry in done.of("page-progress")]
    assert sent == sorted(sent)


def test_a_page_of_several_blocks(tmp_path: Path) -> None:
    pages = [dense(1, rows=220), picture(2)]
    done = call_up(pages, out=tmp_path)
    assert done.frames.count("PPS") == 3
    assert_same(pages, done)


def test_pages_of_different_resolutions_in_one_call(tmp_path: Path) -> None:
    pages = [picture(1, dpi_y=98, rows=100), picture(2, dpi_y=196), picture(3, dpi_y=196)]
    done = call_up(pages, out=tmp_path)
    assert done.outcome.cause is Cause.OK
    assert_same(pages, done)
    assert [page.dpi_y for page in done.received] == [98, 196, 196]
    assert done.frames.count("DCS") == 2


def test_several_documents_in_one_call(tmp_path: Path) -> None:
    pages = [picture(seed) for seed in (1, 2, 3)]
    plan = plan_for(pages)
    (document,) = plan.documents
    first = PlannedDocument(job=7, pages=document.pages[:2], pages_total=2)
    second = PlannedDocument(job=8, pages=(replace(document.pages[2], number=1),), pages_total=1)
    done = call_up(pages, out=tmp_path, plan=replace(plan, documents=(first, second)))
    assert [(page.job, page.number, page.fate) for page in done.outcome.pages] == [
        (7, 1, Fate.CONFIRMED),
        (7, 2, Fate.CONFIRMED),
        (8, 1, Fate.CONFIRMED),
    ]
    assert_same(pages, done)


# Line and far end at fault.


def test_noise_in_a_page_costs_only_the_frames_that_it_hit(tmp_path: Path) -> None:
    burst = Disturbance(kind=Disturbs.NOISE, start=Moment(what="page", delay_s=4.0), seconds=0.2)
    far = replace(FAX, line=Impairments(disturbances=(burst,)))
    pages = [dense(1, rows=60)]
    done = call_up(pages, far, out=tmp_path)
    assert done.outcome.cause is Cause.OK
    assert 0 < done.outcome.figures.ecm_frames_resent < 20
    assert_same(pages, done)


def test_noise_in_the_training_lowers_the_rate(tmp_path: Path) -> None:
    burst = Disturbance(
        kind=Disturbs.NOISE, start=Moment(what="received DCS", delay_s=2.3), seconds=0.6, direction=Direction.TO_CALLED
    )
    done = call_up([picture(1)], replace(FAX, line=Impairments(disturbances=(burst,))), out=tmp_path)
    assert done.outcome.cause is Cause.OK
    assert done.of("training-failed")[0].fields == {"rate_bps": 14400, "modulation": "V.17"}
    assert done.outcome.figures.rate_bps == 12000
    assert_same([picture(1)], done)


@pytest.mark.parametrize(("frame", "command"), [("MCF", "EOP"), ("CFR", "DCS")])
def test_a_lost_answer_is_asked_for_again(frame: str, command: str, tmp_path: Path) -> None:
    gap = Disturbance(
        kind=Disturbs.SILENCE, start=Moment(what=f"sent {frame}"), seconds=1.5, direction=Direction.TO_CALLER
    )
    far = replace(FAX, fax=Fax(ecm=False), line=Impairments(disturbances=(gap,)))
    done = call_up([picture(1)], far, out=tmp_path)
    assert done.frames.count(command) == 2
    assert done.outcome.cause is Cause.OK
    assert_same([picture(1)], done)


def test_a_far_end_that_is_not_ready_is_waited_for(tmp_path: Path) -> None:
    done = call_up([picture(1)], replace(FAX, fax=Fax(not_ready_count=3)), out=tmp_path)
    assert done.outcome.cause is Cause.OK
    assert done.frames.count("RR") == 3


def test_a_far_end_that_goes_in_the_middle_of_page_2(tmp_path: Path) -> None:
    pages = [dense(seed, rows=60) for seed in (1, 2, 3)]
    far = replace(FAX, hang_up=Moment(what="page", nth=2, delay_s=3.0))
    done = call_up(pages, far, out=tmp_path)
    assert done.outcome.cause is Cause.LINE_LOST
    assert done.outcome.retry is Retry.LATER
    assert done.outcome.phase is Phase.D
    assert done.fates == [Fate.CONFIRMED, Fate.UNCERTAIN, Fate.NOT_SENT]


def test_a_far_end_whose_going_the_exchange_tells_of(tmp_path: Path) -> None:
    pages = [dense(seed, rows=60) for seed in (1, 2, 3)]
    far = replace(FAX, hang_up=Moment(what="page", nth=2, delay_s=3.0))
    done = call_up(pages, far, out=tmp_path, data=ExchangeData(numbers=(far,), says_far_hang_up=True))
    assert done.outcome.cause is Cause.LINE_LOST
    assert done.fates[0] is Fate.CONFIRMED
    assert done.fates[1] in (Fate.NOT_SENT, Fate.UNCERTAIN)
    assert done.fates[2] is Fate.NOT_SENT


def test_a_far_end_that_goes_after_its_last_mcf_has_the_page(tmp_path: Path) -> None:
    far = replace(FAX, hang_up=Moment(what="sent MCF", delay_s=2.0))
    done = call_up([picture(1)], far, out=tmp_path)
    assert done.fates == [Fate.CONFIRMED]
    assert done.outcome.retry is Retry.NO_NEED


def test_a_far_end_that_refuses_after_training(tmp_path: Path) -> None:
    done = call_up([picture(1)], replace(FAX, script=REFUSES), out=tmp_path)
    assert done.outcome.cause is Cause.FAR_END_DISCONNECTED
    assert done.fates == [Fate.NOT_SENT]


@pytest.mark.parametrize(
    ("answers", "cause", "retry", "fault"),
    [
        (Answers.BUSY, Cause.BUSY, Retry.SOON, Fault.FAR_END),
        (Answers.NO_ANSWER, Cause.NO_ANSWER, Retry.LATER, Fault.FAR_END),
        (Answers.UNKNOWN, Cause.NO_CARRIER, Retry.LATER, Fault.FAR_END),
        (Answers.VOICE, Cause.NO_ANSWER, Retry.LATER, Fault.FAR_END),
    ],
)
def test_what_is_no_fax_machine(answers: Answers, cause: Cause, retry: Retry, fault: Fault, tmp_path: Path) -> None:
    done = call_up([picture(1)], FarEnd(number=NUMBER, answers=answers, rings=3), out=tmp_path)
    assert (done.outcome.cause, done.outcome.retry, done.outcome.fault) == (cause, retry, fault)
    assert done.outcome.phase is Phase.A
    assert done.fates == [Fate.NOT_SENT]
    assert done.outcome.text.endswith(".")


def test_no_dial_tone(tmp_path: Path) -> None:
    done = call_up([picture(1)], out=tmp_path, data=ExchangeData(numbers=(FAX,), dial_tone=False))
    assert (done.outcome.cause, done.outcome.retry) == (Cause.NO_DIAL_TONE, Retry.DEVICE)
    assert done.outcome.fault is Fault.DEVICE


# The journal.


def test_the_journal_tells_the_call_and_agrees_with_the_outcome(tmp_path: Path) -> None:
    pages = [picture(1), picture(2)]
    done = call_up(pages, out=tmp_path)
    plan = plan_for(pages)
    kinds = [entry.kind for entry in done.entries]
    assert set(kinds) <= set(KINDS)
    assert (kinds[0], kinds[-1]) == ("begin", "end")
    assert kinds.count("end") == 1
    assert [entry.kind for entry in done.entries if entry.barrier] == [
        "page-intent",
        "page-answer",
        "page-intent",
        "page-answer",
        "end",
    ]
    times = [entry.t for entry in done.entries]
    assert times == sorted(times)
    assert page_fates(done.entries, plan) == done.outcome.pages
    assert outcome_of(done.entries, plan) == done.outcome
    assert [entry.fields["digest"] for entry in done.of("page-intent")] == [page.digest for page in pages]
    assert [entry.fields["index"] for entry in done.of("page-intent")] == [0, 1]
    names = [entry.fields["name"] for entry in done.of("frame")]
    assert names[:5] == ["CSI", "DIS", "TSI", "DCS", "CFR"]
    assert names[-1] == "DCN"
    assert all(entry.fields["meaning"] for entry in done.of("frame"))


def test_progress_rises_to_the_whole_page(tmp_path: Path) -> None:
    done = call_up([dense(1, rows=220)], out=tmp_path)
    sent = [entry.fields["octets_sent"] for entry in done.of("page-progress")]
    total = {entry.fields["octets_total"] for entry in done.of("page-progress")}
    assert len(sent) > 5
    assert sent == sorted(sent)
    assert len(total) == 1
    assert sent[-1] <= total.pop()


def test_line_time_is_what_the_exchange_counts(tmp_path: Path) -> None:
    events: list[Event] = []
    exchange = Exchange(ExchangeData(numbers=(FAX,)), out=tmp_path, on_event=events.append)
    modem = VirtualModem(exchange)
    call = Call(plan_for([picture(1)]), [picture(1)], now=modem.now)
    run_call(call, modem)
    exchange.close()
    off_hook = [event.off_hook_s for event in events if event.kind == "on-hook"]
    assert call.outcome is not None
    assert call.outcome.figures.line_seconds == pytest.approx(off_hook[0], abs=0.02)


# A person, the device, the disk.


def when(kind: str, **fields: object) -> object:
    def act(call: Call, now: float, seen: list[Entry]) -> None:
        for entry in seen:
            if entry.kind == kind and all(entry.fields.get(name) == value for name, value in fields.items()):
                call.cancel(now)

    return act


@pytest.mark.parametrize(
    ("kind", "fates"),
    [
        ("dialling", [Fate.NOT_SENT, Fate.NOT_SENT]),
        ("connected", [Fate.NOT_SENT, Fate.NOT_SENT]),
        ("far-end", [Fate.NOT_SENT, Fate.NOT_SENT]),
        ("trained", [Fate.NOT_SENT, Fate.NOT_SENT]),
        ("page-progress", [Fate.NOT_SENT, Fate.NOT_SENT]),
        ("page-answer", [Fate.CONFIRMED, Fate.NOT_SENT]),
    ],
)
@pytest.mark.parametrize("ecm", [True, False])
def test_a_call_can_be_cancelled_at_any_moment(kind: str, fates: list[Fate], ecm: bool, tmp_path: Path) -> None:
    pages = [dense(seed, rows=40) for seed in (1, 2)]
    far = replace(FAX, fax=Fax(ecm=ecm))
    done = call_up(pages, far, out=tmp_path, act=when(kind))  # type: ignore[arg-type]
    assert done.outcome.cause is Cause.CANCELLED
    assert done.outcome.fault is Fault.CALLER
    assert done.fates == fates
    commands = [entry.fields["text"] for entry in done.of("command")]
    assert commands[-1] == "ATH0"
    if kind != "dialling":
        assert done.frames[-1] == "DCN"


def test_the_device_may_be_pulled_out_at_any_moment(tmp_path: Path) -> None:
    pages = [dense(seed, rows=40) for seed in (1, 2)]
    for turn, kind in enumerate(("begin", "dialling", "connected", "page-progress", "page-answer")):

        def act(call: Call, now: float, seen: list[Entry], kind: str = kind) -> None:
            if any(entry.kind == kind for entry in seen):
                call.hung_up(now)

        done = call_up(pages, out=tmp_path / str(turn), act=act)
        assert done.outcome.cause is Cause.DEVICE_MISSING
        assert done.outcome.retry is Retry.DEVICE
        assert done.fates[0] is (Fate.CONFIRMED if kind == "page-answer" else Fate.NOT_SENT)
        assert done.entries[-1].kind == "end"


def test_nothing_goes_out_before_its_entry_is_on_disk(tmp_path: Path) -> None:
    """A disk that takes a second for each barrier: the call waits for it, and still succeeds."""
    pages = [picture(1, rows=60), picture(2, rows=60)]
    exchange = Exchange(ExchangeData(numbers=(FAX,)), out=tmp_path)
    modem = VirtualModem(exchange)
    call = Call(plan_for(pages), pages, now=modem.now)
    taken: list[Entry] = []
    on_disk = 0
    due: tuple[float, int] | None = None
    while call.outcome is None:
        assert modem.now < 300
        taken += call.take_entries()
        pending = [number for number, entry in enumerate(taken) if entry.barrier and number >= on_disk]
        if pending and due is None:
            due = (modem.now + 1.0, len(taken))
        if due is not None and modem.now >= due[0]:
            on_disk, due = due[1], None
            call.synced(on_disk, modem.now)
        output = call.take_output()
        if output:
            taken += call.take_entries()
            unsynced = [entry.kind for entry in taken[on_disk:] if entry.barrier]
            assert not (b"+FTM=146" in output and "page-answer" in unsynced)
            assert not (b"+FTH" in output and "page-intent" in unsynced)
            modem.write(output)
        if heard := modem.read():
            call.receive(heard, modem.now)
            continue
        if call.deadline is not None and call.deadline <= modem.now:
            call.tick(modem.now)
            continue
        modem.advance(0.005)
    exchange.close()
    assert call.outcome.cause is Cause.OK
    assert call.take_entries()[-1].kind == "end"


def test_a_journal_that_never_gets_to_the_disk_ends_the_call(tmp_path: Path) -> None:
    pages = [picture(1, rows=60)]
    exchange = Exchange(ExchangeData(numbers=(FAX,)), out=tmp_path)
    modem = VirtualModem(exchange)
    call = Call(plan_for(pages), pages, now=modem.now)
    while call.outcome is None:
        assert modem.now < 300
        modem.write(call.take_output())
        if heard := modem.read():
            call.receive(heard, modem.now)
        elif call.deadline is not None and call.deadline <= modem.now:
            call.tick(modem.now)
        else:
            modem.advance(0.005)
    exchange.close()
    assert call.outcome.cause is Cause.STORAGE
    assert call.outcome.fault is Fault.US

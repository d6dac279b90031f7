"""Several documents in one call, sub-addresses, T.85, what a call teaches the next: whole calls in virtual time."""

from __future__ import annotations

import traceback
from dataclasses import replace
from pathlib import Path

import pytest

from codec import choice
from codec.operations import same_pixels
from codec.page import Page
from modem.call import Call
from modem.memory import NOTHING_KNOWN, LineMemory
from modem.outcome import Cause, Fate, Retry
from modem.plan import CallPlan, LinePolicy, PlannedDocument, PlannedPage
from modem.receipt import Receipt
from modem.replay import replay
from modem.soft.farend import REFUSES, Fax
from modem.soft.line import Direction, Disturbance, Disturbs, Impairments, Moment
from tests.modem.answering import NUMBER, POLICY, call_ourselves
from tests.modem.line import FAX, assert_same, call_up, dense, picture, plan_for


def jobs(*documents: list[Page], **changes: object) -> tuple[CallPlan, list[Page]]:
    """A plan of several jobs: 11, 12 ..., and all their pages."""
    planned = tuple(
        PlannedDocument(
            job=11 + at,
            pages=tuple(
                PlannedPage(file=f"{at}.tif", index=index, digest=page.digest, number=index + 1)
                for index, page in enumerate(pages)
            ),
            pages_total=len(pages),
            header_from=f"Sender {at}",
            header_to=f"Reader {at}",
        )
        for at, pages in enumerate(documents)
    )
    pages = [page for document in documents for page in document]
    return replace(plan_for(pages), documents=planned, **changes), pages  # type: ignore[arg-type]


def test_jobs_of_one_form_go_in_one_call_with_mps_and_a_fate_for_each_page(tmp_path: Path) -> None:
    plan, pages = jobs([picture(1), picture(2)], [picture(3)], [picture(4), picture(5)])
    done = call_up(pages, out=tmp_path, plan=plan)
    assert [(page.job, page.number, page.fate) for page in done.outcome.pages] == [
        (11, 1, Fate.CONFIRMED),
        (11, 2, Fate.CONFIRMED),
        (12, 1, Fate.CONFIRMED),
        (13, 1, Fate.CONFIRMED),
        (13, 2, Fate.CONFIRMED),
    ]
    assert done.frames.count("DCS") == 1
    ends = [entry.fields["meaning"].partition(":")[0] for entry in done.of("frame") if entry.fields["name"] == "PPS"]
    assert ends == ["MPS"] * 4 + ["EOP"]
    # The page counter is the call's, not the document's.
    counters = [bytes.fromhex(entry.fields["octets"])[4] for entry in done.of("frame") if entry.fields["name"] == "PPS"]
    assert counters == [0, 1, 2, 3, 4]
    assert_same(pages, done)
    assert [(entry.fields["job"], entry.fields["number"]) for entry in done.of("page-intent")] == [
        (11, 1),
        (11, 2),
        (12, 1),
        (13, 1),
        (13, 2),
    ]


def test_jobs_of_different_forms_go_in_one_call_with_a_new_phase_b_between(tmp_path: Path) -> None:
    plan, pages = jobs([picture(1)], [picture(2, dpi_y=98, rows=100)], [picture(3)])
    done = call_up(pages, out=tmp_path, plan=plan)
    assert done.outcome.cause is Cause.OK
    assert done.frames.count("DCS") == 3
    assert done.fates == [Fate.CONFIRMED] * 3
    assert_same(pages, done)


def test_a_call_that_breaks_in_the_second_job_leaves_the_first_one_done(tmp_path: Path) -> None:
    plan, pages = jobs([dense(1, rows=60)], [dense(2, rows=60), dense(3, rows=60)], [dense(4, rows=60)])
    far = replace(FAX, hang_up=Moment(what="page", nth=2, delay_s=3.0))
    done = call_up(pages, far, out=tmp_path, plan=plan)
    assert [(page.job, page.fate) for page in done.outcome.pages] == [
        (11, Fate.CONFIRMED),
        (12, Fate.UNCERTAIN),
        (12, Fate.NOT_SENT),
        (13, Fate.NOT_SENT),
    ]
    assert done.outcome.retry is Retry.LATER


def test_each_job_has_its_own_header_line(tmp_path: Path) -> None:
    plan, pages = jobs([picture(1)], [picture(1)])
    done = call_up(pages, out=tmp_path, plan=plan)
    assert len(done.received) == 2
    assert same_pixels(done.received[0], done.received[1]) is not None
    assert same_pixels(done.below_header(0), done.below_header(1)) is None


# Sub-address and password, T.85: between our own two ends.


def ours(plan: CallPlan, pages: list[Page], out: Path, **policy: object) -> tuple[object, ...]:
    plan = replace(plan, dial=NUMBER)
    done = call_ourselves(
        lambda now: Call(plan, pages, now=now),
        out=out,
        policy=replace(POLICY, **policy),  # type: ignore[arg-type]
    )
    assert done.sender is not None
    return done, done.sender, done.pages


@pytest.mark.parametrize(
    ("sub_address", "password", "cause"),
    [
        ("12", "sesame", Cause.OK),
        ("13", "sesame", Cause.FAR_END_DISCONNECTED),
        ("12", "wrong", Cause.FAR_END_DISCONNECTED),
        ("12", "", Cause.FAR_END_DISCONNECTED),
        ("", "sesame", Cause.FAR_END_DISCONNECTED),
    ],
)
def test_sub_address_and_password_open_the_way_and_nothing_else_does(
    sub_address: str, password: str, cause: Cause, tmp_path: Path
) -> None:
    plan, pages = jobs([picture(1, rows=60)])
    (document,) = plan.documents
    plan = replace(plan, documents=(replace(document, sub_address=sub_address, password=password),))
    _, sender, received = ours(plan, pages, tmp_path, sub_addresses=("12",), sender_password="sesame")
    assert sender.cause is cause  # type: ignore[attr-defined]
    assert len(received) == (1 if cause is Cause.OK else 0)  # type: ignore[arg-type]


@pytest.mark.parametrize("rows", [1, 127, 128, 129, 700])
def test_t85_from_us_to_us(rows: int, tmp_path: Path) -> None:
    pages = [picture(1, rows=rows), picture(2, rows=rows)]
    plan = replace(plan_for(pages, LinePolicy(codings=("t85",), header_line=False)), dial=NUMBER)
    done = call_ourselves(lambda now: Call(plan, pages, now=now), out=tmp_path)
    assert done.sender is not None
    assert (done.sender.cause, done.sender.figures.coding) == (Cause.OK, "t85")
    assert done.receipts == [(Receipt.CLEAN, True)] * 2
    assert len(done.pages) == 2
    for page, other in zip(pages, done.pages, strict=True):
        assert same_pixels(page, other) is None


def test_small_frames_from_us_to_us_with_pages_of_several_blocks(tmp_path: Path) -> None:
    pages = [dense(1, rows=120)]
    plan = replace(plan_for(pages, LinePolicy(small_frames=True, codings=("mh",), header_line=False)), dial=NUMBER)
    done = call_ourselves(lambda now: Call(plan, pages, now=now), out=tmp_path)
    assert done.frames_in.count("PPS") > 2
    assert same_pixels(pages[0], done.pages[0]) is None


def test_wide_pages_from_us_to_us_and_to_a_narrow_machine(tmp_path: Path) -> None:
    wide = picture(1, rows=200, width=2432)
    plan = replace(plan_for([wide], LinePolicy(header_line=False)), dial=NUMBER)
    done = call_ourselves(lambda now: Call(plan, [wide], now=now), out=tmp_path / "wide")
    assert same_pixels(wide, done.pages[0]) is None
    narrow = call_ourselves(
        lambda now: Call(plan, [wide], now=now), out=tmp_path / "narrow", policy=replace(POLICY, width=1728)
    )
    assert (narrow.pages[0].width, narrow.pages[0].rows) == (1728, 143)


@pytest.mark.parametrize(("width", "taken"), [(2048, ("A4", "B4")), (2432, ("A4", "B4", "A3"))])
def test_wide_pages_to_libspandsp(width: int, taken: tuple[str, ...], tmp_path: Path) -> None:
    pages = [picture(1, rows=120, width=width)]
    done = call_up(pages, replace(FAX, fax=Fax(widths=taken)), out=tmp_path)
    assert_same(pages, done)


# What a call teaches the next one.

BAD_TRAINING = Disturbance(
    kind=Disturbs.NOISE, start=Moment(what="received DCS", delay_s=2.3), seconds=0.6, direction=Direction.TO_CALLED
)


def with_memory(memory: LineMemory | None) -> CallPlan:
    assert memory is not None
    return replace(plan_for([picture(1)]), memory=memory)


def test_after_a_bad_training_the_next_call_begins_slower_and_the_one_after_it_rises(tmp_path: Path) -> None:
    far = replace(FAX, line=Impairments(disturbances=(BAD_TRAINING,)))
    first = call_up([picture(1)], far, out=tmp_path / "1")
    assert first.outcome.memory == LineMemory(max_rate_bps=12000)
    second = call_up([picture(1)], out=tmp_path / "2", plan=with_memory(first.outcome.memory))
    assert second.outcome.figures.rate_bps == 12000
    assert second.outcome.memory == NOTHING_KNOWN
    assert replay(second.entries).same


def test_a_far_end_that_leaves_at_v17_is_called_with_v29_next_time(tmp_path: Path) -> None:
    first = call_up([picture(1)], replace(FAX, script=REFUSES), out=tmp_path / "1")
    memory = first.outcome.memory
    assert memory is not None
    assert memory.without_v17 > 0
    second = call_up([picture(1)], out=tmp_path / "2", plan=with_memory(memory))
    assert second.outcome.cause is Cause.OK
    assert second.outcome.figures.modulation == "V.29"


@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        (LineMemory(without_ecm=2), {"ecm": False}),
        (LineMemory(without_codings=("mmr", "mr"), without_codings_for=2), {"coding": "mh"}),
        (LineMemory(without_codings=("mmr", "mr", "mh", "t85"), without_codings_for=2), {"coding": "mh"}),
        (LineMemory(max_rate_bps=4800), {"rate_bps": 4800}),
    ],
)
def test_what_is_remembered_is_left_out(memory: LineMemory, expected: dict[str, object], tmp_path: Path) -> None:
    done = call_up([picture(1)], out=tmp_path, plan=with_memory(memory))
    assert done.outcome.cause is Cause.OK
    for name, value in expected.items():
        assert getattr(done.outcome.figures, name) == value


def test_a_clean_call_remembers_nothing_and_a_busy_one_keeps_what_was_known(tmp_path: Path) -> None:
    assert call_up([picture(1)], out=tmp_path / "1").outcome.memory == NOTHING_KNOWN
    known = LineMemory(max_rate_bps=7200, without_v17=3)
    busy = call_up([picture(1)], replace(FAX, busy_calls=1), out=tmp_path / "2", plan=with_memory(known))
    assert busy.outcome.cause is Cause.BUSY
    assert busy.outcome.memory == known


# Outcome.


def test_every_end_says_what_to_do_next(tmp_path: Path) -> None:
    done = call_up([picture(1)], replace(FAX, busy_calls=1), out=tmp_path)
    assert (done.outcome.code, done.outcome.advice) == ("E001", "It is tried again in a short while.")
    good = call_up([picture(1)], out=tmp_path / "good")
    assert (good.outcome.code, good.outcome.advice) == ("", "Nothing is left to do.")


# The matrix's corners that cannot be as asked.


@pytest.mark.parametrize("resolution", ["standard", "fine", "superfine"])
def test_t6_without_ecm_is_not_possible_and_the_pages_go_in_another_coding(resolution: str, tmp_path: Path) -> None:
    dpi = {"standard": 98, "fine": 196, "superfine": 391}[resolution]
    pages = [picture(seed, rows=120, dpi_y=dpi) for seed in (1, 2)]
    far = replace(FAX, fax=Fax(ecm=False))
    done = call_up(pages, far, out=tmp_path, policy=LinePolicy(codings=("mmr", "mr", "mh")))
    assert done.outcome.figures.coding in ("mr", "mh")
    assert_same(pages, done)


def test_the_next_page_is_coded_while_the_one_before_it_goes_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the pages that are coded before dialling, too: its training need not wait for a coder."""
    pages = [dense(seed, rows=20) for seed in range(12)]
    coded_in: list[set[str]] = []
    real = choice.code_for_line

    def noted(*arguments: object, **options: object) -> bytes:
        coded_in.append({frame.name for frame in traceback.extract_stack()})
        return real(*arguments, **options)  # type: ignore[arg-type]

    plan = plan_for(pages)
    monkeypatch.setattr(choice, "code_for_line", noted)
    call_up(pages, out=tmp_path, plan=plan)
    assert not any("_start_page" in stack for stack in coded_in)
    assert sum("look_ahead" in stack for stack in coded_in) == 4

"""Recorded far ends played against the code: the same then and now, and every change found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from modem.call import Call
from modem.entries import Entry
from modem.journal import read
from modem.journal_writer import JournalWriter
from modem.outcome import Cause
from modem.plan import CallPlan, LinePolicy
from modem.recorded import NotARecordingError, read_recording
from modem.replay import replay
from modem.soft.farend import REFUSES, Answers, FarEnd, Fax
from modem.soft.line import Direction, Disturbance, Disturbs, Impairments, Moment
from modem.t30 import core, sender
from tests.modem.line import FAX, NUMBER, Done, call_up, dense, picture, plan_for

NOISE = Disturbance(kind=Disturbs.NOISE, start=Moment(what="page", delay_s=4.0), seconds=0.2)
BAD_TRAINING = Disturbance(
    kind=Disturbs.NOISE, start=Moment(what="received DCS", delay_s=2.3), seconds=0.6, direction=Direction.TO_CALLED
)
NO_MCF = Disturbance(kind=Disturbs.SILENCE, start=Moment(what="sent MCF"), seconds=1.5, direction=Direction.TO_CALLER)
CALLS: dict[str, tuple[FarEnd, int]] = {
    "with ECM": (FAX, 2),
    "without ECM": (replace(FAX, fax=Fax(ecm=False)), 2),
    "an old machine": (replace(FAX, fax=Fax(ecm=False, codings=("MH",), modulations=("V27TER",))), 1),
    "noise in a page": (replace(FAX, line=Impairments(disturbances=(NOISE,))), 2),
    "noise in the training": (replace(FAX, line=Impairments(disturbances=(BAD_TRAINING,))), 1),
    "an answer that is lost": (replace(FAX, fax=Fax(ecm=False), line=Impairments(disturbances=(NO_MCF,))), 1),
    "not ready": (replace(FAX, fax=Fax(not_ready_count=3)), 1),
    "hangs up in page 2": (replace(FAX, hang_up=Moment(what="page", nth=2, delay_s=3.0)), 3),
    "refuses": (replace(FAX, script=REFUSES), 1),
    "busy": (FarEnd(number=NUMBER, answers=Answers.BUSY), 1),
    "voice": (FarEnd(number=NUMBER, answers=Answers.VOICE, rings=3), 1),
}


def made(name: str, out: Path) -> Done:
    far, count = CALLS[name]
    return call_up([dense(seed, rows=40) for seed in range(1, count + 1)], far, out=out)


def through_a_file(entries: list[Entry], path: Path) -> list[Entry]:
    writer = JournalWriter(path)
    writer.append(entries)
    assert writer.close()
    lines, _ = read(path)
    return list(lines)


@pytest.mark.parametrize("name", CALLS)
def test_today_s_code_does_what_it_did(name: str, tmp_path: Path) -> None:
    done = made(name, tmp_path)
    verdict = replay(through_a_file(done.entries, tmp_path / "journal"))
    assert verdict.difference is None
    assert verdict.same
    assert verdict.timing == ()
    assert verdict.acts >= 7
    assert verdict.now is not None
    assert verdict.now.cause is done.outcome.cause
    assert verdict.now.pages == done.outcome.pages
    assert verdict.now.figures.line_seconds == pytest.approx(done.outcome.figures.line_seconds, abs=0.01)


def test_pages_of_several_forms_and_codings_weigh_the_same_again(tmp_path: Path) -> None:
    pages = [picture(1, dpi_y=98, rows=100), dense(2, rows=30), picture(3)]
    done = call_up(pages, out=tmp_path)
    assert done.frames.count("DCS") == 2
    assert replay(done.entries).same


def test_cancelled_calls_are_cancelled_again(tmp_path: Path) -> None:
    def act(call: Call, now: float, seen: list[Entry]) -> None:
        if sum(entry.kind == "page-progress" for entry in seen) == 2:
            call.cancel(now)

    done = call_up([dense(1, rows=60)], out=tmp_path, act=act)
    assert done.outcome.cause is Cause.CANCELLED
    verdict = replay(done.entries)
    assert verdict.same
    assert verdict.now is not None
    assert verdict.now.cause is Cause.CANCELLED


def test_a_device_that_was_pulled_out_is_gone_again(tmp_path: Path) -> None:
    def act(call: Call, now: float, seen: list[Entry]) -> None:
        if any(entry.kind == "page-answer" for entry in seen):
            call.hung_up(now)

    done = call_up([picture(1), picture(2)], out=tmp_path, act=act)
    verdict = replay(done.entries)
    assert verdict.same
    assert verdict.now is not None
    assert verdict.now.cause is Cause.DEVICE_MISSING


def test_passwords_are_masked_in_the_recording_and_do_not_hinder_it(tmp_path: Path) -> None:
    plan = plan_for([picture(1)])
    (document,) = plan.documents
    plan = replace(plan, documents=(replace(document, sub_address="12", password="open sesame"),))
    done = call_up([picture(1)], out=tmp_path / "out", plan=plan, far=replace(FAX, script=KNOWS_PASSWORDS))
    assert "SID" in done.frames
    journal = tmp_path / "journal"
    again = through_a_file(done.entries, journal)
    assert b"sesame" not in journal.read_bytes()
    assert b"emases"[::-1].hex().encode() not in journal.read_bytes()
    assert all("sesame" not in str(entry.fields) for entry in done.entries)
    assert b"open sesame"[::-1].hex() not in str([entry.fields for entry in done.entries])
    assert replay(again).same


# V.17, ECM, MMR, sub-address and password; it leaves after the training.
KNOWS_PASSWORDS = ("send 8000EEFAC4808083", "receive DCS", "image long", "send DCN")


# Changes are found.


def test_another_number_of_tries_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = made("hangs up in page 2", tmp_path)
    monkeypatch.setattr(sender, "TRIES", 2)
    difference = replay(done.entries).difference
    assert difference is not None
    assert difference.then.startswith(("PPS", "AT+F"))


def test_another_timer_is_found_in_the_timing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = made("an answer that is lost", tmp_path)
    monkeypatch.setattr(core, "T4_S", 3.0)
    verdict = replay(done.entries)
    assert verdict.same
    assert [(text, round(shift, 2)) for _, text, shift in verdict.timing] == [("EOP", -0.2)]


def test_another_frame_is_found(tmp_path: Path) -> None:
    done = made("with ECM", tmp_path)
    changed = [
        replace(entry, fields={**entry.fields, "octets": "ff13ff"})
        if entry.kind == "frame" and entry.fields["name"] == "PPS"
        else entry
        for entry in done.entries
    ]
    difference = replay(changed).difference
    assert difference is not None
    assert (difference.then, difference.now[:3]) == ("PPS ff13ff", "PPS")


def test_a_recording_that_ends_in_the_middle_is_played_as_far_as_it_goes(tmp_path: Path) -> None:
    done = made("with ECM", tmp_path)
    cut = next(at for at, entry in enumerate(done.entries) if entry.kind == "page-answer")
    verdict = replay(done.entries[:cut])
    assert verdict.difference is not None
    assert verdict.difference.then == ""
    assert verdict.then is None


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([], "no call"),
        ([Entry("begin", 0.0, {"call": "1", "dial": "1"})], "version"),
        ([Entry("begin", 0.0, {"plan": {"call": 3}})], "cannot be understood"),
    ],
)
def test_what_cannot_be_played_is_refused_in_words(entries: list[Entry], words: str) -> None:
    with pytest.raises(NotARecordingError, match=words):
        read_recording(entries)


def test_the_policy_is_part_of_the_recording(tmp_path: Path) -> None:
    policy = LinePolicy(ecm=False, max_rate_bps=9600, codings=("mr",), header_line=False)
    done = call_up([picture(1)], out=tmp_path, policy=policy)
    task = read_recording(done.entries).task
    assert isinstance(task, CallPlan)
    assert task.policy == policy
    assert replay(done.entries).same


@pytest.mark.parametrize("kind", ["frame", "command", "page-intent", "page-answer", "trained", "response"])
@pytest.mark.parametrize("value", [None, "zz", 7, [], {}], ids=str)
def test_a_journal_with_a_damaged_line_is_played_or_refused_in_words(kind: str, value: object, tmp_path: Path) -> None:
    """A line that a bad disk has changed can be JSON all the same."""
    entries = made("noise in a page", tmp_path).entries
    for at, entry in enumerate(entries):
        if entry.kind != kind:
            continue
        for name in entry.fields:
            damaged = replace(entry, fields={**entry.fields, name: value})
            try:
                replay([*entries[:at], damaged, *entries[at + 1 :]])
            except NotARecordingError as error:
                assert "damaged" in str(error)
        break

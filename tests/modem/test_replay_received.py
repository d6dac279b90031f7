"""Recorded calls that received, played against the code: by us answering, polling and being polled."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from codec.page import Page
from modem import journal
from modem.answer import Answer
from modem.call import Call
from modem.entries import Entry
from modem.journal_writer import JournalWriter
from modem.outcome import Cause
from modem.plan import LinePolicy, PlannedFetch
from modem.receipt import CallerId
from modem.recorded import Answered, NotARecordingError, read_recording
from modem.replay import replay
from modem.soft.farend import Fax
from modem.soft.line import Direction, Disturbance, Disturbs, Impairments, Moment
from modem.t30 import receiver_images
from modem.t30.receiver_abilities import CopyQuality, ReceiverPolicy
from tests.modem.answering import CALLER, NUMBER, POLICY, Received, Storing, be_called, call_ourselves
from tests.modem.line import dense, picture, plan_for
from tests.modem.test_answer import disturbed
from tests.modem.test_call_fetching import DOCUMENT, NOTHING, fetch

PAGES = [picture(1, rows=100), picture(2, rows=60)]


def kept(entries: list[Entry], path: Path) -> list[Entry]:
    """The entries as they come back from a disk."""
    writer = JournalWriter(path)
    writer.append(entries)
    assert writer.close()
    return list(journal.with_images(path, journal.read(path)[0]))


def assert_the_same(entries: list[Entry], path: Path) -> None:
    verdict = replay(kept(entries, path))
    assert verdict.difference is None
    assert verdict.timing == ()
    assert verdict.then is not None and verdict.now is not None
    assert verdict.now.cause is verdict.then.cause
    assert verdict.acts > 10


def sent(pages: list[Page], policy: LinePolicy | None = None) -> Callable[[float], Call]:
    plan = plan_for(pages, policy, dial=NUMBER)
    return lambda now: Call(plan, pages, now=now)


def caller(what: str, delay_s: float, seconds: float) -> Impairments:
    noise = Disturbance(
        kind=Disturbs.NOISE, start=Moment(what=what, delay_s=delay_s), seconds=seconds, direction=Direction.TO_CALLED
    )
    return Impairments(disturbances=(noise,))


def cancelled(out: Path) -> Received:
    def cancel(storing: Storing, now: float) -> None:
        kinds = [entry.kind for entry in storing.seen]
        if "trained" in kinds and "asked-to-end" not in kinds:
            storing.answer.cancel(now)

    return be_called(PAGES, out=out, meddle=cancel)


def slow(seconds: float, *, ecm: bool, out: Path) -> Received:
    """The disk takes so long for the first page: the far end is held."""
    since: list[float] = []

    def meddle(storing: Storing, now: float) -> None:
        if storing.pages and not since:
            since.append(now)
        storing.slow_disk = bool(since) and now < since[0] + seconds
        if since and not storing.slow_disk:
            storing.store(now)

    def early(storing: Storing, now: float) -> None:
        storing.slow_disk = True
        meddle(storing, now)
        storing.slow_disk = storing.slow_disk or not since

    return call_ourselves(sent(PAGES, LinePolicy(ecm=ecm)), out=out, meddle=early)


def failing(out: Path) -> Received:
    def fail(storing: Storing, now: float) -> None:
        storing.slow_disk = True
        kinds = [entry.kind for entry in storing.seen]
        if storing.pages and "store-failed" not in kinds and storing.outcome is None:
            storing.answer.store_failed("no space left on device", now)

    return call_ourselves(sent(PAGES), out=out, meddle=fail)


def pulled(out: Path) -> Received:
    def pull(storing: Storing, now: float) -> None:
        if any(entry.kind == "page-received" for entry in storing.seen):
            storing.answer.hung_up(now)

    return be_called(PAGES, out=out, meddle=pull)


STRICT = replace(POLICY, quality=CopyQuality(mcf_below=0.0001, rtp_below=0.001))
CALLS: dict[str, Callable[[Path], Received]] = {
    "with ECM": lambda out: be_called(PAGES, out=out),
    "without ECM": lambda out: be_called(PAGES, out=out, fax=Fax(ecm=False)),
    "an old machine": lambda out: be_called(
        PAGES[:1], out=out, fax=Fax(ecm=False, codings=("MH",), modulations=("V27TER",))
    ),
    "noise in a page": lambda out: disturbed(Disturbs.NOISE, "sent TSI", 11.0, 0.2, ecm=True, out=out),
    "bad rows": lambda out: disturbed(Disturbs.NOISE, "sent TSI", 11.0, 0.05, ecm=False, out=out),
    "noise in the training": lambda out: disturbed(Disturbs.NOISE, "sent TSI", 4.3, 0.9, ecm=True, out=out),
    "a page that is refused": lambda out: be_called(
        [dense(1, rows=60)],
        out=out,
        fax=Fax(ecm=False),
        policy=STRICT,
        caller=replace(CALLER, line=caller("sent TSI", 11.0, 0.05)),
    ),
    "hangs up in page 2": lambda out: be_called(
        [picture(1, rows=200), dense(2, rows=200)],
        out=out,
        caller=replace(CALLER, hang_up=Moment(what="received MCF", delay_s=4.0)),
    ),
    "says nothing": lambda out: be_called([], out=out),
    "cancelled": cancelled,
    "a slow disk with ECM": lambda out: slow(7.0, ecm=True, out=out),
    "a slow disk without ECM": lambda out: slow(4.0, ecm=False, out=out),
    "a full disk": failing,
    "the modem pulled out": pulled,
}


@pytest.mark.parametrize("name", CALLS)
def test_today_s_code_receives_as_it_did(name: str, tmp_path: Path) -> None:
    done = CALLS[name](tmp_path / "call")
    assert_the_same(done.entries, tmp_path / "journal")


def test_the_slow_disks_of_these_tests_hold_the_far_end(tmp_path: Path) -> None:
    assert "RNR" in slow(7.0, ecm=True, out=tmp_path / "ecm").frames_out
    assert "CRP" in slow(4.0, ecm=False, out=tmp_path / "plain").frames_out


@pytest.mark.parametrize("ecm", [True, False])
def test_a_document_is_fetched_again(ecm: bool, tmp_path: Path) -> None:
    plan = replace(NOTHING, policy=LinePolicy(ecm=ecm), fetch=PlannedFetch(password="sesame", selection="7"))
    done = fetch(plan, [], tmp_path, policy=replace(POLICY, poll_password="sesame", poll_selection="7"))
    assert done.outcome.cause is Cause.OK
    assert_the_same(done.entries, tmp_path / "journal")


def test_pages_go_out_and_others_come_in_again(tmp_path: Path) -> None:
    pages = [picture(1, rows=60), picture(2, rows=61)]
    plan = replace(plan_for(pages), dial=NUMBER, fetch=PlannedFetch())
    done = fetch(plan, pages, tmp_path)
    assert done.outcome.cause is Cause.OK
    assert_the_same(done.entries, tmp_path / "journal")


@pytest.mark.parametrize(("password", "cause"), [("sesame", Cause.OK), ("open", Cause.INCOMPATIBLE)])
def test_we_are_polled_again_and_the_password_is_nowhere(password: str, cause: Cause, tmp_path: Path) -> None:
    policy = replace(POLICY, poll_password="sesame")
    plan = replace(NOTHING, fetch=PlannedFetch(password=password))

    def answer(now: float) -> Answer:
        return Answer("in-1", policy, now, caller=CallerId(number="5559000"), document=DOCUMENT)

    done = call_ourselves(lambda now: Call(plan, [], now=now), out=tmp_path / "call", answer_for=answer)
    assert done.outcome.cause is cause
    assert_the_same(done.entries, tmp_path / "journal")
    told = (tmp_path / "journal").read_text()
    assert password not in told
    assert password[::-1].encode().hex() not in told.lower()
    task = read_recording(kept(done.entries, tmp_path / "again")).task
    assert isinstance(task, Answered)
    assert task.caller == CallerId(number="5559000")


def test_what_came_in_lies_beside_the_journal_and_not_in_it(tmp_path: Path) -> None:
    done = be_called(PAGES[:1], out=tmp_path / "call")
    again = kept(done.entries, tmp_path / "journal")
    before = [entry.fields for entry in done.entries if entry.kind == "image"]
    after = [entry.fields for entry in again if entry.kind == "image"]
    assert [fields["data"] for fields in after] == [fields["data"] for fields in before]
    assert len(before) == 2  # the training check and the page
    assert '"data"' not in (tmp_path / "journal").read_text()
    assert journal.images_path(tmp_path / "journal").stat().st_mode & 0o777 == 0o600
    journal.images_path(tmp_path / "journal").unlink()
    lines = journal.with_images(tmp_path / "journal", journal.read(tmp_path / "journal")[0])
    with pytest.raises(NotARecordingError, match="beside"):
        replay(lines)


def test_images_that_were_spoilt_on_the_disk_are_not_played(tmp_path: Path) -> None:
    done = be_called(PAGES[:1], out=tmp_path / "call")
    kept(done.entries, tmp_path / "journal")
    images = journal.images_path(tmp_path / "journal")
    octets = bytearray(images.read_bytes())
    chance = random.Random(1)
    for _ in range(50):
        spoilt = bytearray(octets)
        for _ in range(chance.randrange(1, 9)):
            spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
        images.write_bytes(spoilt[: chance.randrange(len(spoilt))])
        lines = journal.with_images(tmp_path / "journal", journal.read(tmp_path / "journal")[0])
        with pytest.raises(NotARecordingError):
            replay(lines)


# Changes are found.


def test_other_copy_quality_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = CALLS["a page that is refused"](tmp_path)
    changed = [
        replace(entry, fields={**entry.fields, "policy": {**entry.fields["policy"], "quality": {}}})
        if entry.kind == "begin"
        else entry
        for entry in done.entries
    ]
    difference = replay(changed).difference
    assert difference is not None
    assert (difference.then[:3], difference.now[:3]) in {("RTN", "AT+"), ("RTN", "MCF"), ("AT+", "RTN"), ("RTN", "RTP")}


def test_a_page_that_is_decoded_otherwise_is_found(tmp_path: Path) -> None:
    done = be_called(PAGES[:1], out=tmp_path, fax=Fax(ecm=False))
    images = [at for at, entry in enumerate(done.entries) if entry.kind == "image"]
    page = done.entries[images[1]]
    data = bytearray(page.fields["data"])
    data[len(data) // 2] ^= 0x10
    changed = [*done.entries]
    changed[images[1]] = replace(page, fields={**page.fields, "data": bytes(data)})
    difference = replay(changed).difference
    assert difference is not None
    assert "0 of 100 rows bad" in difference.then
    assert difference.then != difference.now


def test_another_patience_with_a_slow_disk_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = slow(7.0, ecm=True, out=tmp_path)
    monkeypatch.setattr(receiver_images, "HOLD_S", 1.0)
    verdict = replay(done.entries)
    assert verdict.difference is not None or verdict.timing


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([Entry("begin", 0.0, {"incoming": True})], "version"),
        ([Entry("begin", 0.0, {"incoming": True, "policy": {"csi": 3}})], "cannot be understood"),
        ([Entry("begin", 0.0, {"incoming": True, "policy": {}}), Entry("page-received", 1.0)], "version"),
    ],
)
def test_what_cannot_be_played_is_refused_in_words(entries: list[Entry], words: str) -> None:
    with pytest.raises(NotARecordingError, match=words):
        read_recording(entries)


def test_the_policy_is_part_of_the_recording(tmp_path: Path) -> None:
    policy = ReceiverPolicy(csi="+1 555 2001", ecm=False, v17=False, codings=(), sub_addresses=("12",), scan_time_ms=20)
    done = be_called(PAGES[:1], out=tmp_path, policy=policy)
    task = read_recording(done.entries).task
    assert isinstance(task, Answered)
    assert task.policy == policy

"""Reading a journal and telling pages' fates from it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modem import journal
from modem.entries import Entry
from modem.journal_writer import JournalWriter
from modem.outcome import Cause, Fate, Fault, Outcome, Phase, Retry
from tests.modem.port.samples import (
    ALL_SENT,
    BEFORE_PAGES,
    PLAN,
    WHOLE_CALL,
    answer,
    end,
    entry,
    fates,
    intent,
)

C, D, R, U, N = Fate.CONFIRMED, Fate.DAMAGED, Fate.REFUSED, Fate.UNCERTAIN, Fate.NOT_SENT


def written(path: Path, entries: Sequence[Entry]) -> Path:
    writer = JournalWriter(path)
    writer.append(entries)
    assert writer.close()
    return path


def told(entries: Sequence[Entry]) -> list[Fate]:
    return [page.fate for page in journal.page_fates(entries, PLAN)]


def test_what_is_written_is_read_with_numbers_from_0(tmp_path: Path) -> None:
    lines, offset = journal.read(written(tmp_path / "j", WHOLE_CALL))
    assert [line.n for line in lines] == list(range(len(WHOLE_CALL)))
    assert [(line.kind, line.t) for line in lines] == [(one.kind, one.t) for one in WHOLE_CALL]
    assert [line.fields for line in lines[1:-1]] == [one.fields for one in WHOLE_CALL[1:-1]]
    assert offset == (tmp_path / "j").stat().st_size
    assert journal.outcome_of(lines, PLAN) == ALL_SENT


def test_begin_and_end_carry_the_wall_time(tmp_path: Path) -> None:
    lines, _ = journal.read(written(tmp_path / "j", WHOLE_CALL))
    assert [line.kind for line in lines if "at" in line.fields] == ["begin", "end"]


def test_a_journal_that_does_not_exist_has_no_lines(tmp_path: Path) -> None:
    assert journal.read(tmp_path / "none") == ([], 0)
    assert not journal.is_being_written(tmp_path / "none")


def test_cut_at_every_octet_it_reads_as_the_whole_lines_before(tmp_path: Path) -> None:
    content = written(tmp_path / "j", WHOLE_CALL).read_bytes()
    cut = tmp_path / "cut"
    for octets in range(len(content) + 1):
        cut.write_bytes(content[:octets])
        lines, offset = journal.read(cut)
        assert len(lines) == content[:octets].count(b"\n")
        assert offset == content.rfind(b"\n", 0, octets) + 1
        assert (journal.outcome_of(lines, PLAN) is None) == (octets < len(content))


def test_reading_on_from_the_offset_gives_each_line_once_however_it_grows(tmp_path: Path) -> None:
    content = written(tmp_path / "j", WHOLE_CALL).read_bytes()
    growing = tmp_path / "growing"
    growing.touch()
    offset, seen = 0, []
    for start in range(0, len(content), 37):
        with growing.open("ab") as file:
            file.write(content[start : start + 37])
        lines, offset = journal.read(growing, offset)
        seen += [line.n for line in lines]
    assert seen == list(range(len(WHOLE_CALL)))


def test_a_block_that_the_disk_lost_leaves_the_other_lines_standing(tmp_path: Path) -> None:
    path = written(tmp_path / "j", WHOLE_CALL)
    rows = path.read_bytes().splitlines(keepends=True)
    rows[5] = b"\0" * (len(rows[5]) - 1) + b"\n"
    rows[6] = b'{"n": 6, "t": "soon", "kind": "frame"}\n'
    path.write_bytes(b"".join(rows))
    lines, offset = journal.read(path)
    assert [line.n for line in lines] == [n for n in range(len(WHOLE_CALL)) if n not in (5, 6)]
    assert offset == path.stat().st_size


@given(st.binary(max_size=300))
def test_any_octets_are_read_without_an_error(tmp_path_factory: pytest.TempPathFactory, octets: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "j"
    path.write_bytes(octets)
    lines, offset = journal.read(path)
    assert offset <= len(octets)
    journal.outcome_after_death(lines, PLAN)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], [N, N, N]),
        ([intent(1, 1)], [U, N, N]),
        ([intent(1, 1), answer(1, 2)], [C, N, N]),
        ([intent(1, 1), answer(1, 2, D, "RTP")], [D, N, N]),
        ([intent(1, 1), answer(1, 2, R, "RTN")], [R, N, N]),
        ([intent(1, 1), answer(1, 2, R, "RTN"), intent(1, 3)], [U, N, N]),
        ([intent(1, 1), answer(1, 2, R, "RTN"), intent(1, 3), answer(1, 4)], [C, N, N]),
        ([intent(1, 1), answer(1, 2), intent(2, 3)], [C, U, N]),
        ([intent(1, 1), answer(1, 2), intent(1, 3)], [C, N, N]),
        ([intent(1, 1), answer(1, 2), answer(1, 3, U)], [C, N, N]),
        ([intent(1, 1), entry("page-answer", 2, job=7, number=1, fate="wonderful")], [U, N, N]),
        ([intent(1, 1), entry("page-answer", 2, job=8, number=1, fate="confirmed")], [U, N, N]),
        ([entry("page-intent", 1)], [N, N, N]),
    ],
)
def test_fates_follow_from_intents_and_answers(entries: list[Entry], expected: list[Fate]) -> None:
    assert told(entries) == expected


def test_the_end_has_the_last_word_but_takes_back_no_confirmation() -> None:
    outcome = Outcome(
        cause=Cause.LINE_LOST,
        phase=Phase.C,
        fault=Fault.LINE,
        retry=Retry.LATER,
        text="The line was lost.",
        pages=fates(U, R, N),
    )
    entries = [*BEFORE_PAGES, intent(1, 13), answer(1, 14), intent(2, 15), end(16, outcome)]
    assert told(entries) == [C, R, N]
    known = journal.outcome_of(entries, PLAN)
    assert known is not None
    assert known.pages == fates(C, R, N)


def test_an_end_that_makes_no_sense_is_no_end() -> None:
    assert journal.outcome_of([*WHOLE_CALL[:-1], entry("end", 99, outcome={"cause": "bad luck"})], PLAN) is None


@pytest.mark.parametrize("count", range(len(WHOLE_CALL)))
def test_after_a_death_at_any_entry_answered_pages_keep_their_fate(count: int) -> None:
    entries = WHOLE_CALL[:count]
    outcome = journal.outcome_after_death(entries, PLAN)
    assert outcome.cause is Cause.PORT_DIED
    assert outcome.fault is Fault.US
    answered = {one.fields["number"] for one in entries if one.kind == "page-answer"}
    intended = {one.fields["number"] for one in entries if one.kind == "page-intent"}
    for page in outcome.pages:
        expected = C if page.number in answered else U if page.number in intended else N
        assert page.fate is expected


@pytest.mark.parametrize(
    ("count", "phase", "retry"),
    [
        (0, Phase.SETUP, Retry.DEVICE),
        (2, Phase.SETUP, Retry.DEVICE),
        (3, Phase.A, Retry.LATER),
        (5, Phase.B, Retry.LATER),
        (9, Phase.C, Retry.LATER),
        (11, Phase.D, Retry.LATER),
        (16, Phase.D, Retry.NO_NEED),
        (17, Phase.E, Retry.NO_NEED),
    ],
)
def test_a_death_tells_its_phase_and_costs_a_try_only_after_dialling(count: int, phase: Phase, retry: Retry) -> None:
    outcome = journal.outcome_after_death(WHOLE_CALL[:count], PLAN)
    assert (outcome.phase, outcome.retry) == (phase, retry)


def test_after_a_death_the_figures_are_those_known_by_then() -> None:
    figures = journal.outcome_after_death(WHOLE_CALL[:12], PLAN).figures
    assert (figures.rate_bps, figures.modulation, figures.ecm, figures.far_ident) == (14400, "V.17", True, "+49 2")
    assert figures.line_seconds == pytest.approx(28.9)


def test_a_call_with_an_end_is_not_taken_for_dead() -> None:
    assert journal.outcome_after_death(WHOLE_CALL, PLAN) == ALL_SENT


def test_the_projection_may_be_repeated() -> None:
    assert journal.page_fates([*WHOLE_CALL, *WHOLE_CALL], PLAN) == journal.page_fates(WHOLE_CALL, PLAN)


def test_a_call_that_was_not_dialled_sent_nothing() -> None:
    outcome = journal.outcome_not_dialled(PLAN, Cause.DEVICE_MISSING, Fault.DEVICE, Retry.DEVICE, "No modem.")
    assert outcome.pages == fates(N, N, N)
    assert outcome.phase is Phase.SETUP


def test_passwords_are_masked_with_their_checksum(tmp_path: Path) -> None:
    secret = b"4711"
    octets = (b"\xff\x03\xc1" + secret[::-1].rjust(20) + b"\x12\x34").hex()
    frame = entry("frame", 1, dir="out", name="PWD", octets=octets, meaning="password 4711", good=True)
    command = entry("command", 2, text='AT+FPW="4711";+FLI="555"')
    content = written(tmp_path / "j", [frame, command]).read_bytes()
    assert b"4711" not in content
    assert octets[-4:].encode() not in content
    lines, _ = journal.read(tmp_path / "j")
    assert lines[0].fields["octets"] == "ff03c1" + "2A" * 22
    assert lines[1].fields["text"] == 'AT+FPW=***;+FLI="555"'

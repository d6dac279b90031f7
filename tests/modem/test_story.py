"""A journal told to people."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from modem.entries import Entry
from modem.story import WIDTH, Story, Way, lines, tell
from tests.modem.line import Done
from tests.modem.test_replay import CALLS, made


def text_of(story: Story) -> str:
    return "\n".join(text for _, text in lines(story))


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Done:
    return made("noise in a page", tmp_path_factory.mktemp("noisy"))


def test_the_ladder_has_every_frame_in_its_direction_and_order(noisy: Done) -> None:
    story = tell(noisy.entries)
    said = [rung for rung in story.rungs if rung.way in (Way.OUT, Way.IN)]
    names = [(rung.ours or rung.theirs).partition(":")[0] for rung in said]
    assert names[:5] == ["fax signal", "CSI", "DIS", "TSI, DCS", "CFR"]
    frames = [entry.fields["name"] for entry in noisy.entries if entry.kind == "frame"]
    assert ", ".join(names[1:]) == ", ".join(frames)
    assert [rung.t for rung in story.rungs] == sorted(rung.t for rung in story.rungs)


def test_pages_training_and_what_was_sent_again_are_told_with_their_time(noisy: Done) -> None:
    fast = [rung.ours for rung in tell(noisy.entries).rungs if rung.way is Way.FAST_OUT]
    assert fast[0].startswith("training check, 14400 V.17, ")
    assert fast[1].startswith("page 1, 14400 V.17, ")
    assert fast[2].startswith("page 1 again, what is missing, 14400 V.17, ")
    assert fast[3].startswith("page 2, ")
    assert all(words.endswith(" s") for words in fast)


def test_a_ppr_says_how_much_is_missing(noisy: Done) -> None:
    resent = noisy.outcome.figures.ecm_frames_resent
    assert f"PPR: {resent} of " in text_of(tell(noisy.entries)).replace("\n", " ")


def test_the_end_says_what_happened_what_to_do_and_the_customary_code(tmp_path: Path) -> None:
    told = text_of(tell(made("hangs up in page 2", tmp_path).entries))
    assert "The line went dead in the call." in told
    assert "Next      It is tried again by itself." in told
    assert "line-lost (E147), phase d; at fault: line; retry: later" in told
    assert "page 1 confirmed" in told
    assert "page 2 uncertain" in told
    assert "page 3 not-sent" in told


@pytest.mark.parametrize("name", CALLS)
def test_no_line_is_too_wide_and_every_call_has_its_end(name: str, tmp_path: Path) -> None:
    done = made(name, tmp_path)
    for commands in (False, True):
        told = list(lines(tell(done.entries, commands=commands)))
        assert all(len(text) <= WIDTH for _, text in told)
        assert done.outcome.text.split()[0] in " ".join(text for style, text in told if style == "tail")


def test_the_modem_s_commands_are_told_when_asked_for(noisy: Done) -> None:
    assert "AT+FCLASS=1" not in text_of(tell(noisy.entries))
    told = text_of(tell(noisy.entries, commands=True))
    assert "> AT+FCLASS=1" in told
    assert "< CONNECT" in told


def test_any_journal_can_be_told_as_far_as_it_goes(noisy: Done) -> None:
    for cut in range(len(noisy.entries)):
        told = text_of(tell(noisy.entries[:cut]))
        assert "This journal has no end" in told


def test_a_journal_with_missing_fields_is_told_all_the_same(noisy: Done) -> None:
    bare = [replace(entry, fields={}) for entry in noisy.entries]
    assert "cannot be understood" in text_of(tell(bare))
    assert tell([Entry("new-kind", 1.0, {"a": 1})]).rungs == ()


def test_a_frame_that_came_in_damaged_is_marked() -> None:
    entry = Entry(
        "frame", 3.0, {"dir": "in", "name": "?", "octets": "ff13", "meaning": "the FCS is wrong", "good": False}
    )
    (rung,) = tell([entry]).rungs
    assert (rung.way, rung.theirs) == (Way.BAD, "the FCS is wrong")


def test_a_call_that_came_in_is_told_with_its_caller_and_pages() -> None:
    entries = [
        Entry("begin", 0.0, {"incoming": True, "call": "in-1", "caller": {"number": "5551", "name": "ACME"}}),
        Entry("command", 1.0, {"text": "AT+FRM=146"}),
        Entry("response", 1.2, {"text": "CONNECT"}),
        Entry("response", 9.2, {"text": "NO CARRIER"}),
        Entry("page-received", 9.5, {"number": 1, "receipt": "clean", "rows": 2286}),
        Entry("page-confirmed", 10.0, {"number": 1, "by": "MCF"}),
    ]
    told = text_of(tell(entries))
    assert "in-1, incoming from 5551 ACME" in told
    assert "image, 14400 V.17, 8.2 s" in told
    assert "page 1: clean, 2286 rows" in told

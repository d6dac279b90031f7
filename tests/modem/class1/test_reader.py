"""The parser of what a modem says: in any pieces, with echo, garbage and quirks."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from modem.class1.profile import FALLBACK_CODES, listed_codes, lists_class_1
from modem.class1.reader import Block, Line, Reader, Result, Token, escape, result_of
from modem.t30.rates import FTM_CODES

Feed = Callable[[Reader, bytes], list[Token]]


def whole(reader: Reader, octets: bytes) -> list[Token]:
    reader.feed(octets)
    return drained(reader)


def octet_by_octet(reader: Reader, octets: bytes) -> list[Token]:
    found: list[Token] = []
    for octet in octets:
        reader.feed(bytes((octet,)))
        found += drained(reader)
    return found


def drained(reader: Reader) -> list[Token]:
    found: list[Token] = []
    while (token := reader.next()) is not None:
        found.append(token)
        if isinstance(token, Line) and token.result is Result.CONNECT:
            reader.expect_frame()
    return found


FEEDS = pytest.mark.parametrize("feed", [whole, octet_by_octet])
FRAME = bytes.fromhex("FF138CA2F1")


@FEEDS
def test_lines_results_and_frames_in_a_row(feed: Feed) -> None:
    said = b"AT+FRH=3\r\r\nCONNECT\r\n" + FRAME + b"\x10\x03\r\nOK\r\n\r\nNO CARRIER\r\n"
    assert feed(Reader(), said) == [
        Line("AT+FRH=3", None),
        Line("CONNECT", Result.CONNECT),
        Block(FRAME),
        Line("OK", Result.OK),
        Line("NO CARRIER", Result.NO_CARRIER),
    ]


@FEEDS
@pytest.mark.parametrize("end", ["\r\n", "\r", "\n", "\r\n\r\n"], ids=["CRLF", "CR", "LF", "two"])
def test_any_line_end_will_do(feed: Feed, end: str) -> None:
    said = f"OK{end}CONNECT{end}".encode() + FRAME + f"\x10\x03OK{end}".encode()
    results = list(feed(Reader(), said))
    assert results == [Line("OK", Result.OK), Line("CONNECT", Result.CONNECT), Block(FRAME), Line("OK", Result.OK)]


@FEEDS
def test_doubled_dle_and_dle_sub_are_undone(feed: Feed) -> None:
    reader = Reader()
    reader.expect_frame()
    data = b"\xff\x10\x41\x10\x10\x42"
    assert feed(reader, escape(data) + b"\x10\x03") == [Block(data)]
    reader.expect_frame()
    assert feed(reader, b"\xff\x10\x1a\x43\x10\x03") == [Block(b"\xff\x10\x10\x43")]


@FEEDS
def test_an_odd_dle_pair_is_skipped(feed: Feed) -> None:
    reader = Reader()
    reader.expect_frame()
    assert feed(reader, b"\xff\x01\x10\x55\x02\x10\x03") == [Block(b"\xff\x01\x02")]


@FEEDS
def test_flags_and_garbage_before_the_frame_are_skipped(feed: Feed) -> None:
    reader = Reader()
    reader.expect_frame()
    assert feed(reader, b"\x7e\x7e\x00\x31" + FRAME + b"\x10\x03") == [Block(FRAME)]


@FEEDS
def test_a_result_code_instead_of_a_frame(feed: Feed) -> None:
    reader = Reader()
    assert feed(reader, b"\r\nCONNECT\r\n\r\nNO CARRIER\r\n\r\nOK\r\n") == [
        Line("CONNECT", Result.CONNECT),
        Line("NO CARRIER", Result.NO_CARRIER),
        Line("OK", Result.OK),
    ]


@FEEDS
def test_a_frame_without_octets(feed: Feed) -> None:
    assert feed(Reader(), b"CONNECT\r\n\x10\x03\r\nERROR\r\n") == [
        Line("CONNECT", Result.CONNECT),
        Block(b""),
        Line("ERROR", Result.ERROR),
    ]


def test_a_frame_without_an_end_does_not_fill_the_memory() -> None:
    reader = Reader()
    reader.expect_frame()
    assert whole(reader, b"\xff" * 100_000) == []
    (block,) = whole(reader, b"\x10\x03")
    assert isinstance(block, Block)
    assert len(block.octets) < 1000


def test_a_line_without_an_end_does_not_fill_the_memory() -> None:
    reader = Reader()
    for _ in range(100):
        whole(reader, b"x" * 1000)
    (line,) = whole(reader, b"\r")
    assert isinstance(line, Line)
    assert len(line.text) < 3000


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("OK", Result.OK),
        ("ok", Result.OK),
        ("CONNECT", Result.CONNECT),
        ("CONNECT 14400/ARQ", Result.CONNECT),
        ("NO  CARRIER", Result.NO_CARRIER),
        ("NO DIAL TONE", Result.NO_DIALTONE),
        ("NO DIALTONE", Result.NO_DIALTONE),
        ("+FCERROR", Result.FCERROR),
        ("+FRH:3", Result.FRH3),
        ("DIALING DISABLED", Result.BLACKLISTED),
        ("CONNECTED", None),
        ("0", None),
        ("", None),
    ],
)
def test_result_codes(text: str, result: Result | None) -> None:
    assert result_of(text) is result


def test_random_octets_are_survived() -> None:
    chance = random.Random(7)
    for _ in range(300):
        reader = Reader()
        for _ in range(20):
            if chance.random() < 0.3:
                reader.expect_frame()
            pieces = [b"\r", b"\n", b"\x10\x03", b"\x10", b"\xff", b"OK", b"CONNECT", chance.randbytes(5)]
            whole(reader, b"".join(chance.choice(pieces) for _ in range(10)))


@pytest.mark.parametrize(
    ("lines", "codes"),
    [
        (["24,48,72,73,74,96,97,98,121,122,145,146"], FTM_CODES),
        (["(3,24,48,72,73,74,96,97,98,121,122,145,146)"], FTM_CODES),
        (["+FTM:(24,48,72,96)"], {24, 48, 72, 96}),
        (["(24-48),(72-74)", "96"], {24, 48, 72, 73, 74, 96}),
        (["3"], set()),
        ([], set()),
    ],
)
def test_lists_of_modulations(lines: list[str], codes: set[int]) -> None:
    assert listed_codes(lines) == codes
    assert frozenset((24, 48, 72, 96)) == FALLBACK_CODES


@pytest.mark.parametrize(
    ("lines", "has"),
    [
        (["0,1,2"], True),
        (["(0-2)"], True),
        (["0,1,1.0,2,2.0,8"], True),
        (["+FCLASS: (0,1)"], True),
        (["0,2,2.0"], False),
        (["0,1.0"], False),
        ([], None),
    ],
)
def test_lists_of_service_classes(lines: list[str], has: bool | None) -> None:
    assert lists_class_1(lines) is has

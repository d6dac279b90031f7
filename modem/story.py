"""A call's journal told to people: who called whom, a ladder of what went over the line, and how it ended.

What always holds: pure; any journal can be told, whole or cut off, of a call that went out or came in; nothing is told
that the journal does not say, and passwords are not in it. Lines are at most ``WIDTH`` characters wide but for words
that are longer themselves. What it must not do: know of terminals; styles are names.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

import msgspec

from modem.entries import Entry, page_words
from modem.outcome import FetchedPage, Figures, Outcome
from modem.receipt import AnswerOutcome, PageReceipt
from modem.t30.rates import RATES

WIDTH = 100
_TIME = 9
_LEFT = 34
_ARROW = 12
_FAST = re.compile(r"AT\+F([TR])M=(\d+)")
_RATES = {rate.long_code: rate for rate in RATES} | {rate.short_code: rate for rate in RATES}
_DONE = ("OK", "ERROR", "NO CARRIER", "+FCERROR")


class Way(Enum):
    """Where a line of the ladder goes."""

    OUT = "out"
    IN = "in"
    FAST_OUT = "fast-out"
    FAST_IN = "fast-in"
    NOTE = "note"  # ours alone
    BAD = "bad"  # came in damaged, or a failure


@dataclass(frozen=True)
class Rung:
    """One line of the ladder. ``ours`` stands on our side, ``theirs`` on the far end's."""

    t: float
    way: Way
    ours: str = ""
    theirs: str = ""


@dataclass(frozen=True)
class Story:
    """``head`` and ``tail``: names with what is to be said of each."""

    head: tuple[tuple[str, str], ...]
    rungs: tuple[Rung, ...]
    tail: tuple[tuple[str, str], ...]


def tell(entries: Sequence[Entry], *, commands: bool = False) -> Story:
    """The story of a journal; ``commands``: with the modem's commands and answers."""
    return Story(tuple(_head(entries)), tuple(_ladder(entries, commands)), tuple(_tail(entries)))


def _head(entries: Sequence[Entry]) -> Iterator[tuple[str, str]]:
    begin = entries[0].fields if entries and entries[0].kind == "begin" else {}
    if begin.get("incoming"):
        caller = begin.get("caller") or {}
        said = [str(caller.get(name)) for name in ("number", "name") if caller.get(name)]
        yield "Call", f"{begin.get('call', '?')}, incoming" + (f" from {' '.join(said)}" if said else "")
    else:
        yield "Call", f"{begin.get('call', '?')} to {begin.get('dial', '?')}"
    if begin.get("at"):
        yield "Begun", str(begin["at"])
    if begin.get("tsid"):
        yield "We say", str(begin["tsid"])
    for document in begin.get("documents") or ():
        pages = document.get("pages") or []
        yield f"Job {document.get('job')}", _pages(pages)
    for entry in entries:
        if entry.kind == "far-end":
            yield "Far end", f"{entry.fields.get('ident') or 'no identifier'}: {entry.fields.get('abilities', '')}"


def _pages(numbers: Sequence[int]) -> str:
    if not numbers:
        return "no pages"
    if len(numbers) == 1:
        return f"page {numbers[0]}"
    if list(numbers) == list(range(numbers[0], numbers[-1] + 1)):
        return f"pages {numbers[0]} to {numbers[-1]}"
    return "pages " + ", ".join(map(str, numbers))


@dataclass
class _Fast:
    """A fast carrier that is on the line."""

    began: float
    way: Way
    what: str


class _Teller:
    def __init__(self, commands: bool) -> None:
        self._commands = commands
        self._fast: _Fast | None = None
        self._last_out = self._last_in = ""
        self._page = ""
        self._resends = 0
        self._frames: list[tuple[str, str]] = []
        self._frames_at = 0.0
        self._block: tuple[int, int] | None = None
        self._block_frames = 0
        self._trained = False

    def tell(self, entry: Entry) -> Iterator[Rung]:
        """The rungs that an entry adds. Frames of one burst share one."""
        fields = entry.fields
        if entry.kind == "frame" and fields.get("dir") == "out":
            self._frames_at = self._frames_at if self._frames else entry.t
            self._frames.append((str(fields.get("name", "?")), str(fields.get("meaning", ""))))
            if fields.get("name") == "PPS":
                self._pps(str(fields.get("octets", "")))
            return
        yield from self.burst()
        match entry.kind:
            case "frame":
                name, meaning = str(fields.get("name", "?")), str(fields.get("meaning", ""))
                self._last_in = name
                if name == "PPR":
                    meaning = self._missing(str(fields.get("octets", ""))) or meaning
                way = Way.IN if fields.get("good", True) else Way.BAD
                yield Rung(entry.t, way, "", _said(name, meaning))
                if name == "PPR":
                    self._resends += 1
            case "command":
                yield from self._command(entry.t, str(fields.get("text", "")))
            case "response":
                yield from self._response(entry.t, str(fields.get("text", "")))
            case "dialling":
                yield Rung(entry.t, Way.NOTE, f"dialling {fields.get('number', '')}")
            case "connected":
                yield Rung(entry.t, Way.IN, "", "fax signal")
            case "training-failed":
                yield Rung(entry.t, Way.BAD, f"{fields.get('rate_bps')} {fields.get('modulation')} did not work")
            case "addressing-left-out":
                yield Rung(entry.t, Way.BAD, "sub-address or password left out")
            case "page-intent":
                self._page = page_words(fields)
                self._resends = 0
            case "page-answer":
                way = Way.NOTE if fields.get("fate") in ("confirmed", "damaged") else Way.BAD
                yield Rung(entry.t, way, f"{page_words(fields)}: {fields.get('fate')}")
            case "page-received":
                yield Rung(
                    entry.t,
                    Way.NOTE,
                    f"page {fields.get('number')}: {fields.get('receipt')}, {fields.get('rows')} rows",
                )
            case "page-confirmed":
                yield Rung(entry.t, Way.NOTE, f"page {fields.get('number')}: on disk, confirmed")
            case "page-refused":
                yield Rung(entry.t, Way.BAD, f"page refused: {fields.get('bad_rows')} bad rows of {fields.get('rows')}")
            case "asked-to-end":
                yield Rung(entry.t, Way.BAD, "somebody cancels the call")
            case "device-gone":
                yield Rung(entry.t, Way.BAD, "the modem is gone")

    def _pps(self, octets: str) -> None:
        """How many frames the block has: what the first PPS for it says."""
        fif = bytes.fromhex(octets)[3:]
        if len(fif) >= 4 and (fif[1], fif[2]) != self._block:
            self._block = (fif[1], fif[2])
            self._block_frames = fif[3] + 1

    def _missing(self, octets: str) -> str:
        bits = int.from_bytes(bytes.fromhex(octets)[3:35], "little") & ((1 << self._block_frames) - 1)
        return f"{bits.bit_count()} of {self._block_frames} frames are missing" if self._block_frames else ""

    def burst(self) -> Iterator[Rung]:
        if self._frames:
            names = ", ".join(name for name, _ in self._frames)
            self._last_out = self._frames[-1][0]
            yield Rung(self._frames_at, Way.OUT, _said(names, self._frames[-1][1]))
            self._frames = []

    def _command(self, t: float, text: str) -> Iterator[Rung]:
        if self._commands:
            yield Rung(t, Way.NOTE, f"> {text}")
        carrier = _FAST.fullmatch(text)
        if carrier and carrier[1] == "T":
            self._fast = _Fast(t, Way.FAST_OUT, self._image_out(int(carrier[2])))
        elif carrier:
            rate = _RATES.get(int(carrier[2]))
            what = "training check" if self._last_in == "DCS" else "image"
            self._fast = _Fast(t, Way.FAST_IN, f"{what}, {rate.bps} {rate.modulation.value}" if rate else what)

    def _image_out(self, code: int) -> str:
        rate = _RATES.get(code)
        how = f"{rate.bps} {rate.modulation.value}" if rate else f"code {code}"
        if self._last_out == "DCS":
            return f"training check, {how}" if not self._page_follows else f"{self._page}, {how}"
        return f"{self._page}{' again, what is missing' if self._resends else ''}, {how}"

    @property
    def _page_follows(self) -> bool:
        return bool(self._page) and self._trained

    def trained(self, yes: bool) -> None:
        """Whether the last DCS has been answered with CFR."""
        self._trained = yes

    def _response(self, t: float, text: str) -> Iterator[Rung]:
        if self._commands:
            yield Rung(t, Way.NOTE, f"< {text}")
        if self._fast is not None and text in _DONE:
            fast, self._fast = self._fast, None
            seconds = f"{t - fast.began:.1f} s"
            if fast.way is Way.FAST_OUT:
                yield Rung(fast.began, fast.way, f"{fast.what}, {seconds}")
            elif text != "+FCERROR":
                yield Rung(fast.began, fast.way, "", f"{fast.what}, {seconds}")


def _said(name: str, meaning: str) -> str:
    return f"{name}: {meaning}" if meaning and name != "?" else meaning or name


def _ladder(entries: Sequence[Entry], commands: bool) -> Iterator[Rung]:
    teller = _Teller(commands)
    rungs: list[Rung] = []
    for entry in entries:
        if entry.kind == "trained":
            teller.trained(True)
        elif entry.kind == "frame" and entry.fields.get("name") == "DCS":
            teller.trained(False)
        rungs += teller.tell(entry)
    rungs += teller.burst()
    # A fast carrier is told when it is over, and stands where it began.
    yield from sorted(rungs, key=lambda rung: rung.t)


def _tail(entries: Sequence[Entry]) -> Iterator[tuple[str, str]]:
    end = next((entry for entry in reversed(entries) if entry.kind == "end"), None)
    if end is None:
        yield "End", "This journal has no end: the call goes on, or its process was killed."
        return
    incoming = entries[0].kind == "begin" and bool(entries[0].fields.get("incoming"))
    outcome: Outcome | AnswerOutcome
    received: tuple[PageReceipt, ...] | tuple[FetchedPage, ...]
    try:
        raw = end.fields.get("outcome")
        outcome = msgspec.convert(raw, AnswerOutcome) if incoming else msgspec.convert(raw, Outcome)
    except msgspec.ValidationError:
        yield "End", "The end of this journal cannot be understood."
        return
    yield "End", outcome.text
    fault = "" if outcome.fault.value == "none" else f"; at fault: {outcome.fault.value}"
    cause = f"{outcome.cause.value}{{code}}, phase {outcome.phase.value}{fault}"
    if isinstance(outcome, AnswerOutcome):
        yield "Cause", cause.format(code="")
        sent, received = outcome.sent, outcome.pages
    else:
        if outcome.advice:
            yield "Next", outcome.advice
        code = f" ({outcome.code})" if outcome.code else ""
        yield "Cause", f"{cause.format(code=code)}; retry: {outcome.retry.value}"
        sent, received = outcome.pages, outcome.fetched
        for page in outcome.prefaces:
            yield f"Job {page.job}", f"{page_words({'preface': page.number})} {page.fate.value}"
    for page in sent:
        yield f"Job {page.job}" if page.job else "Document", f"page {page.number} {page.fate.value}"
    for each in received:
        bad = f", {each.bad_rows} of {each.rows} rows bad" if each.bad_rows else ""
        yield "Received", f"page {each.number} {'confirmed' if each.confirmed else 'not confirmed'}{bad}"
    yield from _figures(outcome.figures)


def _figures(figures: Figures) -> Iterator[tuple[str, str]]:
    facts = [
        f"{figures.line_seconds:.1f} s off-hook" if figures.line_seconds is not None else "",
        f"{figures.rate_bps} bit/s {figures.modulation}" if figures.rate_bps else "",
        (figures.coding or "").upper(),
        "" if figures.ecm is None else "ECM" if figures.ecm else "no ECM",
        f"{figures.ecm_frames_resent} frames sent again" if figures.ecm_frames_resent else "",
    ]
    if said := ", ".join(fact for fact in facts if fact):
        yield "Figures", said


_ARROWS = {
    Way.OUT: "----------->",
    Way.IN: "<-----------",
    Way.FAST_OUT: "===========>",
    Way.FAST_IN: "<===========",
    Way.NOTE: "     |      ",
    Way.BAD: "     |      ",
}


def lines(story: Story) -> Iterator[tuple[str, str]]:
    """The story as lines of text, each with the name of its style: ``head``, ``title``, ``tail`` or a ``Way``."""
    yield from (("head", line) for line in _named(story.head))
    yield "head", ""
    title = f"{'seconds':>{_TIME - 2}}  {'we':<{_LEFT}} {'':<{_ARROW}} far end"
    yield "title", title.rstrip()
    for rung in story.rungs:
        yield from ((rung.way.value, line) for line in _rung_lines(rung))
    yield "tail", ""
    yield from (("tail", line) for line in _named(story.tail))


def _named(said: Sequence[tuple[str, str]]) -> Iterator[str]:
    for name, text in said:
        indent = " " * 10
        yield from textwrap.wrap(text, WIDTH, initial_indent=f"{name:<10}", subsequent_indent=indent) or [name]


def _rung_lines(rung: Rung) -> Iterator[str]:
    arrow = "  x  <------" if rung.way is Way.BAD and rung.theirs else _ARROWS[rung.way]
    right = WIDTH - _TIME - _LEFT - _ARROW - 2
    ours = textwrap.wrap(rung.ours, _LEFT) or [""]
    theirs = textwrap.wrap(rung.theirs, right) or [""]
    for at in range(max(len(ours), len(theirs))):
        time = f"{rung.t:{_TIME - 2}.2f}  " if at == 0 else " " * _TIME
        left = ours[at] if at < len(ours) else ""
        other = theirs[at] if at < len(theirs) else ""
        yield f"{time}{left:<{_LEFT}} {arrow if at == 0 else '     |      '} {other}".rstrip()

"""What is at the other end of the line, by number, as data: far ends, incoming calls, the exchange's habits.

What always holds: frozen values; the same data can be written as TOML or JSON and read with ``load``; names in the
file are the field names here. What it must not do: act; the exchange plays what is written here.

    dial_tone = true
    [[numbers]]
    number = "5552001"
    ident = "+49 555 2001"
    busy_calls = 2                       # the first two calls find it busy
    [numbers.fax]
    ecm = false
    codings = ["MH", "MR"]
    [numbers.hang_up]
    what = "page"
    nth = 2
    delay_s = 2.5
    [numbers.line]
    noise_dbm0 = -45
    [[incoming]]
    to = "100"                           # the number under which a modem is attached
    send = "letter.tif"
    after_s = 5
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import msgspec

from modem.soft.line import CLEAN, Impairments, Moment
from modem.soft.script import ScriptError, check
from modem.soft.spandsp import Abilities, Codings, ImageSizes, Modulations, Resolutions


class Answers(Enum):
    """What happens when the number is called."""

    FAX = "fax"
    VOICE = "voice"  # somebody answers and says nothing
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    UNKNOWN = "unknown"  # no such number: the modem says NO CARRIER


@dataclass(frozen=True, kw_only=True)
class Fax:
    """The abilities of a fax machine, in words."""

    ecm: bool = True
    modulations: tuple[str, ...] = ("V27TER", "V29", "V17")
    codings: tuple[str, ...] = ("MH", "MR", "MMR")
    resolutions: tuple[str, ...] = ("STANDARD", "FINE", "SUPERFINE")
    widths: tuple[str, ...] = ("A4", "B4", "A3")
    min_scan_line_ms: int = 0
    not_ready_count: int = 0  # so many times RNR before a partial page is confirmed

    def abilities(self, ident: str) -> Abilities:
        """Raises KeyError for a word that is not known."""
        modulations, codings = Modulations(0), Codings(0)
        resolutions, sizes = Resolutions.R8, ImageSizes.UNLIMITED
        for word in self.modulations:
            modulations |= Modulations[word]
        for word in self.codings:
            codings |= Codings[word]
        for word in self.resolutions:
            resolutions |= Resolutions[word]
        for word in self.widths:
            sizes |= ImageSizes[f"WIDTH_{word}"]
        return Abilities(
            ident=ident,
            ecm=self.ecm,
            modulations=modulations,
            codings=codings,
            resolutions=resolutions,
            sizes=sizes,
            min_scan_line_ms=self.min_scan_line_ms,
            not_ready_count=self.not_ready_count,
        )


@dataclass(frozen=True, kw_only=True)
class FarEnd:
    """One number of the exchange."""

    number: str
    answers: Answers = Answers.FAX
    ident: str = ""  # CSI; at most 20 characters
    fax: Fax = Fax()
    busy_calls: int = 0  # the first so many calls find it busy
    rings: int = 1  # before it answers; or, when nobody answers, before the exchange gives up
    script: tuple[str, ...] = ()  # instead of a fax machine: steps as ``script.py`` explains them
    hang_up: Moment | None = None  # it goes on-hook then, without a word
    line: Impairments = CLEAN
    note: str = ""  # for people


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """A fax machine calls a modem of the exchange, once."""

    to: str
    send: str = ""  # a TIFF; empty: somebody who says nothing
    number: str = "incoming"  # the caller's; names the folder of its record
    ident: str = ""  # TSI
    after_s: float = 0.0  # after the start of the exchange
    rings: int = 8  # then the caller gives up
    fax: Fax = Fax()
    hang_up: Moment | None = None
    line: Impairments = CLEAN


@dataclass(frozen=True, kw_only=True)
class ExchangeData:
    """A whole exchange. Durations in seconds of line time."""

    numbers: tuple[FarEnd, ...] = ()
    incoming: tuple[Incoming, ...] = ()
    dial_tone: bool = True
    set_up_s: float = 0.5  # from the last digit to the first ring, or to the busy tone
    ring_s: float = 1.0  # one ring and its pause; real exchanges: 5 to 6
    says_far_hang_up: bool = False  # an analogue line does not: it is just silent
    line: Impairments = CLEAN  # between two modems of the exchange

    def find(self, digits: str) -> FarEnd | None:
        return next((end for end in self.numbers if normalised(end.number) == digits), None)


def normalised(dialled: str) -> str:
    """The digits of a dial string: without pauses, tone or pulse letters, ``w`` and punctuation."""
    return "".join(character for character in dialled if character in "0123456789*#")


def load(path: Path) -> ExchangeData:
    """Read a TOML or (``*.json``) JSON file. Raises OSError, and ValueError for a file that is not an exchange."""
    try:
        text = path.read_text("utf-8")
        raw = msgspec.json.decode(text) if path.suffix == ".json" else tomllib.loads(text)
        data = msgspec.convert(raw, type=ExchangeData)
    except (msgspec.MsgspecError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{path}: {error}") from error
    if unknown := _unknown(raw, msgspec.to_builtins(data)):
        raise ValueError(f"{path}: {unknown} is not known")
    for end in data.numbers:
        try:
            check(end.script)
            end.fax.abilities(end.ident)
        except (KeyError, ScriptError) as error:
            raise ValueError(f"{path}: number {end.number}: {error} is not known") from error
    return data


def _unknown(raw: object, understood: object) -> str:
    """The first name in ``raw`` that was not understood, or "": a misspelt name must not be passed over."""
    if isinstance(raw, dict) and isinstance(understood, dict):
        for name, value in raw.items():
            if name not in understood:
                return str(name)
            if deeper := _unknown(value, understood[name]):
                return deeper
    elif isinstance(raw, list) and isinstance(understood, list | tuple):
        return next((found for pair in zip(raw, understood, strict=False) if (found := _unknown(*pair))), "")
    return ""


_OLD = Fax(
    ecm=False,
    modulations=("V27TER", "V29"),
    codings=("MH",),
    resolutions=("STANDARD",),
    widths=("A4",),
    min_scan_line_ms=20,
)

REFUSES = ("send DIS", "receive DCS", "image long", "send DCN")
EXAMPLE = ExchangeData(
    numbers=(
        FarEnd(number="5552001", ident="+1 555 2001", note="a fax machine with ECM, MMR, V.17, superfine"),
        FarEnd(
            number="5552002",
            ident="+1 555 2002",
            fax=Fax(ecm=False, codings=("MH", "MR")),
            note="a fax machine without ECM",
        ),
        FarEnd(number="5552003", ident="+1 555 2003", fax=_OLD, note="an old fax machine: V.29, MH, standard, slow"),
        FarEnd(number="5552010", answers=Answers.BUSY, note="always busy"),
        FarEnd(number="5552011", ident="+1 555 2011", busy_calls=2, note="busy twice, then a fax machine"),
        FarEnd(number="5552012", answers=Answers.NO_ANSWER, rings=5, note="nobody answers"),
        FarEnd(number="5552013", answers=Answers.VOICE, note="somebody answers and says nothing"),
        FarEnd(
            number="5552014",
            ident="+1 555 2014",
            hang_up=Moment(what="page", nth=2, delay_s=3.0),
            note="a fax machine that hangs up in the middle of page 2",
        ),
        FarEnd(number="5552015", script=REFUSES, note="a fax machine that disconnects after the training"),
    )
)

"""What a sender tells the journal, apart from the frames themselves, and what it needs of its pages.

What always holds: a page's ``PageStarted`` is given out before its post-page command is wished for, its
``PageAnswered`` before the next page's training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from modem.outcome import Cause, Fate, Phase
from modem.t30.capabilities import Abilities, PageFormat
from modem.t30.rates import Rate


@dataclass(frozen=True)
class Dialled:
    pass


@dataclass(frozen=True)
class Answered:
    """The far end's fax signal was heard."""


@dataclass(frozen=True)
class FarEnd:
    """Who the far end says it is, and what it can."""

    ident: str
    abilities: Abilities


@dataclass(frozen=True)
class Trained:
    """``weighed``: octets of the pages that decided on the coding, by coding."""

    rate: Rate
    format: PageFormat
    weighed: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class TrainingFailed:
    rate: Rate


@dataclass(frozen=True)
class PageStarted:
    """``index``: place of the page in the call, from 0."""

    index: int


@dataclass(frozen=True)
class PageAnswered:
    index: int
    fate: Fate
    by: str  # the frame's name


@dataclass(frozen=True)
class Ended:
    """The call is over and the line is on-hook."""

    cause: Cause
    phase: Phase
    detail: str = ""  # more for the sentence
    after: str = ""  # our last command before the end, DCN apart: "DCS", "EOP", "PPS"


@dataclass(frozen=True)
class Addressing:
    """Where at the far end a document is to go (SUB), and the password that opens the way (SID)."""

    sub_address: str = ""
    password: str = ""


NOWHERE = Addressing()


@dataclass(frozen=True)
class AddressingLeftOut:
    """The far end knows no sub-addresses or passwords: what the plan asks for was not said."""

    sub_address: bool
    password: bool


@dataclass(frozen=True)
class FetchNow:
    """Our pages are through, and the far end has a document: from here on a receiver has the call, with a DTC."""


Note = (
    Dialled
    | Answered
    | FarEnd
    | Trained
    | TrainingFailed
    | PageStarted
    | PageAnswered
    | AddressingLeftOut
    | FetchNow
    | Ended
)


class IncompatibleError(Exception):
    """The far end cannot take a page in any form that we can give it. The text says why."""


class Pages(Protocol):
    """The pages of a call, coded when it is known what the far end can."""

    @property
    def count(self) -> int: ...

    @property
    def weighed(self) -> tuple[tuple[str, int], ...]:
        """What decided on the coding of the last ``format``: octets by coding; empty: nothing had to be weighed."""
        ...

    def addressing(self, index: int) -> Addressing:
        """Where at the far end the page is to go."""
        ...

    def format(self, index: int, abilities: Abilities, ecm: bool, rate: Rate) -> PageFormat:
        """The best form for the page that the far end takes. Raises IncompatibleError."""
        ...

    def code(self, index: int, format: PageFormat, rate: Rate) -> bytes:
        """The page's code in line order, with RTC or EOFB and, without ECM, the fill that the scan time asks for."""
        ...

    def prepare(self, index: int, format: PageFormat, rate: Rate) -> None:
        """``code`` will soon be asked for this: there is time now."""
        ...

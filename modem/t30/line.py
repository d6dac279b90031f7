"""What a T.30 machine wishes of its line, and what it hears from it: the seam between ``t30`` and a modem driver.

What always holds: at most one wish is under way; every wish but ``Listen`` ends with exactly one of its events, also
when the modem is silent, since the driver bounds every command by a timeout. ``Listen`` goes on until a frame has come
or another wish replaces it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class SetUp:
    """Make the modem ready to dial. Ends with Ready or Failed. ``receives``: it is to receive pages, too."""

    receives: bool = False


@dataclass(frozen=True)
class Dial:
    """Go off-hook and dial. Ends with Connected, DialFailed or Failed."""

    number: str


@dataclass(frozen=True)
class Listen:
    """Receive V.21 frames. Signal, FrameHeard, SignalLost, LineLost; after FrameHeard it has ended."""


@dataclass(frozen=True)
class SendFrames:
    """Send one V.21 burst: frames without FCS, the last one final. Ends with Sent, LineLost or Failed.

    ``after_journal``: not before the journal's barrier entries are on disk.
    """

    frames: tuple[bytes, ...]
    after_journal: bool = False


@dataclass(frozen=True)
class SendFast:
    """Send octets (line order) on the fast carrier ``code``. Ends with Sent, LineLost or Failed."""

    code: int
    bps: int
    octets: bytes
    after_journal: bool = False


@dataclass(frozen=True)
class StopFast:
    """Give up the rest of a SendFast; its Sent still comes."""


@dataclass(frozen=True)
class GetReady:
    """Make the modem ready to answer; it may be ringing, so in no time. Ends with Ready or Failed."""


@dataclass(frozen=True)
class PickUp:
    """Go off-hook, send CED, then flags. Ends with FlagsUp, LineLost (nobody is there) or Failed."""


@dataclass(frozen=True)
class RaiseFlags:
    """Begin a V.21 burst before its frames are known: flags, until SendFrames gives them. Ends with FlagsUp,
    LineLost or Failed."""


@dataclass(frozen=True)
class ReceiveFast:
    """Receive on the fast carrier ``code``: Carrier, Data ..., and DataEnd, which ends it; DataEnd alone when a carrier
    has passed on which the modem did not train. A V.21 signal that comes instead is heard as by Listen, and ends as
    that does."""

    code: int


@dataclass(frozen=True)
class HangUp:
    """Go on-hook, whatever is under way. Ends with OnHook."""


Wish = SetUp | Dial | Listen | SendFrames | SendFast | StopFast | GetReady | PickUp | RaiseFlags | ReceiveFast | HangUp


class DialResult(Enum):
    BUSY = "busy"
    NO_DIAL_TONE = "no dial tone"
    NO_ANSWER = "no answer"
    NO_CARRIER = "no carrier"
    BLACKLISTED = "blacklisted"
    DELAYED = "delayed"
    ERROR = "error"


class Failure(Enum):
    SILENT = "silent"
    ERROR = "error"
    NOT_FAX = "not fax"
    JOURNAL = "journal"  # it was not on disk in time


@dataclass(frozen=True)
class Ready:
    """The modem is set up. ``codes``: what +FTM lists; ``receive_codes``: what +FRM lists, when that was asked."""

    codes: frozenset[int]
    receive_codes: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Connected:
    """The far end's fax signal was heard; frames follow by themselves or after Listen: see ``listening``."""

    listening: bool


@dataclass(frozen=True)
class DialFailed:
    result: DialResult


@dataclass(frozen=True)
class FlagsUp:
    """Our V.21 flags are on the line; SendFrames goes on from there, and must come within seconds."""


@dataclass(frozen=True)
class Carrier:
    """The fast carrier is there, and the modem has trained on it."""


@dataclass(frozen=True)
class Data:
    """A piece of what the fast carrier brings, in line order."""

    octets: bytes


@dataclass(frozen=True)
class DataEnd:
    """The fast carrier has ended."""


@dataclass(frozen=True)
class Signal:
    """V.21 flags are heard."""


@dataclass(frozen=True)
class SignalLost:
    """The signal went without a frame; listening goes on."""


@dataclass(frozen=True)
class FrameHeard:
    """A frame with its FCS; ``good`` is what the modem says, the FCS is to be checked all the same."""

    octets: bytes
    good: bool


@dataclass(frozen=True)
class Given:
    """All octets of a SendFast may be on the line by now; Sent follows when they are."""


@dataclass(frozen=True)
class Sent:
    """All is on the line."""


@dataclass(frozen=True)
class LineLost:
    """The modem says that it is on-hook or that there is no carrier to send on."""


@dataclass(frozen=True)
class Failed:
    """The modem does not behave."""

    failure: Failure
    text: str


@dataclass(frozen=True)
class OnHook:
    """``confirmed`` False: the modem did not say so."""

    confirmed: bool


LineEvent = (
    Ready
    | Connected
    | DialFailed
    | FlagsUp
    | Carrier
    | Data
    | DataEnd
    | Signal
    | SignalLost
    | FrameHeard
    | Given
    | Sent
    | LineLost
    | Failed
    | OnHook
)

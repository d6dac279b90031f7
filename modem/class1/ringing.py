"""What an idle modem says while it is being rung: RING, and who calls (T.31 8, V.253 and the makers' caller id lines).

What always holds: octets may come in any pieces, and nothing that comes in can raise; a call is gone when there was no
RING for ``GONE_S``, and what was known of it with it. No I/O, no clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

GONE_S = 10.0
_LINE_MAX = 200
_RING = re.compile(r"RING( *[A-Z0-9]{1,3})?|2", re.IGNORECASE)
_TOLD = re.compile(r"(?:CALLER )?(DATE|TIME|NMBR|NUMBER|NAME|DDN_NMBR)\s*[=:]\s*(.*)", re.IGNORECASE)
_HIDDEN = frozenset(("P", "O", "-"))  # private, out of area


@dataclass(frozen=True, kw_only=True)
class CallerId:
    """What the telephone network says of the caller; empty where it says nothing."""

    number: str = ""
    name: str = ""
    at: str = ""  # date and time as the network writes them
    dialled: str = ""  # the number that was called, where the exchange tells it (DID)


class RingWatch:
    """Counts the rings of one call after the other."""

    def __init__(self) -> None:
        self.rings = 0
        self.caller = CallerId()
        self._last: float | None = None
        self._input = b""

    @property
    def deadline(self) -> float | None:
        """When ``tick`` wants to be called."""
        return None if self._last is None else self._last + GONE_S

    def receive(self, octets: bytes, now: float) -> None:
        """Octets of an idle modem."""
        *lines, self._input = re.split(rb"[\r\n]+", self._input + octets)
        self._input = self._input[-_LINE_MAX:]
        for line in lines:
            self._take(line.decode("ascii", "replace").strip(), now)

    def tick(self, now: float) -> None:
        if self._last is not None and now >= self._last + GONE_S:
            self.forget()

    def forget(self) -> None:
        """The call is answered, or gone."""
        self.rings, self.caller, self._last, self._input = 0, CallerId(), None, b""

    def _take(self, text: str, now: float) -> None:
        if _RING.fullmatch(text):
            self.tick(now)
            self.rings += 1
            self._last = now
        elif (told := _TOLD.fullmatch(text)) is not None:
            what, value = told[1].upper(), told[2].strip()[:80]
            self._last = self._last or now
            if what in ("NMBR", "NUMBER"):
                self.caller = replace(self.caller, number="" if value.upper() in _HIDDEN else value)
            elif what == "NAME":
                self.caller = replace(self.caller, name="" if value.upper() in _HIDDEN else value)
            elif what == "DDN_NMBR":
                self.caller = replace(self.caller, dialled=value)
            elif what in ("DATE", "TIME"):
                self.caller = replace(self.caller, at=f"{self.caller.at} {value}".strip())

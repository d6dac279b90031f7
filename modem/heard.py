"""What one fast carrier brings, as the journal keeps it, so that a call which received can be played again.

What always holds: pure; of an image longer than any page only the length is kept.
"""

from __future__ import annotations

from modem.t30.receiver_page import PAGE_OCTETS

_PIECE_S = 0.1  # what comes within this time is told as one piece


class HeardImage:
    """``began``: seconds since the call began, rounded as the journal does."""

    def __init__(self, began: float) -> None:
        self.began = began
        self._data = bytearray()
        self._octets = 0
        self._pieces: list[tuple[int, int]] = []  # ms since it began, and octets

    def add(self, octets: bytes, t: float) -> None:
        """Octets came at ``t``."""
        self._octets += len(octets)
        if self._octets <= PAGE_OCTETS:
            self._data += octets
        at = int((t - self.began) * 1000)
        if self._pieces and at - self._pieces[-1][0] < _PIECE_S * 1000:
            self._pieces[-1] = self._pieces[-1][0], self._pieces[-1][1] + len(octets)
        else:
            self._pieces.append((at, len(octets)))

    def fields(self, *, ended: bool) -> dict[str, object]:
        """Of the entry ``image``. ``ended``: the carrier went; else we did not want to hear more."""
        data = bytes(self._data) if self._octets <= PAGE_OCTETS else b""
        return {"began": self.began, "octets": self._octets, "ended": ended, "pieces": self._pieces, "data": data}

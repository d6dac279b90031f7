"""When pages are made while documents come in one after the other: in the next lull, or when they have waited long.

Who hands in a document waits for the answer, and the line has time: a call takes a minute, drawing a page a moment.
Pure; times are seconds of a monotonic clock.
"""

from __future__ import annotations

LULL_S = 0.25
MOST_S = 10.0


class Lull:
    """What came alone is begun at once; what came right after something else is put off."""

    def __init__(self) -> None:
        self._last = float("-inf")
        self._put_off: dict[str, float] = {}

    def came(self, key: str, now: float) -> None:
        """Something is wanted from now on."""
        if now < self._last + LULL_S:
            self._put_off.setdefault(key, now)
        self._last = now

    def due(self, key: str) -> float:
        """From when on it may be begun, if nothing else comes."""
        since = self._put_off.get(key)
        return float("-inf") if since is None else min(self._last + LULL_S, since + MOST_S)

    def begun(self, key: str) -> None:
        self._put_off.pop(key, None)

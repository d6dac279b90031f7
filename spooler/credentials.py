"""Tokens and passwords: made, kept as hashes, checked, and guarded against guessing. Pure but for randomness.

What always holds: neither a token nor a password can be had back from what is kept; a guess costs the guesser time,
first a moment, then a minute.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

TOKEN_PREFIX = "platen_"
PASSWORD_LEAST = 8
PASSWORD_MOST = 1024
# scrypt (RFC 7914): 64 MiB and about a tenth of a second for each guess.
_COST, _BLOCK, _LANES, _KEY_OCTETS, _SALT_OCTETS = 1 << 16, 8, 1, 32, 16
FREE_TRIES = 5
LONGEST_PAUSE_S = 60.0
FORGIVEN_S = 900.0
KNOWN_MOST = 10_000


def new_token() -> str:
    """256 random bits as text; shown once and not kept."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def token_digest(token: str) -> str:
    """What is kept of a token. It is random throughout, so that no salt and no slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def password_hash(password: str) -> str:
    """What is kept of a password. Takes a while."""
    return _hashed(password, secrets.token_bytes(_SALT_OCTETS), _COST, _BLOCK, _LANES)


def password_fits(password: str, kept: str) -> bool:
    """Takes a while, whether it fits or not."""
    _, cost, block, lanes, salt, _ = kept.split("$")
    made = _hashed(password, bytes.fromhex(salt), int(cost), int(block), int(lanes))
    return hmac.compare_digest(made, kept)


def _hashed(password: str, salt: bytes, cost: int, block: int, lanes: int) -> str:
    key = hashlib.scrypt(
        password.encode(), salt=salt, n=cost, r=block, p=lanes, dklen=_KEY_OCTETS, maxmem=256 * cost * block
    )
    return f"scrypt${cost}${block}${lanes}${salt.hex()}${key.hex()}"


@dataclass
class _Failures:
    count: int
    until: float  # nothing is looked at before
    last: float


class Throttle:
    """Who has failed too often waits, twice as long each time. Times are seconds of one steady clock."""

    def __init__(self, free_tries: int = FREE_TRIES) -> None:
        self._free_tries = free_tries
        self._known: dict[str, _Failures] = {}

    def pause_s(self, whom: str, now: float) -> float:
        """How long ``whom`` must wait before the next try is looked at; 0: it is looked at."""
        known = self._known.get(whom)
        return 0.0 if known is None else max(0.0, known.until - now)

    def failed(self, whom: str, now: float) -> None:
        known = self._known.get(whom)
        count = 1 if known is None or now - known.last > FORGIVEN_S else known.count + 1
        over = count - self._free_tries
        pause_s = 0.0 if over < 0 else min(LONGEST_PAUSE_S, 2.0 ** min(over, 10))
        if known is None and len(self._known) >= KNOWN_MOST:
            self._forget(now)
        self._known[whom] = _Failures(count, now + pause_s, now)

    def succeeded(self, whom: str) -> None:
        self._known.pop(whom, None)

    def _forget(self, now: float) -> None:
        """Make room: first those that are forgiven, then whoever failed longest ago."""
        kept = {whom: known for whom, known in self._known.items() if now - known.last <= FORGIVEN_S}
        while len(kept) >= KNOWN_MOST:
            del kept[min(kept, key=lambda whom: kept[whom].last)]
        self._known = kept

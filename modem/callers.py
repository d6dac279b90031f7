"""Who may call: patterns held against what the network and the far end say of themselves. Pure.

What always holds: a pattern stands for the whole text, whatever the case, with ``*`` for any characters and ``?`` for
one; blanks and what numbers are parted with (``- . / ( )``) count on neither side; who is refused is refused, also when
something else of theirs is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

_FILLING = re.compile(r"[\s\-./()]+")


def is_one_of(patterns: Sequence[str], text: str) -> bool:
    """Whether one of the patterns stands for ``text``."""
    plain = _plain(text)
    return any(_compiled(pattern).fullmatch(plain) is not None for pattern in patterns)


def _plain(text: str) -> str:
    return _FILLING.sub("", text).casefold()


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"([*?]+)", _plain(pattern))
    signs = {"*": ".*", "?": "."}
    # Several "*" in a row are one: each would double the time that a text which does not fit takes.
    said = "".join(
        "".join(signs[sign] for sign in re.sub(r"\*+", "*", part)) if at % 2 else re.escape(part)
        for at, part in enumerate(parts)
    )
    return re.compile(said, re.DOTALL)

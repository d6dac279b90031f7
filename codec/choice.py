"""A page as it goes on the line, in any coding, and which coding makes it shortest.

What always holds: code is whole, with RTC or EOFB, in line order; T.85 octets are not reversed (T.30 takes the octets
of T.85 as they stand, and those of T.4 and T.6 with the bit first that comes first).
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum

from codec.coder import bitmap_of, transcode
from codec.errors import CodeError
from codec.page import BitOrder, Coding, Page
from codec.t85 import STRIPE_ROWS, encode_t85


class LineCoding(Enum):
    """Everything that a page can be coded as on the line: the codings of T.4 and T.6, and T.85."""

    MH = "mh"
    MR = "mr"
    MMR = "mmr"
    T85 = "t85"


def code_for_line(
    page: Page,
    coding: LineCoding,
    *,
    k: int = 4,
    min_row_bits: int = 0,
    order: BitOrder = BitOrder.LSB,
    stripe_rows: int = STRIPE_ROWS,
) -> bytes:
    """The page as it goes on the line.

    ``k`` is for MR alone, ``min_row_bits`` for MH and MR, ``order`` for all but T.85, ``stripe_rows`` for T.85. Raises
    CodeError when the page's code is damaged.
    """
    if coding is LineCoding.T85:
        return encode_t85(bitmap_of(page), stripe_rows=stripe_rows)
    target = Coding(coding.value)
    bits = 0 if target is Coding.MMR else min_row_bits
    return transcode(page.data, Coding.MMR, target, page.width, page.rows, k=k, min_row_bits=bits, order=order)


def coded_sizes(
    page: Page, codings: Collection[LineCoding] = tuple(LineCoding), *, k: int = 4, min_row_bits: int = 0
) -> dict[LineCoding, int]:
    """How many octets the page takes on the line in each of the codings. Raises CodeError."""
    return {coding: len(code_for_line(page, coding, k=k, min_row_bits=min_row_bits)) for coding in codings}


def smallest(
    page: Page, codings: Collection[LineCoding], *, k: int = 4, min_row_bits: int = 0, order: BitOrder = BitOrder.LSB
) -> tuple[LineCoding, bytes]:
    """The coding, of those that the far end takes, in which the page is shortest, and its code. Raises CodeError.

    With equal lengths the simplest wins: MH before MR before MMR before T.85.
    """
    if not codings:
        raise CodeError("a far end that takes no coding cannot be sent to")
    best: tuple[LineCoding, bytes] | None = None
    for coding in (coding for coding in LineCoding if coding in codings):
        code = code_for_line(page, coding, k=k, min_row_bits=min_row_bits, order=order)
        if best is None or len(code) < len(best[1]):
            best = coding, code
    assert best is not None
    return best

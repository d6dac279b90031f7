"""Where the whole pages end in a TIFF-F file of ours that a crash may have torn while pages were appended.

What always holds: nothing is written here; a page counts as whole when its directory, all its values and its strip
stand in the file behind the page before it, and the strip's code is free of faults and as long as the directory says.
(A file system may have made the file longer before it stored what belongs there: the last page is decoded.)
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from codec.coder import transcode
from codec.errors import CodeError, TiffError
from codec.page import Coding
from codec.tiff_reader import MissingError, Place, Walk
from codec.tiff_tags import MAX_PAGES

_EOFB = 0x001001


@dataclass(frozen=True)
class Standing:
    """What of a file stands."""

    link_at: int
    """Where the next page is to be linked."""
    end: int
    """Where it is to be written: all whole pages end before."""
    totals_at: tuple[int, ...]
    """For each whole page, where PageNumber holds the number of pages."""


def standing(fd: int, header: bytes) -> Standing:
    """The whole pages of an open file that begins with ``header`` and its link. Raises TiffError when it is not ours.

    Only the pages at the end are decoded, from the last one back to the first that is whole.
    """
    size = os.fstat(fd).st_size
    if size < len(header) + 4:
        if not header.startswith(os.pread(fd, len(header), 0)):
            raise TiffError("this is not a TIFF of ours")
        return Standing(len(header), len(header) + 4, ())
    if os.pread(fd, len(header), 0) != header:
        raise TiffError("this is not a TIFF of ours")
    walk = Walk(fd)
    places = _linked(walk)
    while places and not _decodes(walk, places[-1]):
        places.pop()
    if not places:
        return Standing(len(header), len(header) + 4, ())
    totals = tuple(place.total_at for place in places if place.total_at is not None)
    return Standing(places[-1].link_at, _behind(places[-1]), totals)


def _behind(place: Place) -> int:
    return place.end + (place.end & 1)


def _linked(walk: Walk) -> list[Place]:
    places: list[Place] = []
    at, behind = walk.first, 8
    while at:
        if len(places) >= MAX_PAGES:
            raise TiffError("the chain of pages has no end")
        try:
            place, following = walk.place(at, len(places) + 1)
        except MissingError:
            break
        except TiffError:
            if _ends_in_nothing(walk):
                break
            raise
        # What is whole, and stands otherwise than we put it, is not for us to go on with.
        in_order = behind == place.offset <= place.offset + place.length <= at < place.link_at < place.values_at
        if not in_order or place.total_at is None or place.lsb_first:
            raise TiffError(f"page {len(places) + 1} was not written by us")
        if place.end > walk.size:
            break
        places.append(place)
        at, behind = following, _behind(place)
    return places


def _ends_in_nothing(walk: Walk) -> bool:
    """A page of ours ends in a text, its 0 and at most one 0 more: three say that the end was never stored."""
    return walk.read(walk.size - 3, 3, "the end") == bytes(3)


def _decodes(walk: Walk, place: Place) -> bool:
    try:
        code = walk.read(place.offset, place.length, "a page's strip")
        # It reads every row and paints none: no page is too large for it.
        transcode(code, Coding.MMR, Coding.MMR, place.width, place.rows)
    except (TiffError, CodeError):
        return False
    tail = int.from_bytes(code[-4:], "big")
    return any(tail >> spare & 0xFFFFFF == _EOFB for spare in range(8))

"""Pages of a TIFF by themselves: other people's TIFFs of both kinds, and what is none."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from backend.documents import Piece
from backend.tiff_pages import PAGES_LIMIT, chosen_pages, ranges


def _tiff(count: int, *, big: bool = False) -> bytes:
    """Page n is n pixels wide."""
    pages = [Image.new("1", (number, 5), number % 2) for number in range(1, count + 1)]
    out = BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:], big_tiff=big)
    return out.getvalue()


def _piece(folder: Path, octets: bytes) -> Piece:
    file = folder / "document"
    file.write_bytes(octets)
    handle = os.open(file, os.O_RDONLY)
    return Piece(handle, 0, len(octets))


def _widths(piece: Piece) -> list[int]:
    with Image.open(BytesIO(piece.rewind().read(piece.octets))) as image:
        widths = []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            image.load()
            widths.append(image.width)
        return widths


@pytest.mark.parametrize("big", [False, True], ids=["tiff", "bigtiff"])
@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("1", [1]),
        ("2-3,7", [2, 3, 7]),
        ("9-", [9, 10]),
        ("-2", [1, 2]),
        ("10,1", [1, 10]),
        ("1-99", list(range(1, 11))),
    ],
)
def test_the_pages_that_are_wanted_are_left(tmp_path: Path, big: bool, text: str, kept: list[int]) -> None:
    wanted = ranges(text)
    assert wanted is not None
    assert _widths(chosen_pages(_piece(tmp_path, _tiff(10, big=big)), wanted)) == kept


def test_without_any_page_it_is_empty(tmp_path: Path) -> None:
    assert chosen_pages(_piece(tmp_path, _tiff(2)), [(3, 4)]).octets == 0


def test_ranges_are_read() -> None:
    assert ranges("1-3,7") == [(1, 3), (7, 7)]
    assert ranges("4-") == [(4, PAGES_LIMIT)]
    for wrong in ("", "a", "1-2-3", "-", "1,,2", "1" * 20):
        assert ranges(wrong) is None


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_what_is_no_tiff_or_a_damaged_one_does_no_harm(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    octets = bytearray(_tiff(3))
    for _ in range(data.draw(st.integers(0, 8))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(octets[: data.draw(st.integers(0, len(octets)))])
    piece = _piece(tmp_path_factory.mktemp("tiff"), cut)
    found = chosen_pages(piece, [(1, 2)])
    assert found.octets in (0, piece.octets)
    os.close(piece.handle)


def test_a_circle_of_pages_stays_as_it_is(tmp_path: Path) -> None:
    octets = bytearray(_tiff(1))
    first = int.from_bytes(octets[4:8], "little")
    end = first + 2 + 12 * int.from_bytes(octets[first : first + 2], "little")
    octets[end : end + 4] = octets[4:8]
    piece = _piece(tmp_path, bytes(octets))
    assert chosen_pages(piece, [(1, 1)]) is piece

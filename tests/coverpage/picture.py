"""Looking at a cover page: its text as it is set, and its pixels as a fax has them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PIL import Image

from codec.coder import bitmap_of
from codec.nursery import Nursery
from codec.page import Page, Resolution
from coverpage import Cover, CoverFields, Place, Shelf, Studio, lettering
from coverpage.items import PlacedText
from coverpage.layout import Layout, PaperName, arranged


@cache
def studio() -> Studio:
    """One for all tests of a run, with a warm child beside it."""
    return Studio(Nursery())


def shelf(folder: Path | None = None) -> Shelf:
    return Shelf(() if folder is None else (Place("site", folder),))


def drawn(
    name: str,
    fields: CoverFields,
    paper: PaperName = "a4",
    resolution: Resolution = Resolution.FINE,
    folder: Path | None = None,
) -> Cover:
    return studio().cover(shelf(folder).find(name), fields, paper, resolution)


def pictures(
    name: str, fields: CoverFields, folder: Path | None = None, resolution: Resolution = Resolution.FINE
) -> list[Image.Image]:
    """The pages, mode "1", 0 is black."""
    return [picture_of(page) for page in drawn(name, fields, "a4", resolution, folder).pages]


def picture_of(page: Page) -> Image.Image:
    bitmap = bitmap_of(page)
    white = bytes(octet ^ 0xFF for octet in bitmap.data)
    return Image.frombytes("1", (bitmap.width, bitmap.rows), white)


def layout(name: str, fields: CoverFields, paper: PaperName = "a4", folder: Path | None = None) -> Layout:
    return arranged(shelf(folder).find(name).template, fields, paper, lettering)


def texts(made: Layout, page: int = 0) -> list[str]:
    """What a page says, line by line from the top and from left to right."""
    found = [item for item in made.pages[page] if isinstance(item, PlacedText)]
    return [item.text for item in sorted(found, key=lambda item: (round(item.y), item.x))]


def black(picture: Image.Image, box: tuple[int, int, int, int]) -> int:
    """Number of black pixels in the box (left, top, right, bottom)."""
    return picture.crop(box).convert("L").histogram()[0]


def rules(picture: Image.Image) -> list[tuple[int, int]]:
    """The horizontal rules across the page: (first row, rows)."""
    found: list[tuple[int, int]] = []
    need = picture.width * 0.7
    for row in range(picture.height):
        if black(picture, (0, row, picture.width, row + 1)) > need:
            if found and sum(found[-1]) == row:
                found[-1] = (found[-1][0], found[-1][1] + 1)
            else:
                found.append((row, 1))
    return found

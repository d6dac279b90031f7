"""Where everything of a cover page goes: from template and fields to items at places, page by page.

What always holds: a pure function of template, fields, paper and how wide letters are; nothing that a field says is
cut off (what does not fit is made smaller, then takes more lines, then another page); a block without content takes no
room.

Must not: draw (``coverpage.studio`` has that done).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from coverpage.errors import CoverPageError
from coverpage.fields import CoverFields, Values, Varies, varies
from coverpage.items import Item, PlacedText
from coverpage.script import is_right_to_left
from coverpage.setting import LEADING, RISE, STEP, Letters, Made, Setter
from coverpage.template import AnyBlock, Area, Note, Space, Template, parts_of

PaperName = Literal["a4", "letter"]
PAPERS: dict[PaperName, tuple[float, float]] = {"a4": (595.28, 841.89), "letter": (612.0, 792.0)}
PAGE_LIMIT = 10
NOTE_LIMIT = 40_000
"""Longest note, in characters: more than ten pages hold."""
LEAST_SCALE = 2 / 3
AFTER_HEADING = 12.0


@dataclass(frozen=True)
class Layout:
    """``pages``: the items of each. ``height``: that of the last page's content from the top, in points."""

    pages: tuple[tuple[Item, ...], ...]
    height: float


def arranged(template: Template, fields: CoverFields, paper: PaperName, letters: Letters) -> Layout:
    """The cover's pages.

    Raises:
        CoverPageError: a character without a glyph, or more than ``PAGE_LIMIT`` pages.
    """
    if len(fields.note) > NOTE_LIMIT:
        raise CoverPageError(f"The note is too long: {len(fields.note)} characters, at most {NOTE_LIMIT}")
    if fields.page_count is not None or fields.document_pages is None:
        return _Pages(template, fields, paper, letters).set_all()
    # How many pages the cover has may depend on the digits of the count itself, so the count is tried until it stays.
    # A strip is on the first page, and of a fax that is continued a page of its own.
    on_page = template.strip and fields.document_pages > 0 and fields.continued_from is None
    count = 0 if on_page else 1
    for _ in range(3):
        layout = _Pages(template, replace(fields, page_count=fields.document_pages + count), paper, letters).set_all()
        found = len(layout.pages) - on_page
        if found == count:
            break
        count = found
    return layout


class _Pages:
    """One run through a template."""

    def __init__(self, template: Template, fields: CoverFields, paper: PaperName, letters: Letters) -> None:
        self._template = template
        self._letters = letters
        self._setter = Setter(Values(fields, template.written()), letters)
        width, height = PAPERS[paper]
        margins = template.margins
        self._left = margins.left
        self._width = width - margins.left - margins.right
        self._bottom = height - margins.bottom
        self._pages: list[list[Item]] = []
        self._top = self._start_page(())

    def set_all(self) -> Layout:
        areas = [block for block in self._template.block if isinstance(block, Area)]
        late = [block for area in areas for block in self._set_area(area)]
        y = self._top
        for block in self._template.block:
            if not isinstance(block, Area):
                y = self._set_note(block, y) if isinstance(block, Note) else self._set_block(block, y)
        if late:
            # On this page everything has its place on a form.
            y = self._start_page(self._template.continued)
        for block in late:
            y = self._set_block(block, y)
        return Layout(tuple(tuple(page) for page in self._pages), y)

    def _set_block(self, block: AnyBlock, y: float) -> float:
        before = block.before if y > self._top else 0.0
        if isinstance(block, Space):
            # What is left of a page's foot need not be carried over.
            return min(y + before + block.height, self._bottom) if self._setter.shown(block.when) else y
        made = self._setter.placed_block(block, self._left, y + before, self._width)
        if made is None:
            return y
        if y + before + made.height > self._bottom and y > self._top:
            y, before = self._start_page(self._template.continued), 0.0
            made = self._setter.placed_block(block, self._left, y, self._width)
            assert made is not None
        if y + made.height > self._bottom:
            made = self._shrunk(block, y)
        self._pages[-1] += made.items
        return y + before + made.height

    def _shrunk(self, block: AnyBlock, y: float) -> Made:
        """A block that is higher than a page."""
        scale = 1.0
        while (scale := scale - 0.05) >= 0.3:
            made = self._setter.scaled(scale).made(block, self._left, y, self._width)
            if made is not None and y + made.height <= self._bottom:
                return made
        raise CoverPageError("A block of the cover page template does not fit on a page, however small it is set")

    def _start_page(self, heading: Sequence[AnyBlock]) -> float:
        if len(self._pages) == PAGE_LIMIT:
            raise CoverPageError(f"The cover page would take more than {PAGE_LIMIT} pages; shorten the note")
        if self._pages and self._template.strip:
            raise CoverPageError("This cover page is a strip and has no room for so much; shorten the note")
        self._pages.append([])
        top = self._template.margins.top
        made = self._setter.stacked(heading, self._left, top, self._width) if heading else None
        if made is not None:
            self._pages[-1] += made.items
            top += made.height + AFTER_HEADING
        self._top = top
        return top

    def _set_area(self, area: Area) -> list[AnyBlock]:
        """Put what fits into the area; what does not is given back."""
        if area.when and not self._setter.shown(area.when):
            return []
        blocks = list(area.block)
        while blocks:
            scale = 1.0
            while scale >= LEAST_SCALE:
                made = self._setter.scaled(scale).stacked(blocks, area.x, area.y, area.width)
                if made is None:
                    return []
                if made.height <= area.height:
                    self._pages[0] += made.items
                    return list(area.block[len(blocks) :])
                scale -= 0.05
            blocks.pop()
        return list(area.block)

    def _set_note(self, block: Note, y: float) -> float:
        text = self._setter.text_of(block.text, block.join) if self._setter.shown(block.when) else None
        if text is None or not text.strip():
            return y
        y += block.before if y > self._top else 0.0
        change = varies(parts_of(block.text))
        paragraphs = text.strip("\n").split("\n")
        size = block.size
        lines = self._note_lines(paragraphs, size)
        while y + len(lines) * size * LEADING > self._bottom and size - STEP >= block.min_size:
            size -= STEP
            lines = self._note_lines(paragraphs, size)
        if y + len(lines) * size * LEADING > self._bottom:
            size = block.size
            lines = self._note_lines(paragraphs, size)
        for line, right_to_left in lines:
            if y + size * LEADING > self._bottom and y > self._top:
                y = self._start_page(self._template.continued)
            self._pages[-1] += self._note_line(line, right_to_left, y, size, change)
            y += size * LEADING
        return y

    def _note_line(self, line: str, right_to_left: bool, y: float, size: float, change: Varies) -> list[Item]:
        if not line:
            return []
        x = self._left
        if right_to_left:
            x += self._width - self._letters.width(line, size, False, True)
        return [PlacedText(x, y + RISE * size, line, size, False, right_to_left, change)]

    def _note_lines(self, paragraphs: Sequence[str], size: float) -> list[tuple[str, bool]]:
        return [
            (line, is_right_to_left(paragraph))
            for paragraph in paragraphs
            for line in self._letters.lines(paragraph, size, False, self._width)
        ]

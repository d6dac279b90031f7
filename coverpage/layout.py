"""Where everything of a cover page goes: from template and fields to items at places, page by page.

What always holds: places count in points from the page's left and top edge; nothing that a field says is cut off (what
does not fit is made smaller, then takes more lines, then another page); a block without content takes no room.

Must not: draw (``coverpage.drawing`` does).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from coverpage.errors import CoverPageError
from coverpage.fields import CoverFields, filled
from coverpage.lettering import LEADING, RISE, Face, broken, face_for, is_right_to_left
from coverpage.template import Block, Columns, Fact, Image, Line, Note, Space, Template, Text

PAGES_PT = {"a4": (595.28, 841.89), "letter": (612.0, 792.0)}
PAGE_LIMIT = 10
NOTE_LIMIT = 40_000
"""Longest note, in characters: more than ten pages hold."""
STEP_PT = 0.5


@dataclass(frozen=True)
class PlacedText:
    x: float
    y: float  # of the baseline
    text: str
    face: Face
    size_pt: float


@dataclass(frozen=True)
class PlacedLine:
    x: float
    y: float  # of its middle
    width: float
    thickness_pt: float


@dataclass(frozen=True)
class PlacedImage:
    x: float
    y: float  # of its top
    height: float
    file: Path
    align: str
    width: float  # of the room it is aligned in


Item = PlacedText | PlacedLine | PlacedImage


@dataclass(frozen=True)
class _Set:
    """A block that has been set: its items, from its own top left corner."""

    height: float
    items: tuple[Item, ...]


def arranged(template: Template, fields: CoverFields, page: str) -> list[list[Item]]:
    """The items of each page of the cover.

    Raises:
        CoverPageError: a character without a glyph, or more than ``PAGE_LIMIT`` pages.
    """
    if len(fields.note) > NOTE_LIMIT:
        raise CoverPageError(f"The note is too long: {len(fields.note)} characters, at most {NOTE_LIMIT}")
    if fields.page_count is not None or fields.document_pages is None:
        return _Pages(template, fields, page).set_all()
    # How many pages the cover has may depend on the digits of the count itself, so the count is tried until it stays.
    count = 1
    for _ in range(3):
        pages = _Pages(template, replace(fields, page_count=fields.document_pages + count), page).set_all()
        if len(pages) == count:
            break
        count = len(pages)
    return pages


class _Pages:
    """One run through a template."""

    def __init__(self, template: Template, fields: CoverFields, page: str) -> None:
        self._template = template
        self._fields = fields
        width, self._page_height = PAGES_PT[page]
        self._left = template.margin_left_pt
        self._width = width - template.margin_left_pt - template.margin_right_pt
        self._bottom = self._page_height - template.margin_bottom_pt
        if self._width < 72 or self._bottom - template.margin_top_pt < 144:
            raise CoverPageError("The margins of the cover page template leave no room on the page")
        self._pages: list[list[Item]] = []
        self._top = self._start_page(())

    def set_all(self) -> list[list[Item]]:
        y = self._top
        for block in self._template.block:
            if not self._shown(block):
                continue
            if isinstance(block, Note):
                y = self._set_note(block, y)
                continue
            made = self._set(block, self._width)
            if made is None:
                continue
            before = block.before_pt if y > self._top else 0.0
            if y + before + made.height > self._bottom and y > self._top:
                y, before = self._start_page(self._template.continued), 0.0
            self._put(made, y + before)
            y += before + made.height
        return self._pages

    def _start_page(self, heading: Sequence[Block]) -> float:
        if len(self._pages) == PAGE_LIMIT:
            raise CoverPageError(f"The cover page would take more than {PAGE_LIMIT} pages; shorten the note")
        self._pages.append([])
        top = self._template.margin_top_pt
        made = self._stacked(heading, self._width) if heading else None
        if made is not None:
            self._put(made, top)
            top += made.height + 12
        self._top = top
        return top

    def _put(self, made: _Set, y: float) -> None:
        self._pages[-1].extend(_moved(made.items, self._left, y))

    def _shown(self, block: Block) -> bool:
        if not block.when:
            return True
        for name in block.when:
            group = getattr(self._fields, name, None) if name in ("recipient", "sender") else None
            if group is not None:
                if any(getattr(group, member) for member in group.__dataclass_fields__):
                    return True
            elif self._fields.value(name):
                return True
        return False

    def _filled(self, text: str | tuple[str, ...], join: str) -> str | None:
        made = filled((text,) if isinstance(text, str) else text, join, self._fields)
        return made or None

    def _stacked(self, blocks: Sequence[Block], width: float) -> _Set | None:
        items: list[Item] = []
        y = 0.0
        for block in blocks:
            made = self._set(block, width) if self._shown(block) else None
            if made is None:
                continue
            y += block.before_pt if items else 0.0
            items.extend(_moved(made.items, 0, y))
            y += made.height
        return _Set(y, tuple(items)) if items else None

    def _set(self, block: Block, width: float) -> _Set | None:
        match block:
            case Text():
                text = self._filled(block.text, block.join)
                return _text(block, text, width) if text else None
            case Fact():
                text = self._filled(block.text, block.join)
                return _fact(block, text, width) if text else None
            case Line():
                return _Set(block.thickness_pt, (PlacedLine(0, block.thickness_pt / 2, width, block.thickness_pt),))
            case Space():
                return _Set(block.height_pt, ())
            case Image():
                file = self._template.folder / block.file
                return _Set(block.height_pt, (PlacedImage(0, 0, block.height_pt, file, block.align, width),))
            case Columns():
                return self._columns(block, width)
            case Note():
                return None

    def _columns(self, block: Columns, width: float) -> _Set | None:
        # What has no content at any width has none at this one, so each column is tried at the full width first.
        present = [column for column in block.column if self._stacked(column.block, width) is not None]
        if not present:
            return None
        room = width - block.gap_pt * (len(present) - 1)
        shares = sum(column.share for column in present)
        items: list[Item] = []
        height = x = 0.0
        for column in present:
            column_width = room * column.share / shares
            made = self._stacked(column.block, column_width)
            assert made is not None
            items.extend(_moved(made.items, x, 0))
            height = max(height, made.height)
            x += column_width + block.gap_pt
        return _Set(height, tuple(items))

    def _set_note(self, block: Note, y: float) -> float:
        text = self._filled(block.text, "")
        if text is None or not text.strip():
            return y
        y += block.before_pt if y > self._top else 0.0
        paragraphs = [_Paragraph(line, face_for(line, False)) for line in text.strip("\n").split("\n")]
        size = block.size_pt
        lines = _note_lines(paragraphs, size, self._width)
        while y + len(lines) * size * LEADING > self._bottom and size - STEP_PT >= block.min_size_pt:
            size -= STEP_PT
            lines = _note_lines(paragraphs, size, self._width)
        if y + len(lines) * size * LEADING > self._bottom:
            size = block.size_pt
            lines = _note_lines(paragraphs, size, self._width)
        for line, paragraph in lines:
            if y + size * LEADING > self._bottom and y > self._top:
                y = self._start_page(self._template.continued)
            face = paragraph.face
            x = self._width - face.width(line, size) if is_right_to_left(paragraph.text) else 0.0
            self._pages[-1].append(PlacedText(self._left + x, y + RISE * size, line, face, size))
            y += size * LEADING
        return y


@dataclass(frozen=True)
class _Paragraph:
    text: str
    face: Face


def _note_lines(paragraphs: Sequence[_Paragraph], size_pt: float, width: float) -> list[tuple[str, _Paragraph]]:
    return [(line, made) for made in paragraphs for line in broken(made.text, made.face, size_pt, width)]


def _moved(items: Sequence[Item], x: float, y: float) -> list[Item]:
    return [replace(item, x=item.x + x, y=item.y + y) for item in items]


def _fitted(
    text: str, face: Face, sizes_pt: tuple[float, float], max_lines: int, width: float
) -> tuple[list[str], float]:
    """The lines and their size: the largest at which ``max_lines`` are enough, else the smallest with all it takes."""
    size, smallest = sizes_pt
    while True:
        lines = [line for part in text.split("\n") for line in broken(part, face, size, width)]
        if len(lines) <= max_lines or size <= smallest:
            return lines, size
        size = max(smallest, size - STEP_PT)


def _text(block: Text, text: str, width: float) -> _Set:
    face = face_for(text, block.bold)
    lines, size = _fitted(text, face, (block.size_pt, block.min_size_pt), block.max_lines, width)
    share = {"left": 0.0, "centre": 0.5, "right": 1.0}[block.align]
    items = tuple(
        PlacedText((width - face.width(line, size)) * share, (RISE + LEADING * row) * size, line, face, size)
        for row, line in enumerate(lines)
    )
    return _Set(len(lines) * LEADING * size, items)


def _fact(block: Fact, text: str, width: float) -> _Set:
    face = face_for(text, block.bold)
    room = max(36.0, width - block.label_width_pt)
    lines, size = _fitted(text, face, (block.size_pt, block.min_size_pt), block.max_lines, room)
    label_size = min(block.size_pt, 12.0)
    label = PlacedText(0, RISE * size, block.label, face_for(block.label, False), label_size)
    items = tuple(
        PlacedText(block.label_width_pt, (RISE + LEADING * row) * size, line, face, size)
        for row, line in enumerate(lines)
    )
    return _Set(len(lines) * LEADING * size, (label, *items))

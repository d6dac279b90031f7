"""Blocks become items: how high each is with these fields, and what stands where in it.

What always holds: nothing that a field says is cut off (what does not fit is made smaller, then takes more lines); a
block without content is nothing; the same block, fields and room give the same items.

Must not: know of pages (``coverpage.layout`` does), or draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from coverpage.conditions import holds
from coverpage.fields import Values, Varies, varies
from coverpage.items import (
    Item,
    PlacedCode,
    PlacedFrame,
    PlacedImage,
    PlacedRule,
    PlacedText,
    on_row,
)
from coverpage.memo import Memo, said
from coverpage.script import is_right_to_left
from coverpage.template import (
    Align,
    AnyBlock,
    Area,
    Barcode,
    Blank,
    Box,
    Check,
    Columns,
    Fact,
    Image,
    Line,
    Note,
    Parts,
    Space,
    Table,
    Text,
    condition_of,
    parts_of,
)

LEADING = 1.25
"""Height of a line, in sizes; its baseline is ``RISE`` sizes below its top."""
RISE = 0.98
STEP = 0.5
LEAST_ROOM = 36.0
LABEL_MOST = 12.0
SMALLEST = 6.5
TICK = 0.7
CAPITAL = 0.73
"""Height of a capital letter, in sizes."""
_SHARE: dict[Align, float] = {"left": 0.0, "centre": 0.5, "right": 1.0}


class Letters(Protocol):
    """How wide text is; sizes and widths in points. Both raise CoverPageError where a glyph is missing."""

    def width(self, text: str, size: float, bold: bool, right_to_left: bool) -> float: ...

    def lines(self, text: str, size: float, bold: bool, most: float) -> Sequence[str]: ...


@dataclass(frozen=True)
class Made:
    """A block that has its place; ``items`` may be none where there is only room."""

    height: float
    items: list[Item]


_blocks: Memo[Made | None] = Memo()
_rows: Memo[Made | None] = Memo()


class Setter:
    """Sets blocks with the same fields. ``scale``: all letters and lengths are made that much smaller."""

    def __init__(self, values: Values, letters: Letters, scale: float = 1.0) -> None:
        self._values = values
        self._letters = letters
        self._scale = scale

    def scaled(self, scale: float) -> Setter:
        return Setter(self._values, self._letters, scale)

    def shown(self, when: Parts) -> bool:
        condition = condition_of(when)
        return condition is None or holds(condition, self._values.condition)

    def text_of(self, parts: Parts, join: str) -> str | None:
        return self._values.filled(parts_of(parts), join)

    def before(self, block: AnyBlock) -> float:
        return block.before * self._scale

    def stacked(self, blocks: Sequence[AnyBlock], x: float, y: float, width: float) -> Made | None:
        """The blocks below each other; None: none of them has content."""
        items: list[Item] = []
        top = y
        for block in blocks:
            made = self.made(block, x, y + (self.before(block) if y > top else 0.0), width)
            if made is None:
                continue
            y += (self.before(block) if y > top else 0.0) + made.height
            items += made.items
        return Made(y - top, items) if y > top else None

    def placed_block(self, block: AnyBlock, x: float, y: float, width: float) -> Made | None:
        """As ``made``; what was set so before is not set again."""
        key = (x, y, width, self._scale, self._letters, said(block, self._values))
        return _blocks.of(block, key, lambda: self.made(block, x, y, width))

    def made(self, block: AnyBlock, x: float, y: float, width: float) -> Made | None:
        """One block from ``x`` and ``y`` on; None: it has no content, or is not to be shown."""
        if block.when and not self.shown(block.when):
            return None
        scale = self._scale
        match block:
            case Text():
                return self._text(block, x, y, width)
            case Fact():
                return self._fact(block, x, y, width)
            case Line():
                thickness = block.thickness
                return Made(thickness, [PlacedRule(x, on_row(y), width, thickness)])
            case Space():
                return Made(block.height * scale, [])
            case Image():
                height = block.height * scale
                return Made(height, [PlacedImage(x, y, width, height, block.file, block.align)])
            case Barcode():
                return self._barcode(block, x, y, width)
            case Blank():
                return self._blank(block, x, y, width)
            case Check():
                return self._check(block, x, y, width)
            case Table():
                return self._table(block, x, y, width)
            case Columns():
                return self._columns(block, x, y, width)
            case Box():
                return self._box(block, x, y, width)
            case Note() | Area():
                return None

    def sized(self, size: float) -> float:
        return size if self._scale == 1.0 else max(min(size, SMALLEST), size * self._scale)

    def fitted(
        self, text: str, sizes: tuple[float, float], bold: bool, max_lines: int, width: float
    ) -> tuple[list[str], float]:
        """The lines and their size: the largest at which ``max_lines`` are enough, else the smallest."""
        size, smallest = self.sized(sizes[0]), self.sized(min(sizes))
        while True:
            lines = [line for part in text.split("\n") for line in self._letters.lines(part, size, bold, width)]
            if len(lines) <= max_lines or size <= smallest:
                return lines, size
            size = max(smallest, size - STEP)

    def placed(
        self,
        lines: Sequence[str],
        x: float,
        y: float,
        width: float,
        size: float,
        bold: bool,
        align: Align,
        change: Varies,
    ) -> list[Item]:
        """Lines of text from ``y`` on."""
        items: list[Item] = []
        share = _SHARE[align]
        right_to_left = is_right_to_left(" ".join(lines))
        for row, line in enumerate(lines):
            left = share and (width - self._letters.width(line, size, bold, right_to_left)) * share
            baseline = y + (RISE + LEADING * row) * size
            items.append(PlacedText(x + left, baseline, line, size, bold, right_to_left, change))
        return items

    def _text(self, block: Text, x: float, y: float, width: float) -> Made | None:
        parts = parts_of(block.text)
        text = self._values.filled(parts, block.join)
        if text is None:
            return None
        lines, size = self.fitted(text, (block.size, block.min_size), block.bold, block.max_lines, width)
        items = self.placed(lines, x, y, width, size, block.bold, block.align, varies(parts))
        return Made(len(lines) * LEADING * size, items)

    def _labelled(self, label: str, size: float, width: float, room: float) -> tuple[list[str], float, float]:
        """A label's lines, its size, and the room it takes before what it labels."""
        lines, size = self.fitted(label, (min(size, LABEL_MOST), 9), False, 1, max(room - 4, LEAST_ROOM))
        widest = max(self._letters.width(line, size, False, False) for line in lines)
        return lines, size, min(max(room, widest + 4), max(room, width - LEAST_ROOM))

    def _fact(self, block: Fact, x: float, y: float, width: float) -> Made | None:
        parts = parts_of(block.text)
        text = self._values.filled(parts, block.join)
        if text is None:
            return None
        labels, label_size, room = self._labelled(block.label, block.size, width, block.label_width * self._scale)
        right = max(LEAST_ROOM, width - room)
        lines, size = self.fitted(text, (block.size, block.min_size), block.bold, block.max_lines, right)
        # On one baseline, whatever their sizes.
        drop = RISE * (size - label_size)
        items = self.placed(labels, x, y + max(drop, 0.0), room, label_size, False, "left", Varies.NEVER)
        items += self.placed(lines, x + room, y + max(-drop, 0.0), right, size, block.bold, "left", varies(parts))
        height = max(max(-drop, 0.0) + len(lines) * LEADING * size, max(drop, 0.0) + len(labels) * LEADING * label_size)
        return Made(height, items)

    def _barcode(self, block: Barcode, x: float, y: float, width: float) -> Made | None:
        parts = parts_of(block.text)
        text = self._values.filled(parts, block.join)
        if text is None:
            return None
        height = block.height * self._scale
        return Made(height, [PlacedCode(x, y, width, height, block.code, text, block.align, varies(parts))])

    def _blank(self, block: Blank, x: float, y: float, width: float) -> Made:
        height = block.height * self._scale
        items: list[Item] = []
        room = 0.0
        if block.label:
            labels, size, room = self._labelled(block.label, block.size, width, block.label_width * self._scale)
            up = height - LEADING * size
            items += self.placed(labels, x, y + max(0.0, up), room, size, False, "left", Varies.NEVER)
        for line in range(block.lines):
            at = on_row(y + (line + 1) * height - block.thickness)
            items.append(PlacedRule(x + room, at, width - room, block.thickness))
        return Made(height * block.lines, items)

    def _check(self, block: Check, x: float, y: float, width: float) -> Made:
        size = self.sized(block.size)
        side = size * 0.85
        items: list[Item] = []
        left, row = x, 0
        for label in block.label:
            long = self._letters.width(label, size, False, is_right_to_left(label))
            if left > x and left + side + 0.5 * size + long > x + width:
                left, row = x, row + 1
            top = y + row * LEADING * size
            baseline = top + RISE * size
            box_top = on_row(baseline - 0.8 * size)
            items.append(PlacedFrame(left, box_top, side, side, 1.0))
            condition = condition_of(block.ticked.get(label, ()))
            if condition is not None and holds(condition, self._values.condition):
                small = TICK * size
                centre = left + (side - self._letters.width("X", small, True, False)) / 2
                foot = box_top + (side + CAPITAL * small) / 2
                items.append(PlacedText(centre, foot, "X", small, True, False, Varies.WITH_RECIPIENT))
            room = max(LEAST_ROOM, x + width - left - side - 0.5 * size)
            lines, label_size = self.fitted(label, (size, 8), False, 1, room)
            items += self.placed(lines, left + side + 0.5 * size, top, room, label_size, False, "left", Varies.NEVER)
            row += len(lines) - 1
            left += side + 0.5 * size + long + block.gap * self._scale
        return Made((row + 1) * LEADING * size, items)

    def _table(self, block: Table, x: float, y: float, width: float) -> Made | None:
        padding = block.padding * self._scale
        thickness = block.thickness
        whole = sum(block.share)
        edges = [x + width * sum(block.share[:number]) / whole for number in range(len(block.share) + 1)]
        items: list[Item] = []
        top = on_row(y)
        at = top + thickness
        for row in block.row:
            made = self._known_row(block, row, edges, at + padding)
            if made is None:
                continue
            items += made.items
            at = on_row(at + made.height + 2 * padding)
            items.append(PlacedRule(x, at, width, thickness))
            at += thickness
        if not items:
            return None
        items.append(PlacedRule(x, top, width, thickness))
        height = at - top
        items += [PlacedRule(min(edge, x + width - thickness), top, thickness, height) for edge in edges]
        return Made(max(height, at - y), items)

    def _known_row(self, block: Table, row: Sequence[str], edges: Sequence[float], y: float) -> Made | None:
        texts = tuple(self._values.filled((cell,), "") for cell in row)
        key = (y, edges[0], edges[-1], self._scale, self._letters, texts)
        return _rows.of(row, key, lambda: self._row(block, row, texts, edges, y))

    def _row(
        self, block: Table, row: Sequence[str], texts: Sequence[str | None], edges: Sequence[float], y: float
    ) -> Made | None:
        kinds = [varies((cell,)) for cell in row]
        fields = [text for text, kind in zip(texts, kinds, strict=True) if kind is not Varies.NEVER]
        if fields and not any(fields):
            return None
        padding = max(block.padding * self._scale, 2.0)
        items: list[Item] = []
        height = LEADING * self.sized(block.size)
        for number, (text, kind) in enumerate(zip(texts, kinds, strict=True)):
            # A label whose field is empty would be a question.
            if text is None or (kind is Varies.NEVER and number + 1 < len(row) and _empty(texts, kinds, number + 1)):
                continue
            room = max(LEAST_ROOM / 2, edges[number + 1] - edges[number] - 2 * padding)
            lines, size = self.fitted(text, (block.size, block.min_size), False, block.max_lines, room)
            items += self.placed(lines, edges[number] + padding, y, room, size, kind is Varies.NEVER, "left", kind)
            height = max(height, len(lines) * LEADING * size)
        return Made(height, items)

    def _columns(self, block: Columns, x: float, y: float, width: float) -> Made | None:
        # What has no content at any width has none at this one, so each column is tried at the full width first.
        present = [column for column in block.column if self._has_content(column.block)]
        if not present:
            return None
        gap = block.gap * self._scale
        room = width - gap * (len(present) - 1)
        shares = sum(column.share for column in present)
        items: list[Item] = []
        height = 0.0
        for column in present:
            column_width = room * column.share / shares
            made = self.stacked(column.block, x, y, column_width)
            if made is not None:
                items += made.items
                height = max(height, made.height)
            x += column_width + gap
        return Made(height, items)

    def _has_content(self, blocks: Sequence[AnyBlock]) -> bool:
        for block in blocks:
            if block.when and not self.shown(block.when):
                continue
            match block:
                case Text() | Fact() | Barcode():
                    found = self._values.filled(parts_of(block.text), "") is not None
                case Table():
                    found = any(self._has_cells(row) for row in block.row)
                case Columns():
                    found = any(self._has_content(column.block) for column in block.column)
                case _:
                    found = True
            if found:
                return True
        return False

    def _has_cells(self, row: Sequence[str]) -> bool:
        return all(varies((cell,)) is Varies.NEVER for cell in row) or any(
            varies((cell,)) is not Varies.NEVER and self._values.filled((cell,), "") is not None for cell in row
        )

    def _box(self, block: Box, x: float, y: float, width: float) -> Made | None:
        edge = (block.padding + block.thickness) * self._scale
        top = on_row(y)
        made = self.stacked(block.block, x + edge, top + edge, width - 2 * edge)
        if made is None:
            return None
        height = on_row(top + made.height + 2 * edge) - top
        return Made(max(height, top + height - y), [PlacedFrame(x, top, width, height, block.thickness), *made.items])


def _empty(texts: Sequence[str | None], kinds: Sequence[Varies], number: int) -> bool:
    return kinds[number] is not Varies.NEVER and texts[number] is None

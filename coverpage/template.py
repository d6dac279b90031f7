"""What a template is: a page as a column of blocks from the top, and blocks at fixed places on a form.

Heights come from what is in the blocks, so one template serves A4 and Letter. Texts name fields in braces,
``{recipient.name}``; a block whose fields are all empty is not there. No code lives in a template. All lengths here are
in points; in the file they may also be written as "25 mm", "1 in".

What always holds: a ``Template`` that ``coverpage.template_read`` has made names only fields, formats and files that
there are. docs/cover-pages.md describes it for those who write one, ``schema`` for their editors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from coverpage.conditions import AnyOf, Condition, parsed
from coverpage.fields import CONDITION_NAMES
from coverpage.formats import Formats, Telephone

# A row of a standard-resolution page is 1/98 inch = 0.735 pt high; a thinner line could fall between two rows.
THINNEST_LINE = 0.75

Points = Annotated[float, msgspec.Meta(ge=0, le=1200)]
Length = Annotated[float, msgspec.Meta(gt=0, le=1200)]
Size = Annotated[float, msgspec.Meta(ge=7, le=200)]
Thickness = Annotated[float, msgspec.Meta(ge=THINNEST_LINE, le=20)]
Count = Annotated[int, msgspec.Meta(ge=1, le=60)]
Share = Annotated[float, msgspec.Meta(gt=0, le=1000)]
Parts: TypeAlias = str | tuple[str, ...]
Align = Literal["left", "right", "centre"]
Code = Literal["qr", "code128"]


class _Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", kw_only=True):
    before: Points = 0  # space above, not at the top of a page
    when: Parts = ()  # conditions, of which one must hold


class Text(_Block, tag="text", frozen=True):
    """Text that shrinks to ``min_size`` to stay within ``max_lines``, and only then takes more lines."""

    text: Parts
    join: str = ", "
    size: Size = 12
    min_size: Size = 9
    bold: bool = False
    align: Align = "left"
    max_lines: Count = 1


class Fact(_Block, tag="fact", frozen=True):
    """A label and its text beside it."""

    label: str
    text: Parts
    join: str = ", "
    label_width: Points = 60
    size: Size = 12
    min_size: Size = 9
    bold: bool = False
    max_lines: Count = 1


class Line(_Block, tag="line", frozen=True):
    """A rule from margin to margin."""

    thickness: Thickness = 1


class Space(_Block, tag="space", frozen=True):
    """Room; as much of it as there is on the page."""

    height: Points


class Image(_Block, tag="image", frozen=True):
    """A picture (PNG, JPEG) beside the template file, such as a logo; what is not bilevel is screened."""

    file: str
    height: Length
    align: Align = "left"


class Barcode(_Block, tag="barcode", frozen=True):
    """A QR code or Code 128 of a text."""

    text: Parts
    join: str = ""
    code: Code = "qr"
    height: Length = 72
    align: Align = "left"


class Blank(_Block, tag="blank", frozen=True):
    """Lines to fill in by hand, behind a label if there is one."""

    label: str = ""
    label_width: Points = 60
    lines: Count = 1
    height: Length = 24  # of each line
    size: Size = 12
    thickness: Thickness = 1


class Check(_Block, tag="check", frozen=True):
    """Boxes to tick, side by side; ``ticked``: conditions by label, under which it is ticked already."""

    label: tuple[str, ...]
    ticked: dict[str, str] = {}
    size: Size = 12
    gap: Points = 18


class Table(_Block, tag="table", frozen=True):
    """Ruled rows of cells; a row whose fields are all empty is left out. Cells that name no field are labels."""

    row: tuple[tuple[str, ...], ...]
    share: tuple[Share, ...]  # of the width, for each column
    size: Size = 11
    min_size: Size = 9
    max_lines: Count = 2
    thickness: Thickness = 0.75
    padding: Points = 4


class Note(_Block, tag="note", frozen=True):
    """Running text with line breaks, which flows on to further pages."""

    text: Parts = "{note}"
    join: str = "\n"
    size: Size = 12
    min_size: Size = 12  # smaller only if it then stays on this page


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    block: tuple[Flat, ...]
    share: Share = 1


class Columns(_Block, tag="columns", frozen=True):
    """Blocks side by side; a column with nothing in it gives its room to the others."""

    column: tuple[Column, ...]
    gap: Points = 18


class Box(_Block, tag="box", frozen=True):
    """Blocks in a frame."""

    block: tuple[Inner, ...]
    padding: Points = 8
    thickness: Thickness = 1


class Area(_Block, tag="area", frozen=True):
    """Blocks at a place of its own, measured from the paper's left and top edge: for forms in the background.

    They are made smaller, down to two thirds, to stay in it; what even so does not fit goes on a page of its own.
    """

    x: Points
    y: Points
    width: Length
    height: Length
    block: tuple[Inner, ...]


Flat: TypeAlias = Text | Fact | Line | Space | Image | Barcode | Blank | Check | Table
Inner: TypeAlias = Text | Fact | Line | Space | Image | Barcode | Blank | Check | Table | Columns
Block: TypeAlias = Text | Fact | Line | Space | Image | Barcode | Blank | Check | Table | Columns | Box | Note | Area
KINDS: dict[str, type[msgspec.Struct]] = {
    "text": Text,
    "fact": Fact,
    "line": Line,
    "space": Space,
    "image": Image,
    "barcode": Barcode,
    "blank": Blank,
    "check": Check,
    "table": Table,
    "note": Note,
    "columns": Columns,
    "box": Box,
    "area": Area,
}
_POSITIONS = ("x", "y", "width", "height", "left", "right", "top", "bottom", "before", "gap", "padding", "label_width")
LENGTHS = frozenset((*_POSITIONS, "size", "min_size", "thickness"))
"""Keys whose numbers are points, and which may be written with a unit."""


class Margins(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    left: Points = 54
    right: Points = 54
    top: Points = 48
    bottom: Points = 48


class WrittenFormats(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As ``coverpage.formats.Formats``."""

    time_sent: str = "%Y-%m-%d %H:%M"
    dates: dict[str, str] = {}
    thousands: Annotated[str, msgspec.Meta(max_length=1)] = ""
    telephone: Telephone = "kept"
    months: tuple[str, ...] = ()
    days: tuple[str, ...] = ()


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole template. ``continued``: what stands at the top of every page after the first."""

    title: str = ""
    about: str = ""
    language: Annotated[str, msgspec.Meta(pattern="^[a-z]{2,3}$")] = "en"
    margins: Margins = Margins()
    formats: WrittenFormats = WrittenFormats()
    background: str = ""  # a PDF beside the template, whose first page everything is drawn upon
    strip: bool = False  # put on top of the first page instead of being a page
    block: tuple[Block, ...]
    continued: tuple[Flat, ...] = ()

    def written(self) -> Formats:
        return Formats(
            language=self.language,
            time_sent=self.formats.time_sent,
            dates=self.formats.dates,
            thousands=self.formats.thousands,
            telephone=self.formats.telephone,
            months=self.formats.months,
            days=self.formats.days,
        )


AnyBlock: TypeAlias = Block | Flat | Inner


def every(blocks: Sequence[AnyBlock]) -> Iterator[AnyBlock]:
    """The blocks and those within them."""
    for block in blocks:
        yield block
        if isinstance(block, Box | Area):
            yield from every(block.block)
        elif isinstance(block, Columns):
            for column in block.column:
                yield from every(column.block)


def texts_of(block: AnyBlock) -> tuple[str, ...]:
    """All texts of one block that may name fields."""
    match block:
        case Text() | Fact() | Barcode() | Note():
            return parts_of(block.text)
        case Table():
            return tuple(cell for row in block.row for cell in row)
    return ()


def parts_of(parts: Parts) -> tuple[str, ...]:
    return (parts,) if isinstance(parts, str) else parts


@lru_cache(maxsize=4096)
def condition_of(when: Parts) -> Condition | None:
    """Under which a block is shown; None: always. Raises ConditionError."""
    conditions = tuple(parsed(each, CONDITION_NAMES) for each in parts_of(when))
    if not conditions:
        return None
    return conditions[0] if len(conditions) == 1 else AnyOf(conditions)


def files_of(template: Template) -> tuple[str, ...]:
    """The files beside it that the template names, each once, in order."""
    named = [block.file for block in every((*template.block, *template.continued)) if isinstance(block, Image)]
    return tuple(dict.fromkeys((*filter(None, (template.background,)), *named)))


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a template, for editors."""
    found = msgspec.json.schema(Template)
    for part in found["$defs"].values():
        properties = part.get("properties", {})
        for key in LENGTHS & properties.keys():
            number = {k: v for k, v in properties[key].items() if k != "default"}
            length = {"type": "string", "pattern": r"^\d+(\.\d+)? ?(pt|mm|cm|in)$"}
            properties[key] = {
                "anyOf": [number, length],
                **{k: v for k, v in properties[key].items() if k == "default"},
            }
        if "kind" in properties:
            properties["style"] = {"type": "string", "description": "The name of a [style] whose keys this block takes"}
    top = found["$defs"]["Template"]["properties"]
    top["style"] = {"type": "object", "additionalProperties": {"type": "object"}}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Platen cover page", **found}


def beside(name: str) -> bool:
    """Whether a file's name is that of a file beside the template."""
    return bool(name) and Path(name).name == name and not name.startswith(".")

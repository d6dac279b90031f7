"""Templates: a cover page's layout as data, read from TOML and checked when it is read.

A page is a column of blocks, from the top: text, fact (a label and its text), line, image, space, columns (blocks side
by side), note. Heights come from what is in them, so one template serves A4 and Letter. Texts name fields in braces,
``{recipient.name}``; a block whose fields are all empty is not there. No code lives in a template.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec

from coverpage.errors import CoverPageError
from coverpage.fields import FIELD_NAMES, PLACEHOLDER

BUILT_IN = Path(__file__).parent / "templates"
OWN_LIMIT = 64 << 10  # characters of a template that is brought along
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
# A row of a standard-resolution page is 1/98 inch = 0.735 pt high; a thinner line could fall between two rows.
THINNEST_LINE_PT = 0.75

Points = Annotated[float, msgspec.Meta(ge=0, le=1000)]
Size = Annotated[float, msgspec.Meta(ge=6, le=200)]
Parts: TypeAlias = str | tuple[str, ...]


class _Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", kw_only=True):
    before_pt: Points = 0  # space above, not at the top of a page
    when: tuple[str, ...] = ()  # fields, or "recipient", "sender": shown only if one of them is not empty


class Text(_Block, tag="text", frozen=True):
    """Text that shrinks to ``min_size_pt`` to stay within ``max_lines``, and only then takes more lines."""

    text: Parts
    join: str = ", "
    size_pt: Size = 12
    min_size_pt: Size = 9
    bold: bool = False
    align: Literal["left", "right", "centre"] = "left"
    max_lines: Annotated[int, msgspec.Meta(ge=1)] = 1


class Fact(_Block, tag="fact", frozen=True):
    """A label and its text beside it."""

    label: str
    text: Parts
    join: str = ", "
    label_width_pt: Points = 60
    size_pt: Size = 12
    min_size_pt: Size = 9
    bold: bool = False
    max_lines: Annotated[int, msgspec.Meta(ge=1)] = 1


class Line(_Block, tag="line", frozen=True):
    """A rule from margin to margin."""

    thickness_pt: Annotated[float, msgspec.Meta(ge=THINNEST_LINE_PT, le=20)] = 1


class Space(_Block, tag="space", frozen=True):
    height_pt: Points


class Image(_Block, tag="image", frozen=True):
    """A picture beside the template file; what is not bilevel is made so."""

    file: str
    height_pt: Annotated[float, msgspec.Meta(gt=0, le=500)]
    align: Literal["left", "right", "centre"] = "left"


class Note(_Block, tag="note", frozen=True):
    """Running text with line breaks, which flows on to further pages."""

    text: str = "{note}"
    size_pt: Size = 12
    min_size_pt: Size = 12  # smaller only if it then stays on this page


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    block: tuple[Flat, ...]
    share: Annotated[float, msgspec.Meta(gt=0)] = 1


class Columns(_Block, tag="columns", frozen=True):
    """Blocks side by side; a column with nothing in it gives its room to the others."""

    column: tuple[Column, ...]
    gap_pt: Points = 18


Flat: TypeAlias = Text | Fact | Line | Space | Image
Block: TypeAlias = Text | Fact | Line | Space | Image | Note | Columns


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole template. ``continued``: what stands at the top of every page after the first."""

    block: tuple[Block, ...]
    continued: tuple[Flat, ...] = ()
    margin_left_pt: Points = 54
    margin_right_pt: Points = 54
    margin_top_pt: Points = 48
    margin_bottom_pt: Points = 48
    folder: Path = BUILT_IN  # where its images are; not read from the file


def templates(folder: Path | None = None) -> list[str]:
    """The names that ``load`` takes, in order: the built-in ones and those of ``folder``."""
    found: set[str] = set()
    for place in (BUILT_IN, folder):
        if place is not None and place.is_dir():
            found.update(path.stem for path in place.glob("*.toml") if NAME.fullmatch(path.stem))
    return sorted(found)


def load(name: str, folder: Path | None = None) -> Template:
    """The template ``name``, from ``folder`` before the built-in ones.

    Raises:
        CoverPageError: there is none of that name (the text lists the names), or it is not a template (the text says
            where it is wrong).
    """
    known = templates(folder)
    if name not in known:
        raise CoverPageError(f"There is no cover page template {name!r}. There are: {', '.join(known)}")
    place = next(place for place in (folder, BUILT_IN) if place is not None and (place / f"{name}.toml").is_file())
    path = place / f"{name}.toml"
    try:
        return _read(path.read_text(encoding="utf-8"), place)
    except (OSError, ValueError) as error:
        raise CoverPageError(f"The cover page template {path} is not right: {error}") from error


def own(text: str) -> Template:
    """A template that somebody brings along, from its text; it has no images, since nothing lies beside it.

    Raises CoverPageError: it is not a template (the text says where it is wrong).
    """
    try:
        if len(text) > OWN_LIMIT:
            raise ValueError(f"it has more than {OWN_LIMIT} characters")
        template = _read(text, BUILT_IN)
        if any(isinstance(block, Image) for block in _every((*template.block, *template.continued))):
            raise ValueError("it names an image, and none can come with it")
    except ValueError as error:
        raise CoverPageError(f"The cover page that was brought along is not right: {error}") from error
    return template


def _read(text: str, folder: Path) -> Template:
    """Raises ValueError."""
    data = tomllib.loads(text)
    data.pop("folder", None)
    template = msgspec.structs.replace(msgspec.convert(data, Template), folder=folder)
    _check(template)
    return template


def _every(blocks: Sequence[Block]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, Columns):
            for column in block.column:
                yield from column.block


def _check(template: Template) -> None:
    """Raises ValueError: a field that is not known, or an image outside the template's folder."""
    groups = ("recipient", "sender")
    for block in _every((*template.block, *template.continued)):
        texts: Parts = block.text if isinstance(block, Text | Fact | Note) else ()
        for part in (texts,) if isinstance(texts, str) else texts:
            for name in PLACEHOLDER.findall(part):
                if name not in FIELD_NAMES:
                    raise ValueError(f"there is no field {{{name}}}; there are: {', '.join(FIELD_NAMES)}")
        for name in block.when:
            if name not in FIELD_NAMES and name not in groups:
                raise ValueError(f"when = {name!r}: neither a field nor one of {', '.join(groups)}")
        if isinstance(block, Image) and Path(block.file).name != block.file:
            raise ValueError(f"an image lies beside its template: {block.file!r}")

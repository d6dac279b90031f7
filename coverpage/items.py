"""What a page is made of once everything has its place.

What always holds: places count in points from the paper's left and top edge; rules and frames begin on a row of the
standard resolution, so that all of one thickness are as many rows high.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from coverpage.fields import Varies
from coverpage.template import Align, Code

STANDARD_ROW_PT = 72 / (3.85 * 25.4)


class PlacedText(NamedTuple):
    x: float
    y: float  # of the baseline
    text: str
    size: float
    bold: bool
    right_to_left: bool
    varies: Varies


class PlacedRule(NamedTuple):
    """A filled rectangle."""

    x: float
    y: float  # of its top
    width: float
    height: float


class PlacedFrame(NamedTuple):
    """Its line lies within its measures."""

    x: float
    y: float
    width: float
    height: float
    thickness: float


class PlacedImage(NamedTuple):
    x: float
    y: float
    width: float  # of the room it is aligned in
    height: float
    file: str
    align: Align


class PlacedCode(NamedTuple):
    x: float
    y: float
    width: float  # of the room it is aligned in
    height: float
    code: Code
    text: str
    align: Align
    varies: Varies


Item: TypeAlias = PlacedText | PlacedRule | PlacedFrame | PlacedImage | PlacedCode


def on_row(y: float) -> float:
    """The top of the row of standard resolution in which ``y`` is."""
    return round(y / STANDARD_ROW_PT) * STANDARD_ROW_PT


def varies(item: Item) -> Varies:
    return getattr(item, "varies", Varies.NEVER)

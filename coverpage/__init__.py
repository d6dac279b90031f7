"""Cover pages: templates (layout as data), their fields, and drawing them as finished pages; confirmation sheets in
the same letters.

May import: ``codec`` and ``fax``. Raises ``CoverPageError`` (a member of the API's errors), and ``codec``'s own where
the machine fails.

One way to draw for everybody: ``Shelf.find`` a template by its name, then ``Studio.cover`` with the fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coverpage.band import on_top
from coverpage.errors import CoverPageError
from coverpage.fields import FIELD_NAMES, CoverFields, fields_for
from coverpage.layout import PaperName
from coverpage.lettering import check_letters
from coverpage.shelf import OWN, Found, Place, Shelf, brought_along, from_files, load
from coverpage.studio import Cover, Studio
from coverpage.template_problems import Problem, TemplateError

if TYPE_CHECKING:
    from coverpage.sheet import Sheet

__all__ = [
    "FIELD_NAMES",
    "OWN",
    "Cover",
    "CoverFields",
    "CoverPageError",
    "Found",
    "PaperName",
    "Place",
    "Problem",
    "Shelf",
    "Studio",
    "TemplateError",
    "brought_along",
    "check_letters",
    "fields_for",
    "from_files",
    "load",
    "on_top",
    "render_sheet",
]


def render_sheet(sheet: Sheet, *, page: PaperName = "a4") -> bytes:
    """A confirmation sheet as PDF; the same input gives the same octets. Raises CoverPageError: no font at all."""
    from coverpage.sheet import drawn_sheet

    return drawn_sheet(sheet, page)

"""Cover pages: templates (layout as data), their fields, and drawing them as a PDF of one or more pages; confirmation
sheets in the same letters.

May import: ``codec`` and ``fax``. Raises ``CoverPageError`` only, a member of the API's errors.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from coverpage.errors import CoverPageError
from coverpage.fields import FIELD_NAMES, CoverFields, fields_for
from coverpage.template import load, own, templates

if TYPE_CHECKING:
    from coverpage.sheet import Sheet

__all__ = [
    "FIELD_NAMES",
    "CoverFields",
    "CoverPageError",
    "PageSize",
    "fields_for",
    "render",
    "render_sheet",
    "templates",
]

PageSize = Literal["a4", "letter"]


def render(
    template: str, fields: CoverFields, *, page: PageSize = "a4", folder: Path | None = None, layout: str = ""
) -> bytes:
    """The cover page as PDF, black on white; the same input gives the same octets.

    ``folder``: templates of the site; one of the same name goes before the built-in one. ``layout``: the text of a
    template that somebody brings along, in place of ``template``. A note that does not fit flows
    on to further pages. When ``fields`` say ``document_pages`` rather than ``page_count``, the cover's own pages are
    counted in.

    Raises:
        CoverPageError: no such template (the text lists the names), a template that is not right, a character that no
            font on this machine can draw, a note of more than ten pages.
    """
    from coverpage.drawing import drawn
    from coverpage.layout import PAGES_PT, arranged

    chosen = own(layout) if layout else load(template, folder)
    return drawn(arranged(chosen, fields, page), PAGES_PT[page])


def render_sheet(sheet: Sheet, *, page: PageSize = "a4") -> bytes:
    """A confirmation sheet as PDF; the same input gives the same octets. Raises CoverPageError: no font at all."""
    from coverpage.sheet import drawn_sheet

    return drawn_sheet(sheet, page)

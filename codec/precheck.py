"""What a PDF says about itself before anything is drawn: whole, open, how many pages, of which size.

What always holds: a PDF that passes needed no repair, opens without a password, and its pages were counted one by one;
the count is what the drawn pages are held against later. Nothing is decoded here but the document's structure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pikepdf

from codec.errors import DocumentError, DocumentFault
from codec.limits import Limits

_TAIL_OCTETS = 2048
_AFTER_END = re.compile(rb"%%EOF[\r\n\t \x00\x1a]*(.*)\Z", re.DOTALL)
_MORE_PDF = re.compile(rb"\b(?:obj|xref|trailer|endstream)\b")


@dataclass(frozen=True)
class PdfPage:
    """The visible size of a page in points, as it is read (turned, in its user units)."""

    width_pt: float
    height_pt: float


def pdf_pages(path: Path, limits: Limits) -> list[PdfPage]:
    """The pages of the PDF. Raises DocumentError: damaged, encrypted, too large, or without pages."""
    _check_end(path)
    try:
        with pikepdf.open(path, attempt_recovery=False, inherit_page_attributes=False) as pdf:
            # Read before the pages are counted: qpdf sets it right, in silence, when pages are missing.
            count = pdf.Root.Pages.get("/Count", 0)
            if isinstance(count, int) and count > limits.pages:
                raise _too_many(limits, int(count))
            pages = list(pdf.pages)
            if len(pages) > limits.pages:
                raise _too_many(limits, len(pages))
            if len(pages) != count:
                raise _damaged(f"the page tree holds {len(pages)} pages and says {count}")
            if not pages:
                raise DocumentError(DocumentFault.EMPTY, "This PDF has no pages.")
            sizes = [_checked(page, number, limits) for number, page in enumerate(pages, 1)]
            warnings = [str(warning) for warning in pdf.get_warnings()]
            if warnings:
                raise _damaged("\n".join(warnings[:20]))
            return sizes
    except pikepdf.PasswordError as error:
        raise DocumentError(
            DocumentFault.ENCRYPTED,
            "This PDF is protected by a password. Save it without one, or print it from a program that opens it.",
        ) from error
    except (pikepdf.PdfError, pikepdf.DataDecodingError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(str(error)) from error
    except RuntimeError as error:
        raise _damaged(str(error)) from error


def _check_end(path: Path) -> None:
    """A PDF that was cut off has no end mark; what follows the mark must not be the rest of a newer version."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL_OCTETS))
        tail = file.read()
    place = tail.rfind(b"%%EOF")
    if place < 0:
        raise DocumentError(DocumentFault.DAMAGED, "This PDF is cut off: its end is missing.")
    after = _AFTER_END.match(tail, place)
    if after and _MORE_PDF.search(after.group(1)):
        raise DocumentError(DocumentFault.DAMAGED, "This PDF is cut off in the middle of its last change.")


def _checked(page: pikepdf.Page, number: int, limits: Limits) -> PdfPage:
    contents = page.obj.get("/Contents")
    if contents is not None and not _is_content(contents):
        raise _damaged(f"page {number}: its content is missing")
    media, crop = _box(page.mediabox), _box(page.cropbox)
    # A crop box reaches no further than the page: ISO 32000-1, 14.11.2.
    visible = max(media[0], crop[0]), max(media[1], crop[1]), min(media[2], crop[2]), min(media[3], crop[3])
    if visible[0] >= visible[2] or visible[1] >= visible[3]:
        visible = media
    unit = float(page.obj.get("/UserUnit", 1))
    width, height = (visible[2] - visible[0]) * unit, (visible[3] - visible[1]) * unit
    if max(width, height) > limits.page_side_pt:
        raise DocumentError(
            DocumentFault.TOO_LARGE,
            f"Page {number} of this PDF is {_metres(width)} x {_metres(height)} large, which no fax page can show.",
        )
    if min(width, height) < 1:
        raise _damaged(f"page {number}: its size is {width} x {height} points")
    if page.rotation % 180 == 90:
        width, height = height, width
    return PdfPage(width, height)


def _box(sides: pikepdf.Array) -> tuple[float, float, float, float]:
    """Left, bottom, right, top; a file may name any two opposite corners (ISO 32000-1, 7.9.5)."""
    a, b, c, d = (float(side) for side in sides)
    return min(a, c), min(b, d), max(a, c), max(b, d)


def _is_content(contents: pikepdf.Object) -> bool:
    if isinstance(contents, pikepdf.Array):
        return all(isinstance(part, pikepdf.Stream) for part in contents)
    return isinstance(contents, pikepdf.Stream)


def _metres(points: float) -> str:
    return f"{points * 0.0254 / 72:.1f} m"


def _damaged(detail: str) -> DocumentError:
    return DocumentError(DocumentFault.DAMAGED, "This PDF is damaged. Save or download it again.", detail)


def _too_many(limits: Limits, count: int) -> DocumentError:
    return DocumentError(DocumentFault.TOO_LARGE, f"This PDF has {count} pages; a fax can have {limits.pages} at most.")

"""Cover pages become finished pages: what is the same for many is drawn once, the rest onto it for each recipient.

What always holds: a page depends on template, fields, paper and resolution alone, never on what was drawn before it, so
that the cover of a broadcast and a single one are the same pixels; layers only add black, so their order is no matter;
a template's PDF and pictures are opened by ``codec.documents``' limited child only. Safe to use from several threads.

Three layers: the template's own (rules and frames by ReportLab and Ghostscript, pictures, its background, fixed text),
what changes with the fax (sender, subject, note), what changes with the recipient.
"""

from __future__ import annotations

import tempfile
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codec import documents
from codec.coder import bitmap_of, page_from_bitmap
from codec.errors import CodeError, DocumentError
from codec.limits import DEFAULT_LIMITS, Limits
from codec.nursery import Nursery
from codec.operations import crop, overlay
from codec.page import Bitmap, Page, Resolution
from codec.raster_paper import DPI_X, PT_PER_INCH, Geometry, Paper, geometry
from codec.tiff import read_pages
from coverpage import lettering
from coverpage.band import BAND_PT, RULE_PT, continued_line, on_top, says_continued
from coverpage.codes import code
from coverpage.drawing import vectors
from coverpage.errors import CoverPageError
from coverpage.fields import CoverFields, Varies
from coverpage.items import Item, PlacedCode, PlacedFrame, PlacedImage, PlacedRule, PlacedText, varies
from coverpage.layout import PAPERS, PaperName, arranged
from coverpage.shelf import Found

KEPT_LAYERS = 256
STRIP_FOOT_PT = 6.0


@dataclass(frozen=True)
class Cover:
    """``pages`` of a cover; where ``strip`` is set, the one page is put on top of the document's first."""

    pages: tuple[Page, ...]
    strip: bool


@dataclass(frozen=True)
class Sheet:
    """Paper at a resolution; ``left``: points from the raster's left edge to the paper's."""

    paper: PaperName
    resolution: Resolution
    shape: Geometry
    left: float

    @property
    def size(self) -> tuple[float, float]:
        """Of the raster, in points."""
        return (
            self.shape.width / self.shape.density_x * PT_PER_INCH,
            self.shape.rows / self.shape.density_y * PT_PER_INCH,
        )

    def pixel(self, x: float, y: float) -> tuple[int, int]:
        return (
            round((self.left + x) * self.shape.density_x / PT_PER_INCH),
            round(y * self.shape.density_y / PT_PER_INCH),
        )


def sheet_of(paper: PaperName, resolution: Resolution) -> Sheet:
    shape = geometry(Paper.A4 if paper == "a4" else Paper.LETTER, resolution)
    width = shape.width / shape.density_x * PT_PER_INCH
    return Sheet(paper, resolution, shape, (width - PAPERS[paper][0]) / 2)


class Studio:
    """Draws covers and keeps what will be needed again. ``nursery``: of children that are ready; None: new ones."""

    def __init__(
        self, nursery: Nursery | None = None, limits: Limits = DEFAULT_LIMITS, scratch: Path | None = None
    ) -> None:
        self._nursery = nursery
        self._limits = limits
        self._scratch = scratch
        self._lock = threading.Lock()
        self._layers: OrderedDict[tuple[object, ...], Page] = OrderedDict()
        self.rasterised = 0
        """How often a child was asked to draw something."""

    def cover(
        self, found: Found, fields: CoverFields, paper: PaperName = "a4", resolution: Resolution = Resolution.FINE
    ) -> Cover:
        """The pages of a cover.

        Raises CoverPageError: a character without a glyph, too long a note, a file beside the template that cannot be
        drawn; codec.errors.CodecError and OSError where the machine fails.
        """
        layout = arranged(found.template, fields, paper, lettering)
        sheet = sheet_of(paper, resolution)
        pages = [
            self._page(found, items, sheet, bool(found.template.background) and number == 0)
            for number, items in enumerate(layout.pages)
        ]
        if found.template.strip:
            _, rows = sheet.pixel(0, layout.height + STRIP_FOOT_PT)
            step = {Resolution.STANDARD: 1, Resolution.FINE: 2, Resolution.SUPERFINE: 4}[resolution]
            rows = min(sheet.shape.rows, -(-rows // step) * step)
            pages = [crop(pages[0], 0, rows)]
        if fields.continued_from is not None and not says_continued(found.template):
            pages[0] = on_top(self._continued(found, fields, sheet), pages[0])
        return Cover(tuple(pages), found.template.strip)

    def _page(self, found: Found, items: Sequence[Item], sheet: Sheet, background: bool) -> Page:
        layers: dict[Varies, list[Item]] = {each: [] for each in Varies}
        for item in items:
            layers[varies(item)].append(item)
        fixed, shared, own = tuple(layers[Varies.NEVER]), tuple(layers[Varies.WITH_FAX]), layers[Varies.WITH_RECIPIENT]
        template = (
            found.digest if background or any(isinstance(item, PlacedImage) for item in fixed) else "",
            background,
        )
        key = (sheet.paper, sheet.resolution, template, fixed)
        page = self._kept((*key, shared))
        if page is None:
            base = self._kept(key)
            if base is None:
                base = self._keep(key, self._base(found, fixed, sheet, background))
            page = self._keep((*key, shared), self._drawn_over(base, shared, sheet)) if shared else base
        return self._drawn_over(page, own, sheet)

    def _continued(self, found: Found, fields: CoverFields, sheet: Sheet) -> Page:
        """The band that says where the fax goes on."""
        margins = found.template.margins
        first, top = sheet.pixel(margins.left, BAND_PT - RULE_PT)
        last, bottom = sheet.pixel(PAPERS[sheet.paper][0] - margins.right, BAND_PT)
        wide = last - first
        row = (((1 << wide) - 1) << -wide % 8).to_bytes((wide + 7) // 8, "big")
        page = self._drawn_over(_blank(sheet), continued_line(found.template, fields), sheet)
        ruled = overlay(page, [(Bitmap(wide, bottom - top, row * (bottom - top)), first, top)])
        return crop(ruled, 0, bottom)

    def _kept(self, key: tuple[object, ...]) -> Page | None:
        with self._lock:
            page = self._layers.get(key)
            if page is not None:
                self._layers.move_to_end(key)
            return page

    def _keep(self, key: tuple[object, ...], page: Page) -> Page:
        with self._lock:
            self._layers[key] = page
            while len(self._layers) > KEPT_LAYERS:
                self._layers.popitem(last=False)
        return page

    def _drawn_over(self, page: Page, items: Sequence[Item], sheet: Sheet) -> Page:
        pieces = []
        for item in items:
            if isinstance(item, PlacedText):
                x, y = sheet.pixel(item.x, item.y)
                for each in lettering.drawn(item.text, item.size, item.bold, item.right_to_left, sheet.resolution):
                    pieces.append((each.bitmap, x + each.left, y + each.top))
            elif isinstance(item, PlacedCode):
                made = code(item.code, item.text, item.width, item.height, sheet.resolution)
                pieces.append((made, *self._aligned(item, made, sheet)))
        return overlay(page, pieces) if pieces else page

    def _aligned(self, item: PlacedCode | PlacedImage, made: Bitmap | Page, sheet: Sheet) -> tuple[int, int]:
        left, top = sheet.pixel(item.x, item.y)
        right, _ = sheet.pixel(item.x + item.width, item.y)
        share = {"left": 0.0, "centre": 0.5, "right": 1.0}[item.align]
        return left + round((right - left - made.width) * share), top

    def _base(self, found: Found, fixed: Sequence[Item], sheet: Sheet, background: bool) -> Page:
        lines = [item for item in fixed if isinstance(item, PlacedRule | PlacedFrame)]
        layers: list[tuple[Page, int, int]] = []
        if background:
            layers.append((self._converted(found.octets(found.template.background), sheet, found), 0, 0))
        if lines:
            layers.append((self._converted(vectors(lines, sheet.size, sheet.left), sheet, None), 0, 0))
        for item in fixed:
            if isinstance(item, PlacedImage):
                left, top = sheet.pixel(item.x, item.y)
                right, bottom = sheet.pixel(item.x + item.width, item.y + item.height)
                box = (max(1, right - left), max(1, bottom - top))
                picture = self._converted(found.octets(item.file), sheet, found, box)
                layers.append((picture, *self._aligned(item, picture, sheet)))
        page = _blank(sheet)
        for layer, x, y in layers:
            page = _over(page, layer, x, y)
        return self._drawn_over(page, fixed, sheet)

    def _converted(self, octets: bytes, sheet: Sheet, found: Found | None, box: tuple[int, int] | None = None) -> Page:
        """The first page of a PDF, or a picture, as the limited child draws it."""
        if found is not None:
            _check_kind(octets, found, box is not None)
        self.rasterised += 1
        try:
            with tempfile.TemporaryDirectory(prefix="cover-", dir=self._scratch) as folder:
                source, out = Path(folder, "source"), Path(folder, "out.tif")
                source.write_bytes(octets)
                documents.convert(
                    [source],
                    out,
                    sheet.resolution,
                    box=box,
                    limits=self._limits,
                    scratch=Path(folder),
                    nursery=self._nursery,
                )
                page = read_pages(out)[0]
        except DocumentError as error:
            name = found.name if found is not None else "?"
            raise CoverPageError(f"A file of the cover page template {name} cannot be drawn: {error.text}") from error
        if box is None and (page.width, page.rows) != (sheet.shape.width, sheet.shape.rows):
            # A form on other paper is laid upon ours as it is.
            page = _over(_blank(sheet), page, 0, 0)
        return page


def _check_kind(octets: bytes, found: Found, picture: bool) -> None:
    """What is neither would be drawn as what it looks like. Raises CoverPageError."""
    good = octets.startswith((b"\x89PNG\r\n", b"\xff\xd8\xff")) if picture else b"%PDF-" in octets[:1024]
    if not good:
        wanted = "a PNG or JPEG picture" if picture else "a PDF"
        raise CoverPageError(f"A file of the cover page template {found.name} cannot be drawn: it is not {wanted}")


def _blank(sheet: Sheet) -> Page:
    shape = sheet.shape
    return page_from_bitmap(Bitmap(shape.width, shape.rows, bytes(shape.octets)), DPI_X, sheet.resolution.dpi_y)


def _over(page: Page, layer: Page, x: int, y: int) -> Page:
    try:
        return overlay(page, [(bitmap_of(layer), x, y)])
    except CodeError as error:
        raise CoverPageError(f"A file of the cover page template cannot be drawn: {error}") from error

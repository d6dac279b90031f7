"""Fax pages as PDF, held against qpdf and Ghostscript."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pikepdf
import pytest
from PIL import Image, ImageChops

from codec.coder import bitmap_of, page_from_bitmap
from codec.documents import convert
from codec.errors import TiffError
from codec.operations import crop, same_pixels
from codec.page import Bitmap, Page, Resolution
from codec.pdf import write_pdf
from codec.raster_paper import Paper, geometry
from codec.tiff import read_pages
from tests.modem.line import picture

PAGES = [picture(1, rows=400), picture(2, rows=150, dpi_y=98), picture(3, rows=500, dpi_y=391)]


def drawn(pdf: Path, number: int, page: Page) -> Image.Image:
    """What Ghostscript draws of a page in the page's own resolution."""
    out = pdf.with_suffix(f".{number}.tif")
    resolution = f"-r{page.dpi_x}x{page.dpi_y}"
    pages = [f"-dFirstPage={number}", f"-dLastPage={number}"]
    command = ["gs", "-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-sDEVICE=tiffg4", resolution, *pages]
    subprocess.run([*command, f"-sOutputFile={out}", str(pdf)], check=True, capture_output=True)
    return Image.open(out)


def test_each_page_is_drawn_as_it_is(tmp_path: Path) -> None:
    pdf = write_pdf(PAGES, tmp_path / "fax.pdf")
    for number, page in enumerate(PAGES, 1):
        image = drawn(pdf, number, page).convert("1", dither=Image.Dither.NONE)
        assert abs(image.width - page.width) <= 1
        assert abs(image.height - page.rows) <= 1
        wanted = bitmap_of(page)
        theirs = Image.frombytes("1", (wanted.width, wanted.rows), wanted.data, "raw", "1;I")
        size = (0, 0, min(image.width, page.width), min(image.height, page.rows))
        different = ImageChops.logical_xor(image.crop(size), theirs.crop(size)).histogram()[255]
        # A page whose side is no whole number of points is drawn a pixel off here and there.
        assert different <= 0.03 * page.width * page.rows


def test_the_code_is_the_pages_own_and_the_file_is_sound(tmp_path: Path) -> None:
    pdf = write_pdf(iter(PAGES), tmp_path / "fax.pdf", title="Größe (1) \\ 株式会社")
    with pikepdf.open(pdf, attempt_recovery=False) as opened:
        assert opened.check_pdf_syntax() == []
        assert str(opened.docinfo["/Title"]) == "Größe (1) \\ 株式会社"
        for page, wanted in zip(opened.pages, PAGES, strict=True):
            assert page.Resources.XObject.P.read_raw_bytes() == wanted.data
            sides = [float(side) for side in page.MediaBox]
            assert sides[2] == pytest.approx(wanted.width / wanted.dpi_x * 72, abs=0.01)
            assert sides[3] == pytest.approx(wanted.rows / wanted.dpi_y * 72, abs=0.01)


@pytest.mark.parametrize("paper", [Paper.A4, Paper.LETTER])
@pytest.mark.parametrize("resolution", [Resolution.STANDARD, Resolution.FINE, Resolution.SUPERFINE])
def test_what_is_made_to_be_printed_is_rasterised_to_the_same_pixels(
    tmp_path: Path, paper: Paper, resolution: Resolution
) -> None:
    shape = geometry(paper, resolution)
    # What printed pages show lies within the paper, which is narrower than the raster.
    box = (40, 10, shape.width - 40, shape.rows - 10)
    drawing = Image.new("1", (shape.width, shape.rows), 0)
    drawing.paste(Image.effect_noise((box[2] - box[0], box[3] - box[1]), 90).point(lambda v: v > 180, "1"), box[:2])
    page = page_from_bitmap(Bitmap(shape.width, shape.rows, drawing.tobytes()), 204, resolution.dpi_y)
    pdf = write_pdf([page, crop(page, 0, 200)], tmp_path / "cover.pdf", for_paper=paper)
    convert([pdf], tmp_path / "pages.tif", resolution)
    whole, strip = read_pages(tmp_path / "pages.tif")
    assert same_pixels(whole, page) is None
    assert same_pixels(crop(strip, 0, 200), crop(page, 0, 200)) is None


def test_no_page_is_no_pdf(tmp_path: Path) -> None:
    with pytest.raises(TiffError, match="no page"):
        write_pdf([], tmp_path / "fax.pdf")

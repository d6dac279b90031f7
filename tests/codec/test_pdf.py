"""Fax pages as PDF, held against qpdf and Ghostscript."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pikepdf
import pytest
from PIL import Image, ImageChops

from codec.coder import bitmap_of
from codec.errors import TiffError
from codec.page import Page
from codec.pdf import write_pdf
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


def test_no_page_is_no_pdf(tmp_path: Path) -> None:
    with pytest.raises(TiffError, match="no page"):
        write_pdf([], tmp_path / "fax.pdf")

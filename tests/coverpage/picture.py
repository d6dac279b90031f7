"""Looking at a cover page: its text, and its pixels as a fax has them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from PIL import Image


def text_of(pdf: bytes) -> str:
    """The text of all pages, laid out."""
    return subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True
    ).stdout.decode()


def pages_of(pdf: bytes, folder: Path, dpi_y: int = 196) -> list[Image.Image]:
    """Each page as the rasteriser of the house sees it: one bit, 204 dpi across; mode "1", 0 is black."""
    path = folder / "cover.pdf"
    path.write_bytes(pdf)
    out = folder / "page-%d.pbm"
    options = ["-q", "-dSAFER", "-dNOPAUSE", "-dBATCH", "-dDOINTERPOLATE", "-sDEVICE=pbmraw", f"-r204x{dpi_y}"]
    said = subprocess.run(
        ["gs", *options, f"-sOutputFile={out}", str(path)], capture_output=True, check=True, text=True
    )
    assert said.stdout + said.stderr == ""
    found = sorted(folder.glob("page-*.pbm"), key=lambda page: int(page.stem.partition("-")[2]))
    pages = []
    for page in found:
        with Image.open(page) as picture:
            pages.append(picture.copy())
        page.unlink()
    return pages


def black(picture: Image.Image, box: tuple[int, int, int, int]) -> int:
    """Number of black pixels in the box (left, top, right, bottom)."""
    return picture.crop(box).convert("L").histogram()[0]


def rules(picture: Image.Image) -> list[tuple[int, int]]:
    """The horizontal rules across the page: (first row, rows)."""
    found: list[tuple[int, int]] = []
    need = picture.width * 0.7
    for row in range(picture.height):
        if black(picture, (0, row, picture.width, row + 1)) > need:
            if found and sum(found[-1]) == row:
                found[-1] = (found[-1][0], found[-1][1] + 1)
            else:
                found.append((row, 1))
    return found

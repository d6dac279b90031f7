"""The same pages in every format that programs print, made by other people's tools; and whether pages look alike."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from codec.coder import bitmap_of
from codec.page import Page

GRID = 48
"""What two pages have in common is looked at on a grid of so many cells each way, over the part that has ink."""


def draw(path: Path, pages: int) -> Path:
    """Pages with a big number and lines of different lengths: none looks like another, nor like itself upside down."""
    canvas = Canvas(str(path), pagesize=(595, 842), invariant=True)
    for number in range(1, pages + 1):
        canvas.setFont("Helvetica-Bold", 200)
        canvas.drawString(60, 560, str(number))
        canvas.setFont("Helvetica", 16)
        for line in range(18):
            canvas.drawString(
                60, 500 - 24 * line, f"Page {number}, line {line}: " + "fax " * ((line * 5 + number) % 13)
            )
        canvas.showPage()
    canvas.save()
    return path


def _gs(device: str, *options: str) -> Callable[[Path, Path], None]:
    def make(pdf: Path, out: Path) -> None:
        command = ["gs", "-q", "-dBATCH", "-dNOPAUSE", "-dSAFER", f"-sDEVICE={device}", *options]
        subprocess.run([*command, f"-sOutputFile={out}", str(pdf)], check=True)

    return make


def _image(kind: str) -> Callable[[Path, Path], None]:
    def make(pdf: Path, out: Path) -> None:
        first = out.with_suffix(".first.png")
        _gs("pnggray", "-r150", "-dLastPage=1")(pdf, first)
        with Image.open(first) as page:
            page.save(out, kind)

    return make


def _copy(pdf: Path, out: Path) -> None:
    out.write_bytes(pdf.read_bytes())


@dataclass(frozen=True)
class Format:
    """How to make a document from a PDF, and how many of its pages come out."""

    name: str
    make: Callable[[Path, Path], None]
    pages: int


URF = ("BitsPerColor=8", "BitsPerPixel=8", "ColorSpace=18")
FORMATS = (
    Format("pdf", _copy, 10),
    Format("ps", _gs("ps2write"), 10),
    Format("jpg", _image("JPEG"), 1),
    Format("png", _image("PNG"), 1),
    Format("gif", _image("GIF"), 1),
    Format("tiff", _gs("tiffg4", "-r204x196"), 10),
    Format("lzw.tiff", _gs("tifflzw", "-r150"), 10),
    Format("pwg", _gs("pwgraster", "-r150", "-sPageSizeName=iso_a4_210x297mm"), 10),
    Format(
        "urf", _gs("appleraster", "-r150", "-dcupsBitsPerColor=8", "-dcupsBitsPerPixel=8", "-dcupsColorSpace=18"), 10
    ),
)


def alike(page: Page, reference: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> float:
    """How well a page shows what the reference shows: the correlation of both, 1 for the same."""
    bits = np.unpackbits(np.frombuffer(bitmap_of(page).data, np.uint8).reshape(page.rows, -1), axis=1)
    return float(np.corrcoef(_cells(bits[:, : page.width].astype(bool)).ravel(), reference.ravel())[0, 1])


def references(pdf: Path, folder: Path, pages: int) -> list[np.ndarray[tuple[int, int], np.dtype[np.float64]]]:
    """What each page of the PDF shows."""
    folder.mkdir()
    _gs("pnggray", "-r100", f"-dLastPage={pages}")(pdf, folder / "%02d.png")
    made = []
    for file in sorted(folder.iterdir()):
        with Image.open(file) as image:
            made.append(_cells(np.asarray(image.convert("L")) < 128))
    return made


def _cells(ink: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """The share of ink in each cell, over the part that has any."""
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    assert rows.size, "the page is empty"
    part = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    image = Image.fromarray((part * 255).astype(np.uint8)).resize((GRID, GRID), Image.Resampling.BOX)
    return np.asarray(image, np.float64)

"""Good documents of every kind, made when they are needed. Nothing here is random from run to run."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

A4 = (595.276, 841.89)
LETTER = (612.0, 792.0)
LEGAL = (612.0, 1008.0)
DEJAVU = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"


def pdf(sizes: Sequence[tuple[float, float]] = (A4,), photo: bool = False) -> bytes:
    """One page of each size: text in an embedded font, hairlines, grey areas, and a picture when asked for."""
    if "DejaVu" not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont("DejaVu", DEJAVU))
    made = io.BytesIO()
    canvas = Canvas(made, invariant=True)
    for number, (width, height) in enumerate(sizes, 1):
        canvas.setPageSize((width, height))
        canvas.rect(12, 12, width - 24, height - 24)
        canvas.setFont("DejaVu", 20)
        canvas.drawString(40, height - 60, f"Page {number} of {len(sizes)}, Grüße")
        canvas.setFont("DejaVu", 9)
        for line in range(max(0, int((height - 220) / 12))):
            canvas.drawString(40, height - 100 - 12 * line, f"{line:3d} Line {line * number} of the text on this page")
        canvas.setFillGray(0.6)
        canvas.rect(40, 30, 80, 40, fill=1)
        canvas.setFillGray(0)
        if photo:
            canvas.drawImage(ImageReader(picture((600, 400))), width / 2, 40, 240, 160)
        canvas.showPage()
    canvas.save()
    return made.getvalue()


def picture(size: tuple[int, int]) -> Image.Image:
    """Something between a photograph and a drawing, in colour."""
    red = Image.linear_gradient("L").resize(size)
    green = Image.radial_gradient("L").resize(size)
    blue = red.transpose(Image.Transpose.ROTATE_180)
    made = Image.merge("RGB", (red, green, blue))
    pen = ImageDraw.Draw(made)
    pen.ellipse((size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2), fill="black", outline="white")
    pen.line((0, 0, size[0], size[1]), fill="black", width=max(1, size[0] // 200))
    return made


def image(form: str, size: tuple[int, int] = (600, 800), dpi: int | None = None, mode: str = "RGB") -> bytes:
    """``form``: PNG, JPEG, GIF or TIFF."""
    made = io.BytesIO()
    shown = picture(size).convert(mode)
    if dpi is None:
        shown.save(made, form)
    else:
        shown.save(made, form, dpi=(dpi, dpi))
    return made.getvalue()


def fax_tiff(pages: int = 2, width: int = 1728, rows: int = 2286) -> bytes:
    """A multi-page G4 TIFF such as fax programs write, in true densities."""
    sheets = []
    for number in range(pages):
        sheet = Image.new("1", (width, rows), 1)
        pen = ImageDraw.Draw(sheet)
        pen.rectangle((100, 100 + 200 * number, 700, 200 + 200 * number), fill=0)
        pen.line((0, 0, width, rows), fill=0, width=3)
        sheets.append(sheet)
    made = io.BytesIO()
    sheets[0].save(made, "TIFF", compression="group4", save_all=True, append_images=sheets[1:], dpi=(204, 196))
    return made.getvalue()


def postscript(pages: int = 2) -> bytes:
    body = "".join(
        f"/Times-Roman findfont 30 scalefont setfont 72 700 moveto (Page {number}) show\n"
        f"0.5 setgray 72 300 200 100 rectfill 0 setgray 72 72 400 {number * 100} rectstroke showpage\n"
        for number in range(1, pages + 1)
    )
    return f"%!PS-Adobe-3.0\n%%Pages: {pages}\n%%EndComments\n{body}%%EOF\n".encode()


TEXT = (
    "Grüße aus Köln, 5 €\n\tone tab, two\ttabs\n"
    + "\n".join(f"{n:3d} The quick brown fox jumps over the lazy dog" for n in range(80))
    + "\n"
    + "x" * 200
    + "\n\fthe last page\n"
)


def text() -> bytes:
    return TEXT.encode()


def wrapped_in_pjl(document: bytes, language: str) -> bytes:
    uel = b"\x1b%-12345X"
    return uel + f"@PJL JOB\r\n@PJL ENTER LANGUAGE={language}\r\n".encode() + document + uel + b"@PJL EOJ\r\n" + uel


def incremental(document: bytes) -> bytes:
    """``document`` with a new title appended as an update (ISO 32000-1, 7.5.6), written by hand."""
    import re

    previous = int(re.findall(rb"startxref\s+(\d+)", document)[-1])
    trailer = re.findall(rb"trailer\s*(<<.*?>>)\s*startxref", document, re.DOTALL)[-1]
    size = int(re.findall(rb"/Size (\d+)", trailer)[0])
    root = re.findall(rb"/Root (\d+ 0 R)", trailer)[0]
    offset = len(document)
    added = f"{size} 0 obj\n<< /Title (New) >>\nendobj\n".encode()
    table = (
        f"xref\n{size} 1\n{offset:010d} 00000 n \n"
        f"trailer\n<< /Size {size + 1} /Root {root.decode()} /Info {size} 0 R /Prev {previous} >>\n"
    ).encode()
    return document + added + table + f"startxref\n{offset + len(added)}\n%%EOF\n".encode()


def carrying(document: bytes, attachment: bytes) -> bytes:
    """``document`` with an attachment that is stored as it is, uncompressed."""
    import pikepdf

    with pikepdf.open(io.BytesIO(document)) as opened:
        stream = pikepdf.Stream(opened, attachment)
        opened.Root.Attached = opened.make_indirect(stream)
        made = io.BytesIO()
        opened.save(made, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return made.getvalue()


GOOD = {
    "pdf": lambda: pdf((A4, A4, LETTER)),
    "photo.pdf": lambda: pdf((A4,), photo=True),
    "postscript": postscript,
    "png": lambda: image("PNG"),
    "jpeg": lambda: image("JPEG", dpi=150),
    "gif": lambda: image("GIF", mode="P"),
    "tiff": fax_tiff,
    "text": text,
}


def written(folder: Path, name: str, document: bytes) -> Path:
    path = folder / name
    path.write_bytes(document)
    return path

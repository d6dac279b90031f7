"""How fast documents become pages: ``convert`` beside ``gs -sDEVICE=tiffg4`` alone, on the same files in the same run.

What always holds: both draw the same geometry and each run is a whole process, from the file to the TIFF; rounds are
interleaved and the ratio is that of a pair, so that a busy machine disturbs both alike; what is shown is the median.
``convert`` checks the document, limits everything, and puts the result on stable storage; the plain command does not.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from codec.documents import convert
from codec.page import Resolution
from codec.raster_paper import Paper, geometry
from codec.tiff import TiffReader

A4 = (595.276, 841.89)
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf"
SAMPLE = Path(__file__).resolve().parents[1] / "docs" / "sample" / "report.pdf"


@dataclass(frozen=True)
class Result:
    """Medians over the rounds. ``ratio``: time of ``convert`` to that of plain Ghostscript, below 1 is faster."""

    document: str
    pages: int
    convert_ms: float
    gs_ms: float
    convert_pages_per_s: float
    gs_pages_per_s: float
    ratio: float
    lowest: float
    highest: float


def text_pdf(pages: int) -> bytes:
    """Pages full of text in an embedded font."""
    pdfmetrics.registerFont(TTFont("Serif", FONT))
    chance = random.Random(5)
    words = ("offer", "delivery", "invoice", "enclosed", "telephone", "page", "number", "we", "of", "the")
    made = io.BytesIO()
    canvas = Canvas(made, pagesize=A4, invariant=True)
    for page in range(pages):
        canvas.setFont("Serif", 16)
        canvas.drawString(60, 780, f"Page {page + 1}")
        canvas.setFont("Serif", 10)
        for line in range(55):
            canvas.drawString(60, 750 - 12.5 * line, " ".join(chance.choice(words) for _ in range(13)))
        canvas.showPage()
    canvas.save()
    return made.getvalue()


def photo_pdf(pages: int) -> bytes:
    """A large colour picture and a caption on each page."""
    made = io.BytesIO()
    canvas = Canvas(made, pagesize=A4, invariant=True)
    for page in range(pages):
        blurred = Image.effect_noise((300, 220), 60 + page).resize((2400, 1760), Image.Resampling.BICUBIC)
        sky = Image.linear_gradient("L").resize(blurred.size)
        jpeg = io.BytesIO()
        Image.merge("RGB", (blurred, sky, blurred)).save(jpeg, "JPEG", quality=80)
        canvas.drawImage(ImageReader(jpeg), 50, 380, 500, 366)
        canvas.drawString(60, 350, f"Photograph {page + 1}")
        canvas.showPage()
    canvas.save()
    return made.getvalue()


def postscript(pages: int) -> bytes:
    body = "".join(
        f"/Times-Roman findfont 11 scalefont setfont 0 1 50 {{ dup 14 mul 760 exch sub 60 exch moveto pop "
        f"(Line of page {page}, as an old program writes it) show }} for showpage\n"
        for page in range(1, pages + 1)
    )
    return f"%!PS-Adobe-3.0\n%%Pages: {pages}\n{body}".encode()


def documents() -> dict[str, bytes]:
    made = {
        "text, 1 page": text_pdf(1),
        "text, 20 pages": text_pdf(20),
        "text, 200 pages": text_pdf(200),
        "photographs, 6 pages": photo_pdf(6),
        "PostScript, 20 pages": postscript(20),
    }
    if SAMPLE.exists():
        made["the sample report"] = SAMPLE.read_bytes()
    return made


def plain_gs(source: Path, out: Path, resolution: Resolution) -> None:
    shape = geometry(Paper.A4, resolution)
    subprocess.run(
        [
            "gs",
            "-q",
            "-dSAFER",
            "-dNOPAUSE",
            "-dBATCH",
            "-sDEVICE=tiffg4",
            f"-r{shape.density_x:.4f}x{shape.density_y:.4f}",
            f"-g{shape.width}x{shape.rows}",
            "-dFIXEDMEDIA",
            "-dFitPage",
            f"-sOutputFile={out}",
            str(source),
        ],
        check=True,
    )


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(name: str, source: Path, folder: Path, resolution: Resolution, rounds: int) -> Result:
    ours, theirs = folder / "convert.tif", folder / "gs.tif"
    pairs: list[tuple[float, float]] = []
    for number in range(rounds + 1):
        first = timed(lambda: convert([source], ours, resolution))
        second = timed(lambda: plain_gs(source, theirs, resolution))
        # The first round fills caches.
        if number:
            pairs.append((first, second))
    with TiffReader(ours) as reader:
        pages = len(reader)
    mine, gs = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratios = [a / b for a, b in pairs]
    return Result(
        name, pages, mine * 1e3, gs * 1e3, pages / mine, pages / gs, statistics.median(ratios), min(ratios), max(ratios)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("files", nargs="*", type=Path, help="documents to measure instead of the bench's own")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--resolution", choices=[r.value for r in Resolution], default=Resolution.FINE.value)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    resolution = Resolution(given.resolution)
    results = []
    with tempfile.TemporaryDirectory(prefix="platen-bench-") as name:
        folder = Path(name)
        sources = {path.name: path.absolute() for path in given.files}
        if not sources:
            for number, (title, document) in enumerate(documents().items()):
                sources[title] = folder / f"document-{number}"
                sources[title].write_bytes(document)
        if not given.json:
            print(f"{'':24}{'convert':>18}{'gs tiffg4':>18}{'ratio':>8}{'from':>8}{'to':>6}")
        for title, source in sources.items():
            found = measure(title, source, folder, resolution, given.rounds)
            results.append(found)
            if not given.json:
                print(
                    f"{found.document[:23]:24}{found.convert_ms:8.0f} ms {found.convert_pages_per_s:4.0f}/s"
                    f"{found.gs_ms:9.0f} ms {found.gs_pages_per_s:4.0f}/s"
                    f"{found.ratio:8.2f}{found.lowest:8.2f}{found.highest:6.2f}",
                    flush=True,
                )
    if given.json:
        print(json.dumps([asdict(found) for found in results], indent=2))


if __name__ == "__main__":
    main()

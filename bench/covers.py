"""A broadcast's cover pages beside full renderings, and what each template costs on the line.

Covers ready for the wire (finished pages of T.6 code with their digests), each for another recipient, through one
studio as the daemon has it; beside them the same covers, drawn whole by ReportLab and rasterised by ``gs`` as anybody
would do it: from fields to a TIFF of T.6 code. Rounds alternate, so that a busy machine disturbs both alike; the ratio
is that of their rates in one run. Then covers of the broadcast, drawn again alone by a new studio, are compared dot by
dot.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from codec.nursery import Nursery
from codec.operations import same_pixels
from codec.page import Page, Resolution
from coverpage import CoverFields, Shelf, Studio, lettering
from coverpage.fonts import BOLD, REGULAR, dejavu
from coverpage.items import PlacedFrame, PlacedRule, PlacedText
from coverpage.layout import PAPERS, arranged
from coverpage.sample import SAMPLE
from fax.types import Recipient

WANTED_RATIO = 50.0
MOST_OCTETS = 25_000
_FIRST = "Anna Ben Carla David Elena Frank Greta Hugo Ines Jonas Klara Lukas Maria Nils Olga Paul Rosa Stefan"
_LAST = "Müller Schmidt Kovačić Nowak Horváth Jensen Öztürk García Lefèvre Rossi Novák Petrov Silva Dubois"
FIRST, LAST = _FIRST.split(), _LAST.split()
FIRMS = ("Harbour Supplies", "Wasserwerke Überlingen", "Papierfabrik Nord", "Oficina Central", "Atelier Lumière", "")


@dataclass(frozen=True)
class Result:
    """``*_ms``: for one cover, the mean of the rounds. ``ratio``: how many times as many covers in the same time."""

    covers: int
    whole_renderings: int
    cover_ms: float
    whole_ms: float
    ratio: float
    cpu_ratio: float  # the same of processor time, which a busy machine does not change
    rasterised: int
    sampled: int
    different: int


def recipients(count: int) -> list[Recipient]:
    """People as an office writes to them: some without a company, numbers of their own."""
    chance = random.Random(9)
    made = []
    for number in range(count):
        name = f"{chance.choice(FIRST)} {chance.choice(LAST)}"
        made.append(Recipient(number=f"+49 30 {5_000_000 + number}", name=name, company=chance.choice(FIRMS)))
    return made


def cover_of(whom: Recipient, number: int) -> CoverFields:
    return replace(SAMPLE, recipient=whom, job_id=100_000 + number)


def whole(template: str, fields: CoverFields, folder: Path) -> int:
    """The cover as ReportLab and Ghostscript make it, to a TIFF of T.6 code; its octets."""
    found = Shelf().find(template)
    buffer = io.BytesIO()
    width, height = PAPERS["a4"]
    canvas = Canvas(buffer, pagesize=(width, height))
    for item in arranged(found.template, fields, "a4", lettering).pages[0]:
        if isinstance(item, PlacedText):
            canvas.setFont("Cover-Bold" if item.bold else "Cover", item.size)
            canvas.drawString(item.x, height - item.y, item.text)
        elif isinstance(item, PlacedRule):
            canvas.rect(item.x, height - item.y - item.height, item.width, item.height, stroke=0, fill=1)
        elif isinstance(item, PlacedFrame):
            canvas.setLineWidth(item.thickness)
            canvas.rect(item.x, height - item.y - item.height, item.width, item.height)
    canvas.showPage()
    canvas.save()
    pdf, tiff = folder / "whole.pdf", folder / "whole.tif"
    pdf.write_bytes(buffer.getvalue())
    options = ["-q", "-dSAFER", "-dNOPAUSE", "-dBATCH", "-sDEVICE=tiffg4", "-r204x196", "-g1728x2286", "-dFIXEDMEDIA"]
    subprocess.run(["gs", *options, f"-sOutputFile={tiff}", str(pdf)], check=True)
    return tiff.stat().st_size


def processor_s() -> float:
    """Seconds of processor time that we and the children that have ended took."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def broadcast(template: str, count: int, wholes: int, sampled: int) -> Result:
    pdfmetrics.registerFont(TTFont("Cover", str(dejavu(REGULAR))))
    pdfmetrics.registerFont(TTFont("Cover-Bold", str(dejavu(BOLD))))
    people = recipients(count)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        nursery = Nursery()
        nursery.start()
        try:
            studio, found = Studio(nursery), Shelf().find(template)
            whole(template, cover_of(people[0], 0), folder)
            pages: dict[int, Page] = {}
            ours: list[float] = []
            theirs: list[float] = []
            cpu = [0.0, 0.0]
            rounds = min(10, wholes)
            for turn in range(rounds):
                mine = range(turn * count // rounds, (turn + 1) * count // rounds)
                begun, spent = time.perf_counter(), processor_s()
                for number in mine:
                    (page,) = studio.cover(found, cover_of(people[number], number)).pages
                    assert page.digest
                    pages[number] = page
                ours.append((time.perf_counter() - begun) / len(mine))
                cpu[0] += processor_s() - spent
                other = range(turn * wholes // rounds, (turn + 1) * wholes // rounds)
                begun, spent = time.perf_counter(), processor_s()
                for number in other:
                    whole(template, cover_of(people[number], number), folder)
                theirs.append((time.perf_counter() - begun) / len(other))
                cpu[1] += processor_s() - spent
            chosen = random.Random(3).sample(range(count), min(sampled, count))
            different = 0
            for number in chosen:
                # Nothing is remembered from the broadcast.
                lettering.forget()
                (alone,) = Studio(nursery).cover(found, cover_of(people[number], number)).pages
                different += same_pixels(alone, pages[number]) is not None or alone.digest != pages[number].digest
        finally:
            nursery.close()
    # All of the broadcast counts, the drawing of its templates too.
    mean = statistics.fmean(ours)
    return Result(
        covers=count,
        whole_renderings=wholes,
        cover_ms=mean * 1000,
        whole_ms=statistics.fmean(theirs) * 1000,
        ratio=statistics.fmean(theirs) / mean,
        cpu_ratio=cpu[1] / wholes / (cpu[0] / count),
        rasterised=studio.rasterised,
        sampled=len(chosen),
        different=different,
    )


def sizes() -> dict[str, int]:
    """Octets of each template in MMR at fine resolution, with every field filled."""
    nursery = Nursery()
    try:
        studio, shelf = Studio(nursery), Shelf()
        return {
            name: sum(len(page.data) for page in studio.cover(shelf.find(name), SAMPLE, "a4", Resolution.FINE).pages)
            for name in shelf.names()
        }
    finally:
        nursery.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--template", default="business")
    parser.add_argument("--covers", type=int, default=1000, help="of the broadcast (default: 1000)")
    parser.add_argument("--whole", type=int, default=40, help="full renderings beside it (default: 40)")
    parser.add_argument("--sampled", type=int, default=50, help="covers drawn again alone (default: 50)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = broadcast(options.template, options.covers, options.whole, options.sampled)
    costs = sizes()
    if options.json:
        print(json.dumps({"broadcast": asdict(result), "octets": costs}))
    else:
        print(f"{result.covers} covers of a broadcast ({options.template}): {result.cover_ms:.2f} ms each")
        print(
            f"{result.whole_renderings} full renderings by ReportLab and gs beside them: {result.whole_ms:.1f} ms each"
        )
        print(f"ratio {result.ratio:.1f} (at least {WANTED_RATIO:.0f}), of processor time {result.cpu_ratio:.1f}")
        print(f"{result.rasterised} times a child drew for all")
        print(f"{result.sampled} drawn again alone: {result.different} differ")
        print("\nOctets in MMR at fine resolution, every field filled:")
        for name, octets in costs.items():
            print(f"  {name:20} {octets:6}")
    good = result.ratio >= WANTED_RATIO and result.different == 0 and max(costs.values()) <= MOST_OCTETS
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

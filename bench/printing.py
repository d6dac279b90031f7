"""How long it takes from lp to prepared pages, beside ``gs -sDEVICE=tiffg4`` alone on the same file in the same run.

    script/bench printing [--rounds N]

The way from lp holds CUPS and its PDF filter, the backend, intake with its check and its syncs, and preparation, which
draws, codes and hashes every page. Interleaved; medians, and the ratio of each pair.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pikepdf

from fax import JobId
from modem.soft.farend import ExchangeData
from script.house import House

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "docs" / "sample" / "report.pdf"


def document(folder: Path, times: int) -> Path:
    """The sample report so many times over."""
    file = folder / f"report-{times}.pdf"
    with pikepdf.open(REPORT) as pdf:
        pages = list(pdf.pages)
        for _ in range(times - 1):
            pdf.pages.extend(pages)
        pdf.save(file)
    return file


def by_lp(house: House, file: Path, known: set[JobId]) -> float:
    """Seconds from the start of lp to the event "prepared"."""
    before = time.perf_counter()
    house.lp(str(file))
    while True:
        for event in house.client.events():
            if event.kind == "prepared" and event.job is not None and event.job not in known:
                known.add(event.job)
                return time.perf_counter() - before
        time.sleep(0.005)


def by_ghostscript(file: Path, folder: Path) -> float:
    """Seconds of gs alone, to a TIFF of the same resolution."""
    before = time.perf_counter()
    subprocess.run(
        [
            *("gs", "-q", "-dBATCH", "-dNOPAUSE", "-dSAFER", "-sDEVICE=tiffg4", "-r204x196", "-g1728x2286"),
            *("-dFIXEDMEDIA", "-dPDFFitPage", f"-sOutputFile={folder / 'gs.tif'}", str(file)),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - before


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench printing")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="platen-bench-") as name, House(ExchangeData(), cups=True) as house:
        folder = Path(name)
        known: set[JobId] = set()
        print(f"{'pages':>5}  {'lp to prepared':>16}  {'gs alone':>16}  {'ratio':>5}")
        for times in (1, 7, 34):
            # Another title each time would not do: the same octets are prepared once. So each file is its own.
            pairs = []
            for turn in range(rounds + 1):
                file = document(folder, times)
                with pikepdf.open(file, allow_overwriting_input=True) as pdf:
                    pdf.docinfo["/Title"] = f"round {turn} of {times}"
                    pdf.save(file)
                pairs.append((by_lp(house, file, known), by_ghostscript(file, folder)))
            pairs = pairs[1:]  # the first is the warm-up
            ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
            ratio = statistics.median(one / other for one, other in pairs)
            pages = 3 * times
            print(
                f"{pages:5}  {ours:6.2f} s {pages / ours:5.0f} p/s"
                f"  {theirs:6.2f} s {pages / theirs:5.0f} p/s  {ratio:5.2f}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())

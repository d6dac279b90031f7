"""Throws mutated octets at the coder (C, under sanitizers) and at the TIFF reader, and stops at the first finding.

    python -m bench.fuzz [--count N] [--seed S] [--jobs J]        (--count 10000000: about ten minutes)

Nine tenths of the inputs go to the C part: decoding, transcoding, page operations, T.85 (``fuzz_coder.c``, built here
with the address and undefined-behaviour sanitizers); the rest to ``TiffReader``. A finding names the input's number;
``--first N --count 1`` repeats it.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from codec.coder import encode, page_from_bitmap
from codec.errors import TiffError
from codec.page import Bitmap, BitOrder, Coding, Page
from codec.t85 import encode_t85
from codec.tiff import FaxTags, TiffReader, TiffWriter

ROOT = Path(__file__).resolve().parents[1]
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer")


def build(folder: Path) -> Path:
    """Compiles the driver with sanitizers. Raises CalledProcessError, with the compiler's words on stderr."""
    driver = folder / "fuzz_coder"
    sources = [*sorted((ROOT / "codec").glob("t4_*.c")), ROOT / "codec" / "t85.c", ROOT / "bench" / "fuzz_coder.c"]
    names = [str(source) for source in sources]
    flags = ["-O2", "-g", *SANITIZERS, f"-I{ROOT / 'codec'}"]
    subprocess.run(["gcc", *flags, *names, "-ljbig", "-o", str(driver)], check=True)
    return driver


def _wandering(chance: random.Random, width: int, rows: int) -> Bitmap:
    """Runs whose ends wander, and blank rows: what makes every kind of code word."""
    octets = (width + 7) // 8
    data = bytearray()
    edges: list[int] = []
    for number in range(rows):
        if number % 9 == 7:
            edges = []
        elif number % 5 == 0 or not edges:
            edges = sorted(chance.sample(range(width), min(width, 2 * chance.randrange(1, 12))))
        else:
            edges = sorted({min(width - 1, max(0, edge + chance.randrange(-4, 5))) for edge in edges})
        row = 0
        for edge in edges:
            row ^= (1 << (width - edge)) - 1
        data += (row << (octets * 8 - width)).to_bytes(octets, "big")
    return Bitmap(width, rows, bytes(data))


def seeds(folder: Path, seed: int) -> list[Path]:
    """Small pages in every coding and order, one file each."""
    chance = random.Random(seed)
    paths: list[Path] = []

    def keep(number: int, width: int, rows: int, lsb: bool, code: bytes) -> None:
        path = folder / f"input-{len(paths)}"
        path.write_bytes(b"%d %d %d %d\n" % (number, width, rows, lsb) + code)
        paths.append(path)

    for width in (1, 8, 61, 64, 200, 400, 1728, 2623):
        page = _wandering(chance, width, 24)
        for number, coding in enumerate(Coding):
            for order in BitOrder:
                for fill in (0, 100):
                    code = encode(page, coding, k=chance.choice((1, 2, 4)), min_row_bits=fill, order=order)
                    keep(number, width, 24, order is BitOrder.LSB, code)
        keep(3, width, 24, False, encode_t85(page, stripe_rows=8))
    return paths


def _mutations(whole: bytes, chance: random.Random) -> Iterator[bytes]:
    places = [at for at, octet in enumerate(whole) if octet or at < 64]
    while True:
        image = bytearray(whole)
        for _ in range(chance.randrange(1, 5)):
            kind = chance.randrange(6)
            at = chance.choice(places)
            if kind < 3:
                image[at % len(image)] ^= 1 << chance.randrange(8)
            elif kind < 5:
                image[at % len(image)] = chance.choice((0, 1, 2, 4, 127, 128, 255))
            elif chance.random() < 0.3:
                del image[max(1, at) :]
        yield bytes(image)


def _readable(path: Path, octets: int) -> bool:
    try:
        with TiffReader(path) as reader:
            for found in reader:
                if not isinstance(found, Page) or len(found.data) > octets:
                    raise AssertionError("a page longer than its file")
    except TiffError:
        return False
    return True


def _reopened(path: Path) -> None:
    try:
        writer = TiffWriter.reopen(path)
    except TiffError:
        return
    writer.close()
    with TiffReader(path) as reader:
        if len(reader) != len(writer):
            raise AssertionError("other pages than were found when it was opened again")


def tiff_inputs(folder: Path, count: int, seed: int) -> int:
    """Mutated TIFF-F files for the reader; how many of them it read. Anything but TiffError is a finding.

    Each is also opened again for writing, as after a crash: what that leaves must be a file that can be read.
    """
    chance = random.Random(seed)
    path = folder / "whole.tif"
    memory = os.memfd_create("mutated.tif")
    image_path = Path(f"/proc/self/fd/{memory}")
    with TiffWriter(path) as writer:
        for width in (8, 1728):
            page = page_from_bitmap(_wandering(chance, width, 5), 204, 196)
            writer.append(page, FaxTags(description="x", bad_rows=1, sub_address="1", dcs="00"))
    read = 0
    for number, image in zip(range(count), _mutations(path.read_bytes(), chance), strict=False):
        os.ftruncate(memory, 0)
        os.pwrite(memory, image, 0)
        try:
            read += _readable(image_path, len(image))
            _reopened(image_path)
        except BaseException:
            kept = Path(tempfile.gettempdir()) / f"platen-fuzz-{seed}-{number}.tif"
            kept.write_bytes(image)
            print(f"TIFF input {number} of seed {seed}: kept as {kept}", file=sys.stderr)
            raise
    os.close(memory)
    return read


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.fuzz", description="Mutated input for coder and TIFF reader."
    )
    parser.add_argument("--count", type=int, default=1_000_000, help="inputs in all (default: one million)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first input of the C part")
    parser.add_argument("--jobs", type=int, default=1, help="processes for the C part")
    asked = parser.parse_args(arguments)
    tiffs = asked.count // 10
    coder = asked.count - tiffs
    with tempfile.TemporaryDirectory(prefix="platen-fuzz-") as name:
        folder = Path(name)
        driver, files = build(folder), [str(path) for path in seeds(folder, asked.seed)]
        begun = time.monotonic()
        share = -(-coder // asked.jobs)
        parts = [(first, min(share, coder - first)) for first in range(0, coder, share)]
        running = [
            subprocess.Popen([str(driver), str(asked.seed), str(asked.first + first), str(count), *files])
            for first, count in parts
        ]
        failed = [process.wait() for process in running if process.wait()]
        spent = time.monotonic() - begun
        print(f"coder: {coder} inputs in {spent:.0f} s ({coder / max(spent, 0.001):.0f}/s), seed {asked.seed}")
        if failed:
            print("a finding: see above", file=sys.stderr)
            return 1
        begun = time.monotonic()
        read = tiff_inputs(folder, tiffs, asked.seed)
        spent = time.monotonic() - begun
        print(f"TIFF: {tiffs} inputs in {spent:.0f} s, {read} of them readable")
    print("nothing found")
    return 0


if __name__ == "__main__":
    sys.exit(main())

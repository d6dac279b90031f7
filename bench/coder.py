"""The coder beside pylibtiff, on the same pages in the same run: encode, decode, transcode, page operations.

    python -m bench.coder [--rounds N] [--check]

Times are the thread's own on the processor, medians of interleaved rounds; ratios are medians of the rounds' own
ratios, so that a busy machine disturbs both sides alike. pylibtiff works on an open file in memory, and only its coding
call is timed: directory, file and opening are not. Ours is timed as it is called. ``--check``: exit status 1 when a
ratio misses its target.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench._coder_pages import pages
from codec.coder import decode, encode, page_from_bitmap, transcode
from codec.header import header_strip
from codec.operations import (
    crop_white_foot,
    overlay,
    prepend,
    reduce_rows,
    resample,
    rotate90,
    same_pixels,
    scaled_to_width,
    to_png,
    with_width,
)
from codec.page import Bitmap, BitOrder, Coding, Page, Resolution
from codec.t85 import decode_t85, encode_t85

FILL_BITS = 288
ENCODE, DECODE, TRANSCODE, OPERATION = 2.5, 1.5, 2.0, 2.0


class Libtiff:
    """One TIFF in memory, written and read through pylibtiff."""

    def __init__(self, bitmap: Bitmap, coding: Coding) -> None:
        from libtiff import libtiff_ctypes

        self.open = libtiff_ctypes.TIFF.open
        self.bitmap, self.coding = bitmap, coding
        self.file = os.memfd_create("bench.tif")
        self.path = f"/proc/self/fd/{self.file}"
        self.pixels = ctypes.create_string_buffer(bitmap.data, len(bitmap.data))
        self.read = ctypes.create_string_buffer(len(bitmap.data))
        self.encode()
        self.reader = self.open(self.path, "r")

    def described(self) -> Any:
        tiff = self.open(self.path, "w")
        fields = {
            "ImageWidth": self.bitmap.width,
            "ImageLength": self.bitmap.rows,
            "BitsPerSample": 1,
            "SamplesPerPixel": 1,
            "Photometric": 0,
            "Compression": 4 if self.coding is Coding.MMR else 3,
            "RowsPerStrip": self.bitmap.rows,
            "FillOrder": 1,
            "YResolution": 196.0,
        }
        for name, value in fields.items():
            tiff.SetField(name, value)
        if self.coding is Coding.MR:
            tiff.SetField("T4Options", 1)
        return tiff

    def encode(self) -> float:
        tiff = self.described()
        begun = time.thread_time()
        tiff.WriteEncodedStrip(0, self.pixels, len(self.pixels))
        spent = time.thread_time() - begun
        tiff.close()
        return spent

    def decode(self) -> float:
        begun = time.thread_time()
        self.reader.ReadEncodedStrip(0, self.read, len(self.read))
        spent = time.thread_time() - begun
        if self.read.raw != self.bitmap.data:
            raise AssertionError("pylibtiff read other pixels")
        # Reading the same strip again would be answered from its buffer.
        self.reader.SetDirectory(0)
        return spent

    def close(self) -> None:
        self.reader.close()
        os.close(self.file)


@dataclass(frozen=True)
class Line:
    """One comparison: our time and the other's, in ms, and how many times as fast we are."""

    name: str
    ours: float
    other: float
    ratio: float


def timed(act: Callable[[], object]) -> float:
    begun = time.thread_time()
    act()
    return time.thread_time() - begun


def compared(name: str, ours: Callable[[], object], other: Callable[[], float], rounds: int) -> Line:
    """Both sides in turn, ``rounds`` times."""
    timed(ours)
    pairs = [(timed(ours), other()) for _ in range(rounds)]
    return Line(
        name,
        statistics.median(one for one, _ in pairs) * 1000,
        statistics.median(two for _, two in pairs) * 1000,
        statistics.median(two / one for one, two in pairs),
    )


def codings(bitmap: Bitmap, rounds: int) -> list[tuple[float, Line]]:
    found = []
    master = encode(bitmap, Coding.MMR, order=BitOrder.MSB)
    for coding in Coding:
        theirs = Libtiff(bitmap, coding)
        code = encode(bitmap, coding, order=BitOrder.MSB)

        def encoding(coding: Coding = coding) -> object:
            return encode(bitmap, coding)

        def decoding(coding: Coding = coding, code: bytes = code) -> object:
            return decode(code, coding, bitmap.width, rows=bitmap.rows, order=BitOrder.MSB)

        def transcoding(coding: Coding = coding) -> object:
            return transcode(master, Coding.MMR, coding, bitmap.width, bitmap.rows, min_row_bits=FILL_BITS)

        name = coding.value
        found.append((ENCODE, compared(f"encode {name}", encoding, theirs.encode, rounds)))
        found.append((DECODE, compared(f"decode {name}", decoding, theirs.decode, rounds)))
        found.append((TRANSCODE, compared(f"mmr to {name}, {FILL_BITS} bit", transcoding, theirs.encode, rounds)))
        theirs.close()
    return found


def operations(bitmap: Bitmap, rounds: int) -> list[Line]:
    """Page operations beside one MMR encode of the page; the ratio is the operation's time in encodes."""
    page = page_from_bitmap(bitmap, 204, 196)
    other = Page(page.width, page.rows, 204, 196, bytes(page.data))
    strip = header_strip(bitmap.width, 196, "2026-11-20 12:00 Platen", "To: somebody", "page 1 of 3")
    field = Bitmap(512, 64, bytes(range(256)) * 16)
    acts: dict[str, Callable[[], object]] = {
        "header line above": lambda: prepend(page, strip),
        "fine to standard": lambda: reduce_rows(page, Resolution.STANDARD),
        "fine to superfine": lambda: resample(page, 204, 391),
        "metric to inch": lambda: resample(page, 200, 200, 1728),
        "fields drawn over": lambda: overlay(page, [(field, 200, 300), (field, 900, 1200)]),
        "1728 to 2432, filled": lambda: with_width(page, 2432),
        "1728 to 2048, stretched": lambda: scaled_to_width(page, 2048),
        "white foot": lambda: crop_white_foot(page),
        "comparison": lambda: same_pixels(page, other),
        "quarter turn": lambda: rotate90(page),
        "preview (PNG)": lambda: to_png(page, 4),
    }

    def reference() -> float:
        return timed(lambda: encode(bitmap, Coding.MMR))

    lines = [compared(name, act, reference, rounds) for name, act in acts.items()]
    return [Line(line.name, line.ours, line.other, 1 / line.ratio) for line in lines]


def t85(bitmap: Bitmap) -> tuple[int, tuple[float, float]]:
    """Octets, and seconds for encoding and decoding."""
    code = encode_t85(bitmap)
    writing = statistics.median(timed(lambda: encode_t85(bitmap)) for _ in range(5))
    return len(code), (writing, statistics.median(timed(lambda: decode_t85(code)) for _ in range(5)))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.coder", description="The coder beside pylibtiff.")
    parser.add_argument("--rounds", type=int, default=21, help="rounds of each comparison (default: 21)")
    parser.add_argument("--check", action="store_true", help="exit status 1 when a ratio misses its target")
    asked = parser.parse_args(arguments)
    missed = 0
    for name, bitmap in pages().items():
        print(f"\n{name}, {bitmap.width} x {bitmap.rows}")
        print(f"  {'':26}{'ours ms':>9}{'pylibtiff':>11}{'times':>8}{'target':>8}")
        for target, line in codings(bitmap, asked.rounds):
            missed += line.ratio < target
            mark = "" if line.ratio >= target else "  missed"
            print(f"  {line.name:26}{line.ours:9.2f}{line.other:11.2f}{line.ratio:8.2f}{target:8.1f}{mark}")
        print(f"  {'':26}{'ours ms':>9}{'encode mmr':>11}{'encodes':>8}{'at most':>8}")
        for line in operations(bitmap, asked.rounds):
            missed += line.ratio >= OPERATION
            mark = "" if line.ratio < OPERATION else "  missed"
            print(f"  {line.name:26}{line.ours:9.2f}{line.other:11.2f}{line.ratio:8.2f}{OPERATION:8.1f}{mark}")
        code, spent = t85(bitmap)
        print(f"  T.85: {code} octets, encode {spent[0] * 1000:.1f} ms, decode {spent[1] * 1000:.1f} ms")
    print(f"\n{missed} of the ratios miss their target" if missed else "\nall ratios meet their targets")
    return 1 if missed and asked.check else 0


if __name__ == "__main__":
    sys.exit(main())

"""Pages to try the coder with: the pathological ones, random ones, and ones that look like a fax."""

from __future__ import annotations

import random
from functools import cache

from codec.page import Bitmap

WIDTHS = (1728, 2048, 2432, 2592, 3072, 3456, 3648, 4096, 4864)
"""T.4's widths at 200, 300 and 400 dpi."""


def row_octets(width: int) -> int:
    return (width + 7) // 8


def from_rows(width: int, rows: list[str]) -> Bitmap:
    data = b"".join(int(row.ljust(row_octets(width) * 8, "0"), 2).to_bytes(row_octets(width), "big") for row in rows)
    return Bitmap(width, len(rows), data)


def solid(width: int, rows: int, black: bool) -> Bitmap:
    return from_rows(width, [("1" if black else "0") * width] * rows)


def single_pixels(width: int) -> Bitmap:
    places = sorted({0, 1, 2, 7, 8, 9, 63, 64, 65, width // 2, width - 65, width - 64, width - 2, width - 1})
    rows = ["0" * place + "1" + "0" * (width - place - 1) for place in places if 0 <= place < width]
    return from_rows(width, rows + ["".join("10"[bit == "1"] for bit in row) for row in rows])


def alternating(width: int, rows: int) -> Bitmap:
    row = ("10" * width)[:width]
    other = ("01" * width)[:width]
    return from_rows(width, [row if i % 3 else other for i in range(rows)])


def noise(width: int, rows: int, share: float, seed: int = 1) -> Bitmap:
    """Each pixel is black with the probability ``share``."""
    chance = random.Random(seed)
    return from_rows(
        width, ["".join("1" if chance.random() < share else "0" for _ in range(width)) for _ in range(rows)]
    )


def blobs(width: int, rows: int, seed: int = 1) -> Bitmap:
    """Runs whose ends wander from row to row, as those of letters and lines do, with blank bands between."""
    chance = random.Random(seed)
    done: list[str] = []
    edges: list[int] = []
    for number in range(rows):
        if number % 29 > 22:
            edges = []
        elif chance.random() < 0.08 or not edges:
            edges = sorted(chance.sample(range(width), min(width, 2 * chance.randrange(1, 9))))
        else:
            edges = sorted(
                {
                    min(width - 1, max(0, edge + chance.choice((-4, -2, -1, -1, 0, 0, 0, 0, 0, 1, 1, 2, 3, 5))))
                    for edge in edges
                }
            )
        row, colour, at = "", "0", 0
        for edge in edges:
            row += colour * (edge - at)
            at, colour = edge, "1" if colour == "0" else "0"
        done.append(row + colour * (width - at))
    return from_rows(width, done)


@cache
def letter() -> Bitmap:
    """The bench's letter."""
    from bench._coder_pages import letter as drawn

    return drawn()

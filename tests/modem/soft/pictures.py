"""Fax pages for the tests, made and read with Pillow, which knows nothing of our codec."""

from __future__ import annotations

import random
from pathlib import Path

from PIL import Image, TiffImagePlugin

WIDTH = 1728


def picture(rows: int, seed: int) -> Image.Image:
    """A bilevel page with runs of all lengths."""
    chance = random.Random(seed)
    image = Image.new("1", (WIDTH, rows), 255)
    for _ in range(rows * 2):
        left, top = chance.randrange(WIDTH), chance.randrange(rows)
        right, bottom = left + chance.randrange(1, 200), top + chance.randrange(1, 6)
        image.paste(255 * chance.randrange(2), (left, top, min(right, WIDTH), min(bottom, rows)))
    return image


def save_fax(path: Path, *pages: Image.Image, dpi_y: int = 196) -> Path:
    """A TIFF-F as a fax program writes it: 204 dpi across, T.6, one strip."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[TiffImagePlugin.PHOTOMETRIC_INTERPRETATION] = 0
    tags[TiffImagePlugin.ROWSPERSTRIP] = max(page.height for page in pages)
    pages[0].save(
        path,
        format="TIFF",
        compression="group4",
        dpi=(204, dpi_y),
        tiffinfo=tags,
        save_all=True,
        append_images=pages[1:],
    )
    return path


def read_fax(path: Path) -> list[bytes]:
    """The packed rows of every page of a TIFF, 1 = white."""
    pages = []
    with Image.open(path) as image:
        for place in range(getattr(image, "n_frames", 1)):
            image.seek(place)
            pages.append(image.convert("1").tobytes())
    return pages


def mh(image: Image.Image, scratch: Path) -> bytes:
    """T.4 one-dimensional code with RTC in line order, taken from libtiff's encoder."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[TiffImagePlugin.ROWSPERSTRIP] = image.height
    tags[TiffImagePlugin.PHOTOMETRIC_INTERPRETATION] = 0
    image.save(scratch, format="TIFF", compression="group3", tiffinfo=tags)
    with Image.open(scratch) as written:
        assert isinstance(written, TiffImagePlugin.TiffImageFile)
        offsets, counts = written.tag_v2[273], written.tag_v2[279]
        assert len(offsets) == 1 and written.tag_v2.get(266, 1) == 1
        code = scratch.read_bytes()[offsets[0] : offsets[0] + counts[0]]
    bits = "".join(f"{octet:08b}" for octet in code) + "0" * 16 + "000000000001" * 6
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[place : place + 8][::-1], 2) for place in range(0, len(bits), 8))

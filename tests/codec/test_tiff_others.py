"""TIFFs that our reader did not expect: other orders and units are read, impossible and damaged files are refused."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from codec.errors import TiffError
from codec.tiff import TiffReader, read_pages, write_pages
from tests.codec.test_tiff import THREE


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pages.tif"


def directory(end: str, fields: dict[int, tuple[int, int, bytes]], following: int = 0) -> bytes:
    octets = struct.pack(end + "H", len(fields))
    for tag in sorted(fields):
        kind, count, value = fields[tag]
        octets += struct.pack(end + "HHI", tag, kind, count) + value.ljust(4, b"\0")
    return octets + struct.pack(end + "I", following)


def by_hand(
    end: str, changes: dict[int, tuple[int, int, bytes] | None], following: int = 0, tail: bytes = b""
) -> bytes:
    """A one-page file with the page's code at 8, two rationals behind it, the directory behind those."""
    page = THREE[0]
    code = page.data + b"\0" * (len(page.data) % 2)
    rationals = struct.pack(end + "IIII", 204, 1, 196, 1)

    def short(value: int) -> tuple[int, int, bytes]:
        return 3, 1, struct.pack(end + "H", value)

    def long(value: int) -> tuple[int, int, bytes]:
        return 4, 1, struct.pack(end + "I", value)

    fields: dict[int, tuple[int, int, bytes] | None] = {
        256: short(page.width),
        257: long(page.rows),
        258: short(1),
        259: short(4),
        262: short(0),
        266: short(1),
        273: long(8),
        277: short(1),
        278: long(page.rows),
        279: long(len(page.data)),
        282: (5, 1, struct.pack(end + "I", 8 + len(code))),
        283: (5, 1, struct.pack(end + "I", 16 + len(code))),
        296: short(2),
    }
    fields.update(changes)
    at = 8 + len(code) + 16
    head = (b"II" if end == "<" else b"MM") + struct.pack(end + "HI", 42, at)
    kept = {tag: value for tag, value in fields.items() if value is not None}
    return head + code + rationals + directory(end, kept, following) + tail


@pytest.mark.parametrize("end", ["<", ">"])
def test_either_byte_order_and_either_fill_order_is_read(file: Path, end: str) -> None:
    file.write_bytes(by_hand(end, {}))
    assert read_pages(file) == [THREE[0]]
    reverse = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
    image = bytearray(by_hand(end, {266: (3, 1, struct.pack(end + "H", 2))}))
    image[8 : 8 + len(THREE[0].data)] = THREE[0].data.translate(reverse)
    file.write_bytes(image)
    assert read_pages(file) == [THREE[0]]


def test_resolution_in_centimetres_is_understood(file: Path) -> None:
    image = bytearray(by_hand("<", {296: (3, 1, struct.pack("<H", 3))}))
    at = 8 + len(THREE[0].data) + len(THREE[0].data) % 2
    image[at : at + 16] = struct.pack("<IIII", 8031, 100, 7717, 100)
    file.write_bytes(image)
    (page,) = read_pages(file)
    assert (page.dpi_x, page.dpi_y) == (204, 196)


@pytest.mark.parametrize(
    "changes",
    [
        {256: None},
        {256: (3, 1, struct.pack("<H", 0))},
        {256: (4, 1, struct.pack("<I", 70_000))},
        {256: (3, 2, struct.pack("<HH", 8, 8))},
        {257: None},
        {257: (4, 1, struct.pack("<I", 0))},
        {257: (4, 1, struct.pack("<I", 0xFFFFFFFF))},
        {258: (3, 1, struct.pack("<H", 8))},
        {259: (3, 1, struct.pack("<H", 3))},
        {259: None},
        {262: (3, 1, struct.pack("<H", 1))},
        {266: (3, 1, struct.pack("<H", 3))},
        {273: None},
        {273: (4, 1, struct.pack("<I", 0xFFFFFF00))},
        {273: (4, 1, struct.pack("<I", 5000))},
        {277: (3, 1, struct.pack("<H", 3))},
        {279: (4, 1, struct.pack("<I", 0xFFFFFFFF))},
        {279: None},
        {282: None},
        {282: (5, 1, struct.pack("<I", 0xFFFFFFF0))},
        {283: (5, 2, struct.pack("<I", 8))},
        {293: (4, 1, struct.pack("<I", 2))},
        {296: (3, 1, struct.pack("<H", 9))},
        {306: (2, 40, struct.pack("<I", 0x7FFFFFFF))},
    ],
)
def test_an_impossible_directory_is_refused(file: Path, changes: dict[int, tuple[int, int, bytes] | None]) -> None:
    file.write_bytes(by_hand("<", changes))
    with pytest.raises(TiffError):
        read_pages(file)


def test_a_chain_that_bites_its_tail_is_refused(file: Path) -> None:
    image = by_hand("<", {})
    (at,) = struct.unpack_from("<I", image, 4)
    file.write_bytes(by_hand("<", {}, following=at))
    with pytest.raises(TiffError):
        TiffReader(file)


@pytest.mark.parametrize(
    "content", [b"", b"II", b"II*\0\x08\0\0\0", b"II+\0\x08\0\0\0" + bytes(50), b"%PDF-1.4" + bytes(90)]
)
def test_what_is_no_tiff_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(TiffError):
        TiffReader(file)


@pytest.mark.parametrize("density", [(0, 1), (204, 0), (1, 1000), (0xFFFFFFFF, 1)])
def test_an_impossible_resolution_is_refused(file: Path, density: tuple[int, int]) -> None:
    image = bytearray(by_hand("<", {}))
    at = 8 + len(THREE[0].data) + len(THREE[0].data) % 2
    image[at : at + 8] = struct.pack("<II", *density)
    file.write_bytes(image)
    with pytest.raises(TiffError):
        read_pages(file)


def test_files_cut_off_anywhere_are_refused_or_lack_nothing(file: Path) -> None:
    write_pages(file, THREE)
    whole, refused = file.read_bytes(), 0
    for cut in range(0, len(whole), 11):
        file.write_bytes(whole[:cut])
        try:
            assert read_pages(file) == THREE
            # Text that we do not read, at the very end.
            assert cut > len(whole) - 20
        except TiffError:
            refused += 1
    assert refused > 100


def test_mutated_files_raise_our_error_or_are_read(file: Path) -> None:
    write_pages(file, THREE[:2])
    whole, chance, read = file.read_bytes(), random.Random(3), 0
    places = [i for i in range(len(whole)) if i < 8 or whole[i : i + 1] != b"\0"]
    for _ in range(3000):
        image = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            image[chance.choice(places)] = chance.choice((0, 1, 255, chance.randrange(256)))
        file.write_bytes(image)
        try:
            for page in read_pages(file):
                assert len(page.data) <= len(whole)
            read += 1
        except TiffError:
            pass
    assert read > 100


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_a_readers_file_is_closed_when_it_is_refused(file: Path) -> None:
    file.write_bytes(b"II*\0\xff\xff\0\0")
    before = open_files()
    for _ in range(5):
        with pytest.raises(TiffError):
            TiffReader(file)
    assert open_files() == before

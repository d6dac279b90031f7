"""Our own TIFF-F files: written, read, read by others, cut off, made by a hostile hand."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from codec.coder import page_from_bitmap
from codec.errors import TiffError
from codec.page import Bitmap, Coding, Page
from codec.tiff import Clean, FaxOrigin, FaxTags, TiffReader, TiffWriter, read_pages, write_pages
from tests.codec.oracle import spandsp
from tests.codec.oracle.pages import WIDTHS, blobs, letter, noise, solid

THREE = [page_from_bitmap(blobs(1728, 90, seed), 204, 196) for seed in (1, 2, 3)]
ALL_TAGS = FaxTags(
    description="from +49 30 1234567",
    date_time="2026:11:20 12:00:00",
    bad_rows=7,
    longest_bad_run=3,
    clean=Clean.REPAIRED,
    sub_address="42#7",
    receive_time_s=65,
    dcs="00 46 E8 44",
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pages.tif"


def test_pages_come_back_octet_for_octet(file: Path) -> None:
    pages = [
        *THREE,
        *(page_from_bitmap(noise(width, 5, 0.3), 408, 391) for width in WIDTHS),
        page_from_bitmap(solid(1, 1, True), 1, 100_000),
    ]
    assert write_pages(file, pages) == len(pages)
    with TiffReader(file) as reader:
        assert len(reader) == len(pages)
        assert list(reader) == pages
        assert reader[-1] == pages[-1]
        assert reader[1:3] == pages[1:3]
        with pytest.raises(IndexError):
            reader[len(pages)]
    assert read_pages(file) == pages


def test_tags_come_back(file: Path) -> None:
    with TiffWriter(file) as writer:
        writer.append(THREE[0], ALL_TAGS)
        writer.append(THREE[1])
        writer.append(THREE[2], FaxTags(description="Grüße \n an alle"))
    with TiffReader(file) as reader:
        assert reader.tags(0) == ALL_TAGS
        assert reader.tags(1) == FaxTags()
        assert reader.tags(2).description == "Gr??e ? an alle"


ORIGIN = FaxOrigin(
    caller_id="+49 30 999",
    csid="+49 30 1",
    tsid="ÄNDERUNG 2",
    recipient_name="Jürgen Groß",
    recipient_number="+49301",
    routing="4711",
    sender_name="株式会社",
    at=datetime(2026, 11, 20, 12, 30, 0, 250, UTC),
    direction="sent",
    job=1234,
)


def test_where_a_fax_comes_from_comes_back_in_any_writing(file: Path) -> None:
    with TiffWriter(file) as writer:
        writer.append(THREE[0], FaxTags(origin=ORIGIN))
        writer.append(THREE[1], FaxTags(origin=FaxOrigin(tsid="x" * 5000, sender_name="ü" * 3000)))
        writer.append(THREE[2])
    with TiffReader(file) as reader:
        assert reader.tags(0).origin == ORIGIN
        long = reader.tags(1).origin
        assert long == FaxOrigin(tsid="x" * 4095, sender_name="ü" * 2047)
        assert reader.tags(2).origin is None
    with TiffWriter.reopen(file) as writer:
        assert len(writer) == 3
    with pytest.raises(TiffError, match="zone"), TiffWriter(file) as writer:
        writer.append(THREE[0], FaxTags(origin=FaxOrigin(at=datetime(2026, 1, 1))))


def test_libtiff_reads_the_names_of_a_fax(file: Path) -> None:
    with TiffWriter(file) as writer:
        writer.append(THREE[0], FaxTags(origin=ORIGIN))
    with Image.open(file) as image:
        tags = image.tag_v2  # type: ignore[attr-defined]
        assert tags[65005].rstrip("\0") == "+49301"
        assert tags[65008].rstrip("\0") == "2026-11-20T12:30:00.000250Z"


def test_a_file_without_pages_has_none(file: Path) -> None:
    with TiffWriter(file):
        pass
    assert read_pages(file) == []


def test_tiffinfo_finds_nothing_to_complain_of_and_every_tag(file: Path) -> None:
    with TiffWriter(file) as writer:
        for page in THREE:
            writer.append(page, ALL_TAGS)
    said = subprocess.run(["tiffinfo", str(file)], capture_output=True, text=True, check=True)
    assert said.stderr == ""
    assert said.stdout.count("Page Number: ") == 3
    for line in (
        "Page Number: 2-3",
        "Subfile Type: multi-page document (2 = 0x2)",
        "Image Width: 1728 Image Length: 90",
        "Resolution: 204, 196 pixels/inch",
        "Compression Scheme: CCITT Group 4",
        "Photometric Interpretation: min-is-white",
        "FillOrder: msb-to-lsb",
        "Rows/Strip: 90",
        "Group 4 Options: (0 = 0x0)",
        "Fax Data: receiver regenerated (1 = 0x1)",
        "Bad Fax Lines: 7",
        "Consecutive Bad Fax Lines: 3",
        "FaxSubAddress: 42#7",
        "FaxRecvTime: 65",
        "FaxDcs: 00 46 E8 44",
        "DateTime: 2026:11:20 12:00:00",
    ):
        assert line in said.stdout


def test_tiffcp_pillow_and_libspandsp_read_the_same_pixels(file: Path, tmp_path: Path) -> None:
    bitmaps = [letter(), blobs(1728, 333, 5), noise(1728, 40, 0.2)]
    write_pages(file, [page_from_bitmap(bitmap, 204, 196) for bitmap in bitmaps])
    copy = tmp_path / "copy.tif"
    said = subprocess.run(["tiffcp", "-c", "none", str(file), str(copy)], capture_output=True, text=True, check=True)
    assert said.stderr == ""
    for name in (file, copy):
        with Image.open(name) as picture:
            assert picture.n_frames == 3  # type: ignore[attr-defined]
            for number, bitmap in enumerate(bitmaps):
                picture.seek(number)
                assert picture.size == (bitmap.width, bitmap.rows)
                white_is_one = picture.convert("1", dither=Image.Dither.NONE).tobytes()
                assert bytes(255 - octet for octet in white_is_one) == bitmap.data
    codes = spandsp.send(file, Coding.MMR)
    got = [read_received(tmp_path, code) for code in codes]
    assert [page for (page,) in got] == [page_from_bitmap(bitmap, 204, 196) for bitmap in bitmaps]


def read_received(folder: Path, code: bytes) -> list[Page]:
    spandsp.receive(folder / "received.tif", code, Coding.MMR, 1728)
    pages = read_pages(folder / "received.tif")
    # It names the metric resolution; the pixels are what is compared.
    return [Page(page.width, page.rows, 204, 196, page.data) for page in pages]


def test_the_file_is_whole_after_every_page_and_at_every_moment_of_an_append(file: Path) -> None:
    """Every write to the disk in its order: after each, what is there is a TIFF of the pages finished before."""
    writes: list[tuple[bytes, int]] = []
    writer = TiffWriter(file, durable=True)
    writer._write = lambda data, at: writes.append((data, at))  # type: ignore[method-assign]
    head = file.read_bytes()
    counts = []
    for page in THREE:
        writer.append(page)
        counts.append(len(writes))
    writer._write = TiffWriter._write.__get__(writer)  # type: ignore[method-assign]
    image = bytearray(head)
    for number, (data, at) in enumerate(writes):
        for half in (len(data) // 2, len(data)):
            if half < len(data) and len(data) == 4:
                assert at % 4 == 0
                continue  # a link is written whole: four octets within one sector
            image[at : at + half] = data[:half]
            copy = file.with_name("crash.tif")
            copy.write_bytes(image)
            done = sum(count <= number + (half == len(data)) for count in counts)
            assert read_pages(copy) == THREE[:done]
    os.close(writer._fd)
    writer._fd = -1


def test_a_durable_page_is_synced_before_and_after_it_is_linked(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    acts: list[str] = []
    real = os.pwrite

    def watched(fd: int, data: bytes, at: int) -> int:
        acts.append(f"write {len(data)}")
        return real(fd, data, at)

    monkeypatch.setattr(os, "pwrite", watched)
    monkeypatch.setattr(os, "fdatasync", lambda fd: acts.append("sync"))
    with TiffWriter(file, durable=True) as writer:
        acts.clear()
        writer.append(THREE[0])
        assert acts[1:] == ["sync", "write 4", "sync"]
    acts.clear()
    with TiffWriter(file) as writer:
        writer.append(THREE[0])
    assert "sync" not in acts


def test_page_numbers_are_right_while_pages_come_and_when_all_are_there(file: Path) -> None:
    def numbers() -> list[str]:
        said = subprocess.run(["tiffinfo", str(file)], capture_output=True, text=True, check=False)
        return [line.split(": ")[1] for line in said.stdout.splitlines() if "Page Number" in line]

    writer = TiffWriter(file)
    writer.append(THREE[0])
    writer.append(THREE[1])
    assert numbers() == ["0-0", "1-0"]  # total unknown
    writer.close()
    assert numbers() == ["0-2", "1-2"]


def test_a_page_without_pixels_is_refused(file: Path) -> None:
    with TiffWriter(file) as writer, pytest.raises(TiffError):
        writer.append(page_from_bitmap(solid(1728, 0, False), 204, 196))


def test_a_failed_write_leaves_the_old_file_and_nothing_else(file: Path) -> None:
    write_pages(file, THREE)

    def pages() -> object:
        yield THREE[0]
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError):
        write_pages(file, pages())  # type: ignore[arg-type]
    assert read_pages(file) == THREE
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_hundreds_of_pages_are_walked_without_reading_them(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = page_from_bitmap(letter(), 204, 196)
    write_pages(file, [page] * 300)
    read = 0
    real = os.pread

    def counted(fd: int, length: int, at: int) -> bytes:
        nonlocal read
        read += length
        return real(fd, length, at)

    monkeypatch.setattr(os, "pread", counted)
    with TiffReader(file) as reader:
        assert len(reader) == 300
        assert read < 300 * 400 < file.stat().st_size / 40
        read = 0
        assert reader[299] == page
        assert read == len(page.data)


def test_bitmap_and_page_agree_on_the_digest(file: Path) -> None:
    page = page_from_bitmap(Bitmap(8, 1, b"\xaa"), 204, 98)
    write_pages(file, [page])
    assert read_pages(file)[0].digest == page.digest

"""A file that a crash tore while a page was appended: opened again, cut to its whole pages, gone on with."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from codec.coder import page_from_bitmap
from codec.errors import TiffError
from codec.page import Page
from codec.tiff import FaxTags, TiffReader, TiffWriter, read_pages, write_pages
from tests.codec.oracle.pages import blobs

PAGES = [page_from_bitmap(blobs(400, 24, seed), 204, 196) for seed in (1, 2, 3)]
TAGS = FaxTags(description="from +49 30 1234567", date_time="2026:11:20 12:00:00", bad_rows=0, dcs="00 46 E8 44")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pages.tif"


def written(file: Path, pages: list[Page], *, closed: bool = True) -> bytes:
    """The octets of a file of these pages, closed or left as a crash leaves it."""
    writer = TiffWriter(file)
    for page in pages:
        writer.append(page, TAGS)
    unclosed = file.read_bytes()
    writer.close()
    return file.read_bytes() if closed else unclosed


def behind_a_crash(file: Path, torn: bytes, whole: int) -> None:
    """Opens the torn file again: `whole` pages must be there, and it must be possible to go on with the rest."""
    file.write_bytes(torn)
    with TiffWriter.reopen(file) as writer:
        assert len(writer) == whole
        assert read_pages(file) == PAGES[:whole]
        for page in PAGES[whole:]:
            writer.append(page, TAGS)


@pytest.mark.parametrize("pages", [1, 2, 3])
def test_a_file_cut_off_at_any_octet_of_its_last_append_goes_on_behind_the_page_before(file: Path, pages: int) -> None:
    """Linked, as when the disk stored things in another order than they were written, and not linked yet."""
    complete = written(file, PAGES)
    before = written(file, PAGES[: pages - 1], closed=False)
    linked = written(file, PAGES[:pages], closed=False)
    unlinked = before + linked[len(before) :]
    assert linked[: len(before)] != before
    for cut in range(len(before), len(linked)):
        behind_a_crash(file, linked[:cut], pages - 1)
        assert file.read_bytes() == complete
        behind_a_crash(file, unlinked[:cut], pages - 1)
        assert file.read_bytes() == complete
    behind_a_crash(file, unlinked, pages - 1)
    assert file.read_bytes() == complete
    behind_a_crash(file, linked, pages)
    assert file.read_bytes() == complete


def test_a_file_cut_off_anywhere_keeps_every_page_that_is_whole(file: Path) -> None:
    complete = written(file, PAGES)
    ends = [len(written(file, PAGES[:count], closed=False)) for count in range(4)]
    for cut in range(0, len(complete), 7):
        whole = sum(end <= cut for end in ends[1:])
        behind_a_crash(file, complete[:cut], whole)
        assert file.read_bytes() == complete


def test_a_file_whose_end_was_never_stored_loses_no_more_than_the_page_there(file: Path) -> None:
    """The file has its length, but from some octet on it holds zeros."""
    complete = written(file, PAGES)
    before = written(file, PAGES[:2], closed=False)
    linked = written(file, PAGES, closed=False)
    for cut in range(len(before), len(linked) - len(b"Platen\0\0")):
        torn = linked[:cut] + bytes(len(linked) - cut)
        file.write_bytes(torn)
        with TiffWriter.reopen(file) as writer:
            whole = len(writer)
            for page in PAGES[whole:]:
                writer.append(page, TAGS)
        if any(linked[cut : len(linked) - 128]):
            assert whole == 2
        if whole == 2:
            assert file.read_bytes() == complete
        assert read_pages(file) == PAGES


def test_a_strip_that_was_stored_in_part_is_no_page(file: Path) -> None:
    complete, linked = written(file, PAGES), written(file, PAGES, closed=False)
    strip = linked.index(PAGES[2].data)
    hurt = bytearray(linked)
    hurt[strip + 8 : strip + len(PAGES[2].data)] = bytes(len(PAGES[2].data) - 8)
    behind_a_crash(file, bytes(hurt), 2)
    assert file.read_bytes() == complete


def test_opening_again_may_be_cut_short_anywhere_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    complete = written(file, PAGES)
    torn = written(file, PAGES, closed=False)[:-9]
    left = 0
    real_write, real_truncate = os.pwrite, os.ftruncate

    class Crash(Exception):
        pass

    def spend() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Crash

    def write(fd: int, data: bytes, at: int) -> int:
        spend()
        return real_write(fd, data, at)

    def truncate(fd: int, length: int) -> None:
        spend()
        real_truncate(fd, length)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", write)
        patch.setattr(os, "ftruncate", truncate)
        crashes = 0
        for acts in range(20):
            file.write_bytes(torn)
            left = acts
            try:
                TiffWriter.reopen(file)
            except Crash:
                crashes += 1
            left = 1000
            behind = file.read_bytes()
            behind_a_crash(file, behind, 2)
            assert file.read_bytes() == complete
    assert 3 <= crashes < 20


def test_a_closed_file_can_be_gone_on_with_and_its_page_numbers_stay_right(file: Path) -> None:
    def numbers() -> list[str]:
        said = subprocess.run(["tiffinfo", str(file)], capture_output=True, text=True, check=True)
        return [line.split(": ")[1] for line in said.stdout.splitlines() if "Page Number" in line]

    complete = written(file, PAGES)
    written(file, PAGES[:2])
    writer = TiffWriter.reopen(file, durable=True)
    assert numbers() == ["0-0", "1-0"]
    writer.append(PAGES[2], TAGS)
    writer.close()
    assert numbers() == ["0-3", "1-3", "2-3"]
    assert file.read_bytes() == complete
    with TiffReader(file) as reader:
        assert reader.tags(2) == TAGS


def test_a_crash_while_the_file_was_made_leaves_a_file_without_pages(file: Path) -> None:
    complete = written(file, PAGES)
    for cut in range(9):
        behind_a_crash(file, complete[:cut], 0)
        assert file.read_bytes() == complete


def test_what_a_torn_page_leaves_is_gone_from_the_disk_at_once(file: Path) -> None:
    before = written(file, PAGES[:2], closed=False)
    file.write_bytes(written(file, PAGES, closed=False)[:-3])
    writer = TiffWriter.reopen(file)
    assert file.read_bytes() == before
    writer.close()
    assert read_pages(file) == PAGES[:2]


def test_files_of_others_are_refused_and_left_alone(file: Path, tmp_path: Path) -> None:
    ours = tmp_path / "ours.tif"
    write_pages(ours, PAGES)
    refused = [b"II+\0\x08\0\0\0" + bytes(50), b"%PDF-1.4" + bytes(90), b"MM", bytes(8), b"x"]
    for options in ("-c g4", "-c g4 -B", "-c none", "-c g4 -f lsb2msb"):
        subprocess.run(["tiffcp", *options.split(), str(ours), str(file)], check=True)
        refused.append(file.read_bytes())
    for content in refused:
        file.write_bytes(content)
        with pytest.raises(TiffError):
            TiffWriter.reopen(file)
        assert file.read_bytes() == content


def test_a_file_that_is_not_there_is_not_made(file: Path) -> None:
    with pytest.raises(FileNotFoundError):
        TiffWriter.reopen(file)
    assert not file.exists()

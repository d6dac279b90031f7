"""One stream is taken apart into the documents that went in, and nothing else."""

from __future__ import annotations

import os
import random
import subprocess
import threading
from pathlib import Path

import pytest

from backend.documents import END_MARK, FAILED_MARK, drain, split
from backend.install import FILTERS
from backend.waking import Waking

PDF = b"%PDF-1.4\nbody\n%%EOF\n"
UPDATED = PDF + b"7 0 obj\nmore\nendobj\nstartxref\n1\n%%EOF\n"
INSIDE = b"%PDF-1.7\nstream\n%PDF-1.4\ninner\n%%EOF\nendstream\n%%EOF\r\n"
PS = b"%!PS-Adobe-3.0\n(%PDF-1.4) pop\n%%EOF\n%PDF-1.4 not\n%%EOF\n%!PS\n"
TIFF = b"II*\0\x08\0\0\0%%EOF\n%PDF-1.4\0\0"


FILTER, PDF_FILTER = FILTERS


def _split(tmp_path: Path, data: bytes) -> list[bytes]:
    file = tmp_path / "stream"
    file.write_bytes(data)
    with file.open("rb") as stream:
        return [piece.read(1 << 30) for piece in split(stream.fileno()).pieces]


def _passed(document: bytes) -> bytes:
    return subprocess.run([FILTER, "1", "u", "t", "1", ""], input=document, capture_output=True, check=True).stdout


@pytest.mark.parametrize(
    "documents",
    [
        [PDF],
        [PDF, PDF],
        [UPDATED],
        [UPDATED, PDF, UPDATED],
        [INSIDE, PDF],
        [b"%PDF-1.4\nno end"],
        [b"plain text\n"],
    ],
)
def test_pdfs_are_parted_and_other_things_left_whole(tmp_path: Path, documents: list[bytes]) -> None:
    assert _split(tmp_path, b"".join(documents)) == documents


@pytest.mark.parametrize("document", [PS, TIFF, b"text"])
def test_what_our_filter_handed_on_is_not_looked_into(tmp_path: Path, document: bytes) -> None:
    assert _split(tmp_path, _passed(document)) == [document]


@pytest.mark.parametrize("seed", range(40))
def test_any_mixture_comes_apart_as_it_went_in(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    documents = [chance.choice([PDF, UPDATED, INSIDE, PS, TIFF]) for _ in range(chance.randint(1, 6))]
    stream = b"".join(_passed(item) if item in (PS, TIFF) else item for item in documents)
    assert _split(tmp_path, stream) == documents


def test_white_space_between_documents_belongs_to_the_first(tmp_path: Path) -> None:
    assert _split(tmp_path, PDF + b"\r\n \0" + PDF) == [PDF + b"\r\n \0", PDF]


def test_an_empty_stream_has_no_documents(tmp_path: Path) -> None:
    assert _split(tmp_path, b"") == []
    assert _split(tmp_path, b" \n\0") == []


def test_an_empty_document_of_our_filter_is_there_and_empty(tmp_path: Path) -> None:
    assert _split(tmp_path, _passed(b"") + PDF) == [b"", PDF]


def test_the_filter_reads_a_file_that_is_named_and_says_when_it_cannot(tmp_path: Path) -> None:
    file = tmp_path / "-n"
    file.write_bytes(PS)
    arguments = [str(FILTER), "1", "u", "t", "1", ""]
    done = subprocess.run([*arguments, str(file)], capture_output=True, check=True)
    assert done.stdout == PS + END_MARK
    missing = subprocess.run([*arguments, str(tmp_path / "none")], capture_output=True, check=True)
    assert missing.stdout == FAILED_MARK


def test_pdfs_of_our_filter_are_marked(tmp_path: Path, pdf: Path) -> None:
    arguments = [str(PDF_FILTER), "1", "u", "t", "1", ""]
    good = subprocess.run([*arguments, str(pdf)], capture_output=True, check=True)
    assert good.stdout.startswith(b"%PDF-")
    assert good.stdout.endswith(b"%%EOF\n" + END_MARK)
    assert _split(tmp_path, good.stdout * 2) == [good.stdout.removesuffix(END_MARK)] * 2
    (tmp_path / "bad").write_bytes(b"%PDF-1.4\n")
    bad = subprocess.run([*arguments, str(tmp_path / "bad")], capture_output=True, check=True)
    assert bad.stdout == FAILED_MARK
    assert b"DEBUG: pdftopdf:" in bad.stderr
    assert not any(line.startswith(b"ERROR:") for line in bad.stderr.splitlines())


def test_a_document_that_failed_is_counted_and_left_out(tmp_path: Path) -> None:
    file = tmp_path / "stream"
    file.write_bytes(PDF + PDF + b"half" + FAILED_MARK + PDF + FAILED_MARK + _passed(PS))
    with file.open("rb") as stream:
        found = split(stream.fileno())
    assert found.failed == 2
    assert [piece.octets for piece in found.pieces] == [len(PDF), len(PS)]


def test_a_piece_is_read_in_blocks_and_again(tmp_path: Path) -> None:
    file = tmp_path / "stream"
    file.write_bytes(PDF + UPDATED)
    with file.open("rb") as stream:
        _, second = split(stream.fileno()).pieces
        for _ in range(2):
            blocks = []
            while block := second.read(7):
                blocks.append(block)
            assert b"".join(blocks) == UPDATED
            assert second.octets == len(UPDATED)
            second.rewind()


@pytest.mark.parametrize("kind", ["pipe", "file"])
def test_everything_is_read_behind_what_was_read_before(tmp_path: Path, kind: str, waking: Waking) -> None:
    octets = random.Random(3).randbytes(3_000_000)
    target = os.open(tmp_path / "target", os.O_RDWR | os.O_CREAT)
    os.write(target, b"before")
    if kind == "pipe":
        source, end = os.pipe()

        def feed() -> None:
            with os.fdopen(end, "wb") as pipe:
                pipe.write(octets)

        thread = threading.Thread(target=feed)
        thread.start()
        length = drain(source, target, waking)
        thread.join()
    else:
        (tmp_path / "source").write_bytes(octets)
        source = os.open(tmp_path / "source", os.O_RDONLY)
        length = drain(source, target, waking)
    os.close(source)
    os.close(target)
    assert (tmp_path / "target").read_bytes() == b"before" + octets
    assert length == 6 + len(octets)

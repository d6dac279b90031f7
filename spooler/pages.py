"""A job's pages as one TIFF-F file, as they go out: cover page first; and one page as a picture.

What always holds: each page is checked against the digest that the job names; blocks, and is run on worker threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from codec.errors import CodecError, TiffError
from codec.operations import to_png
from codec.page import Page
from codec.tiff import FaxTags, TiffReader, TiffWriter
from fax.errors import Cause, ServerError
from spooler.store_pages import OutgoingPage


def checked_pages(pages: Sequence[OutgoingPage], root: Path) -> Iterator[tuple[Page, FaxTags]]:
    """The pages, whose files are below ``root``, with what their files say of them. Raises ServerError, OSError."""
    readers: dict[str, TiffReader] = {}
    try:
        for page in pages:
            if page.file not in readers:
                readers[page.file] = TiffReader(root / page.file)
            reader = readers[page.file]
            found = reader[page.index]
            if found.digest != page.digest:
                raise ServerError(Cause.STORAGE, f"Page {page.number} is damaged on the fax server's disk", page.file)
            yield found, reader.tags(page.index)
    except (TiffError, IndexError, FileNotFoundError) as error:
        raise ServerError(Cause.STORAGE, f"A page is damaged on the fax server's disk: {error}") from error
    finally:
        for reader in readers.values():
            reader.close()


def write_pages(pages: Sequence[OutgoingPage], root: Path, out: Path) -> Path:
    """Write ``pages``, whose files are below ``root``, to ``out``; returns it. Raises ServerError, OSError."""
    with TiffWriter(out) as writer:
        for page, tags in checked_pages(pages, root):
            writer.append(page, tags)
    return out


def picture_of(page: OutgoingPage, root: Path, box: int) -> bytes:
    """The page as PNG in the shape that it has on paper, ``box`` pixels across made one. Raises ServerError."""
    try:
        return to_png(read_page(page, root), box)
    except CodecError as error:
        raise ServerError(Cause.STORAGE, f"Page {page.number} cannot be read: {error}") from error


def read_page(page: OutgoingPage, root: Path) -> Page:
    """Raises ServerError."""
    try:
        with TiffReader(root / page.file) as reader:
            found = reader[page.index]
        if found.digest == page.digest:
            return found
    except (CodecError, IndexError, OSError) as error:
        raise ServerError(Cause.STORAGE, f"Page {page.number} cannot be read: {error}") from error
    raise ServerError(Cause.STORAGE, f"Page {page.number} is damaged on the fax server's disk", page.file)

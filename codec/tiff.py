"""Our own TIFF-F files, as the rest of the house uses them: ``TiffWriter``, ``TiffReader``, whole files at once.

What always holds: pages go in and come out octet for octet. (Files of others: ``codec.foreign``.)
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from codec.page import Page
from codec.tiff_reader import TiffReader
from codec.tiff_tags import Clean, FaxOrigin, FaxTags
from codec.tiff_writer import TiffWriter, sync_folder

__all__ = ["Clean", "FaxOrigin", "FaxTags", "TiffReader", "TiffWriter", "read_pages", "sync_folder", "write_pages"]


def write_pages(path: Path, pages: Iterable[Page]) -> int:
    """Writes a whole file under a temporary name, puts it on stable storage and renames it; how many pages it has."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with TiffWriter(part) as writer:
            for page in pages:
                writer.append(page)
        fd = os.open(part, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    return len(writer)


def read_pages(path: Path) -> list[Page]:
    """All pages of one of our files. Raises TiffError and OSError."""
    with TiffReader(path) as reader:
        return list(reader)

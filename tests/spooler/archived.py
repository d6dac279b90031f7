"""Faxes in an archive, put there as the daemon puts them, beside a running daemon or before it starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from codec.page import Page
from codec.tiff import FaxTags, TiffWriter
from fax.archive import ArchivedFax
from spooler import store_archive_index
from spooler.archive import file_of, origin_of
from spooler.store import Store


def put_in_archive(spool: Path, folder: Path, fax: ArchivedFax, pages: Sequence[Page]) -> ArchivedFax:
    """``spool``: the daemon's; ``folder``: the archive's."""
    file = folder / file_of(fax)
    file.parent.mkdir(parents=True, exist_ok=True)
    with TiffWriter(file) as writer:
        for page in pages:
            writer.append(page, FaxTags() if len(writer) else FaxTags(origin=origin_of(fax)))
    fax = replace(fax, pages=len(pages), octets=file.stat().st_size)
    spool.mkdir(exist_ok=True)
    store = Store(spool / "platen.db")
    try:
        store.call(partial(store_archive_index.put, fax=fax, folder=str(folder), file=file_of(fax)))
    finally:
        store.close()
    return replace(fax, file=str(file))

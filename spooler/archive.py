"""The archive of sent faxes: a copy of each, as it went out, in a folder of the administrator's.

What always holds: a fax that was sent while the archive is on gets there once, whatever is killed when; a copy has its
name only when it is whole and on stable storage; a folder that cannot be written to holds up nothing but the archive,
which goes on where it was when the folder is well again.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from datetime import UTC
from functools import partial
from pathlib import Path

from fax.errors import ServerError
from fax.settings import Configuration
from spooler import store_archive
from spooler.pages import write_pages
from spooler.spool import Spool, sync_file, sync_folder
from spooler.store import Store
from spooler.store_archive import Sent

log = logging.getLogger(__name__)
AT_ONCE = 20


def name_of(sent: Sent) -> str:
    """The copy's name: when the fax was sent (UTC), and its number."""
    return f"{sent.ended.astimezone(UTC):%Y%m%d-%H%M%S}-{sent.job}.tif"


class Archive:
    """``look`` blocks; it is run by one thread at a time."""

    def __init__(self, store: Store, spool: Spool, configuration: Callable[[], Configuration]) -> None:
        self._store = store
        self._spool = spool
        self._configuration = configuration
        self._complained = ""
        self._read_to = -1

    def look(self) -> None:
        """Copy what the archive lacks. Raises nothing of the folder's: that is logged once and tried again."""
        while (now := self._configuration()).archive_outgoing:
            found, read_to = self._store.call(partial(store_archive.wanted, limit=AT_ONCE))
            done = 0
            for sent in found:
                try:
                    self._copy(sent, Path(now.archive_folder))
                except OSError as error:
                    self._complain(f"{now.archive_folder}: {error.strerror or error}")
                    if done:
                        self._store.call(partial(store_archive.move, cursor=done))
                    return
                done = sent.cursor
            self._complained = ""
            if read_to and read_to != self._read_to:
                self._read_to = read_to
                self._store.call(partial(store_archive.move, cursor=read_to))
            if not found:
                return

    def _copy(self, sent: Sent, folder: Path) -> None:
        target = folder / name_of(sent)
        if target.exists():
            return
        part = folder / f".{target.name}.{os.getpid()}.part"
        try:
            write_pages(sent.pages, self._spool.root, part)
            sync_file(part)
            part.replace(target)
            sync_folder(folder)
        except ServerError as error:
            # Nothing that waiting would mend; the fax itself was sent.
            log.error("Fax %d cannot be archived: %s", sent.job, error)
        finally:
            part.unlink(missing_ok=True)

    def _complain(self, why: str) -> None:
        if why != self._complained:
            self._complained = why
            log.error("Sent faxes cannot be archived until this is mended: %s", why)

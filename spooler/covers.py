"""Cover pages in the daemon: which template a name means for whom, and a job's cover drawn as it goes out.

What always holds: a person's own templates are nobody else's; where the settings have server cover pages only, none of
them is used, whoever asks; what is drawn for a preview is drawn as it is for a call. Everything here blocks and is run
on worker threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import coverpage
from codec.nursery import Nursery
from codec.page import Resolution as CodecResolution
from coverpage import Cover, Found, Place, Shelf, Studio
from fax.settings import Configuration, zone_of
from fax.types import CoverPage, Recipient
from spooler.admission import admit_cover
from spooler.configuration import Live
from spooler.preparation import codec_limits
from spooler.settings import Settings
from spooler.spool import Spool
from spooler.store_pages import CoverOrder


class Covers:
    """Templates and the studio that draws them; one for the daemon."""

    def __init__(self, settings: Settings, spool: Spool, live: Live, nursery: Nursery | None = None) -> None:
        self._settings = settings
        self._spool = spool
        self._live = live
        self.studio = Studio(nursery, codec_limits(settings), spool.root / "tmp")

    def folder(self, user: str | None) -> Path:
        """Where templates are kept that came through the API: the common ones, or ``user``'s own."""
        if user is None:
            return self._spool.templates / "common"
        # A name may hold whatever a directory server gives out.
        return self._spool.templates / "own" / (quote(user, safe="@ ").replace(".", "%2E") or "%00")

    def shelf(self, user: str) -> Shelf:
        """What ``user`` may choose from."""
        common = [Place("common", self.folder(None))]
        if self._settings.cover_folder is not None:
            common.append(Place("site", self._settings.cover_folder))
        own_allowed = not self._live.configuration.server_cover_only
        return Shelf(tuple(common), self.folder(user) if own_allowed else None)

    def find(self, cover: CoverPage, user: str) -> Found:
        """The template that a fax of ``user`` asks for.

        Raises RequestError NOT_ALLOWED: it is one's own, and only the server's may be used; CoverPageError.
        """
        admit_cover(cover, self._live.configuration)
        return coverpage.brought_along(cover.layout) if cover.layout else self.shelf(user).find(cover.template)

    def draw(self, order: CoverOrder, now: datetime) -> Cover:
        """The cover of a job as it goes out. Raises RequestError, CoverPageError, codec.errors.CodecError, OSError."""
        configuration = self._live.configuration
        fields = coverpage.fields_for(
            order.recipient,
            order.sender,
            order.cover,
            time_sent=now.astimezone(zone_of(configuration.header_zone)),
            document_pages=order.document_pages,
            job_id=order.job or None,
            billing_code=order.billing_code,
            priority=order.priority,
            title=order.title,
        )
        found = self.find(order.cover, order.user)
        return self.studio.cover(found, fields, paper_of(configuration), CodecResolution(order.resolution.value))

    def check(self, order: CoverOrder, recipients: Sequence[Recipient], now: datetime) -> None:
        """Whether the cover can be drawn for all of them: whole for the first, its letters for the others.

        Raises RequestError, CoverPageError, codec.errors.CodecError, OSError.
        """
        self.draw(order, now)
        coverpage.check_letters(recipients)


def paper_of(configuration: Configuration) -> coverpage.PaperName:
    return "letter" if configuration.paper.value == "letter" else "a4"

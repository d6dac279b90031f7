"""Cover pages in the daemon: which template a name means for whom, and a job's cover drawn as it goes out.

What always holds: a person's own templates are nobody else's; where the settings have server cover pages only, none of
them is used, whoever asks; what is drawn for a preview is drawn as it is for a call. Everything here blocks and is run
on worker threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import coverpage
from codec.nursery import Nursery
from codec.page import Page
from codec.page import Resolution as CodecResolution
from coverpage import Cover, CoverPageError, Found, PaperName, Place, Shelf, Studio
from coverpage.layout import PAPERS
from coverpage.sample import SAMPLE
from fax.covers import CoverFile, CoverPreview, CoverTemplate
from fax.errors import Cause, RequestError
from fax.settings import Configuration, Paper
from fax.settings_check import zone_of
from fax.types import CoverPage, Recipient
from spooler.admission import admit_cover
from spooler.configuration import Live
from spooler.cover_shelves import by_name
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
        self._costs: dict[str, int] = {}  # octets, by the template's digest
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

    def allow_own(self, name: str) -> None:
        """Whether templates of one's own may be used. Raises RequestError NOT_ALLOWED."""
        admit_cover(CoverPage(template=name), self._live.configuration)

    def listed(self, user: str) -> list[CoverTemplate]:
        """All that ``user`` may choose from."""
        return [self.described(name, user) for name in self.shelf(user).names()]

    def described(self, name: str, user: str) -> CoverTemplate:
        """A template, and what it costs with every field filled. Raises CoverPageError: there is none."""
        shelf = self.shelf(user)
        kind = dict(shelf.listed()).get(name, "")
        try:
            found = shelf.find(name)
            octets = self._octets(found)
        except CoverPageError as error:
            if not kind:
                raise
            return CoverTemplate(name=name, kind=kind, problem=error.text)
        made = found.template
        return CoverTemplate(
            name=name,
            kind=kind,
            title=made.title,
            about=made.about,
            language=made.language,
            strip=made.strip,
            octets=octets,
        )

    def _octets(self, found: Found) -> int:
        known = self._costs.get(found.digest)
        if known is None:
            cover = self.studio.cover(found, SAMPLE, paper_of(self._live.configuration))
            known = self._costs[found.digest] = sum(len(page.data) for page in cover.pages)
        return known

    def try_out(self, files: Sequence[CoverFile]) -> Found:
        """A template that comes along with its files, drawn once. Raises CoverPageError, codec's errors, OSError."""
        found = coverpage.from_files(by_name(files))
        for paper in PAPERS:
            self.studio.cover(found, SAMPLE, paper, CodecResolution.STANDARD)
        return found

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
            continued_from=order.continued_from,
            continued_of=order.continued_of,
        )
        found = self.find(order.cover, order.user)
        paper, resolution = paper_of(configuration), CodecResolution(order.resolution.value)
        cover = self.studio.cover(found, fields, paper, resolution)
        if order.continued_from is not None and len(cover.pages) > 1:
            # Whoever reads it has the note already, and it would cost line time again.
            return self.studio.cover(found, replace(fields, note=""), paper, resolution)
        return cover

    def preview(self, order: CoverPreview, user: str, now: datetime) -> Cover:
        """The cover of a fax with these fields. Raises as ``draw``."""
        configuration = self._live.configuration
        fields = coverpage.fields_for(
            order.recipient,
            order.sender,
            order.cover,
            time_sent=now.astimezone(zone_of(configuration.header_zone)),
            document_pages=order.document_pages,
            job_id=order.job,
            billing_code=order.billing_code,
            priority=order.priority,
            title=order.title,
            continued_from=order.continued_from,
            continued_of=order.continued_of,
        )
        paper = self.paper(order)
        resolution = CodecResolution(order.resolution.value)
        if not order.files:
            return self.studio.cover(self.find(order.cover, user), fields, paper, resolution)
        return self.studio.cover(coverpage.from_files(by_name(order.files)), fields, paper, resolution)

    def paper(self, order: CoverPreview) -> PaperName:
        """What it is drawn for."""
        return paper_of(self._live.configuration) if order.paper is None else paper_named(order.paper)

    def check(self, order: CoverOrder, recipients: Sequence[Recipient], now: datetime) -> None:
        """Whether the cover can be drawn for all of them: whole for the first, its letters for the others.

        Raises RequestError, CoverPageError, codec.errors.CodecError, OSError.
        """
        self.draw(order, now)
        coverpage.check_letters(recipients)


def previewed(covers: Covers, order: CoverPreview, user: str, now: datetime) -> Page:
    """A page of a cover that is only looked at. Raises as ``Covers.draw``, and RequestError: it has no such page."""
    cover = covers.preview(order, user, now)
    if not 1 <= order.page <= len(cover.pages):
        raise RequestError(
            Cause.BAD_REQUEST, f"The cover has {len(cover.pages)} pages, and none of number {order.page}"
        )
    return cover.pages[order.page - 1]


def paper_of(configuration: Configuration) -> PaperName:
    return paper_named(configuration.paper)


def paper_named(paper: Paper) -> PaperName:
    return "letter" if paper is Paper.LETTER else "a4"

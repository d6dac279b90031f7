"""The ledger: what a call's journal means for its jobs and pages. A pure projection.

What always holds: it depends on the lines alone; taking the same lines in twice says the same; what a page's answer
confirmed is confirmed at once, everything else about a page is said when the call is settled (only then is it known
that no answer will come); what becomes of a preface, whose lines have no page number, says nothing of any page.

Must not: decide about retries (``jobs`` does), or read files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from fax.types import Fate
from modem.journal import Line
from modem.outcome import Outcome
from spooler.jobs import KEPT

# What of the journal is kept in the database; the rest (frames, commands, progress) is in the journal alone.
KEPT_KINDS = frozenset(
    (
        "begin",
        "dialling",
        "connected",
        "far-end",
        "trained",
        "training-failed",
        "handed-over",
        "page-intent",
        "page-answer",
        "end",
    )
)


@dataclass(frozen=True, kw_only=True)
class PageNews:
    """A page has this fate by this call."""

    job: int
    number: int
    fate: Fate


@dataclass(frozen=True, kw_only=True)
class News:
    """An event to be told. ``job`` None: of every job of the call."""

    kind: str
    text: str
    job: int | None = None
    page: int | None = None


@dataclass(frozen=True, kw_only=True)
class Projection:
    """What some lines of a journal mean."""

    kept: tuple[Line, ...]
    pages: tuple[PageNews, ...]
    news: tuple[News, ...]
    next_n: int
    ended: bool


def project(lines: Sequence[Line], next_n: int, number: str) -> Projection:
    """What the ``lines`` from ``next_n`` on mean; earlier ones are known already. ``number``: as people read it."""
    fresh = [line for line in lines if line.n >= next_n]
    pages: list[PageNews] = []
    news: list[News] = []
    for line in fresh:
        page = _page_of(line)
        if line.kind == "page-answer" and page is not None:
            fate = fate_of(line.fields.get("fate"))
            if fate in KEPT:
                pages.append(PageNews(job=page[0], number=page[1], fate=fate))
        if (said := _said(line, page, number)) is not None:
            news.append(said)
    return Projection(
        kept=tuple(line for line in fresh if line.kind in KEPT_KINDS),
        pages=tuple(pages),
        news=tuple(news),
        next_n=max((line.n + 1 for line in fresh), default=next_n),
        ended=any(line.kind == "end" for line in fresh),
    )


def settled(outcome: Outcome) -> tuple[PageNews, ...]:
    """The last word of a call about each of its pages."""
    return tuple(PageNews(job=page.job, number=page.number, fate=Fate(page.fate.value)) for page in outcome.pages)


def refused(lines: Sequence[Line]) -> dict[tuple[int, int], int]:
    """How often each page (job, number) was refused: within one call a page may go out again after that."""
    answers = [_page_of(line) for line in lines if line.kind == "page-answer" and line.fields.get("fate") == "refused"]
    return dict(Counter(page for page in answers if page is not None))


def fate_of(value: object) -> Fate:
    """A journal's word for a fate; one that we do not know is uncertain."""
    try:
        return Fate(value)
    except ValueError:
        return Fate.UNCERTAIN


def _page_of(line: Line) -> tuple[int, int] | None:
    """The job's page that the line is about; None: none of a job's."""
    job, number = line.fields.get("job"), line.fields.get("number")
    return (job, number) if isinstance(job, int) and isinstance(number, int) else None


def _said(line: Line, page: tuple[int, int] | None, number: str) -> News | None:
    fields = line.fields
    match line.kind:
        case "begin":
            return News(kind="initializing", text="Setting the call up")
        case "dialling":
            return News(kind="dialling", text=f"Dialling {number}")
        case "connected":
            return News(kind="connected", text="A fax machine answered")
        case "trained":
            return News(kind="trained", text=_trained(line))
        case "page-intent" if page is not None:
            return News(kind="page-sending", job=page[0], page=page[1], text=f"Sending page {page[1]}")
        case "page-intent" if isinstance(job := fields.get("job"), int) and "preface" in fields:
            return News(kind="page-sending", job=job, text="Sending the cover page again: the fax is continued")
        case "page-answer" if page is not None:
            return _answered(page, fate_of(fields.get("fate")), fields.get("by"))
    return None


def _trained(line: Line) -> str:
    fields = line.fields
    parts = [str(fields["modulation"])] if fields.get("modulation") else []
    if fields.get("coding"):
        parts.append(str(fields["coding"]).upper())
    if isinstance(rate := fields.get("rate_bps"), int):
        parts.insert(0, f"{rate} bit/s")
    if fields.get("ecm"):
        parts.append("error correction")
    return "Agreed on " + ", ".join(parts) if parts else "Agreed on how to send"


def _answered(page: tuple[int, int], fate: Fate, by: object) -> News:
    job, number = page
    answer = f" ({by})" if isinstance(by, str) and by else ""
    if fate is Fate.CONFIRMED:
        return News(kind="page-confirmed", job=job, page=number, text=f"Page {number} was received{answer}")
    if fate is Fate.DAMAGED:
        text = f"Page {number} was received with some damage{answer}"
        return News(kind="page-confirmed", job=job, page=number, text=text)
    if fate is Fate.REFUSED:
        return News(kind="page-refused", job=job, page=number, text=f"Page {number} was refused{answer}")
    return News(kind="page-uncertain", job=job, page=number, text=f"Whether page {number} arrived is not known")

"""Reports and notices in plain words, in English and German: from facts to what a person reads. Pure.

What always holds: every page of the fax has its fate said once; what comes from outside (titles, names) is one line
without marks that steer; a private text says of a fax only what the telephone company knows too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from itertools import groupby

from fax.mail import Language
from fax.reports import ReportedCall, ReportedJob, ReportedPage, Result
from fax.types import Fate, JobState
from spooler.numbers import printable
from spooler.report_causes import why
from spooler.store_reports import ReportFacts, WaitingFacts

FATES = {
    Fate.CONFIRMED: ("received", "empfangen"),
    Fate.DAMAGED: ("received, with damage", "empfangen, mit Störungen"),
    Fate.REFUSED: (
        "refused by the far end, which may have printed it all the same",
        "von der Gegenstelle abgewiesen und vielleicht trotzdem gedruckt",
    ),
    Fate.UNCERTAIN: ("sent, but whether it arrived is not known", "gesendet; ob angekommen, ist nicht bekannt"),
    Fate.NOT_SENT: ("not sent", "nicht gesendet"),
}
DUPLICATE = ("; may be there twice, marked as a possible duplicate", "; vielleicht doppelt, als solche gekennzeichnet")
RESULTS = {
    Result.DELIVERED: ("Delivered", "Zugestellt"),
    Result.DAMAGED: ("Delivered with damage", "Mit Störungen zugestellt"),
    Result.FETCHED: ("Fetched", "Abgerufen"),
    Result.IN_PART: ("Delivered in part", "Teilweise zugestellt"),
    Result.MAYBE: ("Not confirmed", "Nicht bestätigt"),
    Result.NOT_DELIVERED: ("Not delivered", "Nicht zugestellt"),
    Result.NOT_ENDED: ("Not ended yet", "Noch nicht beendet"),
}
VERDICTS = {
    Result.DELIVERED: ("Every page was received.", "Alle Seiten sind angekommen."),
    Result.DAMAGED: (
        "Every page was received, some with damage: parts of them may be hard to read.",
        "Alle Seiten sind angekommen, einige mit Störungen: Teile davon sind vielleicht schlecht zu lesen.",
    ),
    Result.FETCHED: ("The document was fetched.", "Das Dokument wurde abgerufen."),
    Result.IN_PART: ("Some pages were received, others were not.", "Einige Seiten sind angekommen, andere nicht."),
    Result.MAYBE: (
        "No page is confirmed; some may have been printed all the same.",
        "Keine Seite ist bestätigt; einige wurden vielleicht trotzdem gedruckt.",
    ),
    Result.NOT_DELIVERED: ("No page was received.", "Keine Seite ist angekommen."),
    Result.NOT_ENDED: ("The fax is still under way.", "Das Fax ist noch unterwegs."),
}


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a person is told. ``zone`` None: the machine's own."""

    language: Language = Language.EN
    private: bool = False
    zone: tzinfo | None = None

    def pick(self, pair: tuple[str, str]) -> str:
        return pair[self.language is Language.DE]

    def clock(self, at: datetime) -> str:
        local = at.astimezone(self.zone)
        form = "%d.%m.%Y %H:%M:%S %Z" if self.language is Language.DE else "%d %b %Y %H:%M:%S %Z"
        return local.strftime(form).strip()


@dataclass(frozen=True, kw_only=True)
class Told:
    """A text in its parts. ``facts``: what and how; ``lists``: a heading, then rows."""

    subject: str
    verdict: str
    facts: tuple[tuple[str, str], ...]
    lists: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = ()
    advice: tuple[str, ...] = field(default=())

    @property
    def text(self) -> str:
        """As the text of a mail."""
        width = max((len(label) for label, _ in self.facts), default=0) + 2
        parts = [self.verdict, "\n".join(f"{label + ':':<{width}}{value}" for label, value in self.facts)]
        for heading, rows in self.lists:
            widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
            lines = ["  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)) for row in rows]
            parts.append("\n".join([heading, *(f"  {line}".rstrip() for line in lines)]))
        parts += self.advice
        return "\n\n".join(part for part in parts if part) + "\n"


def one_line(text: str) -> str:
    """``text`` as one line of at most 200 marks, none of which steers anything."""
    line = " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())
    return line if len(line) <= 200 else f"{line[:199]}…"


def whom(job: ReportedJob, style: Style) -> str:
    """ "+49 30 1234567 (Ann Lee, Acme)"."""
    number = printable(job.number) if job.number else style.pick(("no number", "ohne Nummer"))
    names = [] if style.private else [one_line(name) for name in (job.name, job.company) if name.strip()]
    return f"{number} ({', '.join(names)})" if names else number


def result_of(job: ReportedJob, style: Style) -> str:
    """ "Delivered in part", with what a person did to it."""
    said = style.pick(RESULTS[job.result])
    if job.state is JobState.CANCELLED:
        cancelled = style.pick(("Cancelled", "Abgebrochen"))
        return cancelled if job.result is Result.NOT_DELIVERED else f"{cancelled}, {said[:1].lower()}{said[1:]}"
    return said


def reason_of(job: ReportedJob, style: Style) -> str:
    """Why it ended so; empty where there is nothing to say."""
    if job.state not in (JobState.FAILED, JobState.CANCELLED):
        return ""
    known = why(job.cause, style.language)
    if style.language is Language.EN and not style.private:
        known = one_line(job.reason or "") or known
    return known.rstrip(".")


def ranges(pages: Sequence[ReportedPage]) -> list[tuple[int, int, ReportedPage]]:
    """First and last of each stretch of pages of one fate."""
    found = []
    for _, stretch in groupby(pages, key=lambda page: (page.fate, page.duplicate)):
        of_one_fate = list(stretch)
        found.append((of_one_fate[0].number, of_one_fate[-1].number, of_one_fate[0]))
    return found


def _page_rows(pages: Sequence[ReportedPage], style: Style) -> tuple[tuple[str, ...], ...]:
    rows = []
    for first, last, page in ranges(pages):
        if first == last:
            which = f"{style.pick(('Page', 'Seite'))} {first}"
        else:
            which = style.pick((f"Pages {first} to {last}", f"Seiten {first} bis {last}"))
        fate = style.pick(FATES[page.fate]) + (style.pick(DUPLICATE) if page.duplicate else "")
        rows.append((which, fate))
    return tuple(rows)


def _call_row(call: ReportedCall, style: Style) -> tuple[str, ...]:
    said = why(call.cause, style.language)
    if style.language is Language.EN:
        said = one_line(call.text) or said
    seconds = "" if call.line_seconds is None else f"{call.line_seconds:.0f} s"
    return (style.clock(call.started), seconds, said.rstrip("."))


def report(job: ReportedJob, style: Style) -> Told:
    """The report of one fax."""
    pick, result = style.pick, result_of(job, style)
    towards = pick(("fax from", "Fax von")) if job.fetches else pick(("fax to", "Fax an"))
    subject = f"{result}: {towards} {whom(job, style)}"
    title = "" if style.private else one_line(job.title)
    sender = "" if style.private else one_line(job.sender)
    total = len(job.pages) or (job.pages_total or 0)
    calls, seconds = len(job.calls), job.line_seconds
    facts = [
        (pick(("Result", "Ergebnis")), result),
        (pick(("Why", "Grund")), reason_of(job, style)),
        (pick(("Called", "Angerufen") if job.fetches else ("To", "An")), whom(job, style)),
        (pick(("Far end", "Gegenstelle")), one_line(job.far_ident)),
        (pick(("Title", "Titel")), title),
        (pick(("From", "Von")), sender),
        (
            pick(("Pages", "Seiten")),
            pick((f"{job.confirmed} of {total} received", f"{job.confirmed} von {total} empfangen")) if total else "",
        ),
        (pick(("Handed in", "Aufgegeben")), style.clock(job.created)),
        (pick(("Ended", "Beendet")), style.clock(job.ended) if job.ended else ""),
        (
            pick(("Calls", "Anrufe")),
            pick((f"{calls}, {seconds:.0f} s on the line", f"{calls}, {seconds:.0f} s auf der Leitung")),
        ),
        (pick(("Billing code", "Kostenstelle")), "" if style.private else one_line(job.billing_code)),
        (pick(("Job", "Auftrag")), str(job.job)),
    ]
    lists = []
    if job.pages:
        lists.append((pick(("Page by page", "Seite für Seite")), _page_rows(job.pages, style)))
    if job.calls:
        rows = tuple(_call_row(call, style) for call in job.calls)
        lists.append((pick(("Call by call", "Anruf für Anruf")), rows))
    again = job.state in (JobState.FAILED, JobState.CANCELLED) and job.pages
    advice = (
        pick(
            (
                f"To send what has not been received: platen restart {job.job}",
                f"Was nicht angekommen ist, sendet: platen restart {job.job}",
            )
        ),
    )
    return Told(
        subject=f"{subject} - {title}" if title else subject,
        verdict=style.pick(VERDICTS[job.result]),
        facts=tuple((label, value) for label, value in facts if value),
        lists=tuple(lists),
        advice=advice if again else (),
    )


def report_together(jobs: Sequence[ReportedJob], style: Style) -> Told:
    """One report of all faxes of a submission: each with its result, and page by page where that is not all of them."""
    pick = style.pick
    good = sum(job.state is JobState.DONE for job in jobs)
    title = "" if style.private else one_line(jobs[0].title)
    subject = pick((f"{good} of {len(jobs)} faxes delivered", f"{good} von {len(jobs)} Faxen zugestellt"))
    rows = []
    for job in jobs:
        about = reason_of(job, style)
        fates = "; ".join(": ".join(row) for row in _page_rows(job.pages, style))
        rows.append((str(job.job), whom(job, style), result_of(job, style), "; ".join(filter(None, (about, fates)))))
    seconds = sum(job.line_seconds for job in jobs)
    facts = [
        (pick(("Result", "Ergebnis")), subject),
        (pick(("Title", "Titel")), title),
        (pick(("From", "Von")), "" if style.private else one_line(jobs[0].sender)),
        (pick(("Handed in", "Aufgegeben")), style.clock(jobs[0].created)),
        (
            pick(("Calls", "Anrufe")),
            pick(
                (
                    f"{sum(len(job.calls) for job in jobs)}, {seconds:.0f} s on the line",
                    f"{sum(len(job.calls) for job in jobs)}, {seconds:.0f} s auf der Leitung",
                )
            ),
        ),
    ]
    all_good = (
        "Every fax of this submission was delivered.",
        "Alle Faxe dieses Auftrags wurden zugestellt.",
    )
    not_all = (
        "Not every fax of this submission was delivered.",
        "Nicht alle Faxe dieses Auftrags wurden zugestellt.",
    )
    return Told(
        subject=f"{subject} - {title}" if title else subject,
        verdict=pick(all_good if good == len(jobs) else not_all),
        facts=tuple((label, value) for label, value in facts if value),
        lists=((pick(("Fax by fax", "Fax für Fax")), tuple(rows)),),
    )


def of_facts(facts: ReportFacts, style: Style) -> Told:
    """The report of what was taken down."""
    return report_together(facts.jobs, style) if facts.together else report(facts.jobs[0], style)


def waiting(facts: WaitingFacts, style: Style) -> Told:
    """The notice that a fax waits for its number."""
    pick = style.pick
    title = "" if style.private else one_line(facts.title)
    subject = pick(("Your fax waits for its number", "Ihr Fax wartet auf seine Nummer"))
    said = [
        (pick(("Title", "Titel")), title),
        (pick(("Pages", "Seiten")), "" if facts.pages is None else str(facts.pages)),
        (pick(("Handed in", "Aufgegeben")), style.clock(facts.created)),
        (pick(("Job", "Auftrag")), str(facts.job)),
    ]
    return Told(
        subject=f"{subject} - {title}" if title else subject,
        verdict=pick(
            (
                "A fax of yours was printed without a number. It is kept and goes out as soon as you name one.",
                "Ein Fax von Ihnen wurde ohne Nummer gedruckt. Es liegt bereit und geht hinaus, wenn Sie eine nennen.",
            )
        ),
        facts=tuple((label, value) for label, value in said if value),
        advice=(
            pick(
                (
                    f"To name it: platen address {facts.job} --to NUMBER",
                    f"So nennen Sie sie: platen address {facts.job} --to NUMMER",
                )
            ),
            pick(("All that waits:", "Alles, was wartet:")) + " platen jobs --waiting",
        ),
    )

"""How an incoming call ended, and what became of its pages.

What always holds: every end of a call is exactly one ``AnswerOutcome``; each page that was given out to be stored has
exactly one receipt, in order. Sentences name no jargon that a person at a desk would not know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from codec.page import Page
from codec.tiff_tags import FaxTags
from modem.class1.ringing import CallerId
from modem.entries import Entry
from modem.outcome import Cause, Fault, FetchedPage, Figures, PageFate, Phase
from modem.t30.receiver_notes import Receipt

__all__ = [
    "AnswerOutcome",
    "CallerId",
    "PageReceipt",
    "Receipt",
    "ReceivedPage",
    "fault_of",
    "fetched_pages",
    "receipts_in",
    "sentence",
]


@dataclass(frozen=True, kw_only=True)
class ReceivedPage:
    """A page that wants to be stored. ``number``: of the call, from 1. ``tags``: what stands beside it in a TIFF."""

    number: int
    page: Page
    tags: FaxTags


@dataclass(frozen=True, kw_only=True)
class PageReceipt:
    """What became of one page."""

    number: int
    receipt: Receipt
    confirmed: bool  # the far end was told so
    rows: int
    bad_rows: int
    digest: str


@dataclass(frozen=True, kw_only=True)
class AnswerOutcome:
    """The end of an incoming call. ``figures.far_ident`` is the sender's TSI."""

    cause: Cause
    phase: Phase
    fault: Fault
    text: str  # a plain sentence for people
    pages: tuple[PageReceipt, ...] = ()
    sent: tuple[PageFate, ...] = ()  # of our document, when the caller fetched it
    bad_rows: int = 0
    sub_address: str = ""
    caller: CallerId = field(default_factory=CallerId)
    figures: Figures = field(default_factory=Figures)


_ENDINGS: dict[Cause, tuple[Fault, str]] = {
    Cause.OK: (Fault.NONE, "All pages were received."),
    Cause.CANCELLED: (Fault.CALLER, "Receiving was cancelled."),
    Cause.STORAGE: (Fault.US, "A page could not be stored."),
    Cause.PORT_DIED: (Fault.US, "The program that received was killed."),
    Cause.DEVICE_MISSING: (Fault.DEVICE, "The modem is gone."),
    Cause.DEVICE_SILENT: (Fault.DEVICE, "The modem does not answer."),
    Cause.DEVICE_ERROR: (Fault.DEVICE, "The modem gave an answer that makes no sense."),
    Cause.DEVICE_NOT_FAX: (Fault.DEVICE, "The modem cannot receive faxes (no Class 1)."),
    Cause.NO_CARRIER: (Fault.FAR_END, "The caller had gone before the call was answered."),
    Cause.NO_FAX: (Fault.FAR_END, "The caller was no fax machine."),
    Cause.CANNOT_RECEIVE: (Fault.FAR_END, "The caller did not want to send."),
    Cause.INCOMPATIBLE: (Fault.FAR_END, "The caller was not accepted."),
    Cause.CANNOT_TRAIN: (Fault.LINE, "The line is too bad: no speed worked."),
    Cause.FAR_END_DISCONNECTED: (Fault.FAR_END, "The sender ended the call before its last page."),
    Cause.LINE_LOST: (Fault.LINE, "The line went dead in the call."),
    Cause.LINE_TOO_BAD: (Fault.LINE, "The line is too bad: a page did not get through."),
    Cause.PROTOCOL_ERROR: (Fault.FAR_END, "The sender said something that makes no sense."),
}


def fault_of(cause: Cause) -> Fault:
    """Whose fault this end is; causes that only a caller can come to are ours."""
    return _ENDINGS.get(cause, (Fault.US, ""))[0]


def sentence(cause: Cause, detail: str = "") -> str:
    """The sentence of a cause, with more detail when there is some."""
    text = _ENDINGS.get(cause, (Fault.US, f"The call ended: {cause.value}."))[1]
    return f"{text[:-1]}: {detail}." if detail else text


def receipts_in(entries: Sequence[Entry]) -> tuple[PageReceipt, ...]:
    """The pages that came in, as far as these entries of a journal tell."""
    confirmed = {entry.fields.get("number") for entry in entries if entry.kind == "page-confirmed"}
    found = []
    for entry in entries:
        if entry.kind == "page-received":
            told = {name: entry.fields.get(name) for name in ("number", "receipt", "rows", "bad_rows", "digest")}
            try:
                found.append(msgspec.convert({**told, "confirmed": told["number"] in confirmed}, PageReceipt))
            except msgspec.ValidationError:
                continue
    return tuple(found)


def fetched_pages(receipts: Sequence[PageReceipt]) -> tuple[FetchedPage, ...]:
    """The pages of a document that we have fetched, as the outcome of a call tells them."""
    return tuple(
        FetchedPage(
            number=page.number, rows=page.rows, bad_rows=page.bad_rows, digest=page.digest, confirmed=page.confirmed
        )
        for page in receipts
    )

"""The entries of a call's journal: JSON Lines, one object per line, in the order in which things happened.

What always holds: ``n`` counts from 0 without a gap; ``t`` is seconds on the call's monotonic clock since the call
began; a line that is cut off (a crash) is the last one and is ignored by readers. Secrets are masked.

A page's fate follows from four kinds of entry alone, so that it can be known after any crash: ``handed-over``,
``page-intent`` (the page's image is going on the line; on disk before its post-page command is sent),
``page-answer`` (on disk before the next page's training), and ``end``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = (
    # call, dial, tsid, documents: [{job, pages: [numbers within the job]}], at: wall time; to make the call again: plan
    # (passwords masked), sheets: [[width, rows, dpi_x, dpi_y]] of its pages, profile of the modem
    "begin",
    "command",  # text: an AT command to the modem
    "response",  # text: a result code of the modem
    "dialling",  # number
    "connected",  # the far end's fax signal was heard
    "frame",  # dir: "out"/"in", name: "DIS", octets: hex in line order, meaning: text, good: bool
    "far-end",  # ident, abilities: text
    "trained",  # rate_bps, modulation, coding, ecm, weighed: {coding: octets} of the pages that decided
    "addressing-left-out",  # sub_address, password: true for what the far end does not take
    "training-failed",  # rate_bps, modulation
    # by: a device that sends by itself (a service provider's) has all pages from here on; what it does not answer for
    # may have left
    "handed-over",
    # job, number (of a preface, which is no page of the job: ``preface``, from 1, instead), digest, index: n-th page of
    # the call from 0, octets: of its code
    "page-intent",
    "page-progress",  # job, number or preface, octets_sent, octets_total
    "page-answer",  # job, number or preface, fate: Fate value, by: "MCF"
    "asked-to-end",  # somebody cancelled the call
    "device-gone",  # the modem's device went away
    # Pages that come in: an incoming call, or a document that is fetched. Of an incoming call ``begin`` has incoming:
    # true, caller: {number, name, at}, and policy, sheets, profile to play it again; ``far-end`` is TSI and what the
    # DCS says; page-intent and page-answer are about the document that the caller fetches, with job 0.
    # number of the call from 1, receipt: Receipt value, digest, width, rows, bad_rows, octets: of its code on the line.
    # It is on its way to the TIFF, and the n-th of them is its n-th page.
    "page-received",
    "page-stored",  # number: it and its entry are on stable storage
    "store-failed",  # text: no page can be stored any more
    # What a fast carrier brought. began, octets, ended: it went (else we did not want to hear more), pieces: [[ms since
    # it began, octets]], place: [begin, length] of the octets, zlib, in the file ``.images`` beside the journal
    "image",
    "page-confirmed",  # number, by: "MCF"; the page was on stable storage before this frame went out
    "caller",  # number: of the one who calls, told after the call was answered (a service provider's)
    "receiver",  # name, number: whom an incoming fax is for, as the device knows
    "page-refused",  # rows, bad_rows: it did not come in good order, and is to be sent again
    "end",  # outcome: Outcome as an object, at: wall time
)


@dataclass(frozen=True)
class Entry:
    """One line of the journal, before it has been given its number.

    ``barrier``: the call goes on to its next act only after this entry is on disk.
    """

    kind: str
    t: float
    fields: dict[str, Any] = field(default_factory=dict)
    barrier: bool = False


def page_words(fields: Mapping[str, Any]) -> str:
    """What people call the page that an entry is about."""
    if "preface" in fields:
        return f"page {fields['preface']} of the continued cover"
    return f"page {fields.get('number')}"

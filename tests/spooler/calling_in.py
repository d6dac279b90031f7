"""Calls that came in, as a port process leaves them on disk: made in virtual time by our own sender and receiver."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from codec.page import Page
from modem.answer import Answer
from modem.call import Call
from modem.entries import Entry
from modem.journal_writer import JournalWriter
from modem.plan import CallPlan, LinePolicy, PlannedDocument, PlannedPage
from modem.receipt import CallerId
from modem.received import ReceivedCall
from modem.t30.receiver_abilities import ReceiverPolicy
from tests.modem.answering import NUMBER, Received, Storing, assert_same, call_ourselves
from tests.modem.port.bench import PAGES

CALLER = CallerId(number="5559000", name="Clinic at the Harbour", dialled="15552001")
TSID = "+49 555 9000"
HELD_S = 5.0


@dataclass(frozen=True)
class Sent:
    """A call of virtual time."""

    received: Received
    tiff: Path

    @property
    def digests(self) -> list[str]:
        return [page.digest for page in self.received.pages]

    @property
    def entries(self) -> list[Entry]:
        return self.received.entries


@cache
def sent(sub_address: str = "", tsid: str = TSID, ecm: bool = True, count: int = 2) -> Sent:
    """Our sender has called our receiver with the first ``count`` pages of ``PAGES``, once for all tests."""
    out = Path(mkdtemp(prefix="platen-call-"))
    pages = PAGES[:count]
    received = call_ourselves(_call(pages, sub_address, tsid), out=out, answer_for=_answer(ecm))
    assert_same(pages, received.pages)
    return Sent(received=received, tiff=out / "received.tif")


@cache
def sent_to_a_full_disk() -> Sent:
    """The disk is slow behind the first page, and then full."""
    out = Path(mkdtemp(prefix="platen-call-"))
    since: list[float] = []

    def fill(storing: Storing, now: float) -> None:
        storing.slow_disk = storing._stored == 1
        if len(storing.pages) < 2 or storing.outcome is not None:
            return
        since[:] = since or [now]
        if now > since[0] + HELD_S:
            storing.answer.store_failed("No space left on device", now)

    received = call_ourselves(_call(PAGES, "", TSID), out=out, answer_for=_answer(True), meddle=fill)
    return Sent(received=received, tiff=out / "received.tif")


def _call(pages: Sequence[Page], sub_address: str, tsid: str) -> Callable[[float], Call]:
    planned = tuple(
        PlannedPage(file="none", index=index, digest=page.digest, number=index + 1) for index, page in enumerate(pages)
    )
    document = PlannedDocument(job=7, pages=planned, pages_total=len(pages), sub_address=sub_address)
    plan = CallPlan(call="c1", dial=NUMBER, documents=(document,), tsid=tsid, policy=LinePolicy(header_line=False))
    return lambda now: Call(plan, list(pages), now)


def _answer(ecm: bool) -> Callable[[float], Answer]:
    policy = ReceiverPolicy(csi="+1 555 2001", ecm=ecm)
    return lambda now: Answer("in-1", policy, now, caller=CALLER)


def call_in(folder: Path, name: str, call: Sent | None = None, upto: int | None = None) -> ReceivedCall:
    """The call's folder in ``folder``; ``upto``: the process was killed after so many entries of its journal."""
    call = call or sent()
    folder.mkdir(parents=True, exist_ok=True)
    made = ReceivedCall.make(folder, name)
    entries = call.entries if upto is None else call.entries[:upto]
    writer = JournalWriter(made.journal)
    writer.append(entries)
    assert writer.close()
    if any(entry.kind == "page-received" for entry in entries):
        shutil.copy(call.tiff, made.pages)
    return made

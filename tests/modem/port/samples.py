"""A plan and a call's journal as the tests of journal and port process use them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from modem.entries import Entry
from modem.outcome import Cause, Fate, Fault, Figures, Outcome, PageFate, Phase, Retry
from modem.plan import CallPlan, PlannedDocument, PlannedPage

JOB = 7


def page(number: int, job: int = JOB) -> PlannedPage:
    return PlannedPage(file=f"{job}.tif", index=number - 1, digest=f"{number:064x}", number=number)


PLAN = CallPlan(
    call="c1",
    dial="5552001",
    documents=(PlannedDocument(job=JOB, pages=(page(1), page(2), page(3)), pages_total=3),),
    tsid="+49 555 1",
)


def entry(kind: str, t: float, **fields: Any) -> Entry:
    return Entry(kind, t, fields)


def intent(number: int, t: float) -> Entry:
    return entry("page-intent", t, job=JOB, number=number, digest=f"{number:064x}", index=number - 1)


def answer(number: int, t: float, fate: Fate = Fate.CONFIRMED, by: str = "MCF") -> Entry:
    return replace(entry("page-answer", t, job=JOB, number=number, fate=fate.value, by=by), barrier=True)


def end(t: float, outcome: Outcome) -> Entry:
    return entry("end", t, outcome=msgspec.to_builtins(outcome))


def fates(*values: Fate) -> tuple[PageFate, ...]:
    return tuple(PageFate(job=JOB, number=index + 1, fate=fate) for index, fate in enumerate(values))


ALL_SENT = Outcome(
    cause=Cause.OK,
    phase=Phase.E,
    fault=Fault.NONE,
    retry=Retry.NO_NEED,
    text="All 3 pages were confirmed.",
    pages=fates(Fate.CONFIRMED, Fate.CONFIRMED, Fate.CONFIRMED),
    figures=Figures(line_seconds=61.5, rate_bps=14400, modulation="V.17", coding="mmr", ecm=True, far_ident="+49 2"),
)

BEFORE_PAGES = [
    entry("begin", 0.0, call="c1", dial="5552001", tsid="+49 555 1"),
    entry("command", 0.1, text="ATDT5552001"),
    entry("dialling", 0.1, number="5552001"),
    entry("connected", 6.0),
    entry("frame", 8.0, dir="in", name="DIS", octets="FF138000EEFAC4801187 5F", meaning="", good=True),
    entry("far-end", 8.0, ident="+49 2", abilities="ECM, V.17"),
    entry("frame", 8.2, dir="out", name="DCS", octets="FF13830062F8449CDD", meaning="", good=True),
    entry("trained", 12.0, rate_bps=14400, modulation="V.17", coding="mmr", ecm=True),
]

WHOLE_CALL = [
    *BEFORE_PAGES,
    intent(1, 12.1),
    entry("page-progress", 15.0, job=JOB, number=1, octets_sent=1000, octets_total=30000),
    entry("frame", 28.0, dir="out", name="PPS-MPS", octets="FF13BF4F000046F862", meaning="", good=True),
    answer(1, 29.0),
    intent(2, 29.5),
    answer(2, 44.0),
    intent(3, 44.5),
    answer(3, 60.0),
    entry("frame", 61.0, dir="out", name="DCN", octets="FF13FB9AF6", meaning="", good=True),
    end(61.6, ALL_SENT),
]

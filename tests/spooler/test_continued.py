"""A fax that goes on in a later call begins there with its cover page again, and that page counts for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
import pytest

from codec.operations import same_pixels
from fax.errors import Cause as Refusal
from fax.errors import FaxError, RequestError
from fax.settings import Configuration
from fax.types import CoverPage, Document, Fate, JobState
from modem import journal
from modem.briefing import header_of
from modem.outcome import Cause, Fault, Outcome, Retry
from modem.outcome import Fate as CallFate
from modem.plan import CallPlan
from modem.port.pages import PlanError, load_pages
from spooler import planning, store_calls, store_documents, store_jobs, store_pages, store_records
from spooler.configuration import Live
from spooler.covers import Covers
from spooler.ledger import project
from spooler.planning import Preface, prefaces_for, write_plan
from spooler.port_status import Progress, went_on
from spooler.settings import PortSettings, Settings
from spooler.spool import Spool
from spooler.store import Store
from spooler.store_calls import CallOrder
from spooler.store_records import Wanted
from tests.spooler.test_calls import (
    DOCUMENT,
    ended,
    entry,
    intend,
    numbered,
    pages_on_the_line,
    plan_of,
    settle,
    shown,
    submit,
    submit_with_cover,
)

NOW = datetime(2030, 1, 2, 3, 4, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "platen.db")
    document = Document(id=DOCUMENT, type="application/pdf", pages=3, octets=9)
    opened.call(partial(store_documents.add, document=document, name=""))
    yield opened
    opened.close()


@pytest.fixture
def covers(store: Store, tmp_path: Path) -> Covers:
    settings = Settings(spool=tmp_path)
    spool = Spool(tmp_path)
    with spool.only_instance():
        spool.prepare(None)
    return Covers(settings, spool, Live(store, settings))


def after(store: Store, job: int, *fates: CallFate) -> None:
    """A call of the job is over that left its pages so."""
    plan = plan_of(intend(store, job))
    settle(store, plan, numbered([entry("dialling"), ended(plan, Cause.LINE_LOST, Retry.LATER, *fates)]))


OK, LOST, NEVER, DAMAGED = CallFate.CONFIRMED, CallFate.UNCERTAIN, CallFate.NOT_SENT, CallFate.DAMAGED


def continued(store: Store) -> tuple[int, CallOrder]:
    """A fax of four pages of which two have arrived, and its next call."""
    job = submit_with_cover(store)
    after(store, job, OK, DAMAGED, LOST, NEVER)
    return job, intend(store, job)


def test_the_order_says_where_the_fax_goes_on_and_how_many_pages_the_call_has(store: Store) -> None:
    job, order = continued(store)
    (document,) = order.documents
    assert document.continued is not None
    assert (document.continued.job, document.continued.cover.subject) == (job, "Offer")
    assert (document.continued.continued_from, document.continued.continued_of) == (3, 4)
    assert document.continued.document_pages == 2
    plan = plan_of(order)
    assert [(each.preface, each.page.number) for each in plan.pages] == [(True, 1), (False, 3), (False, 4)]
    assert [page.number for page in plan.documents[0].pages] == [3, 4]


@pytest.mark.parametrize("fates", [(NEVER, NEVER, NEVER, NEVER), (LOST, OK, OK, NEVER), (CallFate.REFUSED, OK, OK, OK)])
def test_a_call_that_begins_with_the_cover_page_itself_has_no_other(store: Store, fates: tuple[CallFate, ...]) -> None:
    job = submit_with_cover(store)
    assert intend_and_end(store, job, fates).documents[0].continued is None
    assert intend(store, job).documents[0].continued is None


def intend_and_end(store: Store, job: int, fates: tuple[CallFate, ...]) -> CallOrder:
    order = intend(store, job)
    plan = plan_of(order)
    settle(store, plan, numbered([entry("dialling"), ended(plan, Cause.LINE_LOST, Retry.LATER, *fates)]))
    return order


def test_a_fax_without_a_cover_page_goes_on_without_one(store: Store) -> None:
    job = submit(store)
    after(store, job, OK, LOST, NEVER)
    assert intend(store, job).documents[0].continued is None


def test_after_a_gap_the_cover_page_names_the_first_page_that_is_missing(store: Store) -> None:
    job = submit_with_cover(store)
    after(store, job, OK, LOST, OK, NEVER)
    (document,) = intend(store, job).documents
    assert document.continued is not None
    assert (document.continued.continued_from, document.continued.document_pages) == (2, 2)


@pytest.mark.parametrize("length", range(15))
def test_wherever_the_call_ends_its_extra_page_confirms_nothing(store: Store, length: int) -> None:
    job, order = continued(store)
    plan = plan_of(order)
    whole = numbered(pages_on_the_line(plan))
    assert len(whole) == 14
    lines = whole[:length]
    settle(store, plan, lines)
    answers = [line.fields.get("number") for line in lines if line.kind == "page-answer"]
    begun = [line.fields.get("number") for line in lines if line.kind == "page-intent"]
    about = shown(store, job)
    had = [Fate.CONFIRMED, Fate.DAMAGED]
    assert [page.fate for page in about.pages][:2] == had
    for page in about.pages[2:]:
        before = Fate.UNCERTAIN if page.number == 3 else Fate.NOT_SENT
        now = Fate.CONFIRMED if page.number in answers else Fate.UNCERTAIN if page.number in begun else before
        assert page.fate is now, page
    assert about.pages_confirmed == 2 + len([number for number in answers if number is not None])
    assert about.pages_total == 4
    assert (about.state is JobState.DONE) == (length == 14)
    if about.state is not JobState.DONE:
        (document,) = intend(store, job).documents
        assert document.continued is not None
        assert document.continued.continued_from == (4 if 3 in answers else 3)


@pytest.mark.parametrize("fate", [CallFate.UNCERTAIN, CallFate.REFUSED, CallFate.CONFIRMED])
def test_a_call_that_ends_with_its_extra_page_counts_as_a_try(store: Store, fate: CallFate) -> None:
    job, order = continued(store)
    plan = plan_of(order)
    end = ended(plan, Cause.PAGE_REFUSED, Retry.LATER, NEVER, NEVER)
    end.fields["outcome"]["prefaces"] = [{"job": job, "number": 1, "fate": fate.value}]
    settle(store, plan, numbered([*pages_on_the_line(plan)[:6], end]))
    about = shown(store, job)
    assert store.call(partial(store_jobs.row, id=job)).tries == 2
    assert [page.fate for page in about.pages] == [Fate.CONFIRMED, Fate.DAMAGED, Fate.UNCERTAIN, Fate.NOT_SENT]
    assert about.reason is not None and about.reason.startswith("It ended; next try")
    refusals = [page.refusals for page in store.call(partial(store_pages.outgoing, id=job))]
    assert refusals == [0, 0, 0, 0]


def test_each_fax_of_a_shared_call_has_its_own_before_its_pages(store: Store) -> None:
    first, second, third = submit_with_cover(store), submit_with_cover(store), submit(store)
    for job in (first, second):
        after(store, job, OK, OK, OK, NEVER)
    files = dict.fromkeys((first, second, third), "m.tif")
    together = partial(
        store_calls.intend, wanted=[first, second, third], number="5552001", port="line1", master_files=files
    )
    order = store.call(together)
    assert order is not None
    plan = plan_of(order)
    said = [(each.document.job, each.preface, each.page.number) for each in plan.pages]
    assert said == [
        (first, True, 1),
        (first, False, 4),
        (second, True, 1),
        (second, False, 4),
        *[(third, False, number) for number in (1, 2, 3)],
    ]
    assert len({each.page.file for each in plan.pages if each.preface}) == 2
    # The line is lost while the second one's cover page is on it: the first is done, the third was not come to.
    settle(store, plan, numbered(pages_on_the_line(plan)[: 5 + 2 * 3 + 1]))
    assert [shown(store, job).state for job in (first, second, third)] == [
        JobState.DONE,
        JobState.WAITING,
        JobState.WAITING,
    ]
    assert [store.call(partial(store_jobs.row, id=job)).tries for job in (first, second, third)] == [2, 2, 0]
    assert shown(store, second).pages_confirmed == 3


def test_records_and_events_count_the_pages_of_the_fax(store: Store) -> None:
    _, order = continued(store)
    plan = plan_of(order)
    lines = numbered(pages_on_the_line(plan))
    news = project(lines, 0, "5552001").news
    assert [(one.kind, one.page) for one in news if one.kind.startswith("page")] == [
        ("page-sending", None),
        ("page-sending", 3),
        ("page-confirmed", 3),
        ("page-sending", 4),
        ("page-confirmed", 4),
    ]
    settle(store, plan, lines)
    wanted = partial(store_records.part, wanted=Wanted(), after=None, limit=5)
    record = store.call(wanted)[0][-1]
    assert (record.pages, record.pages_total, [one.pages for one in record.jobs]) == (2, 2, [2])


def test_the_line_shows_no_page_while_the_extra_one_goes_out(store: Store) -> None:
    job, order = continued(store)
    lines = numbered(pages_on_the_line(plan_of(order)))
    first = next(at for at, line in enumerate(lines) if line.kind == "page-intent")
    now = went_on(Progress(), lines[: first + 1])
    assert (now.job, now.page) == (job, None)
    assert went_on(now, lines[first + 1 :]).page == 4


def test_its_header_line_says_which_page_it_stands_before(store: Store) -> None:
    _, order = continued(store)
    plan = plan_of(order)
    assert [header_of(plan, each).right for each in plan.pages] == [
        "before page 3 of 4",
        "possible duplicate   page 3 of 4",
        "page 4 of 4",
    ]


def test_plans_and_journals_from_before_are_read_as_they_were(store: Store) -> None:
    job = submit_with_cover(store)
    plan = plan_of(intend(store, job))
    old = msgspec.json.decode(msgspec.json.encode(plan))
    for document in old["documents"]:
        del document["preface"]
    assert msgspec.convert(old, CallPlan) == plan
    end = ended(plan, Cause.LINE_LOST, Retry.LATER, OK, LOST, NEVER, NEVER)
    del end.fields["outcome"]["prefaces"]
    lines = numbered([*pages_on_the_line(plan)[:9], end])
    outcome = journal.outcome_of(lines, plan)
    assert outcome is not None and outcome.prefaces == ()
    assert [page.fate for page in outcome.pages] == [OK, LOST, NEVER, NEVER]


def test_an_older_port_process_leaves_the_extra_page_out(store: Store) -> None:
    """It does not know the field, and what it writes is about the job's pages alone."""
    _, order = continued(store)
    plan = plan_of(order)
    (document,) = plan.documents
    older = replace(plan, documents=(replace(document, preface=()),))
    settle(store, plan, numbered(pages_on_the_line(older)))
    assert shown(store, document.job).state is JobState.DONE


def drawn(covers: Covers, order: CallOrder, folder: Path, wanted: bool = True) -> list[Preface]:
    return prefaces_for(order, Configuration(continued_cover=wanted), covers, folder, NOW)


def plan_with(order: CallOrder, prefaces: list[Preface]) -> CallPlan:
    port = PortSettings(name="line1", device="/dev/ttyS0")
    return planning.plan_for(order, port, Settings(), Configuration(), Spool(Path("/spool")), NOW, prefaces=prefaces)


def test_what_is_drawn_lies_beside_the_plan_and_is_proved_as_every_page(
    store: Store, covers: Covers, tmp_path: Path
) -> None:
    _, order = continued(store)
    folder = tmp_path / order.call
    (preface,) = drawn(covers, order, folder)
    plan = plan_with(order, [preface])
    only = replace(plan, documents=tuple(replace(document, pages=()) for document in plan.documents))
    write_plan(only, folder, [preface])
    (page,) = load_pages(CallPlan.load(folder / "plan.json"))
    assert (page.dpi_y, page.digest) == (196, preface.pages[0].digest)
    preface.file.write_bytes(preface.file.read_bytes()[:-40])
    with pytest.raises(PlanError, match=f"page 1 of the continued cover of job {preface.job}"):
        load_pages(only)


def test_it_says_the_call_s_pages_and_is_not_the_page_that_was_sent_before(
    store: Store, covers: Covers, tmp_path: Path
) -> None:
    _, order = continued(store)
    (preface,) = drawn(covers, order, tmp_path)
    wanted = order.documents[0].continued
    assert wanted is not None
    first = covers.draw(replace(wanted, document_pages=3, continued_from=None, continued_of=None), NOW)
    other = covers.draw(replace(wanted, document_pages=3), NOW)
    assert same_pixels(preface.pages[0], first.pages[0]) is not None
    assert same_pixels(preface.pages[0], other.pages[0]) is not None, "its count is that of the call"


def test_a_note_of_many_pages_is_not_sent_twice(store: Store, covers: Covers) -> None:
    _, order = continued(store)
    wanted = order.documents[0].continued
    assert wanted is not None
    long = replace(wanted, cover=CoverPage(subject="Offer", note="A line of the note.\n" * 150))
    assert len(covers.draw(replace(long, continued_from=None), NOW).pages) > 1
    assert len(covers.draw(long, NOW).pages) == 1


def test_without_the_setting_the_call_begins_with_the_page_itself(store: Store, covers: Covers, tmp_path: Path) -> None:
    _, order = continued(store)
    assert drawn(covers, order, tmp_path, wanted=False) == []
    plan = plan_with(order, [])
    assert [(each.preface, each.page.number) for each in plan.pages] == [(False, 3), (False, 4)]


@pytest.mark.parametrize(
    "fault", [RequestError(Refusal.NOT_ALLOWED, "Not yours"), OSError(28, "No space left on device")]
)
def test_pages_that_wait_go_out_even_when_it_cannot_be_drawn(
    store: Store, covers: Covers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: FaxError | OSError
) -> None:
    _, order = continued(store)

    def refused(*_: object) -> None:
        raise fault

    monkeypatch.setattr(covers, "draw", refused)
    assert drawn(covers, order, tmp_path) == []


def test_when_its_file_is_damaged_the_fax_is_called_again_with_another(store: Store) -> None:
    job, order = continued(store)
    plan = plan_of(order)
    text = "Not sent: page 1 of the continued cover is not the page that was prepared."
    lost = journal.outcome_not_dialled(plan, Cause.PLAN_INVALID, Fault.CALLER, Retry.NEVER, text)
    settle(store, plan, numbered([journal.end_entry(0.0, lost)]))
    about = store.call(partial(store_jobs.row, id=job))
    assert (about.state, about.tries) == (JobState.WAITING.value, 1)
    assert about.prepared and about.frozen, "the pages of the fax itself are whole"
    again = intend(store, job).documents[0].continued
    assert again is not None and again.continued_from == 3


def test_a_killed_call_s_fate_is_told_with_its_extra_page(store: Store) -> None:
    job, order = continued(store)
    plan = plan_of(order)
    lines = numbered(pages_on_the_line(plan)[:6])
    outcome: Outcome = journal.outcome_after_death(lines, plan)
    assert outcome.text == "The port process was killed in the call: 0 of 2 pages were confirmed."
    assert [(page.job, page.number, page.fate) for page in outcome.prefaces] == [(job, 1, LOST)]
    handed = journal.outcome_after_death(numbered([entry("handed-over", by="a provider")]), plan)
    assert [page.fate for page in (*handed.prefaces, *handed.pages)] == [LOST] * 3

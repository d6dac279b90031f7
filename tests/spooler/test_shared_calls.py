"""Several faxes in one call: each keeps its own pages, header, verdict and count of tries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from fax.errors import Cause as Refusal
from fax.settings import Configuration
from fax.types import (
    Document,
    DocumentId,
    Fate,
    Job,
    JobId,
    JobState,
    Recipient,
    Schedule,
    ScheduleAction,
    Sender,
    Submission,
)
from modem.memory import LineMemory
from modem.outcome import Cause, Fault, Outcome, PageFate, Phase, Retry
from modem.outcome import Fate as CallFate
from modem.plan import CallPlan
from spooler import store_calls, store_documents, store_jobs, store_numbers, store_pages, store_submissions
from spooler.jobs import RetryRules
from spooler.ledger import refused
from spooler.planning import plan_for
from spooler.schedule_types import Deadline
from spooler.settings import PortSettings, Settings
from spooler.spool import Spool
from spooler.store import Store
from spooler.store_calls import CallOrder
from spooler.store_pages import PreparedPage
from tests.spooler.rig import Rig, refusal
from tests.spooler.test_calls import entry, numbered

NUMBER = "+49301234"
RULES = RetryRules(retries=1, retry_delay_s=600, busy_delay_s=120, device_delay_s=30)
DOCUMENT = DocumentId("d" * 64)
PAGES = [PreparedPage(index=index, digest=f"{index:064x}", width=1728, rows=1000) for index in range(2)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "platen.db")
    document = Document(id=DOCUMENT, type="application/pdf", pages=2, octets=9)
    opened.call(partial(store_documents.add, document=document, name=""))
    yield opened
    opened.close()


def submit(
    store: Store, *names: str, retries: int | None = None, sub_address: str = "", schedule: Schedule | None = None
) -> list[int]:
    """A fax of two pages from each of ``names``."""
    jobs: list[JobId] = []
    for name in names:
        submission = Submission(
            documents=(DOCUMENT,),
            recipients=(Recipient(number=NUMBER, name=f"for {name}", sub_address=sub_address),),
            sender=Sender(name=name),
            retries=retries,
            schedule=schedule or Schedule(),
        )
        jobs += store.call(partial(store_submissions.submit, submission=submission, user=name, key=None)).accepted.jobs
        key = store_submissions.master_key(submission.documents, submission.resolution)
        store.call(partial(store_pages.master_ready, key=key, pages=PAGES))
    return [int(job) for job in jobs]


def intend(store: Store, jobs: Sequence[int]) -> CallOrder:
    files = dict.fromkeys(jobs, "m.tif")
    work = partial(store_calls.intend, wanted=jobs, number=NUMBER, port="line1", master_files=files)
    order = store.call(work)
    assert order is not None
    return order


def plan_of(order: CallOrder) -> CallPlan:
    port = PortSettings(name="line1", device="/dev/ttyS0")
    return plan_for(order, port, Settings(), Configuration(), Spool(Path("/spool")), datetime.now(UTC))


def settle(
    store: Store,
    order: CallOrder,
    cause: Cause,
    retry: Retry,
    *fates: CallFate,
    memory: LineMemory | None = None,
    rules: RetryRules = RULES,
) -> None:
    """The call ends; ``fates``: of the plan's pages in their order, the rest was not sent."""
    pages = [(document.job, page.number) for document in order.documents for page in document.pages]
    every = [*fates, *[CallFate.NOT_SENT] * (len(pages) - len(fates))]
    outcome = Outcome(
        cause=cause,
        phase=Phase.D,
        fault=Fault.LINE,
        retry=retry,
        text="It ended.",
        pages=tuple(
            PageFate(job=job, number=number, fate=fate) for (job, number), fate in zip(pages, every, strict=True)
        ),
        memory=memory,
    )
    store.call(partial(store_calls.settle, call=order.call, outcome=outcome, ended=datetime.now(UTC), rules=rules))


def job_in(store: Store, job: int) -> Job:
    return store.call(lambda tx: store_jobs.job_of(store_jobs.row(tx, job)))


def fates(store: Store, job: int) -> list[Fate]:
    return [page.fate for page in store.call(partial(store_pages.outgoing, id=job))]


OK, DAMAGED, LOST = CallFate.CONFIRMED, CallFate.DAMAGED, CallFate.UNCERTAIN


def test_each_fax_has_its_own_header_and_pages_in_the_plan(store: Store) -> None:
    first, second = submit(store, "Ann", "Bob", sub_address="17")
    plan = plan_of(intend(store, [second, first]))
    assert [document.job for document in plan.documents] == [second, first]
    assert [(document.header_from, document.header_to) for document in plan.documents] == [
        ("Bob", "for Bob"),
        ("Ann", "for Ann"),
    ]
    assert [[page.number for page in document.pages] for document in plan.documents] == [[1, 2], [1, 2]]
    assert {document.sub_address for document in plan.documents} == {"17"}
    (open_call,) = store.call(store_calls.open_calls)
    assert open_call.jobs == (second, first)


def test_each_fax_has_its_own_fate(store: Store) -> None:
    first, second, third = submit(store, "Ann", "Bob", "Cyd")
    order = intend(store, [first, second, third])
    settle(store, order, Cause.LINE_LOST, Retry.LATER, OK, OK, DAMAGED, LOST)
    assert [job_in(store, job).state for job in (first, second, third)] == [
        JobState.DONE,
        JobState.WAITING,
        JobState.WAITING,
    ]
    assert fates(store, second) == [Fate.DAMAGED, Fate.UNCERTAIN]
    assert [job_in(store, job).tries for job in (first, second, third)] == [1, 1, 0]
    again = plan_of(intend(store, [second, third]))
    assert [[(page.number, page.possible_duplicate) for page in each.pages] for each in again.documents] == [
        [(2, True)],
        [(1, False), (2, False)],
    ]


def test_a_call_that_came_to_no_page_is_a_try_of_every_fax_in_it(store: Store) -> None:
    first, second = submit(store, "Ann", "Bob", retries=0)
    settle(store, intend(store, [first, second]), Cause.BUSY, Retry.SOON)
    assert [job_in(store, job).state for job in (first, second)] == [JobState.FAILED, JobState.FAILED]


def test_a_fax_that_is_cancelled_during_the_call_costs_the_others_no_try(store: Store) -> None:
    first, second, third = submit(store, "Ann", "Bob", "Cyd")
    order = intend(store, [first, second, third])
    assert store.call(partial(store_jobs.cancel, id=second)) == order.call
    settle(store, order, Cause.CANCELLED, Retry.NEVER, OK, OK, LOST)
    assert [job_in(store, job).state for job in (first, second, third)] == [
        JobState.DONE,
        JobState.CANCELLED,
        JobState.WAITING,
    ]
    assert job_in(store, third).tries == 0


@pytest.mark.parametrize(("cut", "marked"), [(CallFate.NOT_SENT, False), (LOST, True)])
def test_faxes_that_a_cancel_of_another_cut_off_go_on_at_their_first_page_that_is_not_confirmed(
    store: Store, cut: CallFate, marked: bool
) -> None:
    # Not one try is left to lose.
    first, second, third = submit(store, "Ann", "Bob", "Cyd", retries=0)
    order = intend(store, [first, second, third])
    store.call(partial(store_jobs.cancel, id=third))
    before = datetime.now(UTC)
    settle(store, order, Cause.CANCELLED, Retry.NEVER, OK, cut)
    assert job_in(store, third).state is JobState.CANCELLED
    for job in (first, second):
        about = job_in(store, job)
        assert (about.state, about.tries, about.attempts) == (JobState.WAITING, 0, 1)
        assert about.until is not None
        assert (
            timedelta(0)
            < about.until - before
            <= timedelta(seconds=RULES.device_delay_s) + (datetime.now(UTC) - before)
        )
    again = plan_of(intend(store, [first, second]))
    assert [[(page.number, page.possible_duplicate) for page in document.pages] for document in again.documents] == [
        [(2, marked)],
        [(1, False), (2, False)],
    ]


def test_a_fax_that_is_through_cannot_be_cancelled_while_its_call_goes_on_with_others(store: Store) -> None:
    first, second = submit(store, "Ann", "Bob")
    order = intend(store, [first, second])
    about = {"job": first}
    lines = numbered(
        [entry("begin")]
        + [entry("page-answer", **about, number=number, fate="confirmed", by="MCF") for number in (1, 2)]
    )
    store.call(partial(store_calls.take_in, call=order.call, lines=lines, offset=9))
    error = refusal(lambda: store.call(partial(store_jobs.cancel, id=first)))
    assert (error.cause, error.text) == (Refusal.WRONG_STATE, f"Job {first} has been received; it cannot be cancelled")


def test_a_fax_that_does_not_want_to_be_called_any_more_is_left_out(store: Store) -> None:
    first, second = submit(store, "Ann", "Bob")
    store.call(partial(store_jobs.cancel, id=first))
    assert [document.job for document in intend(store, [first, second]).documents] == [second]


def test_refusals_within_a_call_count_so_that_a_page_goes_out_at_most_three_times_in_all(store: Store) -> None:
    (job,) = submit(store, "Ann")
    order = intend(store, [job])
    assert plan_of(order).policy.pages_again_after_rtn == 2
    answer = entry("page-answer", job=job, number=1, fate="refused", by="RTN")
    lines = numbered([entry("begin"), answer])
    assert refused(lines) == {(job, 1): 1}
    store.call(partial(store_calls.take_in, call=order.call, lines=lines, offset=9))
    settle(store, order, Cause.LINE_LOST, Retry.LATER, LOST)
    again = intend(store, [job])
    assert plan_of(again).policy.pages_again_after_rtn == 1
    store.call(partial(store_calls.take_in, call=again.call, lines=numbered([answer, answer]), offset=9))
    settle(store, again, Cause.PAGE_REFUSED, Retry.LATER, CallFate.REFUSED)
    about = job_in(store, job)
    assert (about.state, about.reason) == (
        JobState.FAILED,
        "It ended; given up after a page was refused 3 times",
    )


def test_a_fax_with_a_page_that_may_have_arrived_is_held_until_a_person_resumes_it_where_that_is_set(
    store: Store,
) -> None:
    first, second = submit(store, "Ann", "Bob")
    asking = replace(RULES, ask_uncertain=True)
    settle(store, intend(store, [first, second]), Cause.LINE_LOST, Retry.LATER, OK, LOST, rules=asking)
    held = job_in(store, first)
    assert (held.state, held.cause, held.until) == (JobState.HELD, "uncertain-pages", None)
    assert (
        held.reason is not None and "may have arrived: resume the fax to send them again, or cancel it" in held.reason
    )
    assert job_in(store, second).state is JobState.WAITING, "nothing of it was sent"
    store.call(partial(store_jobs.resume, id=first))
    assert (job_in(store, first).state, job_in(store, first).cause) == (JobState.WAITING, None)
    (document,) = plan_of(intend(store, [first])).documents
    assert [(page.number, page.possible_duplicate) for page in document.pages] == [(2, True)]


def test_a_number_remembers_what_its_line_bears_for_the_next_plan(store: Store) -> None:
    first, second = submit(store, "Ann", "Bob")
    memory = LineMemory(max_rate_bps=9600, without_codings=("mmr",), without_codings_for=5)
    settle(store, intend(store, [first]), Cause.OK, Retry.NO_NEED, OK, OK, memory=memory)
    assert plan_of(intend(store, [second])).memory == memory


def test_a_number_that_is_busy_too_often_is_barred_and_free_again_after_a_call_that_got_through(store: Store) -> None:
    jobs = submit(store, "Ann", "Bob", "Cyd")
    rules = RetryRules(retries=3, retry_delay_s=0, busy_delay_s=0, device_delay_s=0, redial_limit=2, redial_pause_s=600)

    def ends(job: int, cause: Cause) -> Deadline | None:
        order = intend(store, [job])
        outcome = Outcome(cause=cause, phase=Phase.A, fault=Fault.FAR_END, retry=Retry.SOON, text="It ended.", pages=())
        store.call(partial(store_calls.settle, call=order.call, outcome=outcome, ended=datetime.now(UTC), rules=rules))
        (bar,) = store.call(partial(store_numbers.bars, of=[NUMBER]))
        return bar.until

    assert ends(jobs[0], Cause.BUSY) is None
    barred = ends(jobs[1], Cause.BUSY)
    assert barred is not None and barred.within == timedelta(seconds=600)
    assert [bar.number for bar in store.call(store_numbers.bars)] == [NUMBER]
    assert ends(jobs[2], Cause.LINE_LOST) is None


def test_what_the_schedule_is_told_of_a_job_is_what_was_asked_for(store: Store) -> None:
    night = Schedule(action=ScheduleAction.DISCOUNT, give_up_at=datetime(2030, 1, 1, tzinfo=UTC))
    later = Schedule(action=ScheduleAction.AT, at=datetime(2031, 1, 1, tzinfo=UTC))
    (first,), (second,) = submit(store, "Ann", schedule=night), submit(store, "Bob", schedule=later)
    settle(store, intend(store, [first]), Cause.BUSY, Retry.SOON)
    known = {each.job: each for each in store.call(partial(store_jobs.candidates, dirty_days=30))}
    one, two = known[first], known[second]
    assert (one.discount, one.retrying, one.user) == (True, True, "Ann")
    assert one.not_before is not None and one.not_before.within == timedelta(seconds=120)
    assert one.expires == Deadline(at=one.since + timedelta(days=30), within=timedelta(days=30))
    assert two.not_before == Deadline(at=datetime(2031, 1, 1, tzinfo=UTC))
    assert two.expires == Deadline(at=datetime(2031, 1, 31, tzinfo=UTC)), "counted from the time it was for"
    (forever, _) = store.call(partial(store_jobs.candidates, dirty_days=None))
    assert forever.expires == Deadline(at=datetime(2030, 1, 1, tzinfo=UTC))


def test_the_faxes_of_a_broadcast_count_as_handed_in_one_after_the_other(store: Store) -> None:
    submission = Submission(documents=(DOCUMENT,), recipients=(Recipient(number=NUMBER),) * 3)
    submit(store, "Ann")
    store.call(partial(store_submissions.submit, submission=submission, user="Ann", key=None))
    found = sorted(store.call(partial(store_jobs.candidates, dirty_days=None)), key=lambda each: each.job)
    assert [each.behind for each in found] == [timedelta(minutes=minutes) for minutes in (0, 0, 1, 2)]
    assert len({each.since for each in found[1:]}) == 1


def test_calls_of_the_last_day_are_known_after_a_restart_but_those_that_never_dialled(store: Store) -> None:
    first, second = submit(store, "Ann", "Bob")
    settle(store, intend(store, [first]), Cause.BUSY, Retry.SOON)
    order = intend(store, [second])
    store.call(partial(store_calls.give_back, call=order.call, reason="no", until=datetime.now(UTC)))
    since = datetime.now(UTC) - timedelta(days=1)
    assert [number for number, _ in store.call(partial(store_numbers.calls_since, since=since))] == [NUMBER]


def test_a_call_that_a_line_could_not_make_may_go_out_on_another_at_once_but_not_again_and_again(store: Store) -> None:
    (job,) = submit(store, "Ann")
    pauses = []
    for _ in range(2):
        order = intend(store, [job])
        until = datetime.now(UTC) + timedelta(hours=30)
        store.call(partial(store_calls.give_back, call=order.call, reason="no modem", until=until))
        (waiting,) = store.call(partial(store_jobs.candidates, dirty_days=None))
        assert waiting.not_before is not None and waiting.not_before.within is not None
        pauses.append(round(waiting.not_before.within / timedelta(hours=1)))
    assert pauses == [0, 30]
    assert job_in(store, job).tries == 0


def test_faxes_that_wait_for_one_number_go_out_in_one_call_and_each_learns_how_it_ended(tmp_path: Path) -> None:
    with Rig(tmp_path, "retries = 0") as rig, rig.plug_in("BUSY").running():
        first = rig.send("5552001", "5552001", "5552002", "5552001").id
        jobs, other = [JobId(first + step) for step in (0, 1, 3)], JobId(first + 2)
        ended = [rig.until(job, JobState.FAILED) for job in jobs]
        assert rig.until(other, JobState.FAILED).calls[0].id == f"{other}-1"
        assert {about.calls[0].id for about in ended} == {f"{jobs[0]}-1"}
        assert [(about.cause, len(about.calls)) for about in ended] == [("busy", 1)] * 3

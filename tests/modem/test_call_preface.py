"""A cover page that goes before a job's later pages: whole calls in virtual time, from plan to received pages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from codec.operations import same_pixels
from codec.page import Page
from codec.tiff import TiffWriter
from modem import journal, story
from modem.outcome import Fate, Outcome, Retry
from modem.plan import CallPlan, LinePolicy, PlannedDocument, PlannedPage
from modem.port.pages import load_pages
from modem.replay import replay
from modem.soft.farend import FarEnd
from modem.soft.line import Moment
from tests.modem.line import FAX, NUMBER, Done, assert_same, call_up, picture, plan_for
from tests.modem.test_replay import through_a_file


def planned(numbers: range, pages: list[Page]) -> tuple[PlannedPage, ...]:
    return tuple(
        PlannedPage(file="pages.tif", index=index, digest=page.digest, number=number)
        for index, (number, page) in enumerate(zip(numbers, pages, strict=True))
    )


def going_on(pages: list[Page], **changes: object) -> CallPlan:
    """Pages 3 and 4 of job 7 with their cover page, then page 2 of job 8 with its own."""
    documents = (
        PlannedDocument(
            job=7, pages=planned(range(3, 5), pages[1:3]), pages_total=4, preface=planned(range(1, 2), pages[:1])
        ),
        PlannedDocument(
            job=8, pages=planned(range(2, 3), pages[4:]), pages_total=2, preface=planned(range(1, 2), pages[3:4])
        ),
    )
    return replace(plan_for(pages), documents=documents, **changes)  # type: ignore[arg-type]


def said(done: Done, kind: str) -> list[tuple[int, int | None, int | None]]:
    return [(entry.fields["job"], entry.fields.get("preface"), entry.fields.get("number")) for entry in done.of(kind)]


PAGES = [picture(seed) for seed in range(1, 6)]
ORDER = [(7, 1, None), (7, None, 3), (7, None, 4), (8, 1, None), (8, None, 2)]


def test_it_goes_before_the_pages_of_its_job_and_has_a_fate_apart(tmp_path: Path) -> None:
    done = call_up(PAGES, out=tmp_path, plan=going_on(PAGES))
    assert_same(PAGES, done)
    assert said(done, "page-intent") == said(done, "page-answer") == ORDER
    assert [(page.job, page.number) for page in done.outcome.pages] == [(7, 3), (7, 4), (8, 2)]
    assert [(page.job, page.number, page.fate) for page in done.outcome.prefaces] == [
        (7, 1, Fate.CONFIRMED),
        (8, 1, Fate.CONFIRMED),
    ]
    assert done.outcome.retry is Retry.NO_NEED
    told = "\n".join(" ".join(line) for line in story.lines(story.tell(done.entries)))
    assert "page 1 of the continued cover" in told and "page 3 confirmed" in told


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_far_end_that_hangs_up_in_any_page_leaves_the_fates_of_all_others_right(tmp_path: Path, count: int) -> None:
    plan = going_on(PAGES)
    far = FarEnd(number=NUMBER, hang_up=Moment(what="page", nth=1 + count, delay_s=1.0))
    done = call_up(PAGES, far, out=tmp_path, plan=plan)
    begun, answered = said(done, "page-intent"), said(done, "page-answer")
    assert begun == ORDER[: len(begun)] and answered == ORDER[: len(begun) - 1]
    assert len(begun) == count, "it hangs up while its answer to this page is on the way"
    found: dict[tuple[int, int | None, int | None], Fate] = {
        **{(page.job, None, page.number): page.fate for page in done.outcome.pages},
        **{(page.job, page.number, None): page.fate for page in done.outcome.prefaces},
    }
    lost = len(begun) - 1
    assert [found[page] for page in ORDER] == [
        *[Fate.CONFIRMED] * lost,
        Fate.UNCERTAIN,
        *[Fate.NOT_SENT] * (len(ORDER) - lost - 1),
    ]
    for length in range(len(done.entries) + 1):
        pages, _ = journal.all_fates(done.entries[:length], plan)
        numbers = {key[2] for key in said(Done(done.outcome, done.entries[:length], None, []), "page-answer")}
        kept = {page.number for page in pages if page.fate is Fate.CONFIRMED}
        assert kept == numbers - {None}, "a page of a job is confirmed by its own answer alone"


def test_its_files_are_proved_and_its_journal_plays_the_call_again(tmp_path: Path) -> None:
    with TiffWriter(tmp_path / "pages.tif") as writer:
        for page in PAGES:
            writer.append(page)
    plan = going_on(PAGES)

    def at(index: int, page: PlannedPage) -> PlannedPage:
        return replace(page, file=str(tmp_path / "pages.tif"), index=index)

    first, second = plan.documents
    plan = replace(
        plan,
        documents=(
            replace(first, preface=(at(0, first.preface[0]),), pages=(at(1, first.pages[0]), at(2, first.pages[1]))),
            replace(second, preface=(at(3, second.preface[0]),), pages=(at(4, second.pages[0]),)),
        ),
    )
    plan.save(tmp_path / "plan.json")
    pages = load_pages(CallPlan.load(tmp_path / "plan.json"))
    assert [page.digest for page in pages] == [page.digest for page in PAGES]
    done = call_up(list(pages), FAX, out=tmp_path, plan=plan)
    verdict = replay(through_a_file(done.entries, tmp_path / "journal.jsonl"))
    assert verdict.difference is None, verdict.difference
    assert isinstance(verdict.now, Outcome) and verdict.now.prefaces == done.outcome.prefaces


def test_only_below_its_header_line_is_it_the_page_that_was_drawn(tmp_path: Path) -> None:
    done = call_up(PAGES, out=tmp_path, plan=going_on(PAGES, policy=LinePolicy(header_line=False)))
    assert [same_pixels(page, other) for page, other in zip(PAGES, done.received, strict=True)] == [None] * 5

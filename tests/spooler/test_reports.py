"""Every end that a fax can have is reported once, and says what became of each page: read here as a person reads it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import partial
from pathlib import Path

import msgspec
import pytest

from codec.errors import DocumentFault
from fax.errors import Cause as Refusal
from fax.mail import Language, MailKind
from fax.reports import Result
from fax.settings import Configuration
from fax.types import Document, Fate, Job, JobState, Poll, Recipient, Report, ReportKind, Sender, Submission
from modem.entries import Entry
from modem.outcome import Cause, Fault, Outcome, Phase, Retry
from modem.outcome import Fate as CallFate
from spooler import store_again, store_documents, store_jobs, store_mail, store_pages, store_reports, store_submissions
from spooler.mail_letter import ready
from spooler.report_causes import CAUSES
from spooler.reporting import letter_of
from spooler.spool import Spool
from spooler.store import Store, Transaction
from spooler.store_mail import DueMail
from tests.spooler.test_calls import DOCUMENT, PAGES, ended, entry, intend, numbered, pages_on_the_line, plan_of, settle

ANN = "ann@example.org"
SETTINGS = Configuration(mail_sender="fax@example.org", header_zone="Europe/Berlin")
FATES = {
    "received": Fate.CONFIRMED,
    "received, with damage": Fate.DAMAGED,
    "refused by the far end, which may have printed it all the same": Fate.REFUSED,
    "sent, but whether it arrived is not known": Fate.UNCERTAIN,
    "not sent": Fate.NOT_SENT,
}
GERMAN_FATES = {
    "empfangen": Fate.CONFIRMED,
    "empfangen, mit Störungen": Fate.DAMAGED,
    "von der Gegenstelle abgewiesen und vielleicht trotzdem gedruckt": Fate.REFUSED,
    "gesendet; ob angekommen, ist nicht bekannt": Fate.UNCERTAIN,
    "nicht gesendet": Fate.NOT_SENT,
}


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    spool = Spool(tmp_path)
    spool.prepare(None)
    return spool


@pytest.fixture
def store(spool: Spool) -> Iterator[Store]:
    opened = Store(spool.database)
    document = Document(id=DOCUMENT, type="application/pdf", pages=3, octets=9)
    opened.call(partial(store_documents.add, document=document, name=""))
    yield opened
    opened.close()


WANTED = Submission(
    documents=(DOCUMENT,),
    recipients=(Recipient(number="5552001", name="Jörg Müller", company="Acme"),),
    sender=Sender(name="Ann Lee"),
    title="Offer",
    report=Report(kind=ReportKind.EMAIL, address=ANN),
)


def submit(store: Store, wanted: Submission = WANTED, *, prepared: bool = True) -> int:
    job = store.call(partial(store_submissions.submit, submission=wanted, user="ann", key=None)).accepted.jobs[0]
    if prepared and wanted.documents:
        master_is(store, partial(store_pages.master_ready, pages=PAGES))
    return job


def master_is(store: Store, act: Callable[..., None]) -> None:
    key = store_submissions.master_key(WANTED.documents, WANTED.resolution)
    store.call(partial(act, key=key))


def box(store: Store) -> list[DueMail]:
    """All mails that wait to be sent."""
    return store.call(partial(store_mail.due, limit=100))


def called(store: Store, job: int, cause: Cause, retry: Retry, *fates: CallFate) -> None:
    """A call that the far end answered and that ended so."""
    plan = plan_of(intend(store, job))
    before: list[Entry] = [entry("begin"), entry("dialling", number="5552001"), entry("far-end", ident="+49 30 1")]
    settle(store, plan, numbered([*before, ended(plan, cause, retry, *fates)]))


@dataclass
class Reader:
    """A person who reads a report."""

    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        body = self.message.get_body(("plain",))
        assert body is not None
        return str(body.get_content()).replace("\r\n", "\n")

    def says(self, label: str) -> str:
        found = re.search(rf"^{label}: +(.*)$", self.text, re.MULTILINE)
        return found[1] if found else ""

    def fates(self, words: dict[str, Fate] = FATES) -> dict[int, Fate]:
        """Page by page."""
        found: dict[int, Fate] = {}
        for first, last, said in re.findall(
            r"^  (?:Page|Seite)n?s? (\d+)(?: (?:to|bis) (\d+))? +(.*)$", self.text, re.M
        ):
            for page in range(int(first), int(last or first) + 1):
                assert page not in found, "a page's fate is said twice"
                found[page] = words[re.sub("; (may be there twice|vielleicht doppelt), .*", "", said)]
        return found


def read(store: Store, spool: Spool, mail: DueMail, **settings: object) -> Reader:
    letter = letter_of(mail, replace(SETTINGS, **settings), store, spool)  # type: ignore[arg-type]
    return Reader(message_from_bytes(ready(letter).octets, policy=default))


def shown(store: Store, job: int) -> tuple[Job, dict[int, Fate]]:
    def work(tx: Transaction) -> tuple[Job, dict[int, Fate]]:
        pages = {page.number: page.fate for page in store_pages.outgoing(tx, job)}
        return store_jobs.job_of(store_jobs.row(tx, job)), pages

    return store.call(work)


def check(store: Store, spool: Spool, job: int, result: str) -> Reader:
    """There is one report of the fax, in both languages it says each page's fate, and its result."""
    (mail,) = [mail for mail in box(store) if mail.kind is MailKind.REPORT]
    assert mail.address == ANN
    about, fates = shown(store, job)
    assert about.state.ended
    reader = read(store, spool, mail)
    assert reader.message["To"] == ANN and reader.message["Message-ID"] == mail.message_id
    assert reader.says("Result") == result
    assert reader.subject.startswith(f"{result}: fax ")
    assert reader.fates() == fates
    german = read(store, spool, mail, report_language=Language.DE)
    assert german.fates(GERMAN_FATES) == fates
    assert german.says("Ergebnis") and german.says("Aufgegeben")
    if about.state is JobState.FAILED:
        assert reader.says("Why") == (about.reason or "").rstrip(".")
        assert german.says("Grund") == CAUSES[str(about.cause)][1]
    return reader


def test_a_fax_whose_pages_were_all_received_is_reported_as_delivered(store: Store, spool: Spool) -> None:
    job = submit(store)
    called(store, job, Cause.OK, Retry.NO_NEED, *[CallFate.CONFIRMED] * 3)
    reader = check(store, spool, job, "Delivered")
    assert reader.subject == "Delivered: fax to 5552001 (Jörg Müller, Acme) - Offer"
    assert reader.text.startswith("Every page was received.\n")
    assert reader.says("Pages") == "3 of 3 received" and reader.says("Far end") == "+49 30 1"
    assert reader.says("From") == "Ann Lee" and reader.says("Job") == str(job)
    assert reader.says("Ended").endswith(("CET", "CEST"))
    assert "Pages 1 to 3  received\n" in reader.text and "platen restart" not in reader.text


def test_damaged_pages_are_named(store: Store, spool: Spool) -> None:
    job = submit(store)
    called(store, job, Cause.OK, Retry.NO_NEED, CallFate.CONFIRMED, CallFate.DAMAGED, CallFate.CONFIRMED)
    reader = check(store, spool, job, "Delivered with damage")
    assert "Page 2  received, with damage" in reader.text


NOT_SENT = [CallFate.NOT_SENT] * 3
ENDS = [
    (cause, fates, result)
    for cause in Cause
    if cause not in (Cause.OK, Cause.CANCELLED)
    for fates, result in (
        (NOT_SENT, "Not delivered"),
        ([CallFate.CONFIRMED, CallFate.REFUSED, CallFate.NOT_SENT], "Delivered in part"),
        ([CallFate.UNCERTAIN, CallFate.NOT_SENT, CallFate.NOT_SENT], "Not confirmed"),
        ([CallFate.REFUSED, CallFate.NOT_SENT, CallFate.NOT_SENT], "Not confirmed"),
    )
]


def test_every_cause_that_ends_a_fax_is_told_with_each_pages_fate(store: Store, spool: Spool) -> None:
    for cause, fates, result in ENDS:
        job = submit(store)
        # Pages that are damaged on our disk are made again, but not for ever.
        while not shown(store, job)[0].state.ended:
            left = [fates[number - 1] for number, fate in shown(store, job)[1].items() if fate is not Fate.CONFIRMED]
            called(store, job, cause, Retry.NEVER, *left)
        reader = check(store, spool, job, result)
        assert f"platen restart {job}" in reader.text
        assert [page for page, fate in reader.fates().items() if fate is Fate.UNCERTAIN] == [
            number for number, fate in enumerate(fates, 1) if fate is CallFate.UNCERTAIN
        ]
        for mail in box(store):
            store.call(partial(store_mail.sent, id=mail.id))


def test_a_fax_that_is_tried_again_is_reported_at_its_end_and_not_before(store: Store, spool: Spool) -> None:
    job = submit(store, replace(WANTED, retries=1))
    called(store, job, Cause.BUSY, Retry.SOON, *NOT_SENT)
    assert box(store) == []
    called(store, job, Cause.LINE_LOST, Retry.LATER, CallFate.CONFIRMED, CallFate.UNCERTAIN, CallFate.NOT_SENT)
    reader = check(store, spool, job, "Delivered in part")
    assert "given up after 2 tries" in reader.says("Why")
    assert reader.says("Calls").startswith("2, ")


def test_a_page_that_may_be_there_twice_is_reported_so(store: Store, spool: Spool) -> None:
    job = submit(store)
    called(store, job, Cause.LINE_LOST, Retry.LATER, CallFate.UNCERTAIN, CallFate.NOT_SENT, CallFate.NOT_SENT)
    called(store, job, Cause.OK, Retry.NO_NEED, *[CallFate.CONFIRMED] * 3)
    reader = check(store, spool, job, "Delivered")
    assert "Page 1        received; may be there twice, marked as a possible duplicate" in reader.text


def test_a_cancelled_fax_says_what_had_been_received(store: Store, spool: Spool) -> None:
    before = submit(store)
    store.call(partial(store_jobs.cancel, id=before))
    assert check(store, spool, before, "Cancelled").text.startswith("No page was received.")
    store.call(partial(store_mail.sent, id=box(store)[0].id))
    job = submit(store)
    plan = plan_of(intend(store, job))
    store.call(partial(store_jobs.cancel, id=job))
    settle(store, plan, numbered(pages_on_the_line(plan)[:8]))
    check(store, spool, job, "Cancelled, delivered in part")


def test_a_fax_whose_time_is_up_is_reported(store: Store, spool: Spool) -> None:
    never = submit(store)
    store.call(partial(store_jobs.give_up, id=never))
    assert "its time was up before it could be called" in check(store, spool, never, "Not delivered").says("Why")
    store.call(partial(store_mail.sent, id=box(store)[0].id))
    job = submit(store)
    called(store, job, Cause.NO_ANSWER, Retry.LATER, *NOT_SENT)
    store.call(partial(store_jobs.give_up, id=job))
    assert "given up after 1 call, its time is up" in check(store, spool, job, "Not delivered").says("Why")


@pytest.mark.parametrize("fault", DocumentFault)
def test_a_document_that_cannot_become_pages_is_reported(store: Store, spool: Spool, fault: DocumentFault) -> None:
    job = submit(store, prepared=False)
    master_is(store, partial(store_pages.master_failed, cause=fault.value, text="The document is no good."))
    assert check(store, spool, job, "Not delivered").says("Why") == "The document is no good"


def test_a_cover_page_that_cannot_be_drawn_is_reported(store: Store, spool: Spool) -> None:
    job = submit(store)
    text = "There is no cover page fancy"
    store.call(partial(store_jobs.fail_waiting, id=job, cause=Refusal.COVER_PAGE.value, reason=text))
    assert check(store, spool, job, "Not delivered").says("Why") == text


def test_a_fax_of_the_incoming_folder_that_is_refused_is_reported(store: Store, spool: Spool) -> None:
    refuse = partial(store_submissions.refuse, submission=WANTED, user="ann", key="k")
    job = store.call(partial(refuse, cause=Refusal.BAD_NUMBER.value, text="555 is no number")).accepted.jobs[0]
    assert check(store, spool, job, "Not delivered").says("Why") == "555 is no number"


def test_pages_that_changed_under_a_fax_end_it_with_a_report(store: Store, spool: Spool) -> None:
    job = submit(store)
    called(store, job, Cause.LINE_LOST, Retry.NEVER, CallFate.CONFIRMED, CallFate.NOT_SENT, CallFate.NOT_SENT)
    (first,) = box(store)
    store.call(partial(store_mail.sent, id=first.id))

    def again(tx: Transaction) -> None:
        store_again.restart(tx, job)
        assert store_pages.mend(tx, job, {"m.tif"})

    store.call(again)
    others = [replace(page, digest="f" * 64) for page in PAGES]
    master_is(store, partial(store_pages.master_ready, pages=others))
    reader = check(store, spool, job, "Delivered in part")
    assert reader.message["Message-ID"] != first.message_id


def test_a_fetched_document_is_reported(store: Store, spool: Spool) -> None:
    wanted = replace(WANTED, documents=(), poll=Poll())
    job = submit(store, wanted)
    plan = plan_of(intend(store, job))
    outcome = Outcome(cause=Cause.OK, phase=Phase.E, fault=Fault.NONE, retry=Retry.NO_NEED, text="Fetched.", pages=())
    settle(store, plan, numbered([entry("begin"), entry("end", outcome=msgspec.to_builtins(outcome))]))
    reader = check(store, spool, job, "Fetched")
    assert reader.subject.startswith("Fetched: fax from 5552001")


def test_who_wants_no_report_gets_none(store: Store) -> None:
    job = submit(store, replace(WANTED, report=Report()))
    called(store, job, Cause.OK, Retry.NO_NEED, *[CallFate.CONFIRMED] * 3)
    assert box(store) == []


def test_an_end_that_is_not_committed_is_not_reported(store: Store) -> None:
    job = submit(store)

    def spoilt(tx: Transaction) -> None:
        store_jobs.cancel(tx, job)
        raise OSError("the disk is full")

    with pytest.raises(OSError):
        store.call(spoilt)
    assert box(store) == []
    assert shown(store, job)[0].state is JobState.WAITING


def test_all_recipients_in_one_report_are_read_one_by_one(store: Store, spool: Spool) -> None:
    recipients = tuple(Recipient(number=f"555200{number}") for number in range(1, 4))
    wanted = replace(WANTED, recipients=recipients, report=replace(WANTED.report, together=True))
    accepted = store.call(partial(store_submissions.submit, submission=wanted, user="ann", key=None)).accepted
    master_is(store, partial(store_pages.master_ready, pages=PAGES))
    store.call(partial(store_jobs.give_up, id=accepted.jobs[1]))
    store.call(partial(store_jobs.cancel, id=accepted.jobs[2]))
    assert box(store) == []
    called(store, accepted.jobs[0], Cause.OK, Retry.NO_NEED, *[CallFate.CONFIRMED] * 3)
    (mail,) = box(store)
    reader = read(store, spool, mail)
    assert reader.subject == "1 of 3 faxes delivered - Offer"
    rows = [re.split(r"  +", line.strip()) for line in reader.text.partition("Fax by fax\n")[2].splitlines()]
    assert [row[:3] for row in rows if row[0]] == [
        [str(accepted.jobs[0]), "5552001", "Delivered"],
        [str(accepted.jobs[1]), "5552002", "Not delivered"],
        [str(accepted.jobs[2]), "5552003", "Cancelled"],
    ]
    assert rows[0][3] == "Pages 1 to 3: received"
    assert rows[1][3].endswith("; Pages 1 to 3: not sent")


def test_a_private_report_says_nothing_of_what_the_fax_holds(store: Store, spool: Spool) -> None:
    job = submit(store, replace(WANTED, billing_code="secret matter"), prepared=False)
    master_is(store, partial(store_pages.master_failed, cause="document-damaged", text="Offer.pdf is damaged"))
    (mail,) = box(store)
    reader = read(store, spool, mail, report_private=True, report_picture=True, report_sheet=True)
    assert reader.subject == "Not delivered: fax to 5552001"
    assert reader.says("Why") == "The document is damaged" and reader.says("Job") == str(job)
    for word in ("Offer", "Müller", "Acme", "Ann Lee", "secret matter"):
        assert word not in reader.text
    (sheet,) = reader.message.iter_attachments()
    assert sheet.get_content_type() == "application/pdf" and sheet.get_content().startswith(b"%PDF")


def test_a_notice_says_how_to_name_the_number(store: Store, spool: Spool) -> None:
    wanted = replace(WANTED, recipients=(Recipient(),), title="Letter")
    job = submit(store, wanted)
    soon = datetime.now(UTC) + timedelta(seconds=60)
    assert store.call(partial(store_reports.announce, before=soon - timedelta(days=1), limit=10)) == 0
    # Nobody knows where its owner reads mail: there is no notice, and it is not looked for again.
    assert store.call(partial(store_reports.announce, before=soon, limit=10)) == 1
    assert store.call(partial(store_reports.announce, before=soon, limit=10)) == 0
    assert box(store) == []
    assert Result.NOT_ENDED is store.call(lambda tx: store_reports.reported(tx, [job])[0].result)


def test_a_broadcast_whose_document_is_no_good_is_reported_fax_by_fax(store: Store, spool: Spool) -> None:
    numbers = [f"555{number:04}" for number in range(store_reports.JOBS_AT_ONCE + 3)]
    recipients = tuple(Recipient(number=number) for number in numbers)
    each = replace(WANTED, recipients=recipients)
    together = replace(each, report=replace(WANTED.report, together=True))
    none = replace(each, report=Report())
    for wanted in (each, together, none):
        submit(store, wanted, prepared=False)
    master_is(store, partial(store_pages.master_failed, cause="document-damaged", text="It is damaged."))
    found = store.call(partial(store_mail.due, limit=10_000))
    assert len(found) == len(numbers) + 1 == len({mail.message_id for mail in found})
    facts = [msgspec.json.decode(mail.facts, type=store_reports.ReportFacts) for mail in found]
    assert [fact.jobs[0].number for fact in facts if not fact.together] == numbers
    (all_of,) = [fact for fact in facts if fact.together]
    assert [job.number for job in all_of.jobs] == numbers

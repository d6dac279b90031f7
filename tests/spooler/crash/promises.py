"""What must hold after a crash, by what was known before it: the promises, as far as a run touches them.

What always holds: what is expected follows from the record alone (what the client was told, what the modem was told,
what the journals on the disk say), never from the database. A fate may be better than the disk's journal says only as
far as the journal said it before the crash: the daemon may have read what the disk then lost.

Must not: use the spooler's or the journal's own code to judge them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from fax.types import Event, Fate, Job, JobState
from tests.spooler.crash.disk import Tree
from tests.spooler.crash.recording import FRAME, Kind, Operation
from tests.spooler.crash.scenarios import LEFT_TITLE, Mark, Played
from tests.spooler.crash.worker import Finding

KEPT = frozenset((Fate.CONFIRMED, Fate.DAMAGED))
POST_PAGE = frozenset((0x4E, 0x2E, 0x8E, 0xBE))  # MPS, EOP, EOM, PPS without the X bit
CONFIRMS = frozenset((0x8C, 0xCC))  # MCF, RTP
LISTEN = re.compile(rb"AT\+FRM=\d+\r")
CARRIER = re.compile(rb"AT\+FTM=\d+\r")
DIAL = re.compile(rb"ATD[TP]?")
ENDED = frozenset((JobState.DONE, JobState.FAILED, JobState.CANCELLED))


@dataclass
class Known:
    """What was known before the crash: grows with each operation."""

    accepted: dict[str, tuple[int, ...]] = field(default_factory=dict)
    left: bool = False
    prepared: dict[int, tuple[str, ...]] = field(default_factory=dict)
    cancelled: set[int] = field(default_factory=set)
    events: dict[int, Event] = field(default_factory=dict)
    dialled: int = 0
    posted: list[int] = field(default_factory=list)  # pages whose post-page command went out, for each call
    confirmed: int = 0  # pages of a fax that comes in of which the far end was told that we have them
    _carrier: bool = False
    _listened: bool = False

    def learn(self, operation: Operation) -> None:
        if operation.kind is Kind.SAY:
            self._hear(operation.data)
        if operation.kind is not Kind.MARK:
            return
        mark = msgspec.json.decode(operation.data, type=Mark)
        if mark.accepted:
            self.accepted[mark.key] = mark.accepted
        self.left |= mark.left
        if mark.prepared:
            self.prepared[mark.prepared] = mark.digests
        if mark.cancelled:
            self.cancelled.add(mark.cancelled)
        if mark.event is not None:
            self.events[mark.event.cursor] = mark.event

    def _hear(self, octets: bytes) -> None:
        """What our side says to the modem."""
        if DIAL.match(octets):
            self.dialled += 1
            self.posted.append(0)
        elif CARRIER.match(octets):
            self._carrier = True
        elif LISTEN.match(octets):
            self._listened = True
        elif (frame := FRAME.match(octets)) and frame[1][0] in CONFIRMS and self._listened:
            self._listened = False
            self.confirmed += 1
        elif frame and frame[1][0] & 0xFE in POST_PAGE and self._carrier:
            # Said again without an image before it, it is the same page's.
            self._carrier = False
            self.posted[-1] += 1

    @property
    def fingerprint(self) -> tuple[object, ...]:
        """The same when as much is known."""
        return (
            tuple(self.accepted),
            self.left,
            tuple(self.prepared),
            tuple(self.cancelled),
            len(self.events),
            self.dialled,
            tuple(self.posted),
            self.confirmed,
        )


@dataclass(frozen=True)
class Told:
    """What one call's journal says: the pages it began, in order, and their answers; (job, page). A preface, which is
    no page of the job, has a number below 1."""

    begun: tuple[tuple[int, int], ...]
    answers: Mapping[tuple[int, int], Fate]

    def fate(self, page: tuple[int, int]) -> Fate:
        if page in self.answers:
            return self.answers[page]
        return Fate.UNCERTAIN if page in self.begun else Fate.NOT_SENT


def journals(tree: Tree) -> Iterator[Told]:
    """In the order of the calls."""
    names = [path for path in tree.entries if path.startswith("calls/") and path.endswith("/journal.jsonl")]
    for name in sorted(names, key=lambda path: [int(part) for part in path.split("/")[1].split("-")]):
        yield told(tree.entries[name] or b"")


def told(octets: bytes) -> Told:
    begun: list[tuple[int, int]] = []
    answers: dict[tuple[int, int], Fate] = {}
    for line in octets.split(b"\n")[:-1]:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if entry["kind"] == "page-intent":
            begun.append(_page_of(entry))
        elif entry["kind"] == "page-answer":
            answers[_page_of(entry)] = Fate(entry["fate"])
        elif entry["kind"] == "end":
            # It knows better of a page that was begun; it takes no answer back.
            for page in entry["outcome"]["pages"]:
                answers.setdefault((page["job"], page["number"]), Fate(page["fate"]))
    return Told(tuple(begun), answers)


def _page_of(entry: Mapping[str, Any]) -> tuple[int, int]:
    return entry["job"], entry["number"] if "number" in entry else -entry["preface"]


def _after(calls: list[Told], page: tuple[int, int]) -> Fate:
    """A page's fate after these calls."""
    fate = Fate.NOT_SENT
    for call in calls:
        if fate not in KEPT and (news := call.fate(page)) is not Fate.NOT_SENT:
            fate = news
    return fate


def broken(played: Played, known: Known, crashed: Tree, live: Tree, whole: list[Told], found: Finding) -> list[str]:
    """What is not as promised. ``crashed``: the disk after the crash; ``live``: as the programs saw it just before;
    ``whole``: what the journals say at the end of the run."""
    wrong = [*found.wrong]
    if found.exit:
        return [*wrong, f"P12: the daemon ended with {found.exit}"]
    if not found.looked:
        return wrong or ["P12: the daemon did not answer"]
    jobs = {int(job.id): job for job in found.jobs}
    wrong += _accepted(played, known, jobs, found)
    for id, digests in known.prepared.items():
        if found.pages.get(id) != digests:
            wrong.append(f"P6: job {id} was prepared with {digests}, and has {found.pages.get(id)}")
    for id, pages in found.pages.items():
        if id in played.digests and pages != played.digests[id]:
            wrong.append(f"P6: the pages of job {id} have become other ones")
    wrong += [f"P1: the cancel of job {id} is lost" for id in known.cancelled if _goes_on(jobs.get(id))]
    events = {event.cursor: event for event in found.events}
    for cursor, event in known.events.items():
        if events.get(cursor) != event:
            wrong.append(f"P11: event {cursor} ({event.kind}) was heard, and is {events.get(cursor)}")
    before, after = list(journals(crashed)), list(journals(live))
    for job in jobs.values():
        wrong += _ending(job, [event for event in found.events if event.job == job.id])
        wrong += _fates(job, known, before, after, whole)
    return wrong


def _accepted(played: Played, known: Known, jobs: Mapping[int, Job], found: Finding) -> list[str]:
    wrong = []
    for key, ids in known.accepted.items():
        for id in ids:
            if id not in jobs or jobs[id].title != key:
                wrong.append(f"P1: job {id} of {key!r} was accepted, and is lost")
    for key, submission in played.submissions.items():
        count = sum(job.title == key for job in jobs.values())
        if count not in (0, len(submission.recipients)):
            wrong.append(f"P2: of {len(submission.recipients)} jobs of {key!r} there are {count}")
    count = sum(job.title == LEFT_TITLE for job in jobs.values())
    if count > 1 or (known.left and not count):
        wrong.append(f"P1, P2: the fax in the incoming folder is there {count} times")
    if found.again:
        key = next(iter(played.submissions))
        more = 0 if any(job.title == key for job in jobs.values()) else len(found.again)
        if found.jobs_after != len(jobs) + more or found.again != known.accepted.get(key, found.again):
            wrong.append(f"P2: made again, {key!r} is {found.again}, and there are {found.jobs_after} jobs")
    return wrong


def _goes_on(job: Job | None) -> bool:
    return job is None or job.state not in ENDED


def _ending(job: Job, events: list[Event]) -> list[str]:
    """P10 and P11 for one job."""
    wrong = []
    kept = sum(page.fate in KEPT for page in job.pages)
    if (job.state is JobState.DONE) != (job.pages_total is not None and 0 < job.pages_total == kept):
        wrong.append(f"P11: job {job.id} is {job.state.value} with {kept} of {job.pages_total} pages")
    if job.pages_confirmed != kept:
        wrong.append(f"P4: job {job.id} counts {job.pages_confirmed} pages as confirmed, and {kept} are")
    if job.state is JobState.FAILED and not (job.cause and job.reason):
        wrong.append(f"P10: job {job.id} failed without a cause")
    if job.state is JobState.WAITING and not job.reason:
        wrong.append(f"P10: job {job.id} waits without a reason")
    if job.state is JobState.SENDING or any(call.ended is None for call in job.calls):
        wrong.append(f"P10: job {job.id} is in a call that nobody makes")
    ends = [event.kind for event in events if event.kind in ("done", "failed", "cancelled")]
    if ends != ([job.state.value] if job.state in ENDED else []):
        wrong.append(f"P11: job {job.id} is {job.state.value}, and its events say {ends}")
    return wrong


def _fates(job: Job, known: Known, before: list[Told], after: list[Told], whole: list[Told]) -> list[str]:
    """P3 to P5 for one job."""
    wrong = []
    if len(job.calls) < known.dialled and known.dialled <= len(whole):
        wrong.append(f"P3: {known.dialled} calls were dialled, and job {job.id} knows {len(job.calls)}")
    posted = {page for call, count in zip(whole, known.posted, strict=False) for page in call.begun[:count]}
    for page in job.pages:
        key = (int(job.id), page.number)
        surest, best = _after(before, key), _after(after, key)
        allowed = {surest, best} if surest not in KEPT else {surest}
        if key in posted:
            allowed.discard(Fate.NOT_SENT)
        if page.fate not in allowed:
            wrong.append(f"P4: page {page.number} is {page.fate.value}, and should be {surest.value}")
    uncertain = [page.call for page in job.pages if page.fate is Fate.UNCERTAIN]
    if len(uncertain) != len(set(uncertain)):
        wrong.append(f"P4: {len(uncertain)} pages are uncertain by one call")
    return wrong


def documents_of(played: Played, key: str) -> list[str]:
    """Where the documents of a submission lie in the spool."""
    ids = [str(id) for id in played.submissions[key].documents]
    return [f"documents/{id[:2]}/{id}" for id in ids]


def order_of_acts(played: Played) -> list[str]:
    """P3, by the order of the record alone: a page's intent is synced before its post-page command goes out, its answer
    before the next page's image."""
    wrong: list[str] = []
    known = Known()
    synced: dict[int, bytearray] = {}
    pending: dict[int, bytearray] = {}
    for n, operation in enumerate(played.operations):
        if operation.kind is Kind.WRITE:
            pending.setdefault(operation.inode, bytearray()).extend(operation.data)
        elif operation.kind is Kind.SYNC and operation.inode in pending:
            synced.setdefault(operation.inode, bytearray()).extend(pending.pop(operation.inode))
        elif operation.kind is Kind.SAY:
            was = sum(known.posted)
            carrier = bool(CARRIER.match(operation.data))
            known.learn(operation)
            lines = [told(bytes(octets)) for octets in synced.values() if octets.startswith(b'{"n":0,')]
            begun = sum(len(call.begun) for call in lines)
            answered = sum(len(call.answers) for call in lines)
            if sum(known.posted) > was and begun < sum(known.posted):
                wrong.append(f"operation {n}: a post-page command goes out before the intent is on disk")
            unanswered = sum(len(call.begun) - len(call.answers) for call in lines[:-1])
            if carrier and known.posted and known.posted[-1] and answered + unanswered < sum(known.posted):
                wrong.append(f"operation {n}: the next image goes out before the answer is on disk")
    return wrong

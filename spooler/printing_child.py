"""Speaks to CUPS for the routing method that prints, in a process of its own: one question in, one answer out.

What always holds: a queue that refuses jobs, or is not there, is a trouble in words; a job whose name begins with the
same prefix is looked for before a second one is made, where that is asked. It ends after one answer.

May import: pycups, and nothing of the daemon that takes time to load.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any

import msgspec

JOBS_LIMIT = 500


@dataclass(frozen=True, kw_only=True)
class Question:
    """``document`` empty: only whether the queue can be used."""

    queue: str
    document: str = ""
    title: str = ""
    prefix: str = ""  # of the titles of jobs that are the same
    options: dict[str, str] = field(default_factory=dict)
    look: bool = False  # such a job may be there already


@dataclass(frozen=True, kw_only=True)
class Answer:
    """``trouble`` empty: it went well. ``known``: the job was there already."""

    trouble: str = ""
    job: int = 0
    known: bool = False


def answered(question: Question) -> Answer:
    """What CUPS makes of it."""
    try:
        import cups
    except ImportError as error:
        return Answer(trouble=f"pycups is needed to print: {error}")
    try:
        return _ask(cups.Connection(), question)
    except (RuntimeError, cups.IPPError, cups.HTTPError) as error:
        text = error.args[-1] if error.args else error
        return Answer(trouble=f"CUPS does not print at {question.queue}: {text}")


def _ask(connection: Any, question: Question) -> Answer:
    if question.queue not in connection.getPrinters():
        return Answer(trouble=f"CUPS has no queue {question.queue}")
    wanted = ["printer-is-accepting-jobs"]
    about = connection.getPrinterAttributes(question.queue, requested_attributes=wanted)
    if not about.get("printer-is-accepting-jobs", True):
        return Answer(trouble=f"The queue {question.queue} does not take jobs now")
    if not question.document:
        return Answer()
    if question.look:
        for which in ("not-completed", "completed"):
            found = connection.getJobs(which, False, JOBS_LIMIT, -1, ["job-id", "job-name", "job-printer-uri"])
            for job, known in found.items():
                of_queue = str(known.get("job-printer-uri", "")).rpartition("/")[2] == question.queue
                if of_queue and str(known.get("job-name", "")).startswith(question.prefix):
                    return Answer(job=job, known=True)
    job = connection.printFile(question.queue, question.document, question.title, question.options)
    return Answer(job=job)


def main() -> int:
    question = msgspec.json.decode(sys.stdin.buffer.read(), type=Question)
    sys.stdout.buffer.write(msgspec.json.encode(answered(question)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

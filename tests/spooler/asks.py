"""``python -m tests.spooler.asks SOCKET REQUEST...``: one request as whoever runs this; prints the answer as JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable
from io import BytesIO

import msgspec

from fax.client import Client
from fax.errors import FaxError
from fax.types import JobId, Recipient, Submission


def submit(client: Client, user: str | None) -> object:
    document = client.upload(BytesIO(b"From another user.\n"), "words.txt").id
    submission = Submission(documents=(document,), recipients=(Recipient(number="1"),), user=user)
    return client.submit(submission).jobs[0]


def main(arguments: list[str]) -> int:
    client = Client(arguments[0])
    requests: dict[str, Callable[[str], object]] = {
        "submit": lambda user: submit(client, user or None),
        "show": lambda job: client.job(JobId(int(job))),
        "cancel": lambda job: client.cancel(JobId(int(job))),
        "jobs": lambda _: [job.id for job in client.jobs()],
        "events": lambda _: [event.job for event in client.events()],
        "events-of": lambda job: [event.job for event in client.events(job=JobId(int(job)))],
        "status": lambda _: client.status(),
    }
    try:
        answer: object = requests[arguments[1]](arguments[2] if len(arguments) > 2 else "")
    except FaxError as error:
        answer = {"refused": error.cause.value, "text": error.text}
    print(msgspec.json.encode(answer).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What the table of rights is tried with: a request for each of its lines, a fax and all else of somebody, and people
who ask."""

from __future__ import annotations

import http.client
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fax.access import EVERYBODY, Right, right_names
from fax.archive import ArchivedFax, ArchiveResult, Direction
from fax.mail import MailKind
from fax.types import CoverPage, Job, JobId, Recipient, Sender, Submission
from spooler import store_mail
from spooler.store import Store
from spooler.store_mail import NewMail
from tests.modem.line import picture
from tests.spooler.archived import put_in_archive
from tests.spooler.asks_raw import said
from tests.spooler.rig import PATIENCE_S, ROOT, Rig, wait_for
from tests.spooler.test_tls import free_port

Request = tuple[str, str, Any]
Answer = tuple[int, Any]
Asker = Callable[[str, Sequence[Request]], list[Answer]]

# What each endpoint is asked, aimed at what belongs to somebody else: JOB is root's, TOKEN too.
BODIES: dict[str, Any] = {
    "POST /v1/submissions": {"documents": [], "recipients": []},
    "POST /v1/jobs/{id:int}/address": {"number": "5552009"},
    "POST /v1/jobs/{id:int}/addresses": [{"number": "5552009"}],
    "PUT /v1/jobs/{id:int}/cover": {},
    "PUT /v1/cover-templates": {"files": []},
    "POST /v1/cover-templates/check": {"files": []},
    "POST /v1/cover-templates/preview": {},
    "POST /v1/jobs/{id:int}/preview": {},
    "POST /v1/cover-templates/pdf": {},
    "PUT /v1/access/grants": {"subject": "user:nobody-else", "mask": 1},
    "POST /v1/access/tokens": {"name": "mine", "user": "root"},
    "PUT /v1/access/passwords/{user}": {"password": "long enough for it"},
    "POST /v1/book/people": {"recipient": {"name": "Bob", "number": "1"}, "shared": True},
    "PUT /v1/book/people/{id:int}": {"recipient": {"name": "Bob", "number": "1"}, "shared": True},
    "POST /v1/book/groups": {"name": "All", "members": [], "shared": True},
    "PUT /v1/book/groups/{id:int}": {"name": "Others", "members": [], "shared": True},
    "PATCH /v1/ports/{id:int}/routing/{guid}": {},
    "PATCH /v1/routing/methods/{guid}": {},
    "POST /v1/archive/{id:int}/forward": {"recipients": [{"number": "5550001"}]},
    "PUT /v1/profile": {},
    "PUT /v1/configuration": {},
    "PATCH /v1/configuration": {"no-such-setting": 1},
    "PUT /v1/log/categories": [],
    "PATCH /v1/ports/{id:int}": {},
}
TARGETS: dict[str, str] = {
    "GET /v1/jobs": "/v1/jobs?user=root",
    "GET /v1/events": "/v1/events?job=JOB",
    "GET /v1/archive": "/v1/archive?user=root",
    "GET /v1/records": "/v1/records?user=root",
    "GET /v1/records.csv": "/v1/records.csv?user=root",
    "GET /v1/jobs/{id:int}/pages/{page:int}.png": "/v1/jobs/JOB/pages/2.png",
    "GET /v1/cover-templates/files": "/v1/cover-templates/files?name=default",
    "PUT /v1/cover-templates": "/v1/cover-templates?name=theirs",
    "DELETE /v1/cover-templates": "/v1/cover-templates?name=theirs",
    "PATCH /v1/ports/{id:int}/routing/{guid}": "/v1/ports/1/routing/no-such-method",
    "PATCH /v1/routing/methods/{guid}": "/v1/routing/methods/no-such-method",
    "GET /v1/numbers/check": "/v1/numbers/check?number=5552001",
    "PUT /v1/book/people/{id:int}": "/v1/book/people/PERSON",
    "DELETE /v1/book/people/{id:int}": "/v1/book/people/PERSON",
    "PUT /v1/book/groups/{id:int}": "/v1/book/groups/GROUP",
    "DELETE /v1/book/groups/{id:int}": "/v1/book/groups/GROUP",
    "POST /v1/book/import": "/v1/book/import?shared=true",
    "DELETE /v1/access/tokens/{id:int}": "/v1/access/tokens/TOKEN",
    "DELETE /v1/access/grants/{subject:path}": "/v1/access/grants/user:nobody-else",
    "PUT /v1/access/passwords/{user}": "/v1/access/passwords/root",
    "DELETE /v1/access/passwords/{user}": "/v1/access/passwords/root",
    "DELETE /v1/providers/{name}": "/v1/providers/other",
    "DELETE /v1/routing/extensions/{name}": "/v1/routing/extensions/other",
}
OWN_ONLY = {"GET /v1/access/tokens", "GET /v1/access/passwords", "GET /v1/inbox", "GET /v1/mails"}
"""What is answered with one's own, where the others' are left out without a word."""


class Stage:
    """A daemon, a fax and a token of root's, and people who ask."""

    def __init__(self, rig: Rig, ask: Asker) -> None:
        self.rig = rig
        self.ask = ask
        self.job = self.secret_fax().id
        self.token = rig.client.add_token("root's").about.id
        self.person = self.group = 0
        self.fax = self.archived_fax()
        self.mail = self.mail_of_roots()
        self.fill_book()

    def archived_fax(self) -> int:
        """Another of root's in the archive, with a word of its own: who sent it on has it as their own fax."""
        self._archived = getattr(self, "_archived", 900_000) + 1
        fax = ArchivedFax(
            id=JobId(self._archived),
            direction=Direction.SENT,
            result=ArchiveResult.OK,
            at=datetime.now(UTC),
            users=("root",),
            number="5558765",
            name=f"Hidden-{self._archived}",
            subject=f"Hidden-{self._archived} subject",
            recipient=Recipient(number="5558765", name=f"Hidden-{self._archived}"),
        )
        put_in_archive(self.rig.spool, self.rig.folder / "archive", fax, [picture(1)])
        return self._archived

    def mail_of_roots(self) -> int:
        """Another one, in the outgoing box, about root's fax; nobody knows where it is to go, so it stays there."""
        mail = NewMail(kind=MailKind.REPORT, user="root", address="doctor@hush.example", facts="{}")
        store = Store(self.rig.spool / "platen.db")
        try:
            store.call(partial(store_mail.put, new=[mail]))
        finally:
            store.close()
        return self.rig.client.mails()[-1].id

    def fill_book(self) -> None:
        """Somebody and a group in the shared book, and in root's own."""
        for shared in (False, True):
            person = self.rig.client.add_person(Recipient(name="Secret friend", number="5559876"), shared=shared)
            names = {group.name for group in self.rig.client.groups()}
            group = self.rig.client.add_group(f"Friends {len(names)}", (person.id,), shared=shared)
            self.person, self.group = person.id, group.id

    def secret_fax(self) -> Job:
        recipient = Recipient(number="5559876", name="Doctor Secret", sub_address="42", password="hush")
        submission = Submission(
            documents=(self.rig.text(),),
            recipients=(recipient,),
            title="Secret title",
            sender=Sender(name="Secret sender"),
            cover=CoverPage(note="Secret note"),
            billing_code="Secret code",
            hold=True,
        )
        return self.rig.client.job(self.rig.client.submit(submission).jobs[0])

    def request(self, endpoint: str) -> Request:
        method, path = endpoint.split(" ")
        which = "JOB" if "/jobs/" in path else "FAX" if "/archive/" in path else "MAIL" if "/mails/" in path else "1"
        target = TARGETS.get(endpoint, path).replace("{id:int}", which)
        assert "{" not in target, f"say in TARGETS what {endpoint} is asked"
        for word, id in (
            ("JOB", self.job),
            ("TOKEN", self.token),
            ("PERSON", self.person),
            ("GROUP", self.group),
            ("FAX", self.fax),
            ("MAIL", self.mail),
        ):
            target = target.replace(word, str(id))
        return method, target, BODIES.get(endpoint)

    def renew(self, endpoint: str) -> None:
        """Another of what the endpoint is about, since some of them end it."""
        if endpoint.startswith("GET"):
            return
        if "/jobs/" in endpoint:
            self.job = self.secret_fax().id
        elif "/archive/" in endpoint:
            self.fax = self.archived_fax()
        elif "/mails/" in endpoint:
            self.mail = self.mail_of_roots()
        elif "/tokens/" in endpoint:
            self.token = self.rig.client.add_token("root's").about.id
        elif "/book/" in endpoint:
            self.fill_book()

    def asked(self, user: str, *endpoints: str) -> list[Answer]:
        return self.ask(user, [self.request(endpoint) for endpoint in endpoints])

    def grant(self, user: str, mask: Right) -> None:
        """Let this user have these rights, and nobody any by being anybody."""
        self.rig.client.grant(EVERYBODY, 0)
        self.rig.client.grant(f"user:{user}", mask)


class ByKernel:
    """Asks by a process of each user, which lives on."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._processes: dict[str, subprocess.Popen[str]] = {}

    def __call__(self, user: str, requests: Sequence[Request]) -> list[Answer]:
        if user not in self._processes:
            self._processes[user] = self._start(pwd.getpwnam(user))
        asking = self._processes[user]
        assert asking.stdin is not None and asking.stdout is not None
        answers: list[Answer] = []
        for request in requests:
            asking.stdin.write(json.dumps(request) + "\n")
            asking.stdin.flush()
            line = asking.stdout.readline()
            assert line, f"the program of {user} ended at {request}"
            answers.append(tuple(json.loads(line)))
        return answers

    def _start(self, about: pwd.struct_passwd) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.spooler.asks_raw", str(self._rig.socket)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            user=about.pw_uid,
            group=about.pw_gid,
            extra_groups=[],
        )

    def close(self) -> None:
        for process in self._processes.values():
            process.communicate()


def by_token(rig: Rig, port: int) -> Asker:
    tokens: dict[str, str] = {}

    def ask(user: str, requests: Sequence[Request]) -> list[Answer]:
        if user not in tokens:
            tokens[user] = rig.client.add_token("test", user).token
        answers: list[Answer] = []
        for method, target, body in requests:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
            headers = {"Authorization": f"Bearer {tokens[user]}"}
            connection.request(method, target, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            answers.append((answer.status, said(answer, method)))
            connection.close()
        return answers

    return ask


@pytest.fixture(scope="module", params=["by the kernel", "by a token"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    if request.param == "by the kernel" and os.geteuid() != 0:
        pytest.skip("only root can be several users")
    folder = Path(tempfile.mkdtemp(prefix="platen-rights-"))
    folder.chmod(0o755)
    port = free_port()
    tables = f'[listener]\naddress = "127.0.0.1"\nport = {port}\nplain = true\n'
    try:
        with Rig(folder, tables=tables) as rig:
            wait_for(lambda: any(event.kind == "modem-off" for event in rig.events()), "an event of the line")
            if request.param == "by a token":
                yield Stage(rig, by_token(rig, port))
            else:
                with closing(ByKernel(rig)) as ask:
                    yield Stage(rig, ask)
    finally:
        shutil.rmtree(folder)


def missing_of(answer: Answer) -> set[str]:
    """The rights that a refusal names."""
    status, problem = answer
    assert status == 403, answer
    assert problem["type"] == "not-allowed"
    return {
        name for right in Right for name in right_names(right) if name in problem["title"].replace(",", " ").split()
    }

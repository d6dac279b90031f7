"""The whole table of rights, request by request, as real users of this machine and as users known by a token: without
the right a clear refusal that names it, with it none; what belongs to another stays theirs; a spoofed CUPS user gains
nothing but the mark."""

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
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fax.access import EVERYBODY, FAX_ALL_ACCESS, Right, right_names
from fax.archive import ArchivedFax, ArchiveResult, Direction
from fax.book import Profile
from fax.mail import MailKind
from fax.types import CoverPage, Job, JobId, JobState, Recipient, Sender, Submission
from spooler import store_mail
from spooler.access import DEFAULT_GRANTS
from spooler.access_table import RULES
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

    def asked(self, user: str, *endpoints: str) -> list[Answer]:
        return self.ask(user, [self.request(endpoint) for endpoint in endpoints])

    def grant(self, user: str, mask: Right) -> None:
        """Let this user have these rights, and nobody any by being anybody."""
        self.rig.client.grant(EVERYBODY, 0)
        self.rig.client.grant(f"user:{user}", mask)


def by_kernel(rig: Rig) -> Asker:
    def ask(user: str, requests: Sequence[Request]) -> list[Answer]:
        about = pwd.getpwnam(user)
        done = subprocess.run(
            [sys.executable, "-m", "tests.spooler.asks_raw", str(rig.socket)],
            cwd=ROOT,
            input="".join(json.dumps(request) + "\n" for request in requests),
            capture_output=True,
            text=True,
            check=True,
            user=about.pw_uid,
            group=about.pw_gid,
            extra_groups=[],
        )
        return [tuple(json.loads(line)) for line in done.stdout.splitlines()]

    return ask


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
            yield Stage(rig, by_kernel(rig) if request.param == "by the kernel" else by_token(rig, port))
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


def test_without_any_right_every_request_of_the_table_is_refused_by_the_right_that_is_missing(stage: Stage) -> None:
    stage.grant("nobody", Right(0))
    asked = [endpoint for endpoint, rule in RULES.items() if (rule.right or rule.others) and endpoint not in OWN_ONLY]
    for endpoint, answer in zip(asked, stage.asked("nobody", *asked), strict=True):
        rule = RULES[endpoint]
        assert missing_of(answer) == set(right_names(rule.right or rule.others)), (endpoint, answer)
    assert stage.rig.client.job(stage.job).state is JobState.HELD
    assert {grant.subject for grant in stage.rig.client.grants()} == {EVERYBODY, "user:nobody"}
    for status, found in stage.asked("nobody", *OWN_ONLY):
        assert (status, [each["user"] for each in found if each["user"] != "nobody"]) == (200, [])


@pytest.mark.parametrize("endpoint", [endpoint for endpoint, rule in RULES.items() if rule.right or rule.others])
def test_every_other_right_together_does_not_stand_in_for_the_one_that_is_missing(stage: Stage, endpoint: str) -> None:
    if endpoint in OWN_ONLY:
        pytest.skip("answered with one's own")
    rule = RULES[endpoint]
    for needed in filter(None, (rule.right, rule.others)):
        stage.grant("nobody", FAX_ALL_ACCESS & ~needed)
        (answer,) = stage.asked("nobody", endpoint)
        assert missing_of(answer) == set(right_names(needed))


def test_what_is_for_administrators_no_right_gives(stage: Stage) -> None:
    asked = [endpoint for endpoint, rule in RULES.items() if rule.admin]
    stage.grant("nobody", FAX_ALL_ACCESS)
    for endpoint, (status, problem) in zip(asked, stage.asked("nobody", *asked), strict=True):
        assert (status, problem["type"]) == (403, "not-allowed"), endpoint
        assert problem["title"] == "nobody is no administrator"


def test_with_the_rights_that_the_table_names_nothing_is_refused_for_want_of_one(stage: Stage) -> None:
    for endpoint, rule in RULES.items():
        if rule.admin:
            continue
        # Another job each time: some of these end it.
        stage.job, stage.fax, stage.mail = stage.secret_fax().id, stage.archived_fax(), stage.mail_of_roots()
        stage.token = stage.rig.client.add_token("root's").about.id
        stage.fill_book()
        stage.grant("nobody", rule.right | rule.others)
        (answer,) = stage.asked("nobody", endpoint)
        assert answer[0] not in (401, 403, 500), (endpoint, answer)


def test_without_the_right_nothing_of_another_s_fax_is_seen_whatever_is_done_to_it(stage: Stage) -> None:
    stage.job, stage.fax = stage.secret_fax().id, stage.archived_fax()
    stage.grant("nobody", FAX_ALL_ACCESS & ~Right.JOB_QUERY & ~Right.WRITE_DAC)
    # The shared book is for all to see.
    seen = [endpoint for endpoint in RULES if not endpoint.startswith("DELETE") and "/book/" not in endpoint]
    answers = stage.asked("nobody", *seen)
    answers += stage.ask("nobody", [("GET", "/v1/jobs", None), ("GET", "/v1/events", None)])
    (cancelled,) = stage.ask("nobody", [("POST", f"/v1/jobs/{stage.job}/cancel", None)])
    (discarded,) = stage.asked("nobody", "DELETE /v1/mails/{id:int}")
    assert (discarded[0], discarded[1]["user"]) == (200, "root")
    said = json.dumps([*answers, cancelled, discarded])
    assert cancelled[1]["state"] == "cancelled"
    for secret in ("Secret", "5559876", "hush", f"Hidden-{stage.fax}"):
        assert secret not in said
    assert stage.rig.client.job(stage.job).title == "Secret title"


def test_one_s_own_fax_is_seen_and_changed_without_a_right_but_for_sending_it(stage: Stage) -> None:
    stage.grant("nobody", Right.JOB_SUBMIT)
    body = {"documents": [stage.rig.text()], "recipients": [{"number": "5552001"}], "hold": True}
    ((status, accepted),) = stage.ask("nobody", [("POST", "/v1/submissions", body)])
    assert status == 201
    (job,) = accepted["jobs"]
    stage.grant("nobody", Right(0))
    answers = stage.ask(
        "nobody",
        [
            ("GET", f"/v1/jobs/{job}", None),
            ("POST", f"/v1/jobs/{job}/address", {"number": "5552002"}),
            ("POST", f"/v1/jobs/{job}/cancel", None),
            ("GET", "/v1/jobs?state=cancelled", None),
            ("DELETE", f"/v1/jobs/{job}", None),
            ("POST", f"/v1/jobs/{stage.job}/resend", None),
        ],
    )
    assert [status for status, _ in answers] == [200] * 5 + [403]
    assert [about["id"] for about in answers[3][1]] == [job]
    assert missing_of(answers[-1]) == {"FAX_JOB_SUBMIT"}


def test_another_s_own_book_and_profile_are_nobody_else_s(stage: Stage) -> None:
    client = stage.rig.client
    own = client.add_person(Recipient(name="Private friend", number="5559876"))
    group = client.add_group("Private group", (own.id,))
    client.set_profile(Profile(sender=Sender(name="Root", home_phone="5550000")))
    stage.grant("nobody", FAX_ALL_ACCESS)
    body = {"recipient": {"name": "Mine now", "number": "1"}}
    answers = stage.ask(
        "nobody",
        [
            ("PUT", f"/v1/book/people/{own.id}", body),
            ("DELETE", f"/v1/book/people/{own.id}", None),
            ("DELETE", f"/v1/book/groups/{group.id}", None),
            ("POST", "/v1/book/groups", {"name": "Mine", "members": [own.id]}),
            ("GET", "/v1/book/find?name=Private%20friend", None),
            ("GET", f"/v1/book/find?name=book:{own.id}", None),
            ("GET", "/v1/book/find?name=Private%20group", None),
        ],
    )
    assert [(status, found["type"]) for status, found in answers] == [(404, "no-such-entry")] * 7
    looks = stage.ask(
        "nobody",
        [
            ("GET", "/v1/book/people", None),
            ("GET", "/v1/book/groups", None),
            ("GET", "/v1/book/export", None),
            ("GET", "/v1/profile", None),
        ],
    )
    assert [status for status, _ in looks] == [200] * 4
    assert "Private" not in json.dumps(looks)
    assert "5550000" not in json.dumps(looks)
    client.remove_group(group.id)
    client.remove_person(own.id)


def test_a_right_of_a_group_counts_for_its_members(stage: Stage) -> None:
    stage.grant("nobody", Right(0))
    stage.rig.client.grant("group:nogroup", Right.CONFIG_QUERY)
    stage.rig.client.grant("group:daemon", Right.JOB_QUERY)
    try:
        (about,) = stage.ask("nobody", [("GET", "/v1/access/check", None)])
        assert about[1]["mask"] == Right.CONFIG_QUERY
        assert about[1]["groups"] == ["nogroup"]
    finally:
        stage.rig.client.revoke("group:nogroup")
        stage.rig.client.revoke("group:daemon")


def test_a_spoofed_cups_user_gains_nothing_but_the_mark(stage: Stage) -> None:
    """The backend's user says that root, or whoever, has printed."""
    if stage.ask("lp", [("GET", "/v1/access/check", None)])[0][1]["via"] != "socket":
        pytest.skip("over TCP nobody speaks for others")
    rig = stage.rig
    rig.client.grant(EVERYBODY, DEFAULT_GRANTS[EVERYBODY])
    rig.client.grant("user:nobody", 0)
    body = {"documents": [rig.text()], "recipients": [{"number": "5552001"}], "hold": True}
    for claimed in ("root", "nobody", "no-such-user", "lp"):
        ((status, accepted),) = stage.ask("lp", [("POST", "/v1/submissions", {**body, "user": claimed})])
        assert status == 201
        (job,) = accepted["jobs"]
        about = rig.client.job(job)
        assert (about.user, about.claimed, about.submitter) == (claimed, True, "" if claimed == "lp" else "lp")
        # Neither who printed nor the backend can do with it, or as that user, what they could not before.
        looks: list[Request] = [("GET", f"/v1/jobs/{job}", None), ("POST", f"/v1/jobs/{job}/hold", None)]
        for user in {"nobody", "lp"} - {claimed}:
            assert [status for status, _ in stage.ask(user, looks)] == [403, 403]
        assert [status for status, _ in stage.ask("lp", [("GET", f"/v1/jobs/{stage.job}", None)])] == [403]
        assert [status for status, _ in stage.ask("lp", [("POST", f"/v1/jobs/{job}/cancel", None)])] == [200]
    # The named user sees what stands in their name, and that it is only said to be theirs.
    ((_, accepted),) = stage.ask("lp", [("POST", "/v1/submissions", {**body, "user": "nobody"})])
    ((status, about_own),) = stage.ask("nobody", [("GET", f"/v1/jobs/{accepted['jobs'][0]}", None)])
    assert (status, about_own["claimed"]) == (200, True)


def test_a_claimed_name_does_not_bring_the_right_to_send(stage: Stage) -> None:
    if stage.ask("lp", [("GET", "/v1/access/check", None)])[0][1]["via"] != "socket":
        pytest.skip("over TCP nobody speaks for others")
    rig = stage.rig
    request: Request = ("POST", "/v1/submissions", {"documents": [rig.text()], "recipients": [], "user": "nobody"})
    stage.grant("nobody", FAX_ALL_ACCESS)
    ((status, problem),) = stage.ask("lp", [request])
    assert (status, problem["title"]) == (403, "lp does not have the right FAX_JOB_SUBMIT")
    rig.client.grant("user:lp", Right.JOB_SUBMIT)
    stage.grant("nobody", FAX_ALL_ACCESS & ~Right.JOB_SUBMIT)
    ((status, problem),) = stage.ask("lp", [request])
    assert (status, missing_of((status, problem))) == (403, {"FAX_JOB_SUBMIT"})
    stage.grant("nobody", Right.JOB_SUBMIT)
    assert stage.ask("lp", [request])[0][0] == 201
    rig.client.revoke("user:lp")


def test_who_is_no_backend_speaks_for_nobody_else(stage: Stage) -> None:
    stage.grant("nobody", FAX_ALL_ACCESS)
    body = {"documents": [stage.rig.text()], "recipients": [], "user": "root"}
    ((status, problem),) = stage.ask("nobody", [("POST", "/v1/submissions", body)])
    assert (status, "may not submit a fax for root" in problem["title"]) == (403, True)


def test_events_of_lines_are_for_those_who_may_see_lines(stage: Stage) -> None:
    for mask, seen in ((Right.PORT_QUERY, True), (FAX_ALL_ACCESS & ~Right.PORT_QUERY, False), (Right(0), False)):
        stage.grant("nobody", mask)
        ((status, events),) = stage.ask("nobody", [("GET", "/v1/events", None)])
        assert status == 200
        assert any(event["port"] is not None and event["job"] is None for event in events) == seen


def test_what_is_done_to_another_s_fax_is_audited_and_to_one_s_own_is_not(stage: Stage) -> None:
    stage.job = stage.secret_fax().id
    stage.grant("nobody", FAX_ALL_ACCESS)
    last = stage.rig.client.audit()[-1].id
    stage.asked("nobody", "POST /v1/jobs/{id:int}/address", "POST /v1/jobs/{id:int}/cancel", "DELETE /v1/jobs/{id:int}")
    stage.rig.client.cancel(stage.secret_fax().id)
    said = [(line.user, line.action, line.subject) for line in stage.rig.client.audit(last)]
    subject = f"job {stage.job} of root"
    assert said == [
        ("nobody", "job addressed", subject),
        ("nobody", "job cancelled", subject),
        ("nobody", "job deleted", subject),
    ]


def test_every_change_has_its_line_in_the_audit(stage: Stage) -> None:
    stage.grant("nobody", FAX_ALL_ACCESS)
    ((_, lines),) = stage.ask("nobody", [("GET", "/v1/audit", None)])
    stage.asked("nobody", "PUT /v1/access/grants", "DELETE /v1/access/grants/{subject:path}")
    ((_, more),) = stage.ask("nobody", [("GET", f"/v1/audit?after={lines[-1]['id']}", None)])
    said = [(line["user"], line["action"], line["subject"], line["before"], line["after"]) for line in more]
    assert said == [
        ("nobody", "grant", "user:nobody-else", "none", "FAX_JOB_SUBMIT"),
        ("nobody", "revoke", "user:nobody-else", "FAX_JOB_SUBMIT", "none"),
    ]

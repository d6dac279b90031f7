"""The whole table of rights, request by request, as real users of this machine and as users known by a token: without
the right a clear refusal that names it, with it none; what belongs to another stays theirs; a spoofed CUPS user gains
nothing but the mark."""

from __future__ import annotations

import json

import pytest

from fax.access import EVERYBODY, FAX_ALL_ACCESS, Right, right_names
from fax.book import Profile
from fax.types import JobState, Recipient, Sender
from spooler.access import DEFAULT_GRANTS
from spooler.access_table import RULES
from tests.spooler.rights_stage import OWN_ONLY, Request, Stage, missing_of, stage

__all__ = ["stage"]


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
        stage.renew(endpoint)
        stage.grant("nobody", rule.right | rule.others)
        (answer,) = stage.asked("nobody", endpoint)
        assert answer[0] not in (401, 403, 500), (endpoint, answer)


def test_without_the_right_nothing_of_another_s_fax_is_seen_whatever_is_done_to_it(stage: Stage) -> None:
    stage.job, stage.fax, stage.mail = stage.secret_fax().id, stage.archived_fax(), stage.mail_of_roots()
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

"""Mails leave by a real mail server over TLS with a password: once, or again under the same name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest

from fax.book import Profile
from fax.errors import Cause, NotRunningError
from fax.mail import Mail, MailKind, MailSecurity, MailState
from fax.settings import SECRET, settings
from fax.types import JobId, JobState, Recipient, Report, ReportKind, Submission
from tests.spooler.rig import Rig, refusal, wait_for
from tests.spooler.smtp import PASSWORD, SENDER, USER, MailHost

ANN = "ann@example.org"
MAIL_SETTINGS = {each.name for each in settings() if each.name.startswith(("mail_", "report_", "waiting_"))}


@pytest.fixture(scope="module")
def one_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailHost]:
    with MailHost(tmp_path_factory.mktemp("mail")) as host:
        yield host


@pytest.fixture
def host(one_host: MailHost) -> MailHost:
    """A mail server that has taken nothing yet and takes everything."""
    one_host.policy.clear()
    return one_host


@pytest.fixture
def rig(shared_rig: Rig) -> Rig:
    """A daemon whose box is empty, and that knows no mail server and no address."""
    client = shared_rig.client
    client.change_configuration({each.name: each.default for each in settings() if each.name in MAIL_SETTINGS})
    client.set_profile(Profile())
    for mail in client.mails():
        client.discard_mail(mail.id)
    return shared_rig


def fail_one(rig: Rig, report: Report, title: str = "Offer") -> JobId:
    """A fax that has failed: it was cancelled."""
    document = rig.client.upload(BytesIO(b"A fax.\n"), "words.txt").id
    submission = Submission(
        documents=(document,), recipients=(Recipient(number="5552001"),), report=report, hold=True, title=title
    )
    (job,) = rig.client.submit(submission).jobs
    rig.client.cancel(job)
    return job


def mail_about(rig: Rig, job: JobId, state: MailState) -> Mail:
    """The one mail about a fax, once it is in this state."""
    found: list[Mail] = []

    def there() -> bool:
        with suppress(NotRunningError):
            found[:] = rig.client.mails(job=job)
        return bool(found) and found[0].state is state

    wait_for(there, f"a mail about job {job} that is {state.value}")
    assert len(found) == 1
    return found[0]


def test_a_report_fails_twice_outlives_a_killed_daemon_and_arrives_under_its_one_name(rig: Rig, host: MailHost) -> None:
    host.policy.answers = ["451 4.3.0 Not now", "452 4.2.2 Nor now", ""]
    rig.client.change_configuration(host.settings(mail_retry_s=0.3))
    job = fail_one(rig, Report(kind=ReportKind.EMAIL, address=ANN))
    wait_for(lambda: len(host.policy.tried) >= 1, "the first try")
    rig.restart()
    # The third try is taken, and the client never learns it: the fourth is the same mail, and says so.
    sent = mail_about(rig, job, MailState.SENT)
    assert host.policy.tried == [sent.message_id] * len(host.policy.tried)
    assert len(host.policy.tried) >= 4
    assert {taken.octets for taken in host.taken} == {host.taken[0].octets} and len(host.taken) >= 2
    taken = host.taken[-1]
    assert (taken.user, taken.sender, taken.to) == (USER, SENDER, ANN)
    assert taken.message["Subject"] == "Cancelled: fax to 5552001 - Offer"
    assert sent.tries >= 4 and sent.error == "" and sent.until is None


@pytest.mark.parametrize("security", [MailSecurity.TLS, MailSecurity.STARTTLS])
def test_a_test_mail_tells_what_the_mail_server_says(tmp_path: Path, rig: Rig, security: MailSecurity) -> None:
    with MailHost(tmp_path / "mail", security) as host:
        assert refusal(lambda: rig.client.test_mail(ANN)).cause is Cause.BAD_SETTING
        rig.client.change_configuration(host.settings())
        done = rig.client.test_mail(ANN)
        assert (done.sent, done.text) == (True, "taken")
        host.policy.answers = [f"250 queued \x1b]0;gotcha\x07 for {PASSWORD}"]
        assert rig.client.test_mail(ANN).text == "queued ]0;gotcha for ********", "one line that steers nothing"
        assert [taken.id for taken in host.taken] == [done.message_id]

        rig.client.change_configuration({"mail_password": "wrong"})
        refused = rig.client.test_mail(ANN)
        assert not refused.sent and "it does not take our name and password: 535" in refused.text
        assert "wrong" not in refused.text
        rig.client.change_configuration({"mail_password": PASSWORD, "mail_authorities": ""})
        refused = rig.client.test_mail(ANN)
        assert not refused.sent and "its certificate is not good" in refused.text
        rig.client.change_configuration({"mail_check_certificate": False})
        assert rig.client.test_mail(ANN).sent
        host.policy.nobody.add("nobody@example.org")
        assert "550" in rig.client.test_mail("nobody@example.org").text
        assert len(host.taken) == 2
        assert refusal(lambda: rig.client.test_mail("ann@example.org\r\nRCPT TO:<eve@example.org>")).cause is (
            Cause.BAD_REQUEST
        )


def test_a_password_is_never_given_out_and_stays_when_its_mask_is_put_back(rig: Rig, host: MailHost) -> None:
    client = rig.client
    after = client.change_configuration(host.settings())
    assert after.mail_password == SECRET
    assert client.configuration().mail_password == SECRET
    assert client.set_configuration(after).mail_password == SECRET
    assert client.test_mail(ANN).sent
    error = refusal(lambda: client.change_configuration({"mail_password": {"secret": PASSWORD}}))
    assert error.cause is Cause.BAD_SETTING and PASSWORD not in f"{error.text} {error.detail}"
    audit = {text for line in client.audit() if line.subject == "mail_password" for text in (line.before, line.after)}
    assert audit == {'""', f'"{SECRET}"'}
    assert PASSWORD not in rig.log.read_text()
    assert client.change_configuration({"mail_password": ""}).mail_password == ""


def test_what_cannot_be_sent_is_seen_tried_again_by_hand_and_discarded(rig: Rig, host: MailHost) -> None:
    report = Report(kind=ReportKind.EMAIL, address=ANN)
    job = fail_one(rig, report)
    waits = mail_about(rig, job, MailState.WAITING)
    wait_for(lambda: "No mail server is set" in rig.client.mails(job=job)[0].error, "the reason")
    # A mail server that is there now: what waits is tried at once, long before its pause is over.
    host.policy.nobody.add(ANN)
    rig.client.change_configuration(host.settings(mail_retry_s=3600))
    failed = mail_about(rig, job, MailState.FAILED)
    assert failed.message_id == waits.message_id
    assert failed.error == f"{ANN} is refused: 550 5.1.1 There is nobody of that name here"
    assert failed.until is None and host.taken == []
    host.policy.nobody.clear()
    rig.client.retry_mail(failed.id)
    assert mail_about(rig, job, MailState.SENT).message_id == waits.message_id == host.taken[0].id
    assert refusal(lambda: rig.client.retry_mail(failed.id)).cause is Cause.WRONG_STATE

    # Time is up: the try that was its last says so.
    host.policy.answers = ["451 4.3.0 Not now"]
    rig.client.change_configuration({"mail_give_up_s": 0})
    given_up = mail_about(rig, fail_one(rig, report), MailState.FAILED)
    assert given_up.error == "The mail is refused: 451 4.3.0 Not now; given up, its time is up"
    rig.client.discard_mail(given_up.id)
    assert refusal(lambda: rig.client.retry_mail(given_up.id)).cause is Cause.NO_SUCH_ENTRY


def test_an_inbox_is_where_the_profile_says_or_a_mailbox_of_ones_own_name(rig: Rig, host: MailHost) -> None:
    client = rig.client
    client.change_configuration(host.settings())
    inbox = Report(kind=ReportKind.INBOX)
    unknown = mail_about(rig, fail_one(rig, inbox), MailState.FAILED)
    assert unknown.error.startswith("There is no mail address for ")
    client.change_configuration({"mail_domain": "example.net"})
    first = mail_about(rig, fail_one(rig, inbox), MailState.SENT)
    assert first.address == f"{first.user}@example.net"
    client.set_profile(Profile(mail=ANN))
    assert mail_about(rig, fail_one(rig, inbox), MailState.SENT).address == ANN
    assert [taken.to for taken in host.taken] == [first.address, ANN]


def test_the_owner_of_a_fax_without_a_number_gets_one_mail_about_it(rig: Rig, host: MailHost) -> None:
    client = rig.client
    client.set_profile(Profile(mail=ANN))
    client.change_configuration(host.settings(waiting_mail_s=0))
    job = rig.send(None).id
    rig.until(job, JobState.ADDRESS)
    notice = mail_about(rig, job, MailState.SENT)
    assert notice.kind is MailKind.WAITING
    taken = host.taken[0]
    assert taken.message["Subject"] == "Your fax waits for its number"
    assert f"platen address {job} --to NUMBER" in taken.text
    rig.restart()
    second = rig.send(None).id
    mail_about(rig, second, MailState.SENT)
    # The second fax was looked at after the first: it would have been announced again by now.
    assert [mail.job for mail in client.mails() if mail.kind is MailKind.WAITING] == [job, second]


def test_a_restarted_fax_reports_its_new_end_too(rig: Rig, host: MailHost) -> None:
    rig.client.change_configuration(host.settings())
    job = fail_one(rig, Report(kind=ReportKind.EMAIL, address=ANN))
    rig.client.hold(rig.client.restart(job).id)
    rig.client.cancel(job)
    wait_for(lambda: len(host.taken) == 2, "two reports")
    assert len({taken.id for taken in host.taken}) == 2


def test_one_report_for_all_recipients_comes_when_the_last_has_ended(rig: Rig, host: MailHost) -> None:
    rig.client.change_configuration(host.settings())
    numbers = ("5552001", "5552002", "5552003")
    submission = Submission(
        documents=(rig.text(),),
        recipients=tuple(Recipient(number=number) for number in numbers),
        report=Report(kind=ReportKind.EMAIL, address=ANN, together=True),
        hold=True,
        title="Circular",
    )
    accepted = rig.client.submit(submission)
    for job in accepted.jobs:
        assert rig.client.mails() == []  # the store answers in order: a report would be there
        rig.client.cancel(job)
    wait_for(lambda: host.taken, "the report")
    (mail,) = rig.client.mails()
    assert (mail.job, mail.submission) == (None, accepted.submission)
    taken = host.taken[0]
    assert taken.message["Subject"] == "0 of 3 faxes delivered - Circular"
    for job, number in zip(accepted.jobs, numbers, strict=True):
        assert any(line.split()[:3] == [str(job), number, "Cancelled"] for line in taken.text.splitlines())

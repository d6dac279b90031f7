"""platen report and platen mail against a running daemon and a real mail server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from PIL import Image

from fax.client import Client
from fax.mail import MailState
from fax.settings import SECRET
from fax.types import JobId, JobState, Recipient, Report, ReportKind, Submission
from tests.cli.command import platen
from tests.spooler.rig import REPORT, Rig, wait_for
from tests.spooler.smtp import PASSWORD, MailHost

ANN = "ann@example.org"


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with TemporaryDirectory(prefix="platen-") as folder, Rig(Path(folder), port=False) as running:
        yield running


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailHost]:
    with MailHost(tmp_path_factory.mktemp("mail")) as host:
        yield host


def run(rig: Rig, *arguments: str, code: int = 0, octets: bytes = b"") -> str:
    done = platen(*arguments, socket=rig.socket, octets=octets)
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout if code == 0 else done.stderr


def cancelled(client: Client, title: str) -> JobId:
    """A fax of three pages that was cancelled before it was called, and whose sender wants a report."""
    submission = Submission(
        documents=(client.upload(REPORT).id,),
        recipients=(Recipient(number="5552001", name="Jörg Müller"),),
        report=Report(kind=ReportKind.EMAIL, address=ANN),
        hold=True,
        title=title,
    )
    (job,) = client.submit(submission).jobs
    wait_for(lambda: client.job(job).pages_total is not None, "its pages")
    client.cancel(job)
    return job


def text_of(sheet: Path) -> str:
    done = subprocess.run(["pdftotext", "-layout", str(sheet), "-"], capture_output=True, check=True, text=True)
    return done.stdout


def test_mail_is_set_up_tried_and_looked_after(rig: Rig, host: MailHost) -> None:
    settings = {name: value for name, value in host.settings(mail_retry_s=3600).items() if name != "mail_password"}
    changes = [f"{name}={value}" for name, value in settings.items()]
    said = run(rig, "config", "set", *changes, "mail_password=-", octets=PASSWORD.encode() + b"\n")
    assert f"mail_password = {SECRET}\n" in said and PASSWORD not in said
    assert run(rig, "config", "get", "mail_password") == f"{SECRET}\n"
    assert run(rig, "mail", "test", ANN) == "sent: taken\n"
    host.policy.nobody.add("nobody@example.org")
    assert "not sent: nobody@example.org is refused: 550" in run(rig, "mail", "test", "nobody@example.org", code=1)

    host.policy.answers.append("451 4.3.0 Not now")
    job = cancelled(rig.client, "Offer")
    wait_for(lambda: any("Not now" in mail.error for mail in rig.client.mails(job=job)), "its first try")
    (line,) = run(rig, "mail", "list").splitlines()
    id, state, about, to, of, _, tries, why = line.split("\t")
    assert (state, about, to, of, tries) == ("waiting", "report", ANN, str(job), "1")
    assert why.startswith("The mail is refused: 451 4.3.0 Not now; next try ") and "; given up " in why
    assert run(rig, "mail", "retry", id) == f"mail {id}: is tried again\n"
    wait_for(lambda: rig.client.mails(job=job)[0].state is MailState.SENT, "the mail")
    assert run(rig, "mail", "list") == ""
    (found,) = json.loads(run(rig, "mail", "list", "--job", str(job), "--json"))
    assert found["message_id"] == host.taken[-1].id and found["state"] == "sent"
    run(rig, "mail", "discard", id)
    assert "There is no mail" in run(rig, "mail", "discard", id, code=4)


def test_a_report_shows_page_one_and_brings_the_sheet(rig: Rig, host: MailHost, tmp_path: Path) -> None:
    client = rig.client
    client.change_configuration(host.settings(report_picture=True, report_sheet=True, report_language="de"))
    host.policy.clear()
    job = cancelled(client, "Angebot – 李")
    wait_for(lambda: host.taken, "the report")
    files = host.taken[0].files()
    assert sorted(files) == [f"fax-{job}.pdf", "page-1.png"]
    (tmp_path / "page-1.png").write_bytes(files["page-1.png"])
    with Image.open(tmp_path / "page-1.png") as picture:
        assert picture.width == 1728 // 3
    (tmp_path / "sheet.pdf").write_bytes(files[f"fax-{job}.pdf"])
    sheet = text_of(tmp_path / "sheet.pdf")
    assert "Abgebrochen" in sheet and "Jörg Müller" in sheet and "nicht gesendet" in sheet

    total = client.job(job).pages_total
    text = run(rig, "report", str(job), "--language", "en")
    assert text.startswith("Cancelled: fax to 5552001 (Jörg Müller) - Angebot – 李\n\nNo page was received.\n")
    assert f"Pages 1 to {total}  not sent\n" in text
    assert run(rig, "report", str(job), "--pdf", str(tmp_path / "own.pdf")) == f"job {job}: {tmp_path / 'own.pdf'}\n"
    assert text_of(tmp_path / "own.pdf").split() == sheet.split()
    found = json.loads(run(rig, "report", str(job), "--json"))
    assert found["result"] == "not-delivered" and found["job"]["state"] == JobState.CANCELLED.value
    assert "There is no job" in run(rig, "report", "4711", code=5)
    # What is still under way is told as it stands.
    (waits,) = client.submit(
        Submission(documents=(client.upload(REPORT).id,), recipients=(Recipient(number="5552001"),), hold=True)
    ).jobs
    assert run(rig, "report", str(waits), "--language", "en").startswith("Not ended yet: fax to 5552001\n")

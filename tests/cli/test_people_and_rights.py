"""The commands of the book, the profile, rights and numbers, with the real daemon; and times as people write them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import typer

from cli.exits import ExitCode
from cli.sending import is_name
from cli.when import instant
from fax.types import Priority, ReportKind, ScheduleAction
from tests.cli.command import REPORT, platen
from tests.spooler.rig import Rig

GERMANY = '[dialling]\ncountry = "DE"\narea_code = "30"\noutside_line = "0,"\n'
Run = Callable[..., str]


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with TemporaryDirectory(prefix="platen-") as folder, Rig(Path(folder), port=False, tables=GERMANY) as running:
        yield running


@pytest.fixture
def run(rig: Rig) -> Run:
    def act(*words: object, code: int = 0, octets: bytes = b"") -> str:
        done = platen(*map(str, words), socket=rig.socket, octets=octets)
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    return act


def test_a_number_is_shown_as_it_will_be_dialled_or_refused_with_the_remedy(run: Run) -> None:
    assert run("numbers", "check", "030 1234567") == "+49301234567 (DE)\ndialled: 0,0301234567\n"
    assert json.loads(run("numbers", "check", "1234567", "--json"))["number"] == "+49301234567"
    assert "emergency" in run("numbers", "check", "0,112", code=ExitCode.REFUSED)
    assert "could be +493012345678" in run("numbers", "check", "493012345678", code=ExitCode.REFUSED)


def test_a_fax_goes_to_people_and_groups_of_the_book(rig: Rig, run: Run) -> None:
    ann = json.loads(run("book", "add", "Ann Lee", "030 2000001", "--company", "Clinic", "--json"))["id"]
    bob = json.loads(run("book", "add", "Bob Roe", "+49 30 2000002", "--shared", "--json"))["id"]
    assert run("book", "list", "le") == f"{ann}\tAnn Lee\tClinic\t+49302000001\town\t\t\n"
    run("book", "group", "set", "Board", ann, bob)
    accepted = json.loads(run("send", REPORT, "--to", "board", "--hold", "--json"))
    jobs = rig.client.jobs(submission=accepted["submission"])
    assert [job.recipient.name for job in jobs] == ["Ann Lee", "Bob Roe"]
    run("book", "change", ann, "--number", "030 2000009")
    assert "+49302000009" in run("book", "find", "ann lee")
    assert "name of its own" in run("send", REPORT, "--to", "Bob Roe", "--name", "Bob", code=ExitCode.USAGE)
    assert "nobody called" in run("send", REPORT, "--to", "Nobody", code=ExitCode.REFUSED)
    (waits,) = json.loads(run("send", REPORT, "--json"))["jobs"]
    assert "Bob Roe" in run("address", waits, "--to", f"book:{bob}")
    assert "one recipient" in run("address", waits, "--to", "Board", code=ExitCode.USAGE)
    run("book", "remove", ann)
    assert len(rig.client.find("Board").recipients) == 1


def test_a_book_is_taken_in_and_given_out(run: Run, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("name,number,groups\nEve,030 2000003,Import\nSos,112,\n")
    done = platen("book", "import", tmp_path / "people.csv", socket=None)
    assert done.returncode == ExitCode.NOT_RUNNING
    assert run("book", "import", tmp_path / "people.csv") == "1 added, 0 changed, 0 as they were\n"
    run("book", "export", "-o", tmp_path / "people.vcf")
    assert "FN:Eve" in (tmp_path / "people.vcf").read_text()
    assert run("book", "import", tmp_path / "people.vcf").startswith("0 added, 0 changed,")
    assert "Eve" in run("book", "export")


def test_where_somebody_s_faxes_go_is_set_listed_and_in_the_files(run: Run, tmp_path: Path) -> None:
    desk = ("book", "add", "Front Desk", "030 2000005", "--shared", "--email", "desk@example.org", "--user", "desk")
    assert "mail desk@example.org, user desk" in run(*desk)
    (row,) = run("book", "list", "front").splitlines()
    id, *_, email, user = row.split("\t")
    assert (email, user) == ("desk@example.org", "desk")
    assert "not an e-mail address" in run("book", "change", id, "--email", "a@b@c", code=ExitCode.REFUSED)
    assert "user" not in run("book", "change", id, "--user", "")
    for name, before, after in (("book.csv", "desk@", "csv@"), ("book.vcf", "csv@", "vcf@")):
        run("book", "export", "--shared", "-o", tmp_path / name)
        said = (tmp_path / name).read_text()
        assert said.count(before) == 1
        (tmp_path / name).write_text(said.replace(before, after))
        assert ", 1 changed," in run("book", "import", "--shared", tmp_path / name)
        assert run("book", "list", "front").split("\t")[5] == f"{after}example.org"
    (tmp_path / "old.csv").write_text("name,number\nFront Desk,030 2000005\n")
    assert "0 changed, 1 as they were" in run("book", "import", "--shared", tmp_path / "old.csv")


def test_the_profile_is_changed_field_by_field_and_fills_a_fax(rig: Rig, run: Run) -> None:
    run("profile", "set", "--name", "Dr Lee", "--billing-code", "B7")
    run("profile", "set", "--company", "Clinic", "--report", "email", "--report-address", "lee@example.org")
    assert "Clinic" in run("profile", "show")
    (job,) = json.loads(run("send", REPORT, "--json"))["jobs"]
    about = rig.client.job(job)
    assert (about.sender.name, about.sender.company, about.billing_code) == ("Dr Lee", "Clinic", "B7")
    assert (about.report.kind, about.report.address) == (ReportKind.EMAIL, "lee@example.org")
    (unreported,) = json.loads(run("send", REPORT, "--report", "none", "--json"))["jobs"]
    assert rig.client.job(unreported).report.kind is ReportKind.NONE
    run("profile", "set", "--name", "", "--company", "", "--billing-code", "", "--report", "none")
    assert run("profile", "show") == ""


def test_what_a_fax_is_to_be_is_said_when_it_is_sent(rig: Rig, run: Run) -> None:
    words = ["--at", "2040-01-01 10:00", "--until", "2040-01-02 10:00", "--priority", "high", "--retries", "7"]
    words += ["--sub-address", "42", "--password", "sesame", "--ident", "+49 30 1", "--billing-code", "C1"]
    (job,) = json.loads(run("send", REPORT, "--to", "030 2000004", *words, "--json"))["jobs"]
    about = rig.client.job(job)
    at = datetime(2040, 1, 1, 10).astimezone()
    assert (about.schedule.action, about.schedule.at) == (ScheduleAction.AT, at)
    assert about.schedule.give_up_at == at + timedelta(days=1)
    assert (about.priority, about.retries, about.tsid, about.billing_code) == (Priority.HIGH, 7, "+49 30 1", "C1")
    assert (about.recipient.sub_address, about.recipient.password) == ("42", "********")
    assert "no group of ports" in run("send", REPORT, "--to", "030 2000004", "--ports", "x", code=ExitCode.REFUSED)
    run("send", REPORT, "--to", "030 2000004", "--at", "10:00", "--discount", code=ExitCode.USAGE)
    run("send", REPORT, "--to", "030 2000004", "--at", "soon", code=ExitCode.USAGE)
    (job,) = json.loads(run("fetch", "030 2000005", "--selection", "7", "--json"))["jobs"]
    poll = rig.client.job(job).poll
    assert poll is not None and poll.selection == "7"


def test_rights_are_granted_shown_and_taken_away(rig: Rig, run: Run) -> None:
    assert "administrator" in run("access", "check", "all")
    assert "FAX_JOB_QUERY" in run("access", "grant", "group:staff", "job-query,job-submit")
    assert "group:staff\tFAX_JOB_SUBMIT FAX_JOB_QUERY" in run("access", "list")
    run("access", "revoke", "group:staff")
    assert "is not a right" in run("access", "grant", "user:ann", "everything", code=ExitCode.REFUSED)
    token = run("access", "token", "add", "gateway", "--user", "ann", "--expires", "2040-01-01").strip()
    assert token.startswith("platen_")
    about = json.loads(run("access", "token", "list", "--json"))[-1]
    assert (about["name"], about["user"], about["expires"][:4]) == ("gateway", "ann", "2039" if _east() else "2040")
    run("access", "token", "remove", about["id"])
    run("access", "password", "set", "ann", octets=b"long enough\n")
    assert "ann" in run("access", "password", "list")
    run("access", "password", "remove", "ann")
    audit = run("access", "audit")
    for word in ("grant", "revoke", "token added", "token removed", "password set", "password removed"):
        assert word in audit
    assert token not in audit
    assert "long enough" not in audit


def _east() -> bool:
    """Whether the new year begins here before it does in UTC."""
    offset = datetime(2040, 1, 1).astimezone().utcoffset()
    return offset is not None and offset > timedelta(0)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("5552001", False),
        ("+49 (30) 1", False),
        ("0w5p1", False),
        ("tel:+49301", False),
        ("Ann Lee", True),
        ("book:12", True),
        ("Board 2", True),
        ("Élodie", True),
    ],
)
def test_what_has_letters_is_somebody_in_the_book(written: str, name: bool) -> None:
    assert is_name(written) == name


def test_a_time_is_the_next_one_that_the_clock_will_say_or_a_day_s() -> None:
    noon = datetime(2026, 11, 20, 12, 0).astimezone()
    assert instant("14:30", "--at", noon) == datetime(2026, 11, 20, 14, 30).astimezone()
    assert instant("12:00", "--at", noon) == datetime(2026, 11, 21, 12, 0).astimezone()
    assert instant("2026-12-24 18:00", "--at", noon) == datetime(2026, 12, 24, 18, 0).astimezone()
    assert instant("2026-12-24T18:00", "--at", noon).tzinfo is UTC
    for wrong in ("", "25:00", "tomorrow", "2026-13-01 10:00"):
        with pytest.raises(typer.BadParameter):
            instant(wrong, "--at", noon)

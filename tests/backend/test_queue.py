"""``platen queue``: the printer put into a CUPS, listed, kept up to date and taken out again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.book import read_book
from backend.checks import RULES, apparmor, program_faults, unreadable
from backend.install import KEEPER, InstallError
from backend.options import parameters
from backend.queue import Queue, add_queue, device_uri, queues, remove_queue, with_settings
from fax import Recipient
from tests.backend.desk import COMPLETED, Desk
from tests.backend.real_daemon import Daemon, prepared
from tests.backend.recorder import Recorder

Platen = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def platen(desk: Desk, tmp_path: Path) -> Iterator[Platen]:
    """The command on this CUPS, with folders for its programs and settings; ends with only the desk's queue there."""
    for name in ("backend", "filter"):
        (tmp_path / "bin" / name).mkdir(parents=True)

    def run(act: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        where: list[str | Path] = ["--server", desk.cups.socket]
        if act in ("add", "remove"):
            where += ["--serverbin", tmp_path / "bin", "--cache", desk.cups.folder / "cache"]
        if act in ("add", "refresh"):
            where += ["--config", tmp_path / "platen.toml"]
        command = [sys.executable, "-m", "cli.main", "queue", act, *where, *arguments]
        return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)

    yield run
    for queue in queues(str(desk.cups.socket)):
        if queue.name != desk.cups.queue:
            remove_queue(queue.name, str(desk.cups.socket))


def _uri(desk: Desk, name: str) -> str:
    return next(queue.uri for queue in queues(str(desk.cups.socket)) if queue.name == name)


def test_a_queue_is_added_set_anew_listed_and_removed(desk: Desk, platen: Platen, tmp_path: Path) -> None:
    for number in ("5552001", "+49 30 123"):
        done = platen("add", "office", "--to", number, "--cover=default", "--no-title", "--shared")
        assert done.returncode == 0, done.stderr
    assert "lp -d office FILE" in done.stdout
    assert parameters(_uri(desk, "office")) == (("to", "+49 30 123"), ("cover", "default"), ("title", "no"))
    assert (tmp_path / "bin" / "backend" / "platen").stat().st_mode & 0o777 == 0o755
    assert {file.name for file in (tmp_path / "bin" / "filter").iterdir()} == {"platen-pass", "platen-pdf", KEEPER}
    listed = json.loads(platen("list", "--json").stdout)
    assert [(item["name"], item["fax"], item["shared"]) for item in listed] == [
        (desk.cups.queue, True, False),
        ("office", True, True),
    ]
    assert platen("remove", "office").returncode == 0
    assert "office" not in desk.run("lpstat", "-v")
    done = platen("remove", "office")
    assert (done.returncode, done.stderr) == (4, f"platen: there is no queue office of ours: {desk.cups.queue}\n")


def test_a_plain_queue_is_no_fax_to_cups_and_prints_to_the_same_backend(
    desk: Desk, recorder: Recorder, platen: Platen, pdf: Path
) -> None:
    assert platen("add", "paper", "--plain").returncode == 0
    types = {
        name: next(word for word in desk.run("lpoptions", "-p", name).split() if word.startswith("printer-type="))
        for name in ("paper", desk.cups.queue)
    }
    bits = {name: int(text.partition("=")[2]) & 0x40000 for name, text in types.items()}
    assert bits == {"paper": 0, desk.cups.queue: 0x40000}
    assert desk.wait(desk.lp("-t", "5552001", pdf, queue="paper")).state == COMPLETED
    assert recorder.only.submission.recipients[0].number == "5552001"


def test_people_of_the_address_book_can_be_chosen_and_change(
    desk: Desk, recorder: Recorder, platen: Platen, pdf: Path, open_folder: Path
) -> None:
    book = open_folder / "book.csv"
    book.write_text("name;company;number\nÄnne Müller;Praxis;+49 30 1\nBob;;5552002\n", "utf-8")
    assert platen("add", "office", "--book", book).returncode == 0
    bob, anne = sorted(read_book(book), key=lambda entry: entry.number, reverse=True)
    assert anne.keyword in desk.run("lpoptions", "-p", "office", "-l").split()
    desk.run("lpadmin", "-p", "office", "-o", f"FaxBook={bob.keyword}", "-o", "PageSize=B4")
    assert platen("refresh").stdout.splitlines() == [f"{desk.cups.queue}: is up to date", "office: is up to date"]

    desk.wait(desk.lp("-o", f"FaxBook={anne.keyword}", pdf, queue="office"))
    (taken,) = recorder.taken.values()
    whom = taken.submission.recipients[0]
    assert (whom.number, whom.name, whom.company) == ("+49 30 1", "Änne Müller", "Praxis")

    book.write_text("name;company;number\nBob;;5552002\nCarol;;5552003\n", "utf-8")
    assert "office: brought up to date" in platen("refresh", "office").stdout
    listed = desk.run("lpoptions", "-p", "office", "-l")
    assert anne.keyword not in listed
    assert f"*{bob.keyword}" in listed
    assert "*B4" in listed
    desk.wait(desk.lp("-o", f"FaxBook={anne.keyword}", pdf, queue="office"))
    assert list(recorder.taken.values())[1].submission.recipients[0].number is None
    book.unlink()


def test_people_of_the_servers_shared_book_can_be_chosen(
    daemon: Daemon, real: Desk, tmp_path: Path, pdf: Path, open_folder: Path
) -> None:
    for name in ("backend", "filter"):
        (tmp_path / name).mkdir(exist_ok=True)

    def run(*arguments: str | Path) -> str:
        where = ["--server", real.cups.socket, "--config", tmp_path / "none.toml"]
        command = [sys.executable, "-m", "cli.main", "--socket", daemon.socket, "queue", *arguments, *where]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    daemon.client.add_person(Recipient(name="Änne Müller", number="+49 30 1", company="Praxis"), shared=True)
    daemon.client.add_person(Recipient(name="My own", number="+49 30 2"))
    copies = open_folder / "copies"
    run("add", "office", "--book", "shared", "--copies", copies, "--serverbin", tmp_path, "--cache", tmp_path)
    (entry,) = read_book(copies / "platen-shared-book.csv")
    assert entry.keyword in real.run("lpoptions", "-p", "office", "-l")
    real.wait(real.lp("-t", "chosen", "-o", f"FaxBook={entry.keyword}", pdf, queue="office"))
    (job,) = prepared(daemon, "chosen")
    assert (job.recipient.number, job.recipient.name, job.recipient.company) == ("+49301", "Änne Müller", "Praxis")

    daemon.client.add_person(Recipient(name="Bob", number="+49 30 3"), shared=True)
    assert "office: brought up to date" in run("refresh")
    assert {item.name for item in read_book(copies / "platen-shared-book.csv")} == {"Änne Müller", "Bob"}
    assert "office: is up to date" in run("refresh")
    assert (copies / "platen-shared-book.csv").stat().st_mode & 0o777 == 0o640
    remove_queue("office", str(real.cups.socket))


def test_the_queue_has_its_picture(desk: Desk, platen: Platen) -> None:
    assert platen("add", "office").returncode == 0
    with urllib.request.urlopen(f"http://{desk.cups.server}/icons/office.png") as answer:
        assert answer.read() == (Path("ppd") / "icon.png").read_bytes()


def test_cover_pages_of_the_site_can_be_chosen(desk: Desk, platen: Platen, tmp_path: Path) -> None:
    (tmp_path / "covers").mkdir()
    for name in ("letter.toml", "not a choice.toml", "readme.txt"):
        (tmp_path / "covers" / name).touch()
    (tmp_path / "spool" / "templates" / "common" / "installed").mkdir(parents=True)
    (tmp_path / "spool" / "templates" / "common" / "installed" / "template.toml").touch()
    (tmp_path / "platen.toml").write_text(f'cover_folder = "{tmp_path}/covers"\nspool = "{tmp_path}/spool"\n')
    assert platen("add", "office").returncode == 0
    listed = desk.run("lpoptions", "-p", "office", "-l")
    offered = next(line for line in listed.splitlines() if line.startswith("FaxCover/")).split(": ")[1].split()
    assert offered[:2] == ["*None", "default"]
    assert {"business", "strip-de", "letter", "installed"} <= set(offered)
    assert not {"not", "readme", "template"} & set(offered)
    assert _uri(desk, "office") == f"platen:/fax?spool={tmp_path}/spool"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("a/b",), "cannot be the name of a queue"),
        (("office", "--book", "/nonexistent.csv"), "The address book cannot be used"),
        (("office", "--rules", "/nonexistent.toml"), "/nonexistent.toml: No such file"),
        (("office", "--serverbin", "/nonexistent"), "cannot be written"),
    ],
)
def test_what_cannot_be_set_up_is_told_in_a_sentence(
    desk: Desk, platen: Platen, arguments: tuple[str, ...], text: str
) -> None:
    done = platen("add", *arguments)
    assert done.returncode != 0
    assert text in done.stderr
    assert "Traceback" not in done.stderr
    assert "office" not in desk.run("lpstat", "-v")


def test_settings_that_are_not_the_usual_ones_go_into_the_uri(tmp_path: Path) -> None:
    config = tmp_path / "platen.toml"
    config.write_text('socket = "/run/other.sock"\nspool = "/var/spool/platen"\n')
    made = with_settings(Queue(name="x", uri=device_uri([("to", "+1&2;3")])), config)
    assert parameters(made.uri) == (("to", "+1&2;3"), ("socket", "/run/other.sock"))
    assert with_settings(made, tmp_path / "none") == made
    config.write_text("nonsense")
    with pytest.raises(InstallError, match=r"platen\.toml cannot be read"):
        with_settings(made, config)


def test_a_cups_that_refuses_or_is_away_is_told(desk: Desk) -> None:
    server = str(desk.cups.socket)
    with pytest.raises(InstallError, match="did not remove the queue berlin"):
        remove_queue("berlin", server)
    with pytest.raises(InstallError, match="did not take the queue berlin"):
        add_queue(Queue(name="berlin"), "127.0.0.1:1")


def test_modes_that_cups_would_refuse_are_found(tmp_path: Path) -> None:
    program = tmp_path / "platen"
    program.touch(mode=0o755)
    program.chmod(0o755)
    tmp_path.chmod(0o755)
    assert list(program_faults(program)) == []
    for mode, text in ((0o775, "chmod go-w"), (0o4755, "chmod u-s")):
        program.chmod(mode)
        assert [text in fault for fault in program_faults(program)] == [True]
    program.chmod(0o755)
    tmp_path.chmod(0o777)
    assert [str(tmp_path) in fault for fault in program_faults(program)] == [True]
    program.unlink()
    assert [str(program) in fault for fault in program_faults(program)] == [True]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can look as somebody else")
def test_files_that_the_backend_cannot_read_are_found(open_folder: Path) -> None:
    file = open_folder / "secret.csv"
    file.touch(mode=0o600)
    assert [str(file) in fault for fault in unreadable([file])] == [True]
    file.chmod(0o644)
    assert list(unreadable([file])) == []
    file.unlink()
    assert len(list(unreadable([file]))) == 1


def _machine(root: Path, profile: str, loaded: str = "/usr/sbin/cupsd (enforce)\n", enabled: str = "Y\n") -> Path:
    for name, text in (
        ("sys/module/apparmor/parameters/enabled", enabled),
        ("sys/kernel/security/apparmor/profiles", loaded),
        ("etc/apparmor.d/usr.sbin.cupsd", profile),
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_what_apparmor_needs_is_told(tmp_path: Path) -> None:
    stock = (
        "/usr/lib/cups/backend/* Cx -> third_party,\n/usr/lib/cups/filter/** Cxr -> third_party,\nprofile third_party {"
    )
    assert "nothing is needed" in apparmor(tmp_path / "none")[0]
    assert "nothing is needed" in apparmor(_machine(tmp_path / "off", "", enabled="N\n"))[0]
    assert "no profile" in apparmor(_machine(tmp_path / "free", "", loaded="/usr/bin/man (enforce)\n"))[0]
    assert "third_party" in apparmor(_machine(tmp_path / "stock", stock))[0]
    assert apparmor(_machine(tmp_path / "own", "/usr/lib/cups/backend/ipp ixr,\n"))[1:] == RULES

"""FaxStartPrintJob at a private CUPS, by programs of their own; what the backend hands over then is looked at."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from backend.private import PrivateCups
from backend.queue import Queue, add_queue, remove_queue
from fax.types import Report, ReportKind
from tests.backend.desk import ABORTED, CANCELLED, COMPLETED, Desk, eventually
from tests.backend.recorder import Recorder
from tests.spooler.rig import ROOT

HEAD = """
import json, sys
import winfax
from winfax import *
from pathlib import Path
info = FAX_PRINT_INFO(DocName="Zwei Seiten", RecipientNumber="5552001", RecipientName="Müller, 'Jo' \\\\ Söhne",
    SenderName="Ann Lee", SenderCompany="Praxis", SenderDept="Labor", SenderBillingCode="K 17",
    DrEmailAddress="ann@example.org")
context = FAX_CONTEXT_INFO()
told = {}
def start(printer=None):
    ok, told["job"] = FaxStartPrintJob(printer, info, context)
    told["started"], told["error"], told["text"] = ok, 0 if ok else GetLastError(), last_error_text()
    return ok
def two_pages(page):
    for number in (1, 2):
        assert page.StartPage() > 0
        page.canvas.drawString(72, 700, f"Page {number}")
        assert page.EndPage() > 0
"""
TAIL = "\nprint(json.dumps(told))\n"
Program = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where the user lp can reach."""
    made = Path(tempfile.mkdtemp(prefix="platen-print-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def cups(folder: Path) -> Iterator[PrivateCups]:
    (folder / "spool" / "incoming").mkdir(parents=True)
    with PrivateCups(folder / "cups", daemon_socket=folder / "api.sock", spool=folder / "spool") as running:
        yield running


@pytest.fixture
def recorder(folder: Path) -> Iterator[Recorder]:
    server = Recorder(folder / "api.sock")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def program(cups: PrivateCups) -> Program:
    """Runs a program against this CUPS; what it told."""

    def run(text: str, **environment: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-c", HEAD + text + TAIL],
            cwd=ROOT,
            env={**os.environ, "CUPS_SERVER": str(cups.socket), "PLATEN_SOCKET": "/nowhere/api.sock", **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert isinstance(told, dict)
        return told

    return run


def _pages(octets: bytes) -> int:
    with pikepdf.open(BytesIO(octets)) as document:
        return len(document.pages)


def test_drawn_pages_become_a_fax_that_nobody_is_asked_about(
    cups: PrivateCups, program: Program, recorder: Recorder
) -> None:
    told = program(
        "start(); two_pages(context.hDC); told['end'] = context.hDC.EndDoc(); told['name'] = context.ServerName"
    )
    assert (told["started"], told["end"], told["name"]) == (True, 1, "")
    assert Desk(cups).wait(told["job"]).state == COMPLETED
    submission = recorder.only.submission
    (recipient,) = submission.recipients
    assert (recipient.number, recipient.name) == ("5552001", "Müller, 'Jo' \\ Söhne")
    assert (submission.sender.name, submission.sender.company, submission.sender.department) == (
        "Ann Lee",
        "Praxis",
        "Labor",
    )
    assert (submission.title, submission.billing_code) == ("Zwei Seiten", "K 17")
    assert submission.report == Report(kind=ReportKind.EMAIL, address="ann@example.org")
    assert [_pages(octets) for octets in recorder.contents(recorder.only)] == [2]


def test_nothing_is_faxed_before_the_end_of_the_document(
    cups: PrivateCups, program: Program, recorder: Recorder
) -> None:
    aborted = program("start(); two_pages(context.hDC); told['end'] = context.hDC.AbortDoc()")
    deleted = program("start(); two_pages(context.hDC); told['end'] = context.hDC.DeleteDC()")
    raised = program(
        """
start()
try:
    with context.hDC as page:
        two_pages(page)
        raise KeyError
except KeyError:
    pass
"""
    )
    for told in (aborted, deleted, raised):
        assert Desk(cups).wait(told["job"]).state == CANCELLED
    assert recorder.taken == {}


def test_a_program_that_ends_without_a_word_has_dropped_its_document(
    cups: PrivateCups, program: Program, recorder: Recorder
) -> None:
    ended = program("start(); two_pages(context.hDC)")
    forgotten = program("start(); context = None")
    for told in (ended, forgotten):
        assert Desk(cups).wait(told["job"]).state == CANCELLED
    child = program(
        """
import os
start(); two_pages(context.hDC)
if not (child := os.fork()):
    sys.exit()
os.waitpid(child, 0)
told["end"] = context.hDC.EndDoc()
"""
    )
    assert child["end"] == 1, "another program's end is none of its business"
    assert Desk(cups).wait(child["job"]).state == COMPLETED


def test_what_a_killed_program_has_begun_cups_ends_by_itself(folder: Path) -> None:
    """MultipleOperationTimeout (cupsd.conf), 15 minutes unless it is set."""
    (folder / "killed").mkdir(mode=0o755)
    with PrivateCups(
        folder / "killed" / "cups",
        daemon_socket=folder / "nobody.sock",
        spool=folder / "spool",
        settings=("MultipleOperationTimeout 1",),
    ) as cups:
        killed = (
            HEAD + "start(); two_pages(context.hDC); print(told['job'], flush=True)\nimport os; os.kill(os.getpid(), 9)"
        )
        environment = {**os.environ, "CUPS_SERVER": str(cups.socket), "PLATEN_SOCKET": "/nowhere/api.sock"}
        done = subprocess.run(
            [sys.executable, "-c", killed], cwd=ROOT, env=environment, capture_output=True, check=False
        )
        assert done.returncode == -9
        assert Desk(cups).wait(int(done.stdout), ABORTED, CANCELLED)
    assert list((folder / "spool" / "incoming").iterdir()) == [], "no fax came of it"


@pytest.mark.parametrize("kind", ["pdf", "ps"])
def test_a_finished_document_is_submitted_as_it_is(
    cups: PrivateCups, program: Program, recorder: Recorder, tmp_path: Path, kind: str
) -> None:
    document = ROOT / "docs" / "sample" / "report.pdf"
    if kind == "ps":
        document = tmp_path / "letter.ps"
        document.write_text(
            "%!PS-Adobe-3.0\n/Courier findfont 12 scalefont setfont 72 700 moveto (Hello) show showpage\n"
        )
    told = program(
        f"start(); told['ok'] = context.hDC.WriteDocument(open({str(document)!r}, 'rb')); context.hDC.EndDoc()"
    )
    assert told["ok"] == 1
    assert Desk(cups).wait(told["job"]).state == COMPLETED
    eventually(lambda: len(recorder.taken) == 1, "the fax does not arrive")
    (octets,) = recorder.contents(recorder.only)
    assert octets.startswith(b"%PDF" if kind == "pdf" else b"%!PS")


def test_what_is_out_of_order_is_refused(program: Program, recorder: Recorder) -> None:
    told = program(
        """
start()
page = context.hDC
def no(result): return (result, GetLastError())
told["end without start"] = no(page.EndPage())
page.StartPage()
told["start twice"] = no(page.StartPage())
told["document beside pages"] = no(page.WriteDocument(b"%PDF-1.4"))
page.EndPage()
page.AbortDoc()
told["after the end"] = [no(act()) for act in (page.StartPage, page.EndPage, page.EndDoc, page.AbortDoc)]
told["written after the end"] = no(page.WriteDocument(b"%PDF-1.4"))
start()
told["no document"] = no(context.hDC.WriteDocument(b"Hello"))
told["no pages"] = no(context.hDC.EndDoc())
"""
    )
    parameter, closed = [-1, 87], [-1, 3003]
    assert (told["end without start"], told["start twice"]) == (parameter, parameter)
    assert told["document beside pages"] == parameter
    assert told["after the end"] == [closed] * 4
    assert told["written after the end"] == closed
    assert (told["no document"], told["no pages"]) == ([-1, 13], [-1, 13])
    assert recorder.taken == {}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("info.RecipientNumber = None", 87),
        ("info.RecipientNumber = '  '", 87),
        ("info.RecipientNumber = '1;2'", 87),
        ("info.SizeOfStruct = 1", 87),
        ("context.SizeOfStruct = 1", 87),
        ("info = None", 87),
        ("context = None", 87),
    ],
)
def test_wrong_parameters_are_refused(program: Program, change: str, code: int) -> None:
    told = program(f"{change}; start()")
    assert (told["started"], told["error"]) == (False, code)


def test_only_a_fax_printer_is_printed_to(cups: PrivateCups, program: Program, recorder: Recorder) -> None:
    assert program("start('nowhere')")["error"] == 1801
    assert program("start()", CUPS_SERVER="/nowhere/cups.sock")["error"] == 63
    server = str(cups.socket)
    add_queue(Queue(name="aaa", fax=False), server)
    try:
        plain = program("start('aaa'); context.hDC.AbortDoc()")
        assert plain["started"]
        named = program("start(); two_pages(context.hDC); context.hDC.EndDoc()")
        assert Desk(cups).wait(named["job"]).attributes["job-printer-uri"].text().endswith("/fax")  # type: ignore[union-attr]
    finally:
        remove_queue("aaa", server)
    by_machine = program(rf"start(r'\\{cups.server}\fax'); told['name'] = context.ServerName")
    assert by_machine["started"], by_machine
    assert by_machine["name"] == cups.server[:15]

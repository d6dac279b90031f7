"""Each hostile document ends with one clear verdict, and nothing is left: no file, no process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codec.documents import convert, inspect
from codec.errors import DocumentError, DocumentFault, RenderError
from codec.limits import Limits
from codec.page import Resolution
from tests.codec import corpus
from tests.codec.corpus import written
from tests.codec.corpus_hostile import HOSTILE, Hostile, ps

# What ends by running into a limit is given little time, all else plenty.
SHORT = Limits(page_s=1.2, job_s=8)
ROOT = Path(__file__).resolve().parents[2]


def processes_of(folder: Path) -> list[int]:
    """Processes that were started with a TMPDIR in this folder. A process keeps the environment it was forked with."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                environment = (process / "environ").read_bytes()
            except OSError:
                continue
            if f"TMPDIR={folder}".encode() in environment:
                found.append(int(process.name))
    return found


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """Where the private folders are made; empty again afterwards, and nobody works there."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    yield folder
    assert list(folder.iterdir()) == []
    wait_for(False, folder)  # what was killed takes a moment to be gone


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_document_ends_with_one_clear_verdict(name: str, tmp_path: Path, scratch: Path) -> None:
    hostile: Hostile = HOSTILE[name]
    source = written(tmp_path, "document", hostile.make())
    limits = SHORT if hostile.fault is DocumentFault.TOO_LARGE else Limits()
    if hostile.at_intake:
        with pytest.raises(DocumentError) as caught:
            inspect(source, hostile.declared, limits=limits, scratch=scratch)
        assert caught.value.fault is hostile.fault
        assert caught.value.text.endswith(".")
    else:
        inspect(source, hostile.declared, limits=limits, scratch=scratch)
    if hostile.declared is None:
        out = tmp_path / "out.tif"
        if hostile.fault is None:
            assert convert([source], out, Resolution.FINE, limits=limits, scratch=scratch).pages
        else:
            with pytest.raises(DocumentError) as caught:
                convert([source], out, Resolution.FINE, limits=limits, scratch=scratch)
            assert caught.value.fault is hostile.fault
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
            ["document", "scratch"] + (["out.tif"] if hostile.fault is None else [])
        )


def test_the_page_that_cannot_be_drawn_is_named(tmp_path: Path, scratch: Path) -> None:
    source = written(tmp_path, "document", ps("showpage showpage nosuchthing")())
    with pytest.raises(DocumentError, match=r"error on page 3 \(undefined in nosuchthing\)"):
        convert([source], tmp_path / "out.tif", Resolution.FINE, scratch=scratch)
    source = written(tmp_path, "document", ps("showpage {} loop")())
    with pytest.raises(DocumentError, match=r"Page 2 took longer than 1.2 s"):
        convert([source], tmp_path / "out.tif", Resolution.FINE, limits=SHORT, scratch=scratch)


def test_the_whole_job_has_a_limit_too(tmp_path: Path, scratch: Path) -> None:
    """Each page takes half a second of the interpreter's own clock, none comes near the limit of a page."""
    slow = ps(
        "/wait { realtime 300 add { dup realtime lt { exit } if } loop pop } def 1 1 50 { pop wait showpage } for"
    )
    limits = Limits(page_s=5, job_s=1.5)
    with pytest.raises(DocumentError, match=r"longer than 1.5 s") as caught:
        convert(
            [written(tmp_path, "document", slow())],
            tmp_path / "out.tif",
            Resolution.STANDARD,
            limits=limits,
            scratch=scratch,
        )
    assert caught.value.fault is DocumentFault.TOO_LARGE


def test_a_document_may_not_need_more_than_its_memory(tmp_path: Path, scratch: Path) -> None:
    source = written(tmp_path, "document", ps("{ 60000 string } loop")())
    with pytest.raises(DocumentError, match="more memory than a fax may take"):
        convert(
            [source], tmp_path / "out.tif", Resolution.FINE, limits=Limits(memory_octets=300 << 20), scratch=scratch
        )


def test_the_pages_may_not_be_larger_than_their_limit(tmp_path: Path, scratch: Path) -> None:
    noisy = ps("1 1 99 { pop 0 4 800 { 0 exch 600 2 rectfill } for showpage } for")
    source = written(tmp_path, "document", noisy())
    with pytest.raises(DocumentError, match="more than a fax may take") as caught:
        convert([source], tmp_path / "out.tif", Resolution.FINE, limits=Limits(output_octets=40_000), scratch=scratch)
    assert caught.value.fault is DocumentFault.TOO_LARGE


# Each program tries something; it draws one page when it is refused and two when it is not.
TRIES = {
    "reading the password file": "(/etc/passwd) (r) file",
    "reading a file of another job": "(SCRATCH/platen-other/secret) (r) file",
    "writing a file of another job": "(SCRATCH/platen-other/new) (w) file",
    "deleting a file of another job": "(SCRATCH/platen-other/secret) deletefile",
    "renaming a file of another job": "(SCRATCH/platen-other/secret) (SCRATCH/platen-other/stolen) renamefile",
    "writing where anybody may": "(/tmp/platen-hostile-test) (w) file",
    "running a program": "(%pipe%id) (r) file",
    "running a program for its output": "(%pipe%cat) (w) file",
    "turning the protection off": "<< /LockSafetyParams false >> setpagedevice .setsafe (/etc/passwd) (r) file",
    "asking for more rights": "<< /PermitFileReading [(*)] >> setuserparams (/etc/passwd) (r) file",
    "the output file": "<< /OutputFile (/tmp/platen-hostile-test) >> setpagedevice showpage",
    "a PDF writer for the pages": "<< /OutputDevice /pdfwrite /OutputFile (SCRATCH/x) >> setpagedevice showpage",
}


@pytest.mark.parametrize("name", sorted(TRIES))
def test_postscript_is_refused(name: str, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    other = scratch / "platen-other"
    other.mkdir(parents=True)
    (other / "secret").write_text("of another job")
    tried = TRIES[name].replace("SCRATCH", str(scratch))
    program = f"%!PS\n{{ {tried} }} stopped {{ clear initgraphics showpage }} {{ clear showpage showpage }} ifelse\n"
    source, out = written(tmp_path, "try.ps", program.encode()), tmp_path / "out.tif"
    try:
        made = convert([source], out, Resolution.STANDARD, scratch=scratch)
    except DocumentError as error:
        assert error.fault is DocumentFault.DAMAGED
    else:
        assert len(made.pages) == 1
    assert (other / "secret").read_text() == "of another job"
    assert [path.name for path in other.iterdir()] == ["secret"]
    assert [path.name for path in scratch.iterdir()] == ["platen-other"]
    assert not Path("/tmp/platen-hostile-test").exists()


def test_a_job_cannot_list_the_files_of_others(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    (scratch / "platen-other").mkdir(parents=True)
    (scratch / "platen-other" / "secret").write_text("x")
    listing = f"%!PS\nshowpage {{ ({scratch}/*) {{ pop showpage }} 300 string filenameforall }} stopped clear\n"
    source = written(tmp_path, "try.ps", listing.encode())
    assert len(convert([source], tmp_path / "out.tif", Resolution.STANDARD, scratch=scratch).pages) == 1


def test_nothing_that_a_job_changes_is_there_for_the_next(tmp_path: Path, scratch: Path) -> None:
    good = written(tmp_path, "good.ps", corpus.postscript())
    bad = written(
        tmp_path,
        "bad.ps",
        b"%!PS\ntrue setglobal globaldict /mine 1 put\n"
        b"/Times-Roman /Courier findfont definefont pop /show { pop } def systemdict /showpage known pop showpage\n",
    )
    alone = convert([good], tmp_path / "alone.tif", Resolution.STANDARD, scratch=scratch)
    after = convert([bad, good], tmp_path / "after.tif", Resolution.STANDARD, scratch=scratch)
    assert after.pages[1:] == alone.pages


def test_the_geometry_stays_whatever_a_program_asks_for(tmp_path: Path, scratch: Path) -> None:
    program = ps(
        "<< /HWResolution [600 600] >> setpagedevice showpage << /PageSize [3000 4000] >> setpagedevice showpage "
        "<< /PageSize [842 595] /Orientation 3 >> setpagedevice showpage a4 showpage "
        "<< /HWSize [100 100] >> setpagedevice showpage"
    )
    made = convert([written(tmp_path, "document", program())], tmp_path / "out.tif", Resolution.FINE, scratch=scratch)
    assert {(page.width, page.rows) for page in made.pages} == {(1728, 2286)}
    assert len(made.pages) == 5


def wait_for(found: bool, folder: Path) -> list[int]:
    """Waits until there are processes (or none) with a TMPDIR in the folder; two for a worker and its Ghostscript."""
    ends_at = time.monotonic() + 20
    while time.monotonic() < ends_at:
        there = processes_of(folder)
        if (len(there) >= 2) if found else not there:
            return there
        threading.Event().wait(0.02)
    raise AssertionError(f"processes of {folder}: {there}")


def test_when_the_callers_process_is_killed_no_worker_goes_on(tmp_path: Path) -> None:
    source = written(tmp_path, "endless.ps", ps("{} loop")())
    program = (
        "import sys; from pathlib import Path; from codec.documents import convert; from codec.page import Resolution;"
        "convert([Path(sys.argv[1])], Path(sys.argv[2]), Resolution.FINE, scratch=Path(sys.argv[3]))"
    )
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    caller = subprocess.Popen(
        [sys.executable, "-c", program, str(source), str(tmp_path / "out.tif"), str(scratch)], cwd=ROOT
    )
    try:
        wait_for(True, scratch)
    finally:
        caller.kill()
        caller.wait()
    wait_for(False, scratch)


def test_a_worker_that_is_killed_is_our_fault_and_takes_ghostscript_with_it(tmp_path: Path, scratch: Path) -> None:
    source = written(tmp_path, "endless.ps", ps("{} loop")())
    raised: list[BaseException] = []

    def run() -> None:
        try:
            convert([source], tmp_path / "out.tif", Resolution.FINE, scratch=scratch)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    os.kill(min(wait_for(True, scratch)), signal.SIGKILL)
    thread.join()
    assert [type(error) for error in raised] == [RenderError]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["endless.ps", "scratch"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["2 GiB of blanks", "PDF picture of 30,000 x 30,000", "nested forms", "tiny pattern"])
def test_with_the_usual_limits_there_is_a_verdict_too(name: str, tmp_path: Path, scratch: Path) -> None:
    """Some of these are drawn in ten seconds on a fast machine, which is a verdict as well."""
    source = written(tmp_path, "document", HOSTILE[name].make())
    try:
        assert len(convert([source], tmp_path / "out.tif", Resolution.FINE, scratch=scratch).pages) == 1
    except DocumentError as error:
        assert error.fault is DocumentFault.TOO_LARGE


@pytest.mark.slow
def test_a_fax_may_have_a_thousand_pages(tmp_path: Path, scratch: Path) -> None:
    source = written(tmp_path, "document", corpus.pdf([corpus.A4] * 1000))
    assert inspect(source, scratch=scratch).pages == 1000
    assert len(convert([source], tmp_path / "out.tif", Resolution.STANDARD, scratch=scratch).pages) == 1000

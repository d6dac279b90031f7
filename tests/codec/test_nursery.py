"""Children that are forked give the verdicts of children that are started anew, and leave as little behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from codec.documents import ConversionCancelled, convert, inspect
from codec.errors import DocumentError, DocumentFault, RenderError
from codec.limits import Limits
from codec.nursery import Nursery
from codec.page import Resolution
from codec.sniff import Kind
from tests.codec.corpus import written
from tests.codec.corpus_hostile import HOSTILE, ps

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "docs" / "sample" / "report.pdf"
SHORT = Limits(page_s=1.2, job_s=8)


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    nursery.start()
    yield nursery
    nursery.close()


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "scratch"
    folder.mkdir()
    yield folder
    assert list(folder.iterdir()) == []
    # What was killed takes a moment to be gone.
    soon(lambda: working_in(folder) == [])


def working_in(folder: Path) -> list[int]:
    """Processes whose working folder is below this one, or was when it was taken away."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            where = str((process / "cwd").readlink()) if process.name.isdigit() else ""
        except OSError:
            continue
        if where.startswith(f"{folder}/"):
            found.append(int(process.name))
    return found


def soon(what: Callable[[], object]) -> None:
    for _ in range(1500):
        if what():
            return
        threading.Event().wait(0.02)
    raise AssertionError("it did not come to that")


@pytest.mark.parametrize("name", sorted(name for name, one in HOSTILE.items() if one.at_intake))
def test_a_hostile_document_has_the_same_verdict(name: str, tmp_path: Path, scratch: Path, nursery: Nursery) -> None:
    hostile = HOSTILE[name]
    source = written(tmp_path, "document", hostile.make())
    limits = SHORT if hostile.fault is DocumentFault.TOO_LARGE else Limits()
    with pytest.raises(DocumentError) as caught:
        inspect(source, hostile.declared, limits=limits, scratch=scratch, nursery=nursery)
    assert caught.value.fault is hostile.fault


def test_pages_are_the_same(tmp_path: Path, scratch: Path, nursery: Nursery) -> None:
    text = written(tmp_path, "words.txt", b"A fax.\n")
    for sources in ([REPORT], [text, REPORT]):
        forked = convert(sources, tmp_path / "forked.tif", Resolution.FINE, scratch=scratch, nursery=nursery)
        assert forked == convert(sources, tmp_path / "started.tif", Resolution.FINE, scratch=scratch)
        assert (tmp_path / "forked.tif").read_bytes() == (tmp_path / "started.tif").read_bytes()


def test_limits_hold_for_a_forked_child(tmp_path: Path, scratch: Path, nursery: Nursery) -> None:
    source = written(tmp_path, "endless.ps", ps("{} loop")())
    with pytest.raises(DocumentError) as caught:
        convert([source], tmp_path / "out.tif", Resolution.FINE, limits=SHORT, scratch=scratch, nursery=nursery)
    assert caught.value.fault is DocumentFault.TOO_LARGE
    with pytest.raises((DocumentError, RenderError)):
        inspect(REPORT, None, limits=Limits(memory_octets=1 << 20), scratch=scratch, nursery=nursery)


def test_a_cancelled_conversion_leaves_no_process(tmp_path: Path, scratch: Path, nursery: Nursery) -> None:
    source = written(tmp_path, "endless.ps", ps("{} loop")())
    cancelled = threading.Event()
    raised: list[BaseException] = []

    def run() -> None:
        try:
            convert(
                [source],
                tmp_path / "out.tif",
                Resolution.FINE,
                scratch=scratch,
                cancelled=cancelled,
                nursery=nursery,
            )
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    soon(lambda: len(working_in(scratch)) >= 2)
    cancelled.set()
    thread.join()
    assert [type(error) for error in raised] == [ConversionCancelled]


def test_a_child_that_is_killed_is_our_fault_and_takes_ghostscript_with_it(
    tmp_path: Path, scratch: Path, nursery: Nursery
) -> None:
    source = written(tmp_path, "endless.ps", ps("{} loop")())
    raised: list[BaseException] = []

    def run() -> None:
        try:
            convert([source], tmp_path / "out.tif", Resolution.FINE, scratch=scratch, nursery=nursery)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    soon(lambda: len(working_in(scratch)) >= 2)
    os.kill(min(working_in(scratch)), signal.SIGKILL)
    thread.join()
    assert [type(error) for error in raised] == [RenderError]


def test_a_nursery_that_is_killed_is_started_again_and_its_work_is_done(tmp_path: Path, scratch: Path) -> None:
    nursery = Nursery()
    try:
        before = inspect(REPORT, None, scratch=scratch, nursery=nursery)
        for _ in range(2):
            assert nursery.pid is not None
            os.kill(nursery.pid, signal.SIGKILL)
            assert inspect(REPORT, None, scratch=scratch, nursery=nursery) == before
            assert inspect(REPORT, None, scratch=scratch, nursery=nursery) == before
    finally:
        nursery.close()
    assert nursery.pid is None


def test_many_at_once_do_not_disturb_one_another(scratch: Path, nursery: Nursery) -> None:
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(inspect(REPORT, None, scratch=scratch, nursery=nursery)))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 12
    assert len(set(found)) == 1


def test_when_its_owner_is_killed_nursery_and_children_end(tmp_path: Path) -> None:
    source = written(tmp_path, "endless.ps", ps("{} loop")())
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    program = (
        "import sys; from pathlib import Path; from codec.documents import convert; from codec.page import Resolution;"
        "from codec.nursery import Nursery; nursery = Nursery(); nursery.start(); print(nursery.pid, flush=True);"
        "convert([Path(sys.argv[1])], Path(sys.argv[2]), Resolution.FINE, scratch=Path(sys.argv[3]), nursery=nursery)"
    )
    command = [sys.executable, "-c", program, str(source), str(tmp_path / "out.tif"), str(scratch)]
    owner = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        soon(lambda: len(working_in(scratch)) >= 2)
    finally:
        owner.kill()
        owner.wait()
        if owner.stdout is not None:
            owner.stdout.close()
    soon(lambda: not working_in(scratch))
    soon(lambda: not Path(f"/proc/{pid}/exe").exists())


@pytest.mark.parametrize("forked", [True, False])
def test_a_conversion_gives_way_to_others(tmp_path: Path, scratch: Path, nursery: Nursery, forked: bool) -> None:
    endless = written(tmp_path, "endless.ps", ps("{ } loop")())
    cancelled = threading.Event()

    def make() -> None:
        with pytest.raises(ConversionCancelled):
            convert(
                [endless],
                tmp_path / "out.tif",
                Resolution.FINE,
                cancelled=cancelled,
                scratch=scratch,
                nursery=nursery if forked else None,
            )

    done = threading.Thread(target=make)
    done.start()
    try:
        soon(lambda: any(standing(process) == (15, 5) for process in working_in(scratch)))
        assert nursery.pid is not None
        assert standing(nursery.pid) == (0, 0)
    finally:
        cancelled.set()
        done.join()


def standing(process: int) -> tuple[int, int | None]:
    """How nice a process is, and how nice its session is where the kernel shares out time by sessions."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        group = Path(f"/proc/{process}/autogroup")
        said = group.read_text().split()[-1] if group.exists() else "5" if fields[16] == "15" else fields[16]
    except (OSError, IndexError):
        return -1, None
    return int(fields[16]), int(said)


def children_of(parent: int) -> list[int]:
    found = []
    for process in Path("/proc").iterdir():
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split() if process.name.isdigit() else []
        except OSError:
            continue
        if fields and int(fields[1]) == parent and fields[0] != "Z":
            found.append(int(process.name))
    return found


def test_a_child_waits_and_another_takes_its_place(scratch: Path, nursery: Nursery) -> None:
    assert nursery.pid is not None
    waiting: list[int] = []
    for _ in range(3):
        soon(lambda: len(children_of(nursery.pid or 0)) == 1)
        (spare,) = children_of(nursery.pid)
        assert spare not in waiting
        waiting.append(spare)
        assert inspect(REPORT, scratch=scratch, nursery=nursery).kind is Kind.PDF
        soon(lambda: waiting[-1] not in children_of(nursery.pid or 0))


def test_a_waiting_child_that_was_killed_is_replaced(scratch: Path, nursery: Nursery) -> None:
    assert nursery.pid is not None
    soon(lambda: len(children_of(nursery.pid or 0)) == 1)
    (spare,) = children_of(nursery.pid)
    os.kill(spare, signal.SIGKILL)
    soon(lambda: spare not in children_of(nursery.pid or 0))
    assert inspect(REPORT, scratch=scratch, nursery=nursery).kind is Kind.PDF


def test_a_waiting_child_ends_with_its_parent() -> None:
    nursery = Nursery()
    nursery.start()
    assert nursery.pid is not None
    soon(lambda: len(children_of(nursery.pid or 0)) == 1)
    (spare,) = children_of(nursery.pid)
    nursery.close()
    soon(lambda: not Path(f"/proc/{spare}").exists())

"""The journal's writer: order, barriers, and what happens when the disk does not want."""

from __future__ import annotations

import errno
import os
import select
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from modem import journal
from modem.entries import Entry
from modem.journal_writer import JournalWriter
from modem.outcome import Fate
from tests.modem.port.samples import PLAN, WHOLE_CALL, answer, entry, intent

ROOT = Path(__file__).resolve().parents[2]


def woken(writer: JournalWriter, timeout_s: float) -> bool:
    return bool(select.select([writer.wake_fd], [], [], timeout_s)[0])


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_barrier_wakes_the_caller_once_everything_up_to_it_is_on_disk(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "j")
    for count in range(1, 50):
        writer.append([entry("response", count, text="OK"), Entry("page-answer", count, {}, barrier=True)])
        assert woken(writer, 10)
        writer.acknowledge()
        assert writer.synced == 2 * count
        assert len(journal.read(tmp_path / "j")[0]) == 2 * count
        assert not woken(writer, 0)
    assert writer.close()


def test_entries_without_a_barrier_wake_nobody(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "j")
    writer.append([entry("response", 1, text="OK")])
    fd = os.dup(writer.wake_fd)
    assert writer.close()
    assert not select.select([fd], [], [], 0)[0]
    os.close(fd)


def test_many_entries_from_a_busy_caller_keep_their_order(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "j")
    for n in range(2000):
        writer.append([entry("response", n, text=str(n))])
    assert writer.close()
    lines, _ = journal.read(tmp_path / "j")
    assert [(line.n, line.fields["text"]) for line in lines] == [(n, str(n)) for n in range(2000)]
    assert writer.synced == writer.appended == 2000


def test_nothing_is_reported_on_disk_before_it_was_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    may_sync, syncing = threading.Event(), threading.Event()
    real = os.fdatasync

    def slow(fd: int) -> None:
        syncing.set()
        assert may_sync.wait(10)
        real(fd)

    monkeypatch.setattr(os, "fdatasync", slow)
    writer = JournalWriter(tmp_path / "j")
    writer.append([answer(1, 1)])
    assert syncing.wait(10)
    assert writer.synced == 0
    assert not woken(writer, 0)
    may_sync.set()
    assert woken(writer, 10)
    assert writer.synced == 1
    assert writer.close()


def test_a_journal_is_created_once_only(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "j")
    with pytest.raises(FileExistsError):
        JournalWriter(tmp_path / "j")
    assert journal.is_being_written(tmp_path / "j")
    assert writer.close()
    assert not journal.is_being_written(tmp_path / "j")
    with pytest.raises(FileExistsError):
        JournalWriter(tmp_path / "j")
    assert [path.name for path in tmp_path.iterdir()] == ["j"]


def test_a_folder_that_is_missing_leaves_nothing_open(tmp_path: Path) -> None:
    before = open_descriptors()
    with pytest.raises(FileNotFoundError):
        JournalWriter(tmp_path / "none" / "j")
    assert open_descriptors() == before


@pytest.mark.parametrize("call", ["write", "fdatasync"])
def test_a_failing_disk_is_reported_and_what_comes_later_is_kept_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    real = getattr(os, call)
    broken = threading.Event()

    def failing(*arguments: object) -> object:
        if broken.is_set():
            raise OSError(5, "Input/output error")
        return real(*arguments)

    writer = JournalWriter(tmp_path / "j")
    monkeypatch.setattr(os, call, failing)
    writer.append([answer(1, 1)])
    assert woken(writer, 10)
    writer.acknowledge()
    broken.set()
    writer.append([answer(2, 2)])
    assert woken(writer, 10)
    assert writer.failure is not None
    assert writer.synced == 1
    assert len(journal.read(tmp_path / "j")[0]) == 1
    writer.append([answer(3, 3)])
    broken.clear()
    assert writer.close()
    assert [line.n for line in journal.read(tmp_path / "j")[0]] == [0, 1, 2]
    assert writer.failure is not None


def test_closing_in_the_middle_of_a_failure_still_makes_a_last_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = JournalWriter(tmp_path / "j")
    real, failures = os.fdatasync, iter(range(2))

    def failing(fd: int) -> None:
        if (failure := next(failures, None)) is None:
            real(fd)
            return
        if failure == 1:
            writer.append([answer(2, 2)])
            writer._closing = True
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdatasync", failing)
    writer.append([answer(1, 1)])
    writer._thread.join()
    assert writer.close()
    assert [line.n for line in journal.read(tmp_path / "j")[0]] == [0, 1]


def test_a_disk_that_stays_broken_leaves_the_truth_as_far_as_it_got(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = JournalWriter(tmp_path / "j")
    writer.append([intent(1, 1), answer(1, 2), intent(2, 3), Entry("mark", 3, {}, barrier=True)])
    assert woken(writer, 10)

    def failing(*arguments: object) -> object:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", failing)
    writer.append([answer(2, 4)])
    assert not writer.close()
    lines, _ = journal.read(tmp_path / "j")
    fates = [page.fate for page in journal.outcome_after_death(lines, PLAN).pages]
    assert fates == [Fate.CONFIRMED, Fate.UNCERTAIN, Fate.NOT_SENT]


FULL_DISK = """
import os, select, sys
from pathlib import Path
from modem.entries import Entry
from modem.journal import read
from modem.journal_writer import JournalWriter

folder = Path(sys.argv[1])
writer = JournalWriter(folder / "j")
with (folder / "ballast").open("wb", buffering=0) as ballast:
    try:
        while ballast.write(b"x" * 512):
            pass
    except OSError:
        pass
count = 0
while writer.failure is None and count < 1000:
    count += 1
    writer.append([Entry("frame", count, {"octets": "7E" * 500}, barrier=True)])
    select.select([writer.wake_fd], [], [], 10)
    writer.acknowledge()
writer.append([Entry("end", count + 1, {"outcome": {}}, barrier=True)])
whole = writer.close()
lines, offset = read(folder / "j")
print(writer.failure.errno, whole, len(lines) == count + 1, lines[-1].kind, offset == (folder / "j").stat().st_size)
print(sorted(path.name for path in folder.iterdir()))
"""


def test_a_disk_that_takes_no_change_any_more_does_not_keep_a_journal_from_being_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = JournalWriter(tmp_path / "journal")
    writer.append([Entry("begin", 0.0, {}, True)])

    def read_only(path: Path, missing_ok: bool = False) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "unlink", read_only)
    assert writer.close()
    assert [line.kind for line in journal.read(tmp_path / "journal")[0]] == ["begin"]


def test_on_a_full_disk_the_end_still_finds_room(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    script = f'mount -t tmpfs -o size=256k none "{disk}" && exec "$0" -c "$1" "{disk}"'
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*unshare, "mount", "-t", "tmpfs", "none", str(disk)], capture_output=True).returncode:
        pytest.skip("no mount namespaces here")
    done = subprocess.run(
        [*unshare, "sh", "-c", script, sys.executable, FULL_DISK], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["28 True True end True", "['ballast', 'j']"]


TOO_LARGE = """
import resource, select, sys
from pathlib import Path
from modem.entries import Entry
from modem.journal import read
from modem.journal_writer import JournalWriter

writer = JournalWriter(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
count = 0
while writer.failure is None and count < 1000:
    count += 1
    writer.append([Entry("frame", count, {"octets": "7E" * 100}, barrier=True)])
    select.select([writer.wake_fd], [], [], 10)
    writer.acknowledge()
whole = writer.close()
lines, offset = read(Path(sys.argv[1]))
print(whole, len(lines) == writer.synced == count - 1, offset == Path(sys.argv[1]).stat().st_size)
"""


def test_a_file_that_may_not_grow_ends_with_a_whole_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TOO_LARGE, str(tmp_path / "j")], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert done.stdout.split() == ["False", "True", "True"], done.stderr


KILLED = """
import sys
from pathlib import Path
from modem.journal_writer import JournalWriter
from tests.modem.port.samples import WHOLE_CALL

writer = JournalWriter(Path(sys.argv[1]))
for entry in WHOLE_CALL:
    writer.append([entry])
    while writer.synced < writer.appended:
        pass
    print(writer.synced, flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize("count", [1, 9, 12, len(WHOLE_CALL) - 1])
def test_what_was_reported_on_disk_survives_a_kill(tmp_path: Path, count: int) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "j")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    for expected in range(1, count + 1):
        assert int(child.stdout.readline()) == expected
        if expected < count:
            child.stdin.write("\n")
            child.stdin.flush()
    assert journal.is_being_written(tmp_path / "j")
    child.kill()
    child.wait()
    child.stdin.close()
    child.stdout.close()
    assert not journal.is_being_written(tmp_path / "j")
    lines, _ = journal.read(tmp_path / "j")
    assert len(lines) == count
    assert journal.outcome_after_death(lines, PLAN) == journal.outcome_after_death(WHOLE_CALL[:count], PLAN)

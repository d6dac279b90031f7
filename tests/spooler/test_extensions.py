"""Code of others that routes faxes: it does as the contract says, or harms nobody."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fax.errors import Cause, ServerError
from fax.received import Received
from fax.registry import ExtensionRegistration, MethodRegistration
from spooler.extension_host import Host, HostLimits
from spooler.extensions import Extension, ExtensionMethod
from spooler.routing_method import Order, Outcome, RoutedFile
from tests.spooler.modules import extension
from tests.spooler.rig import ROOT, wait_for

ABOUT = ExtensionRegistration(
    name="tests",
    friendly_name="Of the tests",
    image=str(Path(extension.__file__).resolve()),
    methods=tuple(
        MethodRegistration(name=name, friendly_name=name, function=name, guid=guid)
        for name, guid in extension.FUNCTIONS.items()
    ),
)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
FAX = Received(
    call="in-1",
    port="fax0",
    device=1,
    started=NOW,
    ended=NOW + timedelta(seconds=30),
    tsid="+49 1",
    digits="5552001",
    receiver_name="Ann",
    pages=2,
)


def lives(pid: int) -> bool:
    """Whether there is such a process, other than as a name that nobody has asked after."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Desk:
    """An extension with a spool that it must not see."""

    def __init__(self, folder: Path, route_s: float = 60.0, memory_octets: int = 300 << 20) -> None:
        self.folder = folder
        self.spool = folder / "spool"
        (self.spool / "masters").mkdir(parents=True)
        (self.spool / "platen.db").write_text("secret")
        (self.spool / "files").mkdir()
        (self.spool / "fax.tif").write_bytes(b"the fax")
        self.out = folder / "out"
        self.out.mkdir()
        self.told: list[str] = []
        self.begun = 0
        self.host = Host(
            ABOUT,
            self.spool / "work",
            [self.spool],
            HostLimits(route_s=route_s, memory_octets=memory_octets),
            self._begun,
            self.told.append,
        )

    def _begun(self, host: Host) -> None:
        self.begun += 1

    def running(self) -> str:
        return self.host.running.value

    def order(self, data: bytes, retry_data: bytes = b"", files: tuple[RoutedFile, ...] = ()) -> Order:
        return Order(
            id="17-1",
            job=17,
            fax=FAX,
            files=(RoutedFile(number=0, path=self.spool / "fax.tif"), *files),
            data=data,
            retry_data=retry_data,
            tries=0,
            folder=self.spool / "files",
        )

    def deliver(self, function: str, order: Order) -> Outcome:
        guid = extension.FUNCTIONS[function]
        return Extension(self.host).deliver_now(guid, function, order)

    def bad(self, what: str) -> Outcome:
        return self.deliver("Bad", self.order(what.encode(), b"kept"))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = Desk(tmp_path_factory.mktemp("desk"))
    yield made
    made.host.close()


def test_a_method_is_given_the_fax_and_what_it_adds_is_there_for_those_behind_it(desk: Desk) -> None:
    done = desk.deliver("Record", desk.order(str(desk.out).encode()))
    assert done.done, done
    assert (desk.out / "17-1").read_text().splitlines() == ["17-1", "2", "+49 1", "1", "Ann", "5552001"]
    assert (desk.out / "17-1.tif").read_bytes() == b"the fax"
    (added,) = done.added
    assert added.parent == desk.spool / "files"
    assert added.read_text() == "what was read"
    assert done.changed_data == {extension.AGAIN: b"changed"}
    files = (RoutedFile(number=1, path=added, owner=extension.RECORD),)
    assert desk.deliver("Again", desk.order(b"changed", files=files)).done
    assert not list((desk.host.work).glob("fax"))


def test_the_fax_s_own_file_is_a_copy(desk: Desk) -> None:
    before = (desk.spool / "fax.tif").stat()
    desk.deliver("Record", desk.order(str(desk.out).encode()))
    after = (desk.spool / "fax.tif").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_what_it_hands_back_comes_with_the_next_try(desk: Desk) -> None:
    data, retry_data, tries = str(desk.out).encode(), b"", 0
    while not (done := desk.deliver("Flaky", desk.order(data, retry_data))).done:
        assert done.text == "not yet"
        assert done.again
        retry_data, tries = done.retry_data, tries + 1
    assert tries == 2
    assert (desk.out / "flaky-17-1").read_text().split() == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("crash", "ended with status 7"),
        ("kill", "ended by signal 9"),
        ("memory", "more than 300 MiB of memory"),
        ("wire", "rubbish"),
    ],
)
def test_one_that_is_of_no_use_any_more_is_ended_reported_and_begun_anew(desk: Desk, what: str, why: str) -> None:
    begun, told = desk.begun, len(desk.told)
    done = desk.bad(what)
    assert (done.done, done.again, done.retry_data) == (False, True, b"kept")
    assert why in done.text
    assert len(desk.told) == told + 1
    assert desk.running() == "failed"
    # The pause before the next start grows with failures in a row, and the first has none.
    assert desk.deliver("Flaky", desk.order(str(desk.out).encode(), b"xx")).done
    assert desk.begun >= begun + 1
    assert desk.running() == "runs"


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("raise", "ValueError: something is wrong"),
        ("leave", "SystemExit"),
        ("word", "neither true nor false"),
        ("retry", "too many"),
    ],
)
def test_one_that_fails_in_its_own_way_goes_on_living(desk: Desk, what: str, why: str) -> None:
    assert desk.deliver("Flaky", desk.order(str(desk.out).encode(), b"xx")).done
    begun = desk.begun
    done = desk.bad(what)
    assert (done.done, done.again, done.retry_data) == (False, True, b"kept")
    assert why in done.text
    assert desk.begun == begun


def test_one_that_prints_without_end_is_not_held_up_by_it(desk: Desk) -> None:
    assert desk.bad("print").done


def test_one_that_hangs_is_ended_in_time(tmp_path: Path) -> None:
    desk = Desk(tmp_path, route_s=1.0)
    done = desk.bad("hang")
    assert "no answer within 1 s" in done.text
    assert done.retry_data == b"kept"
    desk.host.close()


def test_what_it_started_ends_with_it(desk: Desk) -> None:
    said = desk.deliver("Bad", desk.order(f"start {desk.out}".encode()))
    assert said.done, said
    pids = [int(path.read_text()) for path in sorted(desk.out.glob("child-*"))]
    assert len(pids) >= 1
    desk.bad("crash")
    for pid in pids:
        wait_for(lambda pid=pid: not lives(pid), f"process {pid}, which the extension had started, ending")  # type: ignore[misc]


def test_what_it_started_ends_with_a_daemon_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from tests.spooler.test_extensions import Desk\n"
        "desk = Desk(Path(sys.argv[1])); desk.deliver('Bad', desk.order(f'start {desk.out}'.encode()))\n"
        "os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, check=False)
    assert done.returncode == -9
    (pid,) = (int(path.read_text()) for path in (tmp_path / "out").glob("child-*"))
    wait_for(lambda: not lives(pid), "the process that the extension had started ending")


def test_a_process_that_was_not_told_of_the_lines_is_not_used(tmp_path: Path) -> None:
    troubles: list[Exception] = [ServerError(Cause.STORAGE, "The database fails")]
    told = 0

    def begun(host: Host) -> None:
        nonlocal told
        if troubles:
            raise troubles.pop()
        told += 1

    made = Desk(tmp_path)
    made.host.close()
    host = Host(ABOUT, made.spool / "work", [made.spool], HostLimits(), begun, made.told.append)
    made.host = host
    try:
        with pytest.raises(ServerError):
            made.deliver("Record", made.order(str(made.out).encode()))
        assert made.deliver("Record", made.order(str(made.out).encode())).done
        assert told == 1
    finally:
        host.close()


def test_it_reaches_neither_the_spool_nor_the_daemon(desk: Desk) -> None:
    where = f"spy {desk.spool}|{desk.folder / 'api.sock'}|{os.getpid()}"
    done = desk.bad(where)
    assert done.text == "reached: "


def test_a_module_that_lacks_a_function_is_not_used(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    module = tmp_path / "empty.py"
    module.write_text("def FaxRouteInitialize(heap, routines): return True\n")
    told: list[str] = []
    methods = ABOUT.methods[:1]
    about = ExtensionRegistration(name="empty", friendly_name="Empty", image=str(module), methods=methods)
    host = Host(about, tmp_path / "work", [desk.spool], HostLimits(), lambda host: None, told.append)
    done = Extension(host).deliver_now(extension.RECORD, "Record", desk.order(b""))
    assert not done.done
    assert "FaxRouteDeviceEnable" in told[0]
    assert "Record" in told[0]


def test_it_says_what_is_set_of_it_and_may_refuse(desk: Desk) -> None:
    async def ask() -> None:
        method = ExtensionMethod(Extension(desk.host), ABOUT.methods[0])
        with pytest.raises(Exception, match="no folder is set"):
            await method.set_enabled(1, True)
        with pytest.raises(Exception, match="it begins with no"):
            await method.set_data(1, b"nowhere")
        assert await method.set_data(1, b"somewhere") == b"somewhere"
        await method.set_enabled(1, True)
        assert await method.data(1, b"somewhere") == b"it is somewhere"
        await method.set_enabled(1, False)

    asyncio.run(ask())


def test_the_example_of_the_documentation_does_what_it_says(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "extensions.md").read_text().rpartition("```python\n")[2].partition("```")[0]
    desk = Desk(tmp_path)
    module = tmp_path / "register.py"
    module.write_text(text)
    guid = "{3d9f7a10-1111-4222-8333-944455556666}"
    about = ExtensionRegistration(
        name="register",
        friendly_name="Register",
        image=str(module),
        methods=(MethodRegistration(name="Register", friendly_name="Register", function="Register", guid=guid),),
    )
    host = Host(about, desk.spool / "work", [desk.spool], HostLimits(), lambda host: None, desk.told.append)
    try:
        for _ in range(2):
            done = Extension(host).deliver_now(guid, "Register", desk.order(str(desk.out / "faxes").encode()))
            assert done.done, done
        assert (desk.out / "faxes").read_text() == "17-1: 2 pages from +49 1\n"
        assert done.added[0].read_text() == "17-1: 2 pages from +49 1\n"
        method = ExtensionMethod(Extension(host), about.methods[0])
        with pytest.raises(Exception, match="set the path of a file"):
            asyncio.run(method.set_enabled(1, True))
    finally:
        host.close()

"""A routing extension of the tests, whose methods behave and misbehave.

What its methods do on a line is its data there; what ``Record`` and ``Flaky`` have done lies in the folder that the
data name.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from fax.extension import (
    ERROR_BAD_CONFIGURATION,
    FAX_ROUTE,
    FAX_ROUTE_CALLBACKROUTINES,
    SetLastError,
)

RECORD = "{11111111-1111-4111-8111-111111111111}"
FLAKY = "{22222222-2222-4222-8222-222222222222}"
AGAIN = "{33333333-3333-4333-8333-333333333333}"
BAD = "{44444444-4444-4444-8444-444444444444}"
FUNCTIONS = {"Record": RECORD, "Flaky": FLAKY, "Again": AGAIN, "Bad": BAD}

routines: FAX_ROUTE_CALLBACKROUTINES | None = None
settings: dict[tuple[str, int], bytes] = {}
enabled: dict[tuple[str, int], bool] = {}


def FaxRouteInitialize(HeapHandle: object, FaxRouteCallbackRoutines: FAX_ROUTE_CALLBACKROUTINES) -> bool:
    global routines
    routines = FaxRouteCallbackRoutines
    return FaxRouteCallbackRoutines.SizeOfStruct >= 48


def FaxRouteDeviceEnable(RoutingGuid: str, DeviceId: int, Enabled: int) -> bool:
    if Enabled == -1:
        return enabled.get((RoutingGuid, DeviceId), False)
    if Enabled == 1 and not settings.get((RoutingGuid, DeviceId)):
        SetLastError(ERROR_BAD_CONFIGURATION, "no folder is set")
        return False
    enabled[RoutingGuid, DeviceId] = Enabled == 1
    return True


def FaxRouteDeviceChangeNotification(DeviceId: int, NewDevice: bool) -> bool:
    return True


def FaxRouteGetRoutingInfo(RoutingGuid: str, DeviceId: int) -> tuple[bool, bytes]:
    return True, b"it is " + settings.get((RoutingGuid, DeviceId), b"")


def FaxRouteSetRoutingInfo(RoutingGuid: str, DeviceId: int, RoutingInfo: bytes, RoutingInfoSize: int) -> bool:
    if RoutingInfo.startswith(b"no"):
        SetLastError(ERROR_BAD_CONFIGURATION, "it begins with no")
        return False
    settings[RoutingGuid, DeviceId] = RoutingInfo[:RoutingInfoSize]
    return True


def Record(FaxRoute: FAX_ROUTE, FailureData: bytes | None, FailureDataSize: int) -> bool:
    """Writes down what it was given, adds a file and changes what comes behind it."""
    assert routines is not None
    folder = Path(FaxRoute.RoutingInfoData.decode())
    names: list[str] = []

    def enumerator(JobId: int, GuidOwner: str, GuidCaller: str | None, FileName: str, Context: object) -> bool:
        names.append(FileName)
        return Context == "context"

    assert routines.FaxRouteEnumFiles(FaxRoute.JobId, RECORD, enumerator, "context")
    assert routines.FaxRouteGetFile(FaxRoute.JobId, 0) == (True, names[0])
    assert routines.FaxRouteGetFile(FaxRoute.JobId, len(names)) == (False, "")
    assert routines.FaxRouteDeleteFile(FaxRoute.JobId, names[0]) == -1
    assert routines.FaxRouteAddFile(FaxRoute.JobId + 1, names[0], RECORD) == -1
    text = Path(os.environ["TMPDIR"]) / "text.txt"
    text.write_text("what was read")
    assert routines.FaxRouteAddFile(FaxRoute.JobId, str(text), RECORD) == len(names)
    assert routines.FaxRouteModifyRoutingData(FaxRoute.JobId, AGAIN, b"changed", 7)
    lines = [FaxRoute.DeliveryId, str(FaxRoute.PageCount), FaxRoute.Tsid, str(len(names))]
    lines += [FaxRoute.ReceiverName, FaxRoute.ReceiverNumber]
    (folder / FaxRoute.DeliveryId).write_text("\n".join(lines))
    (folder / f"{FaxRoute.DeliveryId}.tif").write_bytes(Path(names[0]).read_bytes())
    return True


def Flaky(FaxRoute: FAX_ROUTE, FailureData: bytes | None, FailureDataSize: int) -> object:
    """Fails twice, and knows of it by its retry data."""
    tries = (FailureData or b"") + b"x"
    with (Path(FaxRoute.RoutingInfoData.decode()) / f"flaky-{FaxRoute.DeliveryId}").open("a") as said:
        said.write(f"{len(tries)}\n")
    if len(tries) <= 2:
        SetLastError(31, "not yet")
        return False, tries
    return True


def Again(FaxRoute: FAX_ROUTE, FailureData: bytes | None, FailureDataSize: int) -> bool:
    """Succeeds when ``Record`` has come before it."""
    assert routines is not None
    found, name = routines.FaxRouteGetFile(FaxRoute.JobId, 1)
    return FaxRoute.RoutingInfoData == b"changed" and found and Path(name).read_text() == "what was read"


def Bad(FaxRoute: FAX_ROUTE, FailureData: bytes | None, FailureDataSize: int) -> object:
    """Misbehaves as its data say."""
    what, _, where = FaxRoute.RoutingInfoData.decode().partition(" ")
    return {name[1:]: act for name, act in globals().items() if name.startswith("_") and callable(act)}[what](where)


def _crash(where: str) -> object:
    os._exit(7)


def _start(where: str) -> object:
    """Starts processes that go on without it: one as usual, and one that leaves its group where it is let."""
    for number, alone in enumerate((False, True)):
        try:
            child = subprocess.Popen(["sleep", "600"], start_new_session=alone)
        except (OSError, subprocess.SubprocessError):
            continue
        Path(where, f"child-{number}").write_text(str(child.pid))
    return True


def _kill(where: str) -> object:
    os.kill(os.getpid(), 9)
    return True


def _hang(where: str) -> object:
    while True:
        time.sleep(1)


def _memory(where: str) -> object:
    held = []
    while True:
        held.append(bytearray(16 << 20))


def _raise(where: str) -> object:
    raise ValueError("something is wrong")


def _leave(where: str) -> object:
    raise SystemExit(3)


def _word(where: str) -> object:
    return "certainly"


def _retry(where: str) -> object:
    return False, bytes(1 << 17)


def _wire(where: str) -> object:
    """Writes into the connection to the daemon."""
    for fd in range(3, 4096):  # its number is the one that it has in the process that began it
        try:
            socket.socket(fileno=os.dup(fd)).sendall(b"\0\0\0\4\xc1\xc1\xc1\xc1")
        except OSError:
            continue
    return True


def _print(where: str) -> object:
    for _ in range(20_000):
        print("x" * 100)
    return True


def _spy(where: str) -> object:
    """What it can reach that it should not; empty when all is well."""
    spool, api, daemon = where.split("|")
    reached: list[str] = []
    attempts: dict[str, Any] = {
        "database": lambda: Path(spool, "platen.db").read_bytes(),
        "spool": lambda: list(Path(spool, "masters").iterdir()),
        "api": lambda: socket.socket(socket.AF_UNIX).connect(api),
        "signal": lambda: os.kill(int(daemon), 0),
    }
    for name, attempt in attempts.items():
        try:
            attempt()
            reached.append(name)
        except OSError:
            continue
    SetLastError(1, f"reached: {' '.join(reached)}")
    return False

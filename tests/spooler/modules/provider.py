"""A service provider of the tests: two lines, whose far end is a folder beside this file.

The number says what becomes of a call: ``...1`` arrives, ``...2`` is busy, ``...3`` breaks off at page 2, ``...4``
takes the process with it at page 2, ``...5`` hangs until it is ended, ``...7`` is a bad number, ``...8`` fails and says
that it has completed. A file ``ring-ID.tif`` beside this one is a call that comes in at the device ID: what is in it is
received; an empty one takes the process with it.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from pathlib import Path
from typing import Any

from fax import provider as fs
from fax.provider import FAX_DEV_STATUS, FAX_RECEIVE, FAX_SEND, LINE_DEVSPECIFIC, LINEMESSAGE

FOLDER = Path(__file__).parent
FIRST_ID = 1000
_said: dict[int, FAX_DEV_STATUS] = {}
_ends: dict[int, threading.Event] = {}
_posts: dict[int, Any] = {}
_lines: dict[int, int] = {}


def note(text: str) -> None:
    with (FOLDER / "said.txt").open("a") as said:
        said.write(f"{text}\n")


def FaxDevVirtualDeviceCreation(CompletionPort: Any, CompletionKey: object) -> object:
    if (FOLDER / "fail").exists():
        return False
    count = 2
    threading.Thread(target=_watch, args=(CompletionPort, CompletionKey), daemon=True).start()
    note("created")
    return True, count, "virtual", FIRST_ID


def FaxDevInitialize(LineAppHandle: object, HeapHandle: object, FaxServiceCallback: object) -> object:
    note("initialized")
    return True, FaxLineCallback


def FaxLineCallback(
    FaxHandle: object, hDevice: int, dwMessage: int, dwInstance: int, dwParam1: int, dwParam2: int, dwParam3: int
) -> None:
    assert dwMessage == LINE_DEVSPECIFIC
    _lines[hDevice] = dwParam1


def FaxDevStartJob(LineHandle: object, DeviceId: int, CompletionPort: Any, CompletionKey: object) -> object:
    note(f"start {DeviceId}")
    _said[DeviceId] = FAX_DEV_STATUS(StatusId=fs.FS_INITIALIZING)
    _ends[DeviceId] = threading.Event()
    _posts[DeviceId] = lambda status: CompletionPort.put((CompletionKey, status))
    return True, DeviceId


def _say(handle: int, status: int, **more: Any) -> None:
    _said[handle] = FAX_DEV_STATUS(StatusId=status, **more)
    _posts[handle](_said[handle])


def FaxDevSend(FaxHandle: int, FaxSend: FAX_SEND, FaxSendCallback: Any) -> bool:
    note(f"send {FaxHandle} {FaxSend.ReceiverNumber}")
    assert FaxSendCallback(FaxHandle, None, 0, 0)
    _say(FaxHandle, fs.FS_DIALING)
    kind = FaxSend.ReceiverNumber[-1]
    if kind == "2":
        _say(FaxHandle, fs.FS_BUSY)
        return False
    if kind == "7":
        _say(FaxHandle, fs.FS_BAD_ADDRESS)
        return False
    for page in (1, 2):
        _say(FaxHandle, fs.FS_TRANSMITTING, PageCount=page, CSI="+49 555 FAR")
        if page == 2 and kind == "4":
            os._exit(9)
        if page == 2 and kind == "3":
            _say(FaxHandle, fs.FS_DISCONNECTED, PageCount=2, CSI="+49 555 FAR")
            return False
        if page == 2 and kind == "5":
            _ends[FaxHandle].wait()
            _say(FaxHandle, fs.FS_USER_ABORT, PageCount=2)
            return False
    target = FOLDER / "sent" / FaxSend.ReceiverNumber
    target.parent.mkdir(exist_ok=True)
    shutil.copyfile(FaxSend.FileName, target.with_suffix(".part"))
    target.with_suffix(".part").rename(target.with_suffix(".tif"))
    _say(FaxHandle, fs.FS_COMPLETED, CSI="+49 555 FAR")
    return kind != "8"


def FaxDevReceive(FaxHandle: int, CallHandle: object, FaxReceive: FAX_RECEIVE) -> bool:
    arrived = FOLDER / f"taken-{FaxHandle}.tif"
    note(f"receive {FaxHandle}")
    _say(FaxHandle, fs.FS_ANSWERED, CallerId="+49 555 7001")
    _say(FaxHandle, fs.FS_RECEIVING, PageCount=1, CSI="+49 555 TSI", RoutingInfo="42")
    if not arrived.stat().st_size:
        os._exit(9)
    shutil.copyfile(arrived, FaxReceive.FileName)
    if (FOLDER / "die-when-received").exists():
        (FOLDER / "die-when-received").unlink()
        os._exit(9)
    FaxReceive.ReceiverName = "Bob"
    _said[FaxHandle] = FAX_DEV_STATUS(StatusId=fs.FS_COMPLETED, CSI="+49 555 TSI", RoutingInfo="42")
    return True


def FaxDevReportStatus(FaxHandle: int) -> object:
    return True, _said[FaxHandle]


def FaxDevAbortOperation(FaxHandle: int) -> bool:
    note(f"abort {FaxHandle}")
    _ends[FaxHandle].set()
    return True


def FaxDevEndJob(FaxHandle: int) -> bool:
    note(f"end {FaxHandle}")
    return True


def _watch(port: Any, key: object) -> None:
    while True:
        for file in FOLDER.glob("ring-*.tif"):
            device = int(file.stem.partition("-")[2])
            if _lines.get(device):
                file.rename(FOLDER / f"taken-{device}.tif")
                port.put((key, LINEMESSAGE(hDevice=device)))
        time.sleep(0.02)

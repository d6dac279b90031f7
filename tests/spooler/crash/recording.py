"""What the preloaded library ``recorder.c`` writes down: switched on and off, read, and faults ordered.

What always holds: a record is a sequence of whole operations in the order in which they happened, over all processes;
what the test saw (``mark``) stands at its place among them.
"""

from __future__ import annotations

import atexit
import ctypes
import mmap
import os
import re
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).with_name("recorder.c")
_HEAD = struct.Struct("<IIQQQQQQIIIi")
_MAGIC = 0x504C5243
_FAULTS = struct.Struct("<QQQQiI")  # calls, first, last, failed, error, classes
FRAME = re.compile(rb"\xff\x13(.)", re.DOTALL)  # a final frame as it is said to a modem: its FCF
_RECORDING_AT = _FAULTS.size


class Kind(IntEnum):
    """What an operation does."""

    CREATE = 1
    MKDIR = 2
    UNLINK = 3
    RMDIR = 4
    RENAME = 5
    LINK = 6
    WRITE = 7
    TRUNCATE = 8
    SYNC = 9
    SYNC_FOLDER = 10
    SAY = 11  # octets to a terminal: what the modem was told
    MARK = 12  # something that the test saw


class Class(IntFlag):
    """Operations by what can keep them from working."""

    MAKES = 1
    WRITES = 2
    SYNCS = 4
    REMOVES = 8
    OPENS = 16


@dataclass(frozen=True)
class Operation:
    """One operation. ``inode``: of the file or folder it is about, for SAY the terminal's number; ``hash``:
    Adler-32 of the whole file."""

    kind: Kind
    inode: int
    folder: int
    other_folder: int
    offset: int
    size: int
    hash: int
    name: str
    other_name: str
    data: bytes
    pid: int

    @property
    def text(self) -> str:
        return self.data.decode("utf-8", "replace")


@dataclass(frozen=True)
class Faults:
    """The operations ``first`` to ``last`` of ``classes``, counted from 1 on, fail with ``error``."""

    error: int
    classes: Class
    first: int
    last: int = (1 << 63) - 1


@cache
def library() -> Path:
    """The library, built for this process."""
    folder = Path(tempfile.mkdtemp(prefix="platen-recorder-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    target = folder / "recorder.so"
    command = ["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o", str(target), str(SOURCE)]
    subprocess.run([*command, "-ldl", "-lpthread"], check=True)
    return target


@cache
def _functions() -> ctypes.CDLL:
    return ctypes.CDLL(str(library()))


class Recorder:
    """``folder``: where control and record lie; ``root``: the folder below which operations are written down."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        self.root = root.resolve()
        folder.mkdir(parents=True)
        assert _functions().recorder_create(os.fsencode(folder)) == 0
        with (folder / "control").open("r+b") as file:
            self._control = mmap.mmap(file.fileno(), 0)

    def close(self) -> None:
        self._control.close()

    @property
    def prefix(self) -> list[str]:
        """A command that runs what follows it under the recorder."""
        given = {
            "LD_PRELOAD": library(),
            "PLATEN_RECORDER": self.folder,
            "PLATEN_RECORDER_ROOT": self.root,
        }
        return ["env", *(f"{name}={value}" for name, value in given.items())]

    def record(self, wanted: bool = True) -> None:
        """Write operations down from now on, or no more."""
        struct.pack_into("<I", self._control, _RECORDING_AT, wanted)

    def mark(self, text: str) -> None:
        """The test saw something: it stands among the operations."""
        assert _functions().recorder_mark(os.fsencode(self.folder), text.encode()) == 0

    @contextmanager
    def faults(self, faults: Faults) -> Iterator[None]:
        """Operations fail inside the block; counting begins with it."""
        _FAULTS.pack_into(self._control, 0, 0, faults.first, faults.last, 0, faults.error, faults.classes)
        try:
            yield
        finally:
            self.lift()

    def lift(self) -> None:
        """Nothing fails any more; the counts stay."""
        struct.pack_into("<Q", self._control, 8, 0)

    @property
    def calls(self) -> int:
        """Operations of the wanted classes since faults were ordered."""
        return int(_FAULTS.unpack_from(self._control)[0])

    @property
    def failed(self) -> int:
        return int(_FAULTS.unpack_from(self._control)[3])

    def operations(self) -> list[Operation]:
        """The record so far."""
        path = self.folder / "record"
        octets = path.read_bytes() if path.exists() else b""
        found = []
        at = 0
        while at < len(octets):
            head = _HEAD.unpack_from(octets, at)
            magic, kind, inode, folder, other_folder, offset, size, hash, names, others, data, pid = head
            assert magic == _MAGIC, f"the record makes no sense at octet {at}"
            at += _HEAD.size
            parts = []
            for length in (names, others, data):
                parts.append(octets[at : at + length])
                at += length
            operation = Operation(
                kind=Kind(kind),
                inode=inode,
                folder=folder,
                other_folder=other_folder,
                offset=offset,
                size=size,
                hash=hash,
                name=os.fsdecode(parts[0]),
                other_name=os.fsdecode(parts[1]),
                data=parts[2],
                pid=pid,
            )
            found.append(operation)
        return found

"""A disk as it may look after a crash: recorded operations in, trees of files out.

What always holds: what was synced is there. What was not may be lost in every way that a file system may lose it:

- contents: each write of a file since its last sync may be there or not, alone; of the last one only the
  first sectors; a file may have its
  size and zeros in place of what was written;
- names: each change of a name since its folder's sync may be there or not, except that of two changes of the same name
  the later brings the earlier along, and that a rename is one change, which the sync of either folder brings.

That is POSIX taken at its word. ``ordered`` is how ext4 does it (data=ordered): every sync brings all names that were
changed before, and what comes after is there up to some moment.

Must not: know what the files mean.
"""

from __future__ import annotations

import os
import random
import stat
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.spooler.crash.recording import Kind, Operation

LEFT_OUT = frozenset(("log", "log.1"))
SECTOR_OCTETS = 512


@dataclass
class _Write:
    """``data`` None: the file is cut or grown to ``offset``."""

    n: int
    offset: int
    data: bytes | None


@dataclass(eq=False)
class _File:
    """``live``: as a program sees it now; ``synced``: as it was at its last sync, with the writes since then."""

    live: bytearray = field(default_factory=bytearray)
    synced: bytes = b""
    writes: list[_Write] = field(default_factory=list)

    def write(self, write: _Write) -> None:
        self.writes.append(write)
        _apply(self.live, write)

    def sync(self) -> None:
        self.synced = bytes(self.live)
        self.writes.clear()

    def after(self, writes: Collection[_Write]) -> bytes:
        if not writes:
            return self.synced
        if len(writes) == len(self.writes):
            return bytes(self.live)
        content = bytearray(self.synced)
        for write in writes:
            _apply(content, write)
        return bytes(content)


@dataclass(eq=False)
class _Folder:
    live: dict[str, _Node] = field(default_factory=dict)
    synced: dict[str, _Node] = field(default_factory=dict)


_Node = _File | _Folder
Edit = tuple[_Folder, str, _Node | None]


@dataclass(eq=False)
class _Change:
    """Of names: one or, for a rename, two."""

    n: int
    edits: tuple[Edit, ...]

    @property
    def keys(self) -> set[tuple[int, str]]:
        return {(id(folder), name) for folder, name, _ in self.edits}


def _apply(content: bytearray, write: _Write) -> None:
    if write.data is None:
        del content[write.offset :]
        content.extend(bytes(write.offset - len(content)))
        return
    if len(content) < write.offset:
        content.extend(bytes(write.offset - len(content)))
    content[write.offset : write.offset + len(write.data)] = write.data


@dataclass(frozen=True)
class Tree:
    """A disk: the content of each file by its path, None for a folder. ``how``: what was lost."""

    how: str
    entries: dict[str, bytes | None]

    @property
    def fingerprint(self) -> int:
        """The same for the same disk."""
        return hash(tuple(sorted(self.entries.items(), key=lambda entry: entry[0])))

    def lay_out(self, folder: Path) -> None:
        """Make it real in the new folder ``folder``."""
        folder.mkdir()
        for path, content in sorted(self.entries.items()):
            if content is None:
                (folder / path).mkdir(mode=0o700)
            else:
                (folder / path).write_bytes(content)
                (folder / path).chmod(0o600)


class Disk:
    """Follows a record from the tree below ``root`` as it stands."""

    def __init__(self, root: Path) -> None:
        self.n = 0
        self._by_inode: dict[int, _Node] = {}
        self._changes: list[_Change] = []
        self._committed = 0  # ext4 has all names up to here
        self._touched: _File | None = None  # by the last operation, if that was a write
        self._root = self._found(root)

    def _found(self, path: Path) -> _Folder:
        folder = _Folder()
        self._by_inode[path.stat().st_ino] = folder
        for entry in path.iterdir():
            about = entry.lstat()
            if _is_left_out(entry.name):
                continue
            if stat.S_ISDIR(about.st_mode):
                folder.live[entry.name] = self._found(entry)
            elif stat.S_ISREG(about.st_mode):
                content = entry.read_bytes()
                folder.live[entry.name] = file = _File(bytearray(content), content)
                self._by_inode[about.st_ino] = file
        folder.synced = dict(folder.live)
        return folder

    def follow(self, operation: Operation) -> None:
        """The next operation has happened. Raises AssertionError when the record does not fit what we know."""
        self.n += 1
        self._touched = None
        folder = self._by_inode.get(operation.folder)
        match operation.kind:
            case Kind.CREATE | Kind.MKDIR:
                node: _Node = _File() if operation.kind is Kind.CREATE else _Folder()
                self._by_inode[operation.inode] = node
                self._change((_folder(folder), operation.name, node))
            case Kind.LINK:
                self._change((_folder(folder), operation.name, self._by_inode[operation.inode]))
            case Kind.UNLINK | Kind.RMDIR:
                self._change((_folder(folder), operation.name, None))
            case Kind.RENAME:
                other = _folder(self._by_inode.get(operation.other_folder))
                moved = _folder(folder).live[operation.name]
                self._change((_folder(folder), operation.name, None), (other, operation.other_name, moved))
            case Kind.WRITE | Kind.TRUNCATE:
                data = operation.data if operation.kind is Kind.WRITE else None
                self._touched = file = self._file(operation.inode)
                file.write(_Write(self.n, operation.offset, data))
            case Kind.SYNC:
                file = self._file(operation.inode)
                seen = (len(file.live), zlib.adler32(file.live))
                assert seen == (operation.size, operation.hash), f"operation {self.n}: writes were not recorded"
                file.sync()
                self._committed = self.n
            case Kind.SYNC_FOLDER:
                self._sync(_folder(self._by_inode.get(operation.inode)))
                self._committed = self.n

    def _file(self, inode: int) -> _File:
        file = self._by_inode[inode]
        assert isinstance(file, _File)
        return file

    def _change(self, *edits: Edit) -> None:
        for folder, name, node in edits:
            _edit(folder.live, name, node)
        self._changes.append(_Change(self.n, edits))

    def _sync(self, folder: _Folder) -> None:
        kept = self._with_earlier(
            [change for change in self._changes if any(at is folder for at, _, _ in change.edits)]
        )
        for change in kept:
            for at, name, node in change.edits:
                _edit(at.synced, name, node)
        self._changes = [change for change in self._changes if change not in kept]

    def _with_earlier(self, wanted: Collection[_Change]) -> list[_Change]:
        """These changes with all earlier ones of the same names."""
        kept: list[_Change] = []
        keys: set[tuple[int, str]] = set()
        for change in reversed(self._changes):
            if change in wanted or change.keys & keys:
                kept.append(change)
                keys |= change.keys
        return kept[::-1]

    def live(self) -> Tree:
        """As the programs see it."""
        return self._tree("nothing is lost", self._changes, lambda file: bytes(file.live))

    def states(self, chance: random.Random, samples: int) -> Iterator[Tree]:
        """What the disk may look like if all stops now: ``samples`` at random beside those that are always of interest.

        Equal ones may come several times.
        """
        nothing: list[_Change] = []
        yield self.live()
        if not self._changes and not any(file.writes for file in self._files()):
            return
        yield self._tree("all that is not synced is lost", nothing, lambda file: file.synced)
        yield self._tree("contents are lost, names are not", self._changes, lambda file: file.synced)
        yield self._tree("names are lost, contents are not", nothing, lambda file: bytes(file.live))
        yield self._tree("zeros in place of contents", self._changes, _zeros)
        yield self._ordered(self._committed, chance)
        if (torn := self._touched) is not None:
            yield self._tree("the last write is half", self._changes, lambda file: _torn(file, file is torn))
        for number in range(samples):
            if number % 2:
                yield self._ordered(chance.randint(self._committed, self.n), chance)
            else:
                changes = self._with_earlier([change for change in self._changes if chance.random() < 0.5])
                yield self._tree(
                    "some are lost",
                    changes,
                    lambda file: file.after([write for write in file.writes if chance.random() < 0.5]),
                )

    def _ordered(self, until: int, chance: random.Random) -> Tree:
        """As ext4: names and what was appended up to ``until``; of what was written over, anything."""

        def content(file: _File) -> bytes:
            size = len(file.synced)
            kept = []
            for write in file.writes:
                over = write.data is not None and write.offset + len(write.data) <= size
                if chance.random() < 0.5 if over else write.n <= until:
                    kept.append(write)
            return file.after(kept)

        changes = [change for change in self._changes if change.n <= until]
        return self._tree(f"ext4 as of operation {until}", changes, content)

    def _files(self) -> Iterator[_File]:
        return (node for node in self._by_inode.values() if isinstance(node, _File))

    def _tree(self, how: str, changes: Collection[_Change], content: Callable[[_File], bytes]) -> Tree:
        moved: dict[_Folder, dict[str, _Node]] = {}
        for change in sorted(changes, key=lambda change: change.n):
            for folder, name, node in change.edits:
                _edit(moved.setdefault(folder, dict(folder.synced)), name, node)
        entries: dict[str, bytes | None] = {}

        def walk(folder: _Folder, path: str) -> None:
            for name, node in moved.get(folder, folder.synced).items():
                if isinstance(node, _Folder):
                    entries[path + name] = None
                    walk(node, path + name + "/")
                else:
                    entries[path + name] = content(node)

        walk(self._root, "")
        return Tree(how, entries)


def _is_left_out(name: str) -> bool:
    return name in LEFT_OUT or name.endswith("-shm")


def _folder(node: _Node | None) -> _Folder:
    assert isinstance(node, _Folder)
    return node


def _edit(entries: dict[str, _Node], name: str, node: _Node | None) -> None:
    if node is None:
        entries.pop(name, None)
    else:
        entries[name] = node


def _zeros(file: _File) -> bytes:
    return file.synced + bytes(max(0, len(file.live) - len(file.synced)))


def _torn(file: _File, torn: bool) -> bytes:
    if not torn or file.writes[-1].data is None:
        return bytes(file.live)
    *before, last = file.writes
    assert last.data is not None
    # A sector is written whole or not at all.
    middle = (last.offset + len(last.data) // 2) // SECTOR_OCTETS * SECTOR_OCTETS
    content = bytearray(file.after(before))
    _apply(content, _Write(last.n, last.offset, last.data[: max(0, middle - last.offset)]))
    return bytes(content)


def tree_of(root: Path) -> dict[str, bytes | None]:
    """What really lies below ``root``, as far as it is recorded."""
    entries: dict[str, bytes | None] = {}
    for folder, folders, files in os.walk(root):
        for name in folders:
            entries[str((Path(folder) / name).relative_to(root))] = None
        for name in files:
            path = Path(folder) / name
            if not _is_left_out(name) and path.is_file():
                entries[str(path.relative_to(root))] = path.read_bytes()
    return entries

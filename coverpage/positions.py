"""On which line of a TOML file each key and value stands, since ``tomllib`` does not tell.

What always holds: for text that ``tomllib`` takes, every key, table and element that it gives has its line here; paths
are those of the data: keys and, in arrays, indices.

Must not: judge the text; it has been read already.
"""

from __future__ import annotations

from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]


def positions(text: str) -> dict[Path, int]:
    """The line (from 1) of every path; of the whole file: 1."""
    return _Scanner(text.replace("\r\n", "\n")).scan()


def line_of(path: Path, known: dict[Path, int]) -> int:
    """The line of ``path``, or of the nearest thing around it."""
    while path not in known:
        path = path[:-1]
    return known[path]


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text + "\n"
        self._at = 0
        self._line = 1
        self._found: dict[Path, int] = {(): 1}
        self._lengths: dict[Path, int] = {}  # of arrays of tables

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        while self._blank(lines=True):
            if self._text.startswith("[[", self._at):
                table = self._array_header()
            elif self._text[self._at] == "[":
                self._move(1)
                table = self._within(self._key())
                self._found[table] = self._line
                self._blank()
                self._move(1)
            else:
                self._pair(table)
        return self._found

    def _move(self, steps: int) -> None:
        self._line += self._text.count("\n", self._at, self._at + steps)
        self._at += steps

    def _blank(self, lines: bool = False) -> bool:
        """Go on to what means something; False at the end."""
        while self._at < len(self._text):
            mark = self._text[self._at]
            if mark == "#":
                self._move(self._text.index("\n", self._at) - self._at)
            elif mark in " \t\r" or (lines and mark == "\n"):
                self._move(1)
            else:
                return True
        return False

    def _array_header(self) -> Path:
        self._move(2)
        key = self._key()
        table = self._within(key[:-1]) + key[-1:]
        index = self._lengths.get(table, 0)
        self._lengths[table] = index + 1
        self._found.setdefault(table, self._line)
        self._found[(*table, index)] = self._line
        self._blank()
        self._move(2)
        return (*table, index)

    def _within(self, key: tuple[str, ...]) -> Path:
        """The path of a header: arrays of tables on the way mean their last element."""
        path: Path = ()
        for part in key:
            path = (*path, part)
            if path in self._lengths:
                path = (*path, self._lengths[path] - 1)
        return path

    def _key(self) -> tuple[str, ...]:
        parts: list[str] = []
        while True:
            self._blank()
            if self._text[self._at] in "\"'":
                parts.append(self._string())
            else:
                begin = self._at
                while self._text[self._at].isalnum() or self._text[self._at] in "_-":
                    self._move(1)
                parts.append(self._text[begin : self._at])
            self._blank()
            if self._text[self._at] != ".":
                return tuple(parts)
            self._move(1)

    def _pair(self, table: Path) -> None:
        line = self._line
        key = self._key()
        for end in range(1, len(key)):
            self._found.setdefault((*table, *key[:end]), line)
        path = (*table, *key)
        self._found[path] = line
        self._move(1)  # =
        self._value(path)

    def _value(self, path: Path) -> None:
        self._blank()
        match self._text[self._at]:
            case "[":
                self._array(path)
            case "{":
                self._inline(path)
            case '"' | "'":
                self._string()
            case _:
                while self._text[self._at] not in ",]}\n#":
                    self._move(1)

    def _array(self, path: Path) -> None:
        self._move(1)
        index = 0
        while self._blank(lines=True) and self._text[self._at] != "]":
            self._found[(*path, index)] = self._line
            self._value((*path, index))
            index += 1
            self._blank(lines=True)
            if self._text[self._at] == ",":
                self._move(1)
        self._move(1)

    def _inline(self, path: Path) -> None:
        self._move(1)
        while self._blank(lines=True) and self._text[self._at] != "}":
            self._pair(path)
            self._blank(lines=True)
            if self._text[self._at] == ",":
                self._move(1)
        self._move(1)

    def _string(self) -> str:
        mark = self._text[self._at]
        quote = mark * 3 if self._text.startswith(mark * 3, self._at) else mark
        begin = self._at + len(quote)
        end = begin
        while not self._text.startswith(quote, end):
            end += 2 if mark == '"' and self._text[end] == "\\" else 1
        while len(quote) == 3 and self._text.startswith(mark, end + 3):
            end += 1
        self._move(end + len(quote) - self._at)
        return self._text[begin:end]

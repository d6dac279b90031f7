"""The address book whose entries print dialogues offer as choices: a CSV file that the administrator keeps.

The first line names the columns, among them ``name`` and ``number``, and ``company`` if wanted; commas or semicolons
part them; UTF-8. A print dialogue gets names only: the choice that it sends back is a keyword made of the whole entry,
so that an entry which was changed or removed in between is found no more, and its fax waits instead of going to
somebody else. Pure but for ``read_book``.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

DEFAULT_BOOK = Path("/etc/platen/book.csv")
_COLUMNS = ("name", "number", "company")


class BookError(Exception):
    """The address book cannot be read; the text names the file and the line."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Somebody who can be chosen."""

    name: str
    number: str
    company: str = ""

    @property
    def keyword(self) -> str:
        """What a print dialogue sends for this entry."""
        octets = "\0".join((self.name, self.number, self.company)).encode()
        return "b" + hashlib.sha256(octets).hexdigest()[:16]

    @property
    def label(self) -> str:
        """What a print dialogue shows."""
        if self.name and self.company:
            return f"{self.name} ({self.company})"
        return self.name or self.company or "?"


def read_book(path: Path) -> tuple[Entry, ...]:
    """The entries, sorted by what is shown, each once. BookError."""
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise BookError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BookError(f"{path}: it is not UTF-8 (octet {error.start + 1})") from error
    return parse_book(text, str(path))


def parse_book(text: str, name: str) -> tuple[Entry, ...]:
    """The same of a text; ``name`` is for errors."""
    first = text.partition("\n")[0]
    rows = csv.reader(text.splitlines(), delimiter=";" if first.count(";") > first.count(",") else ",")
    try:
        head = [cell.strip().lower() for cell in next(rows, [])]
        if not {"name", "number"} <= set(head):
            raise BookError(f"{name}: the first line must name the columns, among them name and number")
        places = {column: head.index(column) for column in _COLUMNS if column in head}
        entries: dict[str, Entry] = {}
        for row in rows:
            cells = {column: row[at].strip() if at < len(row) else "" for column, at in places.items()}
            if not any(cells.values()):
                continue
            if not cells["number"]:
                raise BookError(f"{name}, line {rows.line_num}: there is no number")
            entry = Entry(**cells)
            entries[entry.keyword] = entry
    except csv.Error as error:
        raise BookError(f"{name}, line {rows.line_num}: {error}") from error
    return tuple(sorted(entries.values(), key=lambda entry: (entry.label.casefold(), entry.number)))

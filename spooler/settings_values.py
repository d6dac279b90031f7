"""Values of the settings file, and the tables that they are taken from.

What always holds: a value that a function here gives out is of its kind and in its range; what is not is a ValueError
that says why, and the table's reader makes of it a ``SettingsError`` that names file, line and key.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, SUPPORTED_REGIONS

from fax.settings import Paper

T = TypeVar("T")


class SettingsError(Exception):
    """The settings file cannot be read or breaks a rule. The text names file, line and key."""


class Reader:
    """Takes values out of one table of the file, with the place of each for messages."""

    def __init__(self, file: Path, text: str, table: dict[str, Any], path: str, start: int) -> None:
        self._file = file
        self._lines = text.splitlines()
        self._table = dict(table)
        self._path = path
        self._start = start

    def fault(self, key: str, why: str) -> SettingsError:
        pattern = re.compile(rf"\s*(\[+\s*)?[\"']?{re.escape(key)}[\"']?\s*[=.\]]")
        below = enumerate(self._lines[self._start :], self._start + 1)
        number = next((number for number, line in below if pattern.match(line)), self._start + 1)
        return SettingsError(f"{self._file}, line {number}: {self._path}{key}: {why}")

    def take(self, key: str, default: T, read: Callable[[Any], T]) -> T:
        if key not in self._table:
            return default
        try:
            return read(self._table.pop(key))
        except ValueError as error:
            raise self.fault(key, str(error)) from error

    def need(self, key: str, read: Callable[[Any], T]) -> T:
        if key not in self._table:
            raise SettingsError(f"{self._file}, line {self._start + 1}: {self._path}{key} is missing")
        try:
            return read(self._table.pop(key))
        except ValueError as error:
            raise self.fault(key, str(error)) from error

    def tables(self, key: str, many: bool) -> list[Reader]:
        value = self._table.pop(key, [] if many else {})
        entries = value if many else [value]
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise self.fault(key, "is not " + (f"a list of tables; write [[{key}]]" if many else f"a table [{key}]"))
        heads = [
            number
            for number, line in enumerate(self._lines)
            if re.match(rf"\s*\[+\s*{re.escape(self._path + key)}\s*\]", line)
        ]
        text = "\n".join(self._lines)
        return [
            Reader(self._file, text, entry, f"{self._path}{key}.", heads[index] if index < len(heads) else 0)
            for index, entry in enumerate(entries)
        ]

    def done(self) -> None:
        for key in self._table:
            raise self.fault(key, "is not a setting")


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("is not a text in quotes")
    return value


def filled(value: Any) -> str:
    if not text(value).strip():
        raise ValueError("is empty")
    return str(value)


def name(value: Any) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,40}", text(value)) or value.startswith("."):
        raise ValueError("is not a name: letters, digits, _ . and -")
    return str(value)


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("is neither true nor false")
    return value


def path(value: Any) -> Path:
    if not Path(filled(value)).is_absolute():
        raise ValueError("is not an absolute path")
    return Path(value)


def number(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"is not a whole number from {least} to {most}")
        return value

    return read


def seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 31 * 86400:
        raise ValueError("is not a number of seconds")
    return float(value)


def mode(value: Any) -> int:
    if not re.fullmatch(r"0?[0-7]{3}", text(value)):
        raise ValueError('is not an octal mode in quotes, like "0660"')
    return int(value, 8)


def tsid(value: Any) -> str:
    if len(text(value)) > 20 or not (value.isascii() and (value.isprintable())):
        raise ValueError("is not at most 20 printable ASCII characters")
    return str(value)


def names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError("is not a list of names")
    return tuple(filled(name) for name in value)


def codings(value: Any) -> tuple[str, ...]:
    known = names(value)
    if "mh" not in known or not set(known) <= {"mh", "mr", "mmr"}:
        raise ValueError('is not a list of "mh", "mr", "mmr"; "mh" is always needed')
    return known


def digits(value: Any) -> str:
    if not re.fullmatch(r"[0-9]*", text(value)):
        raise ValueError("is not made of digits")
    return str(value)


def dial_marks(value: Any) -> str:
    if not re.fullmatch(r"[0-9*#,wp]*", text(value)):
        raise ValueError("holds something that cannot be dialled; allowed are digits and * # , w p")
    return str(value)


def address(value: Any) -> str:
    return str(ip_address(filled(value)))


def country(value: Any) -> str:
    if text(value) and value not in SUPPORTED_REGIONS:
        raise ValueError('is not the two letters of a country, like "DE"')
    return str(value)


def country_code(value: Any) -> str:
    if digits(value) and int(value) not in COUNTRY_CODE_TO_REGION_CODE:
        raise ValueError("is not the calling code of a country")
    return str(value)


def pattern(value: Any) -> str:
    try:
        re.compile(filled(value))
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from error
    return str(value)


def patterns(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError("is not a list of regular expressions")
    return tuple(pattern(each) for each in value)


def level(value: Any) -> str:
    if value not in ("debug", "info", "warning", "error"):
        raise ValueError('is none of "debug", "info", "warning", "error"')
    return str(value)


def log_target(value: Any) -> str:
    if value not in ("stderr", "syslog", "none"):
        raise ValueError('is none of "stderr", "syslog", "none"')
    return str(value)


def paper(value: Any) -> Paper:
    try:
        return Paper(value)
    except ValueError as error:
        raise ValueError('is neither "a4" nor "letter"') from error

"""The settings of the daemon: one TOML file, read once at start.

What always holds: ``Settings`` is complete and checked; an unknown key, a wrong type or a value out of range is a
``SettingsError`` that names the file, the line and the key, so that a misspelt setting never passes for its default.

Must not: look at devices or folders (that they are there is the daemon's care, not the file's).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from codec.limits import DEFAULT_LIMITS

DEFAULT_CONFIG = Path("/etc/platen/platen.toml")

T = TypeVar("T")
Paper = Literal["a4", "letter"]


class SettingsError(Exception):
    """The settings file cannot be read or breaks a rule. The text names file, line and key."""


@dataclass(frozen=True, kw_only=True)
class PortSettings:
    """One telephone line: ``[[port]]``."""

    name: str
    device: str
    lock_folder: str = "/var/lock"
    max_rate_bps: int | None = None
    ecm: bool = True
    codings: tuple[str, ...] = ("mh", "mr", "mmr")
    v17: bool = True
    flow_control: bool = False  # RTS/CTS wires are there, or what stands in for them: data need not be paced
    tsid: str = ""  # empty: the server's


@dataclass(frozen=True, kw_only=True)
class Users:
    """Who may do what, by user name: ``[users]``. root and the daemon's own user are administrators always."""

    admins: tuple[str, ...] = ()
    backends: tuple[str, ...] = ("lp",)  # may submit for others


@dataclass(frozen=True, kw_only=True)
class Dialling:
    """How numbers become dial strings: ``[dialling]``. Without ``country_code`` a number is dialled as it stands."""

    country_code: str = ""  # ours, digits: "49"
    international_prefix: str = "00"
    trunk_prefix: str = "0"  # in front of a number of our own country
    outside_line: str = ""  # in front of everything: "0,"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What documents may cost: ``[limits]``."""

    document_octets: int = 256 << 20
    pages: int = DEFAULT_LIMITS.pages
    page_s: float = DEFAULT_LIMITS.page_s
    document_s: float = DEFAULT_LIMITS.job_s
    memory_octets: int = DEFAULT_LIMITS.memory_octets  # of each process that works on a document
    workers: int = 2  # documents prepared at the same time


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The whole file. Times in seconds."""

    spool: Path = Path("/var/spool/platen")
    socket: Path = Path("/run/platen/api.sock")
    socket_mode: int = 0o666  # who may connect; what they may do follows from who they are
    tsid: str = ""
    header_from: str = ""
    header_line: bool = True
    retries: int = 3  # tries after the first one failed
    retry_delay_s: float = 600.0
    busy_delay_s: float = 180.0
    device_delay_s: float = 30.0  # after a fault of our own (modem, disk, programs): does not count as a try
    document_keep_s: float = 3600.0  # for documents that no fax refers to
    incoming_every_s: float = 5.0
    paper: Paper = "a4"  # of cover pages
    cover_folder: Path | None = None  # cover page templates of the site, before the built-in ones
    log_level: str = "info"
    ports: tuple[PortSettings, ...] = ()
    users: Users = field(default_factory=Users)
    dialling: Dialling = field(default_factory=Dialling)
    limits: Limits = field(default_factory=Limits)


class _Reader:
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
        return self.take(key, read(self._table[key]), read)

    def tables(self, key: str, many: bool) -> list[_Reader]:
        value = self._table.pop(key, [] if many else {})
        entries = value if many else [value]
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise self.fault(key, "is not " + (f"a list of tables; write [[{key}]]" if many else f"a table [{key}]"))
        heads = [
            number for number, line in enumerate(self._lines) if re.match(rf"\s*\[+\s*{re.escape(key)}\s*\]", line)
        ]
        text = "\n".join(self._lines)
        return [
            _Reader(self._file, text, entry, f"{key}.", heads[index] if index < len(heads) else 0)
            for index, entry in enumerate(entries)
        ]

    def done(self) -> None:
        for key in self._table:
            raise self.fault(key, "is not a setting")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("is not a text in quotes")
    return value


def _filled(value: Any) -> str:
    if not _text(value).strip():
        raise ValueError("is empty")
    return str(value)


def _name(value: Any) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,40}", _text(value)) or value.startswith("."):
        raise ValueError("is not a name: letters, digits, _ . and -")
    return str(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("is neither true nor false")
    return value


def _path(value: Any) -> Path:
    if not Path(_filled(value)).is_absolute():
        raise ValueError("is not an absolute path")
    return Path(value)


def _number(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"is not a whole number from {least} to {most}")
        return value

    return read


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 31 * 86400:
        raise ValueError("is not a number of seconds")
    return float(value)


def _mode(value: Any) -> int:
    if not re.fullmatch(r"0?[0-7]{3}", _text(value)):
        raise ValueError('is not an octal mode in quotes, like "0660"')
    return int(value, 8)


def _tsid(value: Any) -> str:
    if len(_text(value)) > 20 or not (value.isascii() and (value.isprintable())):
        raise ValueError("is not at most 20 printable ASCII characters")
    return str(value)


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError("is not a list of names")
    return tuple(_filled(name) for name in value)


def _codings(value: Any) -> tuple[str, ...]:
    names = _names(value)
    if "mh" not in names or not set(names) <= {"mh", "mr", "mmr"}:
        raise ValueError('is not a list of "mh", "mr", "mmr"; "mh" is always needed')
    return names


def _digits(value: Any) -> str:
    if not re.fullmatch(r"[0-9]*", _text(value)):
        raise ValueError("is not made of digits")
    return str(value)


def _dial_marks(value: Any) -> str:
    if not re.fullmatch(r"[0-9*#,wp]*", _text(value)):
        raise ValueError("holds something that cannot be dialled; allowed are digits and * # , w p")
    return str(value)


def _level(value: Any) -> str:
    if value not in ("debug", "info", "warning", "error"):
        raise ValueError('is none of "debug", "info", "warning", "error"')
    return str(value)


def _paper(value: Any) -> Paper:
    if value == "a4":
        return "a4"
    if value == "letter":
        return "letter"
    raise ValueError('is neither "a4" nor "letter"')


def _port(reader: _Reader) -> PortSettings:
    port = PortSettings(
        name=reader.need("name", _name),
        device=str(reader.need("device", _path)),
        lock_folder=str(reader.take("lock_folder", Path(PortSettings.lock_folder), _path)),
        max_rate_bps=reader.take("max_rate_bps", None, _number(2400, 33600)),
        ecm=reader.take("ecm", True, _flag),
        codings=reader.take("codings", PortSettings.codings, _codings),
        v17=reader.take("v17", True, _flag),
        flow_control=reader.take("flow_control", False, _flag),
        tsid=reader.take("tsid", "", _tsid),
    )
    reader.done()
    return port


def _limits(reader: _Reader) -> Limits:
    limits = Limits(
        document_octets=reader.take("document_octets", Limits.document_octets, _number(1, 1 << 40)),
        pages=reader.take("pages", Limits.pages, _number(1, 100_000)),
        page_s=reader.take("page_s", Limits.page_s, _seconds),
        document_s=reader.take("document_s", Limits.document_s, _seconds),
        memory_octets=reader.take("memory_octets", Limits.memory_octets, _number(1 << 26, 1 << 40)),
        workers=reader.take("workers", Limits.workers, _number(1, 64)),
    )
    reader.done()
    return limits


def load(path: Path) -> Settings:
    """Read the settings from the TOML file ``path``.

    Raises SettingsError: the file cannot be read, is not TOML, or says something that is no setting.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from error
    return parse(text, path)


def parse(text: str, path: Path) -> Settings:
    """As ``load``, from the file's text; ``path`` is named in messages only."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}") from error
    top = _Reader(path, text, table, "", 0)
    (users,) = top.tables("users", many=False)
    (dialling,) = top.tables("dialling", many=False)
    (limits,) = top.tables("limits", many=False)
    port_readers = top.tables("port", many=True)
    ports = tuple(_port(reader) for reader in port_readers)
    for index, port in enumerate(ports):
        for other in ports[:index]:
            if other.name == port.name:
                raise port_readers[index].fault("name", f"{port.name} is the name of another port")
            if other.device == port.device:
                raise port_readers[index].fault("device", f"{port.device} belongs to port {other.name}")
    settings = Settings(
        spool=top.take("spool", Settings.spool, _path),
        socket=top.take("socket", Settings.socket, _path),
        socket_mode=top.take("socket_mode", Settings.socket_mode, _mode),
        tsid=top.take("tsid", "", _tsid),
        header_from=top.take("header_from", "", _text),
        header_line=top.take("header_line", True, _flag),
        retries=top.take("retries", Settings.retries, _number(0, 99)),
        retry_delay_s=top.take("retry_delay_s", Settings.retry_delay_s, _seconds),
        busy_delay_s=top.take("busy_delay_s", Settings.busy_delay_s, _seconds),
        device_delay_s=top.take("device_delay_s", Settings.device_delay_s, _seconds),
        document_keep_s=top.take("document_keep_s", Settings.document_keep_s, _seconds),
        incoming_every_s=top.take("incoming_every_s", Settings.incoming_every_s, _seconds),
        paper=top.take("paper", Settings.paper, _paper),
        cover_folder=top.take("cover_folder", None, _path),
        log_level=top.take("log_level", Settings.log_level, _level),
        ports=ports,
        users=Users(
            admins=users.take("admins", (), _names),
            backends=users.take("backends", Users.backends, _names),
        ),
        dialling=Dialling(
            country_code=dialling.take("country_code", "", _digits),
            international_prefix=dialling.take("international_prefix", "00", _dial_marks),
            trunk_prefix=dialling.take("trunk_prefix", "0", _dial_marks),
            outside_line=dialling.take("outside_line", "", _dial_marks),
        ),
        limits=_limits(limits),
    )
    for reader in (users, dialling, top):
        reader.done()
    return settings

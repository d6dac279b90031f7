"""The settings of the daemon: one TOML file, read once at start.

What always holds: ``Settings`` is complete and checked; an unknown key, a wrong type or a value out of range is a
``SettingsError`` that names the file, the line and the key, so that a misspelt setting never passes for its default.

Must not: look at devices or folders (that they are there is the daemon's care, not the file's).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from codec.limits import DEFAULT_LIMITS
from fax.settings import Configuration, LogCategory, LogLevel
from spooler import settings_values as values
from spooler.settings_values import Reader, SettingsError

DEFAULT_CONFIG = Path("/etc/platen/platen.toml")


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
    provider: str = ""  # the service provider whose device it is; empty: a serial modem (never from the file)


@dataclass(frozen=True, kw_only=True)
class Users:
    """Who may do what, by user name: ``[users]``. root and the daemon's own user are administrators always."""

    admins: tuple[str, ...] = ()
    backends: tuple[str, ...] = ("lp",)  # may submit for others


@dataclass(frozen=True, kw_only=True)
class Listener:
    """Where the API is offered over TCP: ``[listener]``; without that table, nowhere."""

    address: str
    port: int = 4560
    certificate: Path | None = None  # PEM, with its chain
    key: Path | None = None
    plain: bool = False  # without TLS, which is allowed on this machine's own addresses only


@dataclass(frozen=True, kw_only=True)
class DialRule:
    """How numbers of one kind are dialled: ``[[dialling.rule]]``; the first that matches counts."""

    match: str  # regular expression for the whole number as it is kept
    dial: str  # what is dialled; \1 stands for its first group


@dataclass(frozen=True, kw_only=True)
class Dialling:
    """What numbers mean and how they are dialled: ``[dialling]``; ``spooler/dialling.py`` says how. Without a country
    a number is dialled as it stands."""

    country: str = ""  # ours, ISO 3166: "DE"
    country_code: str = ""  # ours, digits, where ``country`` is not said: "49"
    area_code: str = ""  # of our lines, without the trunk prefix
    international_prefix: str | None = None  # None: the country's
    trunk_prefix: str | None = None  # in front of a number of our own country; None: the country's
    outside_line: str = ""  # in front of everything: "0,"
    rules: tuple[DialRule, ...] = ()
    internal: tuple[str, ...] = ()  # regular expressions: extensions of our own exchange
    allow: tuple[str, ...] = ()  # regular expressions: these only, where there is one
    deny: tuple[str, ...] = ()
    emergency: bool = False  # emergency numbers may be dialled


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What documents may cost: ``[limits]``."""

    document_octets: int = 256 << 20
    pages: int = DEFAULT_LIMITS.pages
    page_s: float = DEFAULT_LIMITS.page_s
    document_s: float = DEFAULT_LIMITS.job_s
    memory_octets: int = DEFAULT_LIMITS.memory_octets  # of each process that works on a document
    workers: int = 2  # documents prepared at the same time
    extension_s: float = 60.0  # for a routing extension to deliver one fax
    extension_memory_octets: int = 512 << 20  # of each extension's process


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The whole file. Times in seconds."""

    spool: Path = Path("/var/spool/platen")
    socket: Path = Path("/run/platen/api.sock")
    socket_mode: int = 0o666  # who may connect; what they may do follows from who they are
    document_keep_s: float = 3600.0  # for documents that no fax refers to
    incoming_every_s: float = 5.0
    cover_folder: Path | None = None  # cover page templates of the site, before the built-in ones
    log_level: str = "info"
    log_to: str = "stderr"  # which is the journal under systemd
    log_file: Path | None = None  # beside it
    first: Configuration = field(default_factory=Configuration)  # counts at the first start only
    first_named: frozenset[str] = frozenset()  # settings of ``first`` that the file names
    first_levels: Mapping[LogCategory, LogLevel] = field(default_factory=lambda: _levels("info"))
    ports: tuple[PortSettings, ...] = ()
    users: Users = field(default_factory=Users)
    listener: Listener | None = None
    dialling: Dialling = field(default_factory=Dialling)
    limits: Limits = field(default_factory=Limits)


def _listener(reader: Reader) -> Listener:
    listener = Listener(
        address=reader.need("address", values.address),
        port=reader.take("port", Listener.port, values.number(0, 65535)),
        certificate=reader.take("certificate", None, values.path),
        key=reader.take("key", None, values.path),
        plain=reader.take("plain", False, values.flag),
    )
    reader.done()
    if not listener.plain and (listener.certificate is None or listener.key is None):
        raise reader.fault("address", "needs a certificate and a key beside it")
    if listener.plain and not ip_address(listener.address).is_loopback:
        raise reader.fault("plain", f"is for this machine's own addresses, not for {listener.address}")
    return listener


def _dial_rule(reader: Reader) -> DialRule:
    rule = DialRule(match=reader.need("match", values.pattern), dial=reader.need("dial", values.filled))
    try:
        # Groups that the pattern does not have show in the template, whatever the number.
        re.compile(f"(?:{rule.match})|").sub(rule.dial, "")
    except (re.error, IndexError) as error:
        raise reader.fault("dial", f"does not fit its match: {error}") from error
    reader.done()
    return rule


def _dialling(reader: Reader) -> Dialling:
    dialling = Dialling(
        country=reader.take("country", "", values.country),
        country_code=reader.take("country_code", "", values.country_code),
        area_code=reader.take("area_code", "", values.digits),
        international_prefix=reader.take("international_prefix", None, values.dial_marks),
        trunk_prefix=reader.take("trunk_prefix", None, values.dial_marks),
        outside_line=reader.take("outside_line", "", values.dial_marks),
        rules=tuple(_dial_rule(rule) for rule in reader.tables("rule", many=True)),
        internal=reader.take("internal", (), values.patterns),
        allow=reader.take("allow", (), values.patterns),
        deny=reader.take("deny", (), values.patterns),
        emergency=reader.take("emergency", False, values.flag),
    )
    if dialling.country and dialling.country_code:
        codes = COUNTRY_CODE_TO_REGION_CODE[int(dialling.country_code)]
        if dialling.country not in codes:
            raise reader.fault("country_code", f"{dialling.country_code} is not the calling code of {dialling.country}")
    reader.done()
    return dialling


_FIRST = {
    "tsid": "tsid",
    "header_from": "header_from",
    "header_line": "branding",
    "retries": "retries",
    "retry_delay_s": "retry_delay_s",
    "busy_delay_s": "busy_delay_s",
    "device_delay_s": "device_delay_s",
    "paper": "paper",
}
"""Keys of the file that are first values, and the settings that they begin."""


def _first(reader: Reader) -> Configuration:
    """What the file says of settings that the database keeps."""
    known = Configuration()
    return Configuration(
        tsid=reader.take("tsid", known.tsid, values.tsid),
        header_from=reader.take("header_from", known.header_from, values.text),
        branding=reader.take("header_line", known.branding, values.flag),
        retries=reader.take("retries", known.retries, values.number(0, 99)),
        retry_delay_s=reader.take("retry_delay_s", known.retry_delay_s, values.seconds),
        busy_delay_s=reader.take("busy_delay_s", known.busy_delay_s, values.seconds),
        device_delay_s=reader.take("device_delay_s", known.device_delay_s, values.seconds),
        paper=reader.take("paper", known.paper, values.paper),
    )


def _levels(level: str) -> dict[LogCategory, LogLevel]:
    said = {"debug": LogLevel.MAX, "error": LogLevel.MIN}.get(level, LogLevel.MED)
    return dict.fromkeys(LogCategory, said)


def _port(reader: Reader) -> PortSettings:
    port = PortSettings(
        name=reader.need("name", values.name),
        device=str(reader.need("device", values.path)),
        lock_folder=str(reader.take("lock_folder", Path(PortSettings.lock_folder), values.path)),
        max_rate_bps=reader.take("max_rate_bps", None, values.number(2400, 33600)),
        ecm=reader.take("ecm", True, values.flag),
        codings=reader.take("codings", PortSettings.codings, values.codings),
        v17=reader.take("v17", True, values.flag),
        flow_control=reader.take("flow_control", False, values.flag),
        tsid=reader.take("tsid", "", values.tsid),
    )
    reader.done()
    return port


def _limits(reader: Reader) -> Limits:
    limits = Limits(
        document_octets=reader.take("document_octets", Limits.document_octets, values.number(1, 1 << 40)),
        pages=reader.take("pages", Limits.pages, values.number(1, 100_000)),
        page_s=reader.take("page_s", Limits.page_s, values.seconds),
        document_s=reader.take("document_s", Limits.document_s, values.seconds),
        memory_octets=reader.take("memory_octets", Limits.memory_octets, values.number(1 << 26, 1 << 40)),
        workers=reader.take("workers", Limits.workers, values.number(1, 64)),
        extension_s=reader.take("extension_s", Limits.extension_s, values.seconds),
        extension_memory_octets=reader.take(
            "extension_memory_octets", Limits.extension_memory_octets, values.number(1 << 26, 1 << 40)
        ),
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
    top = Reader(path, text, table, "", 0)
    (users,) = top.tables("users", many=False)
    (dialling,) = top.tables("dialling", many=False)
    (limits,) = top.tables("limits", many=False)
    listener = _listener(*top.tables("listener", many=False)) if "listener" in table else None
    port_readers = top.tables("port", many=True)
    ports = tuple(_port(reader) for reader in port_readers)
    for index, port in enumerate(ports):
        for other in ports[:index]:
            if other.name == port.name:
                raise port_readers[index].fault("name", f"{port.name} is the name of another port")
            if other.device == port.device:
                raise port_readers[index].fault("device", f"{port.device} belongs to port {other.name}")
    log_level = top.take("log_level", Settings.log_level, values.level)
    first_named = frozenset(_FIRST[key] for key in table if key in _FIRST)
    settings = Settings(
        spool=top.take("spool", Settings.spool, values.path),
        socket=top.take("socket", Settings.socket, values.path),
        socket_mode=top.take("socket_mode", Settings.socket_mode, values.mode),
        document_keep_s=top.take("document_keep_s", Settings.document_keep_s, values.seconds),
        incoming_every_s=top.take("incoming_every_s", Settings.incoming_every_s, values.seconds),
        cover_folder=top.take("cover_folder", None, values.path),
        log_level=log_level,
        log_to=top.take("log_to", Settings.log_to, values.log_target),
        log_file=top.take("log_file", None, values.path),
        first=_first(top),
        first_named=first_named,
        first_levels=_levels(log_level),
        ports=ports,
        users=Users(
            admins=users.take("admins", (), values.names),
            backends=users.take("backends", Users.backends, values.names),
        ),
        dialling=_dialling(dialling),
        listener=listener,
        limits=_limits(limits),
    )
    for reader in (users, top):
        reader.done()
    return settings

"""The queues of a CUPS that print to us: added, listed, brought up to date, removed (pycups).

What always holds: a queue that is set anew keeps its jobs, and what was chosen as its defaults; its settings stand in
its device URI and nowhere else, so that the backend needs no other file; queues of others are not touched.

Must not: put programs in place (``backend.install`` does).
"""

from __future__ import annotations

import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote

from backend.book import BookError, read_book
from backend.install import HOUSE, InstallError
from backend.options import parameters
from ipp.client import connect
from ppd.printer import ENTRIES_LIMIT, Printer, description

DEFAULT_URI = "platen:/fax"
DEFAULT_CONFIG = Path("/etc/platen/platen.toml")
SYSTEM_CACHE = Path("/var/cache/cups")
ICON = HOUSE / "ppd" / "icon.png"
TIMEOUT_S = 10.0
PPD_LIMIT_OCTETS = 4 << 20
_FAX = 0x40000  # CUPS_PRINTER_FAX
_STOPPED = 5  # printer-state (RFC 8011 5.4.11)
_DEFAULT = re.compile(r"^\*Default(\w+):[ \t]*([\w.-]+)", re.MULTILINE)
_CHOICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_NAME = re.compile(r"[^\x00-\x20\x7f/#\\'\"?]{1,127}")


@dataclass(frozen=True, kw_only=True)
class Queue:
    """A queue. ``fax``: announced as a fax; else as a printer. ``shared``: None leaves it as it is, or as CUPS likes.

    ``stopped`` and ``message`` are what CUPS says of it.
    """

    name: str
    uri: str = DEFAULT_URI
    fax: bool = True
    info: str = "Platen fax"
    location: str = ""
    shared: bool | None = None
    paper: str = ""
    stopped: bool = False
    message: str = ""


def device_uri(parts: Iterable[tuple[str, str]]) -> str:
    """The device URI with these parameters; those with an empty value are left out."""
    query = "&".join(f"{name}={quote(value, safe='/:,.*')}" for name, value in parts if value)
    return f"{DEFAULT_URI}?{query}" if query else DEFAULT_URI


def add_queue(queue: Queue, server: str | None = None, *, config: Path | None = None) -> None:
    """Add the queue, or set it anew, and let it take jobs.

    ``server``: the path of CUPS' domain socket or ``host:port``; None: the one that CUPS' clients use. ``config``: the
    daemon's settings, for the names of the site's cover pages. InstallError.
    """
    if not _NAME.fullmatch(queue.name):
        raise InstallError(f"{queue.name!r} cannot be the name of a queue: no blanks, quotes, / # ? or backslashes")
    with _connection(server, f"did not take the queue {queue.name}") as (where, connection):
        defaults = _defaults(where, queue.name)
        if queue.paper:
            defaults["PageSize"] = defaults["PageRegion"] = queue.paper
        _put(connection, queue, description(_printer(queue, defaults, config)))
        # an interpreter that does not start would else use up the tries of a job: the queue waits instead
        connection.setPrinterErrorPolicy(queue.name, "stop-printer")
        if queue.shared is not None:
            connection.setPrinterShared(queue.name, queue.shared)
        connection.enablePrinter(queue.name)
        connection.acceptJobs(queue.name)


def refresh_queue(queue: Queue, server: str | None = None, *, config: Path | None = None) -> bool:
    """Bring the queue's description up to date with address book and cover pages; whether it had to be changed."""
    with _connection(server, f"did not take the queue {queue.name}") as (where, connection):
        new = description(_printer(queue, _defaults(where, queue.name), config))
        if new == _ppd(where, queue.name):
            return False
        _put(connection, queue, new)
        return True


def remove_queue(name: str, server: str | None = None) -> None:
    """Remove the queue and its jobs from CUPS; faxes that were handed over stay."""
    with _connection(server, f"did not remove the queue {name}") as (_, connection):
        connection.deletePrinter(name)


def queues(server: str | None = None) -> tuple[Queue, ...]:
    """The queues of this CUPS that print to us, by name."""
    with _connection(server, "does not tell its queues") as (_, connection):
        found: Mapping[str, Mapping[str, Any]] = connection.getPrinters()
        return tuple(
            Queue(
                name=name,
                uri=str(about["device-uri"]),
                fax=bool(int(about.get("printer-type", 0)) & _FAX),
                info=str(about.get("printer-info", "")),
                location=str(about.get("printer-location", "")),
                shared=bool(about.get("printer-is-shared", False)),
                stopped=int(about.get("printer-state", 0)) == _STOPPED,
                message=str(about.get("printer-state-message", "")),
            )
            for name, about in sorted(found.items())
            if str(about.get("device-uri", "")).startswith("platen:")
        )


def place_icon(name: str, cache: Path = SYSTEM_CACHE) -> bool:
    """Give the queue its picture; False where CUPS has no folder for it, which is no harm."""
    try:
        target = cache / "images" / f"{name}.png"
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(ICON, target)
        target.chmod(0o644)
    except OSError:
        return False
    return True


def remove_icon(name: str, cache: Path = SYSTEM_CACHE) -> None:
    with suppress(OSError):
        (cache / "images" / f"{name}.png").unlink()


def _put(connection: Any, queue: Queue, text: str) -> None:
    with tempfile.NamedTemporaryFile(suffix=".ppd") as file:
        file.write(text.encode())
        file.flush()
        connection.addPrinter(
            queue.name, filename=file.name, info=queue.info, location=queue.location, device=queue.uri
        )


def _printer(queue: Queue, defaults: Mapping[str, str], config: Path | None) -> Printer:
    book = dict(parameters(queue.uri)).get("book")
    try:
        entries = read_book(Path(book)) if book else ()
    except BookError as error:
        raise InstallError(f"The address book cannot be used: {error}") from error
    if len(entries) > ENTRIES_LIMIT:
        raise InstallError(f"{book} has {len(entries)} entries: print dialogues show {ENTRIES_LIMIT} at most")
    return Printer(
        fax=queue.fax,
        covers=cover_names(config),
        entries=tuple((entry.keyword, entry.label) for entry in entries),
        defaults=defaults,
    )


def cover_names(config: Path | None = None) -> tuple[str, ...]:
    """The cover page templates that the daemon knows: ours and the site's; the standard one first."""
    folders = [HOUSE / "coverpage" / "templates"]
    with suppress(OSError, tomllib.TOMLDecodeError):
        own = tomllib.loads(config.read_text()).get("cover_folder") if config else None
        if isinstance(own, str) and own:
            folders.append(Path(own))
    names = {file.parent.name for file in _common(config).glob("*/template.toml")} | {
        file.stem for folder in folders for file in folder.glob("*.toml") if re.fullmatch(r"[\w.-]{1,40}", file.stem)
    }
    return tuple(sorted(names, key=lambda name: (name != "default", name)))


def _common(config: Path | None) -> Path:
    """Where the daemon keeps the common templates that were installed."""
    spool: object = None
    with suppress(OSError, tomllib.TOMLDecodeError):
        spool = tomllib.loads(config.read_text()).get("spool") if config else None
    return Path(spool if isinstance(spool, str) else "/var/spool/platen") / "templates" / "common"


def _defaults(server: str, name: str) -> dict[str, str]:
    """What is chosen in the queue as it is; nothing when there is none yet."""
    return dict(_DEFAULT.findall(_ppd(server, name)))


def _ppd(server: str, name: str) -> str:
    """The queue's description as CUPS has it. By HTTP: pycups' getPPD finds no CUPS that it reaches by a socket."""
    connection = connect(server, TIMEOUT_S)
    try:
        connection.request("GET", f"/printers/{quote(name, safe='')}.ppd")
        answer = connection.getresponse()
        octets = answer.read(PPD_LIMIT_OCTETS)
    except (OSError, HTTPException):
        return ""
    finally:
        connection.close()
    return octets.decode("utf-8", "replace") if answer.status == 200 else ""


@contextmanager
def _connection(server: str | None, what: str) -> Iterator[tuple[str, Any]]:
    """The server and a connection of pycups; what CUPS refuses becomes an InstallError that says ``what``."""
    try:
        import cups
    except ImportError as error:
        raise InstallError(f"pycups is needed to set up a queue: {error}. It needs the package libcups2") from error
    host, port = _address(server) if server else (cups.getServer(), cups.getPort())
    try:
        yield host if host.startswith("/") else f"{host}:{port}", cups.Connection(host=host, port=port)
    except (RuntimeError, cups.IPPError, cups.HTTPError) as error:
        text = error.args[-1] if error.args else error
        raise InstallError(f"CUPS on {server or host} {what}: {text}") from error


def _address(server: str) -> tuple[str, int]:
    if server.startswith("/"):
        return server, 631
    host, _, port = server.rpartition(":")
    return (host, int(port)) if host and port.isdigit() else (server, 631)


def with_settings(queue: Queue, config: Path) -> Queue:
    """The queue with the daemon's socket and spool in its URI, where its settings name others than the usual."""
    try:
        said = tomllib.loads(config.read_text())
    except FileNotFoundError:
        return queue
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise InstallError(f"{config} cannot be read: {error}") from error
    known = parameters(queue.uri)
    names = {name for name, _ in known}
    more = [(name, said[name]) for name in ("socket", "spool") if name not in names and isinstance(said.get(name), str)]
    usual = {("socket", "/run/platen/api.sock"), ("spool", "/var/spool/platen")}
    return replace(queue, uri=device_uri([*known, *(item for item in more if item not in usual)]))

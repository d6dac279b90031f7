"""How faxes that come in reach people: routing methods, what is set of them per line, and rules without programming.

What always holds: a method is known by its GUID (names may repeat); methods run in ascending ``priority``, 1 first;
what is set of a method on a line is octets that only the method understands. The built-in methods understand text (see
``target_of``): what the Windows fax service keeps for them, one null-terminated string, is such text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time

from fax.errors import Cause, RequestError

FOLDER_GUID = "{92041a90-9af2-11d0-abf7-00c04fd91a4e}"
EMAIL_GUID = "{6bbf7bfe-9af2-11d0-abf7-00c04fd91a4e}"
PRINT_GUID = "{aec1b37c-9af2-11d0-abf7-00c04fd91a4e}"
DATA_LIMIT_OCTETS = 64 << 10
RULES_LIMIT = 1000


@dataclass(frozen=True, kw_only=True)
class RoutingMethod:
    """A method of the server, in the order of FAX_GLOBAL_ROUTING_INFO."""

    priority: int  # 1..n, 1 runs first
    guid: str
    friendly_name: str
    function_name: str
    extension_image: str  # the module that has it
    extension_name: str  # friendly
    working: bool = True  # False: what runs it is not there (an extension that was removed, or is broken)


@dataclass(frozen=True, kw_only=True)
class MethodChange:
    """What can be changed of a method. The others' priorities shift."""

    priority: int


@dataclass(frozen=True, kw_only=True)
class PortMethod:
    """A method as one line has it: FAX_ROUTING_METHOD and its data."""

    device: int  # the line's permanent id
    port: str
    enabled: bool
    guid: str
    friendly_name: str
    function_name: str
    extension_image: str
    extension_name: str
    priority: int
    data: bytes = b""  # base64 on the wire


@dataclass(frozen=True, kw_only=True)
class PortMethodChange:
    """What is to be set of a method on a line; None: as it is. The data are set before it is enabled."""

    enabled: bool | None = None
    data: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class MethodTarget:
    """A method that a rule runs. ``data`` None: what the line has for it, whether it is enabled there or not."""

    method: str  # GUID
    data: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class RoutingRule:
    """Which faxes, and where they go. What is empty fits every fax; of several in one list one must fit.

    Patterns stand for the whole text, whatever the case: ``*`` for any characters, ``?`` for one. Numbers are compared
    without blanks, ``-``, ``.``, ``/`` and brackets.
    """

    name: str
    ports: tuple[str, ...] = ()
    sub_addresses: tuple[str, ...] = ()
    digits: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()  # caller id
    tsids: tuple[str, ...] = ()
    weekdays: tuple[int, ...] = ()  # 1 Monday to 7 Sunday, the server's local time
    begin: time | None = None  # of day, local; end before begin: over midnight
    end: time | None = None

    methods: tuple[MethodTarget, ...] = ()
    folders: tuple[str, ...] = ()  # as the folder method's data
    addresses: tuple[str, ...] = ()  # as the e-mail method's data
    printers: tuple[str, ...] = ()  # as the print method's data
    people: tuple[int, ...] = ()  # ids in the shared address book: mailed to, and their user sees the fax
    users: tuple[str, ...] = ()  # who see the fax in their inbox
    instead: bool = False  # what is enabled on the line is left out
    last: bool = False  # the rules behind this one are not looked at
    enabled: bool = True


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What routing is decided by. ``at`` None: now."""

    port: str
    caller_id: str = ""
    tsid: str = ""
    sub_address: str = ""
    digits: str = ""
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """One delivery that a fax gets."""

    method: str  # GUID
    name: str
    data: bytes  # as shown over the API: empty for methods of others
    why: str  # "port fax0", or "rule NAME"
    target: str = ""  # the data as a person reads it, where it is text
    working: bool = True


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Where a fax goes: in this order."""

    steps: tuple[Step, ...]
    users: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()  # those that fitted


@dataclass(frozen=True, kw_only=True)
class Target:
    """Data of a built-in method: its first line, and ``name=value`` lines behind it."""

    text: str
    options: Mapping[str, str] = field(default_factory=dict)


def data_of(text: str, **options: str) -> bytes:
    """Data of a built-in method from its target and options."""
    return "\n".join([text, *(f"{name}={value}" for name, value in options.items())]).encode()


def target_of(data: bytes) -> Target:
    """What the data of a built-in method say: UTF-8, or UTF-16LE as Windows programs write it, up to a null.

    Raises RequestError BAD_REQUEST.
    """
    try:
        wide = len(data) >= 2 and len(data) % 2 == 0 and data[1] == 0 and data[0] != 0
        text = data.decode("utf-16-le" if wide else "utf-8").partition("\0")[0]
    except UnicodeDecodeError as error:
        raise RequestError(Cause.BAD_REQUEST, "The data of this method are no text") from error
    first, *rest = text.splitlines() or [""]
    options = {}
    for line in filter(None, (line.strip() for line in rest)):
        name, equals, value = line.partition("=")
        if not equals:
            raise RequestError(Cause.BAD_REQUEST, f"{line!r} is not name=value")
        options[name.strip()] = value.strip()
    return Target(text=first.strip(), options=options)

"""The values of IPP: tags, attribute values, attributes, groups, messages (RFC 8010 3, RFC 8011 5.1).

All are immutable and compare by content. A value keeps its tag, since the same text is another thing as a keyword and
as a name. Tags that the standard does not know keep their octets, so that a message can be passed on unharmed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum


class IppError(Exception):
    """A message that breaks RFC 8010, or a server that did not answer with one."""


class Group(IntEnum):
    """Delimiter tags (RFC 8010 3.5.1)."""

    OPERATION = 0x01
    JOB = 0x02
    END = 0x03
    PRINTER = 0x04
    UNSUPPORTED = 0x05
    SUBSCRIPTION = 0x06
    EVENT_NOTIFICATION = 0x07
    RESOURCE = 0x08
    DOCUMENT = 0x09
    SYSTEM = 0x0A


class Tag(IntEnum):
    """Value tags (RFC 8010 3.5.2)."""

    UNSUPPORTED = 0x10
    UNKNOWN = 0x12
    NO_VALUE = 0x13
    NOT_SETTABLE = 0x15
    DELETE_ATTRIBUTE = 0x16
    ADMIN_DEFINE = 0x17
    INTEGER = 0x21
    BOOLEAN = 0x22
    ENUM = 0x23
    OCTET_STRING = 0x30
    DATE_TIME = 0x31
    RESOLUTION = 0x32
    RANGE = 0x33
    BEGIN_COLLECTION = 0x34
    TEXT_WITH_LANGUAGE = 0x35
    NAME_WITH_LANGUAGE = 0x36
    END_COLLECTION = 0x37
    TEXT = 0x41
    NAME = 0x42
    KEYWORD = 0x44
    URI = 0x45
    URI_SCHEME = 0x46
    CHARSET = 0x47
    NATURAL_LANGUAGE = 0x48
    MIME_MEDIA_TYPE = 0x49
    MEMBER_NAME = 0x4A
    EXTENSION = 0x7F


class Operation(IntEnum):
    """The operations that are asked here (RFC 8011 5.4.15, RFC 3380)."""

    PRINT_JOB = 0x0002
    VALIDATE_JOB = 0x0004
    CREATE_JOB = 0x0005
    SEND_DOCUMENT = 0x0006
    CANCEL_JOB = 0x0008
    GET_JOB_ATTRIBUTES = 0x0009
    GET_JOBS = 0x000A
    GET_PRINTER_ATTRIBUTES = 0x000B
    SET_JOB_ATTRIBUTES = 0x0014
    CUPS_GET_PRINTERS = 0x4002


@dataclass(frozen=True)
class Localized:
    """Text or name with its natural language."""

    language: str
    text: str


@dataclass(frozen=True)
class Range:
    """rangeOfInteger, both ends included."""

    lower: int
    upper: int


@dataclass(frozen=True)
class Dots:
    """resolution: dots per unit across the feed direction, along it, and the unit (3: inch, 4: centimetre)."""

    across: int
    along: int
    units: int = 3


@dataclass(frozen=True)
class Collection:
    """A collection: attributes inside a value, in order."""

    members: tuple[Attribute, ...]

    def get(self, name: str) -> Attribute | None:
        return next((member for member in self.members if member.name == name), None)


Payload = int | bool | str | bytes | datetime | Localized | Range | Dots | Collection | None
"""What a value holds: None for the out-of-band tags, bytes for octetString and for unknown tags."""


@dataclass(frozen=True)
class Value:
    """One value with its tag. ``tag`` is a ``Tag``, or another number from 0x10 to 0x7f."""

    tag: int
    data: Payload = None

    def text(self) -> str | None:
        """The value as text, when it is of one of the character-string kinds."""
        if isinstance(self.data, Localized):
            return self.data.text
        return self.data if isinstance(self.data, str) else None


@dataclass(frozen=True)
class Attribute:
    """A name and one value or several (1setOf)."""

    name: str
    values: tuple[Value, ...]

    def __iter__(self) -> Iterator[Value]:
        return iter(self.values)

    def text(self) -> str | None:
        """The first value as text."""
        return self.values[0].text() if self.values else None

    def collections(self) -> tuple[Collection, ...]:
        """The values that are collections."""
        return tuple(value.data for value in self.values if isinstance(value.data, Collection))


@dataclass(frozen=True)
class AttributeGroup:
    """The attributes after one delimiter tag. ``tag`` is a ``Group``, or another number from 0x00 to 0x0f but 0x03."""

    tag: int
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True)
class Message:
    """A request or a response: ``code`` is an operation or a status. ``data`` is what follows the attributes."""

    code: int
    request_id: int = 1
    groups: tuple[AttributeGroup, ...] = ()
    version: tuple[int, int] = (2, 0)
    data: bytes = field(default=b"", repr=False)

    def find(self, group: int, name: str) -> Attribute | None:
        """The first attribute of that name in the groups of that tag."""
        for part in self.groups:
            if part.tag == group:
                for attribute in part.attributes:
                    if attribute.name == name:
                        return attribute
        return None

    @property
    def successful(self) -> bool:
        """Whether a response says that the request was done (RFC 8011 appendix B.1.2: 0x0000 to 0x00ff)."""
        return 0 <= self.code <= 0xFF


def integer(name: str, *numbers: int) -> Attribute:
    return Attribute(name, tuple(Value(Tag.INTEGER, number) for number in numbers))


def boolean(name: str, flag: bool) -> Attribute:
    return Attribute(name, (Value(Tag.BOOLEAN, flag),))


def keyword(name: str, *words: str) -> Attribute:
    return Attribute(name, tuple(Value(Tag.KEYWORD, word) for word in words))


def uri(name: str, *uris: str) -> Attribute:
    return Attribute(name, tuple(Value(Tag.URI, item) for item in uris))


def name_value(name: str, *names: str) -> Attribute:
    return Attribute(name, tuple(Value(Tag.NAME, item) for item in names))


def text_value(name: str, *texts: str) -> Attribute:
    return Attribute(name, tuple(Value(Tag.TEXT, item) for item in texts))


def mime_type(name: str, *types: str) -> Attribute:
    return Attribute(name, tuple(Value(Tag.MIME_MEDIA_TYPE, item) for item in types))


def collection(name: str, *sets: tuple[Attribute, ...]) -> Attribute:
    return Attribute(name, tuple(Value(Tag.BEGIN_COLLECTION, Collection(members)) for members in sets))


def request(operation: Operation, *attributes: Attribute, job: tuple[Attribute, ...] = ()) -> Message:
    """A request: charset and language first, as RFC 8011 4.1.4 wants them, then ``attributes``, then a job group."""
    head = (
        Attribute("attributes-charset", (Value(Tag.CHARSET, "utf-8"),)),
        Attribute("attributes-natural-language", (Value(Tag.NATURAL_LANGUAGE, "en"),)),
    )
    first = AttributeGroup(Group.OPERATION, head + attributes)
    return Message(int(operation), groups=(first, AttributeGroup(Group.JOB, job)) if job else (first,))

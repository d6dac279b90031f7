"""IPP messages to octets and back (RFC 8010 3).

What always holds: ``decode`` of anything raises ``IppError`` or gives a message that ``encode`` takes, and
``decode(encode(m)) == m`` for every message that ``encode`` takes (a dateTime keeps tenths of a second). Nothing is
read past the octets given, lengths are the standard's SIGNED-SHORT, collections nest at most ``MAX_DEPTH`` deep.
Strings are UTF-8; octets that are not become U+FFFD, since one bad name must not take the whole message with it.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO
from typing import BinaryIO

from ipp.values import (
    Attribute,
    AttributeGroup,
    Collection,
    Dots,
    Group,
    IppError,
    Localized,
    Message,
    Payload,
    Range,
    Tag,
    Value,
)

MAX_DEPTH = 16
MAX_LENGTH = 0x7FFF
"""Of a name and of a value, in octets: SIGNED-SHORT (RFC 8010 3.1.4)."""
MAX_VALUES = 200_000
"""In one message; a value takes five octets on the wire and far more in memory."""

_STRINGS = frozenset(range(0x40, 0x60)) - {Tag.MEMBER_NAME}
_INTEGERS = frozenset({Tag.INTEGER, Tag.ENUM})
_LANGUAGES = frozenset({Tag.TEXT_WITH_LANGUAGE, Tag.NAME_WITH_LANGUAGE})
_OUT_OF_BAND = frozenset(range(0x10, 0x20))
_FRAMES = frozenset({Tag.END_COLLECTION, Tag.MEMBER_NAME})


def encode(message: Message) -> bytes:
    """The message as octets. IppError when a value does not fit its tag or the wire."""
    out: list[bytes] = []
    try:
        out.append(struct.pack(">BBHi", *message.version, message.code, message.request_id))
        for group in message.groups:
            if not 0 <= group.tag <= 0x0F or group.tag == Group.END:
                raise IppError(f"0x{group.tag:02x} is no group tag")
            out.append(bytes([group.tag]))
            for attribute in group.attributes:
                _put_attribute(out, attribute, 0)
    except (struct.error, UnicodeEncodeError) as error:
        raise IppError(f"a value does not fit: {error}") from error
    out.append(bytes([Group.END]))
    out.append(message.data)
    return b"".join(out)


def _put_attribute(out: list[bytes], attribute: Attribute, depth: int) -> None:
    if not attribute.name or not attribute.values:
        raise IppError(f"attribute {attribute.name!r} has no name or no value")
    name = _text(attribute.name)
    for value in attribute.values:
        _put_value(out, name, value, depth)
        name = b""


def _put_value(out: list[bytes], name: bytes, value: Value, depth: int) -> None:
    data = value.data
    if value.tag == Tag.BEGIN_COLLECTION:
        if not isinstance(data, Collection):
            raise IppError("a collection holds attributes")
        if depth >= MAX_DEPTH:
            raise IppError(f"collections nest deeper than {MAX_DEPTH}")
        _put(out, value.tag, name, b"")
        for member in data.members:
            if not member.name or not member.values:
                raise IppError(f"member {member.name!r} has no name or no value")
            _put(out, Tag.MEMBER_NAME, b"", _text(member.name))
            for item in member.values:
                _put_value(out, b"", item, depth + 1)
        _put(out, Tag.END_COLLECTION, b"", b"")
    else:
        _put(out, value.tag, name, _octets(value.tag, data))


def _put(out: list[bytes], tag: int, name: bytes, data: bytes) -> None:
    if len(name) > MAX_LENGTH or len(data) > MAX_LENGTH:
        raise IppError(f"a name or value is longer than {MAX_LENGTH} octets")
    out.append(struct.pack(">BH", tag, len(name)) + name + struct.pack(">H", len(data)) + data)


def _text(text: str) -> bytes:
    return text.encode("utf-8")


def _octets(tag: int, data: Payload) -> bytes:
    if not 0x10 <= tag <= 0x7F or tag in _FRAMES:
        raise IppError(f"0x{tag:02x} is no value tag")
    match data:
        case None if tag in _OUT_OF_BAND:
            return b""
        case bool() if tag == Tag.BOOLEAN:
            return b"\1" if data else b"\0"
        case int() if tag in _INTEGERS and not isinstance(data, bool):
            return struct.pack(">i", data)
        case datetime() if tag == Tag.DATE_TIME:
            return _date_octets(data)
        case Dots() if tag == Tag.RESOLUTION:
            return struct.pack(">iib", data.across, data.along, data.units)
        case Range() if tag == Tag.RANGE:
            return struct.pack(">ii", data.lower, data.upper)
        case Localized() if tag in _LANGUAGES:
            language, text = _text(data.language), _text(data.text)
            return struct.pack(">H", len(language)) + language + struct.pack(">H", len(text)) + text
        case str() if tag in _STRINGS:
            return _text(data)
        case bytes() if tag == Tag.OCTET_STRING or _unknown(tag):
            return data
    raise IppError(f"tag 0x{tag:02x} does not hold a {type(data).__name__}")


def _unknown(tag: int) -> bool:
    known = tag in _OUT_OF_BAND or tag in _STRINGS or tag in _FRAMES
    return not known and not Tag.INTEGER <= tag <= Tag.ENUM and not Tag.OCTET_STRING <= tag <= Tag.END_COLLECTION


def _date_octets(moment: datetime) -> bytes:
    """RFC 2579 DateAndTime; what is finer than a tenth of a second is cut off."""
    offset = moment.utcoffset()
    if offset is None or offset % timedelta(minutes=1):
        raise IppError("a dateTime needs its offset from UTC, in whole minutes")
    minutes = abs(offset) // timedelta(minutes=1)
    return struct.pack(
        ">HBBBBBBcBB",
        moment.year,
        moment.month,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
        moment.microsecond // 100_000,
        b"-" if offset < timedelta(0) else b"+",
        minutes // 60,
        minutes % 60,
    )


def decode(octets: bytes) -> Message:
    """The message in ``octets``; what follows its attributes is its ``data``."""
    stream = BytesIO(octets)
    message = read(stream)
    return Message(message.code, message.request_id, message.groups, message.version, stream.read())


def read(stream: BinaryIO) -> Message:
    """Read a message up to the end of its attributes; its ``data`` stays unread in ``stream``."""
    return _Reader(stream).message()


class _Reader:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._values = 0

    def message(self) -> Message:
        major, minor, code, request_id = struct.unpack(">BBHi", self._take(8))
        groups: list[AttributeGroup] = []
        tag = self._tag()
        while tag != Group.END:
            if tag > 0x0F:
                raise IppError("an attribute stands before the first group")
            attributes, following = self._group()
            groups.append(AttributeGroup(tag, attributes))
            tag = following
        return Message(code, request_id, tuple(groups), (major, minor))

    def _group(self) -> tuple[tuple[Attribute, ...], int]:
        attributes: list[Attribute] = []
        name = ""
        values: list[Value] = []
        while (tag := self._tag()) > 0x0F:
            found = self._string()
            if found:
                if name:
                    attributes.append(Attribute(name, tuple(values)))
                name, values = found, []
            elif not name:
                raise IppError("a further value stands before the first attribute")
            values.append(self._value(tag, 0))
        if name:
            attributes.append(Attribute(name, tuple(values)))
        return tuple(attributes), tag

    def _value(self, tag: int, depth: int) -> Value:
        self._values += 1
        if self._values > MAX_VALUES:
            raise IppError(f"more than {MAX_VALUES} values")
        data = self._counted()
        if tag == Tag.BEGIN_COLLECTION:
            if depth >= MAX_DEPTH:
                raise IppError(f"collections nest deeper than {MAX_DEPTH}")
            return Value(tag, self._collection(depth + 1))
        if tag in _FRAMES:
            raise IppError("a member or an end stands outside a collection")
        if tag > Tag.EXTENSION:
            raise IppError(f"0x{tag:02x} is no value tag")
        return Value(tag, _payload(tag, data))

    def _collection(self, depth: int) -> Collection:
        members: list[Attribute] = []
        name = ""
        values: list[Value] = []
        while True:
            tag = self._tag()
            if tag <= 0x0F:
                raise IppError("a collection has no end")
            if self._counted():
                raise IppError("an attribute with a name stands inside a collection")
            if tag in _FRAMES:
                if name and not values:
                    raise IppError(f"member {name!r} has no value")
                if name:
                    members.append(Attribute(name, tuple(values)))
                name, values = self._string(), []
                if tag == Tag.END_COLLECTION:
                    return Collection(tuple(members))
                if not name:
                    raise IppError("a member has no name")
            elif not name:
                raise IppError("a value without a member name stands inside a collection")
            else:
                values.append(self._value(tag, depth))

    def _tag(self) -> int:
        return self._take(1)[0]

    def _string(self) -> str:
        return _short(self._counted().decode("utf-8", "replace"))

    def _counted(self) -> bytes:
        length = int.from_bytes(self._take(2), "big")
        if length > MAX_LENGTH:
            raise IppError(f"a name or value is longer than {MAX_LENGTH} octets")
        return self._take(length)

    def _take(self, count: int) -> bytes:
        octets = self._stream.read(count)
        if len(octets) < count:
            raise IppError("the message ends early")
        return octets


def _payload(tag: int, data: bytes) -> Payload:
    if tag in _OUT_OF_BAND:
        return None  # RFC 8010 3.8: a value here means nothing
    if tag in _STRINGS:
        return _short(data.decode("utf-8", "replace"))
    try:
        if tag in _INTEGERS:
            return int(struct.unpack(">i", data)[0])
        if tag == Tag.BOOLEAN:
            return bool(struct.unpack(">B", data)[0])
        if tag == Tag.RANGE:
            return Range(*struct.unpack(">ii", data))
        if tag == Tag.RESOLUTION:
            return Dots(*struct.unpack(">iib", data))
        if tag == Tag.DATE_TIME:
            return _date(data)
        if tag in _LANGUAGES:
            return _localized(data)
    except (struct.error, ValueError, OverflowError) as error:
        raise IppError(f"a value of tag 0x{tag:02x} is malformed") from error
    return data  # octetString, and what the standard does not know


def _localized(data: bytes) -> Localized:
    reader = _Reader(BytesIO(data))
    language, text = reader._string(), reader._string()
    if len(_text(language)) + len(_text(text)) + 4 > MAX_LENGTH:
        raise IppError("a value has too many octets that are not UTF-8")
    return Localized(language, text)


def _short(text: str) -> str:
    # U+FFFD takes three octets where one bad octet stood
    if len(text) > MAX_LENGTH // 4 and len(_text(text)) > MAX_LENGTH:
        raise IppError("a value has too many octets that are not UTF-8")
    return text


def _date(data: bytes) -> datetime:
    year, month, day, hour, minute, second, tenth, sign, east_h, east_min = struct.unpack(">HBBBBBBcBB", data)
    if sign not in (b"+", b"-") or tenth > 9 or east_min > 59:
        raise ValueError("not a DateAndTime")
    offset = timedelta(hours=east_h, minutes=east_min) * (-1 if sign == b"-" else 1)
    zone = timezone(offset) if offset else UTC
    # RFC 2579 allows 60 for a leap second, datetime does not
    return datetime(year, month, day, hour, minute, min(second, 59) if second <= 60 else second, tenth * 100_000, zone)

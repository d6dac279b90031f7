"""The codec: exact octets of RFC 8010's examples, round trips of any message, and hostile octets."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipp.codec import MAX_DEPTH, MAX_LENGTH, decode, encode
from ipp.values import (
    Attribute,
    AttributeGroup,
    Collection,
    Dots,
    Group,
    IppError,
    Localized,
    Message,
    Operation,
    Range,
    Tag,
    Value,
    collection,
    integer,
    keyword,
    name_value,
    request,
    text_value,
    uri,
)

INT32 = st.integers(-(2**31), 2**31 - 1)
TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
NAMES = st.text("abcdefghij-_.0123456789ü", min_size=1, max_size=20)
DATES = st.builds(
    lambda moment, minutes, tenth: moment.replace(
        microsecond=tenth * 100_000, tzinfo=timezone(timedelta(minutes=minutes))
    ),
    st.datetimes(),
    st.integers(-14 * 60, 14 * 60),
    st.integers(0, 9),
)
LOCALIZED = st.builds(Localized, TEXT, TEXT)
SIMPLE = st.one_of(
    st.builds(Value, st.sampled_from([Tag.INTEGER, Tag.ENUM]), INT32),
    st.builds(Value, st.just(Tag.BOOLEAN), st.booleans()),
    st.builds(Value, st.sampled_from([Tag.OCTET_STRING, 0x24, 0x3A, 0x60, Tag.EXTENSION]), st.binary(max_size=40)),
    st.builds(Value, st.just(Tag.DATE_TIME), DATES),
    st.builds(Value, st.just(Tag.RESOLUTION), st.builds(Dots, INT32, INT32, st.integers(-128, 127))),
    st.builds(Value, st.just(Tag.RANGE), st.builds(Range, INT32, INT32)),
    st.builds(Value, st.sampled_from([Tag.TEXT_WITH_LANGUAGE, Tag.NAME_WITH_LANGUAGE]), LOCALIZED),
    st.builds(
        Value,
        st.sampled_from(
            [
                Tag.TEXT,
                Tag.NAME,
                Tag.KEYWORD,
                Tag.URI,
                Tag.URI_SCHEME,
                Tag.CHARSET,
                Tag.NATURAL_LANGUAGE,
                Tag.MIME_MEDIA_TYPE,
                0x5F,
            ]
        ),
        TEXT,
    ),
    st.builds(Value, st.integers(0x10, 0x1F), st.none()),
)


def _attributes(values: st.SearchStrategy[Value]) -> st.SearchStrategy[Attribute]:
    return st.builds(Attribute, NAMES, st.lists(values, min_size=1, max_size=3).map(tuple))


VALUES = st.recursive(
    SIMPLE,
    lambda inner: st.builds(
        lambda members: Value(Tag.BEGIN_COLLECTION, Collection(tuple(members))),
        st.lists(_attributes(inner), max_size=3),
    ),
    max_leaves=12,
)
GROUPS = st.builds(
    AttributeGroup,
    st.integers(0, 15).filter(lambda tag: tag != Group.END),
    st.lists(_attributes(VALUES), max_size=4).map(tuple),
)
MESSAGES = st.builds(
    Message,
    st.integers(0, 0xFFFF),
    INT32,
    st.lists(GROUPS, max_size=4).map(tuple),
    st.tuples(st.integers(0, 255), st.integers(0, 255)),
    st.binary(max_size=50),
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(MESSAGES)
def test_every_message_comes_back_as_it_was(message: Message) -> None:
    assert decode(encode(message)) == message


@settings(max_examples=60, deadline=None, derandomize=True)
@given(MESSAGES, st.data())
def test_a_message_cut_anywhere_in_its_attributes_is_refused(message: Message, data: st.DataObject) -> None:
    whole = encode(Message(message.code, message.request_id, message.groups, message.version))
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(IppError):
        decode(whole[:cut])


def _rich() -> bytes:
    return encode(
        Message(
            Operation.PRINT_JOB,
            groups=(
                AttributeGroup(
                    Group.JOB,
                    (
                        collection(
                            "destination-uris",
                            (uri("destination-uri", "tel:+4930"), text_value("pre-dial-string", "0")),
                            (uri("destination-uri", "tel:+4931"),),
                        ),
                        Attribute("when", (Value(Tag.DATE_TIME, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),)),
                        Attribute("who", (Value(Tag.NAME_WITH_LANGUAGE, Localized("de", "Jürgen")),)),
                        Attribute("dots", (Value(Tag.RESOLUTION, Dots(204, 196)),)),
                    ),
                ),
            ),
        )
    )


def test_damaged_octets_are_read_or_refused_and_what_is_read_can_be_written() -> None:
    whole = _rich()
    chance = random.Random(8010)
    read = refused = 0
    for _ in range(6000):
        octets = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(octets))
            match chance.randrange(3):
                case 0:
                    octets[at] = chance.randrange(256)
                case 1:
                    del octets[at]
                case 2:
                    octets.insert(at, chance.choice(b"\x00\x03\x10\x34\x37\x4a\x7f\xff"))
        try:
            message = decode(bytes(octets))
        except IppError:
            refused += 1
        else:
            assert decode(encode(message)) == message
            read += 1
    assert read > 100
    assert refused > 100


def test_noise_is_read_or_refused() -> None:
    chance = random.Random(1)
    for _ in range(3000):
        octets = b"\x02\x00\x00\x0b\x00\x00\x00\x01\x01" + chance.randbytes(chance.randrange(60))
        try:
            message = decode(octets)
        except IppError:
            continue
        assert decode(encode(message)) == message


def test_the_octets_are_those_of_the_standard() -> None:
    # RFC 8010 appendix A.1, shortened: Print-Job with charset, language, printer-uri, and copies as the job's
    message = request(
        Operation.PRINT_JOB,
        uri("printer-uri", "ipp://printer.example.com/ipp/print/pinetree"),
        job=(integer("copies", 20),),
    )
    expected = (
        b"\x02\x00\x00\x02\x00\x00\x00\x01"
        b"\x01"
        b"\x47\x00\x12attributes-charset\x00\x05utf-8"
        b"\x48\x00\x1battributes-natural-language\x00\x02en"
        b"\x45\x00\x0bprinter-uri\x00\x2cipp://printer.example.com/ipp/print/pinetree"
        b"\x02"
        b"\x21\x00\x06copies\x00\x04\x00\x00\x00\x14"
        b"\x03"
    )
    assert encode(message) == expected


def test_a_collection_is_framed_as_in_the_standard() -> None:
    # RFC 8010 appendix A.8 in small: media-col with a nested media-size
    message = Message(
        0x0002,
        groups=(
            AttributeGroup(
                Group.JOB,
                (
                    collection(
                        "media-col",
                        (collection("media-size", (integer("x-dimension", 21000),)), keyword("media-color", "blue")),
                    ),
                ),
            ),
        ),
    )
    expected = (
        b"\x02\x00\x00\x02\x00\x00\x00\x01\x02"
        b"\x34\x00\x09media-col\x00\x00"
        b"\x4a\x00\x00\x00\x0amedia-size"
        b"\x34\x00\x00\x00\x00"
        b"\x4a\x00\x00\x00\x0bx-dimension"
        b"\x21\x00\x00\x00\x04\x00\x00\x52\x08"
        b"\x37\x00\x00\x00\x00"
        b"\x4a\x00\x00\x00\x0bmedia-color"
        b"\x44\x00\x00\x00\x04blue"
        b"\x37\x00\x00\x00\x00"
        b"\x03"
    )
    assert encode(message) == expected
    assert decode(expected) == message


def test_what_follows_the_attributes_is_data() -> None:
    assert decode(encode(request(Operation.PRINT_JOB)) + b"%PDF-1.7").data == b"%PDF-1.7"


def test_octets_that_are_not_utf8_do_not_take_the_message_along() -> None:
    octets = encode(request(Operation.PRINT_JOB, name_value("job-name", "Brief"))).replace(b"Brief", b"Br\xfcef")
    found = decode(octets).find(Group.OPERATION, "job-name")
    assert found is not None
    assert found.text() == "Br\ufffdef"


def test_a_leap_second_is_read() -> None:
    octets = encode(Message(0, groups=(AttributeGroup(1, (Attribute("t", (_date(),)),)),))).replace(
        b"\x0c\x1f\x17\x3b\x3b", b"\x0c\x1f\x17\x3b\x3c"
    )
    found = decode(octets).find(1, "t")
    assert found is not None
    assert found.values == (_date(),)


def _date() -> Value:
    return Value(Tag.DATE_TIME, datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC))


def _job(attribute: Attribute) -> Message:
    return Message(0, groups=(AttributeGroup(Group.JOB, (attribute,)),))


def _nested(depth: int) -> Attribute:
    inner = integer("n", 1)
    for _ in range(depth):
        inner = collection("c", (inner,))
    return inner


def test_collections_may_nest_but_not_without_end() -> None:
    deep = _job(_nested(MAX_DEPTH))
    assert decode(encode(deep)) == deep
    with pytest.raises(IppError, match="nest deeper"):
        encode(_job(_nested(MAX_DEPTH + 1)))
    start = b"\x02\x00\x00\x02\x00\x00\x00\x01\x02\x34\x00\x01c\x00\x00"
    with pytest.raises(IppError, match="nest deeper"):
        decode(start + b"\x4a\x00\x00\x00\x01c\x34\x00\x00\x00\x00" * 5000)


@pytest.mark.parametrize(
    "value",
    [
        Value(Tag.INTEGER, 2**31),
        Value(Tag.INTEGER, True),
        Value(Tag.INTEGER, "1"),
        Value(Tag.BOOLEAN, 1),
        Value(Tag.KEYWORD, b"x"),
        Value(Tag.KEYWORD, "\ud800"),
        Value(Tag.KEYWORD, "x" * (MAX_LENGTH + 1)),
        Value(Tag.OCTET_STRING, "x"),
        Value(Tag.DATE_TIME, datetime(2026, 1, 1)),
        Value(Tag.DATE_TIME, datetime(2026, 1, 1, tzinfo=timezone(timedelta(seconds=30)))),
        Value(Tag.RANGE, None),
        Value(Tag.NO_VALUE, 0),
        Value(Tag.BEGIN_COLLECTION, None),
        Value(Tag.END_COLLECTION, None),
        Value(Tag.MEMBER_NAME, "x"),
        Value(0x05, None),
        Value(0x80, b""),
        Value(Tag.BEGIN_COLLECTION, Collection((Attribute("m", ()),))),
        Value(Tag.BEGIN_COLLECTION, Collection((integer("", 1),))),
    ],
)
def test_a_value_that_does_not_fit_its_tag_is_refused(value: Value) -> None:
    with pytest.raises(IppError):
        encode(_job(Attribute("a", (value,))))


@pytest.mark.parametrize("group", [Group.END, 0x10, -1])
def test_a_group_needs_a_group_tag(group: int) -> None:
    with pytest.raises(IppError):
        encode(Message(0, groups=(AttributeGroup(group),)))


HEAD = b"\x02\x00\x00\x00\x00\x00\x00\x01"


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"", "ends early"),
        (HEAD, "ends early"),
        (HEAD + b"\x21\x00\x01a\x00\x04\x00\x00\x00\x01\x03", "before the first group"),
        (HEAD + b"\x01\x21\x00\x00\x00\x04\x00\x00\x00\x01\x03", "before the first attribute"),
        (HEAD + b"\x01\x21\x00\x01a\x00\x03\x00\x00\x01\x03", "malformed"),
        (HEAD + b"\x01\x22\x00\x01a\x00\x00\x03", "malformed"),
        (HEAD + b"\x01\x44\xff\xffa", "longer than"),
        (HEAD + b"\x01\x44\x00\x01a\xff\xff", "longer than"),
        (HEAD + b"\x01\x37\x00\x01a\x00\x00\x03", "outside a collection"),
        (HEAD + b"\x01\x4a\x00\x01a\x00\x01b\x03", "outside a collection"),
        (HEAD + b"\x01\x34\x00\x01a\x00\x00\x03", "has no end"),
        (HEAD + b"\x01\x34\x00\x01a\x00\x00\x21\x00\x00\x00\x04\x00\x00\x00\x01", "without a member name"),
        (HEAD + b"\x01\x34\x00\x01a\x00\x00\x4a\x00\x01x\x00\x01b", "with a name"),
        (HEAD + b"\x01\x34\x00\x01a\x00\x00\x4a\x00\x00\x00\x01b\x37\x00\x00\x00\x00", "has no value"),
        (HEAD + b"\x01\x34\x00\x01a\x00\x00\x4a\x00\x00\x00\x00", "no name"),
        (HEAD + b"\x01\x31\x00\x01a\x00\x0b\x07\xea\x0d\x01\x00\x00\x00\x00+\x00\x00\x03", "malformed"),
        (HEAD + b"\x01\x35\x00\x01a\x00\x03\x00\x09d\x03", "ends early"),
    ],
)
def test_a_malformed_message_is_refused_with_the_reason(octets: bytes, why: str) -> None:
    with pytest.raises(IppError, match=why):
        decode(octets)


def test_a_message_of_countless_values_is_refused() -> None:
    with pytest.raises(IppError, match="more than"):
        decode(HEAD + b"\x01\x13\x00\x01a\x00\x00" + b"\x13\x00\x00\x00\x00" * 200_001 + b"\x03")


def test_the_value_of_an_out_of_band_tag_means_nothing() -> None:
    found = decode(HEAD + b"\x01\x13\x00\x01a\x00\x02xy\x03").find(Group.OPERATION, "a")
    assert found == Attribute("a", (Value(Tag.NO_VALUE),))

"""Options and device URIs: what CUPS writes, and what nobody should write."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.options import chosen, parameters, parse


def test_options_are_read_as_cups_writes_them() -> None:
    text = (
        'FaxRecipient=Custom.J\\ D\\\'Or\\\\\\"x\\" finishings=3 nocollate duplex phone=Custom.+49\\ 30 '
        "job-uuid=urn:uuid:1 Resolution=204x196dpi page-ranges=1-3,5 empty="
    )
    assert parse(text) == {
        "faxrecipient": 'Custom.J D\'Or\\"x"',
        "finishings": "3",
        "collate": "false",
        "duplex": "true",
        "phone": "Custom.+49 30",
        "job-uuid": "urn:uuid:1",
        "resolution": "204x196dpi",
        "page-ranges": "1-3,5",
        "empty": "",
    }


def test_the_last_of_two_counts() -> None:
    assert parse("phone=1 phone=2") == {"phone": "2"}


def _escaped(value: str) -> str:
    return "".join(f"\\{c}" if c in " \t\n\\'\"" else c for c in value)


VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\r\f\v"), max_size=30)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.dictionaries(st.from_regex(r"[a-m][a-z\-]{0,8}", fullmatch=True), VALUES, max_size=5))
def test_every_value_that_cups_escapes_comes_back(options: dict[str, str]) -> None:
    assert parse(" ".join(f"{name}={_escaped(value)}" for name, value in options.items())) == options


def test_odd_options_do_no_harm() -> None:
    chance = random.Random(5)
    for _ in range(3000):
        text = "".join(chance.choice("ab= \\'\"{}\t\nno") for _ in range(chance.randrange(30)))
        assert all(parse(text))


@pytest.mark.parametrize("value", [None, "", " ", "None", "none", "Custom", "Custom.", "Custom. ", "custom."])
def test_what_dialogues_send_when_nobody_typed_is_nothing(value: str | None) -> None:
    assert chosen(value) is None


@pytest.mark.parametrize(
    ("value", "text"), [("Custom.+49 30", "+49 30"), (" 5552001 ", "5552001"), ("Custom.a.b", "a.b")]
)
def test_what_somebody_typed_is_taken_without_the_mark(value: str, text: str) -> None:
    assert chosen(value) == text


def test_a_device_uri_has_parameters() -> None:
    uri = "platen:/fax?to=+4930%20123&To=%2B49&cover=a%26b&socket=/run/x.sock&empty=&bare"
    assert parameters(uri) == (
        ("to", "+4930 123"),
        ("to", "+49"),
        ("cover", "a&b"),
        ("socket", "/run/x.sock"),
        ("empty", ""),
        ("bare", ""),
    )


@pytest.mark.parametrize("uri", ["", "platen:/fax", "platen:/fax?", "platen://[", "?" + "a=1&" * 200])
def test_an_odd_device_uri_has_none(uri: str) -> None:
    assert parameters(uri) == ()

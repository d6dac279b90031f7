"""Where the number and the rest come from, by themselves."""

from __future__ import annotations

import pytest

from backend.asked import Asked, AskedError, PrintJob, asked
from backend.options import parameters, parse
from fax.types import CoverPage, Resolution
from ipp.values import Attribute, Value, collection, integer, name_value, text_value, uri


def _asked(options: str = "", device: str = "", title: str = "", *attributes: Attribute) -> Asked:
    job = PrintJob(
        title=title,
        options=parse(options),
        parameters=parameters(device),
        attributes={item.name: item for item in attributes},
    )
    return asked(job)


def _numbers(options: str = "", device: str = "", title: str = "", *attributes: Attribute) -> list[str | None]:
    return [recipient.number for recipient in _asked(options, device, title, *attributes).recipients]


def _destination(number: str, *more: Attribute) -> Attribute:
    return collection("destination-uris", (uri("destination-uri", number), *more))


def test_the_sources_of_the_number_have_an_order() -> None:
    sources = ("phone=2", "platen:/fax?to=3", "44444", _destination("tel:1"))
    assert _numbers(*sources) == ["1"]
    assert _numbers(*sources[:3]) == ["2"]
    assert _numbers("phone=None", *sources[1:3]) == ["3"]
    assert _numbers("", "platen:/fax", sources[2]) == ["44444"]
    assert _numbers() == [None]


@pytest.mark.parametrize("title", ["5552001", "+49 30 123-456", "tel:+4930", "0w5552001", "+49 (30) 123.456"])
def test_a_title_that_is_a_number_is_dialled(title: str) -> None:
    assert _numbers(title=title) == [title.removeprefix("tel:")]


@pytest.mark.parametrize(
    "title",
    [
        "",
        "42",
        "2026",
        "2026-11-20",
        "20.11.2026",
        "Invoice 5552001",
        "5552001.pdf",
        "(stdin)",
        "+",
        "1/2",
        "+49a30123",
    ],
)
def test_another_title_is_not(title: str) -> None:
    assert _numbers(title=title) == [None]


def test_a_queue_can_be_told_to_leave_titles_alone() -> None:
    assert _numbers("", "platen:/fax?title=no", "5552001") == [None]


def test_a_prefix_goes_in_front() -> None:
    assert _numbers("phone=Custom.5552001 faxPrefix=Custom.0,") == ["0,5552001"]
    assert _numbers("phone=1;2 faxPrefix=0") == ["01", "02"]
    assert _numbers("faxPrefix=0") == [None]


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("tel:+49-30-123", "+49-30-123"),
        ("TEL:+4930", "+4930"),
        ("fax:5552001", "5552001"),
        ("tel:+4930;ext=7", "+4930,7"),
        ("tel:%2B4930", "+4930"),
        ("tel:123;phone-context=+4930", "+4930123"),
        ("tel:123;phone-context=example.com", "tel:123;phone-context=example.com"),
        ("tel:123;phone-context=+4930;ext=5", "+4930123,5"),
        ("tel:+4930;isub=9", "tel:+4930;isub=9"),
        ("5552001", "5552001"),
    ],
)
def test_destinations_may_be_tel_uris(given: str, number: str) -> None:
    assert _numbers("", "", "", _destination(given)) == [number]


def test_strings_are_dialled_before_and_after() -> None:
    strings = (text_value("pre-dial-string", "0,"), text_value("post-dial-string", "p9"))
    assert _numbers("", "", "", _destination("tel:5552001", *strings)) == ["0,5552001p9"]
    assert _numbers("", "", "", _destination("tel:5552001", integer("pre-dial-string", 9))) == ["95552001"]


def test_destinations_without_a_uri_are_passed_over() -> None:
    empty = collection("destination-uris", (text_value("pre-dial-string", "0"),), ())
    assert _numbers("phone=5", "", "", empty) == ["5"]
    assert _numbers("phone=5", "", "", Attribute("destination-uris", (Value(0x13),))) == ["5"]


@pytest.mark.parametrize("given", ["sip:bob@example.com", "mailto:x@example.com", "smb://host/x"])
def test_other_kinds_of_destination_are_refused(given: str) -> None:
    with pytest.raises(AskedError, match="cannot be faxed to"):
        _numbers("", "", "", _destination(given))


def test_refusals_tell_no_numbers() -> None:
    with pytest.raises(AskedError) as caught:
        _numbers("phone=+4930123456 faxPrefix=0")
    assert not any(character.isdigit() for character in str(caught.value).replace("+49", ""))


def test_semicolons_part_numbers_and_parameters() -> None:
    assert _numbers("phone=5552001;5552002;") == ["5552001", "5552002"]
    assert _numbers("phone=+4930;ext=7\\ ;\\ +4931") == ["+4930,7", "+4931"]


def test_every_recipient_has_the_name() -> None:
    recipients = _asked("phone=1;2 FaxRecipient=Custom.Bob FaxCompany=Custom.ACME").recipients
    assert [(item.name, item.company) for item in recipients] == [("Bob", "ACME")] * 2


def test_what_is_typed_counts_before_cover_sheet_info_and_that_before_the_queue() -> None:
    sheet = collection(
        "cover-sheet-info", (name_value("to-name", "Bob"), text_value("subject", "One"), text_value("message", "Two"))
    )
    found = _asked("FaxSubject=Custom.Mine FaxRecipient=Custom.Carol", "platen:/fax?cover=letter", "", sheet)
    assert found.cover == CoverPage(template="letter", subject="Mine", note="Two")
    assert found.recipients[0].name == "Carol"
    assert _asked("FaxCover=memo", "platen:/fax?cover=letter").cover == CoverPage(template="memo")


@pytest.mark.parametrize(
    ("options", "cover"),
    [
        ("", None),
        ("FaxCover=None FaxSubject=None FaxNote=Custom", None),
        ("FaxRecipient=Custom.Bob", None),
        ("FaxCover=default", CoverPage()),
        ("FaxCover=None FaxNote=Custom.Hi", CoverPage(note="Hi")),
    ],
)
def test_a_cover_page_goes_when_chosen_or_when_it_says_something(options: str, cover: CoverPage | None) -> None:
    assert _asked(options).cover == cover


@pytest.mark.parametrize(
    ("options", "resolution"),
    [
        ("", Resolution.FINE),
        ("Resolution=204x98dpi", Resolution.STANDARD),
        ("Resolution=204x391dpi", Resolution.SUPERFINE),
        ("printer-resolution=204x98dpi", Resolution.STANDARD),
        ("Resolution=Superfine", Resolution.SUPERFINE),
        ("Resolution=600dpi", Resolution.FINE),
    ],
)
def test_the_resolution_is_chosen(options: str, resolution: Resolution) -> None:
    assert _asked(options).resolution is resolution

"""Where the number and the rest come from, by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from backend.asked import Asked, asked
from backend.book import Entry
from backend.options import parameters, parse
from backend.print_job import AskedError, PrintJob
from fax.types import CoverPage, Priority, Recipient, Report, ReportKind, Resolution, Schedule, ScheduleAction, Sender
from ipp.values import Attribute, Value, collection, integer, name_value, text_value, uri

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=BERLIN)
ANNA = Entry(name="Anna", number="5552003", company="Praxis")
Fields = Mapping[str, tuple[str, ...]]


def _asked(
    options: str = "",
    device: str = "",
    title: str = "",
    *attributes: Attribute,
    entry: Entry | None = None,
    commands: Fields | None = None,
    ruled: Fields | None = None,
    now: datetime = NOON,
) -> Asked:
    job = PrintJob(
        title=title,
        options=parse(options),
        parameters=parameters(device),
        attributes={item.name: item for item in attributes},
        entry=entry,
        commands=commands or {},
        ruled=ruled or {},
        now=now,
    )
    return asked(job)


def _numbers(options: str = "", device: str = "", title: str = "", *attributes: Attribute) -> list[str | None]:
    return [recipient.number for recipient in _asked(options, device, title, *attributes).recipients]


def _destination(number: str, *more: Attribute) -> Attribute:
    return collection("destination-uris", (uri("destination-uri", number), *more))


def test_the_sources_of_the_number_have_an_order() -> None:
    def numbers(count: int) -> list[str | None]:
        """With so many of the sources, the last ones."""
        of = [position > 7 - count for position in range(1, 8)]
        found = _asked(
            f"phone={'2' if of[1] else 'None'} FaxBook={ANNA.keyword if of[2] else 'None'}",
            "platen:/fax?to=6" if of[5] else "platen:/fax",
            "77777" if of[6] else "Letter",
            *([_destination("tel:1")] if of[0] else []),
            entry=ANNA if of[2] else None,
            commands={"to": ("4",)} if of[3] else {},
            ruled={"to": ("5",)} if of[4] else {},
        )
        return [recipient.number for recipient in found.recipients]

    assert [numbers(count) for count in range(7, -1, -1)] == [
        *(["1"], ["2"], [ANNA.number], ["4"], ["5"], ["6"], ["77777"], [None])
    ]


def test_who_was_chosen_in_the_address_book_and_is_not_there_any_more_is_nobody_else() -> None:
    found = _asked("FaxBook=b123", "platen:/fax?to=6", "77777", entry=None)
    assert [recipient.number for recipient in found.recipients] == [None]


def test_an_entry_of_the_address_book_names_its_person_unless_a_name_is_typed() -> None:
    book = f"FaxBook={ANNA.keyword}"
    assert _asked(book, entry=ANNA).recipients == (Recipient(number="5552003", name="Anna", company="Praxis"),)
    assert _asked(f"{book} FaxRecipient=Custom.Eva", entry=ANNA).recipients[0].name == "Eva"
    assert _asked(f"{book} phone=1", entry=ANNA).recipients == (Recipient(number="1"),)
    assert _asked(f"{book} faxPrefix=0", entry=ANNA).recipients[0].number == "05552003"


def test_what_a_document_says_fills_what_nobody_typed() -> None:
    says: Fields = {
        "to": ("5552001;5552002", "5552004"),
        "prefix": ("0",),
        "name": ("Eva",),
        "subject": ("Offer",),
        "subaddress": ("42",),
        "resolution": ("superfine",),
        "priority": ("high",),
        "when": ("discount",),
        "number-of-retries": ("7",),
        "billing": ("K1",),
    }
    found = _asked("Resolution=204x196dpi FaxSubject=Custom.Mine", "platen:/fax?cover=letter", commands=says)
    assert [item.number for item in found.recipients] == ["05552001", "05552002", "05552004"]
    assert {(item.name, item.sub_address) for item in found.recipients} == {("Eva", "42")}
    assert found.cover == CoverPage(template="letter", subject="Mine")
    assert (found.resolution, found.priority) == (Resolution.SUPERFINE, Priority.HIGH)
    assert found.schedule.action is ScheduleAction.DISCOUNT
    assert (found.retries, found.billing_code) == (7, "K1")
    assert _asked("", "platen:/fax?cover=letter", commands={"to": ("1",), "cover": ("none",)}).cover is None
    assert _asked(commands={"name": ("A",)}, ruled={"name": ("B",), "to": ("1",)}).recipients[0].name == "A"


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


def test_a_subaddress_goes_with_its_number() -> None:
    destinations = collection(
        "destination-uris",
        (uri("destination-uri", "tel:1"), integer("t33-subaddress", 42)),
        (uri("destination-uri", "tel:2"),),
    )
    found = _asked("FaxSubAddress=7", "", "", destinations).recipients
    assert [(item.number, item.sub_address) for item in found] == [("1", "42"), ("2", "7")]


def test_retries_and_billing_come_as_numbers_or_as_names() -> None:
    as_lp = "number-of-retries=5 retry-interval=60 retry-time-out=3600 job-billing=K\\ 17"
    as_ipp = [integer("number-of-retries", 5), integer("retry-interval", 60), integer("retry-time-out", 3600)]
    for found in (_asked(as_lp), _asked("job-billing=K\\ 17", "", "", *as_ipp)):
        assert (found.retries, found.retry_delay_s, found.billing_code) == (5, 60.0, "K 17")
        assert found.schedule == Schedule(give_up_at=NOON + timedelta(hours=1))
    assert _asked("number-of-retries=1000").retries == 99
    assert _asked("number-of-retries=0").retries == 0
    none = _asked()
    assert (none.retries, none.retry_delay_s, none.billing_code, none.schedule) == (None, None, "", Schedule())
    for wrong in ("number-of-retries=many", "retry-interval=-1", "retry-time-out=1h"):
        with pytest.raises(AskedError, match="must be a whole number"):
            _asked(wrong)


@pytest.mark.parametrize(
    ("said", "day", "hour", "minute"),
    [
        ("22h", 20, 22, 0),
        ("6h", 21, 6, 0),
        ("Custom.13:05", 20, 13, 5),
        ("12.00", 21, 12, 0),
        ("0:30", 21, 0, 30),
    ],
)
def test_a_time_is_the_next_after_printing(said: str, day: int, hour: int, minute: int) -> None:
    at = datetime(2026, 11, day, hour, minute, tzinfo=BERLIN)
    assert _asked(f"FaxWhen={said}").schedule == Schedule(action=ScheduleAction.AT, at=at)
    # run again by CUPS the next day
    printed = integer("time-at-creation", int(NOON.timestamp()))
    late = _asked(f"FaxWhen={said}", "", "", printed, now=NOON + timedelta(days=1))
    assert late.schedule.at == at


def test_a_time_of_the_other_season_is_what_the_clocks_show() -> None:
    found = _asked("FaxWhen=6h", now=datetime(2026, 10, 24, 12, 0, tzinfo=BERLIN)).schedule.at
    assert found is not None
    assert found.isoformat() == "2026-10-25T06:00:00+01:00"


@pytest.mark.parametrize("said", ["25:00", "noon", "12:60", "2230"])
def test_a_time_that_is_not_understood_is_refused_and_not_sent_at_once(said: str) -> None:
    with pytest.raises(AskedError, match="time to send at"):
        _asked(f"FaxWhen=Custom.{said}")


@pytest.mark.parametrize(
    ("options", "number", "priority"),
    [
        ("", None, Priority.NORMAL),
        ("", 50, Priority.NORMAL),
        ("", 1, Priority.LOW),
        ("", 33, Priority.LOW),
        ("", 67, Priority.HIGH),
        ("", 100, Priority.HIGH),
        ("FaxPriority=Low", 100, Priority.LOW),
        ("FaxPriority=None", 100, Priority.HIGH),
    ],
)
def test_the_priority_is_chosen_or_the_job_has_one(options: str, number: int | None, priority: Priority) -> None:
    attributes = [] if number is None else [integer("job-priority", number)]
    assert _asked(options, "", "", *attributes).priority is priority


def test_a_priority_that_is_not_understood_is_refused() -> None:
    with pytest.raises(AskedError, match="priority"):
        _asked("FaxPriority=urgent")


def test_the_queue_names_the_lines() -> None:
    assert _asked("", "platen:/fax?group=berlin").port_group == "berlin"


def test_a_job_says_who_sends_it_and_where_the_report_goes() -> None:
    found = _asked("FaxSender='Ann Lee' FaxSenderCompany=Praxis FaxSenderDepartment=Labor FaxReport=ann@example.org")
    assert found.sender == Sender(name="Ann Lee", company="Praxis", department="Labor")
    assert found.submission((), "ann").report == Report(kind=ReportKind.EMAIL, address="ann@example.org")
    assert _asked("FaxSender=None FaxReport=None").submission((), "ann").report == Report()

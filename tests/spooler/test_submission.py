"""What a submission must be before it is taken in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fax.errors import Cause, RequestError
from fax.settings import PortGroup
from fax.types import (
    CoverPage,
    DocumentId,
    Poll,
    Recipient,
    Report,
    ReportKind,
    Schedule,
    ScheduleAction,
    Submission,
)
from spooler.settings import Dialling
from spooler.submission import checked, checked_recipient

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
GERMANY = Dialling(country="DE")
FAX = Submission(documents=(DocumentId("0" * 64),), recipients=(Recipient(number="030 1234567"),))


def accepted(**fields: Any) -> Submission:
    return checked(replace(FAX, **fields), GERMANY, NOW, (PortGroup(name="long-distance", ports=("line1",)),))


def test_numbers_are_kept_as_they_will_be_called() -> None:
    assert [recipient.number for recipient in accepted().recipients] == ["+49301234567"]
    assert accepted(recipients=()).recipients == (Recipient(),)
    assert accepted(recipients=(Recipient(name="Bob"),)).recipients == (Recipient(name="Bob"),)


def test_a_refused_number_names_its_recipient_and_the_remedy() -> None:
    recipients = (Recipient(number="+49 30 1234567"), Recipient(number="5552001", name="Bob"))
    with pytest.raises(RequestError, match=r"^Recipient 2 \(Bob\): 5552001 could be a local number") as refused:
        accepted(recipients=recipients)
    assert (refused.value.cause, refused.value.detail) == (Cause.BAD_NUMBER, "5552001")
    with pytest.raises(RequestError, match=r"^112 is an emergency number"):
        checked_recipient(Recipient(number="112"), GERMANY)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"documents": ()}, "needs a document or a cover page"),
        ({"poll": Poll()}, "neither documents nor a cover page"),
        ({"poll": Poll(), "documents": (), "cover": CoverPage()}, "neither documents nor a cover page"),
        ({"poll": Poll(selection="x" * 21), "documents": ()}, "poll.selection"),
        ({"poll": Poll(password="ä"), "documents": ()}, "poll.password"),
        ({"poll": Poll(password="********"), "documents": ()}, "only stands for a password"),
        ({"schedule": Schedule(action=ScheduleAction.AT)}, "needs schedule.at"),
        ({"schedule": Schedule(at=LATER)}, "with the action at only"),
        ({"schedule": Schedule(action=ScheduleAction.DISCOUNT, at=LATER)}, "with the action at only"),
        ({"schedule": Schedule(action=ScheduleAction.AT, at=LATER.replace(tzinfo=None))}, "no time zone"),
        ({"schedule": Schedule(give_up_at=NOW)}, "is past"),
        ({"schedule": Schedule(action=ScheduleAction.AT, at=LATER, give_up_at=LATER)}, "comes before"),
        ({"retries": -1}, "0 to 99"),
        ({"retries": 100}, "0 to 99"),
        ({"retry_delay_s": -0.5}, "pause between tries"),
        ({"retry_delay_s": float("nan")}, "pause between tries"),
        ({"retry_delay_s": 1e9}, "pause between tries"),
        ({"tsid": "x" * 21}, "tsid"),
        ({"tsid": "Zürich"}, "tsid"),
        ({"tsid": "a\nb"}, "tsid"),
        ({"billing_code": "a\nb"}, "billing code"),
        ({"billing_code": "x" * 256}, "billing code"),
        ({"report": Report(kind=ReportKind.EMAIL)}, "not a mail address"),
        ({"report": Report(kind=ReportKind.EMAIL, address="ann@a@b")}, "not a mail address"),
        ({"report": Report(kind=ReportKind.EMAIL, address="ann@b\nBcc: all@b")}, "not a mail address"),
        ({"report": Report(kind=ReportKind.INBOX, address="ann@b")}, "report.address"),
        ({"report": Report(address="ann@b")}, "report.address"),
        ({"port_group": "no-such"}, "no group of ports 'no-such'"),
        ({"recipients": (Recipient(sub_address="x" * 21),)}, "subaddress"),
        ({"recipients": (Recipient(), Recipient(password="pä"))}, "Recipient 2: The password"),
        ({"recipients": (Recipient(password="********"),)}, "only stands for a password"),
    ],
)
def test_what_cannot_act_is_refused_and_named(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(RequestError) as refused:
        accepted(**fields)
    assert refused.value.cause is Cause.BAD_REQUEST
    assert words in refused.value.text


@pytest.mark.parametrize(
    "fields",
    [
        {"documents": (), "cover": CoverPage()},
        {"documents": (), "poll": Poll(selection="42", password="#1 secret")},
        {"schedule": Schedule(action=ScheduleAction.AT, at=NOW - timedelta(days=1))},
        {"schedule": Schedule(action=ScheduleAction.DISCOUNT, give_up_at=LATER)},
        {"retries": 0, "retry_delay_s": 0.0},
        {"retries": 99},
        {"tsid": "+49 30 1234567 #12~"},
        {"report": Report(kind=ReportKind.EMAIL, address="ann.o'hara+fax@example.org")},
        {"report": Report(kind=ReportKind.INBOX)},
        {"port_group": "long-distance"},
        {"recipients": (Recipient(sub_address="0123456789*# 0123456", password="p w"),)},
    ],
)
def test_what_can_act_is_taken_as_it_is(fields: dict[str, Any]) -> None:
    taken = accepted(**fields)
    assert all(getattr(taken, name) == value for name, value in fields.items())

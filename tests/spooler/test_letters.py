"""Mails as they leave the outgoing box: headers, addresses, times of their tries, and the sentences in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

from hypothesis import given
from hypothesis import strategies as st

from codec.errors import DocumentFault
from fax.errors import Cause as Refusal
from fax.mail import Language, MailKind
from fax.settings import Configuration
from modem.outcome import Cause
from spooler.mail_letter import Letter, ready
from spooler.mailbox import LONGEST_PAUSE_S, next_try, pause_s
from spooler.report_causes import CAUSES
from spooler.store_mail import DueMail

ANN = "ann@example.org"


def test_every_cause_has_a_sentence_in_every_language() -> None:
    causes = {cause.value for kind in (Cause, Refusal, DocumentFault) for cause in kind}
    assert causes | {"given-up", "not-dialled", "uncertain-pages"} == set(CAUSES)
    for texts in CAUSES.values():
        assert len(set(texts)) == len(texts) == len(Language) and all(text == text.strip(". ") for text in texts)


HOSTILE = st.text(st.characters(codec="utf-8"), max_size=300)


@given(HOSTILE, HOSTILE)
def test_no_name_can_add_a_header(subject: str, name: str) -> None:
    letter = Letter(
        message_id="<report.1.a@host>",
        at=datetime(2026, 11, 20, tzinfo=UTC),
        sender="fax@example.org",
        to=ANN,
        subject=f"{subject}\r\nBcc: eve@example.org\n{name}",
        text=name,
    )
    octets = ready(letter).octets
    head = octets.partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0] for line in head.split(b"\r\n") if line[:1] not in (b" ", b"\t")]
    ours = "From To Subject Date Message-ID Auto-Submitted MIME-Version Content-Type Content-Transfer-Encoding"
    assert sorted(names) == sorted(ours.encode().split())
    assert b"\n" not in head.replace(b"\r\n", b"") and b"\r" not in head.replace(b"\r\n", b"")
    assert octets.isascii() and ready(letter).octets == octets


def test_addresses_and_names_of_any_script_arrive_as_they_are() -> None:
    letter = Letter(
        message_id="<a@b>",
        at=datetime(2026, 11, 20, tzinfo=UTC),
        sender="fax@example.org",
        to="ann@bücher.example",
        subject="Zugestellt: Fax an 李小龍 (Ärzte & Söhne) – שלום",
        text="Grüße\n",
    )
    made = ready(letter)
    assert (made.to, made.utf8) == ("ann@xn--bcher-kva.example", False)
    assert message_from_bytes(made.octets, policy=default)["Subject"] == letter.subject
    assert ready(replace(letter, to="änn@example.org")).utf8


@given(
    st.integers(0, 200),
    st.floats(0, 3600),
    st.floats(0, 10 * 86400),
    st.floats(0, 31 * 86400),
)
def test_a_mail_is_tried_until_its_time_is_up_and_never_after(
    tries: int, retry_s: float, since_s: float, give_up_s: float
) -> None:
    asked = datetime(2026, 11, 20, tzinfo=UTC)
    now = asked + timedelta(seconds=since_s)
    end = asked + timedelta(seconds=give_up_s)
    mail = DueMail(
        id=1,
        message_id="<a@b>",
        kind=MailKind.REPORT,
        address=ANN,
        facts="",
        created=asked,
        asked=asked,
        tries=tries,
    )
    until = next_try(mail, now, replace(Configuration(), mail_retry_s=retry_s, mail_give_up_s=give_up_s))
    if now >= end:
        assert until is None
    else:
        assert until is not None and now <= until <= min(end, now + timedelta(seconds=LONGEST_PAUSE_S))
    assert pause_s(tries + 1, retry_s) >= pause_s(tries, retry_s)

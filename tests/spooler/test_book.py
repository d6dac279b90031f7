"""The address book: who may stand in it, how it comes and goes as a file, and whom a name stands for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fax.book import BookFormat, Profile
from fax.errors import Cause, RequestError
from fax.types import (
    CoverPage,
    DocumentId,
    JobState,
    Recipient,
    Report,
    ReportKind,
    Sender,
    Submission,
)
from spooler.book import (
    Entry,
    checked_entries,
    checked_entry,
    checked_profile,
    read_csv,
    read_vcards,
    write_csv,
    write_vcards,
)
from spooler.settings import Dialling
from spooler.submission import with_profile
from tests.spooler.rig import Rig, refusal

GERMANY = Dialling(country="DE")
ANN = Recipient(
    number="+49301234567",
    name="Ann Lee",
    company="Harbour; Clinic, Ltd",
    street_address='1 Quay "Old" Street',
    city="Köln",
    zip="50667",
    country="Germany",
    title="Dr",
    department="X-ray",
    home_phone="+492211",
    office_phone="+492212",
)
BOB = Recipient(number="+12015550123", name="Bob Roe")


def test_somebody_in_the_book_has_a_name_and_a_number_that_may_be_called() -> None:
    assert checked_entry(Recipient(name="Ann", number="030 1234567"), GERMANY).number == "+49301234567"
    for wrong, cause in (
        (Recipient(name="Ann"), Cause.BAD_NUMBER),
        (Recipient(name=" ", number="030 1234567"), Cause.BAD_REQUEST),
        (Recipient(name="Ann", number="5552001"), Cause.BAD_NUMBER),
        (Recipient(name="Ann", number="112"), Cause.BAD_NUMBER),
        (Recipient(name="Ann", number="030 1234567", password="x"), Cause.BAD_REQUEST),
        (Recipient(name="Ann", number="030 1234567", company="a\nb"), Cause.BAD_REQUEST),
        (Recipient(name="A" * 201, number="030 1234567"), Cause.BAD_REQUEST),
    ):
        with pytest.raises(RequestError) as refused:
            checked_entry(wrong, GERMANY)
        assert refused.value.cause is cause


def test_a_csv_file_is_read_with_commas_or_semicolons_and_columns_in_any_order() -> None:
    for text in (
        "Number,name,Company,groups\n030 1234567,Ann Lee,Clinic,Doctors;All\n\n112,Bob,,\n",
        '\ufeffNumber;name;Company;groups\r\n030 1234567;Ann Lee;Clinic;"Doctors;All"\r\n;;;\r\n112;Bob;;\r\n',
    ):
        ann, bob = checked_entries(read_csv(text.encode()), GERMANY)
        assert ann.recipient == Recipient(number="+49301234567", name="Ann Lee", company="Clinic")
        assert (ann.line, ann.groups, ann.why) == (2, ("Doctors", "All"), "")
        assert bob.line == 4
        assert "emergency" in bob.why


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"", "name and number"),
        (b"Ann,030\n", "name and number"),
        (b"name,number,phone\n", "phone"),
        (b"name,number,name\n", "twice"),
        (b"name,number\n\xff,1\n", "UTF-8"),
    ],
)
def test_what_is_no_such_csv_is_refused(octets: bytes, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        read_csv(octets)


LINES = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")), max_size=20)


@given(name=LINES.filter(bool), company=LINES, city=LINES, names=st.lists(st.text("abc é,", min_size=1), max_size=2))
def test_what_is_written_as_csv_is_read_again_as_it_was(name: str, company: str, city: str, names: list[str]) -> None:
    recipient = Recipient(number="+49301234567", name=name, company=company, city=city)
    wanted = tuple(filter(None, (each.strip() for each in names)))
    written = Entry(line=2, recipient=recipient, email="ann@example.org", user=company.strip(), groups=wanted)
    assert read_csv(write_csv([written])) == [written]


def test_what_is_written_as_vcards_is_read_again_as_it_was() -> None:
    known = Entry(line=1, recipient=ANN, email="ann@example.org", user="ann", groups=("Doctors",))
    ann, bob = read_vcards(write_vcards([known, Entry(line=2, recipient=BOB)]))
    assert ann == known
    assert (bob.recipient, bob.email, bob.user, bob.groups, bob.why) == (BOB, None, None, (), "")
    assert bob.line > ann.line


CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Lee;Ann\r\nFN:Ann Lee\r\n{}END:VCARD\r\n"


@pytest.mark.parametrize(
    ("phones", "number", "why"),
    [
        (["TEL;TYPE=WORK,FAX:030 1"], "030 1", ""),
        (["TEL;TYPE=fax;TYPE=home:030 1", "TEL;TYPE=voice:030 2"], "030 1", ""),
        (["TEL;WORK;FAX:030 1"], "030 1", ""),
        (["TEL;TYPE=HOME,FAX:030 1", "TEL;TYPE=WORK,FAX:030 2"], "030 2", ""),
        (["TEL;TYPE=FAX:030 1", "TEL;TYPE=FAX,PREF:030 2"], "030 2", ""),
        (["TEL;TYPE=FAX:030 1", "TEL;TYPE=FAX:030 2"], None, "several fax numbers"),
        (["TEL;TYPE=WORK:030 1"], None, "fax machine"),
        ([], None, "fax machine"),
    ],
)
def test_of_a_vcard_only_the_fax_number_is_taken_and_of_several_none_is_guessed(
    phones: list[str], number: str | None, why: str
) -> None:
    (entry,) = read_vcards(CARD.format("".join(f"{phone}\r\n" for phone in phones)).encode())
    assert entry.recipient.number == number
    assert entry.recipient.name == "Ann Lee"
    assert why in entry.why
    assert bool(entry.why) == bool(why)


def test_what_is_no_vcard_is_refused() -> None:
    for octets in (b"BEGIN:VCARD\nnonsense\nEND:VCARD\n", b"BEGIN:VCALENDAR\nEND:VCALENDAR\n", b"\xff"):
        with pytest.raises(RequestError):
            read_vcards(octets)


PROFILE = Profile(
    sender=Sender(name="Dr Ann Lee", company="Clinic", home_phone="030 9", fax_number="030 8"),
    billing_code="B7",
    report=Report(kind=ReportKind.EMAIL, address="ann@example.org"),
    cover="clinic",
)
FAX = Submission(documents=(DocumentId("0" * 64),), recipients=(), cover=CoverPage(subject="Hello"))


def test_a_fax_that_does_not_say_who_sends_it_says_what_the_profile_does() -> None:
    for sender in (Sender(), Sender(name="ann"), Sender(name="Dr Ann Lee")):
        made = with_profile(replace(FAX, sender=sender), PROFILE, ("ann", "Ann Lee"))
        assert made.sender == PROFILE.sender
        assert (made.billing_code, made.report) == ("B7", PROFILE.report)
        assert made.cover == CoverPage(template="clinic", subject="Hello")
    made = with_profile(replace(FAX, sender=Sender(company="Other")), PROFILE)
    assert made.sender == replace(PROFILE.sender, company="Other")


def test_what_a_fax_says_itself_counts_and_another_sender_is_not_mixed_with_the_profile() -> None:
    said = replace(
        FAX,
        sender=Sender(name="Bob"),
        billing_code="C1",
        report=Report(kind=ReportKind.INBOX),
        cover=CoverPage(template="plain"),
    )
    assert with_profile(said, PROFILE, ("ann", "Ann Lee")) == said
    assert with_profile(FAX, PROFILE).report == PROFILE.report
    assert with_profile(replace(FAX, report=Report(final=True)), PROFILE).report.kind is ReportKind.NONE
    assert with_profile(replace(FAX, cover=None), PROFILE).cover is None


def test_who_only_claims_to_be_somebody_gets_nothing_that_concerns_them_alone() -> None:
    made = with_profile(FAX, PROFILE, claimed=True)
    assert made.sender == replace(PROFILE.sender, home_phone="")
    assert made.billing_code == ""


def test_a_profile_that_could_not_act_is_refused() -> None:
    assert checked_profile(PROFILE) == PROFILE
    for wrong in (
        replace(PROFILE, report=Report(kind=ReportKind.EMAIL)),
        replace(PROFILE, billing_code="a\nb"),
        replace(PROFILE, sender=Sender(name="a\nb")),
        replace(PROFILE, cover="x" * 201),
    ):
        with pytest.raises(RequestError):
            checked_profile(wrong)


def test_people_are_found_by_the_beginning_of_a_word_and_sent_to_by_their_whole_name(shared_rig: Rig) -> None:
    client = shared_rig.client
    lee = client.add_person(Recipient(name="Ann  Lee", number="555 3001", company="Clinic"))
    leo = client.add_person(Recipient(name="LEO Stern", number="5553002"), shared=True)
    assert [person.id for person in client.people("le")] == [lee.id, leo.id]
    assert [person.id for person in client.people("CLIN")] == [lee.id]
    assert client.people("ee") == client.people("%") == []
    assert client.find("ann lee").recipients == (lee.recipient,)
    assert lee.recipient.number == "5553001"
    assert client.find(f"book:{leo.id}").recipients == (leo.recipient,)
    for nobody in ("ann", "Lee", "", "book:999999"):
        assert refusal(lambda nobody=nobody: client.find(nobody)).cause is Cause.NO_SUCH_ENTRY  # type: ignore[misc]
    client.change_person(lee.id, replace(lee.recipient, name="Ann Stern"))
    assert refusal(lambda: client.find("ann lee")).cause is Cause.NO_SUCH_ENTRY
    client.remove_person(lee.id)
    assert refusal(lambda: client.remove_person(lee.id)).cause is Cause.NO_SUCH_ENTRY


def test_a_name_that_could_be_several_is_refused_and_they_are_named(shared_rig: Rig) -> None:
    client = shared_rig.client
    first = client.add_person(Recipient(name="Max Doe", number="5554001", company="Here"))
    second = client.add_person(Recipient(name="max doe", number="5554002", company="There"), shared=True)
    error = refusal(lambda: client.find("Max Doe"))
    assert error.cause is Cause.BAD_REQUEST
    for word in (f"book:{first.id}", "5554001", "Here", f"book:{second.id}", "5554002", "There"):
        assert word in error.text
    assert client.find(f"book:{second.id}").recipients == (second.recipient,)
    client.change_person(second.id, replace(second.recipient, number="555-4001"), shared=True)
    assert client.find("Max Doe").recipients[0].number == "5554001"


def test_a_fax_to_a_group_is_one_submission_with_a_job_for_each_number(shared_rig: Rig) -> None:
    client = shared_rig.client
    people = [client.add_person(Recipient(name=f"Member {place}", number=f"555500{place}")) for place in (1, 2)]
    people.append(client.add_person(Recipient(name="Member 1 again", number="555 5001")))
    group = client.add_group("Board", (people[1].id, people[0].id, people[2].id))
    found = client.find("BOARD")
    assert [recipient.number for recipient in found.recipients] == ["5555002", "5555001"]
    accepted = client.submit(Submission(documents=(shared_rig.text(),), recipients=found.recipients, hold=True))
    jobs = client.jobs(submission=accepted.submission)
    assert [(job.recipient.name, job.state) for job in jobs] == [
        ("Member 2", JobState.HELD),
        ("Member 1", JobState.HELD),
    ]
    client.remove_person(people[1].id)
    assert client.groups("boa")[0].members == (people[0].id, people[2].id)
    assert refusal(lambda: client.add_group("board", ())).cause is Cause.BAD_REQUEST
    assert refusal(lambda: client.add_group("Shared", (people[0].id,), shared=True)).cause is Cause.BAD_REQUEST
    assert refusal(lambda: client.add_group("Nobody", (999_999,))).cause is Cause.NO_SUCH_ENTRY
    client.change_group(group.id, "Board", ())
    assert "no members" in refusal(lambda: client.find("Board")).text


def test_a_file_taken_in_twice_changes_nothing_and_names_what_it_could_not_take(shared_rig: Rig) -> None:
    client = shared_rig.client
    text = "name,number,company,groups\nEve,5556001,Import,Imported\nSos,911,Import,\nFay,5556002,Import,Imported\n"
    done = client.import_book(text.encode(), shared=True)
    assert (done.added, done.changed, done.unchanged) == (2, 0, 0)
    assert [(each.line, each.name, "emergency" in each.why) for each in done.refused] == [(3, "Sos", True)]
    again = client.import_book(text.replace("5556002", "5556003").encode(), shared=True)
    assert (again.added, again.changed, again.unchanged) == (0, 1, 1)
    assert [recipient.number for recipient in client.find("imported").recipients] == ["5556001", "5556003"]
    for format in BookFormat:
        out = client.export_book(format, shared=True)
        assert b"Eve" in out and b"5556003" in out and b"Imported" in out
        same = client.import_book(out, format, shared=True)
        assert (same.added, same.changed, same.refused) == (0, 0, ())


def test_the_profile_is_kept_and_faxes_say_what_it_says(shared_rig: Rig) -> None:
    client = shared_rig.client
    assert client.profile() == Profile()
    profile = replace(PROFILE, cover="")
    assert client.set_profile(profile) == client.profile() == profile
    job = shared_rig.send(None)
    assert (job.sender, job.billing_code, job.report) == (profile.sender, "B7", profile.report)
    client.set_profile(Profile())
    assert shared_rig.send(None).sender == Sender()

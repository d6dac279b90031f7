"""What may stand in the address book and in a profile, and the book as a file: CSV and vCard. Pure.

What always holds: a person in the book has a name and a number that may be called; passwords do not go into the book,
since everybody who sees an entry would see it; of a vCard only a number that says it is a fax machine's is taken.

CSV: the first line names the columns, among them ``name`` and ``number``, the others as in ``fax.types.Recipient`` and
``email`` and ``user`` of ``fax.book.Person``; ``groups`` holds names parted by ``;``. UTF-8, commas or semicolons
between the cells. vCard: RFC 2426 (3.0), and what of RFC 6350 (4.0) looks the same; ``X-PLATEN-USER`` is the user.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from fax.book import PersonChange, Profile
from fax.errors import Cause, RequestError
from fax.mail import is_mail_address
from fax.types import Recipient, Sender
from spooler.settings import Dialling
from spooler.submission import BILLING_LIMIT, check_mail_address, check_report, checked_recipient

FIELD_LIMIT = 200
COLUMNS = tuple(field.name for field in fields(Recipient) if field.name != "password")
REACHED = ("email", "user")  # where faxes that come in and are for somebody go
GROUPS = "groups"
USER_PROPERTY = "x-platen-user"
FILE_LIMIT_OCTETS = 16 << 20


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Somebody in a file. ``line``: where, from 1; ``email``, ``user`` None: the file does not say; ``why``: what is
    wrong with them, empty when nothing is."""

    line: int
    recipient: Recipient
    email: str | None = None
    user: str | None = None
    groups: tuple[str, ...] = ()
    why: str = ""


def checked_person(wanted: PersonChange, rules: Dialling) -> PersonChange:
    """The person with the number as it is kept. Raises RequestError."""
    email, user = wanted.email, wanted.user
    if email and not is_mail_address(email):
        raise RequestError(Cause.BAD_REQUEST, f"{email!r} is not an e-mail address")
    if user and (len(user) > FIELD_LIMIT or not user.isprintable()):
        raise RequestError(Cause.BAD_REQUEST, f"{user!r} is not the name of a user")
    return replace(wanted, recipient=checked_entry(wanted.recipient, rules))


def checked_entry(recipient: Recipient, rules: Dialling) -> Recipient:
    """Raises RequestError."""
    if not recipient.name.strip():
        raise RequestError(Cause.BAD_REQUEST, "Somebody in the book needs a name")
    if recipient.number is None:
        raise RequestError(Cause.BAD_NUMBER, f"{recipient.name} needs a fax number")
    if recipient.password:
        raise RequestError(
            Cause.BAD_REQUEST, "A password does not go into the book: all who see the entry would see it"
        )
    _check_texts(recipient)
    return checked_recipient(recipient, rules)


def checked_entries(entries: Sequence[Entry], rules: Dialling) -> list[Entry]:
    """The entries, each with its number as it is kept or with what is wrong with it."""
    made = []
    for entry in entries:
        try:
            if not entry.why:
                wanted = PersonChange(recipient=entry.recipient, email=entry.email, user=entry.user)
                entry = replace(entry, recipient=checked_person(wanted, rules).recipient)
            made.append(entry)
        except RequestError as error:
            made.append(replace(entry, why=error.text))
    return made


def checked_profile(profile: Profile) -> Profile:
    """Raises RequestError."""
    _check_texts(profile.sender)
    check_report(profile.report)
    if profile.mail:
        check_mail_address(profile.mail)
    if len(profile.billing_code) > BILLING_LIMIT or not profile.billing_code.isprintable():
        raise RequestError(Cause.BAD_REQUEST, f"A billing code is one line of at most {BILLING_LIMIT} characters")
    if len(profile.cover) > FIELD_LIMIT or not profile.cover.isprintable():
        raise RequestError(Cause.BAD_REQUEST, "cover is not the name of a cover page")
    return profile


def _check_texts(value: Recipient | Sender) -> None:
    for field in fields(value):
        text = getattr(value, field.name) or ""
        if len(text) > FIELD_LIMIT or not text.isprintable():
            raise RequestError(Cause.BAD_REQUEST, f"{field.name} is not one line of at most {FIELD_LIMIT} characters")


def read_csv(octets: bytes) -> list[Entry]:
    """The entries of a CSV file, numbers as they are written. Raises RequestError: it is no such file."""
    text = _text(octets)
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",")
    try:
        columns = [cell.strip().lower().replace(" ", "_") for cell in next(reader, [])]
        if not {"name", "number"} <= set(columns):
            raise RequestError(Cause.BAD_REQUEST, "The first line does not name the columns name and number")
        unknown = sorted(set(columns) - {*COLUMNS, *REACHED, GROUPS, ""})
        if unknown or len(set(columns)) < len(columns):
            what = ", ".join(unknown) or "one twice"
            raise RequestError(Cause.BAD_REQUEST, f"The first line names columns that there are not: {what}")
        made = []
        for cells in reader:
            if any(cell.strip() for cell in cells):
                made.append(_entry(reader.line_num, dict(zip(columns, cells, strict=False))))
        return made
    except csv.Error as error:
        raise RequestError(Cause.BAD_REQUEST, f"Line {reader.line_num} is no CSV: {error}") from error


def _text(octets: bytes) -> str:
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestError(Cause.BAD_REQUEST, f"The file is not UTF-8: {error}") from error


def _entry(line: int, cells: Mapping[str, str]) -> Entry:
    said = {name: cells.get(name, "").strip() for name in COLUMNS}
    number = said.pop("number") or None
    names = tuple(filter(None, (part.strip() for part in cells.get(GROUPS, "").split(";"))))
    reached = {name: cells[name].strip() for name in REACHED if name in cells}
    return Entry(line=line, recipient=Recipient(number=number, **said), groups=names, **reached)


def write_csv(people: Iterable[Entry]) -> bytes:
    """A CSV file of people with the groups that they are in."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow((*COLUMNS, *REACHED, GROUPS))
    for each in people:
        said = (getattr(each.recipient, name) or "" for name in COLUMNS)
        writer.writerow((*said, each.email or "", each.user or "", ";".join(each.groups)))
    return out.getvalue().encode()


def read_vcards(octets: bytes) -> list[Entry]:
    """The entries of a file of vCards. Raises RequestError: it is no such file."""
    import vobject
    from vobject.base import ParseError, VObjectError

    text = _text(octets)
    entries: list[Entry] = []
    try:
        for card in vobject.readComponents(text, allowQP=True):
            if card.name != "VCARD":
                raise RequestError(Cause.BAD_REQUEST, f"The file holds a {card.name}, not vCards")
            entries.append(_of_card(card, len(entries)))
    except (ParseError, VObjectError, ValueError, KeyError, IndexError) as error:
        raise RequestError(Cause.BAD_REQUEST, f"Card {len(entries) + 1} cannot be read: {error}") from error
    lines = [number for number, line in enumerate(text.splitlines(), 1) if line.strip().upper() == "BEGIN:VCARD"]
    return [replace(entry, line=line) for line, entry in zip(lines, entries, strict=False)]


def _of_card(card: Any, position: int) -> Entry:
    def first(name: str) -> Any:
        return card.contents[name][0].value if name in card.contents else None

    company, *units = first("org") or [""]
    address = first("adr")
    phones = [(str(phone.value).strip(), _kinds(phone)) for phone in card.contents.get("tel", ())]
    faxes = [(number, kinds) for number, kinds in phones if "FAX" in kinds]
    # One that says where it stands goes before those that do not; of several none is ours to choose.
    chosen = _sole(faxes, "PREF") or _sole(faxes, "WORK") or (faxes[0] if len(faxes) == 1 else None)
    why = (
        "" if chosen else "it has several fax numbers" if faxes else "it has no number that says it is a fax machine's"
    )
    recipient = Recipient(
        number=chosen[0].removeprefix("tel:") if chosen else None,
        name=_line(first("fn")),
        company=_line(company),
        department=_line(units[0] if units else ""),
        title=_line(first("title")),
        street_address=_line(getattr(address, "street", "")),
        city=_line(getattr(address, "city", "")),
        state=_line(getattr(address, "region", "")),
        zip=_line(getattr(address, "code", "")),
        country=_line(getattr(address, "country", "")),
        home_phone=_voice(phones, "HOME"),
        office_phone=_voice(phones, "WORK"),
    )
    names = first("categories") or []
    email, user = first("email"), first(USER_PROPERTY)
    return Entry(
        line=position,
        recipient=recipient,
        email=None if email is None else _line(email),
        user=None if user is None else _line(user),
        groups=tuple(_line(name) for name in names if _line(name)),
        why=why,
    )


def _kinds(phone: Any) -> set[str]:
    said = [*phone.params.get("TYPE", ()), *phone.singletonparams]
    kinds = {kind.strip().upper() for each in said for kind in each.split(",")}
    return kinds | ({"PREF"} if "PREF" in phone.params else set())


def _sole(phones: list[tuple[str, set[str]]], kind: str) -> tuple[str, set[str]] | None:
    found = [phone for phone in phones if kind in phone[1]]
    return found[0] if len(found) == 1 else None


def _voice(phones: list[tuple[str, set[str]]], kind: str) -> str:
    return next((number for number, kinds in phones if kind in kinds and "FAX" not in kinds), "")


def _line(value: object) -> str:
    text = ", ".join(str(each) for each in value) if isinstance(value, list) else str(value or "")
    return " ".join(text.split())


def write_vcards(people: Iterable[Entry]) -> bytes:
    """A file of vCards 3.0."""
    return "".join(_cards(people)).encode()


def _cards(people: Iterable[Entry]) -> Iterator[str]:
    import vobject
    from vobject.vcard import Address, Name

    for each in people:
        recipient, card = each.recipient, vobject.vCard()
        given, _, family = recipient.name.rpartition(" ")
        card.add("n").value = Name(family=family, given=given)
        card.add("fn").value = recipient.name
        if recipient.company or recipient.department:
            card.add("org").value = list(filter(None, (recipient.company, recipient.department)))
        if recipient.title:
            card.add("title").value = recipient.title
        for number, kinds in (
            (recipient.number, ["WORK", "FAX"]),
            (recipient.office_phone, ["WORK", "VOICE"]),
            (recipient.home_phone, ["HOME", "VOICE"]),
        ):
            if number:
                phone = card.add("tel")
                phone.value = number
                phone.params["TYPE"] = kinds
        place = (recipient.street_address, recipient.city, recipient.state, recipient.zip, recipient.country)
        if any(place):
            street, city, region, code, country = place
            card.add("adr").value = Address(street=street, city=city, region=region, code=code, country=country)
        for name, text in (("email", each.email), (USER_PROPERTY, each.user)):
            if text:
                card.add(name).value = text
        if each.groups:
            card.add("categories").value = list(each.groups)
        yield card.serialize()

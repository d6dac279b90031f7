"""What a cover page can say: the fields of FAX_COVERPAGE_INFO and the job's own, and the text that a template makes.

What always holds: field values are data; whatever they hold, they are never read as a template. An empty field leaves
nothing behind: no label, no separator, no gap.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import IntEnum
from functools import lru_cache

from coverpage.formats import PRIORITIES, YES, Formats, count, date, telephone
from coverpage.script import has_right_to_left
from fax.types import CoverPage, Priority, Recipient, Sender

LEFT_TO_RIGHT_MARK = "\u200e"
VALUE_LIMIT = 200
"""Longest one-line value that is shown whole, in characters; a longer one ends in an ellipsis."""
PLACEHOLDER = re.compile(r"\{([a-z_]+(?:\.[a-z_]+)?)(?::([a-z][a-z0-9_]*))?\}")
BRACES = re.compile(r"\{[^{}\s]*\}?")
"""Whatever looks as if a placeholder was meant."""


class Varies(IntEnum):
    """How often what is drawn changes: never, with the fax, with each of its recipients."""

    NEVER = 0
    WITH_FAX = 1
    WITH_RECIPIENT = 2


@dataclass(frozen=True, kw_only=True)
class CoverFields:
    """Everything a template may show."""

    recipient: Recipient = field(default_factory=Recipient)
    sender: Sender = field(default_factory=Sender)
    subject: str = ""
    note: str = ""  # the only one with line breaks
    time_sent: datetime | None = None  # in our end's local time
    page_count: int | None = None  # all pages of the fax; None: ``document_pages`` and the cover's own
    document_pages: int | None = None  # pages after the cover; None: not known, and no count is shown
    job_id: int | None = None
    billing_code: str = ""
    priority: Priority = Priority.NORMAL
    confidential: bool = False
    title: str = ""
    continued_from: int | None = None  # the page of the fax that comes next, where those before it came by another call
    continued_of: int | None = None  # pages of the whole fax, then


# Said to the far end's machine, and nobody who reads the page is to read them.
_FOR_THE_LINE = ("sub_address", "password")
GROUPS = ("recipient", "sender")
_MEMBERS = {
    "recipient": tuple(member.name for member in fields(Recipient) if member.name not in _FOR_THE_LINE),
    "sender": tuple(member.name for member in fields(Sender)),
}
_OF_THE_FAX = ("subject", "note", "time_sent", "page_count")
_OF_THE_JOB = ("job_id", "billing_code", "priority", "confidential", "title")
_OF_THE_CALL = ("continued_from", "continued_of")
FIELD_NAMES = (
    *(f"{group}.{member}" for group in GROUPS for member in _MEMBERS[group]),
    *_OF_THE_FAX,
    *_OF_THE_JOB,
    *_OF_THE_CALL,
)
"""13 of the recipient, 9 of the sender, 4 of the fax, 5 of the job, 2 of a call that continues it."""
CONDITION_NAMES = (*FIELD_NAMES, *GROUPS)
_TELEPHONE = frozenset(
    (
        "recipient.number",
        "recipient.home_phone",
        "recipient.office_phone",
        "sender.fax_number",
        "sender.home_phone",
        "sender.office_phone",
    )
)
_EACH = frozenset(("job_id", "page_count", "time_sent", *_OF_THE_CALL))


class Values:
    """The fields as a template's formats have them written."""

    def __init__(self, said: CoverFields, formats: Formats) -> None:
        self._said = said
        self._formats = formats
        self._known: dict[tuple[str, str | None], str] = {}

    def of(self, name: str, form: str | None = None) -> str:
        """What the field says; ``form``: a named format of dates. Raises KeyError when there is no such field."""
        known = self._known.get((name, form))
        if known is None:
            known = self._known[name, form] = self._written(name, form)
        return known

    def _written(self, name: str, form: str | None) -> str:
        if name not in FIELD_NAMES:
            raise KeyError(name)
        group, _, member = name.rpartition(".")
        found = getattr(getattr(self._said, group) if group else self._said, member)
        match found:
            case None | False:
                return ""
            case True:
                return YES.get(self._formats.language, "yes")
            case datetime():
                pattern = self._formats.dates[form] if form else self._formats.time_sent
                return date(found, pattern, self._formats)
            case Priority():
                return PRIORITIES.get(self._formats.language, {}).get(found.value, found.value)
            case int():
                return str(found) if name == "job_id" else count(found, self._formats)
        if name == "note":
            return clean(found)
        return _one_line(telephone(found.strip(), self._formats) if name in _TELEPHONE else found)

    def condition(self, name: str) -> str:
        """What a condition looks at: the field as it came; of a group: anything that it says."""
        if name in GROUPS:
            return "".join(self.of(f"{name}.{member}") for member in _MEMBERS[name])
        group, _, member = name.rpartition(".")
        match found := getattr(getattr(self._said, group) if group else self._said, member):
            case Priority():
                return found.value
            case True:
                return "yes"
            case int() if found is not False:
                return str(found)
            case str() if name in _TELEPHONE:
                return _one_line(found)
        return self.of(name)

    def filled(self, parts: Sequence[str], join: str) -> str | None:
        """The text that ``parts`` make with the fields put in; None when there was a field and all were empty.

        A part whose fields are all empty is left out together with its separator. In a text with letters from right
        to left a telephone number stands between marks of the other direction: else its groups would change places.
        """
        text = self._filled(parts, join, "")
        if text is None or text.isascii() or not has_right_to_left(text):
            return text
        return self._filled(parts, join, LEFT_TO_RIGHT_MARK)

    def _filled(self, parts: Sequence[str], join: str, mark: str) -> str | None:
        texts: list[str] = []
        asked = given = False
        for part in parts:
            named = placeholders(part)
            if named:
                asked = True
                found = [self.of(*each) for each in named]
                if mark:
                    found = [
                        f"{mark}{value}{mark}" if value and name in _TELEPHONE else value
                        for value, (name, _) in zip(found, named, strict=True)
                    ]
                if not any(found):
                    continue
                given = True
                fixed = _literals(part)
                part = fixed[0] + "".join(value + text for value, text in zip(found, fixed[1:], strict=True))
            texts.append(part if "\n" in part else _tight(part))
        return (join.join(texts) or None) if given or not asked else None


@lru_cache(maxsize=4096)
def _one_line(text: str) -> str:
    text = " ".join(clean(text).split())
    return text if len(text) <= VALUE_LIMIT else text[: VALUE_LIMIT - 1].rstrip() + "…"


@lru_cache(maxsize=4096)
def placeholders(part: str) -> tuple[tuple[str, str | None], ...]:
    """The fields that a text names, with their formats."""
    return tuple((name, form or None) for name, form in PLACEHOLDER.findall(part))


@lru_cache(maxsize=4096)
def _literals(part: str) -> tuple[str, ...]:
    """What stands around the fields of a text: before the first, between them, behind the last."""
    return tuple(PLACEHOLDER.split(part)[::3])


def _tight(text: str) -> str:
    """Without the gaps that empty fields leave."""
    return (re.sub(r" {2,}", " ", text) if "  " in text else text).strip()


@lru_cache(maxsize=4096)
def varies(parts: tuple[str, ...]) -> Varies:
    """How often the text that ``parts`` make changes."""
    names = [name for part in parts for name, _ in placeholders(part)]
    if not names:
        return Varies.NEVER
    each = any(name.startswith("recipient.") or name in _EACH for name in names)
    return Varies.WITH_RECIPIENT if each else Varies.WITH_FAX


def fields_for(
    recipient: Recipient,
    sender: Sender,
    cover: CoverPage,
    *,
    time_sent: datetime | None,
    document_pages: int | None,
    job_id: int | None = None,
    billing_code: str = "",
    priority: Priority = Priority.NORMAL,
    title: str = "",
    continued_from: int | None = None,
    continued_of: int | None = None,
) -> CoverFields:
    """The fields for one job's cover page. ``document_pages``: pages after the cover, None when not known."""
    return CoverFields(
        recipient=recipient,
        sender=sender,
        subject=cover.subject,
        note=cover.note,
        time_sent=time_sent,
        document_pages=document_pages,
        job_id=job_id,
        billing_code=billing_code,
        priority=priority,
        confidential=cover.confidential,
        title=title,
        continued_from=continued_from,
        continued_of=continued_of,
    )


@lru_cache(maxsize=4096)
def clean(text: str) -> str:
    """``text`` with composed characters, ``\\n`` line ends, tabs as spaces, and no other control characters."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    "))
    text = text.replace("\u2028", "\n").replace("\u2029", "\n")
    if text.isprintable():
        return text
    return "".join(c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs", "Co", "Cn"))

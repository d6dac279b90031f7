"""What a cover page can say: the fields of FAX_COVERPAGE_INFO, and the text that a template makes of them.

What always holds: field values are data; whatever they hold, they are never read as a template. An empty field leaves
nothing behind: no label, no separator, no gap.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, fields

from fax.types import CoverPage, Recipient, Sender

VALUE_LIMIT = 200
"""Longest one-line value that is shown whole, in characters; a longer one ends in an ellipsis."""
PLACEHOLDER = re.compile(r"\{([a-z_]+(?:\.[a-z_]+)?)\}")


@dataclass(frozen=True, kw_only=True)
class CoverFields:
    """Everything a template may show: ``recipient.*``, ``sender.*``, ``subject``, ``note``, ``time_sent``,
    ``page_count``."""

    recipient: Recipient = field(default_factory=Recipient)
    sender: Sender = field(default_factory=Sender)
    subject: str = ""
    note: str = ""  # the only one with line breaks
    time_sent: str = ""  # local date and time, as people there write it
    page_count: int | None = None  # all pages of the fax; None: ``document_pages`` and the cover's own
    document_pages: int | None = None  # pages after the cover; None: not known, and no count is shown

    def value(self, name: str) -> str:
        """The field called ``name`` in templates, cleaned. Raises KeyError when there is no such field."""
        if name not in FIELD_NAMES:
            raise KeyError(name)
        group, _, member = name.rpartition(".")
        found = getattr(getattr(self, group) if group else self, member)
        text = "" if found is None else clean(str(found))
        if name == "note":
            return text
        text = " ".join(text.split())
        return text if len(text) <= VALUE_LIMIT else text[: VALUE_LIMIT - 1].rstrip() + "…"


# Said to the far end's machine, and nobody who reads the page is to read them.
_FOR_THE_LINE = ("sub_address", "password")
FIELD_NAMES = (
    *(f"recipient.{member.name}" for member in fields(Recipient) if member.name not in _FOR_THE_LINE),
    *(f"sender.{member.name}" for member in fields(Sender)),
    "subject",
    "note",
    "time_sent",
    "page_count",
)
"""13 of the recipient, 9 of the sender, 4 of the fax."""


def fields_for(
    recipient: Recipient, sender: Sender, cover: CoverPage, *, time_sent: str, document_pages: int | None
) -> CoverFields:
    """The fields for one job's cover page. ``document_pages``: pages after the cover, None when not known."""
    return CoverFields(
        recipient=recipient,
        sender=sender,
        subject=cover.subject,
        note=cover.note,
        time_sent=time_sent,
        document_pages=document_pages,
    )


def clean(text: str) -> str:
    """``text`` with composed characters, ``\\n`` line ends, tabs as spaces, and no other control characters."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    "))
    text = text.replace("\u2028", "\n").replace("\u2029", "\n")
    return "".join(c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs", "Co", "Cn"))


def filled(parts: Sequence[str], join: str, values: CoverFields) -> str | None:
    """The text that ``parts`` make with the fields put in, or None when there was a field and all were empty.

    A part whose fields are all empty is left out together with its separator.
    """
    texts: list[str] = []
    asked = given = False
    for part in parts:
        found = [values.value(name) for name in PLACEHOLDER.findall(part)]
        asked = asked or bool(found)
        given = given or any(found)
        if found and not any(found):
            continue
        text = PLACEHOLDER.sub(lambda match: values.value(match.group(1)), part)
        texts.append(text if "\n" in text else re.sub(r" {2,}", " ", text).strip())
    return None if asked and not given else join.join(texts)

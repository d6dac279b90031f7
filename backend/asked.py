"""What a print job asks for: its options, its queue and its attributes become the parts of a submission.

Where the fax goes, in this order; the first source that names a number counts, and the others are not looked at:

1. ``destination-uris`` of the job (collections with ``destination-uri``, ``pre-dial-string``, ``post-dial-string``):
   one recipient each.
2. The option ``phone``, with ``faxPrefix`` in front; several numbers are separated by semicolons.
3. ``to`` in the queue's device URI (``platen:/fax?to=%2B4930...``), as often as it stands there.
4. The job's title, when all of it is a number of five digits or more; not with ``title=no`` in the device URI.

None of them: one recipient without a number, and the fax waits for it. Everything else a person typed or chose counts
before ``cover-sheet-info``, and that before the device URI. There is a cover page when one was chosen, or when there is
something to say on it (a subject or a note).

Pure: no I/O. Whether a number can be dialled is the daemon's to judge. Errors never hold a number or a name, since
they are shown to everybody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from backend.options import chosen
from fax.types import CoverPage, Recipient, Resolution, Sender
from ipp.values import Attribute, Collection

# A document may well be called 2024: so short a title is not dialled.
_DIGITS_ONLY = re.compile(r"\d[\d*#,wp]{4,}")
_INTERNATIONAL = re.compile(r"\+[\d ().\-/]{5,}")
_TEL = re.compile(r"(?:tel|fax):[^ ]+", re.IGNORECASE)
_RESOLUTIONS = {
    "204x98dpi": Resolution.STANDARD,
    "204x196dpi": Resolution.FINE,
    "204x391dpi": Resolution.SUPERFINE,
    **{item.value: item for item in Resolution},
}


class AskedError(Exception):
    """The request cannot be done as it stands; the text says why, without numbers or names."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The parts of a submission that the print job decides."""

    recipients: tuple[Recipient, ...]
    title: str
    sender: Sender
    cover: CoverPage | None
    resolution: Resolution


@dataclass(frozen=True, kw_only=True)
class PrintJob:
    """What CUPS says of the job. ``attributes``: by Get-Job-Attributes; empty when cupsd did not tell."""

    title: str
    options: Mapping[str, str]
    parameters: Sequence[tuple[str, str]]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    user_name: str = ""  # who printed, as a name for the cover page

    def parameter(self, name: str) -> str | None:
        return next((value for key, value in self.parameters if key == name and value), None)

    def option(self, name: str) -> str | None:
        """What was chosen for an option, in any case of letters."""
        return chosen(self.options.get(name.lower()))


def asked(job: PrintJob) -> Asked:
    """What the print job asks for. AskedError when it contradicts itself."""
    sheet = _sheet(job.attributes.get("cover-sheet-info"))
    name = job.option("FaxRecipient") or _text(sheet, "to-name") or ""
    company = job.option("FaxCompany") or ""
    numbers: list[str | None] = [*_numbers(job)]
    return Asked(
        recipients=tuple(Recipient(number=number, name=name, company=company) for number in numbers or [None]),
        title=job.title,
        sender=Sender(name=_text(sheet, "from-name") or job.user_name, company=_text(sheet, "organization-name") or ""),
        cover=_cover(job, sheet),
        resolution=_resolution(job),
    )


def _numbers(job: PrintJob) -> list[str]:
    if found := _destinations(job.attributes.get("destination-uris")):
        return found
    if phone := job.option("phone"):
        return [_dialled(number, before=job.option("faxPrefix") or "") for number in _several(phone)]
    if found := [value for key, value in job.parameters if key == "to" and value.strip()]:
        return found
    title = job.title.strip()
    wanted = (job.parameter("title") or "").lower() not in ("no", "false")
    if wanted and any(form.fullmatch(title) for form in (_DIGITS_ONLY, _INTERNATIONAL, _TEL)):
        return [_dialled(title)]
    return []


def _destinations(attribute: Attribute | None) -> list[str]:
    found: list[str] = []
    for item in attribute.collections() if attribute else ():
        if uri := _text(item, "destination-uri"):
            if any(brace in member.name + (member.text() or "") for member in item.members for brace in "{}"):
                found += _run_together(item, uri)
                continue
            before = _text(item, "pre-dial-string") or ""
            found.append(_dialled(uri, before=before, after=_text(item, "post-dial-string") or ""))
    return found


def _run_together(item: Collection, uri: str) -> list[str]:
    """The destinations of ``lp -o destination-uris={destination-uri=A},{destination-uri=B}``.

    lp (2.4) makes one collection of it whose first member holds the rest. With blanks inside the braces it also drops
    members, and to guess would be to fax to the wrong place (some of it leaves no trace that could be refused here).
    """
    parts = uri.split("},{destination-uri=")
    if len(item.members) > 1 or any(brace in part for part in parts for brace in "{}"):
        raise AskedError(
            "The destinations ran together on their way to CUPS: lp can send several only as phone=NUMBER;NUMBER"
        )
    return [_dialled(part) for part in parts]


def _several(phone: str) -> list[str]:
    """The numbers between semicolons. What has an equals sign is a parameter of the number before it (RFC 3966)."""
    found: list[str] = []
    for part in (part.strip() for part in phone.split(";")):
        if "=" in part and found:
            found[-1] += f";{part}"
        elif part:
            found.append(part)
    return found


def _dialled(text: str, *, before: str = "", after: str = "") -> str:
    """A number or ``tel:`` URI (RFC 3966) with what is dialled before and after it."""
    scheme, colon, rest = text.partition(":")
    if colon and scheme.lower() not in ("tel", "fax"):
        raise AskedError(f"A destination of the kind {scheme[:20]!r} cannot be faxed to: give it as tel:+49...")
    number, *extras = (part.strip() for part in (unquote(rest, errors="replace") if colon else text).split(";"))
    others: list[str] = []
    for name, _, value in (extra.partition("=") for extra in extras if extra):
        if name.lower() == "ext":
            after = f",{value}{after}"
        elif name.lower() == "phone-context" and value.startswith("+"):
            number = value + number  # counts only within this prefix: alone it would reach somebody else
        else:
            others.append(f";{name}={value}")
    if before and number.startswith("+"):
        raise AskedError(
            "A prefix cannot stand before a number that begins with +: leave the prefix out, or give the number as it"
            " is dialled"
        )
    dialled = f"{before}{number}{after}"
    return f"tel:{dialled}{''.join(others)}" if others else dialled  # the daemon knows what it can do with the others


def _sheet(attribute: Attribute | None) -> Collection | None:
    sheets = attribute.collections() if attribute else ()
    return sheets[0] if sheets else None


def _text(item: Collection | None, name: str) -> str | None:
    """A member as text; lp sends numbers as names, others may send integers."""
    member = item.get(name) if item else None
    if member is None or not member.values:
        return None
    data = member.values[0].data
    text = str(data) if isinstance(data, int) else member.text()
    return text.strip() or None if text else None


def _cover(job: PrintJob, sheet: Collection | None) -> CoverPage | None:
    subject = job.option("FaxSubject") or _text(sheet, "subject") or ""
    note = job.option("FaxNote") or _text(sheet, "message") or ""
    template = job.option("FaxCover") or chosen(job.parameter("cover"))
    if not template and (subject or note or sheet):
        template = CoverPage().template
    return CoverPage(template=template, subject=subject, note=note) if template else None


def _resolution(job: PrintJob) -> Resolution:
    for value in (job.option("Resolution"), job.option("printer-resolution"), chosen(job.parameter("resolution"))):
        if value and (found := _RESOLUTIONS.get(value.lower())):
            return found
    return Resolution.FINE

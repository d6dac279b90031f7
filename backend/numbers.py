"""Where a print job's fax goes.

In this order; the first source that names a number counts, and the others are not looked at:

1. ``destination-uris`` of the job (collections with ``destination-uri``, ``pre-dial-string``, ``post-dial-string``,
   ``t33-subaddress``): one recipient each.
2. The option ``phone``, with ``faxPrefix`` in front; several numbers are separated by semicolons.
3. ``FaxBook``, an entry of the address book. When it is not there any more, the fax waits for its number.
4. Commands in the document (``@@fax to=...@@``), where the queue obeys them.
5. The queue's rules, on the text of the document's first page.
6. ``to`` in the queue's device URI (``platen:/fax?to=%2B4930...``), as often as it stands there.
7. The job's title, when all of it is a number of five digits or more; not with ``title=no`` in the device URI.

None of them: one recipient without a number, and the fax waits for it. ``FaxSubAddress`` counts for every recipient
that has none of its own. Pure. Whether a number can be dialled is the daemon's to judge. Errors never hold a number or
a name, since they are shown to everybody.
"""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import unquote

from backend.print_job import AskedError, PrintJob
from fax.types import Recipient
from ipp.values import Attribute, Collection

# A document may well be called 2024: so short a title is not dialled.
_DIGITS_ONLY = re.compile(r"\d[\d*#,wp]{4,}")
_INTERNATIONAL = re.compile(r"\+[\d ().\-/]{5,}")
_TEL = re.compile(r"(?:tel|fax):[^ ]+", re.IGNORECASE)


def recipients(job: PrintJob) -> tuple[Recipient, ...]:
    """One recipient for each number; at least one. AskedError when the job contradicts itself."""
    wanted = _destinations(job.attributes.get("destination-uris"))
    if not wanted and (phone := job.option("phone")):
        before = job.option("faxPrefix") or ""
        wanted = [Recipient(number=dialled(number, before=before)) for number in several(phone)]
    if not wanted and job.option("FaxBook"):
        entry = job.entry
        number = dialled(entry.number, before=job.option("faxPrefix") or "") if entry else None
        wanted = [Recipient(number=number, name=entry.name, company=entry.company) if entry else Recipient()]
    if not wanted:
        wanted = [Recipient(number=number) for number in _in_document(job)]
    if not wanted:
        named = (value for key, value in job.parameters if key == "to" and value.strip())
        wanted = [Recipient(number=number) for number in named]
    if not wanted and (number := _title(job)):
        wanted = [Recipient(number=number)]
    sub_address = job.option("FaxSubAddress") or job.embedded("subaddress") or ""
    return tuple(
        item if item.sub_address else replace(item, sub_address=sub_address) for item in wanted or [Recipient()]
    )


def _in_document(job: PrintJob) -> list[str]:
    for source in (job.commands, job.ruled):
        before = next(iter(source.get("prefix", ())), "")
        if found := [dialled(number, before=before) for text in source.get("to", ()) for number in several(text)]:
            return found
    return []


def _title(job: PrintJob) -> str | None:
    title = job.title.strip()
    wanted = (job.parameter("title") or "").lower() not in ("no", "false")
    if wanted and any(form.fullmatch(title) for form in (_DIGITS_ONLY, _INTERNATIONAL, _TEL)):
        return dialled(title)
    return None


def _destinations(attribute: Attribute | None) -> list[Recipient]:
    found: list[Recipient] = []
    for item in attribute.collections() if attribute else ():
        if uri := member_text(item, "destination-uri"):
            if any(brace in member.name + (member.text() or "") for member in item.members for brace in "{}"):
                found += _run_together(item, uri)
                continue
            before = member_text(item, "pre-dial-string") or ""
            number = dialled(uri, before=before, after=member_text(item, "post-dial-string") or "")
            found.append(Recipient(number=number, sub_address=member_text(item, "t33-subaddress") or ""))
    return found


def _run_together(item: Collection, uri: str) -> list[Recipient]:
    """The destinations of ``lp -o destination-uris={destination-uri=A},{destination-uri=B}``.

    lp (2.4) makes one collection of it whose first member holds the rest. With blanks inside the braces it also drops
    members, and to guess would be to fax to the wrong place (some of it leaves no trace that could be refused here).
    """
    parts = uri.split("},{destination-uri=")
    if len(item.members) > 1 or any(brace in part for part in parts for brace in "{}"):
        raise AskedError(
            "The destinations ran together on their way to CUPS: lp can send several only as phone=NUMBER;NUMBER"
        )
    return [Recipient(number=dialled(part)) for part in parts]


def several(phone: str) -> list[str]:
    """The numbers between semicolons. What has an equals sign is a parameter of the number before it (RFC 3966)."""
    found: list[str] = []
    for part in (part.strip() for part in phone.split(";")):
        if "=" in part and found:
            found[-1] += f";{part}"
        elif part:
            found.append(part)
    return found


def dialled(text: str, *, before: str = "", after: str = "") -> str:
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
    made = f"{before}{number}{after}"
    return f"tel:{made}{''.join(others)}" if others else made  # the daemon knows what it can do with the others


def member_text(item: Collection | None, name: str) -> str | None:
    """A member as text; lp sends numbers as names, others may send integers."""
    member = item.get(name) if item else None
    if member is None or not member.values:
        return None
    data = member.values[0].data
    text = str(data) if isinstance(data, int) else member.text()
    return text.strip() or None if text else None

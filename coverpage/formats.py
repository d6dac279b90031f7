"""How dates, counts and telephone numbers are written on a page: as people read them where the fax arrives.

What always holds: the same value and format give the same text on every machine; no locale of the system is asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Literal

_MONTHS_EN = "January February March April May June July August September October November December"
_MONTHS_DE = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
_DAYS_EN = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
_DAYS_DE = "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag"
MONTHS = {"en": _MONTHS_EN.split(), "de": _MONTHS_DE.split()}
DAYS = {"en": _DAYS_EN.split(), "de": _DAYS_DE.split()}
PRIORITIES = {"en": {}, "de": {"low": "niedrig", "normal": "normal", "high": "hoch"}}
YES = {"en": "yes", "de": "ja"}
# What stands on top of a page that continues a fax: with the page that comes next and how many there are, and below.
CONTINUED = {
    "en": ("CONTINUED FROM PAGE {} OF {}", "The pages before it arrived in an earlier call."),
    "de": ("FORTSETZUNG AB SEITE {} VON {}", "Die Seiten davor sind in einem früheren Anruf angekommen."),
}
DIRECTIVES = "%d %-d %m %-m %b %B %a %A %y %Y %H %-H %I %-I %M %S %p %%"
_DIRECTIVE = re.compile(r"%(-?.)", re.DOTALL)
Telephone = Literal["kept", "international", "national"]


@dataclass(frozen=True, kw_only=True)
class Formats:
    """``dates``: by name, for ``{time_sent:NAME}``; ``time_sent``: for the field without one."""

    language: str = "en"
    time_sent: str = "%Y-%m-%d %H:%M"
    dates: Mapping[str, str] = field(default_factory=dict)
    thousands: str = ""
    telephone: Telephone = "kept"
    months: tuple[str, ...] = ()
    days: tuple[str, ...] = ()


def wrong_directive(pattern: str) -> str | None:
    """The first directive of a date's format that we do not know."""
    known = DIRECTIVES.split()
    return next((f"%{found}" for found in _DIRECTIVE.findall(pattern + " ") if f"%{found}" not in known), None)


def date(at: datetime, pattern: str, formats: Formats) -> str:
    """``at`` as ``pattern`` has it (strftime's directives of ``DIRECTIVES``)."""
    months = formats.months or MONTHS.get(formats.language) or MONTHS["en"]
    days = formats.days or DAYS.get(formats.language) or DAYS["en"]
    month, day = months[at.month - 1], days[at.weekday()]
    hour = at.hour % 12 or 12
    said = {
        "d": f"{at.day:02}",
        "-d": str(at.day),
        "m": f"{at.month:02}",
        "-m": str(at.month),
        "b": month[:3],
        "B": month,
        "a": day[:2] if formats.language == "de" else day[:3],
        "A": day,
        "y": f"{at.year % 100:02}",
        "Y": f"{at.year:04}",
        "H": f"{at.hour:02}",
        "-H": str(at.hour),
        "I": f"{hour:02}",
        "-I": str(hour),
        "M": f"{at.minute:02}",
        "S": f"{at.second:02}",
        "p": "am" if at.hour < 12 else "pm",
        "%": "%",
    }
    return _DIRECTIVE.sub(lambda found: said.get(found[1], found[0]), pattern)


def count(number: int, formats: Formats) -> str:
    return f"{number:,}".replace(",", formats.thousands)


def telephone(number: str, formats: Formats) -> str:
    """A number with its country code (+49...) in groups, as ITU-T E.123 writes it; any other stays as it is."""
    if formats.telephone == "kept" or not number.startswith("+"):
        return number
    return _grouped(number, formats.telephone == "national")


@lru_cache(maxsize=4096)
def _grouped(number: str, national: bool) -> str:
    import phonenumbers

    try:
        known = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    if not phonenumbers.is_valid_number(known):
        return number  # its groups would be guessed
    kind = phonenumbers.PhoneNumberFormat
    return phonenumbers.format_number(known, kind.NATIONAL if national else kind.INTERNATIONAL)

"""What a fax number means from here, whether it may be called, and what is dialled for it.

What always holds, where our country is known: a number that may be called has exactly one meaning, its E.164 form,
which is kept in place of what was written; one that could mean two things, or nothing, is refused with what to write
instead. Emergency numbers are never dialled (unless the settings allow it), whatever stands in front of them, and also
where our country is not known. ``dial_string`` asks all of it again, since settings and the directory may be others by
the time of the call. Pure functions.

Must not: guess.

Order: an extension of our own exchange (``internal``) is dialled as it stands; everything else becomes E.164, is held
against ``deny`` and ``allow``, and is dialled by the first of ``rules`` that matches, else with the prefixes of the
country; in front stands the outside line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import CountryCodeSource, NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult
from phonenumbers.phonemetadata import PhoneMetadata

from spooler.numbers import NumberError, normalise
from spooler.settings import Dialling

# Where our country is not known: numbers that reach an emergency service in some country and are nothing else anywhere.
EMERGENCY_ANYWHERE = frozenset(
    f"{number:03}"
    for number in (
        0,
        *range(110, 114),
        115,
        *range(117, 121),
        122,
        133,
        144,
        *range(190, 194),
        911,
        995,
        *range(997, 1000),
    )
)
EMERGENCY_MOST_DIGITS = 8  # the longest that is known has six
_ACCESS_DIGITS = ("0", "9")  # what many exchanges want in front of an outside call
_MEANS_NOTHING = {
    ValidationResult.TOO_SHORT: "it is too short",
    ValidationResult.TOO_LONG: "it is too long",
    ValidationResult.INVALID_LENGTH: "no number there has so many digits",
    ValidationResult.INVALID_COUNTRY_CODE: "there is no such country code",
}


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where a number leads. ``number``: as it is kept and shown; ``key``: the same for all ways to write it, and what
    "one call at a time per destination" counts by; ``after``: what is dialled behind it (``,,42``)."""

    number: str
    key: str
    after: str = ""
    e164: str | None = None  # None: our country is not known, or an extension of our own exchange
    internal: bool = False
    warning: str = ""  # for people: it is taken as it is, but looks odd


def region_of(rules: Dialling) -> str:
    """Our country, ISO 3166; empty: not known."""
    if rules.country:
        return rules.country
    return phonenumbers.region_code_for_country_code(int(rules.country_code)) if rules.country_code else ""


def destination(written: str, rules: Dialling) -> Destination:
    """What ``written`` means. Raises NumberError: not a number, two meanings, or none; the text says what to do."""
    text = normalise(written)
    split = re.fullmatch(r"(\+?[0-9]*)(.*)", text)
    assert split is not None
    main, after = split.groups()
    region = region_of(rules)
    if not main.startswith("+") and any(re.fullmatch(pattern, text) for pattern in rules.internal):
        return Destination(number=text, key=text, internal=True)
    if not region:
        return Destination(number=text, key=main or text, after=after if main else "")
    if not main.strip("+"):
        raise NumberError(
            f"{written!r} begins with a mark: write the number alone, the server adds what an outside line needs"
        )
    number = _meant(main, region, rules)
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    odd = "" if phonenumbers.is_valid_number(number) else f"{e164} is not known to be in use"
    return Destination(number=e164 + after, key=e164, after=after, e164=e164, warning=odd)


def _meant(main: str, region: str, rules: Dialling) -> PhoneNumber:
    """The number that ``main`` is from ``region``. Raises NumberError."""
    code = phonenumbers.country_code_for_region(region)
    try:
        number = phonenumbers.parse(main, region, keep_raw_input=True)
    except NumberParseException as error:
        why = {
            NumberParseException.INVALID_COUNTRY_CODE: "there is no such country code",
            NumberParseException.TOO_LONG: "it is too long",
        }.get(error.error_type, "it is too short")
        raise NumberError(f"{main} is not a fax number: {why}") from error
    source = number.country_code_source
    if source == CountryCodeSource.FROM_NUMBER_WITHOUT_PLUS_SIGN and _trunk(region) != str(code):
        raise NumberError(f"{main} could be +{main} or a number of {region}: write it with + and its country code")
    possible = phonenumbers.is_possible_number_with_reason(number)
    abroad = source in (CountryCodeSource.FROM_NUMBER_WITH_PLUS_SIGN, CountryCodeSource.FROM_NUMBER_WITH_IDD)
    bare = source == CountryCodeSource.FROM_DEFAULT_COUNTRY
    if bare and (possible == ValidationResult.IS_POSSIBLE_LOCAL_ONLY or _lacks_trunk(main, number, region)):
        return _local(main, region, code, rules)
    if possible != ValidationResult.IS_POSSIBLE:
        where = f"+{number.country_code}" if abroad else region
        why = _MEANS_NOTHING.get(possible, "its area code is missing")
        raise NumberError(f"{main} is not a fax number of {where}: {why}")
    if not abroad and not phonenumbers.is_valid_number(number):
        full = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        raise NumberError(
            f"{main} is not known to be a number of {region}: write {full} if that is it, else with its country code"
        )
    return number


def _lacks_trunk(main: str, number: PhoneNumber, region: str) -> bool:
    """Whether ``main`` has no trunk prefix in a country where numbers with an area code are written with one."""
    return _written_with_trunk(region) and main == phonenumbers.national_significant_number(number)


@lru_cache(maxsize=16)
def _written_with_trunk(region: str) -> bool:
    """Whether people there write a prefix before the area code."""
    example = phonenumbers.example_number(region)
    if example is None:
        return False
    significant = phonenumbers.national_significant_number(example)
    usual = re.sub(r"\D", "", phonenumbers.format_number(example, PhoneNumberFormat.NATIONAL))
    return usual != significant and usual == _trunk(region) + significant


def _local(main: str, region: str, code: int, rules: Dialling) -> PhoneNumber:
    """A number without its area code. Raises NumberError."""
    remedy = f"write it with its area code, as {_trunk(region)}AREA {main} or +{code} AREA {main}"
    if not rules.area_code:
        raise NumberError(f"{main} could be a local number or lack its prefix: {remedy}")
    number = phonenumbers.parse(f"+{code}{rules.area_code}{main}", None)
    if not phonenumbers.is_valid_number(number):
        raise NumberError(f"{main} is not known to be a number of the area {rules.area_code}: {remedy}")
    if _is_number_abroad(main):
        raise NumberError(f"{main} could be +{main} or the local number {main}: write it with + or with its area code")
    return number


def _is_number_abroad(main: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(f"+{main}", None))
    except NumberParseException:
        return False


def _trunk(region: str) -> str:
    about = PhoneMetadata.metadata_for_region(region)
    return str(about.national_prefix or "") if about is not None else ""


def _international(region: str) -> str:
    about = PhoneMetadata.metadata_for_region(region)
    if about is None:
        return "00"
    # Where there are several, one per carrier: the one that always works, else the first.
    prefix = about.preferred_international_prefix or about.international_prefix or "00"
    return "".join(re.findall(r"\d+", prefix.split("|")[0])[:1]) or "00"


def check_allowed(where: Destination, rules: Dialling) -> None:
    """Whether it may be called by ``deny`` and ``allow``. Raises NumberError."""
    forms = {where.number, where.key}
    for pattern in rules.deny:
        if any(re.fullmatch(pattern, form) for form in forms):
            raise NumberError(f"{where.number} may not be called from here: the settings deny {pattern}")
    if rules.allow and not any(re.fullmatch(pattern, form) for pattern in rules.allow for form in forms):
        raise NumberError(
            f"{where.number} may not be called from here: it is none of the numbers that the settings allow"
        )


def checked(written: str, rules: Dialling) -> Destination:
    """``destination``, which may be called. Raises NumberError."""
    # First what was written: an emergency number is refused as such, not as a number that lacks its area code.
    for digits in _possibly_dialled(normalise(written), rules):
        _check_emergency(digits, written, rules)
    where = destination(written, rules)
    check_allowed(where, rules)
    dialled = _dialled(where, rules)
    for digits in _possibly_dialled(dialled, rules):
        _check_emergency(digits, written, rules)
    region = region_of(rules)
    first = "".join(re.findall(r"^\d+", dialled))
    # Some exchanges connect at the third digit, whatever comes after it.
    early = bool(region) and not where.internal and phonenumbers.connects_to_emergency_number(first, region)
    if early and not rules.emergency:
        raise NumberError(f"{written.strip()} is not dialled: an exchange would take {first} for an emergency call")
    return where


def dial_string(number: str, rules: Dialling) -> str:
    """What the modem is told to dial for ``number``, asked again at each call. Raises NumberError: it may not be."""
    where = checked(number, rules)
    dialled = _dialled(where, rules)
    return dialled if where.internal else rules.outside_line + dialled


def _dialled(where: Destination, rules: Dialling) -> str:
    """What is dialled behind the outside line. Raises NumberError."""
    if where.internal:
        return where.number
    for rule in rules.rules:
        if (found := re.fullmatch(rule.match, where.key)) is not None:
            made = found.expand(rule.dial)
            if not re.fullmatch(r"\+?[0-9*#,wp]+", made):
                raise NumberError(f"{where.number} cannot be dialled: the rule {rule.match} makes {made!r} of it")
            return made + where.after
    region = region_of(rules)
    if where.e164 is None or not region:
        return where.number
    number = phonenumbers.parse(where.e164, None)
    significant = phonenumbers.national_significant_number(number)
    if number.country_code == phonenumbers.country_code_for_region(region):
        trunk = _trunk(region) if rules.trunk_prefix is None else rules.trunk_prefix
        return trunk + significant + where.after
    abroad = _international(region) if rules.international_prefix is None else rules.international_prefix
    return f"{abroad}{number.country_code}{significant}{where.after}"


def _possibly_dialled(dialled: str, rules: Dialling) -> Iterator[str]:
    """Digits that an exchange may hear as a whole number: all of them, each run between pauses, and either without what
    an outside line may need in front."""
    runs = re.findall(r"[0-9]+", dialled)
    outside = re.sub(r"\D", "", rules.outside_line)
    heads = runs[: 1 if runs and len(runs[0]) > 3 else None]  # behind a whole number come tones for the far end
    for digits in ("".join(runs), *heads):
        yield digits
        for access in {outside, *_ACCESS_DIGITS} - {""}:
            yield digits.removeprefix(access)


def _check_emergency(digits: str, written: str, rules: Dialling) -> None:
    """Raises NumberError."""
    if len(digits) > EMERGENCY_MOST_DIGITS:
        return
    region = region_of(rules)
    found = digits in EMERGENCY_ANYWHERE if not region else phonenumbers.is_emergency_number(digits, region)
    if found and not rules.emergency:
        raise NumberError(f"{written.strip()} is an emergency number ({digits}): faxes are not sent there")

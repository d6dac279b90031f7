"""Fax numbers as text: what a person writes becomes digits and dialling marks. ``dialling`` says what they mean.

What always holds: a number that passed ``normalise`` holds ASCII digits, ``+`` in front only, and the dialling marks
``* # , w p``; normalising it again changes nothing. Pure functions.

Must not: guess. What is not clearly a number is refused with the character that is wrong.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

LENGTH_LIMIT = 64
_LEFT_OUT = set(" \t.-/()[]") | {"\u2010", "\u2011", "\u2012", "\u2013", "\u2212"}
_KEPT = set("0123456789*#,wp")
# RFC 3966 5.1: these say nothing about what to dial from here, or nothing that we could act on wrongly.
_IGNORED_PARAMETERS = ("phone-context",)


class NumberError(ValueError):
    """Not a fax number; the text says why."""


def normalise(text: str) -> str:
    """The number as it is kept: see docs/api.md. ``text`` may be a ``tel:`` URI (RFC 3966).

    Raises NumberError.
    """
    number = text.strip()
    if number[:4].lower() == "tel:":
        number = _from_uri(number[4:], text)
    kept = ""
    for character in number:
        if character in _LEFT_OUT or unicodedata.category(character) == "Zs":
            continue
        if character == "+":
            if kept:
                raise NumberError(f"{_shown(text)} is not a fax number: + can stand in front only")
        elif character not in _KEPT:
            raise NumberError(f"{_shown(text)} is not a fax number: {character!r} cannot be dialled")
        kept += character
    if not any(character.isdigit() for character in kept):
        raise NumberError(f"{_shown(text)} is not a fax number: it has no digits")
    if len(kept) > LENGTH_LIMIT:
        raise NumberError(f"{_shown(text)} is not a fax number: it is longer than {LENGTH_LIMIT} characters")
    return kept


def _from_uri(uri: str, text: str) -> str:
    number, *parameters = unquote(uri, errors="replace").split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.lower() == "phone-context" and value.startswith("+"):
            # A local number that counts only within this prefix: dialled alone it would reach somebody else.
            number = value + number
        elif name.lower() not in _IGNORED_PARAMETERS:
            raise NumberError(f"{_shown(text)} cannot be dialled: the parameter {name!r} is not supported")
    return number


def _shown(text: str) -> str:
    short = text if len(text) <= 80 else text[:77] + "..."
    return f"{short!r}"


def main_number(number: str) -> str:
    """The number itself of a normalised one, without what is dialled behind it: where the call goes."""
    found = re.match(r"\+?[0-9]+", number)
    return found.group() if found else number


def printable(number: str) -> str:
    """``number`` for people: marks that only pause the modem are left out."""
    return re.sub(r"[,wp]+", " ", number).strip()

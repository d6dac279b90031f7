"""What the text of a document's first page says about its fax: commands, and rules that an administrator wrote.

For programs that can only print. A command stands between ``@@fax`` and ``@@``, anywhere on the page, over one line or
several: ``@@fax to=+4930123456 name="Dr. Müller" cover=default@@``. A rule is a regular expression (Python's) whose
named groups are fields; a rule file (TOML) holds them in order:

    [[rule]]
    pattern = '(?m)^Fax-Nr\\.?: *(?P<to>[+\\d][\\d ()/-]{4,})$'
    set = { cover = "default" }
    remove = true

``to`` of each match counts, of other fields the first; ``set`` adds fields when the pattern is found. ``remove``: what
was found is taken out of the image. Pure but for ``read_rules``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from backend.print_job import AskedError

FIELDS = frozenset(
    {
        "to",
        "prefix",
        "name",
        "company",
        "subject",
        "note",
        "cover",
        "when",
        "priority",
        "resolution",
        "subaddress",
        "billing",
        "number-of-retries",
        "retry-interval",
        "retry-time-out",
    }
)
_SHORT = {"retries": "number-of-retries", "interval": "retry-interval", "timeout": "retry-time-out", "fax": "to"}
_COMMAND = re.compile(r"@@\s*fax\b(.*?)@@", re.IGNORECASE | re.DOTALL)
_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“", "«": "»"}
_BLANK = re.compile(r"\s+")


class RulesError(Exception):
    """The rule file is wrong; the text names it and the rule."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    pattern: re.Pattern[str]
    set: Mapping[str, str] = field(default_factory=dict)
    remove: bool = False


@dataclass(frozen=True, kw_only=True)
class Found:
    """Fields, and from where to where in the text stands what is to be taken out."""

    fields: Mapping[str, tuple[str, ...]]
    remove: tuple[tuple[int, int], ...] = ()


def commands(text: str, *, remove: bool = False) -> Found:
    """The commands in ``text``. AskedError: one cannot be understood."""
    fields: dict[str, tuple[str, ...]] = {}
    places: list[tuple[int, int]] = []
    for match in _COMMAND.finditer(text):
        for name, value in _pairs(match[1]):
            _add(fields, name, value)
        places.append(match.span())
    return Found(fields=fields, remove=tuple(places) if remove else ())


def ruled(text: str, rules: Sequence[Rule]) -> Found:
    """What the rules find in ``text``."""
    fields: dict[str, tuple[str, ...]] = {}
    places: list[tuple[int, int]] = []
    for rule in rules:
        matches = list(rule.pattern.finditer(text))
        for match in matches:
            for name, value in match.groupdict().items():
                if value and value.strip():
                    _add(fields, name.replace("_", "-"), _BLANK.sub(" ", value.strip()))
            if rule.remove:
                places.append(match.span())
        if matches:
            for name, value in rule.set.items():
                _add(fields, name, value)
    return Found(fields=fields, remove=tuple(places))


def read_rules(path: Path) -> tuple[Rule, ...]:
    """The rules of a file. RulesError."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise RulesError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RulesError(f"{path}: {error}") from error
    listed = data.pop("rule", [])
    if data or not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise RulesError(f"{path}: a rule file holds [[rule]] and nothing else")
    return tuple(_rule(item, f"{path}, rule {number}") for number, item in enumerate(listed, 1))


def _rule(item: Mapping[str, object], where: str) -> Rule:
    if unknown := sorted(set(item) - {"pattern", "set", "remove"}):
        raise RulesError(f"{where}: {unknown[0]} is not known; a rule has pattern, set and remove")
    pattern, added, remove = item.get("pattern"), item.get("set", {}), item.get("remove", False)
    if not isinstance(pattern, str) or not pattern:
        raise RulesError(f"{where}: there is no pattern")
    if not isinstance(added, dict) or not all(isinstance(value, str) for value in added.values()):
        raise RulesError(f"{where}: set is a table of texts")
    if not isinstance(remove, bool):
        raise RulesError(f"{where}: remove is true or false")
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise RulesError(f"{where}: the pattern is wrong: {error}") from error
    names = {name.replace("_", "-") for name in compiled.groupindex} | set(added)
    if unknown := sorted(names - FIELDS):
        raise RulesError(f"{where}: {unknown[0]} is no field; there are {', '.join(sorted(FIELDS))}")
    return Rule(pattern=compiled, set=added, remove=remove)


def _add(fields: dict[str, tuple[str, ...]], name: str, value: str) -> None:
    if name == "to":
        if value not in fields.get(name, ()):
            fields[name] = (*fields.get(name, ()), value)
    else:
        fields.setdefault(name, (value,))


def _pairs(text: str) -> list[tuple[str, str]]:
    """``name=value`` and ``name="value with blanks"``. A number may hold blanks without quotes: what has no equals sign
    belongs to the value before it."""
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        start = at
        while at < len(text) and not text[at].isspace() and text[at] != "=":
            at += 1
        word = text[start:at]
        if at >= len(text) or text[at] != "=":
            if not found:
                raise AskedError("A command in the document is not understood: it is written @@fax to=NUMBER@@")
            found[-1] = (found[-1][0], f"{found[-1][1]} {word}")
            continue
        name = _SHORT.get(word.lower(), word.lower())
        if name not in FIELDS:
            raise AskedError("A command in the document is not understood: it has a field that is not known")
        value, at = _value(text, at + 1)
        found.append((name, value))
    return [(name, value) for name, value in found if value]


def _value(text: str, at: int) -> tuple[str, int]:
    """The value that begins at ``at``, and where it ends. A line break inside quotes is a blank."""
    if at < len(text) and (closing := _QUOTES.get(text[at])):
        end = text.find(closing, at + 1)
        if end < 0:
            raise AskedError("A command in the document is not understood: a quote is not closed")
        return _BLANK.sub(" ", text[at + 1 : end]).strip(), end + 1
    end = at
    while end < len(text) and not text[end].isspace():
        end += 1
    return text[at:end], end

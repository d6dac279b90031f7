"""Templates read from TOML: checked whole, every problem with its line and what to do about it.

What always holds: what ``read`` gives can be drawn, as far as a template alone can tell; every problem names the line
and a remedy; nothing of a template is run.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

import msgspec

from coverpage.conditions import suggested
from coverpage.positions import Path as Where
from coverpage.positions import positions
from coverpage.template import KINDS, LENGTHS, Align, Column, Margins, Template, WrittenFormats
from coverpage.template_check import check
from coverpage.template_problems import Problem, Problems, TemplateError, at

OCTETS_LIMIT = 256 << 10
UNITS = {"pt": 1.0, "mm": 72 / 25.4, "cm": 720 / 25.4, "in": 72.0}
_LENGTH = re.compile(r"(\d+(?:\.\d+)?) ?(pt|mm|cm|in)")
_MESSAGE = re.compile(r"(?P<what>.*?)(?: - at `\$?(?P<path>.*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.?([A-Za-z_][\w-]*)|\[(\d+|\.\.\.)\]")
_SYNTAX = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)$", re.DOTALL)


def read(octets: bytes, file: str, files: frozenset[str]) -> Template:
    """The template in ``octets``. ``file``: its name, for errors; ``files``: the names of those beside it.

    Raises TemplateError.
    """
    if len(octets) > OCTETS_LIMIT:
        raise TemplateError(file, [Problem(1, f"it has {len(octets)} octets", f"at most {OCTETS_LIMIT} can be")])
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        raise TemplateError(file, [Problem(line, "this is not UTF-8", "save the file as UTF-8 text")]) from error
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TemplateError(file, [_syntax(error, text)]) from error
    problems = Problems(positions(text))
    template = _Reader(raw, problems).template()
    if template is not None:
        check(template, files, raw, problems)
    if problems.found:
        raise TemplateError(file, sorted(set(problems.found)))
    assert template is not None
    return template


def _syntax(error: tomllib.TOMLDecodeError, text: str) -> Problem:
    found = _SYNTAX.fullmatch(str(error))
    what = found[1] if found else str(error)
    line = int(found[2]) if found and found[2] else max(1, len(text.rstrip().splitlines()))
    if found and not found[2]:
        remedy = "something that was opened is not closed before the end: a bracket ], a brace } or quotes"
        return Problem(line, f"{what[:1].lower()}{what[1:]} at the end", remedy)
    remedy = "write keys as name = value, texts in quotes, tables as [name] or [[block]]"
    for sign, better in (
        ("Cannot overwrite", "a key may stand only once in a table: remove one of them"),
        ("Cannot declare", "a table may stand only once: remove one of them, or write [[...]] for each block"),
        ("Unescaped '\\'", "write \\\\ for a backslash"),
        ("Illegal character", 'a text in "quotes" ends on its line; for several lines use """three"""'),
        ("Unterminated", "the closing quotes are missing"),
        ("Invalid value", 'texts stand in quotes: text = "To"'),
        ("Unclosed array", "the closing ] is missing"),
        ("Invalid statement", "a line is name = value, [table], [[table]] or # comment"),
    ):
        if sign in what:
            remedy = better
            break
    return Problem(line, what[:1].lower() + what[1:], remedy)


class _Reader:
    def __init__(self, raw: dict[str, Any], problems: Problems) -> None:
        self._raw = raw
        self._problems = problems
        self._wrong = problems.add
        self._styles: dict[str, dict[str, Any]] = {}

    def template(self) -> Template | None:
        """What can be made of the file; None when there are problems already."""
        raw = dict(self._raw)
        styles = raw.pop("style", {})
        if not isinstance(styles, dict) or not all(isinstance(style, dict) for style in styles.values()):
            self._wrong(("style",), "style is not made of tables", "write [style.NAME] and keys below it")
            styles = {}
        self._styles = styles
        made = self._whole(raw, ())
        if self._problems.found:
            return None
        try:
            return msgspec.convert(made, Template)
        except msgspec.ValidationError as error:
            self._refused(str(error), made)
            return None

    def _whole(self, value: Any, where: Where) -> Any:
        """The data with styles put in and lengths as points."""
        if isinstance(value, list):
            return [self._whole(each, (*where, index)) for index, each in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if "style" in value:
            name = value["style"]
            if not isinstance(name, str) or name not in self._styles:
                known = ", ".join(self._styles) or "none"
                self._wrong((*where, "style"), f"there is no style {name!r}", f"there is [style] {known}")
                return value
            value = {**self._styles[name], **{key: each for key, each in value.items() if key != "style"}}
        return {
            key: self._length(each, (*where, key)) if key in LENGTHS else self._whole(each, (*where, key))
            for key, each in value.items()
        }

    def _length(self, value: Any, where: Where) -> Any:
        if not isinstance(value, str):
            return value
        found = _LENGTH.fullmatch(value.strip())
        if found is None:
            remedy = 'write points as a number, or "25 mm", "2.5 cm", "1 in", "12 pt"'
            self._wrong(where, f"{where[-1]} = {value!r} is no length", remedy)
            return 0
        return float(found[1]) * UNITS[found[2]]

    def _refused(self, message: str, made: Any) -> None:
        """Turn what msgspec says into what a person can do."""
        found = _MESSAGE.fullmatch(message)
        assert found is not None
        where = self._where(found["path"] or "")
        kind = _kind_at(made, where)
        what = found["what"]
        if named := re.match(r"Object contains unknown field `(.*)`", what):
            keys = _keys(kind, where)
            self._wrong(
                (*where, named[1]),
                f"{_thing(kind, where)} has no key {named[1]!r}",
                f"write {suggested(named[1], keys)}",
            )
        elif named := re.match(r"Object missing required field `(.*)`", what):
            if named[1] == "kind":
                self._wrong(where, "this block has no kind", f"write kind = one of {', '.join(KINDS)}")
            elif not where and named[1] == "block":
                self._wrong(where, "there are no blocks", "write at least one [[block]]")
            else:
                self._wrong(
                    where, f"{_thing(kind, where)} has no {named[1]!r}", f"write {named[1]} = {_example(named[1])}"
                )
        elif where and where[-1] == "kind":
            wrong = at(made, where)
            allowed = (
                list(KINDS)
                if len(where) == 3 and where[0] == "block"
                else [k for k in KINDS if k not in ("note", "area", "box")]
            )
            if wrong in KINDS:
                remedy = "put it outside, as a [[block]] of its own"
                self._wrong(where, f"a block of kind {wrong!r} cannot stand here", remedy)
            else:
                self._wrong(where, f"there is no kind of block {wrong!r}", f"write {suggested(str(wrong), allowed)}")
        else:
            value = at(made, where)
            key = next((str(step) for step in reversed(where) if isinstance(step, str)), "this")
            self._wrong(where, f"{key} = {_shown(value)} cannot be", f"{_needed(what, key)}")

    def _where(self, path: str) -> Where:
        steps: list[str | int] = []
        for name, index in _STEP.findall(path):
            steps.append(name if name else 0 if index == "..." else int(index))
        return tuple(steps)


def _kind_at(data: Any, where: Where) -> str | None:
    found = at(data, where)
    kind = found.get("kind") if isinstance(found, Mapping) else None
    return kind if kind in KINDS else None


def _keys(kind: str | None, where: Where) -> list[str]:
    if kind is not None:
        return [*KINDS[kind].__struct_fields__, "style"]
    names = [step for step in where if isinstance(step, str)]
    of: type[msgspec.Struct] = Template
    if names[-1:] == ["column"]:
        of = Column
    elif names == ["margins"]:
        of = Margins
    elif names == ["formats"]:
        of = WrittenFormats
    return [*of.__struct_fields__, *(["style"] if of is Template else [])]


def _thing(kind: str | None, where: Where) -> str:
    if kind is not None:
        return f"a block of kind {kind!r}"
    names = [step for step in where if isinstance(step, str)]
    return names[-1] if names else "a template"


def _example(key: str) -> str:
    return {
        "label": '"To"',
        "text": '"{recipient.name}"',
        "file": '"logo.png"',
        "row": '[["To", "{recipient.name}"]]',
        "share": "[1, 3]",
        "block": "[...]",
        "column": "[...]",
    }.get(key, 'a length such as 12 or "4 mm"')


def _shown(value: Any) -> str:
    text = (
        repr(value) if not isinstance(value, dict | list) else f"{'a table' if isinstance(value, dict) else 'a list'}"
    )
    return text if len(text) <= 60 else text[:59] + "…"


def _needed(what: str, key: str) -> str:
    """What msgspec asks for, in words."""
    if key == "align":
        return f"write {' or '.join(Align.__args__)}"  # type: ignore[attr-defined]
    if key == "code":
        return "write qr or code128"
    if key == "telephone":
        return "write kept or international or national"
    if key == "language":
        return "write two or three small letters, as en"
    found = re.match(r"Expected `(.*?)`(?: (>=|<=|>|<) ([\d.]+)|, got `(.*)`| of length (.*))?", what)
    if found is None:
        return what
    kinds = {
        "str": "write a text in quotes",
        "float": "write a number",
        "int": "write a whole number",
        "bool": "write true or false",
        "array": "write a list in [ ]",
        "object": "write a table",
        "str | array": 'write a text, or a list of texts: ["{a}", "{b}"]',
        "null": "leave it out",
    }
    said = kinds.get(found[1], f"write {found[1]}")
    if found[2]:
        bound = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}[found[2]]
        said += f", {bound} {found[3]}"
    if found[5]:
        said += f" of length {found[5]}"
    return said

"""What types alone do not say of a template: fields, conditions, formats and files that there are not, tables that do
not fit.

What always holds: every problem names the line and a remedy; nothing of a template is run, no file is opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from coverpage.conditions import ConditionError, suggested
from coverpage.fields import BRACES, FIELD_NAMES, PLACEHOLDER
from coverpage.formats import DIRECTIVES, wrong_directive
from coverpage.positions import Path as Where
from coverpage.template import Area, Check, Columns, Image, Table, Template, beside, condition_of, texts_of
from coverpage.template_problems import Problems, at


def check(template: Template, files: frozenset[str], raw: dict[str, Any], problems: Problems) -> None:
    """Add what is wrong to ``problems``. ``files``: names of those beside the template; ``raw``: the file's data."""
    _Checker(template, files, raw, problems).check()


class _Checker:
    def __init__(self, template: Template, files: frozenset[str], raw: dict[str, Any], problems: Problems) -> None:
        self._template = template
        self._files = files
        self._raw = raw
        self._places = problems.places
        self._wrong = problems.add

    def check(self) -> None:
        template = self._template
        for where, block in _walked(template):
            self._condition(where, getattr(block, "when", ()))
            for text in texts_of(block):
                self._text(where, text)
            match block:
                case Image():
                    self._file((*where, "file"), block.file, (".png", ".jpg", ".jpeg"))
                case Table():
                    for index, row in enumerate(block.row):
                        if len(row) != len(block.share):
                            self._wrong(
                                (*where, "row", index),
                                f"this row has {len(row)} cells",
                                f"share has {len(block.share)} numbers: give as many cells",
                            )
                case Check():
                    for label, condition in block.ticked.items():
                        if label not in block.label:
                            self._wrong(
                                (*where, "ticked"),
                                f"there is no box {label!r} to tick",
                                f"write {suggested(label, block.label)}",
                            )
                        self._condition((*where, "ticked"), condition)
                case Columns():
                    if not block.column:
                        self._wrong(where, "columns without a column", "write [[block.column]] below it")
                case Area():
                    if template.strip:
                        self._wrong(where, "a strip has no areas", "remove strip = true, or the area")
                case _:
                    pass
        self._formats()
        if template.background:
            self._file(("background",), template.background, (".pdf",))
            if template.strip:
                self._wrong(("background",), "a strip has no background", "remove strip = true, or background")
        margins = template.margins
        if margins.left + margins.right > 500 or margins.top + margins.bottom > 620:
            remedy = "left and right together at most 500 points, top and bottom 620"
            self._wrong(("margins",), "the margins leave no room on the page", remedy)

    def _condition(self, where: Where, when: Any) -> None:
        try:
            condition_of(when)
        except ConditionError as error:
            at = where if where[-1] == "ticked" else (*where, "when")
            self._wrong(at, f"the condition is not right: {error}", error.remedy)

    def _text(self, where: Where, text: str) -> None:
        key = next((key for key in ("text", "row") if (*where, key) in self._places), "")
        place = (*where, key) if key else where
        if key == "row" or isinstance(at(self._raw, place), list):
            place = self._element(place, text)
        for name, form in PLACEHOLDER.findall(text):
            if name not in FIELD_NAMES:
                self._wrong(place, f"there is no field {{{name}}}", f"write {suggested(name, FIELD_NAMES)}")
            elif form and name != "time_sent":
                self._wrong(place, f"{{{name}:{form}}}: only time_sent has formats", f"write {{{name}}}")
            elif form and form not in self._template.formats.dates:
                self._wrong(place, f"there is no format {form!r}", f'write [formats.dates] {form} = "%d.%m.%Y"')
        for found in BRACES.findall(PLACEHOLDER.sub("", text)):
            remedy = "fields are small letters, as in {recipient.name}, and braces stand for nothing else"
            self._wrong(place, f"{found!r} is no field", remedy)

    def _element(self, where: Where, text: str) -> Where:
        """Where in an array of texts this one stands."""
        value = at(self._raw, where)
        for index, each in enumerate(value if isinstance(value, list) else ()):
            if each == text:
                return (*where, index)
            if isinstance(each, list) and text in each:
                return (*where, index, each.index(text))
        return where

    def _formats(self) -> None:
        formats = self._template.formats
        patterns: dict[Where, str] = {("formats", "time_sent"): formats.time_sent}
        patterns |= {("formats", "dates", name): pattern for name, pattern in formats.dates.items()}
        for where, pattern in patterns.items():
            if (wrong := wrong_directive(pattern)) is not None:
                self._wrong(where, f"{wrong} means nothing in a date", f"there are: {DIRECTIVES}")
        for name in formats.dates:
            if not re.fullmatch("[a-z][a-z0-9_]*", name):
                self._wrong(("formats", "dates", name), f"{name!r} is no name", "use small letters, digits and _")
        for key, names, count in (("months", formats.months, 12), ("days", formats.days, 7)):
            if names and len(names) != count:
                self._wrong(("formats", key), f"there are {len(names)} {key}", f"name all {count}, or none")

    def _file(self, where: Where, name: str, kinds: tuple[str, ...]) -> None:
        if not beside(name):
            self._wrong(where, f"{name!r} is not beside the template", "put the file there and write its bare name")
        elif Path(name).suffix.lower() not in kinds:
            self._wrong(where, f"{name!r} is of no kind that goes here", f"use one that ends in {' or '.join(kinds)}")
        elif name not in self._files:
            there = ", ".join(sorted(self._files)) or "none"
            self._wrong(where, f"there is no file {name!r}", f"put it beside the template; there are: {there}")


def _walked(template: Template) -> Iterator[tuple[Where, Any]]:
    """Every block with its path."""
    todo: list[tuple[Where, Any]] = [
        *((("block", index), block) for index, block in enumerate(template.block)),
        *((("continued", index), block) for index, block in enumerate(template.continued)),
    ]
    while todo:
        where, block = todo.pop(0)
        yield where, block
        todo += [((*where, "block", index), each) for index, each in enumerate(getattr(block, "block", ()))]
        for number, column in enumerate(getattr(block, "column", ())):
            todo += [((*where, "column", number, "block", index), each) for index, each in enumerate(column.block)]

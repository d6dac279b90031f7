"""What is wrong with a template: each problem with its line and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from coverpage.errors import CoverPageError
from coverpage.positions import Path as Where
from coverpage.positions import line_of


@dataclass(frozen=True, order=True)
class Problem:
    """Something wrong with a template. ``line``: from 1."""

    line: int
    text: str
    remedy: str


class TemplateError(CoverPageError):
    """A template that is not right; ``problems`` are all that was found, ordered by line."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        first = problems[0]
        more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        text = f"The cover page template {file} is not right: line {first.line}: {first.text}; {first.remedy}{more}"
        super().__init__(text)
        self.file = file
        self.problems = tuple(problems)


class Problems:
    """Those found so far. ``places``: the line of what stands at each path of the file."""

    def __init__(self, places: dict[Where, int]) -> None:
        self.places = places
        self.found: list[Problem] = []

    def add(self, where: Where, text: str, remedy: str) -> None:
        self.found.append(Problem(line_of(where, self.places), text, remedy))


def at(data: Any, where: Where) -> Any:
    """What stands at a path; None: nothing."""
    for step in where:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data

"""What a document itself says about its fax, on queues that look: commands and rules (``backend.rules``).

The device URI of a queue switches it on: ``commands=keep`` or ``commands=remove`` (the command is taken out of the
image), and ``rules=FILE``. Without them no document is looked into. The first document of a job counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from backend.documents import Piece
from backend.rules import Found, commands, read_rules, ruled


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """``commands`` and ``ruled``: fields. ``pieces``: the documents, the first perhaps without what was taken out."""

    pieces: tuple[Piece, ...]
    commands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ruled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class NotTakenOutError(Exception):
    """A command that must not be seen cannot be taken out of the document."""


def look(pieces: Sequence[Piece], parameters: Sequence[tuple[str, str]]) -> Embedded:
    """Look into the first document as the queue wants it.

    Raises RulesError, AskedError (a command that is not understood), NotTakenOutError.
    """
    said = dict(parameters)
    wanted, file = said.get("commands", ""), said.get("rules", "")
    pieces = tuple(pieces)
    if not pieces or not (wanted in ("keep", "remove") or file):
        return Embedded(pieces=pieces)
    rules = read_rules(Path(file)) if file else ()
    from backend.first_page import read_first_page, without

    page = read_first_page(pieces[0])
    nothing = Found(fields={})
    told = commands(page.text, remove=wanted == "remove") if wanted in ("keep", "remove") else nothing
    found = ruled(page.text, rules)
    if places := (*told.remove, *found.remove):
        piece = without(pieces[0], page.boxes(places))
        if piece is None:
            raise NotTakenOutError
        pieces = (piece, *pieces[1:])
    return Embedded(pieces=pieces, commands=told.fields, ruled=found.fields)

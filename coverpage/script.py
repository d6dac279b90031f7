"""What scripts ask of a line: where it may break, in which direction it runs, in which order its stretches stand.

What always holds: breaking loses nothing but blanks at a line's end; stretches come from left to right as they are
seen. Full bidirectional ordering within a stretch of one font is Raqm's; what is here orders stretches of several fonts
(UAX 9 without explicit embeddings, which people do not type).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator


def is_right_to_left(text: str) -> bool:
    """By the first strong character, as the Unicode bidirectional algorithm has it (UAX 9, P2 and P3)."""
    if text.isascii():
        return False
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in ("R", "AL"):
            return True
        if kind == "L":
            return False
    return False


def has_right_to_left(text: str) -> bool:
    """Whether any letter of it runs from right to left."""
    return any(unicodedata.bidirectional(character) in ("R", "AL") for character in text)


def _levels(text: str, right_to_left: bool) -> list[int]:
    """The embedding level of each character: even runs to the right (UAX 9, W and N rules, shortened)."""
    base = int(right_to_left)
    kinds: list[str] = []
    strong = "R" if right_to_left else "L"
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in ("L", "R", "AL"):
            strong = "R" if kind == "AL" else kind
            kinds.append(strong)
        elif kind in ("EN", "AN"):
            # A number within right-to-left text runs to the right, and stands where that text's order puts it.
            kinds.append("L" if kind == "EN" and strong == "L" else "N")
        elif kind == "NSM" and kinds:
            kinds.append(kinds[-1])
        elif kind in ("CS", "ES", "ET") and kinds[-1:] == ["N"]:
            kinds.append("n")
        else:
            kinds.append("-")
    _join_numbers(kinds)
    _settle_neutrals(kinds, "R" if base else "L")
    return [{"L": 2 * base, "R": 1, "N": 2}[kind] for kind in kinds]


def _join_numbers(kinds: list[str]) -> None:
    """A separator between digits belongs to the number; elsewhere it is neutral."""
    for at, kind in enumerate(kinds):
        if kind == "n":
            kinds[at] = "N" if at + 1 < len(kinds) and kinds[at + 1] == "N" else "-"


def _settle_neutrals(kinds: list[str], base: str) -> None:
    """What stands between two stretches of one direction takes it (a number counts as right to left), else the base."""
    at = 0
    while at < len(kinds):
        end = at
        while end < len(kinds) and kinds[end] == "-":
            end += 1
        if end > at:
            before = kinds[at - 1].replace("N", "R") if at else base
            after = kinds[end].replace("N", "R") if end < len(kinds) else base
            kinds[at:end] = [before if before == after else base] * (end - at)
        at = end + 1


def stretches(text: str, right_to_left: bool, same: Callable[[int, int], bool]) -> list[tuple[int, int, bool]]:
    """Stretches of one direction each, from left to right: first character, the one behind it, whether to the left.

    ``same(i, j)``: whether characters i and j may stand in one stretch (are drawn in one font).
    """
    levels = _levels(text, right_to_left)
    runs: list[tuple[int, int, int]] = []
    for at, level in enumerate(levels):
        if runs and runs[-1][2] == level and same(at - 1, at):
            runs[-1] = (runs[-1][0], at + 1, level)
        else:
            runs.append((at, at + 1, level))
    for level in range(max(levels, default=0), 0, -1):
        at = 0
        while at < len(runs):
            end = at
            while end < len(runs) and runs[end][2] >= level:
                end += 1
            runs[at:end] = runs[at:end][::-1]
            at = end + 1
    return [(first, last, level % 2 == 1) for first, last, level in runs]


def _pieces(text: str) -> Iterator[str]:
    """Where a line may break: after blanks and hyphens, and around ideographs and kana."""
    piece = ""
    for character in text:
        wide = unicodedata.east_asian_width(character) in ("W", "F")
        starts_word = piece and piece[-1] in " -" and character != " "
        opens = unicodedata.category(character) in ("Pe", "Pf", "Po", "Mn", "Mc")
        after_wide = piece and unicodedata.east_asian_width(piece[-1]) in ("W", "F") and character != " "
        begins = piece and unicodedata.category(piece[-1]) in ("Ps", "Pi")
        if piece and not begins and (starts_word or ((wide or after_wide) and not opens)):
            yield piece
            piece = ""
        piece += character
    if piece:
        yield piece


def _clusters(text: str) -> Iterator[str]:
    """Characters with the marks that belong to them."""
    cluster = ""
    for character in text:
        joined = unicodedata.category(character) in ("Mn", "Mc", "Me", "Cf") or cluster.endswith("\u200d")
        if cluster and not joined:
            yield cluster
            cluster = ""
        cluster += character
    if cluster:
        yield cluster


def broken(text: str, width_of: Callable[[str], float], most: float) -> list[str]:
    """``text`` (without line ends) as lines of at most ``most``; an empty text is one empty line."""
    text = text.rstrip()
    if width_of(text) <= most:
        return [text]
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        if width_of((line + piece).rstrip()) <= most:
            line += piece
            continue
        if line.strip():
            lines.append(line.rstrip())
        line = ""
        if width_of(piece.rstrip()) <= most:
            line = piece
            continue
        for cluster in _clusters(piece):
            if line and width_of((line + cluster).rstrip()) > most:
                lines.append(line.rstrip())
                line = ""
            line += cluster
    if line.strip() or not lines:
        lines.append(line.rstrip())
    return lines

"""Which font file has a glyph for a character.

What always holds: DejaVu Sans comes first, any other font of the system only for what DejaVu lacks; a character that no
font has is an error, never a box or nothing.

Must not: shape or draw.
"""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path

from coverpage.errors import CoverPageError

FONT_FOLDERS = (Path("/usr/local/share/fonts"), Path("/usr/share/fonts"))
REGULAR = "DejaVuSans.ttf"
BOLD = "DejaVuSans-Bold.ttf"
_SUFFIXES = (".ttf", ".otf", ".ttc")
_NOT_PLAIN = ("bold", "italic", "oblique", "light", "thin", "black", "mono", "condensed", "serif")


@cache
def dejavu(file_name: str) -> Path:
    """The file of a DejaVu font. Raises CoverPageError when the machine has none."""
    for folder in FONT_FOLDERS:
        for path in sorted(folder.rglob(file_name)):
            return path
    raise CoverPageError(
        f"Cover pages are drawn with the font {file_name}, which is not under {FONT_FOLDERS[-1]}. "
        "Install the package fonts-dejavu-core"
    )


@cache
def other_fonts() -> tuple[Path, ...]:
    """All other outline fonts of the system, plain upright sans faces first."""

    def order(path: Path) -> tuple[bool, bool, str]:
        name = path.name.lower()
        return any(word in name for word in _NOT_PLAIN), "sans" not in name, str(path)

    found = {path for folder in FONT_FOLDERS for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES}
    return tuple(sorted((path for path in found if not path.name.startswith("DejaVuSans")), key=order))


def invisible(character: str) -> bool:
    """Characters that steer shaping and direction, or are blank: they need no glyph."""
    code = ord(character)
    return (
        character.isspace()
        or code == 0x200B
        or 0x200C <= code <= 0x200F
        or 0x202A <= code <= 0x202E
        or (0x2060 <= code <= 0x206F or 0xFE00 <= code <= 0xFE0F or code == 0xAD or code == 0xFEFF)
    )


def covers(path: Path, text: str) -> bool:
    """Whether the font has a glyph for all that is seen of ``text``."""
    known = characters(path)
    return known.issuperset(map(ord, text)) or all(ord(each) in known or invisible(each) for each in text)


def font_with(character: str, first: tuple[Path, ...]) -> Path:
    """The font to draw ``character`` in. Raises CoverPageError when no font of the system has it."""
    for path in (*first, *other_fonts()):
        if ord(character) in characters(path):
            return path
    raise CoverPageError(
        f"No font on this machine can draw {character!r} (U+{ord(character):04X}). "
        "For Chinese, Japanese and Korean install fonts-noto-cjk or fonts-wqy-microhei, for other scripts "
        "fonts-noto-core"
    )


@cache
def characters(path: Path) -> frozenset[int]:
    """The code points that the font has glyphs for; none when the file cannot be read as an outline font."""
    try:
        return frozenset(_character_map(path.read_bytes()))
    except (OSError, struct.error, IndexError):
        return frozenset()


def _character_map(font: bytes) -> set[int]:
    """Read the 'cmap' table (OpenType, formats 4 and 12), of a collection's first font."""
    start = struct.unpack_from(">I", font, 12)[0] if font[:4] == b"ttcf" else 0
    (count,) = struct.unpack_from(">H", font, start + 4)
    tables: dict[bytes, int] = {}
    for index in range(count):
        tag, _, offset, _ = struct.unpack_from(">4sIII", font, start + 12 + 16 * index)
        tables[tag] = offset
    if not tables.keys() & {b"glyf", b"CFF ", b"CFF2"} or b"cmap" not in tables:
        return set()
    cmap = tables[b"cmap"]
    (count,) = struct.unpack_from(">H", font, cmap + 2)
    found: set[int] = set()
    for index in range(count):
        platform, encoding, offset = struct.unpack_from(">HHI", font, cmap + 4 + 8 * index)
        if (platform, encoding) not in ((0, 3), (0, 4), (0, 6), (3, 1), (3, 10)):
            continue
        (kind,) = struct.unpack_from(">H", font, cmap + offset)
        if kind == 12:
            found |= _format_12(font, cmap + offset)
        elif kind == 4:
            found |= _format_4(font, cmap + offset)
    return found


def _format_12(font: bytes, at: int) -> set[int]:
    (groups,) = struct.unpack_from(">I", font, at + 12)
    found: set[int] = set()
    for group in range(groups):
        first, last, glyph = struct.unpack_from(">III", font, at + 16 + 12 * group)
        if last - first > 0x10FFFF:
            return set()
        found.update(range(first + (glyph == 0), last + 1))
    return found


def _format_4(font: bytes, at: int) -> set[int]:
    (doubled,) = struct.unpack_from(">H", font, at + 6)
    segments = doubled // 2
    ends = struct.unpack_from(f">{segments}H", font, at + 14)
    starts = struct.unpack_from(f">{segments}H", font, at + 16 + doubled)
    deltas = struct.unpack_from(f">{segments}H", font, at + 16 + 2 * doubled)
    offsets_at = at + 16 + 3 * doubled
    offsets = struct.unpack_from(f">{segments}H", font, offsets_at)
    found: set[int] = set()
    for segment, (first, last, delta, offset) in enumerate(zip(starts, ends, deltas, offsets, strict=True)):
        for code in range(first, min(last, 0xFFFE) + 1):
            if offset:
                (glyph,) = struct.unpack_from(">H", font, offsets_at + 2 * segment + offset + 2 * (code - first))
            else:
                glyph = (code + delta) & 0xFFFF
            if glyph:
                found.add(code)
    return found

"""The printer's description (PPD) for CUPS: one source for every queue.

Two kinds: the fax queue says ``cupsFax``, which makes print dialogues show it as a fax and lets CUPS announce it as
one; the plain queue does not, so that Windows, macOS and driverless clients, which print to no fax, see a printer. All
else is the same, and so is the backend.

What always holds: every description passes ``cupstestppd``; it speaks English and German (``cupsLanguages``); text from
outside (names in the address book, of templates) cannot break out of its line. Pure: no I/O.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ppd.words import (
    COVER_TITLES,
    MARGIN_PT,
    MESSAGE,
    NAME_OCTETS,
    NO_COVER,
    NOBODY,
    PAPERS,
    RESOLUTIONS,
    SENDING,
    TEXTS,
    Choice,
    Option,
    Paper,
)

ENTRIES_LIMIT = 1000
"""Of the address book; a list that is longer helps nobody, and every print dialogue reads it whole."""
_KEYWORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_MEANT_FOR_PPD = dict.fromkeys(map(ord, '<>"'), " ") | {ord("/"): "∕", ord(":"): "∶"}
"""What a name cannot hold: replaced by blanks, or by what looks the same (DIVISION SLASH, RATIO)."""
_IN_ASCII = {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "∕": "-", "∶": ","}


@dataclass(frozen=True, kw_only=True)
class Printer:
    """A queue, as desktops shall see it.

    ``covers``: names of cover page templates. ``entries``: keyword and name of people in the address book, at most
    ``ENTRIES_LIMIT``. ``defaults``: what is chosen unless a person chooses; what is no choice here is passed over.
    """

    fax: bool = True
    covers: Sequence[str] = ("default",)
    entries: Sequence[tuple[str, str]] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)


def description(printer: Printer) -> str:
    """The PPD, as text to be written in UTF-8. ValueError: a keyword that CUPS would not take, or too many entries."""
    if len(printer.entries) > ENTRIES_LIMIT:
        raise ValueError(f"{len(printer.entries)} entries: a queue shows {ENTRIES_LIMIT} at most")
    defaults = dict(printer.defaults)
    paper = defaults.get("PageSize")
    size = paper if paper in {item.keyword for item in PAPERS} else PAPERS[0].keyword
    lines = [
        _HEAD + ("*cupsFax: True\n" if printer.fax else "") + _FILTERS,
        *_papers(size),
        *_option(Option("InputSlot", "Media Source", "Papierquelle", (_AUTO,)), 20, defaults),
        *_option(Option("MediaType", "Media Type", "Papierart", (_PLAIN,)), 20, defaults),
        *_option(
            Option("Resolution", "Resolution", "Auflösung", RESOLUTIONS), 20, {"Resolution": "204x196dpi"} | defaults
        ),
        "*OpenGroup: Fax/Fax",
        *_translated("Translation Fax", "Fax", "Fax"),
        "",
    ]
    for option in _fax_options(printer):
        lines += _option(option, 30, defaults)
    lines += ["*CloseGroup: Fax", "", *_FONTS, "*% End of the description"]
    return "\n".join(lines) + "\n"


_AUTO = Choice("Auto", "Automatic", "Automatisch")
_PLAIN = Choice("Plain", "Fax Paper", "Faxpapier")

_HEAD = """\
*PPD-Adobe: "4.3"
*% Platen: a fax machine that you print to. Written by ppd/printer.py.
*FormatVersion: "4.3"
*FileVersion: "2.0"
*LanguageVersion: English
*LanguageEncoding: ISOLatin1
*cupsLanguages: "en de"
*PCFileName: "PLATEN.PPD"
*Manufacturer: "Platen"
*Product: "(Virtual Fax)"
*ModelName: "Platen Virtual Fax"
*ShortNickName: "Platen Virtual Fax"
*NickName: "Platen Virtual Fax"
*1284DeviceID: "MFG:Platen;MDL:Virtual Fax;CMD:PDF;CLS:PRINTER;DES:Platen Virtual Fax;"
*PSVersion: "(3010.000) 0"
*LanguageLevel: "3"
*ColorDevice: False
*DefaultColorSpace: Gray
*FileSystem: False
*Throughput: "1"
*LandscapeOrientation: Plus90
*TTRasterizer: Type42
*cupsVersion: 2.3
"""

_FILTERS = """\
*cupsManualCopies: False
*cupsSNMPSupplies: False

*% PDF through pdftopdf, so that several files of a job reach the backend whole: see filter/platen-pdf. It costs less
*% than pdftopdf by the stock rules (66), and more than nothing, or PostScript would go through gstopdf to get here.
*cupsFilter2: "application/pdf application/pdf 50 platen-pdf"
*cupsFilter2: "application/vnd.cups-pdf application/pdf 0 -"
*% PostScript and TIFF as they are: see filter/platen-pass.
*cupsFilter2: "application/postscript application/postscript 0 platen-pass"
*cupsFilter2: "image/tiff image/tiff 0 platen-pass"
"""

_FONTS = (
    "*DefaultFont: Courier",
    *(
        f'*Font {name}: Standard "(1.05)" Standard ROM'
        for name in ("Courier", "Courier-Bold", "Helvetica", "Helvetica-Bold", "Times-Roman", "Times-Bold")
    ),
)


def _fax_options(printer: Printer) -> Iterator[Option]:
    yield from TEXTS
    if printer.entries:
        entries = tuple(Choice(keyword, name, name) for keyword, name in printer.entries)
        yield Option("FaxBook", "Address Book", "Adressbuch", (NOBODY, *entries))
    covers = tuple(Choice(name, *COVER_TITLES.get(name, (name, name))) for name in printer.covers)
    yield Option("FaxCover", "Cover Page", "Deckblatt", (NO_COVER, *covers))
    yield from MESSAGE
    yield from SENDING


def _papers(default: str) -> Iterator[str]:
    def each(keyword: str, value: str, papers: Iterable[Paper]) -> Iterator[str]:
        for paper in papers:
            box = {"width": paper.width, "height": paper.height}
            box |= {"right": paper.width - MARGIN_PT, "top": paper.height - MARGIN_PT, "margin": MARGIN_PT}
            yield f'*{keyword} {paper.keyword}/{_ascii(paper.english)}: "{value.format(**box)}"'
            if keyword == "PageSize":
                yield from _translated(f"{keyword} {paper.keyword}", paper.english, paper.german)

    for keyword in ("PageSize", "PageRegion"):
        yield f"*OpenUI *{keyword}/Media Size: PickOne"
        yield from _translated(f"Translation {keyword}", "Media Size", "Papierformat")
        yield f"*OrderDependency: 10 AnySetup *{keyword}"
        yield f"*Default{keyword}: {default}"
        yield from each(keyword, "<</PageSize[{width} {height}]>>setpagedevice", PAPERS)
        yield f"*CloseUI: *{keyword}"
        yield ""
    yield f"*DefaultImageableArea: {default}"
    yield from each("ImageableArea", "{margin} {margin} {right} {top}", PAPERS)
    yield f"*DefaultPaperDimension: {default}"
    yield from each("PaperDimension", "{width} {height}", PAPERS)
    yield ""


def _option(option: Option, order: int, defaults: Mapping[str, str]) -> Iterator[str]:
    keyword = option.keyword
    known = {choice.keyword for choice in option.choices}
    default = defaults.get(keyword)
    for choice in option.choices:
        if not _KEYWORD.fullmatch(choice.keyword):
            raise ValueError(f"{choice.keyword!r} cannot be a choice of a print dialogue")
    yield f"*OpenUI *{keyword}/{_ascii(option.english)}: PickOne"
    yield from _translated(f"Translation {keyword}", option.english, option.german)
    yield f"*OrderDependency: {order} AnySetup *{keyword}"
    yield f"*Default{keyword}: {default if default in known else option.choices[0].keyword}"
    for choice in option.choices:
        code = ""
        if keyword == "Resolution":
            across, _, down = choice.keyword.removesuffix("dpi").partition("x")
            code = f"<</HWResolution[{across} {down}]>>setpagedevice"
        yield f'*{keyword} {choice.keyword}/{_ascii(choice.english)}: "{code}"'
        yield from _translated(f"{keyword} {choice.keyword}", choice.english, choice.german)
    yield f"*CloseUI: *{keyword}"
    if option.custom:
        yield f'*Custom{keyword} True: ""'
        yield f"*ParamCustom{keyword} Value/{_ascii(option.english)}: 1 string 0 {option.custom}"
        yield from _translated(f"ParamCustom{keyword} Value", option.english, option.german)
    yield ""


def _translated(what: str, english: str, german: str) -> Iterator[str]:
    """English too: the text in the option's own line can hold ASCII only, a translation anything."""
    yield f'*en.{what}/{_name(english)}: ""'
    yield f'*de.{what}/{_name(german)}: ""'


def _ascii(text: str) -> str:
    """A name for those who read neither language: without what is not ASCII."""
    known = "".join(_IN_ASCII.get(character, character) for character in _name(text))
    return _name(unicodedata.normalize("NFKD", known).encode("ascii", "ignore").decode())


def _name(text: str) -> str:
    """``text`` as it can stand in a PPD: one line, none of its marks, not longer than libcups takes."""
    clean = "".join(character if character.isprintable() else " " for character in text.translate(_MEANT_FOR_PPD))
    clean = " ".join(clean.split())
    while len(clean.encode()) > NAME_OCTETS:
        clean = clean[:-1]
    return clean.strip() or "?"

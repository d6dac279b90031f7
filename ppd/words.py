"""What a person can choose and type in a print dialogue, with its names in English and German: data only.

The keywords are what CUPS hands to the backend (``backend.asked`` reads them), so they never change. Names hold none of
``/ : < > "``, which mean something in a PPD, and at most ``NAME_OCTETS`` octets of UTF-8, the limit of libcups.
"""

from __future__ import annotations

from dataclasses import dataclass

NAME_OCTETS = 80


@dataclass(frozen=True)
class Choice:
    """An entry of a list."""

    keyword: str
    english: str
    german: str


@dataclass(frozen=True)
class Option:
    """A list, and with ``custom`` also a text field of so many characters (GTK and LibreOffice show it as one)."""

    keyword: str
    english: str
    german: str
    choices: tuple[Choice, ...]
    custom: int = 0


@dataclass(frozen=True)
class Paper:
    """A size of paper, in points (1/72 inch)."""

    keyword: str
    english: str
    german: str
    width: int
    height: int


PAPERS = (
    Paper("A4", "A4", "A4", 595, 842),
    Paper("Letter", "US Letter", "US Letter", 612, 792),
    Paper("Legal", "US Legal", "US Legal", 612, 1008),
    Paper("B4", "B4 (JIS)", "B4 (JIS)", 729, 1032),
    Paper("A3", "A3", "A3", 842, 1191),
)
MARGIN_PT = 12
"""On each side: the header line of a fax stands above the page, not on it."""

RESOLUTIONS = (
    Choice("204x98dpi", "Standard (204 x 98 dpi)", "Standard (204 x 98 dpi)"),
    Choice("204x196dpi", "Fine (204 x 196 dpi)", "Fein (204 x 196 dpi)"),
    Choice("204x391dpi", "Superfine (204 x 391 dpi)", "Superfein (204 x 391 dpi)"),
)

_NOTHING = (Choice("None", "None", "Keine Angabe"),)
_NOW = Choice("None", "As soon as possible", "Sobald wie möglich")

COVER_TITLES = {"default": ("Standard Cover Page", "Standard-Deckblatt")}
"""Cover page templates whose names are not what people should read."""

TEXTS = (
    Option("phone", "Fax Number", "Faxnummer", _NOTHING, 255),
    Option("faxPrefix", "Dialled Before the Number", "Vorwahl davor", _NOTHING, 64),
    Option("FaxRecipient", "Recipient's Name", "Name des Empfängers", _NOTHING, 255),
    Option("FaxCompany", "Recipient's Company", "Firma des Empfängers", _NOTHING, 255),
)
MESSAGE = (
    Option("FaxSubject", "Subject on the Cover Page", "Betreff auf dem Deckblatt", _NOTHING, 255),
    Option("FaxNote", "Note on the Cover Page", "Mitteilung auf dem Deckblatt", _NOTHING, 1023),
)
SENDING = (
    Option(
        "FaxWhen",
        "When to Send",
        "Sendezeit",
        (
            _NOW,
            Choice("Discount", "At the Cheap Rate", "Zum Spartarif"),
            Choice("18h", "From 6 pm", "Ab 18 Uhr"),
            Choice("22h", "From 10 pm", "Ab 22 Uhr"),
            Choice("6h", "From 6 am", "Ab 6 Uhr"),
        ),
        5,
    ),
    Option(
        "FaxPriority",
        "Priority",
        "Priorität",
        (
            Choice("None", "Normal", "Normal"),
            Choice("High", "High", "Hoch"),
            Choice("Low", "Low", "Niedrig"),
        ),
    ),
)
NOBODY = Choice("None", "None", "Niemand")
NO_COVER = Choice("None", "No Cover Page", "Ohne Deckblatt")

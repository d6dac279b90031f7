"""What the agent says, in English and German: data, and the choice between the two.

What always holds: both languages say everything; no text holds a number that somebody else could read (a notification
may be shown on a locked screen).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Words:
    """``{title}``, ``{pages}``, ``{id}``, ``{name}``, ``{count}`` and ``{why}`` are filled in.

    ``notice`` differs from fax to fax by ``{id}``: some who show notifications take two of the same text for one.
    """

    application: str
    waiting: str
    untitled: str
    one_page: str
    pages: str
    notice: str
    answer: str
    later: str
    discard: str
    discard_question: str
    keep: str
    send: str
    number: str
    name: str
    company: str
    book: str
    book_empty: str
    group: str
    not_the_group: str
    cover: str
    no_cover: str
    standard_cover: str
    subject: str
    note: str
    no_number: str
    no_picture: str
    sending: str
    unreachable: str
    elsewhere: str
    cancelled_elsewhere: str
    close: str


ENGLISH = Words(
    application="Fax",
    waiting="Who is this fax for?",
    untitled="A fax",
    one_page="1 page",
    pages="{pages} pages",
    notice="“{title}”, {pages}, waits for its number (fax {id}).",
    answer="Enter the number",
    later="Later",
    discard="Discard",
    discard_question="Discard this fax? It will not be sent.",
    keep="Keep it",
    send="Send",
    number="Fax number",
    name="Recipient",
    company="Company",
    book="Address book",
    book_empty="Nobody is in the address book.",
    group="Everybody of {name} ({count})",
    not_the_group="Another recipient instead",
    cover="Cover page",
    no_cover="None",
    standard_cover="Standard",
    subject="Subject",
    note="Note",
    no_number="Enter a number.",
    no_picture="The page cannot be shown: {why}",
    sending="One moment …",
    unreachable="The fax server does not answer. The fax goes on waiting; try again in a moment.",
    elsewhere="This fax has been answered elsewhere.",
    cancelled_elsewhere="This fax has been discarded elsewhere.",
    close="Close",
)

GERMAN = Words(
    application="Fax",
    waiting="An wen geht dieses Fax?",
    untitled="Ein Fax",
    one_page="1 Seite",
    pages="{pages} Seiten",
    notice="„{title}“, {pages}, wartet auf seine Nummer (Fax {id}).",
    answer="Nummer eingeben",
    later="Später",
    discard="Verwerfen",
    discard_question="Dieses Fax verwerfen? Es wird nicht gesendet.",
    keep="Behalten",
    send="Senden",
    number="Faxnummer",
    name="Empfänger",
    company="Firma",
    book="Adressbuch",
    book_empty="Im Adressbuch steht niemand.",
    group="Alle aus {name} ({count})",
    not_the_group="Doch ein anderer Empfänger",
    cover="Deckblatt",
    no_cover="Keines",
    standard_cover="Standard",
    subject="Betreff",
    note="Notiz",
    no_number="Geben Sie eine Nummer ein.",
    no_picture="Die Seite kann nicht gezeigt werden: {why}",
    sending="Einen Moment …",
    unreachable="Der Faxserver antwortet nicht. Das Fax wartet weiter; versuchen Sie es gleich noch einmal.",
    elsewhere="Dieses Fax ist anderswo beantwortet worden.",
    cancelled_elsewhere="Dieses Fax ist anderswo verworfen worden.",
    close="Schließen",
)


def words(environment: Mapping[str, str]) -> Words:
    """By the language of the session: the first of LANGUAGE, LC_ALL, LC_MESSAGES and LANG that says one."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        for said in environment.get(name, "").split(":"):
            if said:
                return GERMAN if said.lower().startswith("de") else ENGLISH
    return ENGLISH


def how_many(pages: int | None, said: Words) -> str:
    """A number of pages; empty when it is not known."""
    if pages is None:
        return ""
    return said.one_page if pages == 1 else said.pages.format(pages=pages)

"""Why a fax or a call ended as it did, in the languages of reports: one sentence for each cause.

What always holds: every cause that a fax can end with has a sentence in every language (a test compares with the lists
of causes); none says anything of what the fax holds.
"""

from __future__ import annotations

from fax.mail import Language

CAUSES: dict[str, tuple[str, str]] = {
    # How calls end.
    "ok": ("All went well", "Alles ging gut"),
    "cancelled": ("Cancelled", "Abgebrochen"),
    "plan-invalid": (
        "The pages on the fax server's disk are damaged",
        "Die Seiten auf der Platte des Faxservers sind beschädigt",
    ),
    "device-missing": ("The modem is not there", "Das Modem ist nicht da"),
    "device-silent": ("The modem does not answer", "Das Modem antwortet nicht"),
    "device-error": ("The modem failed", "Das Modem hat versagt"),
    "device-not-fax": ("The modem cannot send faxes", "Das Modem kann keine Faxe senden"),
    "port-died": (
        "The fax server's line was stopped in the middle of the call",
        "Die Leitung des Faxservers wurde mitten im Anruf angehalten",
    ),
    "storage": ("The fax server's disk failed", "Die Platte des Faxservers hat versagt"),
    "no-dial-tone": ("There was no dial tone", "Es gab keinen Wählton"),
    "busy": ("The number was busy", "Der Anschluss war besetzt"),
    "no-answer": ("Nobody answered", "Niemand hat abgehoben"),
    "no-carrier": (
        "The call ended before a fax machine was heard",
        "Der Anruf endete, bevor ein Faxgerät zu hören war",
    ),
    "bad-number": ("The number cannot be called", "Die Nummer kann nicht angerufen werden"),
    "blacklisted": ("The modem refuses to call this number", "Das Modem weigert sich, diese Nummer anzurufen"),
    "delayed": (
        "The modem does not call this number again for now",
        "Das Modem ruft diese Nummer vorerst nicht wieder an",
    ),
    "handled": (
        "The provider has taken the fax over and does not say what becomes of it",
        "Der Anbieter hat das Fax übernommen und sagt nicht, was daraus wird",
    ),
    "no-fax": ("No fax machine answered", "Es hat kein Faxgerät geantwortet"),
    "cannot-receive": ("The far end cannot receive now", "Die Gegenstelle kann gerade nicht empfangen"),
    "incompatible": (
        "The far end cannot take what was to be sent",
        "Die Gegenstelle kann das zu Sendende nicht annehmen",
    ),
    "nothing-to-fetch": ("The far end has no document to fetch", "Die Gegenstelle hält kein Dokument zum Abruf bereit"),
    "cannot-train": ("The line is too bad to agree on a speed", "Die Leitung ist für jede Geschwindigkeit zu schlecht"),
    "no-answer-to-training": (
        "The far end did not answer when a speed was to be agreed on",
        "Die Gegenstelle schwieg, als eine Geschwindigkeit zu vereinbaren war",
    ),
    "far-end-disconnected": ("The far end hung up", "Die Gegenstelle hat aufgelegt"),
    "line-lost": ("The connection was lost", "Die Verbindung ist abgerissen"),
    "no-answer-to-page": (
        "The far end did not say whether it has the page",
        "Die Gegenstelle sagte nicht, ob sie die Seite hat",
    ),
    "page-refused": ("The far end refused a page again and again", "Die Gegenstelle wies eine Seite immer wieder ab"),
    "line-too-bad": ("The line is too bad to get a page through", "Die Leitung ist zu schlecht für eine ganze Seite"),
    "not-ready-too-long": ("The far end was not ready for too long", "Die Gegenstelle war zu lange nicht bereit"),
    "protocol-error": (
        "The far end broke the rules of faxing",
        "Die Gegenstelle hielt die Regeln des Faxens nicht ein",
    ),
    "not-dialled": ("The call was not made", "Der Anruf kam nicht zustande"),
    # How faxes end besides.
    "given-up": ("Its time was up", "Seine Zeit war um"),
    "uncertain-pages": ("Some pages may have arrived", "Einige Seiten sind vielleicht angekommen"),
    "document-empty": ("The document is empty", "Das Dokument ist leer"),
    "document-type": ("The document is of no kind that can be faxed", "Dokumente dieser Art lassen sich nicht faxen"),
    "document-damaged": ("The document is damaged", "Das Dokument ist beschädigt"),
    "document-encrypted": ("The document is protected by a password", "Das Dokument ist durch ein Kennwort geschützt"),
    "document-too-large": ("The document is too large", "Das Dokument ist zu groß"),
    "cover-page": ("The cover page cannot be drawn", "Das Deckblatt lässt sich nicht zeichnen"),
    "bad-request": ("What was asked for makes no sense", "Der Auftrag ergibt keinen Sinn"),
    "bad-setting": ("A setting of the fax server is wrong", "Eine Einstellung des Faxservers ist falsch"),
    "no-such-job": ("The fax does not exist", "Das Fax gibt es nicht"),
    "no-such-document": ("The document is not on the fax server", "Das Dokument ist nicht auf dem Faxserver"),
    "no-such-port": ("The telephone line does not exist", "Die Leitung gibt es nicht"),
    "no-such-method": ("The routing method does not exist", "Die Weiterleitungsart gibt es nicht"),
    "bad-configuration": ("What was set cannot work", "Was eingestellt wurde, kann nicht gehen"),
    "no-such-entry": ("The entry does not exist", "Den Eintrag gibt es nicht"),
    "port-busy": ("The telephone line is in use", "Die Leitung ist belegt"),
    "port-leased": ("Somebody else is changing the telephone line", "Jemand anderes ändert gerade die Leitung"),
    "queue-blocked": ("The fax server takes no new faxes", "Der Faxserver nimmt keine neuen Faxe an"),
    "recipients-limit": ("There are too many recipients", "Es sind zu viele Empfänger"),
    "events-gone": ("The events are not kept any more", "Die Ereignisse sind nicht mehr da"),
    "wrong-state": ("The fax was in the wrong state", "Das Fax war im falschen Zustand"),
    "not-allowed": ("It is not allowed", "Es ist nicht erlaubt"),
    "not-authenticated": ("The fax server does not know who asks", "Der Faxserver weiß nicht, wer fragt"),
    "too-many-tries": ("Too many passwords were tried", "Es wurden zu viele Kennwörter versucht"),
    "not-running": ("The fax server was away", "Der Faxserver war nicht da"),
    "internal": ("The fax server failed", "Der Faxserver hat versagt"),
}


def why(cause: str | None, language: Language) -> str:
    """The sentence for a cause, without its full stop; empty where there is none."""
    return CAUSES.get(cause or "", ("", ""))[language is Language.DE]

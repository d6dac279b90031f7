"""What the end of a call means: whose fault, whether a later try may help, a sentence for people, and what to do next.

What always holds: every cause has exactly one row. Sentences name no jargon that a person at a desk would not know.
"""

from __future__ import annotations

from dataclasses import dataclass

from modem.outcome import Cause, Fault, Retry


@dataclass(frozen=True)
class Ending:
    """``text``: what happened; ``advice``: what to do next; both whole sentences."""

    fault: Fault
    retry: Retry
    text: str
    advice: str


_AGAIN = "It is tried again by itself."
_LATER = "It is tried again later by itself; if that fails too, ask the recipient whether the machine is in order."
_LINE = "It is tried again by itself, slower if need be; if it goes on, have the telephone line looked at."

ENDINGS: dict[Cause, Ending] = {
    Cause.OK: Ending(Fault.NONE, Retry.NO_NEED, "All pages were received.", "Nothing is left to do."),
    Cause.CANCELLED: Ending(
        Fault.CALLER, Retry.NEVER, "The call was cancelled.", "Send the fax again if it is wanted after all."
    ),
    Cause.PLAN_INVALID: Ending(
        Fault.US,
        Retry.NEVER,
        "The pages of this call are not what was planned.",
        "Send the document again; if this comes back, look at the disk and report the fault.",
    ),
    Cause.STORAGE: Ending(
        Fault.US,
        Retry.LATER,
        "The call's journal could not be written.",
        "Make room on the disk or see what is wrong with it; the fax waits meanwhile.",
    ),
    Cause.DEVICE_MISSING: Ending(
        Fault.DEVICE, Retry.DEVICE, "The modem is gone.", "Plug the modem in again; the fax waits meanwhile."
    ),
    Cause.DEVICE_SILENT: Ending(
        Fault.DEVICE,
        Retry.DEVICE,
        "The modem does not answer.",
        "Switch the modem off and on, and check its cable and the device's name; the fax waits meanwhile.",
    ),
    Cause.DEVICE_ERROR: Ending(
        Fault.DEVICE,
        Retry.DEVICE,
        "The modem gave an answer that makes no sense.",
        "Switch the modem off and on; if this comes back, send its journal with a report.",
    ),
    Cause.DEVICE_NOT_FAX: Ending(
        Fault.DEVICE,
        Retry.DEVICE,
        "The modem cannot send faxes (no Class 1).",
        "Use a modem that has fax Class 1; the fax waits meanwhile.",
    ),
    Cause.PORT_DIED: Ending(
        Fault.US,
        Retry.LATER,
        "The program that made the call was killed.",
        "It is tried again by itself; look into the system's log for what killed it.",
    ),
    Cause.NO_DIAL_TONE: Ending(
        Fault.DEVICE,
        Retry.DEVICE,
        "There is no dial tone: is the telephone line plugged in?",
        "Check the telephone line at the modem; the fax waits meanwhile.",
    ),
    Cause.BUSY: Ending(Fault.FAR_END, Retry.SOON, "The number is busy.", "It is tried again in a short while."),
    Cause.NO_ANSWER: Ending(
        Fault.FAR_END,
        Retry.LATER,
        "Nobody answered, or at least no fax machine.",
        "It is tried again later; make sure that the number is that of a fax machine.",
    ),
    Cause.NO_CARRIER: Ending(
        Fault.FAR_END,
        Retry.LATER,
        "The call ended before a fax machine was heard: the number may not exist, or nobody answered.",
        "It is tried again later; check the number by calling it with a telephone.",
    ),
    Cause.BAD_NUMBER: Ending(
        Fault.CALLER, Retry.NEVER, "The number cannot be dialled.", "Correct the number and send the fax again."
    ),
    Cause.BLACKLISTED: Ending(
        Fault.DEVICE,
        Retry.NEVER,
        "The modem refuses to dial this number: it is on its list of blocked ones.",
        "Take the number off the modem's list, then restart the fax.",
    ),
    Cause.DELAYED: Ending(
        Fault.DEVICE,
        Retry.LATER,
        "The modem refuses to dial this number again for now.",
        "Wait, or switch off the modem's own limit on redialling.",
    ),
    Cause.NO_FAX: Ending(
        Fault.FAR_END,
        Retry.LATER,
        "The call was answered, but not by a fax machine.",
        "Make sure that the number is that of a fax machine; it is tried again later.",
    ),
    Cause.CANNOT_RECEIVE: Ending(
        Fault.FAR_END,
        Retry.NEVER,
        "The far end says that it cannot receive.",
        "Ask the recipient to look at the machine: it may be out of paper or switched to sending only.",
    ),
    Cause.INCOMPATIBLE: Ending(
        Fault.FAR_END,
        Retry.NEVER,
        "The far end cannot take this fax.",
        "Send it in a plainer form (A4, standard or fine), or to another machine.",
    ),
    Cause.NOTHING_TO_FETCH: Ending(
        Fault.FAR_END,
        Retry.LATER,
        "The far end has no document to be fetched.",
        "Ask the other side whether a document waits there; it is tried again later.",
    ),
    Cause.CANNOT_TRAIN: Ending(Fault.LINE, Retry.LATER, "The line is too bad: no speed worked.", _LINE),
    Cause.NO_ANSWER_TO_TRAINING: Ending(
        Fault.LINE, Retry.LATER, "The far end did not answer when a speed was tried.", _LINE
    ),
    Cause.FAR_END_DISCONNECTED: Ending(Fault.FAR_END, Retry.LATER, "The far end ended the call.", _LATER),
    Cause.LINE_LOST: Ending(Fault.LINE, Retry.LATER, "The line went dead in the call.", _AGAIN),
    Cause.NO_ANSWER_TO_PAGE: Ending(
        Fault.LINE,
        Retry.LATER,
        "The far end did not say whether it received the page.",
        "It is tried again from that page; the recipient may have it twice, and the page says so.",
    ),
    Cause.PAGE_REFUSED: Ending(
        Fault.FAR_END,
        Retry.LATER,
        "The far end said that a page did not arrive in good order.",
        "It is tried again from that page, slower; the recipient may have a poor copy already.",
    ),
    Cause.LINE_TOO_BAD: Ending(
        Fault.LINE, Retry.LATER, "The line is too bad: a page did not get through undamaged.", _LINE
    ),
    Cause.NOT_READY_TOO_LONG: Ending(
        Fault.FAR_END, Retry.LATER, "The far end was not ready to go on for over a minute.", _LATER
    ),
    Cause.HANDLED: Ending(
        Fault.NONE,
        Retry.NEVER,
        "The provider has taken the fax over and does not say what becomes of it.",
        "Ask where the provider sends from; send the fax again only if it did not arrive.",
    ),
    Cause.PROTOCOL_ERROR: Ending(Fault.FAR_END, Retry.LATER, "The far end gave an answer that makes no sense.", _LATER),
}


def sentence(cause: Cause, detail: str = "") -> str:
    """The sentence of a cause, with more detail when there is some."""
    text = ENDINGS[cause].text
    return f"{text[:-1]}: {detail}." if detail else text

"""What the end of a call means: whose fault, whether a later try may help, and a sentence for people.

What always holds: every cause has exactly one row. Sentences name no jargon that a person at a desk would not know.
"""

from __future__ import annotations

from modem.outcome import Cause, Fault, Retry

Row = tuple[Fault, Retry, str]

ENDINGS: dict[Cause, Row] = {
    Cause.OK: (Fault.NONE, Retry.NO_NEED, "All pages were received."),
    Cause.CANCELLED: (Fault.CALLER, Retry.NEVER, "The call was cancelled."),
    Cause.PLAN_INVALID: (Fault.US, Retry.NEVER, "The pages of this call are not what was planned."),
    Cause.STORAGE: (Fault.US, Retry.LATER, "The call's journal could not be written."),
    Cause.DEVICE_MISSING: (Fault.DEVICE, Retry.DEVICE, "The modem is gone."),
    Cause.DEVICE_SILENT: (Fault.DEVICE, Retry.DEVICE, "The modem does not answer."),
    Cause.DEVICE_ERROR: (Fault.DEVICE, Retry.DEVICE, "The modem gave an answer that makes no sense."),
    Cause.DEVICE_NOT_FAX: (Fault.DEVICE, Retry.DEVICE, "The modem cannot send faxes (no Class 1)."),
    Cause.PORT_DIED: (Fault.US, Retry.LATER, "The program that made the call was killed."),
    Cause.NO_DIAL_TONE: (Fault.DEVICE, Retry.DEVICE, "There is no dial tone: is the telephone line plugged in?"),
    Cause.BUSY: (Fault.FAR_END, Retry.SOON, "The number is busy."),
    Cause.NO_ANSWER: (Fault.FAR_END, Retry.LATER, "Nobody answered, or at least no fax machine."),
    Cause.NO_CARRIER: (
        Fault.FAR_END,
        Retry.LATER,
        "The call ended before a fax machine was heard: the number may not exist, or nobody answered.",
    ),
    Cause.BAD_NUMBER: (Fault.CALLER, Retry.NEVER, "The number cannot be dialled."),
    Cause.BLACKLISTED: (Fault.DEVICE, Retry.LATER, "The modem refuses to dial this number again for now."),
    Cause.NO_FAX: (Fault.FAR_END, Retry.LATER, "The call was answered, but not by a fax machine."),
    Cause.CANNOT_RECEIVE: (Fault.FAR_END, Retry.NEVER, "The far end says that it cannot receive."),
    Cause.INCOMPATIBLE: (Fault.FAR_END, Retry.NEVER, "The far end cannot take this fax."),
    Cause.CANNOT_TRAIN: (Fault.LINE, Retry.LATER, "The line is too bad: no speed worked."),
    Cause.NO_ANSWER_TO_TRAINING: (Fault.LINE, Retry.LATER, "The far end did not answer when a speed was tried."),
    Cause.FAR_END_DISCONNECTED: (Fault.FAR_END, Retry.LATER, "The far end ended the call."),
    Cause.LINE_LOST: (Fault.LINE, Retry.LATER, "The line went dead in the call."),
    Cause.NO_ANSWER_TO_PAGE: (Fault.LINE, Retry.LATER, "The far end did not say whether it received the page."),
    Cause.PAGE_REFUSED: (Fault.FAR_END, Retry.LATER, "The far end said that a page did not arrive in good order."),
    Cause.LINE_TOO_BAD: (Fault.LINE, Retry.LATER, "The line is too bad: a page did not get through undamaged."),
    Cause.NOT_READY_TOO_LONG: (Fault.FAR_END, Retry.LATER, "The far end was not ready to go on for over a minute."),
    Cause.PROTOCOL_ERROR: (Fault.FAR_END, Retry.LATER, "The far end gave an answer that makes no sense."),
}


def sentence(cause: Cause, detail: str = "") -> str:
    """The sentence of a cause, with more detail when there is some."""
    text = ENDINGS[cause][2]
    return f"{text[:-1]}: {detail}." if detail else text

"""Last-error codes: one for each thread, an exception that carries one, and which of them a refusal of the server is.

What always holds: a function of the literal layer that fails has set the code of its thread, and the sentence that
goes with it; one that succeeds leaves both as they were (FaxAccessCheck apart, which sets 0 with its "no").
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TypeVar

from fax.errors import Cause, FaxError
from winfax import constants as c

__all__ = [
    "GetLastError",
    "SetLastError",
    "WinFaxError",
    "last_error_text",
]

T = TypeVar("T")
R = TypeVar("R", bound=tuple[object, ...])

CODES: Mapping[Cause, int] = {
    Cause.BAD_NUMBER: c.ERROR_INVALID_PARAMETER,
    Cause.BAD_REQUEST: c.ERROR_INVALID_PARAMETER,
    Cause.BAD_SETTING: c.ERROR_INVALID_PARAMETER,
    Cause.DOCUMENT_EMPTY: c.ERROR_INVALID_DATA,
    Cause.DOCUMENT_TYPE: c.ERROR_INVALID_DATA,
    Cause.DOCUMENT_DAMAGED: c.ERROR_INVALID_DATA,
    Cause.DOCUMENT_ENCRYPTED: c.ERROR_INVALID_DATA,
    Cause.DOCUMENT_TOO_LARGE: c.ERROR_INVALID_DATA,
    Cause.COVER_PAGE: c.ERROR_INVALID_DATA,
    Cause.NO_SUCH_JOB: c.ERROR_INVALID_PARAMETER,
    Cause.NO_SUCH_DOCUMENT: c.ERROR_FILE_NOT_FOUND,
    Cause.NO_SUCH_PORT: c.ERROR_BAD_UNIT,
    Cause.PORT_BUSY: c.ERROR_DEVICE_IN_USE,
    Cause.PORT_LEASED: c.ERROR_INVALID_HANDLE,
    Cause.QUEUE_BLOCKED: c.ERROR_WRITE_PROTECT,
    Cause.RECIPIENTS_LIMIT: c.FAX_ERR_RECIPIENTS_LIMIT,
    Cause.WRONG_STATE: c.ERROR_INVALID_PARAMETER,
    Cause.NO_SUCH_ENTRY: c.ERROR_INVALID_DATA,
    Cause.NO_SUCH_METHOD: c.ERROR_INVALID_DATA,
    Cause.BAD_CONFIGURATION: c.ERROR_BAD_CONFIGURATION,
    Cause.NOT_ALLOWED: c.ERROR_ACCESS_DENIED,
    Cause.NOT_AUTHENTICATED: c.ERROR_ACCESS_DENIED,
    Cause.TOO_MANY_TRIES: c.ERROR_ACCESS_DENIED,
    Cause.STORAGE: c.ERROR_DISK_FULL,
    Cause.NOT_RUNNING: c.RPC_S_SERVER_UNAVAILABLE,
}
"""What a refusal of the server is called here, unless a function's page has another name for it. Else: a general
failure."""


class WinFaxError(Exception):
    """A function failed. ``winerror``: the last-error code; ``text``: why, for people."""

    def __init__(self, winerror: int, text: str = "") -> None:
        super().__init__(winerror, text)
        self.winerror = winerror
        self.text = text

    @property
    def hresult(self) -> int:
        """The code as an HRESULT (FACILITY_WIN32), unsigned."""
        return 0x80070000 | self.winerror if self.winerror < 0x10000 else self.winerror

    def __str__(self) -> str:
        return f"[WinError {self.winerror}] {self.text}" if self.text else f"[WinError {self.winerror}]"


def bad_parameter(text: str) -> WinFaxError:
    return WinFaxError(c.ERROR_INVALID_PARAMETER, text)


def code_of(error: FaxError) -> int:
    """The last-error code for a refusal by the server, or for not reaching it."""
    return CODES.get(error.cause, c.ERROR_GEN_FAILURE)


class _Last(threading.local):
    code = c.ERROR_SUCCESS
    text = ""


_last = _Last()


def GetLastError() -> int:
    """This thread's last-error code."""
    return _last.code


def SetLastError(dwErrCode: int) -> None:
    """Set this thread's last-error code."""
    _last.code, _last.text = dwErrCode, ""


def last_error_text() -> str:
    """What went wrong when this thread's last-error code was set, as a sentence; may be empty."""
    return _last.text


def attempt(act: Callable[[], T], codes: Mapping[Cause, int] | None = None) -> T | None:
    """What ``act`` gives; None, with the last error set, when it fails.

    ``codes``: what some refusals are called on this function's page.
    """
    try:
        return act()
    except WinFaxError as error:
        _last.code, _last.text = error.winerror, error.text
    except FaxError as error:
        known = None if codes is None else codes.get(error.cause)
        _last.code, _last.text = code_of(error) if known is None else known, error.text
    return None


def done(act: Callable[[], object], codes: Mapping[Cause, int] | None = None) -> bool:
    """Whether ``act``, whose answer is of no interest, went well; else the last error is set."""

    def whole() -> bool:
        act()
        return True

    return attempt(whole, codes) is True


def good(result: R) -> R:
    """What a function of the literal layer gave. Raises WinFaxError where it failed."""
    if not result[0]:
        raise WinFaxError(_last.code, _last.text)
    return result


def must(ok: bool) -> None:
    """The same for functions that give nothing but whether they succeeded."""
    if not ok:
        raise WinFaxError(_last.code, _last.text)

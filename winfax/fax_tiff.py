"""The FaxTiff object: what the service wrote into a fax file. It needs no server.

What always holds: ``Image`` is assigned first, and read then; all else answers from what was read. What is not in the
file is an empty text (``missing`` names another one, such as "Unavailable").
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import datetime

from winfax.com import failure
from winfax.constants import ERROR_ACCESS_DENIED, ERROR_FILE_NOT_FOUND, ERROR_INVALID_DATA, ERROR_INVALID_PARAMETER
from winfax.tiff_file import NotATiffError, read_tags
from winfax.times import FILETIME

__all__ = ["FaxTiff"]

# The private tags of Platen's fax files, see docs/winfax.md.
_CALLER_ID, _CSID, _TSID, _RECIPIENT_NAME, _RECIPIENT_NUMBER, _ROUTING, _SENDER_NAME, _AT, _DIRECTION = range(
    65001, 65010
)
_RECEIVED = "received"


class FaxTiff:
    """``missing``: what a property gives that the file does not say."""

    def __init__(self, missing: str = "") -> None:
        self.missing = missing
        self._image = ""
        self._tags: Mapping[int, str] = {}

    @property
    def Image(self) -> str:
        """The file's path. Assigning it reads the file; com_error: it is not there, not allowed, or no TIFF."""
        return self._image

    @Image.setter
    def Image(self, path: str | os.PathLike[str]) -> None:
        try:
            name = os.fspath(path)
            self._tags = read_tags(name)
        except (TypeError, ValueError) as error:
            raise failure(ERROR_INVALID_PARAMETER, f"{path!r} is no path") from error
        except NotATiffError as error:
            raise failure(ERROR_INVALID_DATA, str(error)) from error
        except PermissionError as error:
            raise failure(ERROR_ACCESS_DENIED, f"{path}: {error.strerror}") from error
        except OSError as error:
            raise failure(ERROR_FILE_NOT_FOUND, f"{path}: {error.strerror}") from error
        self._image = name

    @property
    def CallerId(self) -> str:
        """The calling device, as the telephone network named it."""
        return self._text(_CALLER_ID)

    @property
    def Csid(self) -> str:
        """The identifier of the machine that was called."""
        return self._text(_CSID)

    @property
    def Tsid(self) -> str:
        """The identifier of the machine that called."""
        return self._text(_TSID)

    @property
    def RawReceiveTime(self) -> int:
        """When it was received or sent, as a FILETIME's 64-bit count of 100 ns in UTC; 0: not said."""
        at = self._at()
        return FILETIME.from_datetime(at).ticks

    @property
    def ReceiveTime(self) -> str:
        """The same as the locale's date, "@" and the time of day on this machine's clock: ``10/02/98@10:15AM``."""
        at = self._at()
        if at is None:
            return self.missing
        local = at.astimezone().timetuple()
        half = time.strftime("%p", local)
        clock = time.strftime("%I:%M", local) + half if half else time.strftime("%H:%M", local)
        return f"{time.strftime('%x', local)}@{clock}"

    @property
    def RecipientName(self) -> str:
        return self._text(_RECIPIENT_NAME)

    @property
    def RecipientNumber(self) -> str:
        """The number that was dialled; of a received fax the same as ``Csid``."""
        if self._tags.get(_DIRECTION) == _RECEIVED:
            return self.Csid
        return self._text(_RECIPIENT_NUMBER)

    @property
    def Routing(self) -> str:
        """The routing string of a received fax: ``CanonicalNumber|AdditionalRoutingInfo``."""
        return self._text(_ROUTING)

    @property
    def SenderName(self) -> str:
        """Of a fax that was sent."""
        return self._text(_SENDER_NAME)

    def TiffTagString(self, tagID: int) -> str:
        """The text of any tag of the first page; numbers are parted by blanks."""
        self._need_image()
        return self._tags.get(tagID, "") or self.missing

    def _text(self, tag: int) -> str:
        self._need_image()
        return self._tags.get(tag, "") or self.missing

    def _at(self) -> datetime | None:
        self._need_image()
        try:
            at = datetime.fromisoformat(self._tags.get(_AT, ""))
        except ValueError:
            return None
        return at if at.tzinfo is not None else None

    def _need_image(self) -> None:
        if not self._image:
            raise failure(ERROR_INVALID_PARAMETER, "Image must be assigned first")

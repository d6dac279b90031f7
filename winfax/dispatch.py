"""Objects by the names that programs for COM know them by."""

from __future__ import annotations

from winfax.com import REGDB_E_CLASSNOTREG, com_error
from winfax.fax_server import FaxServer
from winfax.fax_tiff import FaxTiff

__all__ = ["Dispatch"]

_CLASSES: dict[str, type[FaxServer] | type[FaxTiff]] = {"faxserver.faxserver": FaxServer, "faxtiff.faxtiff": FaxTiff}


def Dispatch(ProgID: str) -> FaxServer | FaxTiff:
    """A new object: "FaxServer.FaxServer" or "FaxTiff.FaxTiff", in any case of letters. com_error: no such class."""
    made = _CLASSES.get(ProgID.lower())
    if made is None:
        raise com_error(
            REGDB_E_CLASSNOTREG, f"{ProgID} is not a class that can be made: all others come from a FaxServer"
        )
    return made()

"""The one error of this package."""

from __future__ import annotations

from fax.errors import Cause, RequestError


class CoverPageError(RequestError):
    """A cover page cannot be drawn: no such template, a wrong one, no glyph for a character, a note without end.

    A member of the API's family, so that the daemon passes it on as it is.
    """

    def __init__(self, text: str, detail: str | None = None) -> None:
        super().__init__(Cause.COVER_PAGE, text, detail)

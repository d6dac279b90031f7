"""The client's methods for cover page templates.

What always holds: as in ``fax.client``.
"""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec

from fax.asking import ANSWER_TIMEOUT_S, Asking
from fax.covers import CoverFiles, CoverPreview, CoverProblem, CoverTemplate
from fax.wire import exchange


class CoversClient(Asking):
    """Part of ``fax.client.Client``. "own/NAME" is one's own; others are changed with FAX_CONFIG_SET only."""

    def cover_templates(self) -> list[CoverTemplate]:
        """All that one may choose from."""
        return self._ask("GET", "/v1/cover-templates", list[CoverTemplate])

    def cover_files(self, name: str) -> CoverFiles:
        """A template with its pictures. Raises RequestError COVER_PAGE: there is none of that name."""
        return self._ask("GET", f"/v1/cover-templates/files?{urlencode({'name': name})}", CoverFiles)

    def check_cover(self, files: CoverFiles) -> list[CoverProblem]:
        """What is wrong with a template; nothing if it is right."""
        return self._tell("POST", "/v1/cover-templates/check", files, list[CoverProblem])

    def install_cover(self, name: str, files: CoverFiles) -> CoverTemplate:
        """Have this template under this name, in place of one that is there.

        Raises RequestError: COVER_PAGE (it is not right), NOT_ALLOWED.
        """
        return self._tell("PUT", f"/v1/cover-templates?{urlencode({'name': name})}", files, CoverTemplate)

    def remove_cover(self, name: str) -> None:
        """Raises RequestError: NO_SUCH_ENTRY (it was not installed), NOT_ALLOWED."""
        self._do("DELETE", f"/v1/cover-templates?{urlencode({'name': name})}")

    def preview_cover(self, order: CoverPreview, box: int = 1) -> bytes:
        """The cover as it arrives, as PNG; ``box`` pixels across become one. Raises RequestError COVER_PAGE."""
        return self._drawn(f"/v1/cover-templates/preview?{urlencode({'box': box})}", order)

    def cover_pdf(self, order: CoverPreview) -> bytes:
        """All its pages as they arrive, as a PDF; ``order.page`` is not looked at. Raises RequestError COVER_PAGE."""
        return self._drawn("/v1/cover-templates/pdf", order)

    def _drawn(self, target: str, order: CoverPreview) -> bytes:
        body = msgspec.json.encode(order)
        timeout_s = self._timeout_s or ANSWER_TIMEOUT_S
        with exchange(self.server, "POST", target, body=body, timeout_s=timeout_s) as answer:
            return answer.whole()

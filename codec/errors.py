"""Codec's own errors, split by who broke the rule."""

from __future__ import annotations

from enum import Enum


class CodecError(Exception):
    """Any refusal of this package."""


class CodeError(CodecError):
    """Coded data or the geometry given for it is wrong."""


class TiffError(CodecError):
    """A file is not a TIFF of the kind that was expected."""


class DocumentFault(Enum):
    """What is wrong with a document, as a stable keyword (the API's causes have the same values)."""

    EMPTY = "document-empty"
    TYPE = "document-type"
    DAMAGED = "document-damaged"
    ENCRYPTED = "document-encrypted"
    TOO_LARGE = "document-too-large"


class DocumentError(CodecError):
    """A document cannot become pages. The text is for the person who sent it."""

    def __init__(self, fault: DocumentFault, text: str, detail: str = "") -> None:
        super().__init__(text)
        self.fault = fault
        self.text = text
        self.detail = detail


class RenderError(CodecError):
    """We could not rasterise, through no fault of the document (no Ghostscript, no space)."""

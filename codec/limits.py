"""How much of the machine one document may use.

What always holds: every limit is finite, so each conversion ends with a verdict. The values here are the defaults; the
daemon's settings may name others. Nothing is enforced here: ``documents`` and ``worker`` do that.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits on one call of ``inspect`` or ``convert``; sizes in octets, times in seconds of wall clock."""

    pages: int = 1000
    page_s: float = 10.0
    job_s: float = 300.0
    memory_octets: int = 600 << 20
    """Address space of each process of the job."""
    output_octets: int = 200 << 20
    """The finished TIFF, and each temporary file on the way."""
    image_pixels: int = 80_000_000
    page_side_pt: float = 14_400.0
    """Longest side of a PDF page in points (1/72 inch); 14400 is the largest that PDF itself foresees."""


DEFAULT_LIMITS = Limits()

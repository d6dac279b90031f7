"""Rules and frames as a PDF, which Ghostscript makes pixels of: what is the same for all recipients of a template.

What always holds: the same items give the same octets, at any time and in any process; the PDF's page is the fax
page's raster, so that a point of it is always at the same pixel.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from coverpage.items import PlacedFrame, PlacedRule

PT_PER_INCH = 72.0
# Ghostscript makes every pixel black that is touched: what ends on a pixel's border must not touch the next.
_SHY = 0.02


def vectors(items: Sequence[PlacedRule | PlacedFrame], size: tuple[float, float], left: float) -> bytes:
    """The PDF of one page of ``size`` (points), everything moved right by ``left`` points."""
    # Slow to import, and most covers are drawn from what is kept.
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=size, invariant=1, pageCompression=1)
    canvas.setTitle("Fax cover page")
    canvas.setCreator("Platen")
    for item in items:
        x, y, width, height = item[:4]
        if isinstance(item, PlacedRule):
            parts = [(x, y, width, height)]
        else:
            edge = item.thickness
            parts = [
                (x, y, width, edge),
                (x, y + height - edge, width, edge),
                (x, y, edge, height),
                (x + width - edge, y, edge, height),
            ]
        for part_x, part_y, part_width, part_height in parts:
            canvas.rect(
                left + part_x + _SHY,
                size[1] - part_y - part_height + _SHY,
                max(_SHY, part_width - 2 * _SHY),
                max(_SHY, part_height - 2 * _SHY),
                stroke=0,
                fill=1,
            )
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()

"""Items at their places become a PDF.

What always holds: the same items give the same octets, at any time and in any process; everything is black on white.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from coverpage.errors import CoverPageError
from coverpage.layout import Item, PlacedImage, PlacedLine, PlacedText


def drawn(pages: Sequence[Sequence[Item]], size_pt: tuple[float, float]) -> bytes:
    """The PDF, one page for each list of items."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=size_pt, invariant=1, pageCompression=1)
    canvas.setTitle("Fax cover page")
    canvas.setCreator("Platen")
    for items in pages:
        for item in items:
            _draw(canvas, item, size_pt[1])
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _draw(canvas: Canvas, item: Item, page_height: float) -> None:
    match item:
        case PlacedText():
            item.face.draw(canvas, item.text, item.x, page_height - item.y, item.size_pt)
        case PlacedLine():
            canvas.setLineWidth(item.thickness_pt)
            canvas.line(item.x, page_height - item.y, item.x + item.width, page_height - item.y)
        case PlacedImage():
            try:
                with Image.open(item.file) as source:
                    # A see-through background is paper; what is grey is dithered here, where we see how.
                    flat = Image.new("RGBA", source.size, "white")
                    flat.alpha_composite(source.convert("RGBA"))
                    picture = flat.convert("1").convert("L")
            except (OSError, ValueError, Image.DecompressionBombError) as error:
                raise CoverPageError(
                    f"The image {item.file} of the cover page template cannot be read: {error}"
                ) from error
            width = min(item.width, item.height * picture.width / picture.height)
            height = width * picture.height / picture.width
            x = item.x + (item.width - width) * {"left": 0.0, "centre": 0.5, "right": 1.0}[item.align]
            canvas.drawImage(ImageReader(picture), x, page_height - item.y - height, width, height)

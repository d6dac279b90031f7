"""Documents become bilevel pages, pages become T.4 / T.6 code, and both live in TIFF-F files.

May import: nothing of ours. Raises its own errors only (``codec.errors``).

What is light to load stands here; the rest is imported from its module: ``codec.header`` (the header line),
``codec.foreign`` (TIFFs of others, in a limited child only), ``codec.documents``, ``codec.pdf`` (pages as a PDF).
"""

from codec.choice import LineCoding, code_for_line, coded_sizes, smallest
from codec.coder import Decoded, End, bitmap_of, decode, encode, page_from_bitmap, transcode
from codec.errors import CodecError, CodeError, DocumentError, DocumentFault, RenderError, TiffError
from codec.operations import (
    crop,
    crop_white_foot,
    overlay,
    prepend,
    reduce_rows,
    resample,
    rotate90,
    same_pixels,
    scaled_to_width,
    to_png,
    with_width,
)
from codec.page import Bitmap, BitOrder, Coding, Page, Resolution
from codec.t85 import DecodedT85, decode_t85, encode_t85
from codec.tiff import Clean, FaxTags, TiffReader, TiffWriter, read_pages, write_pages

__all__ = [
    "BitOrder",
    "Bitmap",
    "Clean",
    "CodeError",
    "CodecError",
    "Coding",
    "Decoded",
    "DecodedT85",
    "DocumentError",
    "DocumentFault",
    "End",
    "FaxTags",
    "LineCoding",
    "Page",
    "RenderError",
    "Resolution",
    "TiffError",
    "TiffReader",
    "TiffWriter",
    "bitmap_of",
    "code_for_line",
    "coded_sizes",
    "crop",
    "crop_white_foot",
    "decode",
    "decode_t85",
    "encode",
    "encode_t85",
    "overlay",
    "page_from_bitmap",
    "prepend",
    "read_pages",
    "reduce_rows",
    "resample",
    "rotate90",
    "same_pixels",
    "scaled_to_width",
    "smallest",
    "to_png",
    "transcode",
    "with_width",
    "write_pages",
]

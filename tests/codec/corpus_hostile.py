"""Documents that mean harm or are broken, one generator for each way that was met. None is over a few MB."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pikepdf

from codec.errors import DocumentFault
from tests.codec import corpus


@dataclass(frozen=True)
class Hostile:
    """``make`` gives the octets. ``fault``: how it ends, None when it becomes pages after all; ``at_intake``: whether
    the check at intake says so already; ``declared``: the name it comes with."""

    make: Callable[[], bytes]
    fault: DocumentFault | None
    at_intake: bool = False
    declared: str | None = None


def raw_pdf(objects: dict[int, bytes], root: int = 1) -> bytes:
    """A PDF of these objects with a right cross-reference table."""
    made = bytearray(b"%PDF-1.7\n")
    offsets = {}
    for number in sorted(objects):
        offsets[number] = len(made)
        made += b"%d 0 obj\n" % number + objects[number] + b"\nendobj\n"
    size = max(objects) + 1
    start = len(made)
    made += b"xref\n0 %d\n0000000000 65535 f \n" % size
    for number in range(1, size):
        made += b"%010d 00000 n \n" % offsets[number] if number in offsets else b"0000000000 00000 f \n"
    made += b"trailer\n<< /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, root, start)
    return bytes(made)


def stream(dictionary: bytes, data: bytes) -> bytes:
    return b"<< " + dictionary + b" /Length %d >>\nstream\n" % len(data) + data + b"\nendstream"


def one_page(content: bytes, resources: bytes = b"", more: dict[int, bytes] | None = None, page: bytes = b"") -> bytes:
    """A PDF of one page with this content; object numbers from 10 are free for ``more``."""
    return raw_pdf(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            3: b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << "
            + resources
            + b" >> "
            + (page or b"/MediaBox [0 0 595 842]")
            + b" >>",
            4: content if content.startswith(b"<<") else stream(b"", content),
            **(more or {}),
        }
    )


def deflated(octet: int, count: int) -> bytes:
    """What zlib makes of ``count`` times the same octet, without taking the time: blocks that stand alone, repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes([octet]) * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    rest = packer.compress(bytes([octet]) * (count % (1 << 20))) + packer.flush()
    low = (1 + octet * count) % 65521
    high = (count + octet * count * (count + 1) // 2) % 65521
    return b"\x78\xda" + block * (count >> 20) + rest + struct.pack(">HH", high, low)


def random_octets() -> bytes:
    return random.Random(7).randbytes(50_000)


def encrypted(user: str, owner: str) -> bytes:
    with pikepdf.open(io.BytesIO(corpus.pdf((corpus.A4, corpus.A4)))) as opened:
        made = io.BytesIO()
        opened.save(made, encryption=pikepdf.Encryption(user=user, owner=owner))
    return made.getvalue()


def many_pages(count: int) -> bytes:
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /MediaBox [0 0 595 842] /Count %d /Kids [%s] >>"
        % (count, b" ".join(b"%d 0 R" % (number + 3) for number in range(count))),
    }
    objects.update({number + 3: b"<< /Type /Page /Parent 2 0 R >>" for number in range(count)})
    return raw_pdf(objects)


def too_few_pages() -> bytes:
    return corpus.pdf((corpus.A4, corpus.A4)).replace(b"/Count 2", b"/Count 3")


def missing_page() -> bytes:
    return many_pages(3).replace(b"\n5 0 obj\n<< /Type /Page /Parent 2 0 R >>", b"\n5 0 obj\nnull%" + b" " * 26)


def huge_image_pdf(side: int = 30_000) -> bytes:
    data = deflated(0, 3 * side * side)
    picture = stream(
        b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8 "
        b"/Filter /FlateDecode" % (side, side),
        data,
    )
    return one_page(b"500 0 0 500 40 40 cm /P Do", b"/XObject << /P 10 0 R >>", {10: picture})


def huge_png(side: int = 30_000) -> bytes:
    data = deflated(0, (1 + 3 * side) * side)
    return png(struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0), data)


def png(header: bytes, data: bytes, extra: bytes = b"") -> bytes:
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_with_text_bomb() -> bytes:
    bomb = zlib.compress(bytes(200 << 20), 9)
    data = zlib.compress(b"".join(b"\x00" + bytes(64) for _ in range(64)))
    return png(struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0), data, chunk(b"zTXt", b"Comment\x00\x00" + bomb))


def blanks_bomb() -> bytes:
    """2 GiB of blanks in a content stream of some kB: deflated twice."""
    return one_page(stream(b"/Filter [/FlateDecode /FlateDecode]", zlib.compress(deflated(32, 2 << 30), 9)))


def form(content: bytes, resources: bytes = b"") -> bytes:
    return stream(b"/Type /XObject /Subtype /Form /BBox [0 0 600 900] /Resources << " + resources + b" >>", content)


def nested_forms(levels: int = 9) -> bytes:
    """Ten forms in each form, ``levels`` deep: 10 to the 9th rectangles."""
    more = {10 + level: form(b"/F Do " * 10, b"/XObject << /F %d 0 R >>" % (11 + level)) for level in range(levels)}
    more[10 + levels] = form(b"0 0 10 10 re f")
    return one_page(b"/F Do", b"/XObject << /F 10 0 R >>", more)


def circular_form() -> bytes:
    return one_page(
        b"/F Do", b"/XObject << /F 10 0 R >>", {10: form(b"10 10 100 100 re f /F Do", b"/XObject << /F 10 0 R >>")}
    )


def tiny_pattern() -> bytes:
    cell = stream(
        b"/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 0.1 0.1] /XStep 0.1 /YStep 0.1 "
        b"/Resources << >>",
        b"0 0 0.05 0.05 re f",
    )
    return one_page(b"/Pattern cs /P scn 0 0 595 842 re f", b"/Pattern << /P 10 0 R >>", {10: cell})


def deep_nesting(levels: int = 100_000) -> bytes:
    return one_page(b"", page=b"/MediaBox [0 0 595 842] /Deep " + b"[" * levels + b"]" * levels)


def missing_font(subtype: bytes) -> bytes:
    fonts = {
        b"TrueType": {10: b"<< /Type /Font /Subtype /TrueType /BaseFont /NoSuchFont >>"},
        b"CID": {
            10: b"<< /Type /Font /Subtype /Type0 /BaseFont /NoSuchCJK /Encoding /UniGB-UCS2-H "
            b"/DescendantFonts [11 0 R] >>",
            11: b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /NoSuchCJK /FontDescriptor 12 0 R "
            b"/CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> >>",
            12: b"<< /Type /FontDescriptor /FontName /NoSuchCJK /Flags 4 /FontBBox [0 0 1000 1000] /ItalicAngle 0 "
            b"/Ascent 800 /Descent 0 /CapHeight 700 /StemV 80 >>",
        },
    }
    shown = b"(Hello)" if subtype == b"TrueType" else b"<4F60597D>"
    return one_page(b"BT /F 40 Tf 100 500 Td " + shown + b" Tj ET", b"/Font << /F 10 0 R >>", fonts[subtype])


def cjk_fallback() -> bool:
    """Whether this machine has the font that Ghostscript draws unknown CJK fonts with (fonts-droid-fallback)."""
    # Ghostscript brings a link to it, which leads nowhere without it.
    return any(path.exists() for path in Path("/usr/share/ghostscript").glob("*/Resource/CIDFSubst/*.ttf"))


def looped_page_tree() -> bytes:
    return raw_pdf({1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"})


def ps(body: str) -> Callable[[], bytes]:
    return lambda: b"%!PS\n" + body.encode() + b"\n"


def looped_tiff() -> bytes:
    """Two directories that name one another as the next."""
    entries = [(256, 4, 1, 8), (257, 4, 1, 8), (258, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 200), (279, 4, 1, 8)]
    packed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    size = 2 + len(packed) + 4
    first = struct.pack("<H", len(entries)) + packed + struct.pack("<I", 8 + size)
    second = struct.pack("<H", len(entries)) + packed + struct.pack("<I", 8)
    return (b"II*\x00\x08\x00\x00\x00" + first + second).ljust(300, b"\x00")


def cut(document: bytes, part: float) -> bytes:
    return document[: int(len(document) * part)]


_TOO_LARGE, _DAMAGED = DocumentFault.TOO_LARGE, DocumentFault.DAMAGED
_TYPE, _EMPTY, _ENCRYPTED = DocumentFault.TYPE, DocumentFault.EMPTY, DocumentFault.ENCRYPTED

HOSTILE: dict[str, Hostile] = {
    "empty": Hostile(lambda: b"", _EMPTY, True),
    "random octets": Hostile(random_octets, _TYPE, True),
    "nothing but nulls": Hostile(lambda: bytes(5000), _TYPE, True),
    "blank text": Hostile(lambda: b" \n\t\n \f\n", _EMPTY, True),
    "text named .pdf": Hostile(corpus.text, _TYPE, True, "report.pdf"),
    "text with escapes": Hostile(lambda: b"\x1b[31mred\x1b[0m\n", _TYPE, True),
    "endless text": Hostile(lambda: b"a line\n" * 100_000, _TOO_LARGE, True),
    "form feeds": Hostile(lambda: b"\f" * 5000 + b"x", _TOO_LARGE, True),
    "an office document": Hostile(lambda: b"PK\x03\x04" + random_octets(), _TYPE, True),
    "PDF cut at the end": Hostile(lambda: cut(corpus.pdf((corpus.A4, corpus.A4)), 0.98), _DAMAGED, True),
    "PDF cut in the middle": Hostile(lambda: cut(corpus.pdf((corpus.A4, corpus.A4)), 0.5), _DAMAGED, True),
    "PDF without its beginning": Hostile(lambda: corpus.pdf()[400:], _DAMAGED, True, "report.pdf"),
    "PDF without its beginning or a name": Hostile(lambda: corpus.pdf()[400:], _TYPE, True),
    "PDF with a wrong offset": Hostile(lambda: corpus.pdf().replace(b"startxref\n", b"startxref\n1"), _DAMAGED, True),
    "second of two PDFs cut": Hostile(lambda: corpus.pdf() + cut(corpus.pdf(), 0.9), _DAMAGED, True),
    "user password": Hostile(lambda: encrypted("secret", "owner"), _ENCRYPTED, True),
    "owner password": Hostile(lambda: encrypted("", "owner"), None),
    "no pages": Hostile(lambda: many_pages(0), _EMPTY, True),
    "fewer pages than it says": Hostile(too_few_pages, _DAMAGED, True),
    "a page that is missing": Hostile(missing_page, _DAMAGED, True),
    "pages in a circle": Hostile(looped_page_tree, _DAMAGED, True),
    "50,000 pages": Hostile(lambda: many_pages(50_000), _TOO_LARGE, True),
    "a page of 20,000 points": Hostile(lambda: corpus.pdf(((20_000, 20_000),)), _TOO_LARGE, True),
    "user unit 50": Hostile(
        lambda: one_page(b"0 0 9 9 re f", page=b"/MediaBox [0 0 595 842] /UserUnit 50"), _TOO_LARGE, True
    ),
    "deeply nested": Hostile(deep_nesting, _DAMAGED, True),
    "a box of no size": Hostile(lambda: one_page(b"", page=b"/MediaBox [5 5 5 5]"), _DAMAGED, True),
    "a box of nonsense": Hostile(lambda: one_page(b"", page=b"/MediaBox [(a) /b null 4]"), _DAMAGED, True),
    "an endless box": Hostile(lambda: one_page(b"", page=b"/MediaBox [0 0 99999999999 99999999999]"), _TOO_LARGE, True),
    "PDF picture of 30,000 x 30,000": Hostile(huge_image_pdf, _TOO_LARGE),
    "2 GiB of blanks": Hostile(blanks_bomb, _TOO_LARGE),
    "nested forms": Hostile(nested_forms, _TOO_LARGE),
    "a form that draws itself": Hostile(circular_form, _DAMAGED),
    "tiny pattern": Hostile(tiny_pattern, None),
    "missing TrueType font": Hostile(lambda: missing_font(b"TrueType"), None),
    "missing CJK font": Hostile(lambda: missing_font(b"CID"), None if cjk_fallback() else _DAMAGED),
    "PNG of 30,000 x 30,000": Hostile(huge_png, _TOO_LARGE, True),
    "PNG with a text bomb": Hostile(png_with_text_bomb, _DAMAGED, True),
    "PNG that is a thread": Hostile(lambda: corpus.image("PNG", (1, 30_000)), None),
    "PNG cut": Hostile(lambda: cut(corpus.image("PNG"), 0.6), _DAMAGED),
    "JPEG cut": Hostile(lambda: cut(corpus.image("JPEG"), 0.6), _DAMAGED),
    "only the magic of a PNG": Hostile(lambda: b"\x89PNG\r\n\x1a\n", _DAMAGED, True),
    "TIFF cut": Hostile(lambda: cut(corpus.fax_tiff(), 0.5), _DAMAGED, True),
    "TIFF in a circle": Hostile(looped_tiff, _DAMAGED, True),
    "PS endless loop": Hostile(ps("{} loop"), _TOO_LARGE),
    "PS endless loop on page 2": Hostile(ps("showpage {} loop"), _TOO_LARGE),
    "PS taking all memory": Hostile(ps("{ 60000 string } loop"), _TOO_LARGE),
    "PS allocating loop": Hostile(ps("/a [] def { /a [ a 60000 string ] def } loop"), _TOO_LARGE),
    "PS endless showpage": Hostile(ps("{ showpage } loop"), _TOO_LARGE),
    "PS endless print": Hostile(ps("{ (no end to this\\n) print } loop"), _TOO_LARGE),
    "PS stack overflow": Hostile(ps("{ 1 } loop"), _DAMAGED),
    "PS error on page 2": Hostile(ps("showpage nosuchthing showpage"), _DAMAGED),
    "PS error before any page": Hostile(ps("nosuchthing showpage"), _DAMAGED),
    "PS without a page": Hostile(ps("1 2 add pop"), _EMPTY),
    "PS to another device": Hostile(ps("<< /OutputDevice /pdfwrite >> setpagedevice showpage"), _DAMAGED),
    "PS to another file": Hostile(ps("showpage << /OutputFile (elsewhere) >> setpagedevice showpage"), _DAMAGED),
    "PS pipe": Hostile(ps("(%pipe%id) (r) file 100 string readstring pop print showpage"), _DAMAGED),
    "PS reading the password file": Hostile(
        ps("(/etc/passwd) (r) file 1000 string readstring pop = showpage"), _DAMAGED
    ),
    "PS writing a file": Hostile(ps("(/var/tmp/platen-test-written) (w) file closefile showpage"), _DAMAGED),
    "PS own resolution": Hostile(
        ps("<< /HWResolution [72 72] /PageSize [3000 4000] >> setpagedevice 9 9 99 99 rectfill showpage"), None
    ),
}

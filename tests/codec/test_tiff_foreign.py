"""TIFFs of others: every fax coding comes in pixel by pixel, everything else as a picture of the right size."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from codec.coder import bitmap_of, encode, page_from_bitmap
from codec.errors import TiffError
from codec.foreign import count_pages, read_foreign
from codec.operations import reduce_rows, scaled_to_width
from codec.page import Bitmap, BitOrder, Coding, Page, Resolution
from codec.tiff import write_pages
from tests.codec.oracle import libtiff, spandsp
from tests.codec.oracle.pages import blobs, letter, noise

FINE = [page_from_bitmap(bitmap, 204, 196) for bitmap in (letter(), blobs(1728, 700, 2))]
# Debian's own, whatever stands before it on the path.
CONVERT = "/usr/bin/convert"


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    path = tmp_path / "ours.tif"
    write_pages(path, FINE)
    return path


def fine(path: Path) -> list[Page]:
    return list(read_foreign(path, Resolution.FINE))


@pytest.mark.parametrize(
    "options",
    [
        "-c none",
        "-c none -B",
        "-c none -f lsb2msb",
        "-c g3:1d",
        "-c g3:1d:fill",
        "-c g3:2d",
        "-c g3:2d:fill -f lsb2msb",
        "-c g3:2d -B",
        "-c g4",
        "-c g4 -B -f lsb2msb",
        "-c g4 -r 64",
        "-c g3 -r 100",
        "-c g4 -t -w 256 -l 128",
        "-c none -t -w 512 -l 64",
        "-c lzw",
        "-c packbits",
        "-c zip",
        "-c jbig",
    ],
)
def test_what_libtiffs_tools_write_comes_in_pixel_by_pixel(ours: Path, tmp_path: Path, options: str) -> None:
    theirs = tmp_path / "theirs.tif"
    subprocess.run(["tiffcp", *options.split(), str(ours), str(theirs)], check=True)
    assert count_pages(theirs) == 2
    assert fine(theirs) == FINE


@pytest.mark.parametrize("received", list(Coding))
@pytest.mark.parametrize("stored", list(Coding))
def test_what_libspandsp_receives_and_stores_comes_in_pixel_by_pixel(
    tmp_path: Path, received: Coding, stored: Coding
) -> None:
    theirs = tmp_path / "theirs.tif"
    spandsp.receive(theirs, encode(letter(), received), received, 1728, stored=stored)
    assert fine(theirs) == FINE[:1]


@pytest.mark.parametrize("coding", ["Fax", "Group4", "None", "LZW", "RLE", "Zip"])
def test_what_imagemagick_writes_comes_in_pixel_by_pixel(ours: Path, tmp_path: Path, coding: str) -> None:
    theirs = tmp_path / "theirs.tif"
    subprocess.run([CONVERT, str(ours), "-monochrome", "-compress", coding, str(theirs)], check=True)
    assert fine(theirs) == FINE


@pytest.mark.parametrize(("coding", "read"), [(Coding.MH, "-3 -1"), (Coding.MR, "-3 -2"), (Coding.MMR, "-4")])
@pytest.mark.parametrize("write", ["-7 -5", "-7 -6", "-7 -6 -p -m", "-8"])
def test_what_fax2tiff_makes_of_raw_code_comes_in_pixel_by_pixel(
    tmp_path: Path, coding: Coding, read: str, write: str
) -> None:
    raw, theirs = tmp_path / "page.g3", tmp_path / "theirs.tif"
    raw.write_bytes(encode(letter(), coding, order=BitOrder.LSB))
    subprocess.run(["fax2tiff", *read.split(), *write.split(), "-o", str(theirs), str(raw)], check=True)
    (page,) = fine(theirs)
    # It takes each EOL of RTC for a row.
    assert bitmap_of(page).data[: len(letter().data)] == letter().data
    assert page.rows - 2292 in (1, 5)


@pytest.mark.parametrize(("rows", "y_dpi"), [(1146, 98.0), (1146, 100.0), (2292, 200.0), (4584, 391.0), (4584, 400.0)])
def test_fax_pages_of_another_resolution_have_rows_merged_or_repeated(tmp_path: Path, rows: int, y_dpi: float) -> None:
    path = tmp_path / "page.tif"
    bitmap = blobs(1728, rows, 4)
    pillow(bitmap).save(path, compression="group4", dpi=(204.0, y_dpi))
    nominal = {98.0: 98, 100.0: 98, 200.0: 196, 391.0: 391, 400.0: 391}[y_dpi]
    for resolution in Resolution:
        (page,) = read_foreign(path, resolution)
        assert page.dpi_y == resolution.dpi_y
        source = page_from_bitmap(bitmap, 204, nominal)
        if nominal == resolution.dpi_y:
            assert page == source
        elif nominal > resolution.dpi_y:
            assert page == reduce_rows(source, resolution)
        else:
            assert reduce_rows(page, Resolution({98: "standard", 196: "fine"}[nominal])) == source


def pillow(bitmap: Bitmap) -> Image.Image:
    white_is_one = bytes(255 - octet for octet in bitmap.data)
    return Image.frombytes("1", (bitmap.width, bitmap.rows), white_is_one)


def test_a_wider_fax_page_is_squeezed_to_the_width_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "page.tif"
    bitmap = blobs(2432, 800, 5)
    pillow(bitmap).save(path, compression="group4", dpi=(204.0, 196.0))
    source = page_from_bitmap(bitmap, 204, 196)
    assert list(read_foreign(path, Resolution.FINE, 2432)) == [source]
    assert list(read_foreign(path, Resolution.FINE)) == [scaled_to_width(source, 1728)]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "CMYK", "1", "I;16"])
@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}, {"tile": True}])
def test_pictures_are_laid_out_on_a_sheet(tmp_path: Path, mode: str, options: dict[str, str]) -> None:
    path = tmp_path / "picture.tif"
    # A black square of one inch in a white one of four, 150 dpi.
    picture = Image.new("RGB", (600, 600), "white")
    picture.paste((0, 0, 0), (225, 225, 375, 375))
    if mode == "I;16":
        grey = picture.convert("L").tobytes()
        picture = Image.frombytes("I;16", (600, 600), b"".join(bytes([octet, octet]) for octet in grey))
    else:
        picture = picture.convert(mode)
    if options.pop("tile", None):
        picture.save(tmp_path / "striped.tif", dpi=(150, 150))
        tiles = ["-t", "-w", "128", "-l", "64"]
        subprocess.run(["tiffcp", *tiles, str(tmp_path / "striped.tif"), str(path)], check=True)
        options["tile"] = "yes"
    else:
        picture.save(path, dpi=(150, 150), **options)
    (page,) = fine(path)
    assert page.width == 1728
    assert (page.dpi_x, page.dpi_y) == (204, 196)
    bitmap = bitmap_of(page)
    black = sum(octet.bit_count() for octet in bitmap.data)
    assert abs(black - 204 * 196) < 204 * 196 * 0.05
    # In the middle of the sheet, where the picture's middle is.
    at = bitmap.rows // 2 * 216 + 108
    assert bitmap.data[at] == 0xFF


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_stands_upright(tmp_path: Path, orientation: int) -> None:
    upright = Image.new("L", (300, 500), 255)
    upright.paste(0, (20, 20, 120, 120))  # upper left
    back = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = upright if back is None else upright.transpose(back)
    for mode in ("L", "1", "RGB"):
        path = tmp_path / f"{mode}.tif"
        stored.convert(mode).save(path, dpi=(100, 100), tiffinfo={274: orientation})
        (page,) = fine(path)
        bitmap = bitmap_of(page)
        rows = [bitmap.data[at : at + 216] for at in range(0, len(bitmap.data), 216)]
        inked = [number for number, row in enumerate(rows) if any(row)]
        columns = [index for index in range(216) if any(row[index] for row in rows)]
        assert inked[-1] < bitmap.rows // 2, mode
        assert columns[-1] < 108, mode


def test_thumbnails_are_left_out(ours: Path, tmp_path: Path) -> None:
    image = bytearray(ours.read_bytes())
    (at,) = struct.unpack_from("<I", image, 4)
    assert struct.unpack_from("<H", image, at + 2) == (254,)
    struct.pack_into("<I", image, at + 2 + 8, 1)
    (tmp_path / "thumb.tif").write_bytes(image)
    assert count_pages(tmp_path / "thumb.tif") == 1
    assert fine(tmp_path / "thumb.tif") == FINE[1:]


def test_a_damaged_t4_strip_is_repaired_as_a_receiver_would(tmp_path: Path) -> None:
    path = tmp_path / "received.tif"
    code = bytearray(encode(letter(), Coding.MH, rtc=False, order=BitOrder.LSB))
    for at in range(2000, len(code), 4000):
        code[at] ^= 0x10
    theirs = libtiff.decode(path, bytes(code), Coding.MH, 1728, 2292, order=BitOrder.LSB)
    (page,) = fine(path)
    assert page.rows == 2292
    whole, got = letter().data, bitmap_of(page).data
    wrong = sum(whole[at : at + 216] != got[at : at + 216] for at in range(0, len(whole), 216))
    assert wrong <= 12
    assert not theirs.said_good or theirs.bitmap.data != whole


@pytest.mark.parametrize(
    "content", [b"", b"II*\0", b"MM\0*\0\0\0\x08", b"II*\0\x08\0\0\0\xff\xff" + bytes(40), b"%PDF"]
)
def test_what_libtiff_cannot_open_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.tif"
    path.write_bytes(content)
    with pytest.raises(TiffError):
        count_pages(path)
    with pytest.raises(TiffError):
        fine(path)


def test_files_cut_off_are_refused_or_give_whole_pages(ours: Path, tmp_path: Path) -> None:
    image = ours.read_bytes()
    path = tmp_path / "cut.tif"
    refused = 0
    for cut in range(0, len(image), 613):
        path.write_bytes(image[:cut])
        try:
            pages = fine(path)
            assert pages == FINE[: len(pages)]
        except TiffError:
            refused += 1
    assert refused > 10


def test_vast_pages_are_refused_before_they_are_decoded(ours: Path, tmp_path: Path) -> None:
    image = bytearray(ours.read_bytes())
    (at,) = struct.unpack_from("<I", image, 4)
    for entry in range(struct.unpack_from("<H", image, at)[0]):
        place = at + 2 + 12 * entry
        if struct.unpack_from("<H", image, place)[0] in (257, 278):
            struct.pack_into("<I", image, place + 8, 400_000)
    path = tmp_path / "vast.tif"
    path.write_bytes(image)
    with pytest.raises(TiffError, match="too large"):
        count_pages(path)


def test_libtiffs_messages_do_not_reach_stderr(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.tif"
    path.write_bytes(b"II*\0\x08\0\0\0\x02\0" + bytes(60))
    with pytest.raises(TiffError):
        fine(path)
    assert capfd.readouterr().err == ""


def test_a_width_that_no_fax_has_is_refused(ours: Path) -> None:
    with pytest.raises(TiffError):
        list(read_foreign(ours, Resolution.FINE, 1000))


def test_noise_in_every_byte_order_survives(tmp_path: Path) -> None:
    page = page_from_bitmap(noise(2048, 50, 0.4), 204, 391)
    write_pages(tmp_path / "a.tif", [page])
    subprocess.run(["tiffcp", "-B", "-c", "g4", str(tmp_path / "a.tif"), str(tmp_path / "b.tif")], check=True)
    assert list(read_foreign(tmp_path / "b.tif", Resolution.SUPERFINE, 2048)) == [page]

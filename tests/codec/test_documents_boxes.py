"""Pages of a PDF by their boxes: what lies in the visible box fills the paper, turned as it is read."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pikepdf
import pytest
from PIL import Image, ImageChops, ImageOps, ImageStat

from codec.documents import convert
from codec.page import Resolution
from tests.codec import corpus
from tests.codec.corpus import A4, written
from tests.codec.test_documents import A4_FINE, by_libtiff, ink, plain_gs


def with_boxes(**boxes: Sequence[float] | int) -> bytes:
    """An A4 page with these page attributes."""
    with pikepdf.open(io.BytesIO(corpus.pdf())) as opened:
        for name, value in boxes.items():
            opened.pages[0].obj[f"/{name}"] = value if isinstance(value, int) else pikepdf.Array(list(value))
        made = io.BytesIO()
        opened.save(made)
    return made.getvalue()


QUARTER = (0, 421, 297.5, 842)


@pytest.mark.parametrize(
    "boxes",
    [
        {"CropBox": QUARTER},
        {"MediaBox": QUARTER},
        {"MediaBox": (297.5, 842, 0, 421), "Rotate": 0},
        {"TrimBox": QUARTER, "MediaBox": QUARTER},
    ],
)
def test_what_lies_in_the_visible_box_fills_the_paper_wherever_the_box_lies(
    boxes: dict[str, Sequence[float]], tmp_path: Path
) -> None:
    source, out = written(tmp_path, "boxes.pdf", with_boxes(**boxes)), tmp_path / "out.tif"
    convert([source], out, Resolution.FINE)
    shown = ink(by_libtiff(out)[0])
    # The frame stands 12 points inside the left and upper edge of the paper, at twice its size; the rest is cut off.
    assert shown.getbbox() == pytest.approx((84, 63, 1708, 2286), abs=6)
    upright = [shown.crop((80, y, 95, y + 1)).getbbox() is not None for y in range(100, 2200, 100)]
    assert all(upright)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("size", [A4, A4[::-1]])
def test_pages_are_turned_as_they_are_read(size: tuple[float, float], turn: int, tmp_path: Path) -> None:
    """Poppler draws the page as a person reads it; ours must be that, turned to the left when it is broad."""
    with pikepdf.open(io.BytesIO(corpus.pdf((size,)))) as opened:
        opened.pages[0].obj.Rotate = turn
        opened.save(tmp_path / "turned.pdf")
    convert([tmp_path / "turned.pdf"], tmp_path / "out.tif", Resolution.FINE)
    read = subprocess.run(
        ["pdftoppm", "-r", "72", "-gray", "-singlefile", str(tmp_path / "turned.pdf")], capture_output=True, check=True
    )
    expected: Image.Image = Image.open(io.BytesIO(read.stdout))
    if expected.width > expected.height:
        expected = expected.transpose(Image.Transpose.ROTATE_90)
    ours = ImageOps.invert(ink(by_libtiff(tmp_path / "out.tif")[0]).convert("L")).crop((20, 0, 1708, 2286))
    tiny = (30, 42)

    def unlike(other: Image.Image) -> float:
        pair = (ours.resize(tiny, Image.Resampling.BOX), other.resize(tiny, Image.Resampling.BOX))
        return ImageStat.Stat(ImageChops.difference(*pair)).mean[0]

    assert unlike(expected) < 0.3 * unlike(expected.transpose(Image.Transpose.ROTATE_180))


def test_what_lies_outside_the_visible_box_is_not_shown(tmp_path: Path) -> None:
    source, out = written(tmp_path, "boxes.pdf", with_boxes(CropBox=(0, 621, 595, 842))), tmp_path / "out.tif"
    convert([source], out, Resolution.FINE)
    shown = ink(by_libtiff(out)[0])
    left, top, right, bottom = shown.getbbox() or (0, 0, 0, 0)
    # A strip of 595 x 221 points, turned: it is as high as the paper and stands in the middle.
    assert left > (1728 - (842 - 621) * 1.415 * 204 / 72) / 2 - 5
    assert right < (1728 + (842 - 621) * 1.415 * 204 / 72) / 2 + 5
    assert (top, bottom) == pytest.approx((40, 2240), abs=20)


def test_user_units_make_a_page_larger(tmp_path: Path) -> None:
    source, out = written(tmp_path, "units.pdf", with_boxes(UserUnit=2)), tmp_path / "out.tif"
    convert([source], out, Resolution.FINE)
    assert by_libtiff(out)[0].data == plain_gs(written(tmp_path, "a4.pdf", corpus.pdf()), A4_FINE)[0]

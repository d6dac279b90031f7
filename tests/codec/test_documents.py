"""Good documents of every kind become the right pages."""

from __future__ import annotations

import ctypes
import itertools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from codec.documents import ConversionCancelled, convert, inspect
from codec.errors import DocumentError, DocumentFault, RenderError
from codec.limits import Limits
from codec.page import Bitmap, Resolution
from codec.precheck import PdfPage
from codec.raster_paper import Geometry, PageWidth, Paper, geometry
from codec.sniff import Kind
from codec.tiff import TiffReader
from codec.worker import page_runs
from tests.codec import corpus, corpus_hostile
from tests.codec.corpus import A4, LEGAL, LETTER, written

A4_FINE = geometry(Paper.A4, Resolution.FINE)


def plain_gs(document: Path, shape: Geometry) -> list[bytes]:
    """The pages that a plain Ghostscript draws, as packed rows with 1 for black."""
    command = ["gs", "-q", "-dSAFER", "-dNOPAUSE", "-dBATCH", "-sDEVICE=pbmraw", "-dFIXEDMEDIA", "-sOutputFile=-"]
    fit = [f"-r{shape.density_x:.4f}x{shape.density_y:.4f}", f"-g{shape.width}x{shape.rows}", "-dFitPage"]
    drawn = subprocess.run([*command, *fit, str(document)], capture_output=True, check=True).stdout
    pages = []
    while drawn:
        magic, _, size, drawn = drawn.split(b"\n", 3)
        assert magic == b"P4"
        assert size == f"{shape.width} {shape.rows}".encode()
        pages.append(drawn[: shape.octets])
        drawn = drawn[shape.octets :]
    return pages


def by_libtiff(path: Path) -> list[Bitmap]:
    """The pages of a TIFF as libtiff decodes them."""
    from libtiff import TIFF, libtiff_ctypes

    pages = []
    tiff = TIFF.open(str(path), "r")
    while True:
        width, rows = int(tiff.GetField("ImageWidth")), int(tiff.GetField("ImageLength"))
        assert tiff.GetField("Compression") == 4
        assert tiff.GetField("Photometric") == 0
        octets = ctypes.create_string_buffer(rows * ((width + 7) // 8))
        got = libtiff_ctypes.libtiff.TIFFReadEncodedStrip(tiff, 0, octets, len(octets))
        assert int(getattr(got, "value", got)) == len(octets)
        pages.append(Bitmap(width, rows, octets.raw))
        if tiff.LastDirectory():
            break
        tiff.ReadDirectory()
    tiff.close()
    return pages


def ink(bitmap: Bitmap) -> Image.Image:
    return Image.frombytes("1", (bitmap.width, bitmap.rows), bitmap.data)


@pytest.mark.parametrize("resolution", Resolution)
@pytest.mark.parametrize("name", sorted(corpus.GOOD))
def test_every_kind_becomes_whole_pages_at_each_resolution(name: str, resolution: Resolution, tmp_path: Path) -> None:
    source, out = written(tmp_path, name, corpus.GOOD[name]()), tmp_path / "out.tif"
    info = inspect(source, scratch=tmp_path)
    seen: list[int] = []
    made = convert([source], out, resolution, progress=seen.append, scratch=tmp_path)
    assert seen == list(range(1, len(made.pages) + 1))
    assert info.pages in (None, len(made.pages))
    with TiffReader(out) as reader:
        pages = list(reader)
    assert [page.digest for page in pages] == [record.digest for record in made.pages]
    by_others = by_libtiff(out)
    for page, record, shown in zip(pages, made.pages, by_others, strict=True):
        assert (page.width, page.rows, page.dpi_x, page.dpi_y) == (
            record.width,
            record.rows,
            record.dpi_x,
            record.dpi_y,
        )
        assert (page.width, page.dpi_x, page.dpi_y) == (1728, 204, resolution.dpi_y)
        assert (shown.width, shown.rows) == (page.width, page.rows)
        assert 0.0001 < sum(ink(shown).convert("L").histogram()[255:]) / (page.width * page.rows) < 0.9
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "out.tif"])


@pytest.mark.parametrize("resolution", Resolution)
@pytest.mark.parametrize("name", ["pdf", "photo.pdf", "postscript"])
def test_pages_are_pixel_for_pixel_those_of_a_plain_ghostscript(
    name: str, resolution: Resolution, tmp_path: Path
) -> None:
    document = corpus.pdf((A4, A4)) if name == "pdf" else corpus.GOOD[name]()
    source, out = written(tmp_path, name, document), tmp_path / "out.tif"
    convert([source], out, resolution)
    expected = plain_gs(source, geometry(Paper.A4, resolution))
    assert [page.data for page in by_libtiff(out)] == expected


def test_letter_and_legal_keep_their_length_and_all_else_is_fitted_to_a4(tmp_path: Path) -> None:
    sizes = (A4, LETTER, LETTER[::-1], LEGAL, (420.0, 595.0), (2384.0, 3370.0), A4[::-1])
    source, out = written(tmp_path, "sizes.pdf", corpus.pdf(sizes)), tmp_path / "out.tif"
    made = convert([source], out, Resolution.FINE)
    assert [page.rows for page in made.pages] == [2286, 2150, 2150, 2738, 2286, 2286, 2286]
    assert by_libtiff(out)[3].data == plain_gs(source, geometry(Paper.LEGAL, Resolution.FINE))[3]


def test_the_same_paper_has_twice_and_four_times_the_lines() -> None:
    assert {paper: paper.standard_lines for paper in Paper} == {
        Paper.A4: 1143,
        Paper.LETTER: 1075,
        Paper.LEGAL: 1369,
        Paper.B4: 1359,
        Paper.A3: 1617,
    }
    for paper, resolution in itertools.product(Paper, Resolution):
        times = {98: 1, 196: 2, 391: 4}[resolution.dpi_y]
        assert geometry(paper, resolution).rows == times * paper.standard_lines


@pytest.mark.parametrize(("width", "rows"), [(PageWidth.B4, 2718), (PageWidth.A3, 3234)])
@pytest.mark.parametrize("name", ["pdf", "postscript", "png", "text"])
def test_wider_pages_come_from_the_same_code(name: str, width: PageWidth, rows: int, tmp_path: Path) -> None:
    source, out = written(tmp_path, name, corpus.GOOD[name]()), tmp_path / "out.tif"
    made = convert([source], out, Resolution.FINE, width=width)
    assert {(page.width, page.rows) for page in made.pages} == {(width.value, rows)}
    assert {(page.width, page.rows) for page in by_libtiff(out)} == {(width.value, rows)}


def test_a_landscape_page_is_turned_and_fills_the_paper(tmp_path: Path) -> None:
    source, out = written(tmp_path, "broad.pdf", corpus.pdf((A4[::-1],))), tmp_path / "out.tif"
    convert([source], out, Resolution.FINE)
    left, top, right, bottom = ink(by_libtiff(out)[0]).getbbox() or (0, 0, 0, 0)
    assert bottom - top > 2150
    assert right - left > 1550


def test_pages_that_a_scanner_cut_unlike_are_drawn_in_one_go(tmp_path: Path) -> None:
    def page(width: float, height: float) -> PdfPage:
        return PdfPage(width, height)

    sizes = [page(595, 842), page(594, 841), page(596, 843), page(842, 595), page(612, 792), page(612, 792)]
    assert [(run.first, run.last, run.width_pt, run.height_pt) for run in page_runs(sizes)] == [
        (1, 3, 596, 843),
        (4, 4, 842, 595),
        (5, 6, 612, 792),
    ]


def test_several_documents_become_one_file_in_order(tmp_path: Path) -> None:
    names = ["text", "pdf", "png", "postscript"]
    sources = [written(tmp_path, name, corpus.GOOD[name]()) for name in names]
    one_by_one = [convert([source], tmp_path / "one.tif", Resolution.STANDARD).pages for source in sources]
    together = convert(sources, tmp_path / "all.tif", Resolution.STANDARD)
    assert together.pages == tuple(itertools.chain(*one_by_one))
    assert len(by_libtiff(tmp_path / "all.tif")) == 3 + 3 + 1 + 2


def test_a_fault_in_one_of_several_documents_says_which(tmp_path: Path) -> None:
    sources = [written(tmp_path, "good", corpus.pdf()), written(tmp_path, "bad", corpus.pdf()[:5000])]
    with pytest.raises(DocumentError, match=r"Document 2 of 2: This PDF is cut off"):
        convert(sources, tmp_path / "out.tif", Resolution.FINE)
    assert not (tmp_path / "out.tif").exists()


def test_concatenated_pdfs_are_all_sent(tmp_path: Path) -> None:
    whole = corpus.pdf((A4, A4)) + b"\r\n" + corpus.pdf((LETTER,)) + corpus.pdf((A4, A4))
    source = written(tmp_path, "job", whole)
    assert inspect(source).pages == 5
    assert [page.rows for page in convert([source], tmp_path / "out.tif", Resolution.FINE).pages] == [
        2286,
        2286,
        2150,
        2286,
        2286,
    ]


@pytest.mark.parametrize(
    ("document", "language", "kind", "pages"),
    [
        (corpus.postscript, "POSTSCRIPT", Kind.POSTSCRIPT, 2),
        (corpus.pdf, "PDF", Kind.PDF, 1),
        (lambda: b"\x04" + corpus.postscript() + b"\x04", "POSTSCRIPT", Kind.POSTSCRIPT, 2),
    ],
)
def test_what_printer_languages_wrap_around_a_document_is_taken_off(
    document: Callable[[], bytes], language: str, kind: Kind, pages: int, tmp_path: Path
) -> None:
    source = written(tmp_path, "wrapped", corpus.wrapped_in_pjl(document(), language))
    assert inspect(source).kind is kind
    assert len(convert([source], tmp_path / "out.tif", Resolution.FINE).pages) == pages


def test_an_owner_password_alone_does_not_keep_a_pdf_from_being_sent(tmp_path: Path) -> None:
    source = written(tmp_path, "owner.pdf", corpus_hostile.encrypted("", "owner"))
    assert inspect(source, "owner.pdf").pages == 2
    assert len(convert([source], tmp_path / "out.tif", Resolution.STANDARD).pages) == 2


def test_octets_after_the_end_of_a_pdf_do_no_harm(tmp_path: Path) -> None:
    source = written(tmp_path, "padded.pdf", corpus.pdf() + bytes(5000))
    assert inspect(source).pages == 1


def test_calls_from_several_threads_do_not_disturb_one_another(tmp_path: Path) -> None:
    names = ["pdf", "postscript", "text", "png"]
    alone = {}
    for name in names:
        source = written(tmp_path, name, corpus.GOOD[name]())
        alone[name] = convert([source], tmp_path / f"{name}.tif", Resolution.STANDARD)
    together: dict[str, object] = {}

    def run(name: str) -> None:
        together[name] = convert([tmp_path / name], tmp_path / f"{name}.again.tif", Resolution.STANDARD)

    threads = [threading.Thread(target=run, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


def test_a_cancelled_conversion_ends_and_leaves_nothing(tmp_path: Path) -> None:
    source = written(tmp_path, "endless.ps", b"%!PS\n{ showpage } loop\n")
    cancelled = threading.Event()
    with pytest.raises(ConversionCancelled):
        convert(
            [source],
            tmp_path / "out.tif",
            Resolution.FINE,
            limits=Limits(pages=1_000_000),
            cancelled=cancelled,
            progress=lambda pages: cancelled.set() if pages == 3 else None,
            scratch=tmp_path,
        )
    assert [path.name for path in tmp_path.iterdir()] == ["endless.ps"]


def test_a_failed_conversion_leaves_the_former_result_as_it_was(tmp_path: Path) -> None:
    out = written(tmp_path, "out.tif", b"as it was")
    source = written(tmp_path, "bad.ps", b"%!PS\nshowpage nosuchthing\n")
    with pytest.raises(DocumentError):
        convert([source], out, Resolution.FINE)
    assert out.read_bytes() == b"as it was"


def test_a_missing_ghostscript_is_named_with_its_debian_package(monkeypatch: pytest.MonkeyPatch) -> None:
    import ctypes.util

    from codec.raster_ghostscript import load

    def nothing(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    for module in [name for name in sys.modules if name.partition(".")[0] == "ghostscript"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(ctypes.cdll, "LoadLibrary", nothing)
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None)
    with pytest.raises(RenderError, match="Debian package 'ghostscript'"):
        load()


def test_a_source_that_cannot_be_read_is_our_fault_and_not_the_documents(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="No such file"):
        convert([tmp_path / "gone"], tmp_path / "out.tif", Resolution.FINE)


def test_a_full_disk_is_our_fault_and_not_the_documents(tmp_path: Path) -> None:
    """/dev/full answers every write with ENOSPC; the worker is asked directly, since the parent renames its result."""
    source = written(tmp_path, "good.ps", corpus.postscript())
    request = {
        "sources": [str(source)],
        "limits": {},
        "parent": os.getpid(),
        "out": "/dev/full",
        "resolution": "fine",
        "width": 1728,
    }
    root = Path(__file__).resolve().parents[2]
    ended = subprocess.run(
        [sys.executable, "-m", "codec.worker"],
        input=json.dumps(request).encode(),
        capture_output=True,
        cwd=root,
        env={"TMPDIR": str(tmp_path), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        check=True,
    )
    assert "No space left" in json.loads(ended.stdout.splitlines()[-1])["failure"]


def test_the_check_is_finished_without_drawing_anything(tmp_path: Path) -> None:
    info = inspect(written(tmp_path, "endless.ps", b"%!PS\n{} loop\n"))
    assert (info.kind, info.pages, info.octets) == (Kind.POSTSCRIPT, None, 13)


def test_a_name_that_says_pdf_must_be_true_and_other_names_say_nothing(tmp_path: Path) -> None:
    text = written(tmp_path, "text", corpus.text())
    assert inspect(text, "report.txt").kind is Kind.TEXT
    assert inspect(text, "report.doc").kind is Kind.TEXT
    assert inspect(text, "application/postscript").kind is Kind.TEXT
    for declared in ("report.pdf", "/home/someone/Report.PDF", "application/pdf"):
        with pytest.raises(DocumentError, match="is not a PDF") as caught:
            inspect(text, declared)
        assert caught.value.fault is DocumentFault.TYPE
    assert inspect(written(tmp_path, "pdf", corpus.pdf()), "report.pdf").pages == 1


def test_a_text_that_cups_made_a_pdf_of_is_drawn_although_ghostscript_complains(tmp_path: Path) -> None:
    """CUPS' text filter writes PDFs of more than one page that Ghostscript calls wrong and draws right."""
    text = written(tmp_path, "letter.txt", corpus.text())
    made = subprocess.run(
        ["/usr/lib/cups/filter/texttopdf", "1", "somebody", "letter", "1", "", str(text)],
        capture_output=True,
        check=True,
        env={"CUPS_DATADIR": "/usr/share/cups", "CHARSET": "utf-8"},
    )
    source = written(tmp_path, "letter.pdf", made.stdout)
    pages = inspect(source).pages
    assert pages is not None
    assert pages >= 2
    assert len(convert([source], tmp_path / "out.tif", Resolution.FINE).pages) == pages

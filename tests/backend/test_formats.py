"""Each format through the queue to the pages that go out: all of them, and legible; or refused with a clear text."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest

from codec.tiff import read_pages
from fax import Job, JobState
from tests.backend.desk import CANCELLED, COMPLETED, Desk, eventually
from tests.backend.formats import FORMATS, Format, alike, draw, references
from tests.backend.real_daemon import Daemon, prepared

PAGES = 10
Looks = list[np.ndarray[tuple[int, int], np.dtype[np.float64]]]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw(tmp_path_factory.mktemp("formats") / "original.pdf", PAGES)


@pytest.fixture(scope="module")
def looks(original: Path) -> Looks:
    return references(original, original.parent / "looks", PAGES)


def _print(daemon: Daemon, real: Desk, title: str, *arguments: str | Path) -> Job:
    assert real.print("-t", title, "-o", "phone=5552001", *arguments).state == COMPLETED
    (job,) = prepared(daemon, title)
    assert job.state is JobState.WAITING, job.reason
    return job


def _check(daemon: Daemon, job: Job, looks: Looks, expected: list[int], folder: Path) -> None:
    """That the job's pages are these of the original."""
    daemon.client.pages(job.id, folder / "sent.tif")
    pages = read_pages(folder / "sent.tif")
    assert len(pages) == len(expected)
    for page, number in zip(pages, expected, strict=True):
        likeness = [alike(page, look) for look in looks]
        assert likeness[number - 1] == max(likeness) > 0.9, f"page {number}: {likeness}"


@pytest.mark.parametrize("way", ["filtered", "raw"])
@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_a_format_arrives_with_all_its_pages_and_legible(
    daemon: Daemon, real: Desk, original: Path, looks: Looks, tmp_path: Path, form: Format, way: str
) -> None:
    file = tmp_path / f"document.{form.name}"
    form.make(original, file)
    title = f"{form.name} {way}"
    options = ["-o", "raw"] if way == "raw" else []
    if way == "raw" and form.name in ("pwg", "urf"):
        ticket = real.print("-t", title, "-o", "phone=5552001", *options, file)
        assert ticket.state == CANCELLED
        assert "document" in ticket.message
        return
    job = _print(daemon, real, title, *options, file)
    _check(daemon, job, looks, list(range(1, form.pages + 1)), tmp_path)


@pytest.mark.parametrize("form", [form for form in FORMATS if form.pages > 1], ids=lambda form: form.name)
def test_page_ranges_count_in_every_format(
    daemon: Daemon, real: Desk, original: Path, looks: Looks, tmp_path: Path, form: Format
) -> None:
    file = tmp_path / f"document.{form.name}"
    form.make(original, file)
    job = _print(daemon, real, f"{form.name} ranges", "-o", "page-ranges=2-3,7", file)
    _check(daemon, job, looks, [2, 3, 7], tmp_path)


def test_text_and_html_arrive_as_text(daemon: Daemon, real: Desk, tmp_path: Path) -> None:
    text = tmp_path / "letter.txt"
    text.write_text("\n".join(f"Zeile {line}: Grüße aus Köln" for line in range(100)) + "\n", "utf-8")
    html = tmp_path / "letter.html"
    html.write_text("<html><body><h1>Letter</h1></body></html>\n")
    assert _print(daemon, real, "text", text).pages_total == 2
    assert _print(daemon, real, "html", html).pages_total == 1


def test_formats_of_one_job_are_one_fax_in_order(
    daemon: Daemon, real: Desk, original: Path, looks: Looks, tmp_path: Path
) -> None:
    files = []
    for form in FORMATS:
        if form.name in ("pdf", "ps", "png", "tiff"):
            file = tmp_path / f"document.{form.name}"
            form.make(original, file)
            files.append(file)
    job = _print(daemon, real, "mixed", *files)
    everything = list(range(1, PAGES + 1))
    _check(daemon, job, looks, [*everything, *everything, 1, *everything], tmp_path)


def test_a_document_of_an_office_program_is_refused(real: Desk, daemon: Daemon, tmp_path: Path) -> None:
    file = tmp_path / "letter.docx"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w:document/>")
    command = ["lp", "-d", real.cups.queue, "-o", "phone=5552001", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, env=real.cups.environment(), check=False)
    assert done.returncode != 0
    assert "document-format" in done.stderr.lower() or "unsupported" in done.stderr.lower()
    ticket = real.print("-t", "docx raw", "-o", "raw", "-o", "phone=5552001", file)
    assert ticket.state == CANCELLED
    assert ticket.message
    assert daemon.jobs("docx raw") == []


@pytest.mark.parametrize("options", [[], ["-o", "page-ranges=1"]], ids=["whole", "page-ranges"])
def test_endless_postscript_ends_within_the_limits_and_the_queue_goes_on(
    daemon: Daemon, real: Desk, tmp_path: Path, pdf: Path, options: list[str]
) -> None:
    (tmp_path / "endless.ps").write_bytes(b"%!PS-Adobe-3.0\n{ } loop\nshowpage\n%%EOF\n")
    title = f"endless {options}"
    ticket = real.print("-t", title, "-o", "phone=5552001", *options, tmp_path / "endless.ps")
    if ticket.state == COMPLETED:
        eventually(lambda: daemon.jobs(title)[0].state is JobState.FAILED, "it does not end")
        reason = daemon.jobs(title)[0].reason or ""
        assert "longer" in reason and "5 s" in reason
    else:
        assert (ticket.state, daemon.jobs(title)) == (CANCELLED, [])
    assert real.print("-t", "after", "-o", "phone=5552001", pdf).state == COMPLETED

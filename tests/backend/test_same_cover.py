"""The same cover page by every door: a print job's cover-sheet-info, the command, and the library."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageChops

from codec.operations import to_png
from codec.page import Resolution as CodecResolution
from coverpage import Studio, fields_for, from_files
from fax import Job, Recipient, Sender
from fax.covers import CoverFile, CoverFiles, CoverPreview
from fax.types import CoverPage
from tests.backend.desk import Desk
from tests.backend.real_daemon import Daemon, prepared

ROOT = Path(__file__).resolve().parents[2]
# Neither the time nor the sender's login, which are another at every door.
SAME = b"""
[[block]]
kind = "table"
share = [1, 3]
row = [["To", "{recipient.name}"], ["Fax", "{recipient.number}"], ["From", "{sender.company}"], ["About", "{subject}"]]
[[block]]
kind = "note"
"""


def arrives(daemon: Daemon, job: Job) -> bytes:
    """The job's cover, as its call would have it."""
    assert job.cover is not None
    order = CoverPreview(cover=job.cover, recipient=job.recipient, sender=job.sender, resolution=job.resolution)
    return daemon.client.preview_cover(order)


def test_a_print_job_the_command_and_the_library_give_the_same_page(daemon: Daemon, real: Desk, pdf: Path) -> None:
    files = CoverFiles(files=(CoverFile(name="template.toml", octets=SAME),))
    daemon.client.install_cover("same", files)
    sheet = "{to-name='Jürgen O' organization-name=ACME subject='An offer' message='Call me'}"
    options = ("-o", "phone=5552001", "-o", "FaxCover=same", "-o", f"cover-sheet-info={sheet}")
    real.print("-t", "printed", *options, pdf)
    command = ["send", str(pdf), "--to", "5552001", "--name", "Jürgen O", "--from-company", "ACME", "--cover=same"]
    words = ["--subject", "An offer", "--note", "Call me", "--title", "sent"]
    subprocess.run(
        [sys.executable, "-m", "cli.main", "--socket", str(daemon.socket), *command, *words],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
    )
    ((printed,), (sent,)) = prepared(daemon, "printed"), prepared(daemon, "sent")
    page = arrives(daemon, printed)
    assert page == arrives(daemon, sent)
    given = {each.name: each.octets for each in daemon.client.cover_files("same").files}
    fields = fields_for(
        Recipient(number=printed.recipient.number, name="Jürgen O"),
        Sender(company="ACME"),
        CoverPage(subject="An offer", note="Call me"),
        time_sent=None,
        document_pages=0,
    )
    (alone,) = Studio().cover(from_files(given), fields, "a4", CodecResolution.FINE).pages
    assert to_png(alone, 1) == page
    # And it says something of each: without the note it is another.
    without = replace(printed, cover=CoverPage(template="same", subject="An offer"))
    assert ImageChops.difference(opened(page), opened(arrives(daemon, without))).getbbox() is not None


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("L")

"""Desktop programs print to the queue by themselves (the slow tier)."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable

import pytest

from fax import JobState
from script.house import House
from tests.whole.conftest import NUMBER, differences, platen, sent_pages, wait_for_end, wait_for_state

Build = Callable[..., House]


@pytest.mark.slow
def test_a_document_printed_by_libreoffice_waits_for_its_number_and_arrives(build: Build) -> None:
    assert shutil.which("soffice"), "LibreOffice is missing: script/test --all installs it"
    house = build(cups=True)
    page = house.folder / "letter.html"
    page.write_text("<h1>A letter</h1><p>Written in a desktop program: Grüße aus Köln.</p>")
    subprocess.run(
        [
            *("soffice", f"-env:UserInstallation=file://{house.folder}/office", "--headless"),
            *("--pt", "fax", str(page)),
        ],
        check=True,
        capture_output=True,
        timeout=180,
        env={**os.environ, "CUPS_SERVER": house.cups_server, "HOME": str(house.folder)},
    )
    job = wait_for_state(house, house.wait_for_jobs()[0].id, JobState.ADDRESS)
    assert platen(house, "address", str(job.id), "--to", NUMBER).returncode == 0
    assert wait_for_end(house, job.id).state is JobState.DONE
    assert differences(sent_pages(house, job.id), house.received_pages(NUMBER)) == []

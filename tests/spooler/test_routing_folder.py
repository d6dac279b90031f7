"""Storing in a folder: names, no overwriting, no way out for what the far end says, one file per delivery."""

from __future__ import annotations

import asyncio
import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from codec.tiff import TiffReader, TiffWriter, read_pages
from fax.errors import Cause, RequestError
from fax.received import Received
from fax.routing import data_of
from spooler.routing_folder import FolderMethod
from spooler.routing_method import Order, Outcome, RoutedFile
from spooler.routing_names import FIELDS, filled, harmless
from tests.modem.port.bench import PAGES

FAX = Received(
    call="in-1",
    port="fax0",
    device=1,
    started=datetime(2026, 11, 20, 9, 59, tzinfo=UTC),
    ended=datetime(2026, 11, 20, 10, 0, 1, tzinfo=UTC),
    caller_id="+49 30 1",
    tsid="Clinic/30",
    sub_address="77",
    pages=2,
)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def order(folder: Path, data: bytes, *, fax: Received = FAX, tries: int = 0, id: str = "7-1") -> Order:
    path = folder / "fax.tif"
    if not path.exists():
        with TiffWriter(path) as writer:
            for page in PAGES:
                writer.append(page)
    file = RoutedFile(number=0, path=path)
    return Order(id=id, job=7, fax=fax, files=(file,), data=data, retry_data=b"", tries=tries, folder=folder)


def deliver(tmp_path: Path, wanted: Order) -> Outcome:
    return asyncio.run(FolderMethod(tmp_path / "spool", UTC).deliver(wanted))


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def refused(tmp_path: Path, data: bytes) -> str:
    with pytest.raises(RequestError) as error:
        asyncio.run(FolderMethod(tmp_path / "spool").check(data, "fax0", 1))
    assert error.value.cause is Cause.BAD_CONFIGURATION
    return error.value.text


def test_a_fax_is_stored_whole_under_a_name_that_says_when_from_whom_and_which(tmp_path: Path, target: Path) -> None:
    outcome = deliver(tmp_path, order(tmp_path, data_of(str(target))))
    assert outcome.done, outcome.text
    assert names(target) == ["20261120-100001-Clinic_30-7-1.tif"]
    (path,) = target.iterdir()
    assert [page.digest for page in read_pages(path)] == [page.digest for page in PAGES]
    assert path.stat().st_mode & 0o777 == 0o640
    with TiffReader(path) as reader:
        origin = reader.tags(0).origin
    assert origin is not None and (origin.job, origin.direction) == (7, "received")


def test_as_pdf_it_has_the_same_pages(tmp_path: Path, target: Path) -> None:
    assert deliver(tmp_path, order(tmp_path, data_of(str(target), format="pdf", name="{id}", mode="0600"))).done
    (path,) = target.iterdir()
    assert (path.name, path.stat().st_mode & 0o777) == ("7-1.pdf", 0o600)
    told = subprocess.run(["pdfinfo", path], capture_output=True, text=True, check=True).stdout
    assert "Pages:           2" in told


def test_folders_and_names_may_hold_fields_and_what_is_missing_below_is_made(tmp_path: Path, target: Path) -> None:
    data = data_of(f"{target}/{{port}}/{{year}}-{{month}}", name="{sub}-{caller}-{name}")
    assert deliver(tmp_path, order(tmp_path, data)).done
    assert names(target) == ["fax0/2026-11/77-+49_30_1-unknown.tif"]


@pytest.mark.parametrize(
    "tsid", ["../../../etc/passwd", "/etc/cron.d/x", "..", ".", "~", "a\0b", "x" * 500, "-rf", "\u202egnp", "", "con\n"]
)
def test_what_the_far_end_says_leads_nowhere(tmp_path: Path, target: Path, tsid: str) -> None:
    data = data_of(f"{target}/{{tsid}}", name="{tsid}")
    assert deliver(tmp_path, order(tmp_path, data, fax=replace(FAX, tsid=tsid))).done
    (found,) = names(target)
    assert found.count("/") == 1 and not found.startswith(".") and "/." not in found
    assert all(len(part) < 80 for part in found.split("/"))
    assert {path.name for path in tmp_path.iterdir()} == {"fax.tif", "out"}


def test_what_the_far_end_says_does_not_lead_into_the_spool(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    (tmp_path / "link").symlink_to(spool)
    for data, fax in (
        (f"{tmp_path}/{{tsid}}", replace(FAX, tsid="spool")),
        (f"{tmp_path}/{{tsid}}/calls", replace(FAX, tsid="spool")),
        (f"{tmp_path}/{{sub}}", replace(FAX, sub_address="link")),
    ):
        outcome = deliver(tmp_path, order(tmp_path, data.encode(), fax=fax))
        assert not outcome.done and "the fax server's own" in outcome.text
    assert list(spool.iterdir()) == []
    assert "the fax server's own" in refused(tmp_path, f"{tmp_path}/link".encode())


def test_nothing_that_is_there_is_written_over(tmp_path: Path, target: Path) -> None:
    data = data_of(str(target), name="fax")
    (target / "fax.tif").write_text("precious")
    (target / "fax-2.tif").symlink_to(tmp_path / "elsewhere")
    assert deliver(tmp_path, order(tmp_path, data)).done
    assert deliver(tmp_path, order(tmp_path, data, id="7-2")).done
    assert names(target) == ["fax-2.tif", "fax-3.tif", "fax-4.tif", "fax.tif"]
    assert (target / "fax.tif").read_text() == "precious"
    assert not (tmp_path / "elsewhere").exists()


def test_a_delivery_that_is_made_again_finds_its_file(tmp_path: Path, target: Path) -> None:
    wanted = order(tmp_path, data_of(str(target)))
    assert deliver(tmp_path, wanted).done
    before = names(target)
    assert deliver(tmp_path, replace(wanted, tries=1)).done
    assert names(target) == before


def test_where_the_file_system_has_no_links_nothing_is_written_over_either(
    tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(source: Path, name: Path) -> None:
        if Path(name).exists():
            raise FileExistsError(17, "File exists")
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    data = data_of(str(target), name="fax")
    assert deliver(tmp_path, order(tmp_path, data)).done
    assert deliver(tmp_path, order(tmp_path, data, id="7-2")).done
    assert names(target) == ["fax-2.tif", "fax.tif"]
    assert all(len(read_pages(path)) == 2 for path in target.iterdir())


def test_a_folder_that_is_gone_or_closed_is_a_failure_that_leaves_nothing(tmp_path: Path, target: Path) -> None:
    outcome = deliver(tmp_path, order(tmp_path, data_of(str(tmp_path / "gone"))))
    assert not outcome.done and outcome.again
    assert "no such folder" in outcome.text.lower()
    (target / "file").write_text("")
    assert not deliver(tmp_path, order(tmp_path, data_of(str(target / "file")))).done
    assert names(target) == ["file"]


def test_what_cannot_be_a_target_is_refused_when_it_is_set(tmp_path: Path, target: Path) -> None:
    assert "absolute" in refused(tmp_path, b"faxes")
    assert "absolute" in refused(tmp_path, b"")
    assert "{tsidd}" in refused(tmp_path, data_of(f"{target}/{{tsidd}}"))
    assert "format" in refused(tmp_path, data_of(str(target), format="jpeg"))
    assert "no option" in refused(tmp_path, data_of(str(target), colour="red"))
    assert "name of a file" in refused(tmp_path, data_of(str(target), name="../{id}"))
    assert "mode" in refused(tmp_path, data_of(str(target), mode="9"))
    assert "own" in refused(tmp_path, data_of(f"{tmp_path}/x/../spool/received"))
    assert "not a folder" in refused(tmp_path, data_of(str(tmp_path / "none" / "{port}")))
    asyncio.run(FolderMethod(tmp_path / "spool").check(data_of(f"{target}/{{port}}"), "fax0", 1))
    asyncio.run(FolderMethod(tmp_path / "spool").check(f"{target}\0".encode("utf-16-le"), "fax0", 1))


def test_every_field_is_filled_in() -> None:
    for name in FIELDS:
        assert "{" not in filled(f"{{{name}}}", FAX, 7, "7-1", UTC)


def test_a_harmless_name_stays_as_it_is() -> None:
    assert harmless("Clinic-30_x.y+1") == "Clinic-30_x.y+1"
    assert harmless("Ärzte 24") == "Ärzte_24"

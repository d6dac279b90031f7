"""FaxTiff against files of ours, of others, and files that are none."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from codec.coder import page_from_bitmap
from codec.tiff import FaxOrigin, FaxTags, TiffWriter
from tests.codec.oracle.pages import blobs
from winfax.com import com_error
from winfax.fax_tiff import FaxTiff
from winfax.times import FILETIME

AT = datetime(2026, 11, 20, 9, 15, tzinfo=UTC)
SENT = FaxOrigin(
    caller_id="+49 30 999",
    csid="+49 30 1",
    tsid="+49 30 2",
    recipient_name="Jürgen Groß",
    recipient_number="+49301",
    sender_name="株式会社",
    at=AT,
    direction="sent",
)
TEXTS = ("CallerId", "Csid", "Tsid", "ReceiveTime", "RecipientName", "RecipientNumber", "Routing", "SenderName")


def _file(folder: Path, tags: FaxTags) -> Path:
    path = folder / "fax.tif"
    with TiffWriter(path) as writer:
        writer.append(page_from_bitmap(blobs(1728, 90, 1), 204, 196), tags)
        writer.append(page_from_bitmap(blobs(1728, 90, 2), 204, 196), FaxTags(description="the second page"))
    return path


def _opened(path: Path) -> FaxTiff:
    tiff = FaxTiff()
    tiff.Image = str(path)
    return tiff


def test_what_the_service_wrote_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    tiff = _opened(_file(tmp_path, FaxTags(origin=SENT)))
    assert (tiff.CallerId, tiff.Csid, tiff.Tsid) == (SENT.caller_id, SENT.csid, SENT.tsid)
    assert (tiff.RecipientName, tiff.RecipientNumber, tiff.SenderName) == ("Jürgen Groß", "+49301", "株式会社")
    assert tiff.RawReceiveTime == FILETIME.from_datetime(AT).ticks
    assert FILETIME.from_ticks(tiff.RawReceiveTime).to_datetime() == AT
    date, _, clock = tiff.ReceiveTime.partition("@")
    assert date and clock[-4:-2] == "15"
    assert tiff.Routing == ""


def test_the_recipient_of_a_received_fax_is_the_machine_that_was_called(tmp_path: Path) -> None:
    origin = FaxOrigin(csid="+49 30 1", recipient_number="x", routing="+49 30 1|42", at=AT, direction="received")
    tiff = _opened(_file(tmp_path, FaxTags(origin=origin)))
    assert (tiff.RecipientNumber, tiff.Routing) == ("+49 30 1", "+49 30 1|42")


def test_what_is_not_said_is_empty_or_as_wished(tmp_path: Path) -> None:
    path = _file(tmp_path, FaxTags())
    tiff = _opened(path)
    assert [getattr(tiff, name) for name in TEXTS] == [""] * len(TEXTS)
    assert tiff.RawReceiveTime == 0
    other = FaxTiff(missing="Unavailable")
    other.Image = str(path)
    assert {getattr(other, name) for name in TEXTS} | {other.TiffTagString(40000)} == {"Unavailable"}


def test_any_tag_of_the_first_page_is_text(tmp_path: Path) -> None:
    tiff = _opened(_file(tmp_path, FaxTags(description="for you")))
    assert tiff.TiffTagString(270) == "for you"
    assert (tiff.TiffTagString(256), tiff.TiffTagString(282)) == ("1728", "204/1")
    assert tiff.TiffTagString(297) == "0 2"


@pytest.mark.parametrize("order", ["<", ">"])
def test_files_of_others_are_read_in_either_order(tmp_path: Path, order: str) -> None:
    path = tmp_path / "other.tif"
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    entries = struct.pack(f"{order}HHHIH2x", 1, 256, 3, 1, 300) + struct.pack(f"{order}I", 0)
    path.write_bytes(head + entries)
    assert _opened(path).TiffTagString(256) == "300"
    Image.new("1", (30, 20)).save(tmp_path / "pillow.tif")
    assert _opened(tmp_path / "pillow.tif").TiffTagString(257) == "20"


def test_what_cannot_be_read_says_which_way(tmp_path: Path) -> None:
    whole = _file(tmp_path, FaxTags(origin=SENT)).read_bytes()
    path = tmp_path / "bad.tif"
    for octets in (b"", b"%PDF-1.4 and so on", whole[:8], whole[:4] + b"\xff\xff\xff\x7f"):
        path.write_bytes(octets)
        with pytest.raises(com_error) as caught:
            _opened(path)
        assert caught.value.hresult == 0x8007000D
    with pytest.raises(com_error) as caught:
        _opened(tmp_path / "none.tif")
    assert (caught.value.hresult, caught.value.winerror) == (0x80070002, 2)
    with pytest.raises(com_error) as caught:
        assert FaxTiff().Csid
    assert caught.value.hresult == 0x80070057


def test_a_file_that_was_refused_leaves_the_one_before(tmp_path: Path) -> None:
    tiff = _opened(_file(tmp_path, FaxTags(origin=SENT)))
    with pytest.raises(com_error):
        tiff.Image = str(tmp_path / "none.tif")
    assert tiff.Csid == SENT.csid

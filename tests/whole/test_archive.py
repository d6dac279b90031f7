"""Over a real line: what came in and what goes out is archived, sent on with the pages as they are, and recorded."""

from __future__ import annotations

from pathlib import Path

from codec.operations import same_pixels
from codec.tiff import TiffReader, TiffWriter, read_pages
from fax.archive import ArchiveQuery, ArchiveResult, Direction, Forward
from fax.ports import PortChange
from fax.types import JobState, Recipient
from modem.soft.farend import ExchangeData, FarEnd, Incoming
from script.house import House
from tests.cli.command import platen
from tests.modem.port.bench import PAGES
from tests.spooler.rig import wait_for
from tests.whole.conftest import NUMBER, QUICK, SPEED, differences, wait_for_end
from winfax import FaxTiff

IDENT = "+1 555 2001"
CALLER = "+1 555 9000"


def test_what_came_in_is_archived_forwarded_archived_again_and_each_call_recorded(tmp_path: Path) -> None:
    sent = tmp_path / "sent.tif"
    with TiffWriter(sent) as writer:
        for page in PAGES[:2]:
            writer.append(page)
    exchange = ExchangeData(
        numbers=(FarEnd(number=NUMBER, ident=IDENT),),
        # It rings until somebody answers, however long our line takes to get ready.
        incoming=(Incoming(to="100", send=str(sent), ident=CALLER, after_s=1.0, rings=100_000),),
    )
    house = House(exchange, speed=SPEED, settings=QUICK, port_settings=("flow_control = true",))
    try:
        house.start_daemon()
        client = house.client
        folder = tmp_path / "archive"
        folder.mkdir()
        client.change_configuration({"archive_folder": str(folder), "archive_incoming": True, "archive_outgoing": True})
        (port,) = client.ports()
        client.change_port(port.id, PortChange(receive=True, csid="OURS"))
        house.start_modem()

        wait_for(lambda: client.search_archive().faxes, "the fax that came in, in the archive")
        (came,) = client.search_archive(ArchiveQuery(text="9000")).faxes
        assert (came.direction, came.result, came.ident, came.pages) == (
            Direction.RECEIVED,
            ArchiveResult.OK,
            CALLER,
            2,
        )
        with TiffReader(Path(came.file)) as reader:
            assert [same_pixels(*pair) for pair in zip(PAGES[:2], reader, strict=True)] == [None, None]
        read = FaxTiff()
        read.Image = came.file
        assert (read.Tsid, read.Csid, read.RecipientNumber) == (CALLER, "OURS", "OURS")

        (job,) = client.forward_archived(came.id, Forward(recipients=(Recipient(number=NUMBER, name="Ann"),))).jobs
        assert wait_for_end(house, job).state is JobState.DONE
        assert differences(list(PAGES[:2]), house.received_pages(NUMBER)) == []
        query = ArchiveQuery(direction=Direction.SENT)
        wait_for(lambda: client.search_archive(query).faxes, "the fax that went out, in the archive")
        (went,) = client.search_archive(query).faxes
        assert (went.id, went.number, went.name, went.ident, went.pages) == (job, NUMBER, "Ann", IDENT, 2)
        assert [page.digest for page in read_pages(Path(went.file))] == [page.digest for page in PAGES[:2]]

        first, second = client.records()
        assert (first.direction, first.far_ident, first.own_ident, first.pages, first.cause) == (
            Direction.RECEIVED,
            CALLER,
            "OURS",
            2,
            "ok",
        )
        assert (second.direction, second.number, second.far_ident, second.pages, second.pages_total) == (
            Direction.SENT,
            NUMBER,
            IDENT,
            2,
            2,
        )
        for record in (first, second):
            assert record.rate_bps and record.coding and record.modulation and record.line_seconds
        assert [one.job for one in second.jobs] == [job]
        shown = platen("records", "--csv", "-", socket=house.socket)
        assert [line.split(",")[0] for line in shown.stdout.splitlines()[1:]] == [first.call, second.call]
    finally:
        house.stop()

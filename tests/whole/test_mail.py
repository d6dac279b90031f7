"""A fax machine calls in and the fax is in a mailbox; a fax that goes out, and one that does not, is reported there."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from codec.operations import same_pixels
from codec.tiff import TiffWriter, read_pages
from fax.mail import MailState
from fax.ports import PortChange
from fax.received import DeliveryState
from fax.routing import EMAIL_GUID, data_of
from fax.types import Fate, JobId, JobState, Recipient, Report, ReportKind, Submission
from modem.soft.farend import Answers, ExchangeData, FarEnd, Incoming
from script.house import House
from tests.modem.port.bench import PAGES
from tests.spooler.rig import wait_for
from tests.spooler.smtp import MailHost
from tests.whole.conftest import NUMBER, QUICK, SPEED, letter, wait_for_end

ANN = "ann@example.org"
IDENT = "+1 555 2001"
CALLER = "+1 555 9000"
BUSY = "5552002"


def reported(house: House, job: JobId) -> None:
    """Wait until the one report of a fax is sent."""
    wait_for(lambda: [mail.state for mail in house.client.mails(job=job)] == [MailState.SENT], "the report")


def test_a_fax_that_calls_in_reaches_a_mailbox_and_those_that_go_out_are_reported(tmp_path: Path) -> None:
    sent = tmp_path / "sent.tif"
    with TiffWriter(sent) as writer:
        for page in PAGES[:2]:
            writer.append(page)
    exchange = ExchangeData(
        numbers=(FarEnd(number=NUMBER, ident=IDENT), FarEnd(number=BUSY, answers=Answers.BUSY)),
        # It rings until somebody answers, however long our line takes to get ready.
        incoming=(Incoming(to="100", send=str(sent), ident=CALLER, after_s=1.0, rings=100_000),),
    )
    house = House(exchange, speed=SPEED, settings=QUICK, port_settings=("flow_control = true",))
    with MailHost(tmp_path / "mail") as host, ExitStack() as stack:
        stack.callback(house.stop)
        house.start_daemon()
        client = house.client
        client.change_configuration(host.settings(routing_delay_s=0.2))
        (port,) = client.ports()
        client.change_port_method(port.id, EMAIL_GUID, enabled=True, data=data_of(ANN, format="tiff"))
        client.change_port(port.id, PortChange(receive=True))
        host.policy.answers = ["451 4.3.0 Not now", "451 4.3.0 Nor now"]
        house.start_modem()

        wait_for(lambda: host.taken, "the fax in the mailbox")
        (job,) = client.inbox()
        wait_for(lambda: client.job(job.id).state is JobState.DONE, "its end")
        received = client.job(job.id).received
        assert received is not None
        (delivery,) = received.deliveries
        assert (delivery.state, delivery.tries) == (DeliveryState.DONE, 3)
        (taken,) = host.taken
        assert set(host.policy.tried) == {taken.id} and len(host.policy.tried) == 3
        assert CALLER in taken.text
        ((_, octets),) = taken.files().items()
        (tmp_path / "received.tif").write_bytes(octets)
        pages = read_pages(tmp_path / "received.tif")
        assert [same_pixels(ours, theirs) for ours, theirs in zip(PAGES[:2], pages, strict=True)] == [None, None]

        host.policy.clear()
        document = client.upload(letter(house)).id
        report = Report(kind=ReportKind.EMAIL, address=ANN)
        for number in (NUMBER, BUSY):
            submission = Submission(
                documents=(document,), recipients=(Recipient(number=number),), report=report, retries=0, title="Letter"
            )
            (out,) = client.submit(submission).jobs
            ended = wait_for_end(house, out)
            reported(house, out)
            text = host.taken[-1].text
            assert str(host.taken[-1].message["X-Platen-Job"]) == str(out)
            if number == NUMBER:
                assert {page.fate for page in ended.pages} == {Fate.CONFIRMED}
                assert host.taken[-1].message["Subject"] == f"Delivered: fax to {NUMBER} - Letter"
                assert "Pages 1 to 2  received\n" in text
                assert IDENT in text and " s on the line\n" in text
            else:
                assert host.taken[-1].message["Subject"] == f"Not delivered: fax to {BUSY} - Letter"
                assert "busy" in text and "Pages 1 to 2  not sent\n" in text

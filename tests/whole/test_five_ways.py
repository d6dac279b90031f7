"""One call from an independent fax machine, and its fax in a folder, a mailbox, at a printer, at a webhook, and with an
extension of somebody else's: each once, pixel by pixel where it is a file."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from codec.operations import same_pixels
from codec.tiff import read_pages
from fax.received import DeliveryState
from fax.registry import ExtensionRegistration, MethodRegistration
from fax.routing import EMAIL_GUID, FOLDER_GUID, PRINT_GUID, data_of
from spooler.webhook import GUID as WEBHOOK
from tests.modem.port.bench import PAGES
from tests.spooler.modules import extension
from tests.spooler.smtp import MailHost
from tests.spooler.test_extensions_whole import SECRET, Hooks
from tests.whole.test_receiving import SPEED, Build, answers, callers, until, whole


class Ours(Hooks):
    posted: list[tuple[str, dict[str, str], bytes]]
    failures = 0


def _same(tiff: Path) -> bool:
    pages = read_pages(tiff)
    return [same_pixels(ours, theirs) for ours, theirs in zip(PAGES, pages, strict=True)] == [None] * len(PAGES)


def test_a_call_in_arrives_by_all_five_ways(build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = build(cups=True, speed=SPEED, incoming=callers(tmp_path))
    lpadmin = ["lpadmin", "-h", house.cups_server, "-p", "paper", "-v", "file:///dev/null", "-m", "raw"]
    subprocess.run(lpadmin, check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["cupsaccept", "-h", house.cups_server, "paper"], check=True)
    monkeypatch.setenv("CUPS_SERVER", house.cups_server)
    out, theirs = tmp_path / "faxes", tmp_path / "theirs"
    out.mkdir()
    theirs.mkdir()
    image = tmp_path / "extension.py"
    image.write_bytes(Path(extension.__file__).read_bytes())
    record = MethodRegistration(
        name="Record", friendly_name="Record", function="Record", guid=extension.FUNCTIONS["Record"]
    )
    house.client.register_extension(
        ExtensionRegistration(name="theirs", friendly_name="Of others", image=str(image), methods=(record,))
    )
    house.kill_daemon()
    house.start_daemon()
    Ours.posted = []
    hooks = ThreadingHTTPServer(("127.0.0.1", 0), Ours)
    threading.Thread(target=hooks.serve_forever, daemon=True).start()
    try:
        with MailHost(tmp_path / "mail") as host:
            client = house.client
            client.change_configuration(host.settings(routing_delay_s=0.3, routing_retries=1000))
            (line,) = client.ports()
            webhook = f"http://127.0.0.1:{hooks.server_port}/fax\nsecret={SECRET}\nattach=tiff"
            ways = {
                FOLDER_GUID: data_of(str(out), name="{id}"),
                EMAIL_GUID: data_of("ann@example.org", format="tiff"),
                PRINT_GUID: b"paper",
                WEBHOOK: webhook.encode(),
                record.guid: str(theirs).encode(),
            }
            for guid, data in ways.items():
                client.change_port_method(line.id, guid, enabled=True, data=data)
            answers(house)
            until(house, lambda: bool(whole(house)) and whole(house)[0].state.ended, "the deliveries")
            job = whole(house)[0]
            assert job.received is not None
            deliveries = {each.method: each for each in job.received.deliveries}
            assert {guid: each.state for guid, each in deliveries.items()} == dict.fromkeys(ways, DeliveryState.DONE)

            assert _same(out / f"{deliveries[FOLDER_GUID].id}.tif")
            until(house, lambda: bool(host.taken), "the mail")
            ((_, attached),) = host.taken[0].files().items()
            (tmp_path / "mailed.tif").write_bytes(attached)
            assert _same(tmp_path / "mailed.tif")
            listed = ["lpstat", "-h", house.cups_server, "-W", "all", "-o", "paper"]
            assert subprocess.run(listed, capture_output=True, text=True, check=True).stdout.startswith("paper-")
            _, headers, body = Ours.posted[0]
            assert headers["Platen-Delivery"] == deliveries[WEBHOOK].id
            (tmp_path / "posted.tif").write_bytes(base64.b64decode(json.loads(body)["document"]["base64"]))
            assert _same(tmp_path / "posted.tif")
            assert _same(theirs / f"{deliveries[record.guid].id}.tif")
    finally:
        hooks.shutdown()
        hooks.server_close()

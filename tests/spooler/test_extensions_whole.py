"""Received faxes reach extensions of others and the webhook, through a daemon that was started again for them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from codec.tiff import read_pages
from fax.errors import Cause, NotRunningError, RequestError
from fax.ports import PortChange
from fax.received import Delivery, DeliveryState
from fax.registry import ExtensionInfo, ExtensionRegistration, MethodRegistration, Running
from fax.routing import Facts
from fax.types import Job, JobId
from spooler.webhook import GUID as WEBHOOK
from tests.spooler.modules import extension, provider
from tests.spooler.rig import ROOT, refusal, wait_for
from tests.spooler.test_providers import Lines, black

SECRET = "a secret of the tests"


class Hooks(BaseHTTPRequestHandler):
    """Keeps what is posted to ``/fax``; ``/twice`` fails twice first."""

    posted: list[tuple[str, dict[str, str], bytes]]
    failures: int

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kept = type(self)
        kept.posted.append((self.path, dict(self.headers), body))
        status = 204
        if kept.failures > 0:
            kept.failures -= 1
            status = 503
        self.send_response(status)
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        return None


class House(Lines):
    """A daemon with a virtual line that receives, and the tests' extension."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.out = folder / "out"
        self.out.mkdir()
        self.extension = folder / "module" / "extension.py"
        shutil.copyfile(extension.__file__, self.extension)

    def register_all(self) -> None:
        self.register()
        methods = tuple(
            MethodRegistration(name=name, friendly_name=name, function=name, guid=guid)
            for name, guid in extension.FUNCTIONS.items()
        )
        about = ExtensionRegistration(
            name="tests", friendly_name="Of the tests", image=str(self.extension), methods=methods
        )
        assert self.client.register_extension(about).running is Running.WAITS

    @property
    def line(self) -> int:
        return next(port.id for port in self.lines() if port.name == "virtual0")

    def about(self) -> ExtensionInfo:
        return next(each for each in self.client.extensions() if each.name == "tests")

    def enable(self, **data: str) -> None:
        """Have these methods and no others run on the line."""
        wanted = {extension.FUNCTIONS.get(name, WEBHOOK): text for name, text in data.items()}
        for method in self.client.port_methods(self.line):
            text = wanted.get(method.guid)
            if text is not None:
                self.client.change_port_method(self.line, method.guid, enabled=True, data=text.encode())
            elif method.enabled:
                self.client.change_port_method(self.line, method.guid, enabled=False)

    def receive(self) -> JobId:
        """A fax of two pages comes in."""
        before = {job.id for job in self.client.inbox()}
        self.ring(provider.FIRST_ID, [black(100), black(200)])
        found: list[JobId] = []

        def came() -> bool:
            found[:] = [job.id for job in self.client.inbox() if job.id not in before]
            return bool(found)

        wait_for(came, "a fax that came in")
        return found[0]

    def deliveries(self, job: JobId) -> dict[str, Delivery]:
        return {each.name: each for each in self.shown(job).received.deliveries}  # type: ignore[union-attr]

    def shown(self, job: JobId) -> Job:
        return self.client.job(job)

    def until_delivered(self, job: JobId, *names: str) -> dict[str, Delivery]:
        def done() -> bool:
            with suppress(NotRunningError):
                known = self.deliveries(job)
                return all(known[name].state is DeliveryState.DONE for name in names)
            return False

        wait_for(done, f"{', '.join(names)} of {job}")
        return self.deliveries(job)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("house")) as rig:
        rig.register_all()
        rig.restart()
        wait_for(rig.ready, "both lines being ready")
        wait_for(lambda: rig.about().running is Running.RUNS, "the extension running")
        rig.client.change_port(rig.line, PortChange(receive=True))
        rig.client.change_configuration({"routing_retries": 99, "routing_delay_s": 0.2})
        yield rig


@pytest.fixture(scope="module")
def hooks() -> Iterator[type[Hooks]]:
    Hooks.posted, Hooks.failures = [], 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hooks)
    Hooks.address = f"http://127.0.0.1:{server.server_port}/fax"  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Hooks
    server.shutdown()
    server.server_close()


def test_its_methods_are_methods_like_others_and_it_runs_in_a_process_of_its_own(house: House) -> None:
    wait_for(lambda: house.about().running is Running.RUNS, "the extension running")
    methods = {method.guid: method for method in house.client.routing_methods()}
    assert methods[extension.RECORD].extension_name == "Of the tests"
    assert methods[extension.RECORD].working
    assert methods[WEBHOOK].extension_name == "Webhook"


def test_a_received_fax_reaches_an_extension_and_each_method_failing_twice_is_tried_again(
    house: House, hooks: type[Hooks]
) -> None:
    hooks.failures, before = 2, len(hooks.posted)
    out = str(house.out)
    address = hooks.address  # type: ignore[attr-defined]
    house.enable(Record=out, Flaky=out, Again="x", Webhook=f"{address}\nsecret={SECRET}\nattach=tiff")
    job = house.receive()
    done = house.until_delivered(job, "Record", "Flaky", "Again", "Webhook")
    assert done["Record"].tries == 1
    assert (done["Flaky"].tries, done["Webhook"].tries) == (3, 3)
    said = (house.out / done["Record"].id).read_text().splitlines()
    assert (said[1:3], said[4]) == (["2", "+49 555 TSI"], "Bob"), "as the provider says"
    assert house.shown(job).recipient.name == "Bob"
    assert len(read_pages(house.out / f"{done['Record'].id}.tif")) == 2
    assert (house.out / f"flaky-{done['Flaky'].id}").read_text().split() == ["1", "2", "3"]

    posted = hooks.posted[before:]
    assert len(posted) == 3
    assert {headers["Platen-Delivery"] for _, headers, _ in posted} == {done["Webhook"].id}
    for number, (_, headers, body) in enumerate(posted, 1):
        said = json.loads(body)
        assert (said["delivery"], said["attempt"]) == (done["Webhook"].id, number)
        assert (said["job"], said["pages"], said["tsid"], said["line"]) == (job, 2, "+49 555 TSI", "virtual0")
        signed = f"{headers['Platen-Timestamp']}.".encode() + body
        assert headers["Platen-Signature"] == "v1=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        assert SECRET.encode() not in body
    fax = house.folder / "posted.tif"
    fax.write_bytes(base64.b64decode(json.loads(posted[-1][2])["document"]["base64"]))
    assert [page.rows for page in read_pages(fax)] == [100, 200]


def test_the_secret_of_a_webhook_is_not_shown(house: House, hooks: type[Hooks]) -> None:
    address = hooks.address  # type: ignore[attr-defined]
    house.enable(Webhook=f"{address}\nsecret={SECRET}")
    shown = next(each for each in house.client.port_methods(house.line) if each.guid == WEBHOOK).data.decode()
    assert shown == f"{address}\nsecret=********"
    assert refusal(lambda: house.enable(Webhook=shown)).cause is Cause.BAD_CONFIGURATION
    assert refusal(lambda: house.enable(Webhook="nowhere")).cause is Cause.BAD_CONFIGURATION
    would = house.client.test_routing(Facts(port="virtual0"))
    assert [step.data for step in would.steps if step.method == WEBHOOK] == [b""]
    assert SECRET not in repr(would)
    audit = " ".join(f"{line.before} {line.after}" for line in house.client.audit())
    assert SECRET not in audit
    assert SECRET not in house.log.read_text()


def test_a_webhook_posts_a_pdf_where_one_is_wanted(house: House, hooks: type[Hooks]) -> None:
    before = len(hooks.posted)
    house.enable(Webhook=f"{hooks.address}\nattach=pdf")  # type: ignore[attr-defined]
    house.until_delivered(house.receive(), "Webhook")
    ((_, headers, body),) = hooks.posted[before:]
    document = json.loads(body)["document"]
    assert document["type"] == "application/pdf"
    assert base64.b64decode(document["base64"]).startswith(b"%PDF-")
    assert "Platen-Signature" not in headers


def test_an_extension_that_crashes_is_reported_and_the_others_are_delivered(house: House, hooks: type[Hooks]) -> None:
    before = house.about().failures
    assert house.process is not None
    daemon = house.process.pid
    house.enable(Bad="crash", Webhook=hooks.address)  # type: ignore[attr-defined]
    job = house.receive()
    known = house.until_delivered(job, "Webhook")
    assert known["Webhook"].tries == 1
    wait_for(lambda: house.deliveries(job)["Bad"].tries >= 2, "another try")
    bad = house.deliveries(job)["Bad"]
    assert bad.state is DeliveryState.WAITING
    assert "ended with status 7" in str(bad.reason) or "started again" in str(bad.reason)
    assert house.about().failures > before
    assert "module-failed" in {event.kind for event in house.events()}
    assert house.process.pid == daemon
    assert house.process.poll() is None
    house.client.cancel(job)

    def works_again() -> bool:
        with suppress(RequestError):
            house.enable(Record=str(house.out))
            return True
        return False

    wait_for(works_again, "the extension's next start")
    house.until_delivered(house.receive(), "Record")


def extension_processes(house: House) -> list[int]:
    """Those of the daemon that runs now."""
    assert house.process is not None
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == house.process.pid and b"spooler.extension_process" in (process / "cmdline").read_bytes():
                found.append(int(process.name))
    return found


def lives(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_what_is_set_of_an_extension_is_there_after_the_next_start(house: House) -> None:
    house.enable(Record=str(house.out))
    before = extension_processes(house)
    assert before
    house.restart()
    wait_for(lambda: not any(map(lives, before)), "the end of the last daemon's extensions")
    wait_for(house.ready, "both lines being ready")
    wait_for(lambda: house.about().running is Running.RUNS, "the extension running")
    shown = next(each for each in house.client.port_methods(house.line) if each.guid == extension.RECORD)
    assert shown.enabled
    assert shown.data == b"it is " + str(house.out).encode()


def platen(house: House, *words: str) -> list[list[str]]:
    """What the command says, by lines and cells."""
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "--socket", str(house.socket), *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_extensions_and_providers_are_registered_by_the_command(house: House) -> None:
    method = "Record={55555555-5555-4555-8555-555555555555}=Another record"
    platen(house, "routing", "extension", "add", "more", str(house.extension), "--method", method)
    wait_for(lambda: house.about().running is Running.RUNS, "the extension running")
    about = {line[0]: line for line in platen(house, "routing", "extension", "list")}
    assert about["webhook"][1] in ("runs", "starts")
    assert about["tests"][1] == "runs"
    assert about["more"][1] == "waits"
    assert about["more"][3] == "Another record {55555555-5555-4555-8555-555555555555}"
    platen(house, "routing", "extension", "remove", "more")
    assert "more" not in {line[0] for line in platen(house, "routing", "extension", "list")}
    platen(house, "ports", "provider", "add", "more", str(house.module), "--title", "More lines")

    def runs() -> bool:
        return "tests" in {each.name for each in house.client.providers() if each.running is Running.RUNS}

    wait_for(runs, "the provider running")
    shown = {line[0]: line for line in platen(house, "ports", "provider", "list")}
    assert shown["tests"][2:4] == ["runs", "virtual0 virtual1"]
    assert shown["more"][1:3] == ["More lines", "waits"]
    platen(house, "ports", "provider", "remove", "more")
    assert set(shown) - {line[0] for line in platen(house, "ports", "provider", "list")} == {"more"}


def test_one_that_was_taken_away_is_gone_after_the_next_start(house: House) -> None:
    assert refusal(lambda: house.client.remove_extension("webhook")).cause is Cause.WRONG_STATE
    house.client.remove_extension("tests")
    assert house.about().running is Running.LEAVES
    house.restart()
    assert all(each.built_in for each in house.client.extensions())
    assert extension.RECORD not in {method.guid for method in house.client.routing_methods()}
    assert WEBHOOK in {method.guid for method in house.client.routing_methods()}

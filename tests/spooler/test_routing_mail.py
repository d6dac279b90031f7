"""A fax that came in is mailed: over TLS with a password, tried again until the mail server has it, each mail under one
name for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import pytest

from codec.coder import page_from_bitmap
from codec.page import Page
from codec.tiff import TiffWriter, read_pages
from fax.errors import Cause, RequestError
from fax.received import Delivery, DeliveryState, Received
from fax.routing import EMAIL_GUID, Decision, Step, data_of
from fax.types import Fate, JobState, JobType, Resolution
from spooler import store_jobs, store_received
from spooler.access import Caller
from spooler.configuration import Live
from spooler.mailbox import Mailbox
from spooler.routing import Routing
from spooler.routing_mail import MailMethod, MailTarget, parsed
from spooler.settings import Settings
from spooler.spool import Spool
from spooler.store import Store, Transaction
from spooler.store_received import TakenPage
from tests.codec.oracle.pages import blobs
from tests.spooler.smtp import USER, MailHost, Taken

ANN, BOB = "ann@example.org", "bob@example.org"
PATIENCE_S = 120.0
NOON = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)
FAX = Received(
    call="line1-7",
    port="line1",
    device=1,
    started=NOON,
    ended=NOON + timedelta(seconds=42),
    caller_id="+49301234567",
    caller_name="Praxis Dr. Öz",
    tsid="+49 30 1234567",
    digits="17",
    pages=2,
    bad_rows=3,
    line_seconds=42.0,
)


@pytest.fixture(scope="module")
def one_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailHost]:
    with MailHost(tmp_path_factory.mktemp("mail")) as host:
        yield host


@pytest.fixture
def host(one_host: MailHost) -> MailHost:
    one_host.policy.clear()
    return one_host


@dataclass
class Office:
    """What of a daemon there must be for a fax to be mailed."""

    store: Store
    spool: Spool
    live: Live
    routing: Routing
    method: MailMethod

    async def set(self, **settings: object) -> None:
        raws = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in settings.items()}
        await self.live.change(raws, Caller(user="root", uid=0, admin=True, backend=False))

    async def receive(self, data: bytes, fax: Received = FAX) -> tuple[int, list[Page]]:
        """A fax that is routed to the method with such data."""
        pages = [page_from_bitmap(blobs(1728, 400, seed), 204, 196) for seed in (1, 2)]
        file = f"{store_received.folder_of(fax.port, fax.call)}/pages.tif"
        (self.spool.root / file).parent.mkdir(parents=True)
        with TiffWriter(self.spool.root / file) as writer:
            for page in pages:
                writer.append(page)
        taken = [
            TakenPage(
                index=index,
                digest=page.digest,
                width=page.width,
                rows=page.rows,
                bad_rows=0,
                fate=Fate.CONFIRMED,
            )
            for index, page in enumerate(pages)
        ]
        step = Step(method=EMAIL_GUID, name="E-mail", data=data, why="a test")
        job = await self.store.run(
            partial(
                store_received.take_in,
                facts=fax,
                pages=taken,
                whole=True,
                file=file,
                octets=1,
                resolution=Resolution.FINE,
                decision=Decision(steps=(step,)),
            )
        )
        assert job is not None
        return job, pages

    async def delivery(self, job: int) -> tuple[Delivery, str, str]:
        """The delivery with the job's state and type."""

        def work(tx: Transaction) -> tuple[Delivery, str, str]:
            about = store_jobs.row(tx, job)
            (only,) = store_received.delivered(tx, job)
            return only, about.state, about.type

        return await self.store.run(work)

    async def until(self, job: int, state: DeliveryState) -> Delivery:
        found: list[Delivery] = []

        async def there() -> bool:
            found[:] = [(await self.delivery(job))[0]]
            return found[0].state is state

        await eventually(there)
        return found[0]


async def eventually(what: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await what():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def office(folder: Path, host: MailHost, **settings: object) -> AsyncIterator[Office]:
    (folder / "spool").mkdir()
    spool = Spool(folder / "spool")
    spool.prepare(None)
    store = Store(spool.database)
    live = Live(store, Settings())
    routing = Routing(store, spool, live)
    method = MailMethod(Mailbox(store, spool, live), lambda: live.configuration)
    routing.register(method)
    made = Office(store, spool, live, routing, method)
    await made.set(**host.settings(routing_delay_s=0.1, header_zone="Europe/Berlin"), **settings)
    await routing.start()
    try:
        yield made
    finally:
        await routing.stop()
        store.close()


def pages_of(taken: Taken, folder: Path) -> list[Page]:
    (file,) = taken.files().items()
    path = folder / file[0]
    path.write_bytes(file[1])
    return read_pages(path)


def test_a_fax_fails_twice_and_then_is_in_the_mailbox_pixel_by_pixel(tmp_path: Path, host: MailHost) -> None:
    async def run() -> None:
        host.policy.answers = ["451 4.3.0 Not now", ""]
        async with office(tmp_path, host) as here:
            job, pages = await here.receive(data_of(ANN, format="tiff"))
            done = await here.until(job, DeliveryState.DONE)
            assert (done.tries, done.reason) == (3, f"Mailed to {ANN}")
            # The second try reached the mailbox and its answer did not reach us: the third is the same mail.
            assert len(host.taken) == 2 and len({taken.octets for taken in host.taken}) == 1
            assert len(set(host.policy.tried)) == 1 and len(host.policy.tried) == 3
            taken = host.taken[-1]
            assert (taken.user, taken.to) == (USER, ANN)
            assert done.id in taken.id
            assert taken.message["Subject"] == "Fax from Praxis Dr. Öz: 2 pages"
            assert "Received:    20 Nov 2026 12:00:42 CET\n" in taken.text and "3 damaged lines" in taken.text
            assert pages_of(taken, tmp_path) == pages
            assert (await here.delivery(job))[1] == JobState.DONE.value

    asyncio.run(run())


def test_a_fax_that_cannot_be_mailed_yet_is_seen_as_being_routed(tmp_path: Path, host: MailHost) -> None:
    async def run() -> None:
        host.policy.answers = ["451 4.3.0 Not now"] * 3
        async with office(tmp_path, host, routing_retries=1) as here:
            job, _ = await here.receive(data_of(ANN))
            failed = await here.until(job, DeliveryState.FAILED)
            assert failed.reason == "The mail is refused: 451 4.3.0 Not now; given up after 2 tries"
            assert (await here.delivery(job))[2] == JobType.ROUTING.value
            host.policy.answers.clear()
            await here.store.run(partial(here.routing.route_again, id=job, failed_only=True))
            await here.until(job, DeliveryState.DONE)
            assert host.taken[0].id == host.policy.tried[0]
            (name,) = host.taken[0].files()
            assert name == f"fax-{job}.pdf"

    asyncio.run(run())


def test_of_several_addresses_only_those_without_the_mail_are_tried_again(tmp_path: Path, host: MailHost) -> None:
    async def run() -> None:
        host.policy.answers = []
        host.policy.nobody = {"nobody@example.org"}
        async with office(tmp_path, host) as here:
            job, _ = await here.receive(data_of(f"{ANN}, nobody@example.org, {BOB}"))
            failed = await here.until(job, DeliveryState.FAILED)
            assert failed.tries == 1 and "nobody@example.org is refused: 550" in (failed.reason or "")
            assert [taken.to for taken in host.taken] == [ANN, BOB]
            assert len({taken.id for taken in host.taken}) == 2
            host.policy.nobody = set()
            await here.store.run(partial(here.routing.route_again, id=job, failed_only=True))
            await here.until(job, DeliveryState.DONE)
            assert [taken.to for taken in host.taken] == [ANN, BOB, "nobody@example.org"]

    asyncio.run(run())


def test_a_notice_has_the_words_that_were_set_and_no_fax(tmp_path: Path, host: MailHost) -> None:
    async def run() -> None:
        async with office(tmp_path, host, inbound_profile=BOB, report_language="de") as here:
            fax = replace(FAX, call="line1-8", caller_name="Eve\r\nBcc: eve@example.org")
            data = data_of("", format="none", subject="Post für {number}: {from}", body=r"{pages}\n{time} {port}{sub}")
            job, _ = await here.receive(data, fax)
            await here.until(job, DeliveryState.DONE)
            (taken,) = host.taken
            assert (taken.to, taken.files()) == (BOB, {})
            assert taken.message["Subject"] == "Post für 17: Eve Bcc: eve@example.org"
            assert taken.message["Bcc"] is None
            assert taken.text == "2 Seiten\n20.11.2026 12:00:42 CET line1\n"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "No mail address is named"),
        (b"ann", "'ann' is not a mail address"),
        (data_of(f"{ANN}, <bob@example.org>"), "is not a mail address"),
        (data_of(ANN, format="gif"), "format=gif"),
        (data_of(ANN, subject="{secret}"), "{secret} stands for nothing in a mail"),
        (data_of(ANN, copies="2"), "copies is no option of a mail"),
        (b"\xff\xfe\xfd", "are no text"),
    ],
)
def test_data_that_cannot_work_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(RequestError) as caught:
        parsed(data, "")
    assert caught.value.cause is Cause.BAD_CONFIGURATION and why in caught.value.text


def test_what_windows_keeps_for_the_method_is_an_address() -> None:
    data = (ANN + "\0").encode("utf-16-le")
    assert parsed(data, "") == MailTarget(addresses=(ANN,))


def test_the_method_cannot_be_enabled_without_a_mail_server(tmp_path: Path, host: MailHost) -> None:
    async def run() -> None:
        async with office(tmp_path, host) as here:
            await here.method.check(data_of(ANN), "line1", 1)
            await here.set(mail_host="")
            with pytest.raises(RequestError) as caught:
                await here.method.check(data_of(ANN), "line1", 1)
            assert caught.value.cause is Cause.BAD_CONFIGURATION

    asyncio.run(run())

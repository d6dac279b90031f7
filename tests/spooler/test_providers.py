"""Devices of others: registered, sending and receiving in a process of their own, and failing there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest

from codec.coder import page_from_bitmap
from codec.page import Bitmap, Page
from codec.tiff import read_pages, write_pages
from fax.errors import Cause, NotRunningError
from fax.ports import PortChange, PortInfo
from fax.registry import ProviderRegistration, Running
from fax.types import Fate, Job, JobState, JobType
from modem.plan import CallPlan
from modem.port.client import PortClient, PortError
from modem.receipt import AnswerOutcome
from modem.received import ReceivedCall, calls_in
from tests.spooler.modules import provider
from tests.spooler.rig import PATIENCE_S, ROOT, Rig, refusal, wait_for

NAMES = ["virtual0", "virtual1"]
TWO_PAGES = "A page.\n\f\nAnother page.\n"


class Lines(Rig):
    """A daemon whose lines are the provider's."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "retries = 1", port=False)
        self.module = folder / "module" / "provider.py"
        self.module.parent.mkdir()
        shutil.copyfile(provider.__file__, self.module)

    def register(self) -> None:
        self.client.register_provider(
            ProviderRegistration(name="tests", friendly_name="Of the tests", image=str(self.module))
        )

    def lines(self) -> list[PortInfo]:
        with suppress(NotRunningError):
            return [port for port in self.client.ports() if port.virtual]
        return []

    def ready(self) -> bool:
        return [port.status.state.value for port in self.lines()] == ["available"] * 2

    def pid(self) -> int:
        status = PortClient(self.spool / "ports" / NAMES[0], PATIENCE_S).status()
        assert status is not None
        return status.pid

    def fax(self, number: str) -> Job:
        document = self.client.upload(BytesIO(TWO_PAGES.encode()), "words.txt").id
        return self.send(number, documents=[document])

    def said(self) -> list[str]:
        return (self.module.parent / "said.txt").read_text().splitlines()

    def fates(self, job: Job) -> list[Fate]:
        return [page.fate for page in self.client.job(job.id).pages]

    def ring(self, device: int, pages: list[Page]) -> None:
        part = self.module.parent / "part.tif"
        if pages:
            write_pages(part, pages)
        else:
            part.touch()
        part.rename(self.module.parent / f"ring-{device}.tif")


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lines]:
    """A daemon that was started again after the provider was registered."""
    with Lines(tmp_path_factory.mktemp("lines")) as rig:
        rig.register()
        assert [each.running for each in rig.client.providers() if not each.built_in] == [Running.WAITS]
        assert rig.lines() == []
        rig.restart()
        wait_for(rig.ready, "both lines being ready")
        yield rig


def black(rows: int) -> Page:
    return page_from_bitmap(Bitmap(1728, rows, b"\xff\x00" * (108 * rows)), 204, 196)


def test_its_devices_are_lines_like_others_in_a_process_of_their_own(lines: Lines) -> None:
    wait_for(lambda: Running.RUNS in {each.running for each in lines.client.providers() if not each.built_in}, "it")
    (about,) = [each for each in lines.client.providers() if not each.built_in]
    assert list(about.devices) == NAMES
    assert [port.name for port in lines.lines()] == NAMES
    assert all(port.provider == "tests" for port in lines.lines())
    assert lines.process is not None
    assert lines.pid() != lines.process.pid
    assert lines.said()[:2] == ["created", "initialized"]


def test_what_it_sends_arrives_and_is_confirmed(lines: Lines) -> None:
    job = lines.fax("5552001")
    done = lines.until(job.id, JobState.DONE, JobState.FAILED)
    assert done.state is JobState.DONE, done
    assert lines.fates(job) == [Fate.CONFIRMED] * 2
    assert len(read_pages(lines.module.parent / "sent" / "5552001.tif")) == 2
    assert {"dialling", "connected", "page-sending", "page-confirmed", "done"} <= set(lines.kinds(job.id))
    wait_for(lambda: lines.said()[-1].startswith("end"), "the end of its job")
    at = len(lines.said()) - next(n for n, said in enumerate(reversed(lines.said())) if said.startswith("start")) - 1
    assert [said.partition(" ")[0] for said in lines.said()[at:]] == ["start", "send", "end"]
    assert sum(port.pages for port in lines.client.port_statistics()) >= 2


def test_a_busy_number_is_tried_again_and_no_page_counts_as_sent(lines: Lines) -> None:
    job = lines.fax("5552002")
    failed = lines.until(job.id, JobState.FAILED)
    assert [call.cause for call in failed.calls] == ["busy"] * 2
    assert lines.fates(job) == [Fate.NOT_SENT] * 2


def test_a_bad_number_is_not_tried_again(lines: Lines) -> None:
    failed = lines.until(lines.fax("5552007").id, JobState.FAILED)
    assert [call.cause for call in failed.calls] == ["bad-number"]


def test_a_call_that_breaks_off_goes_on_with_the_page_that_was_not_confirmed(lines: Lines) -> None:
    job = lines.fax("5552003")
    failed = lines.until(job.id, JobState.FAILED)
    assert lines.fates(job) == [Fate.CONFIRMED, Fate.UNCERTAIN]
    plans = [CallPlan.load(lines.spool / "calls" / call.id / "plan.json") for call in failed.calls]
    assert [len(plan.documents[0].pages) for plan in plans] == [2, 1]


def test_completed_from_a_function_that_failed_confirms_nothing_more(lines: Lines) -> None:
    job = lines.fax("5552008")
    lines.until(job.id, JobState.FAILED)
    assert Fate.CONFIRMED not in lines.fates(job)[1:]


def test_a_fax_is_cancelled_by_ending_its_operation(lines: Lines) -> None:
    job = lines.fax("5552005")
    wait_for(lambda: "page-sending" in lines.kinds(job.id), "the first page")
    lines.client.cancel(job.id)
    lines.until(job.id, JobState.CANCELLED)
    assert any(said.startswith("abort") for said in lines.said())


def test_a_fax_comes_in_over_it(lines: Lines) -> None:
    wait_for(lines.ready, "both lines being ready")
    (line, _) = sorted(lines.lines(), key=lambda port: port.name)
    lines.client.change_port(line.id, PortChange(receive=True, csid="+49 555 US"))
    pages = [black(100), black(200)]
    lines.ring(provider.FIRST_ID, pages)
    folder = lines.spool / "received" / line.name

    def came_in() -> list[ReceivedCall]:
        return [call for call in calls_in(folder) if call.outcome() is not None]

    wait_for(came_in, "a call that came in")
    (call,) = came_in()
    outcome = call.outcome()
    assert outcome is not None
    assert outcome.cause.value == "ok"
    assert [page.confirmed for page in outcome.pages] == [True, True]
    assert [page.digest for page in read_pages(call.pages)] == [page.digest for page in pages]
    assert (outcome.caller.number, outcome.figures.far_ident) == ("+49 555 7001", "+49 555 TSI")
    assert outcome.sub_address == "42"
    wait_for(lambda: "received" in {event.kind for event in lines.events()}, "the news of it")


def test_its_crash_while_it_receives_harms_nothing(lines: Lines) -> None:
    wait_for(lines.ready, "both lines being ready")
    (line, _) = sorted(lines.lines(), key=lambda port: port.name)
    lines.client.change_port(line.id, PortChange(receive=True))
    before = lines.pid()
    lines.ring(provider.FIRST_ID, [])

    def other() -> bool:
        with suppress(AssertionError, PortError):
            return lines.pid() != before
        return False

    wait_for(other, "another process")
    folder = lines.spool / "received" / line.name

    def ended() -> list[AnswerOutcome]:
        found = [outcome for call in calls_in(folder) if (outcome := call.outcome()) is not None]
        return [outcome for outcome in found if outcome.cause.value == "port-died"]

    wait_for(ended, "the end of the call that was being received")
    assert [page.confirmed for outcome in ended() for page in outcome.pages] == []
    wait_for(lambda: "module-failed" in {event.kind for event in lines.events()}, "the news of it")
    wait_for(lines.ready, "both lines being ready again")


def test_what_had_come_in_when_it_crashed_is_kept_as_a_fax_that_may_not_be_whole(lines: Lines) -> None:
    wait_for(lines.ready, "both lines being ready")
    line = next(port for port in lines.lines() if port.name == "virtual1")
    lines.client.change_port(line.id, PortChange(receive=True))
    wait_for(lines.ready, "both lines being ready")
    (lines.module.parent / "die-when-received").touch()
    pages = [black(110), black(120)]
    lines.ring(provider.FIRST_ID + 1, pages)
    folder = lines.spool / "received" / line.name

    def saved() -> list[AnswerOutcome]:
        found = [call for call in calls_in(folder) if call.call.endswith("-saved")]
        # Its folder is there before its journal is.
        return [outcome for call in found if (outcome := call.outcome()) is not None and outcome.pages]

    wait_for(saved, "the fax being saved")
    (outcome,) = saved()
    assert outcome.cause.value == "port-died"
    assert [page.digest for page in outcome.pages] == [page.digest for page in pages]
    assert not any(page.confirmed for page in outcome.pages)
    wait_for(lambda: any(job.type is JobType.FAIL_RECEIVE for job in lines.client.inbox()), "its job")
    wait_for(lines.ready, "both lines being ready again")


def test_its_crash_in_a_call_harms_nothing_and_the_fax_is_tried_again(lines: Lines) -> None:
    before = lines.pid()
    job = lines.fax("5552004")
    failed = lines.until(job.id, JobState.FAILED)
    # One that found the process gone before it had begun costs no try.
    assert [call.cause for call in failed.calls if call.cause != "not-dialled"] == ["port-died"] * 2
    # Whether the first page's answer was on disk when it died is chance; nothing that may have left is called unsent.
    assert lines.fates(job)[0] in (Fate.CONFIRMED, Fate.UNCERTAIN)
    assert lines.fates(job)[1] is Fate.UNCERTAIN
    wait_for(lines.ready, "both lines being ready again")
    assert lines.pid() != before
    wait_for(lambda: "module-failed" in {event.kind for event in lines.events()}, "the news of it")
    assert lines.process is not None
    assert lines.process.poll() is None
    lines.until(lines.fax("5552011").id, JobState.DONE)


def test_a_call_goes_on_while_the_daemon_is_away(lines: Lines) -> None:
    wait_for(lines.ready, "both lines being ready")
    before = lines.pid()
    job = lines.fax("5552015")
    wait_for(lambda: "page-sending" in lines.kinds(job.id), "the first page")
    lines.restart()
    wait_for(lambda: any(port.status.job == job.id for port in lines.lines()), "the call being adopted")
    assert lines.pid() == before
    lines.client.cancel(job.id)
    lines.until(job.id, JobState.CANCELLED)


def test_only_administrators_register_and_built_in_ones_stay(lines: Lines) -> None:
    built_in = {each.name for each in lines.client.providers() if each.built_in}
    assert built_in == {"serial", "software"}
    assert refusal(lambda: lines.client.remove_provider("serial")).cause is Cause.WRONG_STATE
    assert refusal(lambda: lines.client.remove_provider("nobody")).cause is Cause.NO_SUCH_ENTRY
    wrong = ProviderRegistration(name="x", friendly_name="X", image="/nowhere/x.py")
    assert refusal(lambda: lines.client.register_provider(wrong)).cause is Cause.BAD_SETTING


def test_one_that_was_taken_away_is_gone_after_the_next_start(lines: Lines) -> None:
    pid = lines.pid()
    lines.client.remove_provider("tests")
    assert [each.running for each in lines.client.providers() if not each.built_in] == [Running.LEAVES]
    lines.restart()
    assert lines.lines() == []

    def ended() -> bool:
        with suppress(ProcessLookupError):
            os.kill(pid, 0)
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        return True

    wait_for(ended, "the end of its process")


def test_one_that_cannot_make_its_devices_is_reported_and_harms_nothing(tmp_path: Path) -> None:
    with Lines(tmp_path) as rig:
        (rig.module.parent / "fail").touch()
        rig.register()
        rig.restart()

        def failed() -> bool:
            return Running.FAILED in {each.running for each in rig.client.providers()}

        wait_for(failed, "the provider's failure")
        (about,) = [each for each in rig.client.providers() if not each.built_in]
        assert "FaxDevVirtualDeviceCreation failed" in about.detail
        (rig.module.parent / "fail").unlink()
        wait_for(rig.ready, "both lines being ready after all")


def test_the_example_of_the_documentation_sends_and_receives(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "providers.md").read_text().partition("```python\n")[2].partition("```")[0]
    with Lines(tmp_path) as rig:
        rig.module.write_text(text)
        rig.register()
        rig.restart()
        wait_for(lambda: [port.status.state.value for port in rig.lines()] == ["available"], "its line being ready")
        rig.until(rig.fax("5552001").id, JobState.DONE)
        (sent,) = (rig.module.parent / "far-end" / "out").iterdir()
        assert len(read_pages(sent)) == 2
        bad = rig.until(rig.fax("5552*1").id, JobState.FAILED)
        assert "only digits" in str(bad.calls[-1].text)
        (line,) = rig.lines()
        rig.client.change_port(line.id, PortChange(receive=True))
        shutil.copyfile(sent, rig.module.parent / "far-end" / "part")
        (rig.module.parent / "far-end" / "part").rename(rig.module.parent / "far-end" / "in" / "Bob.tif")
        folder = rig.spool / "received" / line.name

        def came() -> list[AnswerOutcome]:
            # It rings each second: one that was late is a call of its own, for which nothing is left.
            return [outcome for call in calls_in(folder) if (outcome := call.outcome()) is not None and outcome.pages]

        wait_for(came, "a call that came in")
        (outcome,) = came()
        assert (len(outcome.pages), outcome.figures.far_ident) == (2, "Bob")

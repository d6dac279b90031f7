"""Faxes that go on in a later call, with a daemon and port processes: killed between, and on a line that is lost."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import msgspec

from codec.operations import same_pixels
from codec.tiff import read_pages
from fax.types import CoverPage, Fate, JobState, Recipient, Submission
from modem.plan import CallPlan
from modem.soft.framehabits import Habits, Odd
from tests.spooler.crash.killing import below_header
from tests.spooler.crash.scenarios import LETTER, NUMBER, SETTINGS, fax_machine
from tests.spooler.rig import REPORT, Rig, wait_for


def write_by_hand(journal_file: Path, job: int, *said: tuple[str, str, int, str]) -> None:
    """What a port process would have written before it was killed."""
    n = journal_file.read_bytes().count(b"\n")
    with journal_file.open("ab") as file:
        for kind, name, number, fate in said:
            fields = {"fate": fate, "by": "MCF"} if kind == "page-answer" else {"digest": "", "index": 0}
            line = {"n": n, "t": 60.0 + n, "kind": kind, "job": job, name: number, **fields}
            file.write(msgspec.json.encode(line) + b"\n")
            n += 1


def test_each_call_that_goes_on_has_a_cover_page_of_its_own_whatever_dies_between(rig: Rig) -> None:
    with rig.plug_in(None).running() as modem:
        documents = (rig.client.upload(REPORT).id,)
        cover = CoverPage(subject="Offer", note="As promised.")
        recipients = (Recipient(number="5552001", name="Ann"),)
        accepted = rig.client.submit(Submission(documents=documents, recipients=recipients, cover=cover))
        job = rig.client.job(accepted.jobs[0])
        calls = rig.spool / "calls"
        wait_for(lambda: modem.dialled, "dialling")
        rig.kill()
        rig.kill_port()
        write_by_hand(
            calls / f"{job.id}-1" / "journal.jsonl",
            job.id,
            ("page-intent", "number", 1, ""),
            ("page-answer", "number", 1, "confirmed"),
            ("page-intent", "number", 2, ""),
            ("page-answer", "number", 2, "confirmed"),
        )
        rig.start()
        wait_for(lambda: modem.dialled == 2, "the next call")
        plan = CallPlan.load(calls / f"{job.id}-2" / "plan.json")
        (preface,) = plan.documents[0].preface
        assert [page.number for page in plan.documents[0].pages] == [3, 4]
        assert [page.digest for page in read_pages(Path(preface.file))] == [preface.digest]
        rig.kill()
        rig.kill_port()
        # It dies with the extra page answered, and the next one between that page's file and the plan.
        write_by_hand(
            calls / f"{job.id}-2" / "journal.jsonl",
            job.id,
            ("page-intent", "preface", 1, ""),
            ("page-answer", "preface", 1, "confirmed"),
        )
        rig.start()
        wait_for(lambda: modem.dialled == 3, "the call after it")
        about = rig.client.job(job.id)
        assert [page.fate for page in about.pages] == [Fate.CONFIRMED] * 2 + [Fate.NOT_SENT] * 2
        assert (about.pages_confirmed, about.pages_total) == (2, 4)
        rig.kill()
        rig.kill_port()
        for name in ("plan.json", "journal.jsonl"):
            (calls / f"{job.id}-3" / name).unlink()
        rig.start()
        wait_for(lambda: modem.dialled == 4, "the call in its place")
        plan = CallPlan.load(calls / f"{job.id}-4" / "plan.json")
        assert [(each.preface, each.page.number) for each in plan.pages] == [(True, 1), (False, 3), (False, 4)]
        assert rig.client.job(job.id).pages_confirmed == 2
        rig.kill()
        rig.kill_port()


def test_the_call_after_a_lost_line_brings_the_cover_page_and_the_rest(tmp_path: Path) -> None:
    """Four pages; the line is lost in place of the answer to the third."""
    rig = Rig(tmp_path, *SETTINGS, tables="flow_control = true\n")
    machine = fax_machine(rig.tty, lambda call: Habits(odd={4: Odd.VANISH} if call == 0 else {}))
    with machine as far_end, rig:
        documents = (rig.client.upload(BytesIO(LETTER), "letter.txt").id,)
        recipients = (Recipient(number=NUMBER, name="Ann"),)
        accepted = rig.client.submit(Submission(documents=documents, recipients=recipients, cover=CoverPage()))
        done = rig.until(accepted.jobs[0], JobState.DONE, JobState.FAILED)
        assert done.state is JobState.DONE
        assert [page.fate for page in done.pages] == [Fate.CONFIRMED] * 4
        assert [page.call for page in done.pages] == [done.calls[0].id] * 2 + [done.calls[1].id] * 2
        out = tmp_path / "pages.tif"
        rig.client.pages(done.id, out)
        plan = CallPlan.load(rig.spool / "calls" / done.calls[1].id / "plan.json")
        (preface,) = plan.documents[0].preface
        came = [below_header(page) for page in far_end.ports[0].faxes[1].pages]
        wanted = [*read_pages(Path(preface.file)), *read_pages(out)[2:]]
        assert [same_pixels(one, other) for one, other in zip(wanted, came, strict=True)] == [None] * 3

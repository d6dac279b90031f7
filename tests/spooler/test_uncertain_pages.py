"""A page of which nobody knows whether it arrived: sent again by itself, or only when a person says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from fax.settings import UncertainPages
from fax.types import Fate, Job, JobState
from modem.soft.framehabits import Habits
from modem.soft.framepty import FramePtyServer
from tests.spooler.crash.scenarios import LETTER, NUMBER, SETTINGS, fax_machine
from tests.spooler.rig import Rig

ENDED = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


@contextmanager
def house(folder: Path, policy: UncertainPages) -> Iterator[tuple[Rig, FramePtyServer]]:
    """The far end vanishes in place of its answer to page 2 of its first call, and is well the next time."""
    rig = Rig(folder, *SETTINGS, tables="flow_control = true\n")
    machine = fax_machine(rig.tty, lambda call: Habits(vanishes_at_page=2 if call == 0 else 0))
    with machine as far_end, rig:
        rig.client.change_configuration({"uncertain_pages": policy.value})
        yield rig, far_end


def fax(rig: Rig) -> Job:
    return rig.send(NUMBER, documents=[rig.client.upload(BytesIO(LETTER), "letter.txt").id])


def planned(rig: Rig, job: Job) -> list[list[tuple[int, bool]]]:
    """For each call the pages that went into it, and which of them are marked as possible duplicates."""
    found = []
    for call in job.calls:
        (document,) = json.loads((rig.spool / "calls" / call.id / "plan.json").read_bytes())["documents"]
        found.append([(page["number"], page.get("possible_duplicate", False)) for page in document["pages"]])
    return found


def test_where_a_person_is_to_be_asked_the_fax_is_held_and_goes_on_when_it_is_resumed(tmp_path: Path) -> None:
    with house(tmp_path, UncertainPages.ASK) as (rig, far_end):
        held = rig.until(fax(rig).id, JobState.HELD, *ENDED)
        assert (held.state, held.cause) == (JobState.HELD, "uncertain-pages")
        assert "may have arrived" in (held.reason or "")
        assert [page.fate for page in held.pages] == [Fate.CONFIRMED, Fate.UNCERTAIN, Fate.NOT_SENT]
        assert len(held.calls) == len(far_end.ports[0].faxes) == 1
        rig.client.resume(held.id)
        done = rig.until(held.id, *ENDED)
        assert done.state is JobState.DONE
        assert planned(rig, done) == [[(1, False), (2, False), (3, False)], [(2, True), (3, False)]]


def test_where_a_person_is_to_be_asked_the_fax_can_be_cancelled_and_is_not_sent_again(tmp_path: Path) -> None:
    with house(tmp_path, UncertainPages.ASK) as (rig, far_end):
        held = rig.until(fax(rig).id, JobState.HELD, *ENDED)
        assert held.state is JobState.HELD
        # Somebody else's setting is no answer to what was asked of this fax.
        rig.client.change_configuration({"uncertain_pages": "repeat"})
        cancelled = rig.client.cancel(held.id)
        assert cancelled.state is JobState.CANCELLED
        assert [page.fate for page in cancelled.pages] == [Fate.CONFIRMED, Fate.UNCERTAIN, Fate.NOT_SENT]
        # A fax after it goes out, and is the second that the far end hears of.
        assert rig.until(fax(rig).id, *ENDED).state is JobState.DONE
        assert len(far_end.ports[0].faxes) == 2


def test_where_it_is_repeated_by_itself_it_is_marked(tmp_path: Path) -> None:
    with house(tmp_path, UncertainPages.REPEAT) as (rig, far_end):
        done = rig.until(fax(rig).id, JobState.HELD, *ENDED)
        assert done.state is JobState.DONE
        assert planned(rig, done) == [[(1, False), (2, False), (3, False)], [(2, True), (3, False)]]
        assert len(far_end.ports[0].faxes) == 2

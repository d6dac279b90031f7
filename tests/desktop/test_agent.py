"""``platen agent`` in real sessions asks, and the answer sends the fax (the slow tier)."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fax.types import CoverPage, JobId, JobState, Recipient, Submission
from script.house import House
from tests.desktop.session import Session
from tests.spooler.rig import REPORT, Rig
from tests.whole.conftest import NUMBER, differences, sent_pages, wait_for_end, wait_for_state

Build = Callable[..., House]


@pytest.fixture
def open_rig() -> Iterator[Rig]:
    """A daemon without a line, in a folder that every user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="platen-agents-"))
    folder.chmod(0o755)
    try:
        with Rig(folder, port=False) as rig:
            yield rig
    finally:
        shutil.rmtree(folder)


@pytest.mark.slow
def test_a_job_printed_with_phone_custom_waits_and_the_answer_in_the_dialogue_sends_it(build: Build) -> None:
    house = build(cups=True)
    with Session() as session:
        session.agent(house.socket)
        house.lp("-o", "phone=Custom", "-t", "Quarterly report", str(REPORT))
        job = wait_for_state(house, house.wait_for_jobs()[0].id, JobState.ADDRESS)
        session.wait_for_notices(1)
        session.shot("notification")
        session.run("dunstctl", "action", "0")
        session.drive("set", "Fax number", NUMBER)
        session.drive("set", "Recipient", "Jörg Müller")
        session.shot("dialogue")
        session.drive("press", "Send")
        done = wait_for_end(house, job.id, 300)
        assert done.state is JobState.DONE
        assert (done.recipient.number, done.recipient.name) == (NUMBER, "Jörg Müller")
        assert differences(sent_pages(house, job.id), house.received_pages(NUMBER)) == []
        assert session.notices() == 0


@pytest.mark.slow
def test_a_cover_page_is_chosen_in_the_dialogue_and_a_wrong_number_is_said_there(open_rig: Rig) -> None:
    job = open_rig.until(open_rig.send(None).id, JobState.ADDRESS)
    with Session() as session:
        session.agent(open_rig.socket, "--open")
        session.drive("set", "Fax number", "no number")
        session.drive("choose", "Cover page", "Standard")
        session.drive("set", "Subject", "Grüße")
        session.drive("press", "Send")
        session.drive("see", open_rig_refusal(open_rig, "no number"))
        session.shot("refused")
        assert open_rig.client.job(job.id).state is JobState.ADDRESS
        session.drive("set", "Fax number", "5552001")
        session.drive("press", "Send")
        found = open_rig.until(job.id, JobState.WAITING)
    assert (found.recipient.number, found.cover) == ("5552001", CoverPage(subject="Grüße"))


def open_rig_refusal(rig: Rig, number: str) -> str:
    """What the server says of a number."""
    from fax.errors import RequestError

    job = rig.until(rig.send(None, hold=True).id, JobState.HELD)
    with pytest.raises(RequestError) as refused:
        rig.client.address(job.id, Recipient(number=number))
    return refused.value.text


@pytest.mark.slow
def test_a_group_of_the_book_is_picked_in_the_dialogue(open_rig: Rig) -> None:
    client = open_rig.client
    people = [
        client.add_person(Recipient(name=name, number=number))
        for name, number in (("Ann", "5552001"), ("Bob", "5552002"))
    ]
    client.add_group("Ärzte", tuple(person.id for person in people))
    job = open_rig.until(open_rig.send(None).id, JobState.ADDRESS)
    with Session() as session:
        session.agent(open_rig.socket, "--open")
        session.drive("press", "Address book")
        session.drive("see", "Everybody of Ärzte (2)")
        session.shot("book")
        session.run("xdotool", "search", "--sync", "--onlyvisible", "--name", "^Who is", "windowactivate", "--sync")
        session.run("xdotool", "key", "Return")
        session.drive("see", "Another recipient instead")
        session.shot("group")
        session.drive("press", "Send")
        found = open_rig.until(job.id, JobState.WAITING)
    sent = [each.recipient.name for each in client.jobs(submission=found.submission)]
    assert sent == ["Ann", "Bob"]


@pytest.mark.slow
def test_later_leaves_the_fax_waiting_and_discarding_it_is_asked_for_twice(open_rig: Rig) -> None:
    job = open_rig.until(open_rig.send(None).id, JobState.ADDRESS)
    with Session() as session:
        session.agent(open_rig.socket, "--open")
        session.drive("press", "Later")
        assert open_rig.client.job(job.id).state is JobState.ADDRESS
        session.agent(open_rig.socket)  # a second one has the first show what waits
        session.drive("press", "Discard")
        session.drive("see", "Keep it")
        assert open_rig.client.job(job.id).state is JobState.ADDRESS
        session.drive("press", "Discard#2")
        open_rig.until(job.id, JobState.CANCELLED)


@pytest.mark.slow
def test_two_users_on_one_machine_are_asked_for_their_own_only(open_rig: Rig) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can be several users")
    document = open_rig.text()

    def fax(user: str) -> JobId:
        submission = Submission(documents=(document,), recipients=(Recipient(),), title=f"Of {user}")
        job = open_rig.client.submit(replace(submission, user=user)).jobs[0]
        return open_rig.until(job, JobState.ADDRESS).id

    with Session("games") as one, Session("nobody") as other:
        one.agent(open_rig.socket)
        other.agent(open_rig.socket)
        fax("root")
        fax("games")
        fax("games")
        one.wait_for_notices(2)
        mine = fax("nobody")
        other.wait_for_notices(1)
        other.run("dunstctl", "action", "0")
        other.drive("set", "Fax number", "5552001")
        other.drive("press", "Send")
        open_rig.until(mine, JobState.WAITING)
        assert one.notices() == 2
        other.wait_for_notices(0)

"""The agent's watcher against a real daemon."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.api import Api
from agent.asking import Changed, Gone, Listed, Lost, News
from agent.facts import Cover, Refusal, Unreachable
from agent.watching import Watcher
from fax.types import CoverPage, JobState, Recipient
from tests.spooler.rig import PATIENCE_S, Rig


class Ear:
    """What a watcher tells."""

    def __init__(self) -> None:
        self.news: queue.Queue[News] = queue.Queue()

    def until(self, what: Callable[[News], bool]) -> News:
        """The next news of which ``what`` is true."""
        while not what(found := self.news.get(timeout=PATIENCE_S)):
            pass
        return found


@contextmanager
def watched(socket: Path) -> Iterator[Ear]:
    ear = Ear()
    watcher = Watcher(Api(str(socket)), ear.news.put)
    threading.Thread(target=watcher.run, daemon=True).start()
    try:
        yield ear
    finally:
        watcher.end()


def comes(id: int) -> Callable[[News], bool]:
    return lambda news: isinstance(news, Changed) and news.fax.id == id and news.fax.state == "address"


def goes(id: int) -> Callable[[News], bool]:
    return lambda news: isinstance(news, Gone) and news.fax == id


def test_what_waits_already_is_told_of_and_what_comes_and_what_goes(rig: Rig) -> None:
    old = rig.until(rig.send(None).id, JobState.ADDRESS)
    with watched(rig.socket) as ear:
        first = ear.until(lambda news: isinstance(news, Listed))
        assert isinstance(first, Listed)
        assert [fax.id for fax in first.faxes] == [old.id]
        new = rig.send(None)
        told = ear.until(comes(new.id))
        assert isinstance(told, Changed)
        assert (told.fax.pages, told.fax.recipient.number) == (1, "")
        rig.client.cancel(new.id)
        assert ear.until(goes(new.id)) == Gone(new.id, "cancelled")
        rig.client.address(old.id, Recipient(number="5552001"))
        assert ear.until(goes(old.id)) == Gone(old.id, "waiting")


def test_a_fax_with_a_number_is_never_told_of(rig: Rig) -> None:
    with watched(rig.socket) as ear:
        ear.until(lambda news: isinstance(news, Listed))
        named, nameless = rig.send("5552001", hold=True), rig.send(None)
        rig.until(named.id, JobState.HELD)
        told = ear.until(lambda news: isinstance(news, Changed))
        assert isinstance(told, Changed)
        assert told.fax.id == nameless.id


def test_what_comes_while_the_daemon_is_away_is_told_of_when_it_is_back(rig: Rig) -> None:
    with watched(rig.socket) as ear:
        ear.until(lambda news: isinstance(news, Listed))
        rig.kill()
        ear.until(lambda news: isinstance(news, Lost))
        rig.start()
        new = rig.send(None)
        ear.until(
            lambda news: comes(new.id)(news) or (isinstance(news, Listed) and new.id in [fax.id for fax in news.faxes])
        )


def test_a_daemon_that_goes_while_it_is_listened_to_is_told_of_once(rig: Rig) -> None:
    with watched(rig.socket) as ear:
        ear.until(lambda news: isinstance(news, Listed))
        ear.until(comes(rig.send(None).id))  # so its events are being heard
        rig.kill()
        ear.until(lambda news: isinstance(news, Lost))
        rig.start()
        assert isinstance(ear.news.get(timeout=PATIENCE_S), Listed)


def test_an_answer_of_the_agent_is_an_answer(rig: Rig) -> None:
    api = Api(str(rig.socket))
    job = rig.until(rig.send(None).id, JobState.ADDRESS)
    for cover in (None, Cover(subject="Grüße")):
        assert api.first_page(job.id, {"name": "Jörg"}, cover, 2).startswith(b"\x89PNG")
    assert "default" in api.covers()
    api.set_cover(job.id, Cover(subject="Grüße"))
    api.address(job.id, {"number": "555 2001", "name": "Jörg"})
    found = rig.client.job(job.id)
    assert found.recipient == Recipient(number="5552001", name="Jörg")
    assert found.cover == CoverPage(subject="Grüße")
    assert api.cancel(job.id).state == "cancelled"


def test_refusals_have_the_server_s_words_and_silence_is_told_apart(rig: Rig) -> None:
    api = Api(str(rig.socket))
    job = rig.until(rig.send(None).id, JobState.ADDRESS)
    with pytest.raises(Refusal) as refused:
        api.address(job.id, {"number": "not a number"})
    assert refused.value.cause == "bad-number"
    assert rig.client.job(job.id).state is JobState.ADDRESS
    rig.kill()
    with pytest.raises(Unreachable):
        api.cancel(job.id)

"""A right that is taken away ends what it allowed, also what goes on for long: streams of events, leases of lines."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fax.access import EVERYBODY, Right
from fax.types import Recipient, Submission
from tests.spooler.rig import Rig, wait_for
from tests.spooler.test_tls import free_port

PATIENCE_S = 120.0
WHO = "user:nobody"


class House:
    """A daemon, and somebody who is known to it by a token."""

    def __init__(self, rig: Rig, port: int) -> None:
        self.rig = rig
        self._port = port
        rig.client.grant(EVERYBODY, 0)
        self.token = rig.client.add_token("test", "nobody")

    @contextmanager
    def stream(self, method: str, target: str) -> Iterator[http.client.HTTPResponse]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_S)
        try:
            connection.request(method, target, headers={"Authorization": f"Bearer {self.token.token}"})
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            yield answer
        finally:
            connection.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    port = free_port()
    tables = f'[listener]\naddress = "127.0.0.1"\nport = {port}\nplain = true\n'
    with Rig(tmp_path, tables=tables) as rig:
        yield House(rig, port)


def next_job(answer: http.client.HTTPResponse) -> int:
    """The job of the next event of one."""
    while line := answer.readline():
        if line.strip() and (job := json.loads(line)["job"]) is not None:
            return int(job)
    raise AssertionError("the stream has ended")


def test_who_may_no_longer_see_others_faxes_hears_no_more_of_them(house: House) -> None:
    rig = house.rig
    rig.client.grant(WHO, Right.JOB_QUERY)
    with house.stream("GET", "/v1/events?follow=true") as answer:
        seen = rig.send("5552001", hold=True).id
        assert next_job(answer) == seen
        rig.client.grant(WHO, Right.JOB_SUBMIT)
        rig.send("5552002", hold=True)
        theirs = Submission(
            documents=(rig.text(),), recipients=(Recipient(number="5552003"),), hold=True, user="nobody"
        )
        own = rig.client.submit(theirs).jobs[0]
        while (job := next_job(answer)) == seen:
            pass
        assert job == own


def test_a_token_that_is_taken_back_ends_the_streams_that_were_opened_with_it(house: House) -> None:
    with house.stream("GET", "/v1/events?follow=true") as answer:
        house.rig.client.remove_token(house.token.about.id)
        while answer.readline():
            pass
        assert answer.read() == b""


def test_a_lease_ends_with_the_right_to_change_lines(house: House) -> None:
    rig = house.rig
    id = rig.client.ports()[0].id
    rig.client.grant(WHO, Right.PORT_SET | Right.PORT_QUERY)
    with house.stream("POST", f"/v1/ports/{id}/lease") as answer:
        assert "lease" in json.loads(answer.readline())
        assert rig.client.port(id).leased
        rig.client.grant(WHO, Right.PORT_QUERY)
        wait_for(lambda: not rig.client.port(id).leased, "the lease's end")
        rig.client.lease_port(id).close()

"""A wait that a signal ends, whenever it comes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from backend.waking import Waking
from tests.backend.desk import LIMIT_S


@pytest.fixture
def late() -> Iterator[int]:
    """What can be read only when a wait has lasted far too long."""
    reader, writer = os.pipe()
    timer = threading.Timer(LIMIT_S, os.write, (writer, b"late"))
    timer.start()
    yield reader
    timer.cancel()
    timer.join()
    os.close(reader)
    os.close(writer)


def test_a_signal_that_came_before_the_wait_ends_it(waking: Waking, late: int) -> None:
    signal.raise_signal(signal.SIGUSR1)
    assert waking.wait(late) is False


def test_a_signal_that_was_forgotten_ends_no_wait(waking: Waking) -> None:
    reader, writer = os.pipe()
    signal.raise_signal(signal.SIGUSR1)
    waking.forget()
    waking.forget()
    os.write(writer, b"x")
    assert waking.wait(reader) is True
    os.close(writer)
    os.close(reader)


def test_the_end_of_a_pipe_can_be_read(waking: Waking) -> None:
    reader, writer = os.pipe()
    os.close(writer)
    assert waking.wait(reader) is True
    os.close(reader)


def test_a_wait_ends_when_its_time_is_up(waking: Waking) -> None:
    reader, writer = os.pipe()
    assert waking.wait(reader, timeout_s=0.01) is False
    os.close(writer)
    os.close(reader)

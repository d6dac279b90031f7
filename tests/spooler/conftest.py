"""Fixtures of the spooler's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.spooler.rig import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A running daemon whose port has no device."""
    with Rig(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def shared_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A running daemon for all tests of a module, without a port: nothing is ever called."""
    with Rig(tmp_path_factory.mktemp("daemon"), port=False) as running:
        yield running

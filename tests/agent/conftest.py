from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.spooler.rig import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A running daemon without a line: nothing is ever called."""
    with Rig(tmp_path, port=False) as running:
        yield running

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.fax.wire_server import WireServer, serving


@pytest.fixture
def server() -> Iterator[WireServer]:
    # A socket's path may have 107 octets only; the tests' own folders can be deeper.
    with TemporaryDirectory(prefix="platen-") as folder, serving(Path(folder) / "api.sock") as made:
        yield made

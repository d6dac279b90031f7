from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fax import Client
from tests.fax.wire_server import WireServer, serving


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WireServer]:
    with serving(tmp_path / "api.sock") as made:
        yield made


@pytest.fixture
def client(server: WireServer) -> Client:
    return Client(server.path, timeout_s=20)

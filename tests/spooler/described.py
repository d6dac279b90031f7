"""Real answers of the daemon held against its own description, ``/v1/openapi.json``."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.spooler.rig import PATIENCE_S


class Connection(http.client.HTTPConnection):
    """HTTP over the daemon's Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=PATIENCE_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE_S)
        self.sock.connect(os.fspath(self._path))


class Described:
    """Asks over ``socket_path``; an answer that the description does not allow is an AssertionError."""

    def __init__(self, socket_path: Path) -> None:
        self._socket = socket_path
        self.openapi = json.loads(self._exchange("GET", "/v1/openapi.json")[2])

    def operations(self) -> list[tuple[str, str]]:
        """Method and path of every request that is described."""
        return [(method.upper(), path) for path, item in self.openapi["paths"].items() for method in item]

    def ask(self, method: str, target: str, body: Any = None, **headers: str) -> Any:
        """The answer's JSON, None when it is of another kind."""
        octets = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        status, type, answer = self._exchange(method, target, octets, **headers)
        operation = self._operation(method, target.partition("?")[0])
        allowed = operation["responses"].get(str(status)) or operation["responses"]["default"]
        assert type in allowed["content"], f"{method} {target}: {status} {type}"
        schema = allowed["content"][type].get("schema")
        if schema is None:
            return None
        found = json.loads(answer)
        validator = Draft202012Validator({**schema, "components": self.openapi["components"]})
        faults = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(found)]
        assert not faults, f"{method} {target}: {faults}"
        return found

    def _operation(self, method: str, path: str) -> dict[str, Any]:
        for described, item in self.openapi["paths"].items():
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", described), path) and method.lower() in item:
                return dict(item[method.lower()])
        raise AssertionError(f"{method} {path} is not described")

    def _exchange(self, method: str, target: str, body: bytes | None = None, **headers: str) -> tuple[int, str, bytes]:
        connection = Connection(self._socket)
        try:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, target, body=body, headers=names)
            response = connection.getresponse()
            return response.status, response.headers["content-type"], response.read()
        finally:
            connection.close()

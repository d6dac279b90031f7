"""Running the command ``platen`` as a person or a script does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "cli.main")
REPORT = ROOT / "docs" / "sample" / "report.pdf"


def environment(socket: Path | None) -> dict[str, str]:
    made = {name: value for name, value in os.environ.items() if not name.startswith("PLATEN_")}
    made["PYTHONPATH"] = str(ROOT)
    if socket is not None:
        made["PLATEN_SOCKET"] = str(socket)
    return made


def platen(
    *arguments: str | Path, socket: Path | None = None, octets: bytes = b"", cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it to its end, with ``octets`` as standard input. Whatever happens, no traceback is shown."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=octets,
        capture_output=True,
        env=environment(socket),
        cwd=cwd,
        timeout=120,
        check=False,
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in out + err
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


@contextmanager
def begin(
    *arguments: str | Path, socket: Path | None = None, stdout: int = subprocess.PIPE
) -> Iterator[subprocess.Popen[str]]:
    """Start it, with pipes; it does not outlive the block."""
    running = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=environment(socket),
        text=True,
    )
    try:
        yield running
    finally:
        running.kill()
        with running:
            pass

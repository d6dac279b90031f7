"""The house that the demo and the tests live in leaves no process behind, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from modem.soft.farend import ExchangeData, FarEnd
from script.house import House, wait_until

ROOT = Path(__file__).resolve().parents[2]
HOUSE = """
import sys, time
from modem.soft.farend import ExchangeData, FarEnd
from script.house import House
house = House(ExchangeData(numbers=(FarEnd(number="1"),)), speed=20.0)
house.start()
print(house.folder, flush=True)
time.sleep(300)
"""


def of_house(folder: str) -> list[str]:
    """The command lines of living processes that name the house's folder."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            line = (process / "cmdline").read_bytes().decode(errors="replace") if process.name.isdigit() else ""
        except OSError:
            continue
        if folder in line:
            found.append(line.replace("\0", " "))
    return found


def test_a_port_process_that_was_just_started_is_ended_too() -> None:
    house = House(ExchangeData(numbers=(FarEnd(number="1"),)), speed=20.0)
    with house:
        wait_until(lambda: bool(house._port_processes()))
    assert of_house(str(house.folder)) == []
    assert not house.folder.exists()


def test_a_house_whose_owner_is_killed_comes_to_its_end() -> None:
    owner = subprocess.Popen([sys.executable, "-c", HOUSE], cwd=ROOT, stdout=subprocess.PIPE)
    assert owner.stdout is not None
    folder = owner.stdout.readline().decode().strip()
    wait_until(lambda: any("modem.port" in line for line in of_house(folder)))
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    assert wait_until(lambda: not of_house(folder), 40, quiet=True), of_house(folder)
    subprocess.run(["rm", "-rf", folder], check=True)

"""Shows what happens on the fax server, as it happens, until Ctrl-C.

python examples/watch_events.py
"""

from __future__ import annotations

import argparse
import sys
import time
from queue import Queue
from typing import Any

import winfax
from winfax import (
    FAX_EVENT,
    FEI_FAXSVC_ENDED,
    FaxClose,
    FaxConnectFaxServer,
    FaxInitializeEventQueue,
    GetLastError,
    last_error_text,
)

NAMES = {value: name for name, value in vars(winfax).items() if name.startswith("FEI_") and name != "FEI_NEVENTS"}
NO_JOB = 0xFFFFFFFF
RETRY_S = 1.0


def shown(event: FAX_EVENT) -> str:
    at = event.TimeStamp.to_datetime()
    clock = f"{at.astimezone():%H:%M:%S}" if at else "--:--:--"
    job = "" if event.JobId == NO_JOB else f"  job {event.JobId}"
    device = f"  device {event.DeviceId}" if event.DeviceId else ""
    return f"{clock}  {NAMES.get(event.EventId, event.EventId)}{job}{device}"


def registered(events: Queue[tuple[Any, FAX_EVENT]]) -> bool:
    """Whether the server now tells its events."""
    ok, server = FaxConnectFaxServer(None)
    if not ok:
        return False
    ok = FaxInitializeEventQueue(server, events, None, None, 0)
    FaxClose(server)  # events go on
    return ok


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=0, help="end after so many events")
    asked = parser.parse_args()

    events: Queue[tuple[Any, FAX_EVENT]] = Queue()
    if not registered(events):
        sys.exit(f"No connection to the fax server: {last_error_text()} (error {GetLastError()})")
    print("Watching", flush=True)
    number = 0
    while not asked.count or number < asked.count:
        _, event = events.get()
        number += 1
        print(shown(event), flush=True)
        if event.EventId == FEI_FAXSVC_ENDED:
            # A registration ends with the service; it may come back.
            while not registered(events):
                time.sleep(RETRY_S)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print()

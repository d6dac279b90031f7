"""The signals that end the demo. Imports nothing that takes time: they are in place before all else."""

from __future__ import annotations

import signal

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

"""A call between its intent and its settlement, as the supervisor of its port knows it.

What always holds: what stands here can be had again from the database and the call's folder.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from spooler.planning import JOURNAL_NAME, PLAN_NAME
from spooler.port_status import Progress

WITHDRAWN_NAME = "withdrawn.json"  # a plan that nobody is to begin


@dataclass
class RunningCall:
    """``offset``: octets of the journal that were looked at."""

    call: str
    jobs: tuple[int, ...]
    folder: Path
    number: str
    began: datetime
    offset: int = 0
    started: bool = False  # the process has it, or had it
    planned: bool = True  # its plan is written, or was given up
    fault: str | None = None  # why it cannot be made
    cancelling: bool = False
    silent: int = 0  # looks that brought nothing
    tsid: str = ""
    progress: Progress | None = field(default_factory=Progress)  # None: to be read again

    @property
    def plan(self) -> Path:
        return self.folder / PLAN_NAME

    @property
    def withdrawn(self) -> Path:
        return self.folder / WITHDRAWN_NAME

    @property
    def journal(self) -> Path:
        return self.folder / JOURNAL_NAME

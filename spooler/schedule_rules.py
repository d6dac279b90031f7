"""From the settings in force to the rules of the schedule and of the next try.

What always holds: the discount period goes by the zone of the machine, read anew with the settings; a group or rule
that names a port which is not there names nothing by it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from fax.settings import Configuration, UncertainPages
from spooler.jobs import RetryRules
from spooler.schedule_types import PortRules, Rules
from spooler.schedule_window import Window
from spooler.store_ports import PortRecord

_ZONE_FILE = Path("/etc/localtime")


def rules_of(configuration: Configuration, ports: Sequence[PortRecord], zone: tzinfo) -> Rules:
    """``ports``: those that are there. ``zone``: in which the discount period is meant."""
    return Rules(
        paused=configuration.queue_paused,
        window=Window(start=configuration.discount_start, stop=configuration.discount_stop, zone=zone),
        ageing=timedelta(seconds=configuration.ageing_s),
        documents_per_call=configuration.documents_per_call,
        calls_a_day=configuration.number_calls_a_day,
        ports=tuple(PortRules(name=port.name, priority=port.priority, sends=port.send) for port in ports),
        groups={group.name: group.ports for group in configuration.port_groups},
        outbound=configuration.outbound_rules,
    )


def retry_rules(configuration: Configuration) -> RetryRules:
    return RetryRules(
        retries=configuration.retries,
        retry_delay_s=configuration.retry_delay_s,
        busy_delay_s=configuration.busy_delay_s,
        device_delay_s=configuration.device_delay_s,
        ask_uncertain=configuration.uncertain_pages is UncertainPages.ASK,
        redial_limit=configuration.redial_limit,
        redial_pause_s=configuration.redial_pause_s,
    )


def local_zone() -> tzinfo:
    """The machine's time zone, with its changes of the clock: as TZ or /etc/localtime has it."""
    name = os.environ.get("TZ", "").removeprefix(":")
    try:
        if name and not name.startswith("/"):
            return ZoneInfo(name)
        with Path(name or _ZONE_FILE).open("rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, ValueError):
        # No zone that can be read: the offset that the C library knows.
        return datetime.now().astimezone().tzinfo or UTC

"""From the settings to the schedule's rules, and which groups and outbound rules may be set at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from fax.errors import Cause, RequestError
from fax.settings import Configuration, OutboundRule, PortGroup
from fax.settings_check import check
from spooler import schedule_rules
from spooler.schedule_rules import local_zone, rules_of
from spooler.schedule_types import PortRules
from spooler.store_ports import PortRecord

SALES = PortGroup(name="sales", ports=("b", "a"))


def test_the_rules_say_what_the_settings_say() -> None:
    configuration = replace(
        Configuration(),
        queue_paused=True,
        discount_start=time(22),
        discount_stop=time(6),
        ageing_s=60.0,
        documents_per_call=3,
        number_calls_a_day=5,
        port_groups=(SALES,),
        outbound_rules=(OutboundRule(country="49", group="sales"),),
    )
    ports = (PortRecord(id=1, name="a", priority=2), PortRecord(id=2, name="b", send=False))
    rules = rules_of(configuration, ports, UTC)
    assert (rules.paused, rules.documents_per_call, rules.calls_a_day) == (True, 3, 5)
    assert (rules.window.start, rules.window.stop, rules.window.zone) == (time(22), time(6), UTC)
    assert rules.ageing == timedelta(minutes=1)
    assert rules.ports == (PortRules(name="a", priority=2), PortRules(name="b", priority=1, sends=False))
    assert rules.groups == {"sales": ("b", "a")}
    assert rules.outbound == (OutboundRule(country="49", group="sales"),)


@pytest.mark.parametrize(
    ("name", "hours"), [("Europe/Berlin", (1, 2)), (":Europe/Berlin", (1, 2)), ("Australia/Sydney", (11, 10))]
)
def test_the_machines_zone_knows_summer_and_winter(
    monkeypatch: pytest.MonkeyPatch, name: str, hours: tuple[int, int]
) -> None:
    monkeypatch.setenv("TZ", name)
    zone = local_zone()
    days = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))
    assert tuple(day.astimezone(zone).utcoffset() for day in days) == tuple(timedelta(hours=each) for each in hours)


def test_without_a_zone_that_can_be_read_the_offset_of_now_must_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TZ", raising=False)
    monkeypatch.setattr(schedule_rules, "_ZONE_FILE", tmp_path / "none")
    now = datetime.now(UTC)
    assert now.astimezone(local_zone()).utcoffset() == now.astimezone().utcoffset()


@pytest.mark.parametrize(
    ("groups", "rules", "setting"),
    [
        ((SALES, SALES), (), "port_groups"),
        ((PortGroup(name="", ports=()),), (), "port_groups"),
        ((PortGroup(name="x" * 41, ports=()),), (), "port_groups"),
        ((PortGroup(name="sales", ports=("a", "a")),), (), "port_groups"),
        ((), (OutboundRule(country="49", group="sales"),), "outbound_rules"),
        ((SALES,), (OutboundRule(country="49", group="sales", port="a"),), "outbound_rules"),
        ((SALES,), (OutboundRule(country="+49", group="sales"),), "outbound_rules"),
        ((SALES,), (OutboundRule(area="30", group="sales"),), "outbound_rules"),
        ((SALES,), (OutboundRule(country="49"), OutboundRule(country="49", port="a")), "outbound_rules"),
    ],
)
def test_groups_and_rules_that_make_no_sense_are_refused(
    groups: tuple[PortGroup, ...], rules: tuple[OutboundRule, ...], setting: str
) -> None:
    with pytest.raises(RequestError) as refused:
        check(replace(Configuration(), port_groups=groups, outbound_rules=rules))
    assert (refused.value.cause, refused.value.detail) == (Cause.BAD_SETTING, setting)


def test_groups_and_rules_that_make_sense_are_taken() -> None:
    rules = (OutboundRule(), OutboundRule(country="49", group="sales"), OutboundRule(country="49", area="30", port="a"))
    check(replace(Configuration(), port_groups=(SALES,), outbound_rules=rules))

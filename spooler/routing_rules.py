"""Where a fax that came in goes: by what is enabled on its line, and by the rules. Pure.

What always holds: the steps stand in ascending priority of their methods, those of one method as the line and then the
rules in their order name them; the same method with the same data comes once; a rule that is not enabled, or that does
not fit, changes nothing.

Must not: read the clock or the database, or know what a method's data mean (but that of the built-in ones is text).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fax.errors import RequestError
from fax.routing import (
    EMAIL_GUID,
    FOLDER_GUID,
    PRINT_GUID,
    Decision,
    Facts,
    PortMethod,
    RoutingRule,
    Step,
    target_of,
)
from modem.callers import is_one_of


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Somebody of the address book whom a rule names. ``user``: who sees the fax; ``email``: where it is mailed to."""

    user: str = ""
    email: str = ""


def decide(
    facts: Facts,
    local: datetime,
    methods: Sequence[PortMethod],
    rules: Sequence[RoutingRule],
    readers: Mapping[int, Reader],
) -> Decision:
    """``local``: when the fax came in, in the server's time zone. ``methods``: all, as the fax's line has them.

    A method that a rule names and nobody knows becomes a step all the same: it fails, and that is seen.
    """
    fitting = list(_fitting(facts, local, rules))
    known = {method.guid: method for method in methods}
    wanted: list[tuple[str, bytes, str]] = []
    if not any(rule.instead for rule in fitting):
        wanted += [(method.guid, method.data, f"port {method.port}") for method in methods if method.enabled]
    users: list[str] = []
    for rule in fitting:
        wanted += [(guid, data, f"rule {rule.name}") for guid, data in _targets(rule, known, readers)]
        users += [*rule.users, *(readers[id].user for id in rule.people if id in readers and readers[id].user)]
    once: dict[tuple[str, bytes], str] = {}
    for guid, data, why in wanted:
        once.setdefault((guid, data), why)
    steps = [_step(guid, data, why, known.get(guid)) for (guid, data), why in once.items()]
    last = len(known) + 1
    steps.sort(key=lambda step: known[step.method].priority if step.method in known else last)
    return Decision(steps=tuple(steps), users=tuple(dict.fromkeys(users)), rules=tuple(rule.name for rule in fitting))


def _targets(
    rule: RoutingRule, known: Mapping[str, PortMethod], readers: Mapping[int, Reader]
) -> Iterator[tuple[str, bytes]]:
    for target in rule.methods:
        of_port = known[target.method].data if target.method in known else b""
        yield target.method, of_port if target.data is None else target.data
    for guid, texts in ((FOLDER_GUID, rule.folders), (EMAIL_GUID, rule.addresses), (PRINT_GUID, rule.printers)):
        for text in texts:
            yield guid, text.encode()
    for id in rule.people:
        if id in readers and readers[id].email:
            yield EMAIL_GUID, readers[id].email.encode()


def every_target(rule: RoutingRule) -> Iterator[tuple[str, bytes]]:
    """The methods with the data that a rule gives them itself."""
    for target in rule.methods:
        if target.data is not None:
            yield target.method, target.data
    for guid, texts in ((FOLDER_GUID, rule.folders), (EMAIL_GUID, rule.addresses), (PRINT_GUID, rule.printers)):
        for text in texts:
            yield guid, text.encode()


def _step(guid: str, data: bytes, why: str, method: PortMethod | None) -> Step:
    name = guid if method is None else method.friendly_name
    return Step(method=guid, name=name, data=data, why=why, target=readable(guid, data), working=method is not None)


def readable(guid: str, data: bytes) -> str:
    """The target of a built-in method as a person reads it; empty for other methods, whose data are their own."""
    if guid not in (FOLDER_GUID, EMAIL_GUID, PRINT_GUID):
        return ""
    try:
        return target_of(data).text
    except RequestError:
        return ""


def _fitting(facts: Facts, local: datetime, rules: Sequence[RoutingRule]) -> Iterator[RoutingRule]:
    for rule in rules:
        if rule.enabled and fits(rule, facts, local):
            yield rule
            if rule.last:
                return


def fits(rule: RoutingRule, facts: Facts, local: datetime) -> bool:
    """Whether all that the rule asks for holds of a fax."""
    return (
        (not rule.ports or facts.port in rule.ports)
        and matches(rule.sub_addresses, facts.sub_address)
        and matches(rule.digits, facts.digits)
        and matches(rule.callers, facts.caller_id)
        and matches(rule.tsids, facts.tsid)
        and _in_time(rule, local)
    )


def matches(patterns: Sequence[str], text: str) -> bool:
    """Whether one of the patterns stands for ``text``; no pattern stands for any text."""
    return not patterns or is_one_of(patterns, text)


def _in_time(rule: RoutingRule, local: datetime) -> bool:
    """A period that goes over midnight belongs to the day on which it begins."""
    at, day = local.time().replace(tzinfo=None), local
    begin, end = rule.begin, rule.end
    if begin is not None and end is not None and end < begin:
        if end <= at < begin:
            return False
        if at < end:
            day = local - timedelta(days=1)
    elif begin != end:
        if begin is not None and at < begin:
            return False
        if end is not None and at >= end:
            return False
    return not rule.weekdays or day.isoweekday() in rule.weekdays

"""Which ports may make a call, and in which order: priorities, groups and outbound rules. Pure.

What always holds: of the rules the one that names country and area wins, then the one that names the country, then the
one for all others, then all ports; a port that may not send is in no pool; the order within a pool is the order in
which its ports are tried; of a pool it is known at once which of its ports is free.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

from fax.settings import OutboundRule
from spooler.schedule_types import Candidate, Rules


class Pool:
    """Ports in the order in which they are tried. ``name``: of the group or port that it stands for; empty: all."""

    def __init__(self, name: str, ports: Iterable[str]) -> None:
        self.name = name
        self.ports = tuple(ports)
        self._rank = {port: rank for rank, port in enumerate(self.ports)}
        self._free: list[int] = []

    @property
    def first_free(self) -> str | None:
        return self.ports[self._free[0]] if self._free else None

    def __contains__(self, port: str) -> bool:
        return port in self._rank

    def set_free(self, port: str, free: bool) -> None:
        rank = self._rank.get(port)
        if rank is None:
            return
        place = bisect_left(self._free, rank)
        known = place < len(self._free) and self._free[place] == rank
        if free and not known:
            insort(self._free, rank)
        elif known and not free:
            del self._free[place]


class Routes:
    """The pools that ``rules`` make, and which of them a job's call goes by."""

    def __init__(self, rules: Rules) -> None:
        self._groups = rules.groups
        senders = sorted((port for port in rules.ports if port.sends), key=lambda port: port.priority)
        self._senders = tuple(port.name for port in senders)
        self._all = Pool("", self._senders)
        self._by_name: dict[tuple[str, str], Pool] = {}
        # No country's code begins with another's, so a number's first digits find its country and area.
        self._rules = {rule.country + rule.area: rule for rule in rules.outbound}
        self._lengths = sorted({len(place) for place in self._rules}, reverse=True)

    @property
    def pools(self) -> list[Pool]:
        return [self._all, *self._by_name.values()]

    def pool(self, job: Candidate) -> tuple[Pool, bool]:
        """The job's pool, and whether it has been made just now (and knows of no free port yet)."""
        before = len(self._by_name)
        pool = self._named("group", job.group) if job.group else self._by_rule(job.number)
        return pool, len(self._by_name) > before

    def _by_rule(self, number: str) -> Pool:
        digits = number[1:] if number.startswith("+") else ""
        rule: OutboundRule | None = None
        for length in self._lengths:
            if len(digits) >= length and (rule := self._rules.get(digits[:length])) is not None:
                break
        if rule is None or not (rule.port or rule.group):
            return self._all
        return self._named("port", rule.port) if rule.port else self._named("group", rule.group)

    def _named(self, kind: str, name: str) -> Pool:
        if (kind, name) not in self._by_name:
            wanted = (name,) if kind == "port" else dict.fromkeys(self._groups.get(name, ()))
            self._by_name[kind, name] = Pool(name, (port for port in wanted if port in self._senders))
        return self._by_name[kind, name]

"""The settings in the database: the file's at the first start, the database's from then on.

What always holds: a setting that the database does not know has its default; one that this program does not know is
left alone; a change is checked as a whole before anything of it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar, get_type_hints

import msgspec
from sqlalchemy import delete, insert, select

from fax import settings as rules
from fax.settings import Configuration, LogCategory, LogLevel
from spooler.store import Transaction
from spooler.store_tables import configuration

T = TypeVar("T")
_LOG = "log."
_SEEDED = "seeded"
TYPES: dict[str, Any] = get_type_hints(Configuration)
SECRETS = frozenset(each.name for each in rules.settings() if each.metadata["secret"])

Levels = Mapping[LogCategory, LogLevel]
DEFAULT_LEVELS: Levels = dict.fromkeys(LogCategory, LogLevel.MED)


@dataclass(frozen=True, kw_only=True)
class Change:
    """One setting that became another, in JSON; of a secret only whether it was set."""

    name: str
    before: str
    after: str


def seed(tx: Transaction, first: Configuration, levels: Levels) -> None:
    """Write the file's values down, at the first start only."""
    if tx.connection.scalar(select(configuration.c.name).where(configuration.c.name == _SEEDED)) is not None:
        return
    _put(tx, _SEEDED, True)
    for each in rules.settings():
        _put(tx, each.name, getattr(first, each.name))
    for category, level in levels.items():
        _put(tx, _LOG + category.value, level)


def read(tx: Transaction) -> Configuration:
    """The settings in force."""
    return replace(Configuration(), **_known(tx, {name: TYPES[name] for name in TYPES}))


def setting(tx: Transaction, name: str) -> Any:
    """One setting in force."""
    return _known(tx, {name: TYPES[name]}).get(name, getattr(Configuration(), name))


def levels(tx: Transaction) -> Levels:
    """How much is logged of each category."""
    found = _known(tx, {_LOG + category.value: LogLevel for category in LogCategory})
    return {category: found.get(_LOG + category.value, DEFAULT_LEVELS[category]) for category in LogCategory}


def write(tx: Transaction, wanted: Configuration) -> tuple[Change, ...]:
    """Have ``wanted`` in force, which was checked; returns what is different now."""
    before = read(tx)
    changes = []
    for each in rules.settings():
        old, new = getattr(before, each.name), getattr(wanted, each.name)
        if old != new:
            _put(tx, each.name, new)
            if each.name in SECRETS:
                old, new = (rules.SECRET if value else "" for value in (old, new))
            changes.append(Change(name=each.name, before=packed(old), after=packed(new)))
    return tuple(changes)


def write_levels(tx: Transaction, wanted: Levels) -> tuple[Change, ...]:
    """Have these levels in force, those not named as they were; returns what is different now."""
    before = levels(tx)
    changes = []
    for category, level in wanted.items():
        if before[category] is not level:
            name = _LOG + category.value
            _put(tx, name, level)
            changes.append(Change(name=name, before=packed(before[category]), after=packed(level)))
    return tuple(changes)


def _known(tx: Transaction, types: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: msgspec.json.decode(value, type=types[name])
        for name, value in tx.connection.execute(select(configuration.c.name, configuration.c.value))
        if name in types
    }


def packed(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _put(tx: Transaction, name: str, value: object) -> None:
    tx.connection.execute(delete(configuration).where(configuration.c.name == name))
    tx.connection.execute(insert(configuration).values(name=name, value=packed(value)))

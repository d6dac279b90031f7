"""What calls leave behind when they are settled: counts by line and by number, and what a number taught.

What always holds: a call is counted once, in the transaction that settles it; counts outlive the calls they count.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import Row, func, insert, select, update

from fax.ports import PortStatistics
from modem.memory import NOTHING_KNOWN, LineMemory
from modem.outcome import Cause, Fate, Outcome, Phase
from spooler.store import Transaction
from spooler.store_tables import line_memories, ports, statistics

PORT, NUMBER = "port", "number"
_UNANSWERED = (Phase.SETUP, Phase.A)
_KEPT = (Fate.CONFIRMED, Fate.DAMAGED)


def count(tx: Transaction, port: str, number: str, outcome: Outcome) -> None:
    """Count a call that was dialled and is being settled, and keep what it taught of its number."""
    pages = sum(page.fate in _KEPT for page in outcome.pages)
    seconds = outcome.figures.line_seconds or 0.0
    for kind, name in ((PORT, port), (NUMBER, number)):
        key = {"kind": kind, "name": name, "cause": outcome.cause.value}
        where = [statistics.c[column] == value for column, value in key.items()]
        grown = {
            "calls": statistics.c.calls + 1,
            "answered": statistics.c.answered + (outcome.phase not in _UNANSWERED),
            "pages": statistics.c.pages + pages,
            "line_seconds": statistics.c.line_seconds + seconds,
            "last": tx.now,
        }
        if tx.connection.execute(update(statistics).where(*where).values(grown)).rowcount == 0:
            first = {
                "calls": 1,
                "answered": int(outcome.phase not in _UNANSWERED),
                "pages": pages,
                "line_seconds": seconds,
            }
            tx.connection.execute(insert(statistics).values(**key, **first, last=tx.now))
    if outcome.memory is not None:
        _remember(tx, number, outcome.memory)


def _remember(tx: Transaction, number: str, memory: LineMemory) -> None:
    values = {"memory": msgspec.json.encode(memory).decode(), "changed": tx.now}
    where = line_memories.c.number == number
    if tx.connection.execute(update(line_memories).where(where).values(values)).rowcount == 0:
        tx.connection.execute(insert(line_memories).values(number=number, **values))


def memory_of(tx: Transaction, number: str) -> LineMemory:
    """What earlier calls to this number taught."""
    text = tx.connection.scalar(select(line_memories.c.memory).where(line_memories.c.number == number))
    if text is None:
        return NOTHING_KNOWN
    try:
        return msgspec.json.decode(text, type=LineMemory)
    except msgspec.DecodeError:
        # Of another program's day: it is learned again.
        return NOTHING_KNOWN


def of_ports(tx: Transaction) -> list[PortStatistics]:
    """Of every line that is there or was, by its id; lines without a call too."""
    counted = {one.name: one for one in _summed(tx, PORT)}
    names = list(tx.connection.scalars(select(ports.c.name).order_by(ports.c.id)))
    return [counted.get(name, PortStatistics(name=name)) for name in names]


def of_numbers(tx: Transaction, number: str | None, limit: int) -> list[PortStatistics]:
    """Of the numbers called most often, or of this one."""
    if number is not None:
        return _summed(tx, NUMBER, [number]) or [PortStatistics(name=number)]
    calls = func.sum(statistics.c.calls)
    query = select(statistics.c.name).where(statistics.c.kind == NUMBER).group_by(statistics.c.name)
    names = list(tx.connection.scalars(query.order_by(calls.desc(), statistics.c.name).limit(limit)))
    found = {one.name: one for one in _summed(tx, NUMBER, names)}
    return [found[name] for name in names]


def _summed(tx: Transaction, kind: str, names: Iterable[str] | None = None) -> list[PortStatistics]:
    query = select(statistics).where(statistics.c.kind == kind).order_by(statistics.c.name, statistics.c.cause)
    if names is not None:
        query = query.where(statistics.c.name.in_(list(names)))
    rows: dict[str, list[Row[tuple[object, ...]]]] = {}
    for row in tx.connection.execute(query):
        rows.setdefault(row.name, []).append(row)
    return [
        PortStatistics(
            name=name,
            calls=sum(row.calls for row in of_name),
            answered=sum(row.answered for row in of_name),
            sent=sum(row.calls for row in of_name if row.cause == Cause.OK.value),
            pages=sum(row.pages for row in of_name),
            line_seconds=sum(row.line_seconds for row in of_name),
            outcomes={row.cause: row.calls for row in of_name},
            last=max(row.last for row in of_name),
        )
        for name, of_name in rows.items()
    ]

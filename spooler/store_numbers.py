"""Numbers that were called in vain, and when they are to be left alone.

What always holds: a number stands here without what is dialled behind it; its row changes in the transaction that
settles the call which taught it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update

from modem.outcome import Outcome
from spooler.jobs import RetryRules, redial
from spooler.numbers import main_number
from spooler.schedule_types import Deadline
from spooler.store import Transaction
from spooler.store_tables import calls, numbers

NOT_DIALLED = "not-dialled"
"""The cause of a call that never left the house."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A number that is to be left alone; ``until`` None: not any more."""

    number: str
    until: Deadline | None


def learn(tx: Transaction, number: str, outcome: Outcome, rules: RetryRules) -> None:
    """A call to ``number`` has ended."""
    number = main_number(number)
    known = tx.connection.execute(select(numbers).where(numbers.c.number == number)).first()
    taught = redial(0 if known is None else known.in_vain, outcome, rules)
    values: dict[str, object] = {"in_vain": taught.in_vain, "barred_until": None, "barred_s": None}
    if taught.barred_s is not None:
        values |= {"barred_until": tx.now + timedelta(seconds=taught.barred_s), "barred_s": taught.barred_s}
    if known is None:
        tx.connection.execute(insert(numbers).values(number=number, **values))
    else:
        tx.connection.execute(update(numbers).where(numbers.c.number == number).values(values))


def bars(tx: Transaction, of: Collection[str] | None = None) -> list[Bar]:
    """What bars the numbers ``of``, each of them named; None: of all, those that are barred."""
    query = select(numbers.c.number, numbers.c.barred_until, numbers.c.barred_s)
    query = query.where(numbers.c.barred_until.is_not(None) if of is None else numbers.c.number.in_(of))
    found = {row.number: row for row in tx.connection.execute(query)}
    return [
        Bar(
            number=number,
            until=None
            if (row := found.get(number)) is None or row.barred_until is None
            else Deadline(at=row.barred_until, within=timedelta(seconds=row.barred_s)),
        )
        for number in (found if of is None else of)
    ]


def calls_since(tx: Transaction, since: datetime) -> list[tuple[str, datetime]]:
    """The number and the beginning of each call that was begun after ``since`` and dialled, or may have been."""
    query = select(calls.c.number, calls.c.started).where(
        calls.c.started > since, calls.c.cause.is_(None) | (calls.c.cause != NOT_DIALLED)
    )
    return [(main_number(row.number), row.started) for row in tx.connection.execute(query)]

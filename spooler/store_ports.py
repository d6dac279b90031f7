"""Ports in the database: what can be set of them while the server runs, and their permanent ids.

What always holds: an id belongs to one name for ever; the priorities of the ports that are present are 1, 2, ...
without a gap; a port that left the settings file keeps its id and comes back with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import insert, select, update

from fax.errors import Cause, RequestError
from fax.settings_check import bad_setting, check_ident
from spooler.store import Transaction
from spooler.store_tables import ports

FIRST_RINGS = 2


@dataclass(frozen=True, kw_only=True)
class PortRecord:
    """What is set of one port. ``rings``: before it answers; ``priority``: 1 is tried first."""

    id: int
    name: str
    send: bool = True
    receive: bool = False
    rings: int = FIRST_RINGS
    priority: int = 1
    tsid: str = ""
    csid: str = ""


def enrol(tx: Transaction, named: Sequence[tuple[str, str]]) -> None:
    """Bring the table in step with the file's ports (names with their first tsid), in the file's order."""
    known = {row.name: row for row in tx.connection.execute(select(ports))}
    names = [name for name, _ in named]
    for row in known.values():
        if row.present and row.name not in names:
            tx.connection.execute(update(ports).where(ports.c.id == row.id).values(present=False))
    last = len(known)
    for name, tsid in named:
        last += 1
        if name not in known:
            first = {"send": True, "receive": False, "rings": FIRST_RINGS, "tsid": tsid, "csid": tsid}
            tx.connection.execute(insert(ports).values(name=name, present=True, priority=last, **first))
        elif not known[name].present:
            values = {"present": True, "priority": last}
            tx.connection.execute(update(ports).where(ports.c.name == name).values(values))
    _number(tx, listing(tx))


def listing(tx: Transaction) -> tuple[PortRecord, ...]:
    """The ports that are present, in order of priority."""
    query = select(ports).where(ports.c.present).order_by(ports.c.priority, ports.c.id)
    return tuple(
        PortRecord(
            id=row.id,
            name=row.name,
            send=row.send,
            receive=row.receive,
            rings=row.rings,
            priority=row.priority,
            tsid=row.tsid,
            csid=row.csid,
        )
        for row in tx.connection.execute(query)
    )


def write(tx: Transaction, wanted: PortRecord) -> PortRecord:
    """Have ``wanted`` in force, which was checked; its priority shifts the others. Returns what was before.

    Raises RequestError NO_SUCH_PORT.
    """
    known = listing(tx)
    before = of_id(known, wanted.id)
    values = {name: getattr(wanted, name) for name in ("send", "receive", "rings", "tsid", "csid")}
    tx.connection.execute(update(ports).where(ports.c.id == wanted.id).values(values))
    if wanted.priority != before.priority:
        others = [port for port in known if port.id != wanted.id]
        others.insert(wanted.priority - 1, before)
        _number(tx, others)
    return before


def _number(tx: Transaction, order: Sequence[PortRecord]) -> None:
    for priority, port in enumerate(order, 1):
        if port.priority != priority:
            tx.connection.execute(update(ports).where(ports.c.id == port.id).values(priority=priority))


def of_id(known: Sequence[PortRecord], id: int) -> PortRecord:
    """Raises RequestError NO_SUCH_PORT."""
    found = next((port for port in known if port.id == id), None)
    if found is None:
        raise RequestError(Cause.NO_SUCH_PORT, f"There is no port {id}")
    return found


def named(known: Sequence[PortRecord], name: str) -> PortRecord | None:
    return next((port for port in known if port.name == name), None)


def checked(wanted: PortRecord, count: int) -> PortRecord:
    """``wanted`` with its rings as they count (0 is 1). Raises RequestError BAD_SETTING. ``count``: of ports."""
    if not 0 <= wanted.rings <= 99:
        raise bad_setting("rings", f"is not a whole number from 0 to 99: {wanted.rings}")
    if not 1 <= wanted.priority <= count:
        raise bad_setting("priority", f"is not a whole number from 1 to {count}: {wanted.priority}")
    check_ident("tsid", wanted.tsid)
    check_ident("csid", wanted.csid)
    return replace(wanted, rings=max(1, wanted.rings))

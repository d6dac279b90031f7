"""Routing methods, what is set of them per line, and the rules, in the database.

What always holds: a method keeps its place and its settings by its GUID, also while what runs it is away; priorities
are 1, 2, ... without a gap; a change that the audit should know has its line there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec
from sqlalchemy import delete, insert, select, update

from fax.errors import Cause, RequestError
from fax.routing import DATA_LIMIT_OCTETS, RULES_LIMIT, PortMethod, RoutingMethod, RoutingRule
from fax.settings_check import bad_setting
from spooler import store_book
from spooler.access import Caller
from spooler.routing_method import MethodAbout
from spooler.routing_rules import Reader, readable
from spooler.store import Transaction
from spooler.store_access import write_audit
from spooler.store_configuration import packed
from spooler.store_ports import PortRecord
from spooler.store_routing_tables import port_methods, routing_methods, routing_rules

PATTERNS_LIMIT = 1000
TEXT_LIMIT = 1000


def no_such_method(guid: str) -> RequestError:
    return RequestError(Cause.NO_SUCH_METHOD, f"There is no routing method {guid}", guid)


def folded(guid: str) -> str:
    """A GUID as it is kept: in braces, lower case."""
    return "{" + guid.strip().strip("{}").lower() + "}"


def enrol(tx: Transaction, methods: Sequence[MethodAbout]) -> None:
    """Make these methods known; those that are new run after the others, in this order."""
    known = {method.guid: method for method in listing(tx)}
    last = len(known)
    for about in methods:
        values = {
            name: getattr(about, name)
            for name in ("friendly_name", "function_name", "extension_image", "extension_name")
        }
        if about.guid in known:
            tx.connection.execute(update(routing_methods).where(routing_methods.c.guid == about.guid).values(values))
        else:
            last += 1
            tx.connection.execute(insert(routing_methods).values(guid=about.guid, priority=last, **values))


def forget(tx: Transaction, guid: str) -> None:
    """Let go of a method with all that is set of it: its extension was removed. The others move up."""
    tx.connection.execute(delete(port_methods).where(port_methods.c.guid == guid))
    tx.connection.execute(delete(routing_methods).where(routing_methods.c.guid == guid))
    _number(tx, [method.guid for method in listing(tx)])


def listing(tx: Transaction) -> list[RoutingMethod]:
    """Every method, in the order in which they run."""
    query = select(routing_methods).order_by(routing_methods.c.priority, routing_methods.c.guid)
    return [
        RoutingMethod(
            priority=row.priority,
            guid=row.guid,
            friendly_name=row.friendly_name,
            function_name=row.function_name,
            extension_image=row.extension_image,
            extension_name=row.extension_name,
        )
        for row in tx.connection.execute(query)
    ]


def method(tx: Transaction, guid: str) -> RoutingMethod:
    """Raises RequestError NO_SUCH_METHOD."""
    for known in listing(tx):
        if known.guid == folded(guid):
            return known
    raise no_such_method(guid)


def _number(tx: Transaction, guids: Sequence[str]) -> None:
    for priority, guid in enumerate(guids, 1):
        tx.connection.execute(update(routing_methods).where(routing_methods.c.guid == guid).values(priority=priority))


def set_priority(tx: Transaction, who: Caller, guid: str, priority: int) -> None:
    """Have a method run at this place; the others shift. Raises RequestError NO_SUCH_METHOD, BAD_SETTING."""
    before = method(tx, guid)
    order = [known.guid for known in listing(tx)]
    if not 1 <= priority <= len(order):
        raise bad_setting("priority", f"is not a whole number from 1 to {len(order)}: {priority}")
    order.remove(before.guid)
    order.insert(priority - 1, before.guid)
    _number(tx, order)
    if before.priority != priority:
        subject = f"method {before.friendly_name} priority"
        write_audit(tx, who, "routing", subject, str(before.priority), str(priority))


def of_port(tx: Transaction, port: PortRecord) -> list[PortMethod]:
    """Every method as this line has it, in the order in which they run. What was never set is disabled."""
    query = select(port_methods).where(port_methods.c.port == port.id)
    known = {row.guid: row for row in tx.connection.execute(query)}
    return [
        PortMethod(
            device=port.id,
            port=port.name,
            enabled=method.guid in known and known[method.guid].enabled,
            guid=method.guid,
            friendly_name=method.friendly_name,
            function_name=method.function_name,
            extension_image=method.extension_image,
            extension_name=method.extension_name,
            priority=method.priority,
            data=known[method.guid].data if method.guid in known else b"",
        )
        for method in listing(tx)
    ]


def of_no_port(tx: Transaction, name: str) -> list[PortMethod]:
    """Every method as a line has it that is not there (any more): none is enabled."""
    return of_port(tx, PortRecord(id=0, name=name))


def set_of_port(
    tx: Transaction, who: Caller, port: PortRecord, guid: str, *, enabled: bool | None, data: bytes | None
) -> PortMethod:
    """Set what is not None of a method on a line. Raises RequestError NO_SUCH_METHOD."""
    guid = method(tx, guid).guid
    before = next(each for each in of_port(tx, port) if each.guid == guid)
    after = replace(
        before,
        enabled=before.enabled if enabled is None else enabled,
        data=before.data if data is None else data,
    )
    where = (port_methods.c.guid == guid, port_methods.c.port == port.id)
    tx.connection.execute(delete(port_methods).where(*where))
    tx.connection.execute(insert(port_methods).values(guid=guid, port=port.id, enabled=after.enabled, data=after.data))
    if after.enabled != before.enabled:
        subject = f"port {port.name} method {before.friendly_name}"
        write_audit(tx, who, "routing", subject, packed(before.enabled), packed(after.enabled))
    if after.data != before.data:
        subject = f"port {port.name} data of {before.friendly_name}"
        write_audit(tx, who, "routing", subject, readable(guid, before.data), readable(guid, after.data))
    return after


def rules(tx: Transaction) -> list[RoutingRule]:
    """In their order."""
    query = select(routing_rules.c.rule).order_by(routing_rules.c.position)
    return [msgspec.json.decode(rule, type=RoutingRule) for rule in tx.connection.scalars(query)]


def set_rules(tx: Transaction, who: Caller, wanted: Sequence[RoutingRule], ports: Sequence[PortRecord]) -> None:
    """Have these rules and no others. Raises RequestError BAD_SETTING, NO_SUCH_METHOD, NO_SUCH_ENTRY."""
    before, made = rules(tx), _checked(tx, wanted, ports)
    tx.connection.execute(delete(routing_rules))
    for position, rule in enumerate(made):
        tx.connection.execute(insert(routing_rules).values(position=position, rule=packed(rule)))
    if before != made:
        write_audit(tx, who, "routing", "rules", packed(before), packed(made))


def _checked(tx: Transaction, wanted: Sequence[RoutingRule], ports: Sequence[PortRecord]) -> list[RoutingRule]:
    if len(wanted) > RULES_LIMIT:
        raise bad_setting("rules", f"are more than {RULES_LIMIT}")
    names = [rule.name for rule in wanted]
    known = {each.guid for each in listing(tx)}
    there = {port.name for port in ports}
    made = []
    for rule in wanted:
        if not 0 < len(rule.name) <= 100 or not rule.name.isprintable() or names.count(rule.name) > 1:
            raise bad_setting("name", f"is no name of its own of 1 to 100 characters: {rule.name!r}")
        if strange := set(rule.ports) - there:
            raise bad_setting("ports", f"of rule {rule.name} names what is no port: {min(strange)}")
        if any(not 1 <= day <= 7 for day in rule.weekdays):
            raise bad_setting("weekdays", f"of rule {rule.name} are not numbers from 1 (Monday) to 7 (Sunday)")
        for name in ("begin", "end"):
            at = getattr(rule, name)
            if at is not None and (at.second or at.microsecond or at.tzinfo is not None):
                raise bad_setting(name, f"of rule {rule.name} is not an hour and a minute of local time: {at}")
        _check_texts(rule)
        methods = tuple(replace(target, method=folded(target.method)) for target in rule.methods)
        for target in methods:
            if target.method not in known:
                raise no_such_method(target.method)
            if target.data is not None and len(target.data) > DATA_LIMIT_OCTETS:
                raise bad_setting("methods", f"of rule {rule.name} have more than {DATA_LIMIT_OCTETS} octets of data")
        found = readers(tx, rule.people)
        if missing := set(rule.people) - found.keys():
            text = f"Rule {rule.name} names a person whom the shared address book does not have: {min(missing)}"
            raise RequestError(Cause.NO_SUCH_ENTRY, text)
        made.append(replace(rule, methods=methods))
    return made


def _check_texts(rule: RoutingRule) -> None:
    lists = ("sub_addresses", "digits", "callers", "tsids", "folders", "addresses", "printers", "users")
    for name in lists:
        texts = getattr(rule, name)
        # Targets may have lines of options; what a fax is held against, and names, have one line.
        plain = name not in ("folders", "addresses", "printers")
        if len(texts) > PATTERNS_LIMIT or any(
            len(text) > TEXT_LIMIT or (plain and not text.isprintable()) for text in texts
        ):
            raise bad_setting(
                name, f"of rule {rule.name} are not at most {PATTERNS_LIMIT} of {TEXT_LIMIT} printable characters"
            )


def readers(tx: Transaction, people: Sequence[int]) -> dict[int, Reader]:
    """Those of the shared address book, by id."""
    return {person.id: Reader(user=person.user, email=person.email) for person in store_book.shared_people(tx, people)}

"""Routing extensions and service providers in the database.

What always holds: a change and its audit line are one transaction; names are unique, and so are the GUIDs of methods;
what stands here is complete and checked, though nobody has looked at the modules.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
from sqlalchemy import Column, Row, Table, Text, delete, insert, select, update

from fax.errors import Cause, RequestError
from fax.registry import ExtensionRegistration, MethodRegistration, ProviderRegistration
from fax.settings_check import bad_setting
from spooler.access import Caller
from spooler.store import Transaction
from spooler.store_access import write_audit
from spooler.store_tables import Instant, metadata

TEXT_LIMIT = 100  # of a method's names: FaxRoutingInstallationCallback
NAME_LIMIT = 200
METHODS_LIMIT = 100

extensions = Table(
    "extensions",
    metadata,
    Column("name", Text, primary_key=True),
    Column("friendly_name", Text, nullable=False),
    Column("image", Text, nullable=False),
    Column("methods", Text, nullable=False),  # JSON: list of MethodRegistration
    Column("registered", Instant, nullable=False),
)

providers = Table(
    "providers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("friendly_name", Text, nullable=False),
    Column("image", Text, nullable=False),
    Column("tsp_name", Text, nullable=False),
    Column("devices", Text, nullable=False),  # JSON: list of ProviderDevice, as the module last said
    Column("registered", Instant, nullable=False),
)


@dataclass(frozen=True, kw_only=True)
class ProviderDevice:
    """A device that a provider has made: its name, which is its port's, and its id in the provider."""

    name: str
    id: int


@dataclass(frozen=True, kw_only=True)
class ProviderRecord:
    """A registered provider. ``image``: as it was registered; ``path``: with the environment's variables put in."""

    name: str
    friendly_name: str
    image: str
    tsp_name: str = ""
    devices: tuple[ProviderDevice, ...] = ()

    @property
    def path(self) -> Path:
        return path_of(self.image)


def path_of(image: str) -> Path:
    """Where a registered module is."""
    return Path(os.path.expandvars(image))


def braced(guid: str) -> str:
    """A GUID as it is kept: in braces, small letters. Raises RequestError BAD_SETTING."""
    try:
        return f"{{{uuid.UUID(guid.strip().strip('{}'))}}}"
    except ValueError:
        raise bad_setting("guid", f"is not a GUID: {guid}") from None


def extension_list(tx: Transaction) -> tuple[ExtensionRegistration, ...]:
    """In the order in which they were registered."""
    query = select(extensions).order_by(extensions.c.registered, extensions.c.name)
    return tuple(_extension(row) for row in tx.connection.execute(query))


def _extension(row: Row[tuple[object, ...]]) -> ExtensionRegistration:
    methods = msgspec.json.decode(row.methods, type=tuple[MethodRegistration, ...])
    return ExtensionRegistration(name=row.name, friendly_name=row.friendly_name, image=row.image, methods=methods)


def provider_list(tx: Transaction) -> tuple[ProviderRecord, ...]:
    """In the order in which they were registered."""
    query = select(providers).order_by(providers.c.registered, providers.c.name)
    return tuple(
        ProviderRecord(
            name=row.name,
            friendly_name=row.friendly_name,
            image=row.image,
            tsp_name=row.tsp_name,
            devices=msgspec.json.decode(row.devices, type=tuple[ProviderDevice, ...]),
        )
        for row in tx.connection.execute(query)
    )


def register_extension(
    tx: Transaction, who: Caller, wanted: ExtensionRegistration, built_in: Sequence[ExtensionRegistration]
) -> ExtensionRegistration:
    """Raises RequestError BAD_SETTING. One of the same name is replaced."""
    wanted = checked_extension(wanted)
    known = {each.name: each for each in (*built_in, *extension_list(tx))}
    if wanted.name in {each.name for each in built_in}:
        raise bad_setting("name", f"{wanted.name} is built in")
    before = known.pop(wanted.name, None)
    owners = {method.guid: each.name for each in known.values() for method in each.methods}
    for method in wanted.methods:
        if method.guid in owners:
            raise bad_setting("guid", f"{method.guid} is a method of the extension {owners[method.guid]}")
    values = {
        "friendly_name": wanted.friendly_name,
        "image": wanted.image,
        "methods": msgspec.json.encode(wanted.methods).decode(),
    }
    if before is None:
        tx.connection.execute(insert(extensions).values(name=wanted.name, registered=tx.now, **values))
    else:
        tx.connection.execute(update(extensions).where(extensions.c.name == wanted.name).values(values))
    write_audit(tx, who, "extension", wanted.name, before.image if before else None, wanted.image)
    return wanted


def remove_extension(tx: Transaction, who: Caller, name: str) -> None:
    """Raises RequestError NO_SUCH_ENTRY."""
    before = next((each for each in extension_list(tx) if each.name == name), None)
    if before is None:
        raise RequestError(Cause.NO_SUCH_ENTRY, f"There is no routing extension {name}")
    tx.connection.execute(delete(extensions).where(extensions.c.name == name))
    write_audit(tx, who, "extension", name, before.image, None)


def register_provider(
    tx: Transaction, who: Caller, wanted: ProviderRegistration, built_in: Sequence[str]
) -> ProviderRecord:
    """Raises RequestError BAD_SETTING. One of the same name is replaced; what its devices are is asked anew."""
    _check_texts(name=wanted.name, friendly_name=wanted.friendly_name)
    _check_image(wanted.image)
    if wanted.name in built_in:
        raise bad_setting("name", f"{wanted.name} is built in")
    before = next((each for each in provider_list(tx) if each.name == wanted.name), None)
    values = {"friendly_name": wanted.friendly_name, "image": wanted.image, "tsp_name": wanted.tsp_name}
    if before is None:
        fresh = {"name": wanted.name, "registered": tx.now, "devices": "[]"}
        tx.connection.execute(insert(providers).values(fresh | values))
    else:
        tx.connection.execute(update(providers).where(providers.c.name == wanted.name).values(values))
    write_audit(tx, who, "provider", wanted.name, before.image if before else None, wanted.image)
    return next(each for each in provider_list(tx) if each.name == wanted.name)


def remove_provider(tx: Transaction, who: Caller, name: str) -> None:
    """Raises RequestError NO_SUCH_ENTRY."""
    before = next((each for each in provider_list(tx) if each.name == name), None)
    if before is None:
        raise RequestError(Cause.NO_SUCH_ENTRY, f"There is no service provider {name}")
    tx.connection.execute(delete(providers).where(providers.c.name == name))
    write_audit(tx, who, "provider", name, before.image, None)


def keep_devices(tx: Transaction, name: str, devices: Sequence[ProviderDevice]) -> None:
    """Remember what devices a provider has; one that was taken away meanwhile has none."""
    values = {"devices": msgspec.json.encode(devices).decode()}
    tx.connection.execute(update(providers).where(providers.c.name == name).values(values))


def checked_extension(wanted: ExtensionRegistration) -> ExtensionRegistration:
    """``wanted`` with its GUIDs as they are kept. Raises RequestError BAD_SETTING."""
    _check_texts(name=wanted.name, friendly_name=wanted.friendly_name)
    _check_image(wanted.image)
    if not 0 < len(wanted.methods) <= METHODS_LIMIT:
        raise bad_setting("methods", f"are not 1 to {METHODS_LIMIT}")
    methods = tuple(replace(method, guid=braced(method.guid)) for method in wanted.methods)
    for method in methods:
        _check_texts(TEXT_LIMIT, method=method.name, friendly_name=method.friendly_name)
        if not method.function.isidentifier() or len(method.function) > TEXT_LIMIT:
            raise bad_setting("function", f"is not the name of a function: {method.function[:TEXT_LIMIT]}")
    if len({method.guid for method in methods}) != len(methods):
        raise bad_setting("guid", "two methods have the same")
    return replace(wanted, methods=methods)


def _check_texts(limit: int = NAME_LIMIT, **texts: str) -> None:
    for name, text in texts.items():
        if not (text.strip() and text == text.strip() and text.isprintable() and len(text) <= limit):
            raise bad_setting(name, f"is not a line of 1 to {limit} characters")
        if name == "name" and re.search(r"[/\\]|^\.", text):
            raise bad_setting(name, r"must neither begin with . nor hold / or \ ")


def _check_image(image: str) -> None:
    path = path_of(image)
    if not path.is_absolute() or "\0" in image:
        raise bad_setting("image", f"is not a full path: {image}")
    if path.suffix != ".py" or not path.is_file():
        raise bad_setting("image", f"is no Python module that is there: {path}")

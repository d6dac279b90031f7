"""What is registered with the fax server besides its own: routing extensions and service providers.

What always holds: what is registered or taken away counts from the daemon's next start; a built-in one cannot be taken
away.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Running(Enum):
    """How a module is doing."""

    WAITS = "waits"  # registered since the daemon began: it counts from the next start
    RUNS = "runs"
    STARTS = "starts"
    FAILED = "failed"  # see the detail; it is started again by itself
    LEAVES = "leaves"  # taken away; gone with the next start


@dataclass(frozen=True, kw_only=True)
class MethodRegistration:
    """A routing method of an extension, as FaxRoutingInstallationCallback names it."""

    name: str  # at most 100 characters, as the next two
    friendly_name: str
    function: str  # that the module exports
    guid: str  # with or without braces


@dataclass(frozen=True, kw_only=True)
class ExtensionRegistration:
    """FaxRegisterRoutingExtension."""

    name: str  # internal name, unique
    friendly_name: str
    image: str  # full path of the module; $NAME stands for a variable of the daemon's environment
    methods: tuple[MethodRegistration, ...]


@dataclass(frozen=True, kw_only=True)
class ExtensionInfo:
    """A registered extension, and how it is doing."""

    name: str
    friendly_name: str
    image: str
    methods: tuple[MethodRegistration, ...]
    running: Running
    built_in: bool = False
    detail: str = ""
    failures: int = 0  # since the daemon began


@dataclass(frozen=True, kw_only=True)
class ProviderRegistration:
    """FaxRegisterServiceProvider."""

    name: str  # unique internal name, preferably a GUID
    friendly_name: str
    image: str  # as above
    tsp_name: str = ""  # empty for virtual devices


@dataclass(frozen=True, kw_only=True)
class ProviderInfo:
    """A registered provider, and how it is doing."""

    name: str
    friendly_name: str
    image: str
    tsp_name: str
    running: Running
    built_in: bool = False
    devices: tuple[str, ...] = ()  # names of its lines
    detail: str = ""

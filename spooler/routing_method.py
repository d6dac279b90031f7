"""What a routing method is to the daemon: given a fax's facts and files, it delivers or says why not.

    daemon.routing.register(MyMethod())     before the daemon starts; its place and settings are kept by GUID

What always holds: ``deliver`` is awaited on the event loop and must not hold it up (files, children and sockets belong
on threads or behind ``asyncio``); deliveries of one fax run one after the other, of several faxes at the same time;
the same delivery may be run again after a crash that came before its end was written down, and then has the same
``id``: whoever can tell by it whether that was delivered already should. What ``deliver`` raises is a failure that is
tried again, as is a cancelled daemon.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from fax.received import Received

TIFF_FILE = 0  # number of the file that came in


@dataclass(frozen=True, kw_only=True)
class MethodAbout:
    """What is told of a method. ``guid``: in braces, lower case."""

    guid: str
    friendly_name: str
    function_name: str
    extension_image: str = "platen"
    extension_name: str = "Platen"
    text_data: bool = False  # its data are text, see ``fax.routing.target_of``: it is shown


@dataclass(frozen=True, kw_only=True)
class RoutedFile:
    """A file of the fax's list. ``owner``: GUID of the method that added it; empty: the fax itself."""

    number: int
    path: Path
    owner: str = ""


@dataclass(frozen=True, kw_only=True)
class Order:
    """One delivery to be made."""

    id: str  # stable, ``JOB-N``
    job: int
    fax: Received
    files: tuple[RoutedFile, ...]  # the first is the fax's TIFF, which must not be changed
    data: bytes  # the method's, for this line; or the rule's; or what an earlier method made of it
    retry_data: bytes  # what the method handed back when it failed last
    tries: int  # made before this one, since it was asked for
    folder: Path  # for files that the method adds: a folder of this fax, there as long as the fax is
    anew: bool = False  # it was asked for once more, after tries that count no longer

    @property
    def tried(self) -> bool:
        """Whether there may have been a try before this one, whose answer was lost."""
        return self.anew or self.tries > 0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of it. ``text``: a sentence for people. All of it is written down in one transaction."""

    done: bool
    text: str = ""
    retry_data: bytes = b""  # handed in again with the next try
    again: bool = True  # not done: whether trying again may mend it
    added: tuple[Path, ...] = ()  # files for the methods that run later; on stable storage
    removed: tuple[int, ...] = ()  # numbers of files that the methods that run later shall not get; never the TIFF's
    changed_data: Mapping[str, bytes] = field(default_factory=dict)  # by GUID, for methods that run later on this fax


class Method(Protocol):
    """A routing method."""

    @property
    def about(self) -> MethodAbout: ...

    async def deliver(self, order: Order) -> Outcome:
        """Do it."""
        ...

    async def check(self, data: bytes, port: str, device: int) -> None:
        """Whether it can be enabled with such data on this line (a rule: port "", device 0).

        Raises RequestError BAD_CONFIGURATION.
        """
        ...

    async def set_enabled(self, device: int, enabled: bool) -> None:
        """It was enabled, or disabled, on this line: told before that is kept. Raises RequestError to refuse."""
        ...

    async def set_data(self, device: int, data: bytes) -> bytes:
        """Data are set for this line; what is returned is kept. Raises RequestError to refuse."""
        ...

    async def data(self, device: int, kept: bytes) -> bytes:
        """The data of this line as they are shown and used; ``kept``: what was returned by ``set_data``."""
        ...


class BuiltIn:
    """What built-in methods have in common: the daemon keeps all that is set of them."""

    async def check(self, data: bytes, port: str, device: int) -> None:
        return None

    async def set_enabled(self, device: int, enabled: bool) -> None:
        return None

    async def set_data(self, device: int, data: bytes) -> bytes:
        return data

    async def data(self, device: int, kept: bytes) -> bytes:
        return kept


def failed(text: str, retry_data: bytes = b"") -> Outcome:
    """It did not work now."""
    return Outcome(done=False, text=text, retry_data=retry_data)


def hopeless(text: str) -> Outcome:
    """It will not work however often it is tried."""
    return Outcome(done=False, text=text, again=False)


def paths(files: Sequence[RoutedFile]) -> tuple[Path, ...]:
    return tuple(file.path for file in files)

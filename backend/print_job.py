"""A print job as it reached us: what CUPS says of it, and what was found for it elsewhere. Values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from backend.options import chosen
from ipp.values import Attribute

if TYPE_CHECKING:
    from backend.book import Entry


class AskedError(Exception):
    """The request cannot be done as it stands; the text says why, without numbers or names."""


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class PrintJob:
    """``attributes``: by Get-Job-Attributes; empty when cupsd did not tell. ``entry``: who was chosen in the address
    book, None also when that entry is not there any more. ``commands`` and ``ruled``: what stands in the document, by
    fields of ``backend.commands``. ``now``: with the zone of the people here.
    """

    title: str
    options: Mapping[str, str]
    parameters: Sequence[tuple[str, str]]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    user_name: str = ""  # who printed, as a name for the cover page
    entry: Entry | None = None
    commands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ruled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    now: datetime = _EPOCH

    def parameter(self, name: str) -> str | None:
        return next((value for key, value in self.parameters if key == name and value), None)

    def option(self, name: str) -> str | None:
        """What was chosen for an option, in any case of letters."""
        return chosen(self.options.get(name.lower()))

    def embedded(self, name: str) -> str | None:
        """What the document says: a command before a rule."""
        return next(iter((*self.commands.get(name, ()), *self.ruled.get(name, ()))), None)

    def integer(self, name: str) -> int | None:
        """A whole number from the options or the attributes; lp sends numbers as names. AskedError."""
        attribute = self.attributes.get(name)
        data = attribute.values[0].data if attribute and attribute.values else None
        if isinstance(data, int) and not isinstance(data, bool):
            return data
        text = self.option(name) or (attribute and chosen(attribute.text())) or self.embedded(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise AskedError(f"{name} must be a whole number")
        return int(text)

    @property
    def created(self) -> datetime:
        """When it was printed: a job that is run again must not be sent later for that."""
        attribute = self.attributes.get("time-at-creation")
        data = attribute.values[0].data if attribute and attribute.values else None
        if isinstance(data, int) and 0 < data <= self.now.timestamp():
            return datetime.fromtimestamp(data, self.now.tzinfo)
        return self.now

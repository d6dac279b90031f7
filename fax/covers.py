"""Cover page templates as the API has them: what there is, a template's files, a preview's order.

What always holds: plain values, as in ``fax.types``; a template's main file is called ``template.toml``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fax.settings import Paper
from fax.types import CoverPage, Priority, Recipient, Resolution, Sender

MAIN_FILE = "template.toml"


@dataclass(frozen=True, kw_only=True)
class CoverTemplate:
    """One that may be chosen. ``octets``: of T.6 code at fine resolution, with every field filled."""

    name: str
    kind: str  # "own", "common", "site", "built-in"
    title: str = ""
    about: str = ""
    language: str = ""
    strip: bool = False  # put on top of the first page
    octets: int | None = None  # None: it is not right
    problem: str = ""  # what is wrong with it


@dataclass(frozen=True, kw_only=True)
class CoverFile:
    """A file of a template: its bare name, and its octets (base64 in JSON)."""

    name: str
    octets: bytes


@dataclass(frozen=True, kw_only=True)
class CoverFiles:
    """A whole template: ``template.toml`` and the pictures and PDF that it names."""

    files: tuple[CoverFile, ...]


@dataclass(frozen=True, kw_only=True)
class CoverProblem:
    """Something wrong with a template. ``line``: of its file, from 1."""

    line: int
    text: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class CoverPreview:
    """The cover to be drawn, as for a fax with these fields. ``files``: a template that is not installed, in place of
    the one that ``cover`` names."""

    cover: CoverPage = field(default_factory=CoverPage)
    recipient: Recipient = field(default_factory=Recipient)
    sender: Sender = field(default_factory=Sender)
    resolution: Resolution = Resolution.FINE
    paper: Paper | None = None  # None: the server's
    document_pages: int | None = 0  # after the cover; None: not known, and no count is shown
    billing_code: str = ""
    priority: Priority = Priority.NORMAL
    title: str = ""
    job: int | None = None
    continued_from: int | None = None  # the page that comes next, of a fax that is continued
    continued_of: int | None = None  # pages of the whole fax, then
    page: int = 1  # of the cover, from 1
    files: tuple[CoverFile, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PagePreview:
    """Page one of a fax as it would go out to this recipient, with this cover page or none."""

    recipient: Recipient = field(default_factory=Recipient)
    cover: CoverPage | None = None

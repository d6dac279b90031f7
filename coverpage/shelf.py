"""Where templates lie, and which one a name means: a person's own, the server's common ones, the site's, the built-in.

What always holds: a name of a template never leads out of its folder; "own/NAME" means the person's own and nothing
else, a bare NAME never does; of two common ones of a name the site's goes before the built-in.

A template is ``NAME.toml`` with its pictures beside it, or a folder ``NAME`` that holds ``template.toml`` and them.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from coverpage.digest import content_digest
from coverpage.errors import CoverPageError
from coverpage.template import Template, files_of
from coverpage.template_read import read

BUILT_IN = Path(__file__).parent / "templates"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
OWN = "own/"
BROUGHT = "that was brought along"
MAIN = "template.toml"
FILE_LIMIT_OCTETS = 4 << 20
_KEPT = 64


@dataclass(frozen=True)
class Found:
    """A template with what lies beside it. ``digest``: of all its content."""

    name: str
    template: Template
    file: Path
    digest: str
    files: Mapping[str, bytes] | None = None  # None: they lie beside ``file``

    def octets(self, name: str) -> bytes:
        """A file of it. Raises CoverPageError."""
        return _octets(self.file.parent / name) if self.files is None else self.files[name]


@dataclass(frozen=True)
class Place:
    """One folder of templates. ``kind``: "own", "common", "site" or "built-in"."""

    kind: str
    folder: Path

    def names(self) -> set[str]:
        if not self.folder.is_dir():
            return set()
        found = {path.stem for path in self.folder.glob("*.toml")}
        found |= {path.parent.name for path in self.folder.glob(f"*/{MAIN}")}
        return {name for name in found if NAME.fullmatch(name)}

    def file(self, name: str) -> Path | None:
        for path in (self.folder / name / MAIN, self.folder / f"{name}.toml"):
            if path.is_file():
                return path
        return None


class Shelf:
    """All that one person may choose from. ``common``: folders that go before the built-in templates, in order."""

    def __init__(self, common: tuple[Place, ...] = (), own: Path | None = None) -> None:
        self._common = (*common, Place("built-in", BUILT_IN))
        self._own = None if own is None else Place("own", own)

    def names(self) -> list[str]:
        """The common ones in order, then one's own."""
        found = sorted(set().union(*(place.names() for place in self._common)))
        return [*found, *(OWN + name for name in sorted(self._own.names() if self._own else ()))]

    def listed(self) -> Iterator[tuple[str, str]]:
        """Each name with the kind of its place."""
        for name in self.names():
            place, _ = self._place(name)
            if place is not None:
                yield name, place.kind

    def _place(self, name: str) -> tuple[Place | None, str]:
        bare = name.removeprefix(OWN)
        if not NAME.fullmatch(bare):
            return None, bare
        places = self._common if bare == name else filter(None, (self._own,))
        return next((place for place in places if place.file(bare) is not None), None), bare

    def find(self, name: str) -> Found:
        """Raises CoverPageError: there is none of that name (the text lists the names), or it is not right."""
        place, bare = self._place(name)
        file = None if place is None else place.file(bare)
        if file is None:
            raise CoverPageError(f"There is no cover page template {name!r}. There are: {', '.join(self.names())}")
        return load(file, name)


def from_files(files: Mapping[str, bytes], called: str = MAIN) -> Found:
    """A template that is held in memory: ``template.toml`` and what it names, by name.

    Raises CoverPageError (TemplateError); ``called``: the template's name in errors.
    """
    if MAIN not in files:
        raise CoverPageError(f"A template needs a file {MAIN}")
    template = read(files[MAIN], called, frozenset(files) - {MAIN})
    used = [("", files[MAIN]), *((name, files[name]) for name in files_of(template))]
    return Found(called, template, Path(), content_digest(used), dict(files))


def brought_along(text: str) -> Found:
    """The template of a fax that brings its own; nothing lies beside it. Raises CoverPageError (TemplateError)."""
    return from_files({MAIN: text.encode("utf-8", "replace")}, BROUGHT)


_loaded: OrderedDict[str, Found] = OrderedDict()
_lock = Lock()


def load(file: Path, name: str | None = None, called: str | None = None) -> Found:
    """The template in a file, which errors call ``called``. Raises CoverPageError (TemplateError)."""
    octets = _octets(file)
    beside = frozenset(path.name for path in file.parent.iterdir() if path.is_file())
    name = name or (file.parent.name if file.name == MAIN else file.stem)
    key = content_digest([(name, octets), (str(file), "\n".join(sorted(beside)).encode())])
    with _lock:
        known = _loaded.get(key)
    template = known.template if known else read(octets, called or str(file), beside)
    files = [(each, _octets(file.parent / each)) for each in files_of(template)]
    digest = content_digest([("", octets), *files])
    if known is not None and known.digest == digest:
        return known
    made = Found(name, template, file, digest)
    with _lock:
        _loaded[key] = made
        while len(_loaded) > _KEPT:
            _loaded.popitem(last=False)
    return made


def _octets(path: Path) -> bytes:
    try:
        if path.stat().st_size > FILE_LIMIT_OCTETS:
            raise CoverPageError(f"{path} is larger than a file of a cover page template may be")
        return path.read_bytes()
    except OSError as error:
        raise CoverPageError(f"The cover page template's file {path} cannot be read: {error.strerror}") from error

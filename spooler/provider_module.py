"""A provider's module: loaded from its file, its functions called.

What always holds: whatever a function of it raises or gives, the caller gets whether it succeeded and its values; what
went wrong is logged and kept as ``why``.

Must not: outlast a module that hangs: whoever calls says on which thread.
"""

from __future__ import annotations

import importlib.util
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from fax import extension

log = logging.getLogger(__name__)
MODULE = "platen_loaded"


class ModuleError(Exception):
    """The module cannot be used; the text says why."""


def load(path: Path, required: tuple[str, ...]) -> ModuleType:
    """The module of a file, whose folder may hold others that it imports. Raises ModuleError."""
    spec = importlib.util.spec_from_file_location(MODULE, path)
    if spec is None or spec.loader is None:
        raise ModuleError(f"{path} is no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module
    sys.path.insert(1, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        log.exception("%s cannot be loaded", path)
        raise ModuleError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error
    if missing := [name for name in required if not callable(getattr(module, name, None))]:
        raise ModuleError(f"{path} exports no {', '.join(missing)}")
    return module


@dataclass(frozen=True)
class Result:
    """What a function gave: whether it succeeded, its values behind that, and why it failed."""

    ok: bool
    values: tuple[object, ...] = ()
    code: int = extension.ERROR_SUCCESS
    why: str = ""


def call(function: Callable[..., object], *arguments: object) -> Result:
    """Call a function of a module: an exception is a failure."""
    extension.SetLastError(extension.ERROR_SUCCESS)
    name = getattr(function, "__name__", "it")
    try:
        given = function(*arguments)
        ok, values = (given[0], given[1:]) if isinstance(given, tuple) and given else (given, ())
        ok = bool(ok)
    except (Exception, SystemExit) as error:
        log.exception("%s failed", name)
        return Result(False, (), extension.GetLastError(), f"{name}: {type(error).__name__}: {error}"[:500])
    if ok:
        return Result(True, tuple(values))
    code, text = extension.GetLastError(), extension.last_error_text()
    why = text or (f"{name} failed with error {code}" if code else f"{name} failed")
    return Result(False, tuple(values), code, why[:500])

"""What the backend tells CUPS of its devices (``lpinfo -v``): the fax printer with its lines, and each group of lines.

What always holds: a device is told in any case, whether the daemon answers or not, and soon; what the daemon calls its
lines cannot break out of its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from fax.client import Client
from fax.errors import FaxError
from fax.types import Port

TIMEOUT_S = 3.0
_ID = "MFG:Platen;MDL:Virtual Fax;CMD:PDF;CLS:PRINTER;DES:Platen Virtual Fax;"


def devices() -> Iterator[str]:
    """Lines as CUPS wants them: class, URI, make and model, what people read, IEEE 1284 id, place."""
    client = Client(timeout_s=TIMEOUT_S)
    try:
        ports: Sequence[Port] = client.status().ports
    except FaxError:
        yield device()
        return
    yield device(f"Platen fax ({_lines(ports)})")
    try:
        groups = client.configuration().port_groups
    except FaxError:
        return  # not everybody may read the settings
    for group in groups:
        name = group.name
        yield device(f"Platen fax by {name} ({', '.join(group.ports)})", f"?group={quote(name, safe='')}")


def device(info: str = "Platen fax", query: str = "") -> str:
    clean = "".join(character if character.isprintable() and character != '"' else " " for character in info)
    return f'direct platen:/fax{query} "Platen Virtual Fax" "{clean}" "{_ID}" ""'


def _lines(ports: Sequence[Port]) -> str:
    if not ports:
        return "no line"
    return ", ".join(f"{port.name} {port.state}" for port in ports)

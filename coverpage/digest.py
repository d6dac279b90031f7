"""Names for content."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def content_digest(files: Sequence[tuple[str, bytes]]) -> str:
    """Names a template with its files."""
    made = hashlib.sha256()
    for name, octets in sorted(files):
        made.update(f"{name}\0{len(octets)}\0".encode())
        made.update(octets)
    return made.hexdigest()

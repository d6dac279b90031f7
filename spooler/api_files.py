"""Answers that are files made for them.

What always holds: the file has no name any more when its first octet goes out: who is told of its last octet finds
nothing left of it, and a daemon that dies leaves nothing.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from fastapi.responses import StreamingResponse

from spooler.spool import Spool

CHUNK_OCTETS = 1 << 16


async def made(spool: Spool, write: Callable[[Path], Path], name: str, media_type: str) -> StreamingResponse:
    """The file that ``write`` makes at a path that ends in ``name``. Raises what ``write`` raises, OSError."""
    octets, chunks = await asyncio.to_thread(_opened, spool, write, name)
    return StreamingResponse(chunks, media_type=media_type, headers={"Content-Length": str(octets)})


def _opened(spool: Spool, write: Callable[[Path], Path], name: str) -> tuple[int, Iterator[bytes]]:
    with spool.scratch(Path(name).stem) as folder:
        file = write(folder / name).open("rb")

    def chunks() -> Iterator[bytes]:
        with file:
            while chunk := file.read(CHUNK_OCTETS):
                yield chunk

    return os.fstat(file.fileno()).st_size, chunks()

"""A page in ECM: cut into blocks and frames, and the book-keeping of what is still missing (T.30 Annex A, T.4 Annex A).

What always holds: a block has at most 256 frames of one size, numbered from 0; the page counter counts the pages of
the call; a frame keeps its number when it is sent again; only frames that exist are ever sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field

FRAMES_IN_BLOCK = 256
PPRS_BEFORE_CTC = 4
CTCS_IN_BLOCK = 2  # that did not help
ENOUGH_PROGRESS = 0.5


@dataclass
class EcmPage:
    """One page on its way. ``data``: the page's code in line order; ``number``: page of the call, from 0."""

    data: bytes
    number: int
    frame_octets: int = 256
    block: int = 0
    pprs: int = 0
    ctcs: int = 0
    damaged: bool = False  # a block was given up with EOR
    pending: list[int] = field(default_factory=list)  # frames of this block that are to be sent
    _pending_at_start: int = 0  # of this row of PPRs
    _pending_first: int = 0  # before the first resend of this row

    def __post_init__(self) -> None:
        self._open_block()

    @property
    def _block_octets(self) -> int:
        return FRAMES_IN_BLOCK * self.frame_octets

    @property
    def blocks(self) -> int:
        return max(1, -(-len(self.data) // self._block_octets))

    @property
    def last_block(self) -> bool:
        return self.block == self.blocks - 1

    @property
    def frames_in_block(self) -> int:
        left = len(self.data) - self.block * self._block_octets
        return max(1, min(FRAMES_IN_BLOCK, -(-left // self.frame_octets)))

    @property
    def block_start(self) -> int:
        """Octets of the page's code before this block."""
        return self.block * self._block_octets

    @property
    def octets_pending(self) -> int:
        """Octets of the page's code in the pending frames, about."""
        return min(len(self.pending) * self.frame_octets, len(self.data) - self.block_start)

    def _open_block(self) -> None:
        self.pprs = self.ctcs = self._pending_first = 0
        self.pending = list(range(self.frames_in_block))
        self._pending_at_start = len(self.pending)

    def next_block(self) -> None:
        self.block += 1
        self._open_block()

    def frames(self) -> list[tuple[int, bytes]]:
        """The pending frames: number and data, the page's last frame filled up with zeros."""
        size = self.frame_octets
        result = []
        for number in self.pending:
            at = self.block_start + number * size
            result.append((number, self.data[at : at + size].ljust(size, b"\0")))
        return result

    def pps_fif(self, end: int) -> bytes:
        """The FIF of this transmission's PPS; ``end`` is its FCF2."""
        return bytes((end, self.number & 0xFF, self.block & 0xFF, len(self.pending) - 1))

    def take_ppr(self, fif: bytes) -> None:
        """A PPR's map: bit set = frame missing. A map that names no frame of ours asks for the last one again."""
        missing = [
            number
            for number in range(self.frames_in_block)
            if number // 8 < len(fif) and fif[number // 8] >> (number % 8) & 1
        ]
        self.pending = missing or [self.frames_in_block - 1]
        self.pprs += 1
        self._pending_first = self._pending_first or len(self.pending)

    @property
    def asked_too_often(self) -> bool:
        """The fourth PPR of a row: CTC or EOR is due (T.30 Annex A 4.3)."""
        return self.pprs >= PPRS_BEFORE_CTC

    @property
    def may_correct_on(self) -> bool:
        return self.ctcs < CTCS_IN_BLOCK

    @property
    def progress(self) -> float:
        """The share of the frames of this row of PPRs that has come through, 0 to 1."""
        return 1 - len(self.pending) / self._pending_at_start

    def correct_on(self) -> None:
        """CTC has been answered: the row of PPRs begins again. A row of resends that brought half costs no try."""
        self.ctcs += len(self.pending) > (1 - ENOUGH_PROGRESS) * self._pending_first
        self.pprs = 0
        self._pending_at_start = self._pending_first = len(self.pending)

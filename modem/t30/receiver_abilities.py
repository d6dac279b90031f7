"""What we say that we can receive, and what we make of it: policy as data, and the DIS (T.30 5.3.6.2, table 2).

What always holds: a DIS offers no modulation that the modem does not list in +FRM, V.17 only with its short training,
T.6 only with ECM; extension bits are right.
"""

from __future__ import annotations

from dataclasses import dataclass

from codec.page import Coding, Resolution
from modem.callers import is_one_of
from modem.t30.capabilities import PAGE_CODINGS, T85, Bits, PageCoding
from modem.t30.frames import Type
from modem.t30.rates import RATES, Modulation

_SCAN_CODES = {20: 0b000, 5: 0b001, 10: 0b010, 40: 0b100, 0: 0b111}
_DIS_RATES = {
    frozenset(Modulation): 0b1011,
    frozenset((Modulation.V27TER, Modulation.V29)): 0b0011,
    frozenset((Modulation.V29,)): 0b0001,
    frozenset((Modulation.V27TER,)): 0b0010,
}


@dataclass(frozen=True, kw_only=True)
class CopyQuality:
    """Which pages without ECM are good enough: shares of bad rows, and bad rows in sequence (at 7.7 lines/mm)."""

    mcf_below: float = 0.05
    rtp_below: float = 0.15
    rows_in_sequence: int = 10

    def answer(self, rows: int, bad: int, longest_run: int, resolution: Resolution) -> Type:
        """MCF, RTP or RTN for a page with any rows at all."""
        scale = {Resolution.STANDARD: 0.5, Resolution.FINE: 1.0, Resolution.SUPERFINE: 2.0}[resolution]
        share = bad / rows
        if share >= self.rtp_below:
            return Type.RTN
        if share >= self.mcf_below or longest_run > self.rows_in_sequence * scale:
            return Type.RTP
        return Type.MCF


@dataclass(frozen=True, kw_only=True)
class ReceiverPolicy:
    """What may be received, from whom, and who we say we are. Idents: at most 20 printable ASCII characters."""

    csi: str = ""
    ecm: bool = True
    v17: bool = True
    max_rate_bps: int | None = None
    codings: tuple[PageCoding, ...] = PAGE_CODINGS
    resolutions: tuple[Resolution, ...] = tuple(Resolution)
    width: int = 2432  # pixels: 1728, 2048 or 2432
    scan_time_ms: int = 0
    quality: CopyQuality = CopyQuality()
    sub_addresses: tuple[str, ...] | None = None  # None: any, and none at all
    allowed_idents: tuple[str, ...] = ()  # patterns of ``modem.callers``: TSIs that may send; none: any
    refused_idents: tuple[str, ...] = ()  # TSIs that may not
    sender_password: str = ""  # SID that a sender must give; empty: none is asked for
    poll_password: str = ""  # PWD that a polling caller must give; empty: none is asked for
    poll_selection: str = ""  # SEP under which the document is found; empty: any

    def accepts_sender(self, sub_address: str, sender_id: str) -> bool:
        if self.sub_addresses is not None and sub_address not in self.sub_addresses:
            return False
        return not self.sender_password or sender_id == self.sender_password

    def accepts_ident(self, ident: str) -> bool:
        """Whether who calls itself so may send; ``ident`` empty: it says nothing."""
        if is_one_of(self.refused_idents, ident):
            return False
        return not self.allowed_idents or is_one_of(self.allowed_idents, ident)

    def accepts_poll(self, password: str, selection: str) -> bool:
        if self.poll_password and password != self.poll_password:
            return False
        return not self.poll_selection or not selection or selection == self.poll_selection


def modulations(policy: ReceiverPolicy, codes: frozenset[int]) -> frozenset[Modulation]:
    """What may be offered. A rate limit leaves out a modulation that a sender could use above it."""
    found = set()
    for modulation in Modulation:
        rates = [rate for rate in RATES if rate.modulation is modulation]
        listed = all({rate.long_code, rate.short_code} <= codes for rate in rates)
        too_fast = policy.max_rate_bps is not None and rates[0].bps > policy.max_rate_bps
        if listed and not too_fast and (policy.v17 or modulation is not Modulation.V17):
            found.add(modulation)
    if Modulation.V17 in found and len(found) < len(Modulation):
        found.discard(Modulation.V17)  # a DIS cannot offer it alone
    return frozenset(found)


def build_dis(policy: ReceiverPolicy, codes: frozenset[int], *, document: bool = False) -> bytes:
    """The FIF of our DIS or DTC. ``codes``: what the modem lists in +FRM; ``document``: one waits to be polled."""
    bits = Bits()
    bits.set(9, document)
    bits.set(10)
    bits.set(11, _DIS_RATES.get(modulations(policy, codes), 0))
    bits.set(15, Resolution.FINE in policy.resolutions)
    bits.set(16, Coding.MR in policy.codings)
    bits.set(17, policy.width == 2048)
    bits.set(18, policy.width == 2432)
    bits.set(20)
    bits.set(21, _SCAN_CODES[policy.scan_time_ms])
    bits.set(27, policy.ecm)
    bits.set(31, policy.ecm and Coding.MMR in policy.codings)
    if Resolution.SUPERFINE in policy.resolutions:
        bits.set(41)
        bits.set(44)
        bits.set(45)
    bits.set(78, policy.ecm and T85 in policy.codings)
    bits.set(47, document and bool(policy.poll_selection))
    bits.set(49)
    bits.set(50, bool(policy.sender_password or (document and policy.poll_password)))
    return bits.fif()

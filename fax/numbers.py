"""What the server makes of a fax number, for people who want to know before they send."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class NumberCheck:
    """``number``: as it is kept and shown (E.164 where the server's country is set); None: refused, and ``why``."""

    written: str
    number: str | None
    dialled: str | None = None  # what the modem is told; for those who may see the settings only
    country: str = ""  # that it leads to, ISO 3166; empty: not known
    internal: bool = False  # an extension of the own exchange
    warning: str = ""  # it is taken as it is, but looks odd
    why: str = ""

"""What a plan means for the sender: the number as it is dialled, what may be used, the pages with their header lines;
and what of a call bears on the next one.

What always holds: pure; what the number's memory advises against is left out here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from codec.page import Page, Resolution
from modem.memory import CallFacts
from modem.outcome import Fate
from modem.plan import CallPlan, PageOfCall
from modem.t30 import notes
from modem.t30.capabilities import PAGE_CODINGS
from modem.t30.frames import ident_fif
from modem.t30.receiver_abilities import CopyQuality, ReceiverPolicy
from modem.t30.sender import Sender, SenderPolicy
from modem.t30.supply import CodedPages, Header, Sheet

MASKED = "*" * 20  # a password, as a frame with it looks in the journal
_DIALLED = "0123456789*#,W"


def dial_string(number: str) -> str:
    """What ATD is given: no plus, a comma for ``p`` (pause), ``w`` waits for a dial tone. Empty: cannot be dialled."""
    marks = number.upper().replace("P", ",").replace("+", "")
    return marks if all(mark in _DIALLED for mark in marks) and any(mark.isdigit() for mark in marks) else ""


def fault_of(plan: CallPlan) -> str:
    """What no frame can say of this plan; "" when all is well. Idents have at most 20 printable ASCII characters."""
    texts = [plan.tsid]
    for document in plan.documents:
        texts += [document.sub_address, document.password]
    if plan.fetch is not None:
        texts += [plan.fetch.password, plan.fetch.selection]
    try:
        for text in texts:
            ident_fif(text)
    except ValueError:
        return "an identifier, sub-address or password is not 20 printable ASCII characters at most"
    unknown = [name for name in plan.policy.codings if name not in {coding.value for coding in PAGE_CODINGS}]
    return f"no coding is called {unknown[0]!r}" if unknown else ""


def told(plan: CallPlan) -> object:
    """The plan as the journal has it: all that is needed to make the same call again, but for the passwords."""
    documents = tuple(
        replace(document, password="*" * len(document.password)) if document.password else document
        for document in plan.documents
    )
    fetch = replace(plan.fetch, password="*" * len(plan.fetch.password)) if plan.fetch else None
    return msgspec.to_builtins(replace(plan, documents=documents, fetch=fetch))


def told_policy(policy: ReceiverPolicy) -> object:
    """How calls are answered, as the journal has it: all that is needed to answer the same call again, but for the
    passwords, of which it says only whether there are any."""
    return msgspec.to_builtins(
        replace(
            policy,
            sender_password=MASKED if policy.sender_password else "",
            poll_password=MASKED if policy.poll_password else "",
        )
    )


def policy_from(told: object) -> ReceiverPolicy:
    """The policy that ``told_policy`` told. Raises msgspec.ValidationError."""
    raw = msgspec.convert(told, dict[str, Any])
    names = msgspec.convert(raw.get("codings", ()), tuple[str, ...])
    known = {name: msgspec.convert(raw[name], kind) for name, kind in _POLICY.items() if name in raw}
    return ReceiverPolicy(codings=tuple(coding for coding in PAGE_CODINGS if coding.value in names), **known)


_POLICY: dict[str, Any] = {
    **dict.fromkeys(("ecm", "v17"), bool),
    **dict.fromkeys(("width", "scan_time_ms"), int),
    **dict.fromkeys(("csi", "sender_password", "poll_password", "poll_selection"), str),
    "max_rate_bps": int | None,
    "resolutions": tuple[Resolution, ...],
    "quality": CopyQuality,
    "sub_addresses": tuple[str, ...] | None,
    **dict.fromkeys(("allowed_idents", "refused_idents"), tuple[str, ...]),
}


def sender_policy(plan: CallPlan) -> SenderPolicy:
    """What the plan allows, less what the number's memory advises against."""
    policy, memory = plan.policy, plan.memory
    return SenderPolicy(
        tsid=plan.tsid,
        ecm=policy.ecm and not memory.without_ecm,
        v17=policy.v17 and not memory.without_v17,
        max_rate_bps=policy.max_rate_bps,
        begin_rate_bps=memory.max_rate_bps,
        pages_again_after_rtn=policy.pages_again_after_rtn,
        sub_address_required=policy.sub_address_required,
        fetch=plan.fetch is not None,
    )


def coded_pages(plan: CallPlan, pages: Sequence[Page]) -> CodedPages:
    """The plan's pages as the sender wants them, coded ahead for most far ends."""
    sheets = [
        Sheet(
            page,
            header_of(plan, each) if plan.policy.header_line else None,
            notes.Addressing(each.document.sub_address, each.document.password),
        )
        for each, page in zip(plan.pages, pages, strict=True)
    ]
    supply = CodedPages(
        sheets,
        codings(plan),
        too_long=plan.policy.too_long,
        small_frames=plan.policy.small_frames or bool(plan.memory.small_frames),
    )
    supply.warm_up()
    return supply


def codings(plan: CallPlan) -> tuple[str, ...]:
    """The codings that may be used; MH is always one."""
    allowed = plan.policy.codings or tuple(coding.value for coding in PAGE_CODINGS)
    return tuple(coding for coding in allowed if coding not in plan.memory.without_codings) or ("mh",)


def facts(sender: Sender) -> CallFacts:
    """What of a call bears on the next one to its number."""
    rate, form = sender.rate_used, sender.format_used
    return CallFacts(
        answered=sender.answered,
        pages_through=sum(fate is Fate.CONFIRMED for fate in sender.fates),
        rate_bps=sender.rate.bps if sender.rate and rate else None,
        stepped_down=sender.stepped_down,
        ecm=form.ecm if form else None,
        frames_sent=sender.frames_sent,
        frames_resent=sender.frames_resent,
        coding=form.coding.value if form else None,
        v17_trouble=sender.v17_trouble,
        ecm_trouble=sender.ecm_trouble,
        coding_trouble=sender.coding_trouble,
    )


def header_of(plan: CallPlan, each: PageOfCall) -> Header:
    """The line of a page of a call. A preface has no number in the fax: it says which page it stands before."""
    document = each.document
    line = header_line(
        time=plan.header_time,
        tsid=plan.tsid,
        sender=document.header_from,
        recipient=document.header_to,
        page=document.pages[0].number if each.preface and document.pages else each.page.number,
        pages=document.pages_total,
        over=plan.policy.header_over,
    )
    if each.preface:
        return replace(line, right=f"before {line.right}")
    return replace(line, right=f"possible duplicate   {line.right}") if each.page.possible_duplicate else line


def header_line(*, time: str, tsid: str, sender: str, recipient: str, page: int, pages: int, over: bool) -> Header:
    """When, our identifier and from whom, to whom, which page. What comes first is cut last."""
    left = "   ".join(part for part in (time, tsid, "" if sender == tsid else sender) if part)
    return Header(left, recipient, f"page {page} of {pages}", over=over)

"""A journal read as a recording: what the call was to do, what was said on our side, and what came from the other.

What always holds: pure; what our side said ("acts": commands and frames) and what came in ("inputs": the modem's lines,
the far end's frames and images, pages that had been stored, a cancel) are kept in their order, each input with the act
that it followed and how long after it it came. A password that came in is not in a journal: it counts as the right one
unless the call ended as INCOMPATIBLE. Journals that do not say enough are refused in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import msgspec

from codec.page import Page
from modem.answer import POLLED_JOB
from modem.briefing import codings, policy_from
from modem.class1.profile import Profile
from modem.class1.reader import END_OF_DATA, escape
from modem.entries import Entry
from modem.journal import IMAGE, KEPT, SECRET_FRAMES, PageKey, page_key
from modem.outcome import Cause, Outcome
from modem.plan import CallPlan
from modem.receipt import AnswerOutcome, CallerId
from modem.t30.capabilities import Abilities, PageCoding, PageFormat, parse_dcs
from modem.t30.fitting import Fitting
from modem.t30.frames import fcs
from modem.t30.notes import NOWHERE, Addressing
from modem.t30.rates import Rate
from modem.t30.receiver_abilities import ReceiverPolicy
from modem.t30.supply import CodedPages, Sheet

_AFTER_CONNECT_S = 0.01
_SAME_S = 1e-6
_CODE_OF_A_PAGE = 20_000  # octets, for a page of which the recording knows nothing


class NotARecordingError(Exception):
    """This journal cannot be played. The text says why."""


@dataclass(frozen=True)
class Act:
    """Something that our side said: a command's text, or a frame's name and octets (without those that are masked)."""

    t: float
    text: str
    octets: bytes = b""

    @classmethod
    def of(cls, entry: Entry) -> Act | None:
        fields = entry.fields
        if entry.kind == "command":
            return cls(entry.t, str(fields.get("text", "")))
        if entry.kind == "frame" and fields.get("dir") == "out":
            name = str(fields.get("name", ""))
            octets = bytes.fromhex(str(fields.get("octets", "")))
            return cls(entry.t, name, b"" if name in SECRET_FRAMES else octets)
        return None

    @property
    def said(self) -> tuple[str, bytes]:
        return self.text, self.octets


@dataclass(frozen=True)
class Input:
    """What came in: octets of the modem, or one of the two things that are none."""

    after: int  # so many acts had been before it
    delay_s: float  # since the last of them
    octets: bytes = b""
    cancel: bool = False
    device_gone: bool = False
    stored: int = 0  # so many pages were
    store_failed: str = ""


@dataclass(frozen=True)
class Answered:
    """Of a call that came in."""

    call: str
    policy: ReceiverPolicy
    caller: CallerId


@dataclass(frozen=True)
class Recording:
    task: CallPlan | Answered
    profile: Profile
    sheets: tuple[Sheet, ...]
    acts: tuple[Act, ...]
    inputs: tuple[Input, ...]
    weighed: Mapping[tuple[int, Rate], Mapping[str, int]] = field(repr=False)  # octets by coding, for page and rate
    octets: tuple[int, ...] = field(repr=False)  # of each page's code
    outcome: Outcome | AnswerOutcome | None

    def supply(self) -> RecordedPages:
        return RecordedPages(self)


class RecordedPages(CodedPages):
    """Pages of which only geometry and lengths are known: zeros take their place, which need no stuffing."""

    def __init__(self, recording: Recording) -> None:
        task = recording.task
        if isinstance(task, Answered):
            super().__init__(recording.sheets, [coding.value for coding in task.policy.codings])
        else:
            small_frames = task.policy.small_frames or bool(task.memory.small_frames)
            super().__init__(recording.sheets, codings(task), too_long=task.policy.too_long, small_frames=small_frames)
        self._recording = recording

    def _page(self, index: int, fitting: Fitting) -> Page:
        return self._sheets[index].page

    def _smallest(
        self, index: int, form: PageFormat, codings: list[PageCoding], abilities: Abilities, rate: Rate
    ) -> PageCoding:
        known = self._known(index, rate)
        self.weighed = tuple(known.items())
        return min(codings, key=lambda coding: (known.get(coding.value, 1 << 60), codings.index(coding)))

    def _known(self, index: int, rate: Rate) -> Mapping[str, int]:
        """What was weighed for this page at this rate; else for the nearest one before it that was trained for."""
        weighed = self._recording.weighed
        if (index, rate) in weighed:
            return weighed[index, rate]
        before = [(page, known) for (page, _), known in weighed.items() if page <= index]
        return max(before, key=lambda each: each[0])[1] if before else {}

    def code(self, index: int, format: PageFormat, rate: Rate) -> bytes:
        """So many zeros."""
        return bytes(self._recording.octets[index])

    def prepare(self, index: int, format: PageFormat, rate: Rate) -> None:
        """Nothing has to be coded."""


def read_recording(entries: Sequence[Entry]) -> Recording:
    """Raises NotARecordingError."""
    begin = entries[0] if entries and entries[0].kind == "begin" else None
    if begin is None:
        raise NotARecordingError("there is no call in this journal")
    if ("policy" if begin.fields.get("incoming") else "plan") not in begin.fields:
        raise NotARecordingError("this journal is from a version that did not keep enough to play the call again")
    outcome = next((entry.fields.get("outcome") for entry in reversed(entries) if entry.kind == "end"), None)
    try:
        task = _answered(begin.fields, outcome) if begin.fields.get("incoming") else _plan(begin.fields)
        profile = msgspec.convert(begin.fields.get("profile", {}), Profile)
        sizes = msgspec.convert(begin.fields.get("sheets", []), list[tuple[int, int, int, int]])
    except msgspec.ValidationError as error:
        raise NotARecordingError(f"what this journal says of its plan cannot be understood ({error})") from error
    if isinstance(task, Answered):
        keys = [page_key({"job": POLLED_JOB, "number": number}) for number in range(1, len(sizes) + 1)]
        addressings = [NOWHERE] * len(sizes)
    else:
        keys = [page_key(each.said) for each in task.pages]
        addressings = [Addressing(each.document.sub_address, each.document.password) for each in task.pages]
    if len(sizes) != len(keys):
        raise NotARecordingError("this journal does not know the sizes of its pages")
    sheets = tuple(
        Sheet(Page(*size, b""), None, addressing) for size, addressing in zip(sizes, addressings, strict=True)
    )
    _look_for_images(entries)
    try:
        acts, inputs = _acts_and_inputs(entries, profile)
        weighed, octets = _what_is_known(entries, keys)
    except (ValueError, TypeError, KeyError, msgspec.ValidationError) as error:
        raise NotARecordingError(f"a line of this journal is damaged ({error})") from error
    return Recording(
        task=task,
        profile=profile,
        sheets=sheets,
        acts=acts,
        inputs=inputs,
        weighed=weighed,
        octets=octets,
        outcome=_outcome(outcome, AnswerOutcome) if isinstance(task, Answered) else _outcome(outcome, Outcome),
    )


def _plan(begin: Mapping[str, Any]) -> CallPlan:
    return msgspec.convert(begin["plan"], CallPlan)


def _answered(begin: Mapping[str, Any], outcome: Any) -> Answered:
    policy = policy_from(begin["policy"])
    if isinstance(outcome, dict) and outcome.get("cause") == Cause.INCOMPATIBLE.value:
        policy = replace(
            policy,
            sender_password=policy.sender_password and "not this one",
            poll_password=policy.poll_password and "not this one",
        )
    return Answered(
        call=str(begin.get("call", "")), policy=policy, caller=msgspec.convert(begin.get("caller", {}), CallerId)
    )


def _look_for_images(entries: Sequence[Entry]) -> None:
    """What came in on fast carriers has to be there; a journal that is too old does not know of it."""
    images = [entry for entry in entries if entry.kind == IMAGE]
    if any(len(entry.fields.get("data", b"")) != entry.fields.get("octets") for entry in images):
        raise NotARecordingError("what came in on the line has not been kept beside this journal")
    if not images and any(entry.kind == "page-received" for entry in entries):
        raise NotARecordingError("this journal is from a version that did not keep what came in on the line")


Found = TypeVar("Found", Outcome, AnswerOutcome)


def _outcome(value: Any, kind: type[Found]) -> Found | None:
    try:
        return msgspec.convert(value, kind) if value is not None else None
    except msgspec.ValidationError:
        return None


def _acts_and_inputs(entries: Sequence[Entry], profile: Profile) -> tuple[tuple[Act, ...], tuple[Input, ...]]:
    acts: list[Act] = []
    inputs: list[Input] = []
    last = 0.0
    for at, entry in enumerate(entries):
        act = Act.of(entry)
        if act is not None:
            acts.append(act)
            last = entry.t
            continue
        delay = entry.t - last
        match entry.kind:
            case "response":
                following = entries[at + 1] if at + 1 < len(entries) else None
                data = _frame_octets(following, profile) if following and following.t == entry.t else b""
                text = f"\r\n{entry.fields.get('text', '')}\r\n".encode("latin-1", "replace")
                inputs.append(Input(len(acts), delay, data + text))
            case "frame":
                before = entries[at - 1]
                if not (before.kind == "response" and before.t == entry.t):
                    # Its result code never came: the frame itself was there right after the CONNECT.
                    came = inputs[-1].delay_s + _AFTER_CONNECT_S if inputs else delay
                    inputs.append(Input(len(acts), min(came, delay), _frame_octets(entry, profile)))
            case "image":
                _take_image(entry, inputs, len(acts), last)
            case "page-stored":
                inputs.append(Input(len(acts), delay, stored=int(entry.fields.get("number", 0))))
            case "store-failed":
                inputs.append(Input(len(acts), delay, store_failed=str(entry.fields.get("text") or "?")))
            case "asked-to-end":
                inputs.append(Input(len(acts), delay, cancel=True))
            case "device-gone":
                inputs.append(Input(len(acts), delay, device_gone=True))
    # An image is told when it is over; what else came in meanwhile has been told before.
    return tuple(acts), tuple(sorted(inputs, key=lambda heard: (heard.after, heard.delay_s)))


def _take_image(entry: Entry, inputs: list[Input], after: int, last: float) -> None:
    """An image comes in by pieces; the result code at its end, told before it, behind them."""
    fields = entry.fields
    began, data, at = float(fields["began"]), fields["data"], 0
    results: list[Input] = []
    while fields["ended"] and inputs and inputs[-1].octets and abs(inputs[-1].delay_s + last - entry.t) < _SAME_S:
        results.insert(0, inputs.pop())
    delay = began - last
    for ms, octets in fields["pieces"]:
        delay = began + ms / 1000 - last
        inputs.append(Input(after, delay, escape(data[at : at + octets])))
        at += octets
    if fields["ended"]:
        inputs.append(Input(after, entry.t - last if results else delay, END_OF_DATA))
    inputs += results


def _frame_octets(entry: Entry, profile: Profile) -> bytes:
    if entry.kind != "frame" or entry.fields.get("dir") != "in":
        return b""
    octets = bytes.fromhex(str(entry.fields.get("octets", "")))
    if entry.fields.get("name") in SECRET_FRAMES:
        octets = octets[:-2] + fcs(octets[:-2])  # masked too
    return escape(octets[:-2] if profile.no_fcs else octets) + END_OF_DATA


def _what_is_known(
    entries: Sequence[Entry], keys: Sequence[PageKey]
) -> tuple[Mapping[tuple[int, Rate], Mapping[str, int]], tuple[int, ...]]:
    """What the codings weighed at each training (at least which one was taken), and how long each page's code was."""
    weighed: dict[tuple[int, Rate], Mapping[str, int]] = {}
    octets: dict[PageKey, int] = {}
    done: set[PageKey] = set()
    last: tuple[int, Rate] | None = None
    for entry in entries:
        fields = entry.fields
        key = page_key(fields)
        if entry.kind == "frame" and fields.get("name") == "DCS" and fields.get("dir") == "out":
            said = parse_dcs(bytes.fromhex(fields["octets"])[3:])
            last = (len(done), said.rate)
            weighed[last] = {said.format.coding.value: 0}
        elif entry.kind == "trained" and last is not None and fields.get("weighed"):
            weighed[last] = msgspec.convert(fields["weighed"], dict[str, int])
        elif entry.kind == "page-intent":
            octets[key] = int(fields.get("octets", _CODE_OF_A_PAGE))
        elif entry.kind == "page-answer" and fields.get("fate") in {fate.value for fate in KEPT}:
            done.add(key)
    return weighed, tuple(octets.get(key, _CODE_OF_A_PAGE) for key in keys)

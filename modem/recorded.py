"""A journal read as a recording: the plan of the call, what was said on our side, and what came from the other.

What always holds: pure; what our side said ("acts": commands and frames) and what came in ("inputs": the modem's lines,
the far end's frames, a cancel) are kept in their order, each input with the act that it followed and how long after it
it came. Old journals, without a plan in their ``begin``, are refused in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from codec.page import Page
from modem.briefing import codings
from modem.class1.profile import Profile
from modem.class1.reader import END_OF_DATA, escape
from modem.entries import Entry
from modem.journal import KEPT, SECRET_FRAMES
from modem.outcome import Outcome
from modem.plan import CallPlan
from modem.t30.capabilities import Abilities, PageCoding, PageFormat, parse_dcs
from modem.t30.fitting import Fitting
from modem.t30.notes import Addressing
from modem.t30.rates import Rate
from modem.t30.supply import CodedPages, Sheet

_AFTER_CONNECT_S = 0.01
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


@dataclass(frozen=True)
class Recording:
    plan: CallPlan
    profile: Profile
    sheets: tuple[Sheet, ...]
    acts: tuple[Act, ...]
    inputs: tuple[Input, ...]
    weighed: Mapping[tuple[int, Rate], Mapping[str, int]] = field(repr=False)  # octets by coding, for page and rate
    octets: tuple[int, ...] = field(repr=False)  # of each page's code
    outcome: Outcome | None

    def supply(self) -> RecordedPages:
        return RecordedPages(self)


class RecordedPages(CodedPages):
    """Pages of which only geometry and lengths are known: zeros take their place, which need no stuffing."""

    def __init__(self, recording: Recording) -> None:
        policy, memory = recording.plan.policy, recording.plan.memory
        super().__init__(
            recording.sheets,
            codings(recording.plan),
            too_long=policy.too_long,
            small_frames=policy.small_frames or bool(memory.small_frames),
        )
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
    if begin.fields.get("incoming"):
        raise NotARecordingError("this is a call that came in; only calls that went out can be played")
    if any(
        entry.kind == "command"
        and str(entry.fields.get("text"))[:7] == "AT+FRM="
        and entry.fields.get("text") != "AT+FRM=?"
        for entry in entries
    ):
        raise NotARecordingError("this call has received pages; only calls that sent can be played")
    if "plan" not in begin.fields:
        raise NotARecordingError("this journal is from a version that did not keep enough to play the call again")
    try:
        plan = msgspec.convert(begin.fields["plan"], CallPlan)
        profile = msgspec.convert(begin.fields.get("profile", {}), Profile)
        sizes = msgspec.convert(begin.fields.get("sheets", []), list[tuple[int, int, int, int]])
    except msgspec.ValidationError as error:
        raise NotARecordingError(f"what this journal says of its plan cannot be understood ({error})") from error
    planned = [(document, page) for document in plan.documents for page in document.pages]
    if len(sizes) != len(planned):
        raise NotARecordingError("this journal does not know the sizes of its pages")
    sheets = tuple(
        Sheet(Page(*size, b""), None, Addressing(document.sub_address, document.password))
        for size, (document, _) in zip(sizes, planned, strict=True)
    )
    acts, inputs = _acts_and_inputs(entries, profile)
    keys = [(document.job, page.number) for document, page in planned]
    weighed, octets = _what_is_known(entries, keys)
    outcome = next((entry.fields.get("outcome") for entry in reversed(entries) if entry.kind == "end"), None)
    return Recording(
        plan=plan,
        profile=profile,
        sheets=sheets,
        acts=acts,
        inputs=inputs,
        weighed=weighed,
        octets=octets,
        outcome=_outcome(outcome),
    )


def _outcome(value: Any) -> Outcome | None:
    try:
        return msgspec.convert(value, Outcome) if value is not None else None
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
            case "asked-to-end":
                inputs.append(Input(len(acts), delay, cancel=True))
            case "device-gone":
                inputs.append(Input(len(acts), delay, device_gone=True))
    return tuple(acts), tuple(inputs)


def _frame_octets(entry: Entry, profile: Profile) -> bytes:
    if entry.kind != "frame" or entry.fields.get("dir") != "in":
        return b""
    octets = bytes.fromhex(str(entry.fields.get("octets", "")))
    return escape(octets[:-2] if profile.no_fcs else octets) + END_OF_DATA


def _what_is_known(
    entries: Sequence[Entry], keys: Sequence[tuple[int, int]]
) -> tuple[Mapping[tuple[int, Rate], Mapping[str, int]], tuple[int, ...]]:
    """What the codings weighed at each training (at least which one was taken), and how long each page's code was."""
    weighed: dict[tuple[int, Rate], Mapping[str, int]] = {}
    octets: dict[tuple[int, int], int] = {}
    done: set[tuple[int, int]] = set()
    last: tuple[int, Rate] | None = None
    for entry in entries:
        fields = entry.fields
        key = (fields.get("job", -1), fields.get("number", -1))
        if entry.kind == "frame" and fields.get("name") == "DCS" and fields.get("dir") == "out":
            said = parse_dcs(bytes.fromhex(fields["octets"])[3:])
            last = (len(done), said.rate)
            weighed[last] = {said.format.coding.value: 0}
        elif entry.kind == "trained" and last is not None and fields.get("weighed"):
            weighed[last] = fields["weighed"]
        elif entry.kind == "page-intent":
            octets[key] = int(fields.get("octets", _CODE_OF_A_PAGE))
        elif entry.kind == "page-answer" and fields.get("fate") in {fate.value for fate in KEPT}:
            done.add(key)
    return weighed, tuple(octets.get(key, _CODE_OF_A_PAGE) for key in keys)

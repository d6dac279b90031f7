"""The modem without sound: T.31's words and times, and what two of them hear of each other."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from modem.soft.framelevel import CALLED, CALLER, PREAMBLE_S, Faults, FrameLine, frame_s, training_s, turn_off_s
from modem.soft.framemodem import FrameModem
from modem.soft.timeline import Timeline
from modem.t30.frames import Type, build, fcs

MCF = build(Type.MCF, x=0).octets
CSI = build(Type.CSI, bytes(20), final=False).octets
END = b"\x10\x03"


class Wires:
    """Two modems on one line; a switch that has nothing to do."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.timeline = Timeline()
        self.line = FrameLine(self.timeline, faults or Faults(delay_s=0.0))
        self.ours, self.theirs = FrameModem(self.timeline, self), FrameModem(self.timeline, self)
        for modem, side in ((self.ours, CALLER), (self.theirs, CALLED)):
            modem.connect(self.line, side, dialled=True)
            modem.write(b"ATE0\r")
            modem.read()

    def dial(self, modem: FrameModem, dialled: str) -> None:
        pass

    def answer(self, modem: FrameModem) -> None:
        modem.connect(self.line, CALLED, dialled=False)

    def hang_up(self, modem: FrameModem) -> None:
        pass

    def until(self, modem: FrameModem, text: bytes, at_most_s: float = 60.0) -> float:
        """Seconds until the modem has said this, and nothing before it."""
        began = self.timeline.now
        said = b""
        while text not in said:
            due = self.timeline.next_due
            assert due is not None and due <= began + at_most_s, (text, said)
            self.timeline.step()
            said += modem.read()
        assert said.strip().endswith(text), said
        return self.timeline.now - began


@pytest.fixture
def wires() -> Iterator[Wires]:
    yield Wires()


def test_a_burst_takes_its_preamble_its_frames_with_their_zero_insertion_and_two_flags(wires: Wires) -> None:
    wires.ours.write(b"AT+FTH=3\r")
    assert wires.ours.read() == b"\r\nCONNECT\r\n"
    wires.ours.write(CSI + END)
    first = wires.until(wires.ours, b"CONNECT")
    assert first == pytest.approx(PREAMBLE_S + frame_s(CSI + fcs(CSI)))
    wires.ours.write(MCF + END)
    assert wires.until(wires.ours, b"OK") == pytest.approx(frame_s(MCF + fcs(MCF)) + 16 / 300)
    assert [signal.frames for signal in wires.line.history] == [[CSI + fcs(CSI), MCF + fcs(MCF)]]


def test_a_one_frame_burst_takes_what_it_takes_on_real_lines(wires: Wires) -> None:
    wires.ours.write(b"AT+FTH=3\r")
    wires.ours.read()
    wires.ours.write(MCF + END)
    assert wires.until(wires.ours, b"OK") == pytest.approx(1.22, abs=0.01)


def test_frames_arrive_with_their_fcs_and_the_verdict(wires: Wires) -> None:
    wires.theirs.write(b"AT+FRH=3\r")
    wires.ours.write(b"AT+FTH=3\r")
    wires.ours.read()
    wires.ours.write(CSI + END)
    wires.until(wires.ours, b"CONNECT")
    wires.timeline.run_to(wires.timeline.now + 0.001)
    assert wires.theirs.read() == b"\r\nCONNECT\r\n" + CSI + fcs(CSI) + END + b"\r\nOK\r\n"
    wires.theirs.write(b"AT+FRH=3\r")
    wires.ours.write(MCF + END)
    wires.until(wires.theirs, b"OK")


def test_a_damaged_frame_is_given_and_called_one() -> None:
    wires = Wires(Faults(seed=3, damaged=(1.0, 0.0), delay_s=0.0))
    wires.theirs.write(b"AT+FRH=3\r")
    wires.ours.write(b"AT+FTH=3\r")
    wires.ours.write(MCF + END)
    wires.until(wires.theirs, b"ERROR")


def test_a_lost_burst_is_not_heard_at_all() -> None:
    wires = Wires(Faults(lost=(1.0, 0.0)))
    wires.theirs.write(b"AT+FRH=3\r")
    wires.ours.write(b"AT+FTH=3\r")
    wires.ours.write(MCF + END)
    wires.timeline.run_to(10.0)
    assert wires.theirs.read() == b""


def test_silence_takes_hundredths_of_a_second(wires: Wires) -> None:
    wires.ours.write(b"AT+FTS=7\r")
    assert wires.until(wires.ours, b"OK") == pytest.approx(0.07)


@pytest.mark.parametrize(("code", "bps"), [(145, 14400), (146, 14400), (96, 9600), (24, 2400)])
def test_fast_data_take_training_their_bits_and_turn_off(wires: Wires, code: int, bps: int) -> None:
    data = random.Random(code).randbytes(2000)
    wires.theirs.write(b"AT+FRM=%d\r" % code)
    wires.ours.write(b"AT+FTM=%d\r" % code)
    wires.ours.read()
    wires.ours.write(data.replace(b"\x10", b"\x10\x10") + END)
    seconds = wires.until(wires.ours, b"OK")
    assert seconds == pytest.approx(training_s(code) + len(data) * 8 / bps + turn_off_s(code))
    wires.timeline.run_to(wires.timeline.now + 0.1)
    said = wires.theirs.read()
    assert said.startswith(b"\r\nCONNECT\r\n")
    body = said[len(b"\r\nCONNECT\r\n") :].replace(b"\x10\x10", b"\x10")
    assert body.startswith(data)
    assert said.endswith(END + b"\r\nNO CARRIER\r\n")
    assert wires.ours.starved == 0


def test_a_pair_that_is_cut_between_two_writes_is_still_a_pair(wires: Wires) -> None:
    wires.ours.write(b"AT+FTM=145\r")
    wires.ours.write(b"\x01\x10")
    wires.ours.write(b"\x10\x02\x10")
    wires.ours.write(b"\x03")
    wires.until(wires.ours, b"OK")
    assert bytes(wires.line.history[0].octets) == b"\x01\x10\x02"


def test_where_the_host_is_late_there_are_zeros_and_they_are_counted(wires: Wires) -> None:
    wires.ours.write(b"AT+FTM=146\r")
    wires.ours.write(b"\xaa" * 180)
    wires.timeline.run_to(1.0)
    wires.ours.write(b"\xbb" * 180 + END)
    wires.until(wires.ours, b"OK")
    sent = bytes(wires.line.history[0].octets)
    assert sent.strip(b"\0") == sent
    assert sent.count(b"\0") == wires.ours.starved == pytest.approx(1800 * (1.0 - training_s(146)) - 180, abs=2)


def test_five_seconds_without_data_end_a_carrier(wires: Wires) -> None:
    wires.ours.write(b"AT+FTH=3\r")
    wires.ours.read()
    assert wires.until(wires.ours, b"ERROR") == pytest.approx(5.0)


def test_any_octet_ends_a_receive(wires: Wires) -> None:
    wires.ours.write(b"AT+FRH=3\r")
    assert wires.ours.read() == b""
    wires.ours.write(b"\x18")
    assert wires.ours.read() == b"\r\nOK\r\n"
    wires.ours.write(b"AT+FTS=1\r")
    wires.until(wires.ours, b"OK")


@pytest.mark.parametrize(("adaptive", "said"), [(b"0", b"+FCERROR"), (b"1", b"CONNECT")])
def test_v21_where_an_image_was_asked_for(wires: Wires, adaptive: bytes, said: bytes) -> None:
    wires.theirs.write(b"AT+FAR=" + adaptive + b"\rAT+FRM=146\r")
    wires.theirs.read()
    wires.ours.write(b"AT+FTH=3\r")
    wires.until(wires.theirs, said)


@pytest.mark.parametrize("tells", [True, False])
def test_an_image_whose_training_failed(tells: bool) -> None:
    wires = Wires(Faults(garbled=1.0, delay_s=0.0))
    wires.theirs.tells_untrained = tells
    wires.theirs.write(b"AT+FRM=146\r")
    wires.ours.write(b"AT+FTM=146\r")
    wires.ours.write(bytes(300) + END)
    wires.timeline.run_to(5.0)
    assert wires.theirs.read() == (b"\r\nNO CARRIER\r\n" if tells else b"")
    assert wires.theirs.missed_images == (0 if tells else 1)


def test_two_signals_at_one_ear_spoil_each_other() -> None:
    wires = Wires(Faults(echo=1.0, echo_delay_s=0.3, delay_s=0.0))
    wires.ours.write(b"AT+FTH=3\r")
    wires.ours.write(MCF + END)
    wires.until(wires.ours, b"OK")
    wires.theirs.write(b"AT+FTH=3\r")
    wires.ours.read()
    wires.ours.write(b"AT+FRH=3\r")
    wires.until(wires.ours, b"ERROR")
    assert wires.timeline.now < 1.7, "it was our own burst that came back, spoilt by theirs"


def test_on_hook_there_is_nothing_to_send_on(wires: Wires) -> None:
    wires.ours.write(b"ATH0\r")
    wires.ours.read()
    for command in (b"AT+FTH=3\r", b"AT+FRH=3\r", b"AT+FTM=145\r", b"AT+FTS=7\r"):
        wires.ours.write(command)
        assert wires.ours.read() == b"\r\nERROR\r\n"


def test_answering_begins_with_the_tone_and_goes_on_with_frames() -> None:
    wires = Wires()
    wires.theirs.write(b"ATH0\rATA\r")
    wires.theirs.read()
    assert wires.until(wires.theirs, b"CONNECT") == pytest.approx(2.675)

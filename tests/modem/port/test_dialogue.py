"""The dialogues outside a call, on a clock of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from modem.outcome import Cause
from modem.port.dialogue import CHECK, RECOVERY, SETUP, Dialogue, DialogueResult, Step
from modem.soft.exchange import Exchange
from modem.soft.farend import ExchangeData, FarEnd
from modem.soft.virtual import VirtualModem

Answer = Callable[[str], bytes]


def good(command: str) -> bytes:
    text = {"AT+FCLASS=?": "0,1,1.0", "AT+FMI?": "Example", "AT+FMM?": "+FMM: T", "AT+FMR?": "1.0"}.get(command, "")
    return (f"\r\n{text}\r\n" if text else "").encode() + b"\r\nOK\r\n"


def run(
    steps: tuple[Step, ...], answer: Answer, abort: bool = False, piece: int = 1000
) -> tuple[DialogueResult, list[bytes], float]:
    """The result, what was sent, and how long it took; answers are delivered in pieces of ``piece`` octets."""
    now = 0.0
    dialogue = Dialogue(steps, now, abort=abort)
    sent: list[bytes] = []
    for _ in range(1000):
        if dialogue.result is not None:
            assert dialogue.deadline is None
            return dialogue.result, sent, now
        output = dialogue.take_output()
        if output:
            sent.append(output)
            octets = answer(output.decode("latin-1").strip("\r"))
            for start in range(0, len(octets), piece):
                now += 0.001
                dialogue.receive(octets[start : start + piece], now)
        elif dialogue.deadline is not None:
            now = max(now, dialogue.deadline)
            dialogue.tick(now)
    raise AssertionError("the dialogue does not end")


@pytest.mark.parametrize("piece", [1, 2, 3, 1000])
def test_a_good_modem_is_set_up_and_says_who_it_is(piece: int) -> None:
    result, sent, _ = run(SETUP, good, piece=piece)
    assert result == DialogueResult(Cause.OK, modem="Example +FMM: T 1.0")
    assert sent == [step.command.encode() + b"\r" for step in SETUP]


def test_echo_rings_and_numeric_codes_do_not_disturb() -> None:
    def odd(command: str) -> bytes:
        if command == "ATE0Q0V1":
            return b"ATE0Q0V1\r0\r"
        return b"\r\nRING\r\n" + command.encode() + b"\r\r\n" + good(command)

    assert run(SETUP, odd)[0] == DialogueResult(Cause.OK, modem="Example +FMM: T 1.0")


def test_a_modem_that_knows_only_what_it_must_is_good_enough() -> None:
    def bare(command: str) -> bytes:
        return good(command) if command.startswith(("ATE", "AT+FCLASS")) else b"\r\nERROR\r\n"

    assert run(SETUP, bare)[0] == DialogueResult(Cause.OK)


def test_a_silent_modem_is_found_out() -> None:
    result, sent, took = run(SETUP, lambda command: b"")
    assert result.cause is Cause.DEVICE_SILENT
    assert sent == [b"ATE0Q0V1\r"] * 4
    assert took == 4.0


def test_a_modem_that_wakes_late_is_set_up() -> None:
    heard: list[str] = []

    def late(command: str) -> bytes:
        heard.append(command)
        return good(command) if len(heard) > 3 else b""

    assert run(SETUP, late)[0].cause is Cause.OK


def test_a_modem_that_refuses_everything_is_an_error() -> None:
    assert run(SETUP, lambda command: b"\r\nERROR\r\n")[0].cause is Cause.DEVICE_ERROR


@pytest.mark.parametrize("classes", ["0", "0,2,2.0", "", "0,1.0"])
def test_a_modem_without_class_1_is_not_a_fax_modem(classes: str) -> None:
    def dataonly(command: str) -> bytes:
        return f"\r\n{classes}\r\n\r\nOK\r\n".encode() if command == "AT+FCLASS=?" else good(command)

    result = run(SETUP, dataonly)[0]
    assert result.cause is Cause.DEVICE_NOT_FAX
    assert "class 1" in result.reason


@pytest.mark.parametrize("classes", ["0,1", "(0,1,2)", "0-2", "+FCLASS: (0,1)", "0,1,1.0,2,2.1"])
def test_class_1_is_found_however_it_is_listed(classes: str) -> None:
    def listed(command: str) -> bytes:
        return f"\r\n{classes}\r\n\r\nOK\r\n".encode() if command == "AT+FCLASS=?" else good(command)

    assert run(SETUP, listed)[0].cause is Cause.OK


def test_a_stuck_modem_is_first_told_to_stop_and_hung_up() -> None:
    stop = b"\x10\x03\x18"  # the end of data of ours, and of a receive
    result, sent, _ = run(
        RECOVERY, lambda command: b"\r\nOK\r\n" if command == stop.decode() else good(command), abort=True
    )
    assert result.cause is Cause.OK
    assert sent[:2] == [stop, b"ATH0\r"]


@pytest.mark.parametrize("doing", ["AT+FTM=96", "AT+FTH=3", "AT+FRM=96", "AT+FRH=3"])
def test_a_modem_is_got_out_of_whatever_a_call_left_it_in(doing: str, tmp_path: Path) -> None:
    """Its host was killed in the call, and it has no DTR to drop."""
    modem = VirtualModem(Exchange(ExchangeData(numbers=(FarEnd(number="5552001"),)), out=tmp_path), "100")
    for command, answer in (("AT+FCLASS=1", b"OK"), ("ATDT5552001", b"CONNECT"), ("", b"OK"), ("AT+FRH=3", b"OK")):
        modem.write(f"{command}\r".encode() if command else b"")
        modem.read_until(answer, 30)
    modem.write(f"{doing}\r".encode())
    if "+FT" in doing:
        modem.read_until(b"CONNECT", 5)
        modem.write(b"\xff\x03\x42\x31" if doing == "AT+FTH=3" else bytes(1000))
    modem.advance(0.2)
    modem.read()
    dialogue = Dialogue(RECOVERY, modem.now, abort=True)
    while dialogue.result is None:
        modem.write(dialogue.take_output())
        modem.advance(0.005)
        dialogue.receive(modem.read(), modem.now)
        if dialogue.deadline is not None and modem.now >= dialogue.deadline:
            dialogue.tick(modem.now)
    assert dialogue.result.cause is Cause.OK


def test_what_a_modem_says_to_the_abort_is_not_taken_for_an_answer_to_the_next_command() -> None:
    dialogue = Dialogue(CHECK, 0.0, abort=True)
    assert dialogue.take_output() == b"\x10\x03\x18"
    dialogue.receive(b"\r\nOK\r\n", 0.1)
    assert dialogue.result is None
    assert dialogue.take_output() == b""
    dialogue.tick(0.3)
    assert dialogue.take_output() == b"AT\r"
    dialogue.receive(b"\r\nOK\r\n", 0.4)
    assert dialogue.result == DialogueResult(Cause.OK)


def test_endless_noise_ends_with_the_timeout() -> None:
    dialogue = Dialogue(CHECK, 0.0)
    for step in range(1, 100):
        dialogue.receive(b"\x00\xff" * 500, step / 10)
        if dialogue.deadline is not None and dialogue.deadline <= step / 10:
            dialogue.tick(step / 10)
    assert dialogue.result is not None
    assert dialogue.result.cause is Cause.DEVICE_SILENT

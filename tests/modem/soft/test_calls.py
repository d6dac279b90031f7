"""Calls from a software modem through the exchange, by a hand-written Class 1 host, in virtual time."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from modem.soft.event import Event
from modem.soft.exchange import Exchange
from modem.soft.farend import REFUSES, Answers, ExchangeData, FarEnd, Fax, Incoming
from modem.soft.line import Disturbance, Disturbs, Impairments, Moment
from modem.soft.parties import FaxRecord
from modem.soft.virtual import VirtualModem
from tests.modem.soft.host import Host, blank_page
from tests.modem.soft.pictures import mh, picture, read_fax, save_fax

FAX = FarEnd(number="5552001", ident="+1 555 2001")
MCF, DCN = b"\x8c", b"\xfa"


def host_at(*numbers: FarEnd, out: Path | None = None, events: list[Event] | None = None, **habits: object) -> Host:
    data = ExchangeData(numbers=numbers, **habits)  # type: ignore[arg-type]
    exchange = Exchange(data, out=out, on_event=None if events is None else events.append)
    host = Host(VirtualModem(exchange, "100"))
    host.set_up()
    return host


def test_a_page_sent_by_hand_arrives_pixel_for_pixel(tmp_path: Path) -> None:
    page = picture(700, 4)
    code = mh(page, tmp_path / "scratch.tif")
    assert b"\x10" in code
    host = host_at(FAX, out=tmp_path / "out")
    dis = host.dial("5552001")
    assert dis[:3] == b"\xff\x13\x80"
    assert host.send_page(code) == MCF
    host.disconnect()
    tiff = tmp_path / "out" / "5552001" / "0001.tif"
    assert read_fax(tiff) == [page.tobytes()]
    record = msgspec.json.decode(tiff.with_suffix(".json").read_bytes(), type=FaxRecord)
    assert record == host.modem.exchange.records[0]
    assert (record.completion, record.pages_received, record.coding, record.rate_bps) == (0, 1, "MH", 14400)
    assert [frame.name for frame in record.frames] == ["CSI", "DIS", "DCS", "CFR", "EOP", "MCF", "DCN"]


def test_more_than_the_modem_holds_may_be_written_at_once(tmp_path: Path) -> None:
    page = picture(2200, 5)
    code = mh(page, tmp_path / "scratch.tif")
    assert len(code) > 2 * 4096
    host = host_at(FAX, out=tmp_path / "out")
    host.dial("5552001")
    assert host.send_page(code) == MCF
    host.disconnect()
    assert read_fax(tmp_path / "out" / "5552001" / "0001.tif") == [page.tobytes()]
    assert host.modem.exchange.records[0].bad_rows == 0


def test_the_modem_holds_the_host_back_while_its_buffer_is_full() -> None:
    host = host_at(FAX)
    host.dial("5552001")
    host.command("+FTM=145", "CONNECT")
    host.modem.write(bytes(30_000))
    host.modem.advance(2.0)
    early = host.modem.backlog
    host.modem.advance(5.0)
    assert 20_000 < early < 30_000
    assert 7_000 < early - host.modem.backlog < 11_000  # 14400 bit/s for 5 s are 9000 octets


def test_dle_sub_in_an_image_is_two_dle(tmp_path: Path) -> None:
    host = host_at(FAX, out=tmp_path)
    host.dial("5552001")
    host.command("+FTS=7")
    host.send_frames(b"\xff\x13\x83\x00\x62\x78")
    host.command("+FTS=7")
    host.send_image(145, bytes(2700))
    assert host.receive_frame()[2:3] == b"\x84"
    host.command("+FTS=7")
    host.command("+FTM=146", "CONNECT")
    page = picture(300, 96)  # the first seed whose code has two octets 10 in a row
    code = mh(page, tmp_path / "scratch.tif")
    assert b"\x10\x10" in code
    code = code.replace(b"\x10", b"\x10\x10").replace(b"\x10\x10\x10\x10", b"\x10\x1a")
    host.modem.write(code + b"\x10\x03")
    host.modem.read_until(b"\r\nOK\r\n", 60)
    host.command("+FTS=7")
    host.send_frames(b"\xff\x13\x2f")
    assert host.receive_frame()[2:3] == MCF
    host.disconnect()
    assert read_fax(tmp_path / "5552001" / "0001.tif") == [page.tobytes()]


@pytest.mark.parametrize(
    ("far_end", "result"),
    [
        (FarEnd(number="1", answers=Answers.BUSY), b"\r\nBUSY\r\n"),
        (FarEnd(number="1", answers=Answers.NO_ANSWER, rings=3), b"\r\nNO ANSWER\r\n"),
        (FarEnd(number="1", answers=Answers.UNKNOWN), b"\r\nNO CARRIER\r\n"),
        (FarEnd(number="2"), b"\r\nNO CARRIER\r\n"),
        (FarEnd(number="1", answers=Answers.VOICE), b"\r\nNO CARRIER\r\n"),
    ],
)
def test_a_call_that_does_not_come_about_ends_with_its_result(far_end: FarEnd, result: bytes) -> None:
    host = host_at(far_end)
    host.modem.write(b"ATDT1\r")
    assert host.modem.read_until(result, 65) == result
    assert host.command("") == b"\r\nOK\r\n"


def test_without_dial_tone_the_modem_says_so() -> None:
    host = host_at(FAX, dial_tone=False)
    assert host.command("DT5552001", "NO DIALTONE") == b"\r\nNO DIALTONE\r\n"


def test_a_number_busy_twice_answers_the_third_call() -> None:
    host = host_at(FarEnd(number="5552001", busy_calls=2))
    for _ in range(2):
        host.command("DT5552001", "BUSY")
    assert host.dial("5552001")[2] == 0x80


def test_s7_ends_a_call_that_brings_no_carrier() -> None:
    host = host_at(FarEnd(number="1", answers=Answers.VOICE))
    host.command("S7=12")
    began = host.modem.now
    host.command("DT1", "NO CARRIER", 30)
    assert host.modem.now - began == pytest.approx(12.0, abs=0.01)


@pytest.mark.parametrize("dialled", ["T0,555-2001", "P0w555 2001", "T0W5552001"])
def test_the_exchange_looks_at_digits_only(dialled: str) -> None:
    host = host_at(FarEnd(number="0 555 2001"))
    assert host.dial(dialled.removeprefix("T"))[2] == 0x80


def test_any_octet_while_dialling_gives_the_call_up() -> None:
    events: list[Event] = []
    host = host_at(FAX, events=events)
    host.modem.write(b"ATDT5552001\r\n")
    host.modem.advance(0.1)
    assert host.modem.read() == b""  # the line feed of CR LF is not such an octet
    host.modem.write(b"\r")
    assert host.modem.read() == b"\r\nNO CARRIER\r\n"
    host.modem.advance(10)
    assert [event.kind for event in events] == ["dialled", "on-hook"]
    assert host.dial("5552001")[2] == 0x80


def test_the_off_hook_time_is_counted_in_samples() -> None:
    events: list[Event] = []
    host = host_at(FAX, events=events)
    began = host.modem.now
    host.dial("5552001")
    host.modem.advance(1.25)
    host.command("H0")
    (on_hook,) = [event for event in events if event.kind == "on-hook"]
    assert on_hook.off_hook_s == host.modem.now - began


def test_a_far_end_that_hangs_up_in_the_page_is_silent_from_then_on(tmp_path: Path) -> None:
    host = host_at(FarEnd(number="5552001", hang_up=Moment(what="page", delay_s=2.0)), out=tmp_path)
    host.dial("5552001")
    with pytest.raises(TimeoutError):
        host.send_page(blank_page(2000))
    record = host.modem.exchange.records[0]
    assert (record.completion, record.pages_received) == (None, 0)
    assert (tmp_path / "5552001" / "0001.json").exists()


def test_a_far_end_that_hangs_up_before_its_mcf_is_out_has_the_page(tmp_path: Path) -> None:
    host = host_at(FarEnd(number="5552001", hang_up=Moment(what="sent MCF")), out=tmp_path)
    host.dial("5552001")
    with pytest.raises(TimeoutError):
        host.send_page(blank_page(2000))
    assert host.modem.exchange.records[0].pages_received == 1


def test_a_far_end_that_refuses_disconnects_after_the_training() -> None:
    host = host_at(FarEnd(number="5552001", script=REFUSES))
    host.dial("5552001")
    assert host.send_page(blank_page(100)) == DCN


def test_a_scripted_far_end_can_be_as_odd_as_one_likes() -> None:
    events: list[Event] = []
    script = (
        "send 4020202031 DIS",
        "receive DCS",
        "image long",
        "send FTT",
        "receive DCS",
        "wait 0.2",
        "send 25010203 CFR",
        "image short",
        "receive EOP",
        "send RTN",
        "receive DCN",
    )
    host = host_at(FarEnd(number="5552001", script=script), events=events)
    host.dial("5552001")
    assert host.send_page(blank_page(100)) == b"\x44"
    host.command("+FTS=7")
    host.send_frames(b"\xff\x13\x83\x00\x62\x78")
    assert host.receive_frame() == b"\xff\x03\x25\x01\x02\x03"
    assert host.receive_frame()[2:] == b"\x84"
    host.command("+FTS=7")
    host.send_image(146, blank_page(100))
    host.command("+FTS=7")
    host.send_frames(b"\xff\x13\x2f")
    assert host.receive_frame()[2:] == b"\x4c"
    host.disconnect()
    names = "sent CSI,sent DIS,received DCS,sent FTT,received DCS,sent CSA,sent CFR,received EOP,sent RTN,received DCN"
    assert [event.text for event in events if event.kind == "frame"] == names.split(",")


def test_an_exchange_that_says_so_tells_of_the_far_hang_up() -> None:
    host = host_at(FarEnd(number="5552001", hang_up=Moment(delay_s=6.0)), says_far_hang_up=True)
    host.dial("5552001")
    host.modem.write(b"AT+FRH=3\r")
    assert host.modem.read_until(b"NO CARRIER\r\n", 10) == b"\r\nNO CARRIER\r\n"
    assert host.dial("5552001")[2] == 0x80


def test_a_fax_machine_with_less_ability_says_so_in_its_dis() -> None:
    host = host_at(FarEnd(number="1", fax=Fax(ecm=False, modulations=("V27TER", "V29"), codings=("MH",))))
    dis = host.dial("1")
    assert dis[4] & 0x3C == 0x0C  # bits 11-14: V.27ter and V.29
    assert not dis[4] & 0x80  # bit 16: MR


def test_what_the_host_has_set_outlives_the_call_and_ends_with_dtr() -> None:
    host = host_at(FAX)
    host.command("S7=45")
    host.dial("5552001")
    host.command("H0")
    assert host.command("") == b"\r\nOK\r\n"  # echo is still off
    assert b"045" in host.command("S7?")
    assert host.command("+FCLASS?").startswith(b"\r\n1\r\n")
    host.modem.drop_dtr()
    assert host.command("") == b"AT\r\r\nOK\r\n"


def test_dtr_drop_in_a_call_ends_it_and_the_next_call_is_clean() -> None:
    events: list[Event] = []
    host = host_at(FAX, events=events)
    for _ in range(3):
        host.dial("5552001")
        host.command("+FTM=145", "CONNECT")
        host.modem.write(b"\x00\x10")  # in the middle of a DLE pair
        host.modem.advance(0.5)
        host.modem.drop_dtr()
        host.set_up()
    assert [event.kind for event in events].count("on-hook") == 3


def test_silence_after_an_aborted_receive_is_waited_for() -> None:
    """libspandsp 0.0.6 alone never answers this +FTS."""
    host = host_at(FAX)
    host.dial("5552001")
    host.modem.write(b"AT+FRM=145\r")
    host.modem.advance(0.5)
    host.modem.write(b"\x18")
    host.modem.read_until(b"\r\nOK\r\n", 1)
    began = host.modem.now
    assert host.command("+FTS=7") == b"\r\nOK\r\n"
    assert host.modem.now - began == pytest.approx(0.07, abs=0.02)
    assert host.send_page(blank_page(100)) == MCF


def test_a_fax_machine_calls_the_modem(tmp_path: Path) -> None:
    sent = save_fax(tmp_path / "sent.tif", picture(300, 7))
    host = host_at(incoming=(Incoming(to="100", send=str(sent), ident="caller", after_s=5.0),))
    host.modem.read_until(b"\r\nRING\r\n", 10)
    host.modem.read_until(b"\r\nRING\r\n", 10)
    host.command("A", "CONNECT")
    host.modem.write(b"\xff\x13\x80\x00\x6e\x78\x10\x03")  # DIS: V.29 and V.17, MH, fine
    host.modem.read_until(b"\r\nOK\r\n", 5)
    tsi = host.receive_frame()
    dcs = host.receive_frame()
    assert (tsi[2], dcs[2]) == (0x43, 0x83)
    for modulation, answer in (("145", b"\xff\x13\x84\x10\x03"), ("146", b"")):
        host.command(f"+FRM={modulation}", "CONNECT")
        data = host.modem.read_until(b"\x10\x03\r\nNO CARRIER\r\n", 60)
        if answer:
            host.command("+FTH=3", "CONNECT")
            host.modem.write(answer)
            host.modem.read_until(b"\r\nOK\r\n", 5)
    assert len(data) > 1000
    assert host.receive_frame()[2] == 0x2F
    host.command("+FTS=7")
    host.send_frames(b"\xff\x13\x8c")
    assert host.receive_frame()[2] == 0xFB
    host.command("H0")
    record = host.modem.exchange.records[0]
    assert (record.completion, record.pages_sent, record.answered) == (0, 1, False)


def test_an_incoming_call_that_nobody_answers_stops_ringing() -> None:
    host = host_at(incoming=(Incoming(to="100", after_s=1.0, rings=3),))
    host.modem.advance(30)
    assert host.modem.read().count(b"RING") == 3
    assert host.command("DT1", "NO CARRIER") == b"\r\nNO CARRIER\r\n"


def test_s0_answers_after_so_many_rings() -> None:
    host = host_at(incoming=(Incoming(to="100", after_s=1.0),))
    host.command("S0=2")
    heard = host.modem.read_until(b"\r\nCONNECT\r\n", 15)
    assert heard.count(b"RING") == 2


def test_one_modem_calls_another_and_frames_go_through() -> None:
    exchange = Exchange(ExchangeData())
    caller, called = Host(VirtualModem(exchange, "100")), Host(VirtualModem(exchange, "101"))
    caller.set_up()
    called.set_up()
    caller.modem.write(b"ATDT101\r")
    called.modem.read_until(b"\r\nRING\r\n", 5)
    called.command("A", "CONNECT")
    dis = b"\xff\x13\x80\x00\xce\xf8\x80\x10\x10\x80\x11"
    called.modem.write(dis + b"\x10\x03")
    called.modem.read_until(b"\r\nOK\r\n", 5)
    assert caller.receive_frame(caller.modem.read_until(b"CONNECT\r\n", 1)) == dis.replace(b"\x10\x10", b"\x10")
    called.modem.write(b"AT+FRH=3\r")
    caller.command("+FTS=7")
    caller.send_frames(b"\xff\x13\xfb")
    assert called.receive_frame(called.modem.read_until(b"CONNECT\r\n", 1)) == b"\xff\x13\xfb"
    caller.command("H0")
    called.command("H0")
    assert not exchange.talking


def test_a_modem_in_a_call_is_busy() -> None:
    exchange = Exchange(ExchangeData(numbers=(FAX,)))
    first, second = Host(VirtualModem(exchange, "100")), Host(VirtualModem(exchange, "101"))
    first.set_up()
    second.set_up()
    first.dial("5552001")
    second.command("DT100", "BUSY")
    second.command("DT5552001", "BUSY")


def test_of_two_that_dial_a_number_at_once_one_gets_it() -> None:
    exchange = Exchange(ExchangeData(numbers=(FAX,)))
    first, second = Host(VirtualModem(exchange, "100")), Host(VirtualModem(exchange, "101"))
    first.set_up()
    second.set_up()
    first.modem.write(b"ATDT5552001\r")
    second.command("DT5552001", "BUSY")
    first.modem.read_until(b"\r\nCONNECT\r\n", 10)


def test_a_modem_that_dials_in_a_call_leaves_it() -> None:
    events: list[Event] = []
    host = host_at(FAX, FarEnd(number="2"), events=events)
    host.dial("5552001")
    assert host.dial("2")[2] == 0x80
    assert [event.called for event in events if event.kind == "on-hook"] == ["5552001"]


def test_answering_twice_sends_the_answer_tone_again() -> None:
    host = host_at(incoming=(Incoming(to="100", after_s=1.0),))
    host.modem.read_until(b"RING\r\n", 5)
    host.command("A", "CONNECT")
    host.modem.write(b"\x10\x03")
    host.modem.read_until(b"\r\nOK\r\n", 5)
    host.command("A", "CONNECT")
    host.modem.write(b"\x10\x03")
    host.modem.read_until(b"\r\nOK\r\n", 5)
    host.command("H0")
    assert not host.modem.exchange.talking


def noisy_call(folder: Path, seed: int) -> tuple[list[tuple[float, str, str]], list[bytes]]:
    events: list[Event] = []
    burst = Disturbance(kind=Disturbs.NOISE, start=Moment(what="page", delay_s=2.0), seconds=0.2, dbm0=-8)
    line = Impairments(noise_dbm0=-55, loss_db=3, seed=seed, delay_ms=12.5, echo_db=30, disturbances=(burst,))
    host = host_at(FarEnd(number="5552001", line=line), out=folder, events=events)
    host.dial("5552001")
    host.send_page(mh(picture(700, 8), folder.with_suffix(".tif")))
    host.disconnect()
    return [(e.at, e.kind, e.text) for e in events if not e.record], read_fax(folder / "5552001" / "0001.tif")


def test_the_same_seed_gives_the_same_call_and_another_seed_another(tmp_path: Path) -> None:
    first, again, other = (noisy_call(tmp_path / name, seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert first == again
    assert first[1] != other[1]
    assert first[1] != [picture(700, 8).tobytes()]


def test_a_dropped_line_ends_the_image_early(tmp_path: Path) -> None:
    """V.17 does not come back after a gap: the rows from there on are lost."""
    drop = Disturbance(kind=Disturbs.SILENCE, start=Moment(what="page", delay_s=2.5), seconds=0.03)
    host = host_at(FarEnd(number="5552001", line=Impairments(disturbances=(drop,))))
    host.dial("5552001")
    host.send_page(mh(picture(1100, 9), tmp_path / "scratch.tif"))
    host.disconnect()
    assert 50 < host.modem.exchange.records[0].pages[0].rows < 300

"""Who may send or fetch, by sub-address and password; and a call that is cancelled."""

from __future__ import annotations

import pytest

from modem.outcome import Cause
from modem.t30 import line
from modem.t30.capabilities import parse_dis
from modem.t30.frames import Frame, Type, fcs, ident_fif, parse
from modem.t30.rates import FTM_CODES
from modem.t30.receiver import Receiver
from modem.t30.receiver_abilities import ReceiverPolicy, build_dis
from modem.t30.receiver_notes import Polled
from modem.t30.receiver_states import State
from tests.modem.t30.receiver_play import play
from tests.modem.t30.receiver_script import DCN, TSI, Script, dcs, hear, near, say, tcf
from tests.modem.t30.test_receiver_training import rest


@pytest.mark.parametrize(
    ("policy", "frames", "accepted"),
    [
        (ReceiverPolicy(), (), True),
        (ReceiverPolicy(), (near(Type.SUB, ident_fif("42"), final=False),), True),
        (ReceiverPolicy(sub_addresses=("42", "43")), (near(Type.SUB, ident_fif("43"), final=False),), True),
        (ReceiverPolicy(sub_addresses=("42",)), (near(Type.SUB, ident_fif("44"), final=False),), False),
        (ReceiverPolicy(sub_addresses=("42",)), (), False),
        (ReceiverPolicy(sub_addresses=("", "42")), (), True),
        (ReceiverPolicy(sender_password="1234"), (near(Type.SID, ident_fif("1234"), final=False),), True),
        (ReceiverPolicy(sender_password="1234"), (near(Type.SID, ident_fif("4321"), final=False),), False),
        (ReceiverPolicy(sender_password="1234"), (), False),
        (ReceiverPolicy(allowed_idents=("*",)), (), True),
        (ReceiverPolicy(allowed_idents=("+49*", "nobody")), (), False),
        (ReceiverPolicy(refused_idents=("+49*",)), (), True),
        (ReceiverPolicy(allowed_idents=("*",), refused_idents=("*",)), (), False),
    ],
)
def test_who_may_send_is_the_policys(policy: ReceiverPolicy, frames: tuple[Frame, ...], accepted: bool) -> None:
    def script() -> Script:
        dis = yield hear("DIS")
        assert parse_dis(dis.last.fif).password == bool(policy.sender_password)
        yield say(TSI, *frames, dcs(49))
        yield tcf()
        if not accepted:
            yield hear("DCN")
            return
        yield hear("CFR")
        yield say(DCN)

    done = play(script(), policy)
    assert (done.cause is Cause.INCOMPATIBLE) is not accepted


def test_the_sub_address_goes_with_the_page() -> None:
    def script() -> Script:
        yield hear("DIS")
        yield say(TSI, near(Type.SUB, ident_fif("42#7"), final=False), dcs(49))
        yield tcf()
        yield hear("CFR")
        yield from rest()

    assert play(script()).pages[0].sub_address == "42#7"


# Cancelling.


@pytest.mark.parametrize("moment", [0.05, 1.0, 4.5, 6.3, 7.0, 9.0, 10.5, 12.5, 14.0, 15.5])
def test_a_call_can_be_cancelled_at_any_moment_and_dcn_comes_in_turn(moment: float) -> None:
    cancelled = False

    def script() -> Script:
        yield hear("DIS")
        yield say(TSI, dcs())
        yield tcf()
        yield hear("CFR")
        yield from rest()

    def cancel(now: float, receiver: Receiver) -> None:
        nonlocal cancelled
        if now >= moment and not cancelled:
            cancelled = True
            receiver.cancel(now)

    done = play(script(), at=cancel, whole=False)
    assert done.cause is Cause.CANCELLED
    assert done.sent[-1:] == (["DCN"] if moment > 0.1 else [])
    assert done.seconds < moment + 15.0


# Polling.


@pytest.mark.parametrize("kind", [Type.DTC, Type.DIS])
def test_a_dis_of_the_caller_is_a_wish_to_fetch_as_a_dtc_is(kind: Type) -> None:
    receiver = Receiver(ReceiverPolicy(), 0.0)
    receiver.has_document = True
    fif = build_dis(ReceiverPolicy(ecm=False), FTM_CODES)
    for event in (line.Ready(FTM_CODES, FTM_CODES), line.FlagsUp(), line.Sent()):
        receiver.handle(event, 1.0)
    frame = near(kind, fif)
    receiver.handle(line.FrameHeard(frame.octets + fcs(frame.octets), True), 2.0)
    (polled,) = [output for output in receiver.take_outputs() if isinstance(output, Polled)]
    asked = parse(polled.dtc)
    assert (asked.type, asked.fif) == (Type.DTC, fif)


def test_the_callers_side_of_a_poll_asks_three_times_and_takes_the_dcs_then() -> None:
    receiver = Receiver(ReceiverPolicy(), 0.0)
    receiver.begin_polling(FTM_CODES, 0.0, cig="+1 555 1001", password="4711")
    sent: list[list[str]] = []
    now = 0.0
    while receiver.ended is None:
        for output in receiver.take_outputs():
            if isinstance(output, line.SendFrames):
                frames = [parse(octets + fcs(octets)) for octets in output.frames]
                assert {frame.x for frame in frames} == {1}
                sent.append([frame.name for frame in frames])
        if receiver.state in (State.SEND_DIS, State.SEND_DCN):
            receiver.handle(line.Sent(), now)
        elif receiver.state is State.HANG_UP:
            receiver.handle(line.OnHook(True), now)
        else:
            assert receiver.deadline is not None
            now = receiver.deadline
            receiver.tick(now)
    assert sent == [["CIG", "PWD", "DTC"]] * 3 + [["DCN"]]
    assert receiver.ended.cause is Cause.LINE_LOST

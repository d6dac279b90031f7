"""Phases C and D without ECM against scripted far ends: what each answer to a post-page command does to the page."""

from __future__ import annotations

import pytest

from modem.outcome import Cause, Fate
from modem.t30.frames import Frame, Type
from modem.t30.notes import PageAnswered, PageStarted
from modem.t30.sender import Sender
from tests.modem.t30.play import (
    BAD,
    CFR,
    CRP,
    CSI,
    CTR,
    DCN,
    ERR,
    FLAGS,
    FTT,
    GREETING,
    LOST,
    MCF,
    PIN,
    PIP,
    PLAIN,
    RNR,
    RTN,
    RTP,
    Played,
    Reply,
    far,
    page,
    play,
    ppr,
)

TRAINED: list[list[Reply]] = [GREETING, [CFR]]
ALIKE = [page(rows=40), page(rows=41)]
UNLIKE = [page(rows=40, dpi_y=98), page(rows=41, dpi_y=196)]  # EOM between them


def after_training(played: Played) -> list[str]:
    return played.commands[played.commands.index("TCF 14400") + 1 :]


def answers(played: Played) -> list[tuple[int, Fate, str]]:
    return [(note.index, note.fate, note.by) for note in played.notes if isinstance(note, PageAnswered)]


def test_pages_alike_follow_one_another_without_training() -> None:
    played = play([*TRAINED, [MCF], [MCF], [MCF]], [page(rows=rows) for rows in (40, 41, 42)])
    assert after_training(played) == [
        "page 14400 short",
        "MPS",
        "page 14400 short",
        "MPS",
        "page 14400 short",
        "EOP",
        "DCN",
        "hang up",
    ]
    assert played.fates == [Fate.CONFIRMED] * 3
    assert answers(played) == [(index, Fate.CONFIRMED, "MCF") for index in range(3)]


def test_pages_of_another_form_begin_a_new_phase_b() -> None:
    played = play([*TRAINED, [MCF], [MCF]], UNLIKE)
    assert after_training(played)[:2] == ["page 14400 short", "EOM"]


def test_after_eom_the_next_dis_may_take_seven_seconds() -> None:
    played = play([*TRAINED, [MCF, 7.0, CSI, PLAIN], [CFR], [MCF]], UNLIKE)
    assert played.cause is Cause.OK
    assert after_training(played) == [
        "page 14400 short",
        "EOM",
        "DCS",
        "TCF 14400",
        "page 14400 short",
        "EOP",
        "DCN",
        "hang up",
    ]
    assert played.fates == [Fate.CONFIRMED] * 2


def test_after_eom_no_dis_ends_the_call_and_keeps_the_confirmed_page() -> None:
    played = play([*TRAINED, [MCF]], UNLIKE)
    assert played.cause is Cause.LINE_LOST
    assert played.fates == [Fate.CONFIRMED, Fate.NOT_SENT]


def test_a_far_end_that_answers_eom_with_a_new_dis_each_time_gets_the_page_three_times_at_most() -> None:
    turns: list[list[Reply]] = [[CFR], [CSI, PLAIN]]
    played = play([GREETING, *turns * 50], UNLIKE)
    assert played.sent.count("page 14400 short") == 3
    assert played.cause is Cause.NO_ANSWER_TO_PAGE
    assert played.fates == [Fate.UNCERTAIN, Fate.NOT_SENT]


@pytest.mark.parametrize("answer", [MCF, PIP, RTP])
def test_each_confirmation_of_the_last_page_ends_the_call_well(answer: Frame) -> None:
    played = play([*TRAINED, [answer]])
    assert played.cause is Cause.OK
    assert played.fates == [Fate.CONFIRMED]
    assert after_training(played) == ["page 14400 short", "EOP", "DCN", "hang up"]


def test_rtp_after_mps_confirms_and_trains_again() -> None:
    played = play([*TRAINED, [RTP], [CFR], [MCF]], ALIKE)
    assert after_training(played)[:5] == ["page 14400 short", "MPS", "DCS", "TCF 14400", "page 14400 short"]
    assert played.fates == [Fate.CONFIRMED] * 2
    assert played.cause is Cause.OK


def test_a_second_rtp_lowers_the_rate() -> None:
    pages = [page(rows=rows) for rows in (40, 41, 42)]
    played = play([*TRAINED, [RTP], [CFR], [RTP], [CFR], [MCF]], pages)
    assert [word for word in played.sent if word.startswith("TCF")] == ["TCF 14400", "TCF 14400", "TCF 12000"]
    assert played.cause is Cause.OK


def test_rtp_after_eom_waits_for_a_dis() -> None:
    played = play([*TRAINED, [RTP, 6.0, PLAIN], [CFR], [MCF]], UNLIKE)
    assert played.cause is Cause.OK
    assert played.fates == [Fate.CONFIRMED] * 2


@pytest.mark.parametrize("answer", [RTN, PIN])
@pytest.mark.parametrize("pages", [ALIKE, [page()]], ids=["MPS", "EOP"])
def test_a_refused_page_is_sent_again_at_a_lower_rate(answer: Frame, pages: list[object]) -> None:
    played = play([*TRAINED, [answer], [CFR], [MCF], [MCF]], ALIKE[: len(pages)])
    assert after_training(played)[:5] == [
        "page 14400 short",
        "MPS" if len(pages) > 1 else "EOP",
        "DCS",
        "TCF 12000",
        "page 12000 short",
    ]
    assert played.cause is Cause.OK
    assert answers(played)[:2] == [(0, Fate.REFUSED, answer.name), (0, Fate.CONFIRMED, "MCF")]


def test_rtn_after_eom_waits_for_a_dis_and_sends_the_same_page_again() -> None:
    played = play([*TRAINED, [RTN, 6.0, PLAIN], [CFR], [MCF, 6.0, PLAIN], [CFR], [MCF]], UNLIKE)
    assert [note.index for note in played.notes if isinstance(note, PageStarted)] == [0, 0, 1]
    assert played.fates == [Fate.CONFIRMED] * 2


def test_a_page_is_sent_three_times_at_most_and_never_taken_for_confirmed() -> None:
    played = play([*TRAINED, [RTN], [CFR], [RTN], [CFR], [RTN], [CFR], [RTN]], ALIKE)
    assert played.cause is Cause.PAGE_REFUSED
    assert played.fates == [Fate.REFUSED, Fate.NOT_SENT]
    assert sum(word.startswith("page") for word in played.sent) == 3
    assert played.sent[-2:] == ["DCN", "hang up"]


REPEATED: list[list[Reply]] = [[], [BAD], [CRP], [FLAGS]]


@pytest.mark.parametrize("answer", REPEATED)
@pytest.mark.parametrize("pages", [ALIKE, UNLIKE, [page()]], ids=["MPS", "EOM", "EOP"])
def test_a_post_page_command_is_repeated_twice_and_goes_on(answer: list[Reply], pages: list[object]) -> None:
    chosen = UNLIKE if pages is UNLIKE else ALIKE[: len(pages)]
    rest: list[list[Reply]] = [[MCF, 6.0, PLAIN], [CFR], [MCF]] if chosen is UNLIKE else [[MCF], [MCF]]
    played = play([*TRAINED, answer, answer, *rest], chosen)
    assert played.cause is Cause.OK
    command = "EOM" if chosen is UNLIKE else "MPS" if len(chosen) > 1 else "EOP"
    assert after_training(played)[1:4] == [command] * 3
    assert set(played.fates) == {Fate.CONFIRMED}


@pytest.mark.parametrize("answer", REPEATED)
def test_without_an_answer_the_page_is_uncertain(answer: list[Reply]) -> None:
    played = play([*TRAINED, *[answer] * 9], ALIKE)
    assert after_training(played) == ["page 14400 short", "MPS", "MPS", "MPS", "DCN", "hang up"]
    assert played.fates == [Fate.UNCERTAIN, Fate.NOT_SENT]
    silent = not answer
    assert played.cause is (Cause.LINE_LOST if silent else Cause.NO_ANSWER_TO_PAGE)


def test_dcn_after_a_page_leaves_it_uncertain_and_the_others_as_they_are() -> None:
    played = play([*TRAINED, [MCF], [DCN]], [page(rows=rows) for rows in (40, 41, 42)])
    assert played.cause is Cause.FAR_END_DISCONNECTED
    assert played.fates == [Fate.CONFIRMED, Fate.UNCERTAIN, Fate.NOT_SENT]
    assert played.sent[-2:] == ["MPS", "hang up"]


def test_the_line_lost_while_waiting_for_an_answer() -> None:
    played = play([*TRAINED, [LOST]], ALIKE)
    assert played.cause is Cause.LINE_LOST
    assert played.fates == [Fate.UNCERTAIN, Fate.NOT_SENT]


def test_a_dis_instead_of_an_answer_is_tried_once_more() -> None:
    assert play([*TRAINED, [PLAIN], [MCF]]).fates == [Fate.CONFIRMED]
    played = play([*TRAINED, [PLAIN], [PLAIN]])
    assert played.cause is Cause.NO_ANSWER_TO_PAGE
    assert played.fates == [Fate.UNCERTAIN]


def test_a_dis_after_eom_means_that_the_answer_was_lost_and_the_page_goes_out_again() -> None:
    played = play([*TRAINED, [PLAIN], [CFR], [MCF, 6.0, PLAIN], [CFR], [MCF]], UNLIKE)
    assert [note.index for note in played.notes if isinstance(note, PageStarted)] == [0, 0, 1]
    assert played.fates == [Fate.CONFIRMED] * 2


@pytest.mark.parametrize("frame", [CFR, FTT, CTR, ERR, RNR, ppr(1), Frame(0x13, 0x77), far(Type.MPS)])
def test_an_answer_that_cannot_be_is_let_pass_once(frame: Frame) -> None:
    assert play([*TRAINED, [frame], [MCF]]).cause is Cause.OK
    assert play([*TRAINED, [frame, MCF]]).cause is Cause.OK
    played = play([*TRAINED, [frame], [frame]])
    assert played.cause is Cause.PROTOCOL_ERROR
    assert played.fates == [Fate.UNCERTAIN]


def test_our_own_echo_is_no_answer_to_a_page() -> None:
    echo = play([*TRAINED, [MCF]]).frame("EOP")
    played = play([*TRAINED, [echo, MCF]])
    assert after_training(played) == ["page 14400 short", "EOP", "DCN", "hang up"]


def test_no_answers_at_all_in_any_phase() -> None:
    for replies in ([], [GREETING], TRAINED):
        played = play([*replies])
        assert played.sent[-2:] == ["DCN", "hang up"]
        assert Fate.CONFIRMED not in played.fates


def test_a_slow_far_end_is_waited_for() -> None:
    assert play([GREETING, [CFR], [MCF], [MCF]], ALIKE, answer_s=2.5).sent.count("MPS") == 1


# Cancelling.


def cancelled_when(state_names: set[str]) -> Played:
    done: list[bool] = []

    def at(now: float, sender: Sender) -> None:
        if sender.state.value in state_names and not done:
            done.append(True)
            sender.cancel(now)

    return play([*TRAINED, [MCF], [MCF]], ALIKE, at=at)


@pytest.mark.parametrize(
    ("state", "polite", "fate"),
    [
        ("set-up", False, Fate.NOT_SENT),
        ("dial", False, Fate.NOT_SENT),
        ("wait-dis", True, Fate.NOT_SENT),
        ("send-dcs", True, Fate.NOT_SENT),
        ("send-tcf", True, Fate.NOT_SENT),
        ("wait-cfr", True, Fate.NOT_SENT),
        ("send-ppm", True, Fate.UNCERTAIN),
        ("wait-ppm", True, Fate.UNCERTAIN),
    ],
)
def test_cancelling_ends_the_call_with_dcn_where_there_is_somebody_to_hear_it(
    state: str, polite: bool, fate: Fate
) -> None:
    played = cancelled_when({state})
    assert played.cause is Cause.CANCELLED
    assert ("DCN" in played.sent) is polite
    assert played.sent[-1] == "hang up"
    assert played.fates == [fate, Fate.NOT_SENT]


def test_cancelling_in_the_middle_of_an_image_stops_it() -> None:
    started: list[float] = []

    def at(now: float, sender: Sender) -> None:
        if sender.state.value == "send-page" and not started:
            started.append(now)
            sender.cancel(now)

    played = play([*TRAINED, [MCF]], [page(rows=400, noise=1)], at=at)
    assert played.cause is Cause.CANCELLED
    assert played.sent[-3:] == ["page 14400 short", "DCN", "hang up"]
    assert played.fates == [Fate.NOT_SENT]


def test_cancelling_when_all_is_said_changes_nothing() -> None:
    for state in ("send-dcn", "hang-up"):
        played = cancelled_when({state})
        assert played.cause is Cause.OK
        assert played.fates == [Fate.CONFIRMED] * 2


def test_the_device_may_go_at_any_moment() -> None:
    def gone_in(state: str) -> Played:
        def at(now: float, sender: Sender) -> None:
            if sender.state.value == state and sender.ended is None:
                sender.hung_up(now)

        return play([*TRAINED, [MCF], [MCF]], ALIKE, at=at)

    for state, fate in (
        ("dial", Fate.NOT_SENT),
        ("wait-cfr", Fate.NOT_SENT),
        ("send-ppm", Fate.UNCERTAIN),
        ("wait-ppm", Fate.UNCERTAIN),
    ):
        played = gone_in(state)
        assert played.cause is Cause.DEVICE_MISSING
        assert played.fates == [fate, Fate.NOT_SENT]

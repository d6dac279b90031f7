"""What the schedule promises, rule by rule. That it keeps to all of them at once: ``test_schedule_reference``."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from fax.settings import OutboundRule
from fax.types import Priority
from spooler.schedule import STEPS, Schedule
from spooler.schedule_types import Deadline, PortRules, Rules, Wait, WaitReason
from spooler.schedule_words import sentence
from tests.spooler.schedule_desk import START, at, decide, decided, in_turn, job, ready, rules, why

# The order


def test_the_oldest_job_of_a_sender_goes_first_and_the_higher_priority_before_that() -> None:
    schedule = ready(
        job(1, since=at(-1)),
        job(2, since=at(-2)),
        job(3, priority=Priority.HIGH),
        job(4, priority=Priority.LOW, since=at(-9)),
    )
    assert in_turn(schedule, 4) == [3, 2, 1, 4]


def test_a_broadcast_of_5000_does_not_hold_up_a_single_letter() -> None:
    schedule = ready(*(job(id, since=at(-3600)) for id in range(1, 5001)))
    in_turn(schedule, 10)
    schedule.put(job(6000, user="bob"))
    assert in_turn(schedule, 1) == [6000]
    # Not even after hours, when the broadcast would have aged if ageing were by job.
    in_turn(schedule, 20, seconds=90000)
    schedule.put(job(6001, user="bob", since=at(90000)))
    assert in_turn(schedule, 1, seconds=90000) == [6001]


def test_not_even_a_letter_of_the_same_sender_waits_for_all_of_their_broadcast() -> None:
    places = [replace(job(id, since=at(-3600)), behind=timedelta(minutes=id)) for id in range(1, 5001)]
    schedule = ready(*places)
    schedule.put(job(6000))
    assert in_turn(schedule, 61) == [*range(1, 61), 6000], (
        "those of the first hour come before the letter of an hour later"
    )


def test_senders_take_turns() -> None:
    schedule = ready(*(job(id, user="ann") for id in range(1, 4)), *(job(id, user="bob") for id in range(4, 7)))
    assert in_turn(schedule, 6) == [1, 4, 2, 5, 3, 6]


def test_a_sender_whose_low_priority_waited_long_comes_before_an_endless_stream_of_high_ones() -> None:
    schedule = ready(job(1, user="bob", priority=Priority.LOW))
    for step in range(100):
        seconds = step * 120
        schedule.put(job(100 + step, priority=Priority.HIGH, since=at(seconds)))
        if in_turn(schedule, 1, seconds=seconds) == [1]:
            assert seconds == 2 * 3600, "an hour for each step of priority"
            return
    raise AssertionError("never")


def test_ageing_counts_only_the_time_that_the_clock_went_forward() -> None:
    schedule = ready(job(1, user="bob", priority=Priority.LOW), job(2, user="cyd", priority=Priority.HIGH))
    schedule.set_port("a", free=False)
    for seconds in (-86400, -86400 + 3600, -86400):
        assert decided(schedule, seconds) == []
    schedule.set_port("a", free=True)
    assert in_turn(schedule, 1, seconds=-86400) == [2]


# A decision in pieces


def test_a_decision_hands_out_one_call_and_says_that_there_may_be_more() -> None:
    schedule = ready(job(1), job(2), under=rules("a", "b"))
    pieces = [schedule.decide(START) for _ in range(3)]
    assert [[call.jobs for call in piece.calls] for piece in pieces] == [[(1,)], [(2,)], []]
    assert [piece.more for piece in pieces] == [True, True, False]


def test_jobs_whose_time_is_up_together_are_told_in_pieces_and_each_once() -> None:
    schedule = ready(*(job(id, expires=Deadline(at=at(60))) for id in range(1, 501)), under=rules())
    decide(schedule, START)
    told: list[int] = []
    more = True
    while more:
        piece = schedule.decide(at(60))
        assert len(piece.expired) <= STEPS
        told += piece.expired
        more = piece.more
    assert sorted(told) == list(range(1, 501))


def test_a_job_that_is_put_in_the_midst_of_a_clock_being_set_back_goes_out_and_the_pauses_of_all_are_kept() -> None:
    pause = Deadline(at=at(600), within=timedelta(seconds=600))
    schedule = ready(*(job(id, not_before=pause, retrying=True) for id in range(1, 101)))
    assert decided(schedule) == []
    assert schedule.decide(at(-86400)).more
    schedule.put(job(101, since=at(-86400)))
    assert decided(schedule, -86400) == [("a", (101,))]
    assert {why(schedule, id, -86400).until for id in range(1, 101)} == {at(-86400 + 600)}


def test_a_queue_that_is_paused_in_the_midst_of_a_decision_gives_no_call() -> None:
    senders = [job(id, "1", user=f"user{id}") for id in range(1, 501)]
    schedule = ready(*senders, under=rules("a", documents_per_call=1))
    decide(schedule, START)
    schedule.end(1)
    schedule.set_port("a", free=True)
    piece = schedule.decide(START)
    assert piece.more and not piece.calls
    schedule.set_rules(rules("a", documents_per_call=1, paused=True))
    assert decided(schedule) == []
    schedule.set_rules(rules("a", documents_per_call=1))
    assert decided(schedule) == [("a", (2,))]


# One call at a time, several jobs in one call


def test_several_ready_jobs_for_one_number_go_out_in_one_call() -> None:
    schedule = ready(job(1, "5"), job(2, "6"), job(3, "5", user="bob"), under=rules("a", "b"))
    assert decided(schedule) == [("a", (1, 3)), ("b", (2,))]


def test_one_call_takes_so_many_documents_and_no_more() -> None:
    schedule = ready(*(job(id, "5") for id in range(1, 6)), under=rules("a", "b", documents_per_call=2))
    assert decided(schedule) == [("a", (1, 2))]
    assert why(schedule, 3) == Wait(reason=WaitReason.NUMBER_IN_CALL, number="5")
    schedule.end(1)
    assert decided(schedule) == [("b", (3, 4))]


def test_jobs_that_need_another_line_or_time_do_not_share_a_call() -> None:
    schedule = ready(job(1, "5"), job(2, "5", line="+49 30 1"), job(3, "5", not_before=Deadline(at=at(60))))
    assert decided(schedule) == [("a", (1,))]


def test_a_job_that_leaves_its_call_before_it_begins_waits_again_and_the_others_go_on() -> None:
    schedule = ready(job(1, "5"), job(2, "5"))
    assert decided(schedule) == [("a", (1, 2))]
    schedule.leave(1)
    schedule.put(job(1, "5"))
    assert why(schedule, 1).reason is WaitReason.NUMBER_IN_CALL
    schedule.end(2)
    schedule.set_port("a", free=True)
    assert decided(schedule) == [("a", (1,))]


def test_a_call_found_at_start_holds_its_number_and_its_port() -> None:
    schedule = ready(job(2, "1"), job(3, "3"), under=rules("a", "b"))
    schedule.begin((1,), "1", "a")
    schedule.set_port("a", free=True)
    assert decided(schedule) == [("b", (3,))]
    schedule.end(1)
    schedule.set_port("a", free=True)
    assert decided(schedule) == [("a", (2,))]


# Numbers


def test_a_number_is_called_so_often_a_day_and_the_calls_of_before_a_restart_count() -> None:
    schedule = ready(job(1, "5"), under=rules("a", calls_a_day=2, documents_per_call=1))
    schedule.recall("5", at(-3600))
    assert decided(schedule) == [("a", (1,))]
    schedule.end(1)
    schedule.put(job(2, "5"))
    schedule.set_port("a", free=True)
    assert decided(schedule, 10) == []
    free = at(-3600) + timedelta(days=1)
    assert why(schedule, 2, 10) == Wait(reason=WaitReason.NUMBER_LIMIT, until=free, number="5", limit=2)
    assert schedule.wake_at() == free
    assert [call.jobs for call in decide(schedule, free).calls] == [(2,)]


def test_a_call_that_never_left_the_house_does_not_count_against_the_numbers_limit() -> None:
    schedule = ready(job(1, "5"), under=rules("a", calls_a_day=1))
    assert decided(schedule) == [("a", (1,))]
    schedule.end(1, dialled=False)
    schedule.put(job(1, "5"))
    schedule.set_port("a", free=True)
    assert decided(schedule, 1) == [("a", (1,))]


def test_a_number_is_never_closed_for_more_than_a_day_by_calls_that_the_clock_put_into_the_future() -> None:
    schedule = Schedule(rules("a", calls_a_day=1), START)
    schedule.set_port("a", free=True)
    schedule.recall("5", START + timedelta(days=400))
    schedule.put(job(1, "5"))
    assert decided(schedule) == []
    assert schedule.wake_at() == START + timedelta(days=1)


def test_a_barred_number_is_left_alone_and_the_others_are_not() -> None:
    schedule = ready(job(1, "5"), job(2, "6"))
    schedule.bar("5", Deadline(at=at(600), within=timedelta(seconds=600)))
    assert decided(schedule) == [("a", (2,))]
    assert why(schedule, 1).reason is WaitReason.NUMBER_BARRED
    schedule.end(2)
    schedule.set_port("a", free=True)
    schedule.bar("5", None)
    assert decided(schedule) == [("a", (1,))]


def test_a_bar_that_is_told_when_it_ends_counts_when_the_clock_turns_out_to_be_set_back() -> None:
    schedule = ready(job(1, "5551"))
    schedule.bar("5551", Deadline(at=START))
    assert decided(schedule, -1) == []
    assert schedule.wake_at() == START
    assert decided(schedule) == [("a", (1,))]


# Ports


def test_ports_are_tried_by_priority_and_one_that_may_not_send_is_never_used() -> None:
    names = (PortRules(name="c", priority=3), PortRules(name="a", sends=False), PortRules(name="b", priority=2))
    schedule = ready(*(job(id) for id in (1, 2, 3)), under=Rules(ports=names))
    assert decided(schedule) == [("b", (1,)), ("c", (2,))]
    assert why(schedule, 3).reason is WaitReason.PORTS_BUSY
    schedule.set_rules(Rules(ports=(PortRules(name="c"), PortRules(name="a"), PortRules(name="b"))))
    assert decided(schedule) == [("a", (3,))]


def test_of_the_outbound_rules_area_counts_before_country_before_all_others() -> None:
    outbound = (
        OutboundRule(country="49", area="30", group="berlin"),
        OutboundRule(country="49", port="d"),
        OutboundRule(group="others"),
    )
    groups = {"berlin": ("c", "b"), "others": ("a",)}
    under = rules("a", "b", "c", "d", groups=groups, outbound=outbound)
    schedule = ready(
        job(1, "+49301"), job(2, "+49302"), job(3, "+49401"), job(4, "+13012"), job(5, "5552001"), under=under
    )
    assert dict(decided(schedule)) == {"c": (1,), "b": (2,), "d": (3,), "a": (4,)}
    assert sentence(why(schedule, 5), START) == "Waits for a free port of others"


def test_a_job_goes_out_on_the_group_it_asks_for_whatever_the_rules_say() -> None:
    under = rules("a", "b", groups={"sales": ("b",)}, outbound=(OutboundRule(port="a"),))
    schedule = ready(job(1, group="sales"), job(2, group="nobody"), under=under)
    assert decided(schedule) == [("b", (1,))]
    assert sentence(why(schedule, 2), START) == "No port that may send belongs to nobody"


def test_while_the_queue_is_paused_nothing_is_called_and_afterwards_everything_is() -> None:
    schedule = ready(job(1), under=rules("a", paused=True))
    assert decided(schedule) == []
    assert sentence(why(schedule, 1), START) == "The queue is paused"
    schedule.set_rules(rules("a"))
    assert decided(schedule) == [("a", (1,))]


def test_a_port_that_is_down_gets_nothing_and_the_job_says_so() -> None:
    schedule = Schedule(rules("a"), START)
    schedule.set_port("a", free=False, down="/dev/ttyS0 is missing")
    schedule.put(job(1))
    assert decided(schedule) == []
    assert sentence(why(schedule, 1), START) == "No port is ready (a: /dev/ttyS0 is missing)"
    schedule.set_port("a", free=False)
    assert why(schedule, 1).reason is WaitReason.PORTS_BUSY


def test_without_ports_the_job_says_so() -> None:
    schedule = ready(job(1), under=rules())
    assert sentence(why(schedule, 1), START) == "No port is set up for sending"


@pytest.mark.parametrize("reason", list(WaitReason))
def test_every_reason_has_its_sentence(reason: WaitReason) -> None:
    wait = Wait(reason=reason, until=at(60), number="5552001", limit=2, ports=(("a", "off"),), group="sales")
    assert sentence(wait, START)

"""Making pages waits while documents come in one after the other, and never for long."""

from __future__ import annotations

from spooler.preparation_lull import LULL_S, MOST_S, Lull


def test_what_comes_alone_is_begun_at_once() -> None:
    lull = Lull()
    for now in (100.0, 100.0 + LULL_S, 200.0):
        lull.came(f"at {now}", now)
        assert lull.due(f"at {now}") <= now


def test_what_comes_right_after_another_waits_for_a_lull() -> None:
    lull = Lull()
    step_s = LULL_S / 4
    for number in range(8):
        lull.came(str(number), 100.0 + number * step_s)
    last = 100.0 + 7 * step_s
    assert lull.due("0") <= 100.0
    assert {lull.due(str(number)) for number in range(1, 8)} == {last + LULL_S}
    lull.came("late", last + LULL_S)
    assert lull.due("late") <= last + LULL_S, "the others had their lull"


def test_nothing_waits_longer_than_the_most() -> None:
    lull = Lull()
    step_s = LULL_S / 2
    count = int(3 * MOST_S / step_s)
    for number in range(count):
        lull.came(str(number), number * step_s)
    assert lull.due("1") == step_s + MOST_S
    assert max(lull.due(str(number)) for number in range(count)) == (count - 1) * step_s + LULL_S


def test_what_is_wanted_again_has_waited_since_the_first_time_until_it_is_begun() -> None:
    lull = Lull()
    lull.came("one", 100.0)
    lull.came("two", 100.1)
    while (now := lull.due("two")) < 100.1 + MOST_S:
        lull.came("two", now - LULL_S / 2)
    assert now == 100.1 + MOST_S
    lull.begun("two")
    assert lull.due("two") <= now

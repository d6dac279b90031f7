"""What is asked, and when it is no longer: without display or server."""

from __future__ import annotations

from agent.asking import Asking, Changed, Gone, Listed, Lost, Notify, Open, Stage, Withdraw
from agent.facts import Fax, Person, fax_of


def fax(id: int, state: str = "address") -> Fax:
    return Fax(id=id, user="ann", title=f"Letter {id}", state=state)


def test_whatever_waits_at_the_start_is_told_of_oldest_first() -> None:
    assert Asking().heard(Listed((fax(3), fax(7)))) == [Notify(fax(3)), Notify(fax(7))]


def test_a_fax_that_comes_later_is_told_of_once_however_often_it_is_heard_of() -> None:
    asking = Asking()
    assert asking.heard(Listed(())) == []
    assert asking.heard(Changed(fax(3))) == [Notify(fax(3))]
    assert asking.heard(Changed(fax(3))) == []
    assert asking.heard(Lost("away")) == []
    assert asking.heard(Listed((fax(3),))) == []


def test_at_once_means_a_dialogue_without_a_notification_before_it() -> None:
    asking = Asking(at_once=True)
    assert asking.heard(Changed(fax(3))) == [Open(fax(3))]
    assert asking.stage(3) is Stage.OPEN


def test_one_that_was_answered_elsewhere_is_asked_for_no_longer() -> None:
    asking = Asking()
    asking.heard(Listed((fax(3), fax(4))))
    asking.wanted(3)
    assert asking.heard(Changed(fax(3, "waiting"))) == [Withdraw(3, "waiting")]
    assert asking.heard(Gone(4, "cancelled")) == [Withdraw(4, "cancelled")]
    assert asking.heard(Gone(4, "cancelled")) == []
    assert asking.waiting == ()
    assert asking.wanted(3) == []


def test_what_was_answered_while_the_server_was_away_is_withdrawn_with_the_next_list() -> None:
    asking = Asking()
    asking.heard(Listed((fax(3), fax(4))))
    assert asking.heard(Listed((fax(4), fax(5)))) == [Withdraw(3, ""), Notify(fax(5))]


def test_a_notification_that_is_dismissed_leaves_the_fax_waiting_and_asks_no_more() -> None:
    asking = Asking()
    asking.heard(Listed((fax(3),)))
    asking.dismissed(3)
    assert asking.stage(3) is Stage.PUT_OFF
    assert asking.heard(Listed((fax(3),))) == []
    assert asking.all_wanted() == [Open(fax(3))]


def test_a_notification_that_closes_under_an_open_dialogue_leaves_it_open() -> None:
    asking = Asking()
    asking.heard(Listed((fax(3),)))
    asking.wanted(3)
    asking.dismissed(3)
    assert asking.stage(3) is Stage.OPEN


def test_where_no_notification_can_be_shown_the_dialogue_stands_in_for_it() -> None:
    asking = Asking()
    asking.heard(Listed((fax(3),)))
    assert asking.unnoticed(3) == [Open(fax(3))]
    assert asking.unnoticed(3) == []
    asking.put_off(3)
    assert asking.unnoticed(3) == []


def test_one_that_lost_its_recipient_again_is_asked_for_again() -> None:
    asking = Asking()
    asking.heard(Changed(fax(3)))
    asking.heard(Changed(fax(3, "waiting")))
    assert asking.heard(Changed(fax(3))) == [Notify(fax(3))]


def test_a_job_of_a_newer_or_an_older_server_is_read_all_the_same() -> None:
    found = fax_of({"id": 3, "user": "ann", "state": "address", "recipient": {"name": "Bob"}, "colour": "red"})
    assert found == Fax(id=3, user="ann", title="", state="address", recipient=Person(name="Bob"), said={"name": "Bob"})

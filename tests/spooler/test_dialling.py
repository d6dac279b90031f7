"""What numbers mean from here, which may not be called, and what is dialled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spooler.dialling import Destination, checked, destination, dial_string
from spooler.numbers import NumberError
from spooler.settings import Dialling, DialRule

GERMANY = Dialling(country="DE")
BERLIN = Dialling(country_code="49", area_code="30", outside_line="0,")
NEW_YORK = Dialling(country="US", area_code="212", outside_line="9,")
ITALY = Dialling(country="IT")
NOWHERE = Dialling()
EVERY = [GERMANY, BERLIN, NEW_YORK, ITALY, NOWHERE, Dialling(country="RU"), Dialling(country="GB", outside_line="9")]


@pytest.mark.parametrize(
    ("written", "rules", "kept", "dialled"),
    [
        ("030 1234567", GERMANY, "+49301234567", "0301234567"),
        ("+49 (0)30 1234567", GERMANY, "+49301234567", "0301234567"),
        ("0049 30 1234567", GERMANY, "+49301234567", "0301234567"),
        ("5552001", BERLIN, "+49305552001", "0,0305552001"),
        ("+1 201 555 0123", BERLIN, "+12015550123", "0,0012015550123"),
        ("030 1234567,,42", BERLIN, "+49301234567,,42", "0,0301234567,,42"),
        ("201-555-0123", NEW_YORK, "+12015550123", "9,12015550123"),
        ("1 201 555 0123", NEW_YORK, "+12015550123", "9,12015550123"),
        ("555-0123", NEW_YORK, "+12125550123", "9,12125550123"),
        ("011 49 30 1234567", NEW_YORK, "+49301234567", "9,01149301234567"),
        ("06 1234 5678", ITALY, "+390612345678", "0612345678"),
        ("+39 06 1234 5678", GERMANY, "+390612345678", "00390612345678"),
        ("8 495 123-45-67", Dialling(country="RU"), "+74951234567", "84951234567"),
        ("5552001", NOWHERE, "5552001", "5552001"),
        ("+49301234", NOWHERE, "+49301234", "+49301234"),
        ("5552001", Dialling(outside_line="0,"), "5552001", "0,5552001"),
    ],
)
def test_a_number_is_kept_in_one_form_and_dialled_as_the_country_wants(
    written: str, rules: Dialling, kept: str, dialled: str
) -> None:
    where = checked(written, rules)
    assert where.number == kept
    assert dial_string(written, rules) == dialled
    assert destination(where.number, rules).key == where.key
    assert dial_string(where.number, rules) == dialled


@pytest.mark.parametrize(
    ("written", "rules", "remedy"),
    [
        ("5552001", GERMANY, "with its area code"),  # no area is ours
        ("9911", GERMANY, "with its area code"),
        ("493012345678", GERMANY, r"could be \+493012345678"),
        ("493012345678", BERLIN, r"could be \+493012345678"),
        ("12015550123", BERLIN, r"could be \+12015550123"),
        ("030 1234567", NEW_YORK, "with its country code"),
        ("0123456789", GERMANY, "with its country code"),
        ("0049 30 1234567", NEW_YORK, "too long"),
        ("+49 112", GERMANY, "area code is missing"),
        ("+999 1234567", GERMANY, "no such country code"),
        ("+1 201 555 01234", GERMANY, "too long"),
        ("0,030 1234567", BERLIN, "too short"),  # the outside line is the server's to add
        ("*67 030 1234567", BERLIN, "write the number alone"),
    ],
)
def test_what_could_mean_two_things_or_nothing_is_refused_with_what_to_write(
    written: str, rules: Dialling, remedy: str
) -> None:
    with pytest.raises(NumberError, match=remedy):
        checked(written, rules)


def test_a_number_that_is_new_to_us_is_taken_when_it_is_written_in_full_and_said_to_be_odd() -> None:
    where = checked("+49 123 456789", GERMANY)
    assert where.number == "+49123456789"
    assert "not known to be in use" in where.warning
    assert not checked("030 1234567", GERMANY).warning


@pytest.mark.parametrize("rules", EVERY)
@pytest.mark.parametrize("front", ["", "0", "0,", "0,,", "9", "9w", "0w,", "(0) ", "tel:"])
def test_emergency_numbers_are_never_dialled_whatever_stands_in_front(front: str, rules: Dialling) -> None:
    for emergency in ("112", "911") if rules in (NEW_YORK, NOWHERE) else ("112",):
        with pytest.raises(NumberError):
            dial_string(front + emergency, rules)


@given(
    front=st.from_regex(r"[,pw (-]{0,3}[09]?[,pw )-]{0,3}", fullmatch=True),
    behind=st.text(alphabet=" -", max_size=2),
    emergency=st.sampled_from([("112", BERLIN), ("110", GERMANY), ("911", NEW_YORK), ("118", ITALY), ("112", NOWHERE)]),
)
def test_no_way_to_write_an_emergency_number_is_dialled(
    front: str, behind: str, emergency: tuple[str, Dialling]
) -> None:
    number, rules = emergency
    with pytest.raises(NumberError):
        dial_string(front + number + behind, rules)


def test_a_rule_that_would_dial_an_emergency_number_is_stopped_at_the_end() -> None:
    rules = Dialling(country="DE", rules=(DialRule(match=r"\+4930.*", dial="112"),))
    with pytest.raises(NumberError, match="emergency"):
        dial_string("0301234567", rules)


def test_a_number_that_an_exchange_connects_early_is_not_dialled() -> None:
    rules = Dialling(country="DE", rules=(DialRule(match=r"\+49(.*)", dial=r"112\1"),))
    with pytest.raises(NumberError, match="emergency"):
        dial_string("0301234567", rules)


def test_emergency_numbers_are_dialled_where_the_settings_say_so() -> None:
    assert dial_string("112", Dialling(emergency=True)) == "112"
    assert dial_string("112", Dialling(country="DE", internal=("112",), emergency=True)) == "112"
    with pytest.raises(NumberError, match="emergency"):
        dial_string("112", Dialling(country="DE", internal=("[0-9]{3}",)))


def test_an_extension_of_our_own_exchange_is_dialled_as_it_stands() -> None:
    rules = Dialling(country="DE", outside_line="0,", internal=("[1-9][0-9]{1,3}",))
    assert checked("42 10", rules) == Destination(number="4210", key="4210", internal=True)
    assert dial_string("4210", rules) == "4210"
    assert dial_string("030 1234567", rules) == "0,0301234567"


def test_the_first_rule_that_matches_says_what_is_dialled() -> None:
    rules = Dialling(
        country="US",
        outside_line="9,",
        rules=(DialRule(match=r"\+1(212\d{7})", dial=r"\1"), DialRule(match=r"\+1(\d+)", dial=r"1010321\g<1>")),
    )
    assert dial_string("212 555 0123,,7", rules) == "9,2125550123,,7"
    assert dial_string("201 555 0123", rules) == "9,10103212015550123"
    assert dial_string("+49 30 1234567", rules) == "9,01149301234567"


def test_a_rule_that_makes_something_that_cannot_be_dialled_is_refused() -> None:
    rules = Dialling(country="DE", rules=(DialRule(match=r"\+49(.*)", dial=r"at\1"),))
    with pytest.raises(NumberError, match="cannot be dialled"):
        dial_string("0301234567", rules)


def test_denied_numbers_are_refused_and_with_an_allow_list_all_that_it_does_not_name() -> None:
    rules = Dialling(country="DE", allow=(r"\+49.*",), deny=(r"\+49900.*",))
    assert dial_string("030 1234567", rules) == "0301234567"
    with pytest.raises(NumberError, match="deny"):
        dial_string("0900 1234567", rules)
    with pytest.raises(NumberError, match="allow"):
        dial_string("+1 201 555 0123", rules)


def test_what_stands_behind_a_pause_does_not_make_another_destination() -> None:
    assert destination("030 1234567,,42", BERLIN).key == destination("+49301234567", BERLIN).key
    assert destination("5552001w1", NOWHERE).key == "5552001"


@given(
    st.text(alphabet="0123456789+*#,w -()", max_size=20),
    st.sampled_from(EVERY),
)
def test_what_is_kept_means_the_same_when_it_is_read_again(written: str, rules: Dialling) -> None:
    try:
        where = checked(written, rules)
    except NumberError:
        return
    again = checked(where.number, rules)
    assert (again.number, again.key, again.e164) == (where.number, where.key, where.e164)
    assert dial_string(where.number, rules) == dial_string(written, rules)

"""Where a fax goes: the decision, held against a reference that says the same in other words."""

from __future__ import annotations

import fnmatch
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fax.routing import (
    EMAIL_GUID,
    FOLDER_GUID,
    PRINT_GUID,
    Facts,
    MethodTarget,
    PortMethod,
    RoutingRule,
    data_of,
    target_of,
)
from spooler.routing_rules import Reader, decide, fits, matches

OTHER = "{00000000-0000-0000-0000-000000000001}"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)  # a Friday
PRIORITIES = {EMAIL_GUID: 1, OTHER: 2, FOLDER_GUID: 3, PRINT_GUID: 4}


def method(guid: str, *, enabled: bool = False, data: bytes = b"") -> PortMethod:
    return PortMethod(
        device=1,
        port="fax0",
        enabled=enabled,
        guid=guid,
        friendly_name=guid[1:5],
        function_name="F",
        extension_image="x",
        extension_name="X",
        priority=PRIORITIES[guid],
        data=data,
    )


METHODS = [
    method(EMAIL_GUID, data=b"all@example.org"),
    method(OTHER, enabled=True, data=b"\x01\x02"),
    method(FOLDER_GUID, enabled=True, data=b"/srv/faxes"),
    method(PRINT_GUID),
]
FACTS = Facts(port="fax0", caller_id="+49 30 123-456", tsid="Clinic 030 123456", sub_address="77", digits="4711")
READERS = {1: Reader(user="ann", email="ann@example.org"), 2: Reader(user="bob"), 3: Reader(email="c@example.org")}


def steps(*rules: RoutingRule, facts: Facts = FACTS, at: datetime = NOON) -> list[tuple[str, bytes]]:
    return [(step.method, step.data) for step in decide(facts, at, METHODS, rules, READERS).steps]


def test_without_rules_a_fax_goes_to_what_is_enabled_on_its_line_in_order_of_priority() -> None:
    assert steps() == [(OTHER, b"\x01\x02"), (FOLDER_GUID, b"/srv/faxes")]


def test_a_rule_adds_its_targets_in_the_place_of_their_methods() -> None:
    rule = RoutingRule(
        name="all",
        methods=(MethodTarget(method=EMAIL_GUID),),
        folders=("/srv/more",),
        printers=("laser",),
        addresses=("x@example.org",),
    )
    assert steps(rule) == [
        (EMAIL_GUID, b"all@example.org"),
        (EMAIL_GUID, b"x@example.org"),
        (OTHER, b"\x01\x02"),
        (FOLDER_GUID, b"/srv/faxes"),
        (FOLDER_GUID, b"/srv/more"),
        (PRINT_GUID, b"laser"),
    ]


def test_a_rule_may_stand_instead_of_the_line_and_end_the_search() -> None:
    first = RoutingRule(name="first", folders=("/a",), instead=True, last=True)
    second = RoutingRule(name="second", folders=("/b",))
    assert steps(first, second) == [(FOLDER_GUID, b"/a")]
    assert steps(second, first) == [(FOLDER_GUID, b"/b"), (FOLDER_GUID, b"/a")]


def test_people_are_mailed_to_and_see_the_fax() -> None:
    rule = RoutingRule(name="people", people=(1, 2, 3, 99), users=("eve", "ann"), instead=True)
    decision = decide(FACTS, NOON, METHODS, [rule], READERS)
    assert [step.data for step in decision.steps] == [b"ann@example.org", b"c@example.org"]
    assert sorted(decision.users) == ["ann", "bob", "eve"]
    assert decision.rules == ("people",)


def test_the_same_method_with_the_same_data_comes_once_and_says_who_wanted_it_first() -> None:
    rule = RoutingRule(name="again", folders=("/srv/faxes", "/srv/faxes"))
    decision = decide(FACTS, NOON, METHODS, [rule], READERS)
    assert [(step.target, step.why) for step in decision.steps] == [("", "port fax0"), ("/srv/faxes", "port fax0")]


def test_a_method_that_nobody_knows_is_a_step_that_says_so() -> None:
    rule = RoutingRule(name="gone", methods=(MethodTarget(method="{no}"),), instead=True)
    (step,) = decide(FACTS, NOON, METHODS, [rule], READERS).steps
    assert (step.method, step.working) == ("{no}", False)


@pytest.mark.parametrize(
    ("rule", "goes"),
    [
        (RoutingRule(name="r", callers=("+4930*",)), True),
        (RoutingRule(name="r", callers=("+49 (30) 123 456",)), True),
        (RoutingRule(name="r", callers=("+4940*", "")), False),
        (RoutingRule(name="r", tsids=("clinic*",)), True),
        (RoutingRule(name="r", tsids=("clinic",)), False),
        (RoutingRule(name="r", sub_addresses=("7?",)), True),
        (RoutingRule(name="r", sub_addresses=("7",)), False),
        (RoutingRule(name="r", digits=("47*",), ports=("fax0",)), True),
        (RoutingRule(name="r", digits=("47*",), ports=("fax1",)), False),
        (RoutingRule(name="r", weekdays=(5,)), True),
        (RoutingRule(name="r", weekdays=(1, 2, 3, 4, 6, 7)), False),
        (RoutingRule(name="r", begin=time(9), end=time(17)), True),
        (RoutingRule(name="r", begin=time(17), end=time(9)), False),
        (RoutingRule(name="r", begin=time(12, 0), end=time(12, 1)), True),
        (RoutingRule(name="r", begin=time(9), end=time(12)), False),
        (RoutingRule(name="r", enabled=True), True),
    ],
)
def test_what_a_rule_asks_for_must_all_be_so(rule: RoutingRule, goes: bool) -> None:
    assert fits(rule, FACTS, NOON) is goes


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    night = RoutingRule(name="night", begin=time(22), end=time(6), weekdays=(5,))
    hours = [NOON + timedelta(hours=hour) for hour in range(-12, 36)]
    inside = [at for at in hours if fits(night, FACTS, at)]
    assert inside == [at for at in hours if (at.day, at.hour) >= (20, 22) and (at.day, at.hour) < (21, 6)]


texts = st.text("ab1 -", max_size=6)
patterns = st.text("ab1*?", max_size=5)


@given(st.lists(patterns, max_size=3), texts)
def test_patterns_mean_what_they_mean_to_a_shell_with_the_filling_left_out(wanted: list[str], text: str) -> None:
    plain = text.replace(" ", "").replace("-", "")
    expected = not wanted or any(fnmatch.fnmatchcase(plain, pattern) for pattern in wanted)
    assert matches(wanted, text) is expected


def test_a_pattern_of_many_stars_does_not_take_for_ever() -> None:
    assert not matches(("*" * 200 + "b",), "a" * 80)


a_rule = st.builds(
    RoutingRule,
    name=st.text("abcdef", min_size=1, max_size=6),
    ports=st.lists(st.sampled_from(("fax0", "fax1")), max_size=2).map(tuple),
    sub_addresses=st.lists(st.sampled_from(("77", "7*", "1")), max_size=2).map(tuple),
    folders=st.lists(st.sampled_from(("/a", "/b", "/srv/faxes")), max_size=2).map(tuple),
    users=st.lists(st.sampled_from(("ann", "bob")), max_size=2).map(tuple),
    methods=st.lists(
        st.builds(MethodTarget, method=st.sampled_from((EMAIL_GUID, OTHER)), data=st.sampled_from((None, b"x"))),
        max_size=2,
    ).map(tuple),
    instead=st.booleans(),
    last=st.booleans(),
    enabled=st.booleans(),
)


@given(st.lists(a_rule, max_size=6), st.sampled_from(("fax0", "fax1")), st.sampled_from(("77", "1", "")))
def test_every_decision_is_what_the_rules_say_one_by_one(rules: list[RoutingRule], port: str, sub: str) -> None:
    facts = Facts(port=port, sub_address=sub)
    fitting: list[RoutingRule] = []
    for rule in rules:
        if rule.enabled and fits(rule, facts, NOON):
            fitting.append(rule)
            if rule.last:
                break
    expected: set[tuple[str, bytes]] = set()
    if not any(rule.instead for rule in fitting):
        expected |= {(each.guid, each.data) for each in METHODS if each.enabled}
    of_line = {each.guid: each.data for each in METHODS}
    for rule in fitting:
        expected |= {(one.method, of_line[one.method] if one.data is None else one.data) for one in rule.methods}
        expected |= {(FOLDER_GUID, folder.encode()) for folder in rule.folders}
    decision = decide(facts, NOON, METHODS, rules, READERS)
    found = [(step.method, step.data) for step in decision.steps]
    assert set(found) == expected and len(found) == len(expected)
    order = [PRIORITIES[step.method] for step in decision.steps]
    assert order == sorted(order)
    assert set(decision.users) == {user for rule in fitting for user in rule.users}
    assert decision.rules == tuple(rule.name for rule in fitting)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"/srv/faxes", "/srv/faxes"),
        ("/srv/faxes\0".encode("utf-16-le"), "/srv/faxes"),
        (b"laser\0rest", "laser"),
        (b"", ""),
    ],
)
def test_data_of_windows_programs_and_ours_say_the_same(data: bytes, text: str) -> None:
    assert target_of(data).text == text


def test_options_of_a_target_come_back_as_they_were_given() -> None:
    target = target_of(data_of("/srv/faxes", format="pdf", name="{id}"))
    assert (target.text, target.options) == ("/srv/faxes", {"format": "pdf", "name": "{id}"})

"""The library against the tables typed from the specification: nothing is missing, misnamed or of another value."""

from __future__ import annotations

import dataclasses

import pytest

import winfax
from tests.winfax.specification_constants import CONSTANTS
from tests.winfax.specification_functions import CALLBACKS, FUNCTIONS
from tests.winfax.specification_objects import OBJECTS
from tests.winfax.specification_structures import CONTRACT_STRUCTURES, SIZES, STRUCTURES, size_of

ALL_STRUCTURES = STRUCTURES | CONTRACT_STRUCTURES


def test_the_tables_are_whole() -> None:
    assert (len(FUNCTIONS), len(CALLBACKS), len(STRUCTURES), len(OBJECTS)) == (32, 2, 13, 10)
    for narrow, wide, members in ALL_STRUCTURES.values():
        assert (size_of(members, wide=False), size_of(members, wide=True)) == (narrow, wide)
        assert {kind.partition("*")[0] for _, kind in members} <= set(SIZES)


@pytest.mark.parametrize(("name", "value"), CONSTANTS.items())
def test_a_constant_has_its_value(name: str, value: int | str) -> None:
    found = getattr(winfax, name)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("name", STRUCTURES)
def test_a_structure_has_its_members_in_their_order_and_its_sizes(name: str) -> None:
    narrow, wide, members = STRUCTURES[name]
    structure = getattr(winfax, name)
    assert [field.name for field in dataclasses.fields(structure)] == [member for member, _ in members]
    assert (narrow, wide) == (structure.SIZE_32, structure.SIZE_64)
    if members[0][0] == "SizeOfStruct":
        assert structure().SizeOfStruct == structure.SizeOfStruct
        assert structure.SizeOfStruct in (narrow, wide)

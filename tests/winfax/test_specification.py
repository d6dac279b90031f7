"""The library against the tables typed from the specification: nothing is missing, misnamed or of another value."""

from __future__ import annotations

import dataclasses
import inspect
import typing

import pytest

import fax.extension
import fax.provider
import winfax
from tests.winfax.specification_constants import CONSTANTS, PROVIDER_STATUS
from tests.winfax.specification_functions import CALLBACKS, FUNCTIONS, given, returned
from tests.winfax.specification_objects import CREATABLE, OBJECTS
from tests.winfax.specification_structures import CONTRACT_STRUCTURES, SIZES, STRUCTURES, size_of

ALL_STRUCTURES = STRUCTURES | CONTRACT_STRUCTURES
OURS = {"FAX_ROUTE": ("DeliveryId",)}  # behind the documented members; not counted in the size
KINDS = {"S": str, "L": int, "I": int, "B": bool, "V": int}


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


@pytest.mark.parametrize("name", CONTRACT_STRUCTURES)
def test_a_structure_of_the_extension_contracts_has_its_members_and_its_size(name: str) -> None:
    _, wide, members = CONTRACT_STRUCTURES[name]
    structure = getattr(fax.extension, name, None) or getattr(fax.provider, name)
    assert [field.name for field in dataclasses.fields(structure)] == [
        *(member for member, _ in members),
        *OURS.get(name, ()),
    ]
    assert structure.SizeOfStruct == wide


def test_what_extensions_and_clients_call_the_same_is_the_same() -> None:
    shared = {
        (name, value)
        for module in (fax.extension, fax.provider)
        for name, value in vars(module).items()
        if name.isupper() and name in CONSTANTS
    }
    assert len(shared) > len(PROVIDER_STATUS)
    assert {(name, CONSTANTS[name]) for name, _ in shared} == shared


@pytest.mark.parametrize(("name", "signature"), FUNCTIONS.items())
def test_a_function_has_its_parameters_and_gives_its_results(name: str, signature: str) -> None:
    function = getattr(winfax, name)
    assert tuple(inspect.signature(function).parameters) == given(signature)
    hint = typing.get_type_hints(function)["return"]
    outs = returned(signature)
    if name == "FaxFreeBuffer":
        assert hint is type(None)
    elif outs:
        assert typing.get_origin(hint) is tuple
        assert typing.get_args(hint)[0] is bool
        assert len(typing.get_args(hint)) == 1 + len(outs)
    else:
        assert hint is bool
    assert function.__doc__, "it has no help text"


@pytest.mark.parametrize("name", CALLBACKS)
def test_a_callback_has_a_name(name: str) -> None:
    assert hasattr(winfax, name)


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_has_its_methods_and_properties(name: str) -> None:
    specified = OBJECTS[name]
    made = getattr(winfax, name)
    for method, parameters in specified.methods.items():
        found = inspect.signature(getattr(made, method)).parameters
        assert tuple(found)[1:] == parameters, method
    for property_name, (kind, access) in specified.properties.items():
        found_property = inspect.getattr_static(made, property_name)
        assert isinstance(found_property, property), property_name
        assert (found_property.fset is not None) == ("W" in access), property_name
        if "R" in access:
            assert found_property.fget is not None
            if kind in KINDS:
                assert typing.get_type_hints(found_property.fget)["return"] is KINDS[kind], property_name
    public = {entry for entry in vars(made) if entry[0].isupper()}
    inherited = {entry for base in made.__mro__ for entry in vars(base) if entry[0].isupper()}
    assert public <= set(specified.methods) | set(specified.properties) <= inherited


def test_only_two_objects_can_be_made_by_their_names() -> None:
    for program_id, name in CREATABLE.items():
        assert type(winfax.Dispatch(program_id)).__name__ == name
    for name in OBJECTS.keys() - CREATABLE.values():
        with pytest.raises(winfax.com_error) as caught:
            winfax.Dispatch(f"{name}.{name}")
        assert caught.value.hresult == 0x80040154

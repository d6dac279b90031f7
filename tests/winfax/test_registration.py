"""Modules of others are registered for the server's next start, by administrators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import winfax
from fax.access import Right
from fax.registry import ProviderRegistration
from tests.spooler.rig import Rig, wait_for
from tests.winfax.conftest import Stranger
from winfax.handles import ServerHandle

Refused = Callable[[object], int]
NAME = "{4d0c1a7e}"
ARGUMENTS = (NAME, "A provider of tests", "/opt/provider.py", "")


@pytest.fixture
def module(rig: Rig) -> str:
    """A module's path."""
    file = rig.folder / "module.py"
    file.write_text('"""Does nothing."""\n')
    return str(file)


def test_a_provider_is_registered_and_taken_away(rig: Rig, module: str, refused: Refused) -> None:
    assert winfax.FaxRegisterServiceProvider(NAME, "A provider of tests", module, ""), winfax.last_error_text()
    (made,) = [each for each in rig.client.providers() if not each.built_in]
    assert (made.name, made.friendly_name, made.image, made.tsp_name) == (NAME, "A provider of tests", module, "")
    assert winfax.FaxRegisterServiceProvider(NAME, "Another", module, "telephony")
    (made,) = [each for each in rig.client.providers() if not each.built_in]
    assert (made.friendly_name, made.tsp_name) == ("Another", "telephony")
    assert winfax.FaxUnregisterServiceProvider(NAME)
    outcome = winfax.FaxUnregisterServiceProvider("no such provider")
    assert refused(outcome) == winfax.ERROR_INVALID_DATA
    assert refused(winfax.FaxUnregisterServiceProvider(None)) == winfax.ERROR_INVALID_PARAMETER


@pytest.mark.parametrize("place", range(4))
def test_null_is_a_bad_parameter(rig: Rig, refused: Refused, place: int) -> None:
    given: list[Any] = list(ARGUMENTS)
    given[place] = None
    assert refused(winfax.FaxRegisterServiceProvider(*given)) == winfax.ERROR_INVALID_PARAMETER


def methods(*each: tuple[str, str, str, str]) -> Callable[[object, object], object]:
    """A callback that names these, and remembers what it was given."""
    following = iter(each)

    def callback(handle: object, context: object) -> object:
        assert (type(handle).__name__, context) == ("ServerHandle", "the context")
        return next(((True, *named) for named in following), False)

    return callback


EXTENSION = '''"""Keeps a note of each fax."""

def FaxRouteInitialize(HeapHandle, Callbacks):
    return True

def FaxRouteDeviceEnable(RoutingGuid, DeviceId, Enabled):
    return True

def FaxRouteDeviceChangeNotification(DeviceId, NewDevice):
    return True

def FaxRouteGetRoutingInfo(RoutingGuid, DeviceId):
    return True, b""

def FaxRouteSetRoutingInfo(RoutingGuid, DeviceId, RoutingInfo):
    return True

def Note(FaxRoute, FailureData):
    return True, None

Other = Note
'''
NOTE = ("note", "Note a fax", "Note", "{11111111-2222-3333-4444-555555555555}")
OTHER = ("other", "Note it again", "Other", "{11111111-2222-3333-4444-666666666666}")


def test_an_extension_is_registered_with_its_methods_and_loaded_at_the_next_start(
    rig: Rig, handle: ServerHandle, refused: Refused
) -> None:
    image = rig.folder / "extension.py"
    image.write_text(EXTENSION)

    def known() -> dict[str | None, str | None]:
        _, found, _ = winfax.FaxEnumGlobalRoutingInfo(handle)
        assert found is not None
        return {each.Guid: each.FriendlyName for each in found}

    before = known()
    callback = methods(NOTE, OTHER)
    ok = winfax.FaxRegisterRoutingExtension(handle, "Notes", "Keeps notes", str(image), callback, "the context")
    assert ok, winfax.last_error_text()
    (made,) = [each for each in rig.client.extensions() if not each.built_in]
    assert (made.name, made.friendly_name, made.image) == ("Notes", "Keeps notes", str(image))
    assert [(each.name, each.friendly_name, each.function, each.guid) for each in made.methods] == [NOTE, OTHER]
    rig.restart()
    wait_for(lambda: set(known()) == {*before, NOTE[3], OTHER[3]}, "the extension's methods")
    assert known() == before | {NOTE[3]: NOTE[1], OTHER[3]: OTHER[1]}
    assert winfax.FaxUnregisterRoutingExtension(handle, "Notes")
    assert refused(winfax.FaxUnregisterRoutingExtension(handle, "None")) == winfax.ERROR_INVALID_DATA
    assert refused(winfax.FaxUnregisterRoutingExtension(handle, None)) == winfax.ERROR_INVALID_PARAMETER
    assert refused(winfax.FaxUnregisterRoutingExtension(None, "Notes")) == winfax.ERROR_INVALID_PARAMETER


def test_an_extension_that_cannot_be(rig: Rig, handle: ServerHandle, module: str, refused: Refused) -> None:
    register: Any = winfax.FaxRegisterRoutingExtension
    good: list[Any] = [handle, "Bad", "Bad one", module, methods(NOTE), "the context"]
    for place in range(6):
        given = list(good)
        given[place] = None
        assert refused(register(*given)) == winfax.ERROR_INVALID_PARAMETER
    for callback in (
        methods(),
        methods(("x" * 101, *NOTE[1:])),
        methods((*NOTE[:3], "no guid")),
        lambda handle, context: (True, "too", "few"),
    ):
        assert refused(register(*good[:4], callback, "the context")) == winfax.ERROR_INVALID_PARAMETER
    good[3] = "/no/such/module.py"
    good[4] = methods(NOTE)
    assert refused(register(*good)) == winfax.ERROR_INVALID_PARAMETER

    def raising(handle: object, context: object) -> object:
        raise KeyError("the caller's own")

    with pytest.raises(KeyError):
        register(handle, "Bad", "Bad one", module, raising, "the context")
    assert "Bad" not in {each.name for each in rig.client.extensions()}


def test_what_cannot_be_a_name_or_a_path_is_a_bad_parameter(rig: Rig, refused: Refused) -> None:
    for given in (("", *ARGUMENTS[1:]), (*ARGUMENTS[:2], "relative.py", ""), ARGUMENTS):
        assert refused(winfax.FaxRegisterServiceProvider(*given)) == winfax.ERROR_INVALID_PARAMETER


def test_a_built_in_provider_stays(rig: Rig, refused: Refused) -> None:
    built_in = next(each.name for each in rig.client.providers() if each.built_in)
    assert refused(winfax.FaxUnregisterServiceProvider(built_in)) == winfax.ERROR_INVALID_PARAMETER


def test_registering_is_for_administrators(rig: Rig, module: str, stranger: Stranger) -> None:
    rig.client.register_provider(ProviderRegistration(name="theirs", friendly_name="Theirs", image=module))
    stranger.may(Right(winfax.FAX_ALL_ACCESS & ~Right.WRITE_DAC & ~Right.WRITE_OWNER))
    for asked in (
        f"w.FaxRegisterServiceProvider('a', 'b', {module!r}, '')",
        "w.FaxUnregisterServiceProvider('theirs')",
    ):
        ok, error, _ = stranger.asked(asked)
        assert (ok, error) == (False, winfax.ERROR_ACCESS_DENIED)
    assert [each.name for each in rig.client.providers() if not each.built_in] == ["theirs"]

"""Modules of others are registered for the server's next start, by administrators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import winfax
from fax.access import Right
from fax.registry import ProviderRegistration
from tests.spooler.rig import Rig
from tests.winfax.conftest import Stranger

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

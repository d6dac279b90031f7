"""The settings file: every word counts, and what is wrong is named by line and key."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from spooler.settings import Settings, parse
from spooler.settings_values import SettingsError
from tests.spooler.rig import ROOT

PORT = '[[port]]\nname = "line1"\ndevice = "/dev/ttyS0"\n'


def test_an_empty_file_is_all_defaults() -> None:
    assert parse("", Path("platen.toml")) == Settings()


def test_every_kind_of_setting_is_read() -> None:
    text = (
        'spool = "/srv/fax"\ntsid = "+49 30 1"\nretries = 5\nbusy_delay_s = 1.5\nsocket_mode = "0660"\n'
        '[users]\nadmins = ["ann"]\n[dialling]\ncountry_code = "49"\n[limits]\npages = 7\n' + PORT + "ecm = false\n"
    )
    settings = parse(text, Path("platen.toml"))
    assert settings.spool == Path("/srv/fax")
    assert (settings.first.retries, settings.first.busy_delay_s, settings.socket_mode) == (5, 1.5, 0o660)
    assert settings.users.admins == ("ann",)
    assert settings.users.backends == ("lp",)
    assert settings.dialling.country_code == "49"
    assert settings.limits.pages == 7
    assert [(port.name, port.device, port.ecm) for port in settings.ports] == [("line1", "/dev/ttyS0", False)]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("retrys = 3\n", 1, "retrys: is not a setting"),
        ("\nretries = -1\n", 2, "retries: is not a whole number"),
        ("retries = true\n", 1, "retries: is not a whole number"),
        ('spool = "here"\n', 1, "spool: is not an absolute path"),
        ('tsid = "much too long for the T.30 field"\n', 1, "tsid: is not at most 20"),
        ('socket_mode = "rw"\n', 1, "socket_mode: is not an octal mode"),
        ("[user]\n", 1, "user: is not a setting"),
        ('[users]\nadmin = ["x"]\n', 2, "users.admin: is not a setting"),
        ("users = 3\n", 1, "users: is not a table"),
        ('[[port]]\ndevice = "/dev/ttyS0"\n', 1, "port.name is missing"),
        (PORT + PORT.replace("ttyS0", "ttyS1"), 5, "port.name: line1 is the name of another port"),
        (PORT + PORT.replace("line1", "line2"), 6, "port.device: /dev/ttyS0 belongs to port line1"),
        (PORT + 'codings = ["mmr"]\n', 4, "port.codings"),
        (PORT.replace("[[port]]", "[port]"), 1, "write [[port]]"),
        (PORT.replace("line1", "a b"), 2, "port.name: is not a name"),
        ("[limits]\npages = 0\n", 2, "limits.pages: is not a whole number from 1"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_key(text: str, line: int, words: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse(text, Path("/etc/platen/platen.toml"))
    assert f"/etc/platen/platen.toml, line {line}: " in str(refused.value)
    assert words in str(refused.value)


def test_a_file_that_is_no_toml_is_refused_with_its_line() -> None:
    with pytest.raises(SettingsError, match="line 2"):
        parse("retries = 3\nspool = \n", Path("platen.toml"))


def test_check_config_says_what_it_found(tmp_path: Path) -> None:
    config = tmp_path / "platen.toml"

    def check() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "spooler.main", "--config", str(config), "--check-config"]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    missing = check()
    assert missing.returncode == 78
    assert str(config) in missing.stderr
    config.write_text(PORT)
    good = check()
    assert good.returncode == 0
    assert "1 port" in good.stdout


LISTENER = '[listener]\naddress = "127.0.0.1"\n'


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (LISTENER, 2, "listener.address: needs a certificate and a key"),
        ('[listener]\nplain = true\naddress = "0.0.0.0"\n', 2, "listener.plain: is for this machine's own addresses"),
        ('[listener]\naddress = "fax.example.org"\n', 2, "does not appear to be an IPv4 or IPv6 address"),
        ("[listener]\nplain = true\n", 1, "listener.address is missing"),
        ('[dialling]\ncountry = "XX"\n', 2, "dialling.country: is not the two letters"),
        ('[dialling]\ncountry = "DE"\ncountry_code = "1"\n', 3, "is not the calling code of DE"),
        ('[dialling]\ndeny = ["("]\n', 2, "dialling.deny: is not a regular expression"),
        ('[[dialling.rule]]\nmatch = "1"\ndial = "\\\\1"\n', 3, "dialling.rule.dial: does not fit"),
        ('[dialling]\n\n[[dialling.rule]]\nmatch = "1"\n', 3, "dialling.rule.dial is missing"),
    ],
)
def test_what_is_wrong_with_listener_and_dialling_is_named(text: str, line: int, words: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse(text, Path("platen.toml"))
    assert f"platen.toml, line {line}: " in str(refused.value)
    assert words in str(refused.value)


def test_dialling_rules_are_read_in_their_order() -> None:
    rules = "".join(f'[[dialling.rule]]\nmatch = "{match}"\ndial = "1"\n' for match in "ab")
    text = '[dialling]\ncountry = "US"\n' + rules
    assert [rule.match for rule in parse(text, Path("platen.toml")).dialling.rules] == ["a", "b"]

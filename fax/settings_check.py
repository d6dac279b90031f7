"""Whether settings can act: each setting for itself, and against the others.

What always holds: what ``check`` lets pass can act; what it refuses is refused by the setting's name.

Must not: look at the disk (whether a folder can be written to is the daemon's to say).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fax.errors import Cause, RequestError
from fax.mail import MailSecurity, is_mail_address
from fax.settings import Configuration, settings

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

IDENT_LIMIT = 20
GROUP_LIMIT = 40
CALLERS_LIMIT = 200  # the port process is told all of them in one line


def bad_setting(name: str, why: str) -> RequestError:
    return RequestError(Cause.BAD_SETTING, f"{name} {why}", name)


def check(configuration: Configuration) -> None:
    """Raises RequestError BAD_SETTING; ``detail`` is the name of the setting that is out of range."""
    for each in settings():
        value = getattr(configuration, each.name)
        least, most = each.metadata["least"], each.metadata["most"]
        if least is None or value is None:
            continue
        # A comparison with NaN is false.
        if not least <= value <= most:
            whole = "" if "float" in str(each.type) else "whole "
            raise bad_setting(each.name, f"is not a {whole}number from {least:g} to {most:g}: {value:g}")
    for name in ("discount_start", "discount_stop"):
        value = getattr(configuration, name)
        if value.second or value.microsecond or value.tzinfo is not None:
            raise bad_setting(name, f"is not an hour and a minute of local time: {value.isoformat()}")
    check_ident("tsid", configuration.tsid)
    for name in _LINES:
        value = getattr(configuration, name)
        if len(value) > 1000 or any(ord(mark) < 32 for mark in value):
            raise bad_setting(name, "is not one line of at most 1000 characters")
    if configuration.archive_folder and not configuration.archive_folder.startswith("/"):
        raise bad_setting("archive_folder", f"is not an absolute path: {configuration.archive_folder}")
    for name in ("archive_outgoing", "archive_incoming"):
        if getattr(configuration, name) and not configuration.archive_folder:
            raise bad_setting("archive_folder", f"is empty; {name} needs a folder")
    high, low = configuration.archive_high_mb, configuration.archive_low_mb
    if high is not None and low is not None and low > high:
        raise bad_setting("archive_low_mb", f"is above archive_high_mb, {high}: {low}")
    zone_of(configuration.header_zone)
    _check_callers(configuration)
    _check_routes(configuration)
    _check_covers(configuration)
    _check_mail(configuration)


_LINES = (
    "header_from",
    "inbound_profile",
    "archive_folder",
    "mail_host",
    "mail_authorities",
    "mail_user",
    "mail_password",
    "mail_sender",
    "mail_domain",
)


def _check_mail(configuration: Configuration) -> None:
    host, sender, domain = configuration.mail_host, configuration.mail_sender, configuration.mail_domain
    if not re.fullmatch(r"[^\s/@]*", host):
        raise bad_setting("mail_host", f"is no name or address of a machine: {host}")
    if sender and not is_mail_address(sender):
        raise bad_setting("mail_sender", f"is not a mail address: {sender}")
    if host and not sender:
        raise bad_setting("mail_sender", "is empty; mail_host needs it")
    if domain and not is_mail_address(f"user@{domain}"):
        raise bad_setting("mail_domain", f"is not what stands behind the @ of a mail address: {domain}")
    if configuration.mail_authorities and not configuration.mail_authorities.startswith("/"):
        raise bad_setting("mail_authorities", f"is not an absolute path: {configuration.mail_authorities}")
    here = host == "localhost" or host.startswith("127.") or host == "::1"
    if configuration.mail_user and configuration.mail_security is MailSecurity.NONE and not here:
        raise bad_setting("mail_security", f"is none: the password would go to {host or 'the server'} in the clear")


def _check_covers(configuration: Configuration) -> None:
    for rule in configuration.cover_rules:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", rule.template):
            raise bad_setting("cover_rules", f"names what is no common template: {rule.template!r}")
        if rule.user and rule.group:
            raise bad_setting("cover_rules", f"names a user and a group in one rule: {rule.user}, {rule.group}")


def _check_callers(configuration: Configuration) -> None:
    for name in ("callers_allowed", "callers_refused"):
        patterns = getattr(configuration, name)
        if len(patterns) > CALLERS_LIMIT:
            raise bad_setting(name, f"holds more than {CALLERS_LIMIT} patterns")
        for pattern in patterns:
            if not pattern.strip() or len(pattern) > 80 or not (pattern.isascii() and pattern.isprintable()):
                raise bad_setting(name, f"holds what is no number or identifier of 1 to 80 characters: {pattern!r}")


def _check_routes(configuration: Configuration) -> None:
    names = [group.name for group in configuration.port_groups]
    for group in configuration.port_groups:
        if not 0 < len(group.name) <= GROUP_LIMIT or not group.name.isprintable() or names.count(group.name) > 1:
            raise bad_setting("port_groups", f"has no name of its own of 1 to {GROUP_LIMIT} characters: {group.name!r}")
        if len(set(group.ports)) != len(group.ports):
            raise bad_setting("port_groups", f"names a port twice in group {group.name}")
    places = [(rule.country, rule.area) for rule in configuration.outbound_rules]
    for rule in configuration.outbound_rules:
        place = (rule.country, rule.area)
        if not all(re.fullmatch("[0-9]*", code) for code in place) or (rule.area and not rule.country):
            raise bad_setting("outbound_rules", f"holds what is no country and area: {rule.country!r}, {rule.area!r}")
        if places.count(place) > 1:
            raise bad_setting(
                "outbound_rules", f"holds two rules for {rule.country or 'all others'} {rule.area}".rstrip()
            )
        if rule.port and rule.group:
            raise bad_setting("outbound_rules", f"names a port and a group for one place: {rule.port}, {rule.group}")
        if rule.group and rule.group not in names:
            raise bad_setting("outbound_rules", f"names a group that there is not: {rule.group}")


def check_ident(name: str, ident: str) -> None:
    """Raises RequestError BAD_SETTING unless ``ident`` can be a TSID or CSID."""
    if len(ident) > IDENT_LIMIT or not (ident.isascii() and ident.isprintable()):
        raise bad_setting(name, f"is not at most {IDENT_LIMIT} printable ASCII characters: {ident}")


def zone_of(name: str) -> ZoneInfo | None:
    """The time zone of this name; None for "": the machine's own. Raises RequestError BAD_SETTING."""
    from zoneinfo import ZoneInfo

    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise bad_setting("header_zone", f"is no time zone that this machine knows: {name}") from error

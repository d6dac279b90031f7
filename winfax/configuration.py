"""The server's settings and its log: FaxGetConfiguration, FaxSetConfiguration, and the logging categories.

What always holds: what is set acts at once; settings of the server that FAX_CONFIGURATION does not know stay as they
are; a structure that was got and is set again unchanged changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from typing import TYPE_CHECKING, Any

from winfax import constants as c
from winfax.errors import attempt, bad_parameter, done
from winfax.handles import Handle, server_of
from winfax.memory import FaxArray
from winfax.structures import FAX_CONFIGURATION, FAX_LOG_CATEGORY, FAX_TIME, check_size

if TYPE_CHECKING:
    from fax.settings import Configuration, LogSetting

__all__ = ["FaxGetConfiguration", "FaxGetLoggingCategories", "FaxSetConfiguration", "FaxSetLoggingCategories"]

MINUTE_S = 60.0
_CATEGORIES = {
    "init": c.FAXLOG_CATEGORY_INIT,
    "outbound": c.FAXLOG_CATEGORY_OUTBOUND,
    "inbound": c.FAXLOG_CATEGORY_INBOUND,
    "unknown": c.FAXLOG_CATEGORY_UNKNOWN,
}
_LEVELS = {
    "none": c.FAXLOG_LEVEL_NONE,
    "min": c.FAXLOG_LEVEL_MIN,
    "med": c.FAXLOG_LEVEL_MED,
    "max": c.FAXLOG_LEVEL_MAX,
}


def FaxGetConfiguration(FaxHandle: Handle) -> tuple[bool, FAX_CONFIGURATION | None]:
    """``ok, FaxConfig``: the settings in force. Right: FAX_CONFIG_QUERY. Fails: ERROR_INVALID_PARAMETER (NULL),
    ERROR_ACCESS_DENIED."""
    found = attempt(lambda: shown(server_of(FaxHandle).client.configuration()))
    return found is not None, found


def FaxSetConfiguration(FaxHandle: Handle, FaxConfig: FAX_CONFIGURATION | None) -> bool:
    """Have these settings in force, all of them. Right: FAX_CONFIG_SET.

    Fails: ERROR_INVALID_PARAMETER (NULL, a wrong SizeOfStruct, a value out of range, an archive that cannot be written
    to), ERROR_ACCESS_DENIED.
    """

    def act() -> None:
        server = server_of(FaxHandle)
        server.client.change_configuration(changes(check_size(FaxConfig, FAX_CONFIGURATION)))

    return done(act)


def shown(settings: Configuration) -> FAX_CONFIGURATION:
    """The server's settings as the structure. Delays of less than a minute show as the next whole one."""
    never = settings.dirty_days is None
    minutes = -int(-settings.retry_delay_s // MINUTE_S)
    found = FAX_CONFIGURATION(
        Retries=settings.retries,
        RetryDelay=minutes,
        DirtyDays=c.DIRTY_DAYS_NEVER if never else settings.dirty_days or 0,
        Branding=settings.branding,
        UseDeviceTsid=settings.use_device_tsid,
        ServerCp=settings.server_cover_only,
        PauseServerQueue=settings.queue_paused,
        StartCheapTime=FAX_TIME(settings.discount_start.hour, settings.discount_start.minute),
        StopCheapTime=FAX_TIME(settings.discount_stop.hour, settings.discount_stop.minute),
        ArchiveOutgoingFaxes=settings.archive_outgoing,
        ArchiveDirectory=settings.archive_folder or None,
        Reserved=settings.inbound_profile or None,
    )
    # The structure counts minutes; what the server waits exactly must survive get and set.
    found.__dict__["_exact_delay"] = (minutes, settings.retry_delay_s)
    return found


def changes(wanted: FAX_CONFIGURATION) -> dict[str, object]:
    """The structure as settings of the server. Raises WinFaxError."""
    for name in ("Retries", "RetryDelay", "DirtyDays"):
        if not isinstance(getattr(wanted, name), int):
            raise bad_parameter(f"{name} is not a number")
    minutes, exact_s = wanted.__dict__.get("_exact_delay", (None, 0.0))
    said: dict[str, object] = {
        "retries": wanted.Retries,
        "retry_delay_s": exact_s if wanted.RetryDelay == minutes else wanted.RetryDelay * MINUTE_S,
        "dirty_days": None if wanted.DirtyDays in (c.DIRTY_DAYS_NEVER, -1) else wanted.DirtyDays,
        "branding": bool(wanted.Branding),
        "use_device_tsid": bool(wanted.UseDeviceTsid),
        "server_cover_only": bool(wanted.ServerCp),
        "queue_paused": bool(wanted.PauseServerQueue),
        "discount_start": _time(wanted.StartCheapTime),
        "discount_stop": _time(wanted.StopCheapTime),
        "archive_outgoing": bool(wanted.ArchiveOutgoingFaxes),
        "inbound_profile": wanted.Reserved or "",
    }
    if wanted.RetryDelay != minutes:
        # For the structure there is one delay, whatever the try failed by.
        said["busy_delay_s"] = said["retry_delay_s"]
    if wanted.ArchiveOutgoingFaxes:
        said["archive_folder"] = wanted.ArchiveDirectory or ""
    return said


def _time(at: FAX_TIME) -> time:
    try:
        return time(at.Hour, at.Minute)
    except (TypeError, ValueError) as error:
        raise bad_parameter(f"{at} is no time of day: {error}") from error


def FaxGetLoggingCategories(FaxHandle: Handle) -> tuple[bool, FaxArray[FAX_LOG_CATEGORY] | None, int]:
    """``ok, Categories, NumberCategories``: how much is logged of each category. Right: FAX_CONFIG_QUERY.

    Fails: ERROR_INVALID_PARAMETER (NULL), ERROR_ACCESS_DENIED.
    """

    def act() -> FaxArray[FAX_LOG_CATEGORY]:
        found = server_of(FaxHandle).client.log_categories()
        return FaxArray(
            FAX_LOG_CATEGORY(Name=each.name, Category=_CATEGORIES[each.category.value], Level=_LEVELS[each.level.value])
            for each in found
        )

    categories = attempt(act)
    return (False, None, 0) if categories is None else (True, categories, len(categories))


def FaxSetLoggingCategories(
    FaxHandle: Handle, Categories: Sequence[FAX_LOG_CATEGORY] | None, NumberCategories: int
) -> bool:
    """Log so much of the first NumberCategories of these from now on; the others stay. Right: FAX_CONFIG_SET.

    Fails: ERROR_INVALID_PARAMETER (NULL, zero, more than there are, no such category or level), ERROR_ACCESS_DENIED.
    """

    def act() -> None:
        server = server_of(FaxHandle)
        if Categories is None or not 0 < NumberCategories <= len(Categories):
            raise bad_parameter("Categories are NULL, or NumberCategories is not how many there are")
        server.client.set_log_categories([_setting(each) for each in Categories[:NumberCategories]])

    return done(act)


def _setting(wanted: Any) -> LogSetting:
    from fax.settings import LogCategory, LogLevel, LogSetting

    if not isinstance(wanted, FAX_LOG_CATEGORY):
        raise bad_parameter(f"This is no FAX_LOG_CATEGORY: {wanted!r}")
    categories = [name for name, number in _CATEGORIES.items() if number == wanted.Category]
    levels = [name for name, number in _LEVELS.items() if number == wanted.Level]
    if not categories or not levels:
        raise bad_parameter(f"{wanted} is no logging category with a level")
    return LogSetting(category=LogCategory(categories[0]), level=LogLevel(levels[0]))

"""What can be set while the server runs: its settings and the log's levels.

What always holds: a value of these types that ``fax.settings_check`` passes can act; what a setting means and its
bounds stand here once, for the daemon, the doors and the command's help.
"""

from __future__ import annotations

from dataclasses import Field, dataclass, field, fields, replace
from datetime import time
from enum import Enum

from fax.mail import Language, MailSecurity

MONTH_S = 31 * 86400.0
DAY_S = 86400.0


class HeaderPlace(Enum):
    """Where the header line goes."""

    ABOVE = "above"  # in a strip of its own; nothing of the page is lost
    OVER = "over"  # on the page's topmost rows; the page keeps its length


class UncertainPages(Enum):
    """What is done about a page of which nobody knows whether it arrived."""

    REPEAT = "repeat"  # sent again, marked as a possible duplicate
    ASK = "ask"  # the fax is held until a person resumes it (then it is sent again, marked) or cancels it


class Paper(Enum):
    """Paper of cover pages."""

    A4 = "a4"
    LETTER = "letter"


@dataclass(frozen=True, kw_only=True)
class PortGroup:
    """Ports under one name, in the order in which they are tried."""

    name: str
    ports: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class OutboundRule:
    """Calls to ``country`` (and ``area``; empty: any) go out on one port, or on the ports of a group.

    Digits without a leading zero: "49", "30". ``country`` empty: all others. Neither port nor group: all ports by their
    priority. The rule for country and area counts before the one for the country, and that before all others.
    """

    country: str = ""
    area: str = ""
    port: str = ""
    group: str = ""


@dataclass(frozen=True, kw_only=True)
class CoverRule:
    """Which cover page the faxes of a user, or of a group of the system's users, have; both empty: everybody's.

    ``forced``: every fax has it, whatever it asks for; else it is what the default template stands for, where the
    user's profile says nothing. The first rule that fits counts.
    """

    template: str
    user: str = ""
    group: str = ""
    forced: bool = False


SECRET = "********"
"""Stands for a secret that is set; to set it to this leaves it as it is."""


def _about(
    help: str, least: float | None = None, most: float | None = None, *, secret: bool = False
) -> dict[str, object]:
    return {"help": help, "least": least, "most": most, "secret": secret}


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """Every setting of the server that acts at once. The first thirteen are FAX_CONFIGURATION's."""

    retries: int = field(default=3, metadata=_about("tries after the first one failed", least=0, most=99))
    retry_delay_s: float = field(
        default=600.0, metadata=_about("seconds before the next try after a failure", least=0, most=MONTH_S)
    )
    dirty_days: int | None = field(
        default=30,
        metadata=_about("days after which a fax that could not be sent is removed; none: never", least=1, most=36500),
    )
    branding: bool = field(default=True, metadata=_about("whether a header line is put on each page that goes out"))
    use_device_tsid: bool = field(
        default=False, metadata=_about("whether the port's identifier counts before the fax's own")
    )
    server_cover_only: bool = field(
        default=False,
        metadata=_about("whether only the server's cover pages may be used, and none that a fax brings along"),
    )
    continued_cover: bool = field(
        default=True,
        metadata=_about("whether a fax with a cover page that is continued in a later call begins there with one, too"),
    )
    queue_paused: bool = field(
        default=False, metadata=_about("whether no call is begun; faxes are taken in all the same")
    )
    discount_start: time = field(
        default=time(20, 0), metadata=_about("when the discount period begins, the server's local time")
    )
    discount_stop: time = field(
        default=time(7, 0), metadata=_about("when it ends; the same as its start: it lasts all day")
    )
    archive_outgoing: bool = field(
        default=False, metadata=_about("whether a copy of each fax that was sent is kept in archive_folder")
    )
    archive_folder: str = field(
        default="", metadata=_about("where copies are kept: an absolute path of a folder that can be written to")
    )
    inbound_profile: str = field(
        default="",
        metadata=_about("where faxes that come in are mailed when neither their line nor a rule says: addresses"),
    )
    queue_blocked: bool = field(default=False, metadata=_about("whether new faxes are refused"))

    tsid: str = field(
        default="", metadata=_about("our identifier at the far end: at most 20 printable ASCII characters")
    )
    header_from: str = field(default="", metadata=_about("who the header line says a fax is from; empty: the sender"))
    header_place: HeaderPlace = field(
        default=HeaderPlace.ABOVE, metadata=_about("where the header line goes: above the page, or over it")
    )
    header_zone: str = field(
        default="", metadata=_about("time zone of the header line and cover page (Europe/Berlin); empty: the server's")
    )
    busy_delay_s: float = field(
        default=180.0, metadata=_about("seconds before the next try after busy", least=0, most=MONTH_S)
    )
    device_delay_s: float = field(
        default=30.0,
        metadata=_about(
            "seconds before the next try after a fault of our own; it does not count as a try", least=0, most=MONTH_S
        ),
    )
    uncertain_pages: UncertainPages = field(
        default=UncertainPages.REPEAT,
        metadata=_about("a page that may have arrived: repeat (marked as a possible duplicate), or ask a person"),
    )
    recipients_limit: int = field(
        default=0, metadata=_about("most recipients of one submission; 0: any number", least=0, most=1_000_000)
    )
    events_keep_days: int = field(
        default=30,
        metadata=_about(
            "days that events are kept, and what calls that came in left besides their faxes", least=1, most=36500
        ),
    )
    sent_keep_days: int | None = field(
        default=90, metadata=_about("days that faxes which were sent are kept; none: for ever", least=1, most=36500)
    )
    free_floor_octets: int = field(
        default=64 << 20,
        metadata=_about("octets that are left free: with fewer, nothing new is taken in", least=0, most=1 << 50),
    )
    paper: Paper = field(default=Paper.A4, metadata=_about("paper of cover pages: a4 or letter"))
    ageing_s: float = field(
        default=3600.0,
        metadata=_about(
            "seconds after which what a user has waiting, and none of it called, rises by a priority",
            least=1,
            most=MONTH_S,
        ),
    )
    documents_per_call: int = field(
        default=10, metadata=_about("most faxes for one number that one call takes along", least=1, most=100)
    )
    number_calls_a_day: int = field(
        default=0, metadata=_about("most calls to one number within 24 hours; 0: any number", least=0, most=1000)
    )
    redial_limit: int = field(
        default=0,
        metadata=_about(
            "calls in a row to one number that reach no fax machine, after which it is left alone for redial_pause_s;"
            " 0: any number",
            least=0,
            most=100,
        ),
    )
    redial_pause_s: float = field(
        default=3600.0, metadata=_about("seconds that such a number is left alone", least=0, most=MONTH_S)
    )
    callers_allowed: tuple[str, ...] = field(
        default=(),
        metadata=_about(
            "caller ids and identifiers (TSID) that may send us faxes, as patterns with * and ?; none: anybody"
        ),
    )
    callers_refused: tuple[str, ...] = field(
        default=(),
        metadata=_about("those that may not; a call is not answered when its caller id is one, else ended at once"),
    )
    routing_retries: int = field(
        default=20, metadata=_about("tries of a delivery after the first one failed", least=0, most=1000)
    )
    routing_delay_s: float = field(
        default=300.0, metadata=_about("seconds before a delivery that failed is tried again", least=0, most=MONTH_S)
    )
    archive_incoming: bool = field(
        default=False, metadata=_about("whether a copy of each fax that came in is kept in archive_folder")
    )
    archive_keep_days: int | None = field(
        default=None,
        metadata=_about("days that faxes stay in the archive; 0 or none: for ever", least=0, most=36500),
    )
    archive_high_mb: int | None = field(
        default=None,
        metadata=_about("megabytes above which the archive's oldest faxes go; none: any size", least=1, most=1 << 30),
    )
    archive_low_mb: int | None = field(
        default=None,
        metadata=_about(
            "megabytes down to which they go then; none: nine tenths of archive_high_mb", least=0, most=1 << 30
        ),
    )
    records_keep_days: int | None = field(
        default=None, metadata=_about("days that call records are kept; none: for ever", least=1, most=36500)
    )
    port_groups: tuple[PortGroup, ...] = field(
        default=(), metadata=_about("groups of ports, each with its name and its ports in the order of their use")
    )
    outbound_rules: tuple[OutboundRule, ...] = field(
        default=(), metadata=_about("which port or group makes calls to which country and area")
    )
    mail_host: str = field(
        default="", metadata=_about("the mail server that takes our mails; empty: they wait until there is one")
    )
    mail_port: int = field(default=587, metadata=_about("its port", least=1, most=65535))
    mail_security: MailSecurity = field(
        default=MailSecurity.STARTTLS,
        metadata=_about("starttls, tls (from the first octet on, usually port 465) or none"),
    )
    mail_check_certificate: bool = field(
        default=True, metadata=_about("whether its certificate must be good for its name")
    )
    mail_authorities: str = field(
        default="",
        metadata=_about("a PEM file of certificates to check its own against; empty: those that the machine trusts"),
    )
    mail_user: str = field(default="", metadata=_about("who we are to it; empty: nobody it asks the name of"))
    mail_password: str = field(default="", metadata=_about("our password there; never given out", secret=True))
    mail_sender: str = field(default="", metadata=_about("the address that our mails come from"))
    mail_domain: str = field(
        default="",
        metadata=_about("where users have a mailbox under their own name, for those whose profile names no address"),
    )
    mail_retry_s: float = field(
        default=60.0,
        metadata=_about(
            "seconds before a mail is tried again; each time twice as many, up to an hour", least=0, most=3600
        ),
    )
    mail_give_up_s: float = field(
        default=2 * DAY_S,
        metadata=_about("seconds after which a mail that could not be sent is given up", least=0, most=MONTH_S),
    )
    report_language: Language = field(default=Language.EN, metadata=_about("language of reports and notices: en or de"))
    report_picture: bool = field(default=False, metadata=_about("whether a report shows a picture of the first page"))
    report_sheet: bool = field(
        default=False, metadata=_about("whether the confirmation sheet (PDF) goes with a report")
    )
    report_private: bool = field(
        default=False,
        metadata=_about("whether mails say nothing of what a fax holds: no title, no names, no picture"),
    )
    waiting_mail_s: float | None = field(
        default=300.0,
        metadata=_about(
            "seconds that a fax waits for its number before its owner gets a mail; none: no such mail",
            least=0,
            most=MONTH_S,
        ),
    )
    cover_rules: tuple[CoverRule, ...] = field(
        default=(), metadata=_about("cover pages by user or group: what the default one stands for, or a forced one")
    )


def settings() -> tuple[Field[object], ...]:
    """The settings in their order, each with ``name``, ``default`` and ``metadata["help"]``."""
    return fields(Configuration)


def masked(configuration: Configuration) -> Configuration:
    """As it is given out: ``SECRET`` in the place of each secret that is set."""
    secrets = {
        each.name: SECRET for each in settings() if each.metadata["secret"] and getattr(configuration, each.name)
    }
    return replace(configuration, **secrets)  # type: ignore[arg-type]


class LogCategory(Enum):
    """What a line of the log is about; in the order of FAXLOG_CATEGORY_INIT to _UNKNOWN."""

    INIT = "init"  # start and stop
    OUTBOUND = "outbound"  # faxes that go out
    INBOUND = "inbound"  # faxes that come in, routing too
    UNKNOWN = "unknown"  # everything else


class LogLevel(Enum):
    """How much is said; in the order of FAXLOG_LEVEL_NONE to _MAX."""

    NONE = "none"
    MIN = "min"  # the most severe failures only
    MED = "med"  # most events
    MAX = "max"  # everything


@dataclass(frozen=True, kw_only=True)
class LogSetting:
    """How much is logged of one category."""

    category: LogCategory
    level: LogLevel
    name: str = ""  # for people

"""From the structures of FaxSendDocument and its kin to submissions, and from a profile to the structures.

What always holds: as in ``winfax.sending``, which is loaded without this, since the API's types take time to import.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fax.errors import Cause, FaxError
from fax.types import (
    CoverPage,
    DocumentId,
    JobId,
    Recipient,
    Report,
    ReportKind,
    Resolution,
    Schedule,
    ScheduleAction,
    Sender,
    Submission,
)
from winfax import constants as c
from winfax.errors import WinFaxError, bad_parameter
from winfax.handles import Handle, ServerHandle, default_client, server_of
from winfax.structures import FAX_COVERPAGE_INFO, FAX_JOB_PARAM, check_size
from winfax.tiff_fax import STANDARD_MOST_DPI, fax_rows_dpi

if TYPE_CHECKING:
    from winfax.sending import FAX_RECIPIENT_CALLBACK

RECIPIENTS_OF_ONE = 10_000  # as many as one submission may have
TEMPLATE_ENDINGS = (".cov", ".toml")
_REPORT_TYPES = {ReportKind.NONE: c.DRT_NONE, ReportKind.EMAIL: c.DRT_EMAIL, ReportKind.INBOX: c.DRT_INBOX}
_REPORT_KINDS = {number: kind for kind, number in _REPORT_TYPES.items()}
T = TypeVar("T")


def known_of_sender() -> tuple[FAX_JOB_PARAM, FAX_COVERPAGE_INFO]:
    """What the server's profile of the user says. Raises FaxError."""
    profile = default_client().profile()
    sender = profile.sender
    name = sender.name or _own_name()
    params = FAX_JOB_PARAM(
        SenderName=name,
        SenderCompany=sender.company or None,
        SenderDept=sender.department or None,
        BillingCode=profile.billing_code or None,
        DeliveryReportType=_REPORT_TYPES[profile.report.kind] | (c.DRT_GRP_PARENT if profile.report.together else 0),
        DeliveryReportAddress=profile.report.address or None,
    )
    cover = FAX_COVERPAGE_INFO(
        SdrName=name,
        SdrFaxNumber=sender.fax_number or None,
        SdrCompany=sender.company or None,
        SdrAddress=sender.address or None,
        SdrTitle=sender.title or None,
        SdrDepartment=sender.department or None,
        SdrOfficeLocation=sender.office_location or None,
        SdrHomePhone=sender.home_phone or None,
        SdrOfficePhone=sender.office_phone or None,
    )
    return params, cover


def _own_name() -> str | None:
    """What the system calls the user."""
    try:
        about = pwd.getpwuid(os.getuid())
    except KeyError:
        return None
    return about.pw_gecos.partition(",")[0].strip() or about.pw_name


def send(
    handle: Handle,
    file: str | os.PathLike[str] | None,
    params: FAX_JOB_PARAM | None,
    info: FAX_COVERPAGE_INFO | None,
) -> int:
    """The job. Raises WinFaxError, FaxError."""
    server = server_of(handle)
    if file is None:
        raise bad_parameter("FileName is NULL")
    wanted = _wanted(check_size(params, FAX_JOB_PARAM), info, server)
    return _Document(server, file).send([wanted])[0]


def broadcast(
    handle: Handle,
    file: str | os.PathLike[str] | None,
    callback: FAX_RECIPIENT_CALLBACK | None,
    context: Any,
) -> list[int]:
    """The jobs, in the order of the recipients. Raises WinFaxError, FaxError."""
    server = server_of(handle)
    if file is None or callback is None:
        raise bad_parameter("FileName or FaxRecipientCallback is NULL")
    document = _Document(server, file)
    wanted: list[_Wanted] = []
    while True:
        params, cover = FAX_JOB_PARAM(), FAX_COVERPAGE_INFO()
        if not callback(server, len(wanted) + 1, context, params, cover):
            break
        check_size(params, FAX_JOB_PARAM)
        wanted.append(_wanted(params, None if cover.CoverPageName is None else cover, server))
    if not wanted:
        raise bad_parameter("The callback named no recipient")
    return document.send(wanted)


@dataclass(frozen=True)
class _Wanted:
    """One recipient, and all else that its job needs: a submission without documents and recipients."""

    recipient: Recipient
    about: Submission


class _Document:
    """A file that is on the server."""

    def __init__(self, server: ServerHandle, name: str | os.PathLike[str]) -> None:
        path = Path(name)
        rows_dpi = _of_file(path, lambda: fax_rows_dpi(path))
        document = _of_file(path, lambda: server.client.upload(path))
        self._server = server
        self._name = path.name
        self._id: DocumentId = document.id
        # A fax goes out in the resolution that it has; all else in fine.
        standard = rows_dpi is not None and rows_dpi < STANDARD_MOST_DPI
        self._resolution = Resolution.STANDARD if standard else Resolution.FINE

    def send(self, wanted: list[_Wanted]) -> list[int]:
        """The jobs, in the order of ``wanted``; one submission for all that differ in their recipients only."""
        alike: dict[Submission, list[int]] = {}
        for place, one in enumerate(wanted):
            alike.setdefault(one.about, []).append(place)
        ids = [0] * len(wanted)
        done: list[int] = []
        try:
            for about, places in alike.items():
                for start in range(0, len(places), RECIPIENTS_OF_ONE):
                    part = places[start : start + RECIPIENTS_OF_ONE]
                    jobs = self._submit(about, tuple(wanted[place].recipient for place in part))
                    done += jobs
                    for place, job in zip(part, jobs, strict=True):
                        ids[place] = job
        except BaseException:
            for job in done:
                self._take_back(job)
            raise
        return ids

    def _submit(self, about: Submission, recipients: tuple[Recipient, ...]) -> tuple[int, ...]:
        submission = replace(
            about,
            documents=(self._id,),
            recipients=recipients,
            title=about.title or self._name,
            resolution=self._resolution,
        )
        try:
            return self._server.client.submit(submission).jobs
        except FaxError as error:
            cover = about.cover if error.cause is Cause.COVER_PAGE else None
            if cover is not None and not cover.layout and cover.template not in self._server.client.covers():
                raise WinFaxError(c.ERROR_FILE_NOT_FOUND, error.text) from error
            raise

    def _take_back(self, job: int) -> None:
        try:
            self._server.client.cancel(JobId(job))
        except FaxError:
            # It cannot be stopped any more; what is told is why the others were not taken in.
            return


def _of_file(path: Path, act: Callable[[], T]) -> T:
    """Raises WinFaxError, FaxError."""
    try:
        return act()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise WinFaxError(c.ERROR_FILE_NOT_FOUND, f"There is no file {path}") from error
    except PermissionError as error:
        raise WinFaxError(c.ERROR_ACCESS_DENIED, f"The file {path} may not be read") from error
    except (OSError, ValueError) as error:
        raise WinFaxError(c.ERROR_INVALID_DATA, f"The file {path} cannot be read: {error}") from error


def _wanted(params: FAX_JOB_PARAM, info: FAX_COVERPAGE_INFO | None, server: ServerHandle) -> _Wanted:
    """What the structures ask for. Raises WinFaxError."""
    if params.CallHandle:
        if server.remote:
            raise WinFaxError(c.ERROR_INVALID_FUNCTION, "A call cannot be handed over to a remote server")
        if not params.RecipientNumber:
            raise WinFaxError(c.ERROR_NOT_SUPPORTED, "A voice call cannot be handed over")
        raise bad_parameter("CallHandle must be NULL")
    if not params.RecipientNumber:
        raise bad_parameter("RecipientNumber is NULL")
    number, sub_address = _number(params.RecipientNumber)
    recipient = Recipient(number=number, name=params.RecipientName or "", sub_address=sub_address)
    sender = Sender(
        name=params.SenderName or "", company=params.SenderCompany or "", department=params.SenderDept or ""
    )
    cover = None
    if info is not None:
        check_size(info, FAX_COVERPAGE_INFO)
        cover = cover_of(info)
        recipient, sender = recipient_on_cover(recipient, info), sender_on_cover(sender, info)
    about = Submission(
        documents=(),
        recipients=(),
        title=params.DocumentName or "",
        sender=sender,
        cover=cover,
        schedule=_schedule(params),
        report=_report(params),
        billing_code=params.BillingCode or "",
        tsid=params.Tsid or "",
    )
    return _Wanted(recipient, about)


def _number(text: str) -> tuple[str, str]:
    """Number and subaddress of ``number|subaddress^name``, of which all but the number may be absent."""
    number, _, rest = text.partition("|")
    return number.strip(), rest.partition("^")[0].strip()


_RECIPIENT = {
    "company": "RecCompany",
    "street_address": "RecStreetAddress",
    "city": "RecCity",
    "state": "RecState",
    "zip": "RecZip",
    "country": "RecCountry",
    "title": "RecTitle",
    "department": "RecDepartment",
    "office_location": "RecOfficeLocation",
    "home_phone": "RecHomePhone",
    "office_phone": "RecOfficePhone",
}
_SENDER = {
    "name": "SdrName",
    "fax_number": "SdrFaxNumber",
    "company": "SdrCompany",
    "address": "SdrAddress",
    "title": "SdrTitle",
    "department": "SdrDepartment",
    "office_location": "SdrOfficeLocation",
    "home_phone": "SdrHomePhone",
    "office_phone": "SdrOfficePhone",
}


def recipient_on_cover(recipient: Recipient, info: FAX_COVERPAGE_INFO) -> Recipient:
    said = {ours: getattr(info, theirs) or "" for ours, theirs in _RECIPIENT.items()}
    return replace(recipient, name=recipient.name or info.RecName or "", **said)


def sender_on_cover(sender: Sender, info: FAX_COVERPAGE_INFO) -> Sender:
    said = {ours: getattr(info, theirs) or "" for ours, theirs in _SENDER.items()}
    return Sender(**{each.name: getattr(sender, each.name) or said[each.name] for each in fields(Sender)})


def cover_of(info: FAX_COVERPAGE_INFO) -> CoverPage:
    """The server's by its name, or one's own by its file. Raises WinFaxError."""
    if not info.CoverPageName:
        raise bad_parameter("CoverPageName is NULL")
    subject, note = info.Subject or "", info.Note or ""
    if info.UseServerCoverPage:
        name = info.CoverPageName
        for ending in TEMPLATE_ENDINGS:
            name = name.removesuffix(ending)
        return CoverPage(template=name, subject=subject, note=note)
    path = Path(info.CoverPageName)
    layout = _of_file(path, lambda: path.read_text(encoding="utf-8"))
    if not layout.strip():
        raise WinFaxError(c.ERROR_INVALID_DATA, f"The cover page {path} is empty")
    return CoverPage(subject=subject, note=note, layout=layout)


def _schedule(params: FAX_JOB_PARAM) -> Schedule:
    match params.ScheduleAction:
        case c.JSA_NOW:
            return Schedule()
        case c.JSA_DISCOUNT_PERIOD:
            return Schedule(action=ScheduleAction.DISCOUNT)
        case c.JSA_SPECIFIC_TIME:
            try:
                at = params.ScheduleTime.to_datetime()
            except (ValueError, TypeError) as error:
                raise bad_parameter(f"ScheduleTime is no time: {error}") from error
            if at is None:
                raise bad_parameter("JSA_SPECIFIC_TIME needs a ScheduleTime")
            return Schedule(action=ScheduleAction.AT, at=at)
    raise bad_parameter(f"{params.ScheduleAction} is no ScheduleAction")


def _report(params: FAX_JOB_PARAM) -> Report:
    wanted = params.DeliveryReportType
    kind = _REPORT_KINDS.get(wanted & ~c.DRT_GRP_PARENT) if isinstance(wanted, int) else None
    if kind is None:
        raise bad_parameter(f"{wanted} is no DeliveryReportType")
    address = params.DeliveryReportAddress or ""
    if address and kind is ReportKind.NONE:
        raise bad_parameter("DeliveryReportAddress must be NULL with DRT_NONE")
    if kind is ReportKind.NONE:
        return Report(final=True)
    # A mail box on this machine has no address but its owner.
    together = bool(wanted & c.DRT_GRP_PARENT)
    return Report(kind=kind, address="" if kind is ReportKind.INBOX else address, together=together)

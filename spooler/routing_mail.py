"""The routing method that mails a fax, as TIFF-F or PDF, or only tells of it.

Data: addresses parted by commas, else those of the setting ``inbound_profile``; options: ``format`` (tiff, pdf, none),
``subject`` and ``body``, texts in which fields may stand (``Fax from {tsid}``; ``\\n`` in a body begins a line).

What always holds: each address gets a mail of its own, whose Message-ID follows from the delivery and the address: one
that is sent again after a crash, or because the answer was lost, is known by it; an address whose mail server has the
mail is not tried again with those that are; what the far end said is one line wherever it stands.
"""

from __future__ import annotations

import asyncio
import hashlib
import mimetypes
import re
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from codec.errors import TiffError
from codec.pdf import write_pdf
from codec.tiff import TiffReader
from fax.errors import Cause, RequestError
from fax.mail import is_mail_address
from fax.received import Received
from fax.routing import EMAIL_GUID, target_of
from fax.settings import Configuration
from spooler.courier import MailRefusedError, MailServerError
from spooler.mail_letter import Attachment, Letter
from spooler.mailbox import NO_SERVER, Mailbox
from spooler.report_words import Style, one_line
from spooler.reporting import style_of
from spooler.routing_method import BuiltIn, MethodAbout, Order, Outcome, failed

FORMATS = ("tiff", "pdf", "none")
SUBJECT = ("Fax from {from}: {pages}", "Fax von {from}: {pages}")
ADDRESSES_MOST = 100
TEXT_LIMIT = 10_000
_FIELD = re.compile(r"\{(.*?)\}")


@dataclass(frozen=True, kw_only=True)
class MailTarget:
    """What the data say; ``subject``, ``body`` None: what the server writes."""

    addresses: tuple[str, ...]
    format: str = "pdf"
    subject: str | None = None
    body: str | None = None


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What is kept between two tries: who has the mail, and whose server will never take it."""

    sent: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


def parsed(data: bytes, profile: str) -> MailTarget:
    """``profile``: addresses for data that name none. Raises RequestError BAD_CONFIGURATION."""
    try:
        target = target_of(data)
    except RequestError as error:
        raise _bad(error.text) from error
    listed = [part.strip() for part in (target.text or profile).split(",")]
    addresses = tuple(dict.fromkeys(filter(None, listed)))
    if not addresses:
        raise _bad("No mail address is named, and inbound_profile names none either")
    if len(addresses) > ADDRESSES_MOST:
        raise _bad(f"There are more than {ADDRESSES_MOST} mail addresses")
    for address in addresses:
        if not is_mail_address(address):
            raise _bad(f"{address!r} is not a mail address")
    options = dict(target.options)
    form, subject, body = options.pop("format", "pdf"), options.pop("subject", None), options.pop("body", None)
    if options:
        raise _bad(f"{min(options)} is no option of a mail; there are format, subject and body")
    if form not in FORMATS:
        raise _bad(f"format={form}: a fax is mailed as {', '.join(FORMATS)}")
    for text in filter(None, (subject, body)):
        if len(text) > TEXT_LIMIT:
            raise _bad(f"A text of a mail has at most {TEXT_LIMIT} characters")
        unknown = [name for name in _FIELD.findall(text) if name not in FIELDS]
        if unknown:
            raise _bad(f"{{{unknown[0]}}} stands for nothing in a mail; there are {', '.join(FIELDS)}")
    return MailTarget(addresses=addresses, format=form, subject=subject, body=body)


def _bad(text: str) -> RequestError:
    return RequestError(Cause.BAD_CONFIGURATION, text)


Field = Callable[[Order, Style], str]


def _pages(fax: Received, style: Style) -> str:
    if fax.pages == 1:
        return style.pick(("1 page", "1 Seite"))
    return style.pick((f"{fax.pages} pages", f"{fax.pages} Seiten"))


FIELDS: dict[str, Field] = {
    "from": lambda order, style: (
        order.fax.caller_name
        or order.fax.tsid
        or order.fax.caller_id
        or style.pick(("an unknown caller", "einem unbekannten Anrufer"))
    ),
    "tsid": lambda order, style: order.fax.tsid,
    "caller": lambda order, style: order.fax.caller_id,
    "name": lambda order, style: order.fax.caller_name,
    "number": lambda order, style: order.fax.digits,
    "sub": lambda order, style: order.fax.sub_address,
    "port": lambda order, style: order.fax.port,
    "pages": lambda order, style: _pages(order.fax, style),
    "time": lambda order, style: style.clock(order.fax.ended),
    "seconds": lambda order, style: "" if order.fax.line_seconds is None else f"{order.fax.line_seconds:.0f}",
    "job": lambda order, style: str(order.job),
    "id": lambda order, style: order.id,
}
"""What the fields of subjects and bodies stand for."""


def filled(text: str, order: Order, style: Style) -> str:
    """``text`` with its fields filled in."""
    return _FIELD.sub(lambda found: one_line(FIELDS[found[1]](order, style)), text)


def body_of(target: MailTarget, order: Order, style: Style) -> str:
    """The text of the mail."""
    if target.body is not None:
        return filled(target.body.replace("\\n", "\n"), order, style) + "\n"
    fax, pick = order.fax, style.pick
    damaged = pick((f"{fax.bad_rows} damaged lines", f"{fax.bad_rows} gestörte Zeilen")) if fax.bad_rows else ""
    facts = [
        (pick(("From", "Von")), fax.tsid),
        (pick(("Caller", "Anrufer")), " ".join(filter(None, (fax.caller_id, fax.caller_name)))),
        (pick(("Received", "Empfangen")), style.clock(fax.ended)),
        (pick(("Pages", "Seiten")), str(fax.pages)),
        (pick(("Quality", "Güte")), damaged),
        (pick(("Number", "Nummer")), fax.digits),
        (pick(("Subaddress", "Subadresse")), fax.sub_address),
        (pick(("Line", "Leitung")), fax.port),
        (pick(("Fax", "Fax")), order.id),
    ]
    lines = [f"{label + ':':<13}{one_line(value)}" for label, value in facts if value]
    if target.format == "none":
        lines += ["", pick(("The fax is in the inbox", "Das Fax liegt im Eingang")) + f": platen show {order.job}"]
    return "\n".join(lines) + "\n"


def message_id(order: Order, address: str) -> str:
    """The same for the same delivery to the same address, and for nothing else in the world."""
    host = re.sub(r"[^A-Za-z0-9.-]", "", socket.gethostname()).strip(".-") or "platen"
    about = f"{order.id} {order.fax.call} {order.fax.started.isoformat()} {address}"
    return f"<fax.{order.id}.{hashlib.sha256(about.encode()).hexdigest()[:32]}@{host}>"


class MailMethod(BuiltIn):
    """``configuration``: the settings in force."""

    about = MethodAbout(guid=EMAIL_GUID, friendly_name="E-mail", function_name="FaxRouteEmail", text_data=True)

    def __init__(self, mailbox: Mailbox, configuration: Callable[[], Configuration]) -> None:
        self._mailbox = mailbox
        self._configuration = configuration

    async def check(self, data: bytes, port: str, device: int) -> None:
        now = self._configuration()
        parsed(data, now.inbound_profile)
        if not now.mail_host:
            raise _bad(NO_SERVER)

    async def deliver(self, order: Order) -> Outcome:
        now = self._configuration()
        target = parsed(order.data, now.inbound_profile)
        before = Progress()
        with suppress(msgspec.DecodeError):
            before = msgspec.json.decode(order.retry_data, type=Progress)
        # Who asks for it anew has it tried anew.
        sent, refused = list(before.sent), dict(before.refused) if order.tries else {}
        left = [address for address in target.addresses if address not in sent and address not in refused]
        try:
            attachments = await asyncio.to_thread(_attachments, target, order) if left else ()
        except (OSError, TiffError) as error:
            return failed(f"The fax cannot be read: {error}", order.retry_data)
        style = style_of(now)
        trouble = ""
        for address in left:
            letter = Letter(
                message_id=message_id(order, address),
                at=order.fax.ended,
                sender=now.mail_sender,
                to=address,
                subject=filled(target.subject or style.pick(SUBJECT), order, style),
                text=body_of(target, order, style),
                attachments=attachments,
                job=order.job,
            )
            try:
                await self._mailbox.send(letter)
                sent.append(address)
            except MailRefusedError as error:
                if error.for_good:
                    refused[address] = str(error)
                else:
                    trouble = str(error)
            except MailServerError as error:
                # The others would meet the same.
                trouble = str(error)
                break
        kept = msgspec.json.encode(Progress(sent=tuple(sent), refused=refused))
        if trouble:
            return failed(trouble, kept)
        if refused:
            return Outcome(done=False, text="; ".join(refused.values()), retry_data=kept, again=False)
        return Outcome(done=True, text=f"Mailed to {', '.join(target.addresses)}")


def _attachments(target: MailTarget, order: Order) -> tuple[Attachment, ...]:
    """The fax, and what earlier methods added to it. Raises OSError, TiffError."""
    if target.format == "none":
        return ()
    tiff, *others = order.files
    if target.format == "tiff":
        fax = Attachment(name=f"fax-{order.job}.tif", type="image/tiff", content=tiff.path.read_bytes())
    else:
        made = order.folder / f"{order.id}-mail.pdf"
        try:
            with TiffReader(tiff.path) as reader:
                write_pdf(reader, made, f"Fax {order.id}")
            fax = Attachment(name=f"fax-{order.job}.pdf", type="application/pdf", content=made.read_bytes())
        finally:
            made.unlink(missing_ok=True)
    return (fax, *(_attached(file.path) for file in others))


def _attached(path: Path) -> Attachment:
    type, coding = mimetypes.guess_type(path.name)
    plain = type is None or coding is not None or type.startswith(("text/", "multipart/", "message/"))
    return Attachment(
        name=path.name, type="application/octet-stream" if plain or type is None else type, content=path.read_bytes()
    )

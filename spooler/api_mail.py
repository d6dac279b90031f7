"""The outgoing mail box: looked at, tried again, discarded; and whether mail can be sent at all.

What always holds: one sees and changes the mails about one's own faxes; those about others' take the rights that the
faxes themselves take.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from fastapi import Request, Response

from fax.access import Right, right_name
from fax.errors import Cause, RequestError
from fax.mail import Mail, MailState, MailTest, MailTried
from spooler import access, store_mail
from spooler.access import Caller
from spooler.access_table import who_asks
from spooler.api_common import LISTED, Parameter, Routes, answer, body_of, number_in, part_in, value_in
from spooler.daemon import Daemon
from spooler.store import Transaction
from spooler.store_access import write_audit
from spooler.submission import check_mail_address


def routes(daemon: Daemon) -> Routes:
    routes = Routes()

    def shown(about: store_mail.MailRow, who: Caller) -> Mail:
        mail = store_mail.shown(about, daemon.live.configuration.mail_give_up_s)
        # Who may change a mail but not read it learns where it stands, not what it is.
        return mail if access.may_see(who, mail.user) else replace(mail, address="", subject="", error="")

    @routes.request(
        "GET",
        "/v1/mails",
        gives=list[Mail],
        parameters=(
            Parameter("state", MailState, "Mails in this state only"),
            Parameter("job", int, "Mails about this job only"),
            *LISTED,
        ),
    )
    async def mails(request: Request) -> Response:
        """Mails of the outgoing box, oldest first; with FAX_JOB_QUERY everybody's."""
        who = who_asks(request)
        query = partial(
            store_mail.listing,
            user=access.seen_user(who),
            state=value_in(request, "state", MailState),
            job=number_in(request, "job", 0, 0, 1 << 31) or None,
            **part_in(request),
        )
        return answer([shown(about, who) for about in await daemon.store.run(query)])

    @routes.request("POST", "/v1/mails/{id:int}/retry", gives=Mail)
    async def retry_mail(request: Request, id: int) -> Response:
        """Try a mail again at once, with all its time before it; its Message-ID stays."""
        who = who_asks(request)

        def work(tx: Transaction) -> store_mail.MailRow:
            _may_change(tx, who, id, "retried")
            store_mail.retry(tx, id)
            return store_mail.row(tx, id)

        return answer(shown(await daemon.store.run(work), who))

    @routes.request("DELETE", "/v1/mails/{id:int}", gives=Mail)
    async def discard_mail(request: Request, id: int) -> Response:
        """Let go of a mail, sent or not; it is given back as it was."""
        who = who_asks(request)

        def work(tx: Transaction) -> store_mail.MailRow:
            _may_change(tx, who, id, "discarded")
            about = store_mail.row(tx, id)
            store_mail.discard(tx, id)
            return about

        return answer(shown(await daemon.store.run(work), who))

    @routes.request("POST", "/v1/mail/test", gives=MailTried, takes=MailTest)
    async def test_mail(request: Request) -> Response:
        """Send a mail at once, and say what came of it."""
        wanted = await body_of(request, MailTest)
        check_mail_address(wanted.address)
        return answer(await daemon.mailbox.test(wanted.address))

    return routes


def _may_change(tx: Transaction, who: Caller, id: int, act: str) -> None:
    """Raises RequestError NO_SUCH_ENTRY, NOT_ALLOWED."""
    owner = store_mail.row(tx, id).user
    if who.user == owner:
        return
    if not who.has(Right.JOB_MANAGE):
        text = f"Mail {id} belongs to another user; to change it, {who.user} needs {right_name(Right.JOB_MANAGE)}"
        raise RequestError(Cause.NOT_ALLOWED, text)
    write_audit(tx, who, f"mail {act}", f"mail {id} of {owner}")

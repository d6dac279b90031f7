"""Fax numbers, asked about before anything is sent."""

from __future__ import annotations

import phonenumbers
from fastapi import Request, Response

from fax.access import Right
from fax.errors import Cause, RequestError
from fax.numbers import NumberCheck
from spooler import dialling
from spooler.access_table import who_asks
from spooler.api_common import Parameter, Routes, answer
from spooler.daemon import Daemon
from spooler.numbers import NumberError


def routes(daemon: Daemon) -> Routes:
    routes = Routes()
    rules = daemon.settings.dialling

    @routes.request(
        "GET",
        "/v1/numbers/check",
        gives=NumberCheck,
        parameters=(Parameter("number", str, "The number as it was written"),),
    )
    async def number_check(request: Request) -> Response:
        """What the server makes of a number: what it means, whether it may be called, what would be dialled."""
        written = request.query_params.get("number")
        if written is None:
            raise RequestError(Cause.BAD_REQUEST, "number is missing")
        try:
            where = dialling.checked(written, rules)
            dialled = dialling.dial_string(written, rules)
        except NumberError as error:
            return answer(NumberCheck(written=written, number=None, why=str(error)))
        # Rules may dial the code of a calling card.
        shown = dialled if who_asks(request).has(Right.CONFIG_QUERY) else None
        country = ""
        if where.e164 is not None:
            country = phonenumbers.region_code_for_number(phonenumbers.parse(where.e164, None)) or ""
        return answer(
            NumberCheck(
                written=written,
                number=where.number,
                dialled=shown,
                country=country,
                internal=where.internal,
                warning=where.warning,
            )
        )

    return routes

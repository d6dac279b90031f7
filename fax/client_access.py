"""The client's methods for rights, tokens, passwords, the audit, and numbers.

What always holds: as in ``fax.client``.
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote, urlencode

from fax.access import AccessAnswer, Grant, GrantChange, PasswordChange, PasswordSet, Token, TokenMade, TokenWanted
from fax.asking import Asking
from fax.audit import AuditLine
from fax.numbers import NumberCheck


class AccessClient(Asking):
    """Part of ``fax.client.Client``. What needs a right raises RequestError NOT_ALLOWED without it."""

    def access_check(self, mask: int = 0) -> AccessAnswer:
        """Whether we have all rights of ``mask`` (bits of ``fax.access.Right``), and who the server takes us for."""
        return self._ask("GET", f"/v1/access/check?mask={int(mask)}", AccessAnswer)

    def grants(self) -> list[Grant]:
        return self._ask("GET", "/v1/access/grants", list[Grant])

    def grant(self, subject: str, mask: int) -> Grant:
        """Let ``user:NAME``, ``group:NAME`` or ``everybody`` have these rights and no others."""
        return self._tell("PUT", "/v1/access/grants", GrantChange(subject=subject, mask=int(mask)), Grant)

    def revoke(self, subject: str) -> None:
        self._do("DELETE", f"/v1/access/grants/{quote(subject, safe='')}")

    def tokens(self) -> list[Token]:
        return self._ask("GET", "/v1/access/tokens", list[Token])

    def add_token(self, name: str, user: str | None = None, expires: datetime | None = None) -> TokenMade:
        """A new token for ``user``, else for the caller; it cannot be had again."""
        return self._tell("POST", "/v1/access/tokens", TokenWanted(name=name, user=user, expires=expires), TokenMade)

    def remove_token(self, id: int) -> None:
        self._do("DELETE", f"/v1/access/tokens/{id}")

    def passwords(self) -> list[PasswordSet]:
        return self._ask("GET", "/v1/access/passwords", list[PasswordSet])

    def set_password(self, user: str, password: str) -> PasswordSet:
        target = f"/v1/access/passwords/{quote(user, safe='')}"
        return self._tell("PUT", target, PasswordChange(password=password), PasswordSet)

    def remove_password(self, user: str) -> None:
        self._do("DELETE", f"/v1/access/passwords/{quote(user, safe='')}")

    def audit(self, after: int = 0, limit: int | None = None) -> list[AuditLine]:
        """Who changed what, oldest first, behind the line ``after``."""
        query = {"after": after} | ({} if limit is None else {"limit": limit})
        return self._ask("GET", f"/v1/audit?{urlencode(query)}", list[AuditLine])

    def check_number(self, number: str) -> NumberCheck:
        """What the server makes of a number, and what it would dial."""
        return self._ask("GET", f"/v1/numbers/check?{urlencode({'number': number})}", NumberCheck)

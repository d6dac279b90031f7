"""What every noun of the API is made with: answers and problem documents, bodies and queries, and the
description of each request for OpenAPI.

What always holds: a route is described by the very types that it reads and gives (``Routes`` makes both from one call);
every error is a problem document (RFC 9457) with a cause of ``fax.errors``.

Must not: know a noun.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal, TypedDict, TypeVar, cast

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from fax.errors import Cause, FaxError, RequestError

T = TypeVar("T")
BODY_LIMIT_OCTETS = 64 << 20
LIST_LIMIT = 1000
LIST_MOST = 10_000
JSON = "application/json"
PROBLEM = "application/problem+json"
REFERENCE = "#/components/schemas/{name}"
STATUS_CODES = {
    Cause.BAD_REQUEST: 400,
    Cause.BAD_NUMBER: 400,
    Cause.BAD_SETTING: 400,
    Cause.RECIPIENTS_LIMIT: 400,
    Cause.COVER_PAGE: 400,
    Cause.NOT_AUTHENTICATED: 401,
    Cause.NOT_ALLOWED: 403,
    Cause.NO_SUCH_ENTRY: 404,
    Cause.NO_SUCH_JOB: 404,
    Cause.NO_SUCH_DOCUMENT: 404,
    Cause.NO_SUCH_PORT: 404,
    Cause.NO_SUCH_METHOD: 404,
    Cause.BAD_CONFIGURATION: 409,
    Cause.PORT_BUSY: 409,
    Cause.PORT_LEASED: 409,
    Cause.QUEUE_BLOCKED: 503,
    Cause.EVENTS_GONE: 410,
    Cause.WRONG_STATE: 409,
    Cause.DOCUMENT_TOO_LARGE: 413,
    Cause.DOCUMENT_EMPTY: 422,
    Cause.DOCUMENT_TYPE: 422,
    Cause.DOCUMENT_DAMAGED: 422,
    Cause.DOCUMENT_ENCRYPTED: 422,
    Cause.TOO_MANY_TRIES: 429,
    Cause.STORAGE: 507,
}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """The problem document. ``type``: a cause of ``fax.errors``; ``title``: the text for people."""

    type: str
    title: str
    status: int
    detail: str | None = None


def problem(error: FaxError, status: int | None = None) -> Response:
    """The problem document for an error."""
    code = status or STATUS_CODES.get(error.cause, 500)
    body = Problem(type=error.cause.value, title=error.text, status=code, detail=error.detail)
    headers = {}
    if error.cause is Cause.NOT_AUTHENTICATED:
        headers["WWW-Authenticate"] = 'Bearer realm="platen", Basic realm="platen", charset="UTF-8"'
    elif error.cause is Cause.TOO_MANY_TRIES and error.detail is not None:
        headers["Retry-After"] = error.detail
    return Response(msgspec.json.encode(body), code, headers, media_type=PROBLEM)


def answer(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type=JSON)


async def octets_of(request: Request, limit: int = BODY_LIMIT_OCTETS) -> bytes:
    """The request's body as it came. Raises RequestError."""
    octets = bytearray()
    async for piece in request.stream():
        octets += piece
        if len(octets) > limit:
            raise RequestError(Cause.BAD_REQUEST, f"The request is larger than {limit >> 20} MiB")
    return bytes(octets)


async def body_of(request: Request, type: type[T]) -> T:
    """The request's body as a value. Raises RequestError."""
    octets = await octets_of(request)
    try:
        return msgspec.json.decode(octets, type=type)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(Cause.BAD_REQUEST, f"The request makes no sense: {error}") from error


def number_in(request: Request, name: str, default: int, least: int, most: int) -> int:
    """A whole number of the query. Raises RequestError."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most):
        raise RequestError(Cause.BAD_REQUEST, f"{name}={text}: not a whole number from {least} to {most}")
    return int(text)


def value_in(request: Request, name: str, type: Callable[[str], T]) -> T | None:
    """A value of the query, None where it is not named; ``type`` raises ValueError. Raises RequestError."""
    text = request.query_params.get(name)
    try:
        return None if text is None else type(text)
    except ValueError as error:
        raise RequestError(Cause.BAD_REQUEST, f"{name}={text}: there is no such {name}") from error


def values_in(request: Request, name: str, type: Callable[[str], T]) -> frozenset[T]:
    """The values of the query that are named, which may be several; ``type`` raises ValueError. Raises RequestError."""
    try:
        return frozenset(type(text) for text in request.query_params.getlist(name))
    except ValueError as error:
        raise RequestError(Cause.BAD_REQUEST, f"There is no such {name}: {error}") from error


def time_of(text: str) -> datetime:
    """A time as RFC 3339 writes it, zone included. Raises ValueError."""
    try:
        time: datetime = msgspec.convert(text, Annotated[datetime, msgspec.Meta(tz=True)])
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error
    return time


def flag_in(request: Request, name: str) -> bool:
    """``true`` or ``false`` of the query, false where it is not named. Raises RequestError."""
    return flag_of(name, request.query_params.get(name, "false"))


def flag_of(name: str, text: str) -> bool:
    """Raises RequestError."""
    if text not in ("true", "false"):
        raise RequestError(Cause.BAD_REQUEST, f"{name}={text}: neither true nor false")
    return text == "true"


@dataclass(frozen=True)
class Parameter:
    """A query parameter or a header, as described. ``type``: what its text stands for."""

    name: str
    type: Any
    text: str
    place: Literal["query", "header"] = "query"


@dataclass(frozen=True)
class Octets:
    """A body or an answer that is not JSON."""

    media_type: str


LISTED = (
    Parameter("after", int, "Those with a higher id only"),
    Parameter("limit", int, f"At most so many (default {LIST_LIMIT})"),
)
"""What every list that goes by its ids is asked with."""


class Part(TypedDict):
    after: int
    limit: int


def part_in(request: Request) -> Part:
    """Which part of such a list is asked for. Raises RequestError."""
    return {
        "after": number_in(request, "after", 0, 0, 1 << 62),
        "limit": number_in(request, "limit", LIST_LIMIT, 1, LIST_MOST),
    }


Handler = Callable[..., Awaitable[Response]]


async def _shut(request: Request) -> None:
    raise RequestError(Cause.NOT_ALLOWED, "Nothing says who may ask this")


Gate = Callable[[Request], Awaitable[None]]


class Routes(APIRouter):
    """The requests of one noun. ``types``: what they read and give, for the description's components.

    Each request passes ``gate`` first; as long as there is none, none is let through. A handler takes the request and
    the path's parts as they are: what they are is checked by us, and FastAPI need not look for more in each request.
    """

    def __init__(self) -> None:
        super().__init__(route_class=self._route_class())
        self.types: set[Any] = {Problem}
        self.gate: Gate = _shut

    def _route_class(self) -> type[APIRoute]:
        routes = self

        class Route(APIRoute):
            def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
                handler = self.endpoint

                async def handle(request: Request) -> Response:
                    await routes.gate(request)
                    return cast(Response, await handler(request, **request.path_params))

                return handle

        return Route

    def request(
        self,
        method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"],
        path: str,
        *,
        gives: Any,
        takes: Any = None,
        status: int = 200,
        statuses: Iterable[int] = (),
        parameters: Iterable[Parameter] = (),
    ) -> Callable[[Handler], Handler]:
        """Add a request, whose handler's docstring is its description.

        ``gives``, ``takes``: a type of JSON, ``Octets``, or None for no body; ``statuses``: others than ``status`` with
        the same answer.
        """
        extra: dict[str, Any] = {}
        if takes is not None:
            extra["requestBody"] = {"required": True, "content": self._content(takes)}
        if described := [self._parameter(parameter) for parameter in parameters]:
            extra["parameters"] = described
        done: dict[str, Any] = {"description": "Done"}
        if gives is not None:
            done["content"] = self._content(gives)
        refused = {"description": "Refused, and why", "content": {PROBLEM: {"schema": self._schema(Problem)}}}
        answers: dict[int | str, dict[str, Any]] = dict.fromkeys((status, *statuses), done)
        answers["default"] = refused

        def add(handler: Handler) -> Handler:
            self.add_api_route(
                path,
                handler,
                methods=[method],
                status_code=status,
                responses=answers,
                response_class=Response,
                response_model=None,
                openapi_extra=extra or None,
                operation_id=handler.__name__,
            )
            return handler

        return add

    def _content(self, type: Any) -> dict[str, Any]:
        if isinstance(type, Octets):
            return {type.media_type: {}}
        return {JSON: {"schema": self._schema(type)}}

    def _parameter(self, parameter: Parameter) -> dict[str, Any]:
        return {
            "name": parameter.name,
            "in": parameter.place,
            "description": parameter.text,
            "schema": self._schema(parameter.type),
        }

    def _schema(self, type: Any) -> dict[str, Any]:
        self.types.add(type)
        return _schema_of(type)


@cache
def _schema_of(type: Any) -> dict[str, Any]:
    """Kept, since a few types are named again and again, and nothing else of a start takes so long."""
    (schema,), _ = msgspec.json.schema_components((type,), ref_template=REFERENCE)
    return schema


def components(types: Iterable[Any]) -> dict[str, Any]:
    """The schemas of all that ``types`` are made of, by name."""
    _, named = msgspec.json.schema_components(types, ref_template=REFERENCE)
    return named

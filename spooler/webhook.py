"""A routing extension that posts received faxes to a web address: built in, and an example of how one is made.

Its data on a line are text: the address, and behind it lines ``name=value``:

    https://example.org/fax
    secret=...           what the signature is made with; nobody is shown it again
    attach=tiff          or ``pdf``: the fax itself goes along; without it the facts alone

Each try is one POST of a JSON object. ``Platen-Delivery`` is the same in every try, so that who gets a fax twice can
tell. ``Platen-Signature`` is ``v1=`` and the hexadecimal HMAC-SHA256, made with the secret, of the octets of
``Platen-Timestamp`` (seconds since 1970), a full stop, and the body. Any answer of 200 to 299 is a delivery; else it is
tried again, with the tries counted in the retry data.

What always holds: the secret is neither sent nor shown nor logged; nobody is followed to another address.

Must not: be imported for its methods by the daemon, which runs them as those of any extension, in a process of its own.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fax.extension import (
    ERROR_BAD_CONFIGURATION,
    ERROR_FILE_NOT_FOUND,
    ERROR_INVALID_DATA,
    FAX_ROUTE,
    FAX_ROUTE_CALLBACKROUTINES,
    STATUS_DISABLE,
    STATUS_ENABLE,
    SetLastError,
)

GUID = "{e5b09a2c-53f0-4d1c-9c3a-6b1f52a7d0c4}"
TIMEOUT_S = 20.0
MASK = "********"
EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
TYPES = {"tiff": "image/tiff", "pdf": "application/pdf"}


@dataclass(frozen=True)
class Target:
    """Where and how to post."""

    url: str = ""
    secret: str = field(default="", repr=False)
    attach: str = ""


service: FAX_ROUTE_CALLBACKROUTINES | None = None
targets: dict[int, Target] = {}
enabled: set[int] = set()


def FaxRouteInitialize(HeapHandle: object, FaxRouteCallbackRoutines: FAX_ROUTE_CALLBACKROUTINES) -> bool:
    global service
    service = FaxRouteCallbackRoutines
    return True


def FaxRouteDeviceEnable(RoutingGuid: str, DeviceId: int, Enabled: int) -> bool:
    if Enabled == STATUS_ENABLE:
        if DeviceId not in targets:
            SetLastError(ERROR_BAD_CONFIGURATION, "the web address is not set yet")
            return False
        enabled.add(DeviceId)
    elif Enabled == STATUS_DISABLE:
        enabled.discard(DeviceId)
    else:
        return DeviceId in enabled
    return True


def FaxRouteDeviceChangeNotification(DeviceId: int, NewDevice: bool) -> bool:
    if not NewDevice:
        targets.pop(DeviceId, None)
        enabled.discard(DeviceId)
    return True


def FaxRouteGetRoutingInfo(RoutingGuid: str, DeviceId: int) -> tuple[bool, bytes]:
    target = targets.get(DeviceId, Target())
    lines = [target.url] + [f"secret={MASK}"] * bool(target.secret) + [f"attach={target.attach}"] * bool(target.attach)
    return True, "\n".join(lines).encode()


def FaxRouteSetRoutingInfo(RoutingGuid: str, DeviceId: int, RoutingInfo: bytes, RoutingInfoSize: int) -> bool:
    try:
        targets[DeviceId] = target_of(RoutingInfo[:RoutingInfoSize])
    except ValueError as error:
        SetLastError(ERROR_BAD_CONFIGURATION, str(error))
        return False
    return True


def Webhook(FaxRoute: FAX_ROUTE, FailureData: bytes | None, FailureDataSize: int) -> object:
    """The method."""
    tries = int(FailureData) if FailureData and FailureData.isdigit() else 0
    again = str(tries + 1).encode()
    try:
        target = target_of(FaxRoute.RoutingInfoData)
    except ValueError as error:
        SetLastError(ERROR_INVALID_DATA, str(error))
        return False, again
    assert service is not None
    found, file = service.FaxRouteGetFile(FaxRoute.JobId, 0)
    if not found:
        SetLastError(ERROR_FILE_NOT_FOUND, "the fax is not there")
        return False, again
    body = json.dumps(facts(FaxRoute, target, Path(file), tries)).encode()
    try:
        status = post(target, body, FaxRoute.DeliveryId, int(time.time()))
    except (OSError, http.client.HTTPException) as error:
        SetLastError(ERROR_INVALID_DATA, f"{shown(target.url)} cannot be reached: {error}")
        return False, again
    if not 200 <= status <= 299:
        SetLastError(ERROR_INVALID_DATA, f"{shown(target.url)} answers with status {status}")
        return False, again
    return True


def target_of(data: bytes) -> Target:
    """What the data of the method say. Raises ValueError."""
    wide = len(data) >= 2 and len(data) % 2 == 0 and data[1] == 0 and data[0] != 0
    lines = data.decode("utf-16-le" if wide else "utf-8").partition("\0")[0].splitlines() or [""]
    url = lines[0].strip()
    parts = urlsplit(url)
    plain = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise ValueError("the first line is no web address (https://...)")
    if parts.username is not None:
        raise ValueError("the address holds a name or a password, which would not be sent and be shown")
    if parts.port == 0:  # raises ValueError where it is no port at all
        raise ValueError("the address names port 0")
    options = {}
    for line in filter(None, (line.strip() for line in lines[1:])):
        name, _, value = line.partition("=")
        if name not in ("secret", "attach") or not value:
            raise ValueError(f"{name or line} is not one of secret=, attach=")
        options[name] = value
    if options.get("secret") == MASK:
        raise ValueError("the secret must be said anew")
    if options.get("attach", "tiff") not in TYPES:
        raise ValueError("attach= is tiff or pdf")
    return Target(url, options.get("secret", ""), options.get("attach", ""))


def facts(fax: FAX_ROUTE, target: Target, file: Path, tries: int) -> dict[str, Any]:
    """What is posted."""
    received = EPOCH + timedelta(microseconds=fax.ReceiveTime // 10)
    told: dict[str, Any] = {
        "delivery": fax.DeliveryId,
        "attempt": tries + 1,
        "job": fax.JobId,
        "received": received.isoformat(timespec="seconds"),
        "seconds": fax.ElapsedTime / 10_000_000,
        "pages": fax.PageCount,
        "line": fax.DeviceName,
        "caller_id": fax.CallerId,
        "tsid": fax.Tsid,
        "csid": fax.Csid,
        "routing": fax.RoutingInfo,
    }
    if target.attach:
        told["document"] = {
            "name": f"fax-{fax.JobId}.{target.attach}",
            "type": TYPES[target.attach],
            "base64": base64.b64encode(document(file, target.attach)).decode(),
        }
    return told


def document(file: Path, kind: str) -> bytes:
    """The fax's octets."""
    if kind == "tiff":
        return file.read_bytes()
    # Ours, and no part of the contract; an extension of others brings what it needs along.
    from tempfile import TemporaryDirectory

    from codec.pdf import write_pdf
    from codec.tiff import read_pages

    with TemporaryDirectory() as folder:
        return write_pdf(read_pages(file), Path(folder) / "fax.pdf").read_bytes()


def signature(secret: str, timestamp: int, body: bytes) -> str:
    return "v1=" + hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def post(target: Target, body: bytes, delivery: str, now: int) -> int:
    """The status of the answer. Raises OSError, http.client.HTTPException."""
    parts = urlsplit(target.url)
    assert parts.hostname is not None
    make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = make(parts.hostname, parts.port, timeout=TIMEOUT_S)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Platen",
        "Platen-Delivery": delivery,
        "Platen-Timestamp": str(now),
    }
    if target.secret:
        headers["Platen-Signature"] = signature(target.secret, now, body)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def shown(url: str) -> str:
    """An address for people: what stands behind the host may be a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}"

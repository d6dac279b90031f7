"""The Windows fax client API, in Python: a program written against winfax.h can be moved to Platen line by line.

- The literal layer: the names and parameters of winfax.h. A function gives ``ok, out, ...``, or ``ok`` where it has
  nothing to give out; when it fails, ``GetLastError()`` says why. Constants, structures, and ``FaxFreeBuffer``.
- The objects of the COM generation: ``Dispatch("FaxServer.FaxServer")`` and all that come from it, ``FaxTiff``.
- The Pythonic layer: ``with winfax.connect() as server: ...``. What fails raises ``WinFaxError``.
- May import: ``fax`` and the standard library; what prints loads ``cups`` and ``reportlab`` then. Quick to import, pure
  Python.

What always holds: a function that succeeds has done what it says; each request is checked by the server.
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from winfax.com import *
from winfax.configuration import *
from winfax.constants import *
from winfax.cover_page import *
from winfax.dispatch import *
from winfax.errors import *
from winfax.events import *
from winfax.fax_doc import *
from winfax.fax_job import *
from winfax.fax_port import *
from winfax.fax_routing_method import *
from winfax.fax_server import *
from winfax.fax_status import *
from winfax.fax_tiff import *
from winfax.handles import *
from winfax.jobs import *
from winfax.memory import *
from winfax.ports import *
from winfax.print_job import *
from winfax.registration import *
from winfax.routing import *
from winfax.sending import *
from winfax.structures import *
from winfax.times import *

if _TYPE_CHECKING:
    from winfax.enums import *
    from winfax.pythonic import *
    from winfax.recipient import *
    from winfax.records import *

_LATER = {
    "Action": "enums",
    "DeviceState": "enums",
    "EventId": "enums",
    "JobType": "enums",
    "PortFlags": "enums",
    "QueueStatus": "enums",
    "ReportType": "enums",
    "Events": "pythonic",
    "OpenPort": "pythonic",
    "Server": "pythonic",
    "connect": "pythonic",
    "Recipient": "recipient",
    "EventRecord": "records",
    "JobRecord": "records",
    "MethodRecord": "records",
    "PageImage": "records",
    "PortRecord": "records",
    "Settings": "records",
    "StatusRecord": "records",
}


def __getattr__(name: str) -> object:
    """The Pythonic layer is loaded when it is first asked for."""
    from importlib import import_module

    if name in _LATER:
        return getattr(import_module(f"winfax.{_LATER[name]}"), name)
    raise AttributeError(f"module 'winfax' has no attribute {name!r}")

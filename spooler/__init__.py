"""The daemon ``platend``: intake, preparation, queue, schedule, ports, ledger, events, HTTP API.

May import: fax, ipp, coverpage, codec, modem. All SQL is in ``store`` and the ``store_*`` files beside it.
"""

VERSION = "0.1.0"

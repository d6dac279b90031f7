"""The software modem: libspandsp's T.31 modem and fax terminal, a small exchange between them, in virtual or real time.

``virtual.VirtualModem`` and ``virtual.run_call`` need no clock; ``server.serve`` offers the same modems on ptys.
"""

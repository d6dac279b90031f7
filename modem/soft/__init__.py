"""The software modem: libspandsp's T.31 modem and fax terminal, a small exchange between them, in virtual or real time.

``virtual.VirtualModem`` and ``virtual.run_call`` need no clock; ``server.serve`` offers the same modems on ptys.

Beside it the same without sound, for many calls: ``framelevel.FrameLine`` carries frames and octets at their true
times, with faults from a seed; ``framemodem.FrameModem`` is a Class 1 modem on it, ``framefax.FrameFax`` a fax
machine with habits, ``framecall`` the crank. ``framefaults`` and ``framepair`` make a call from a seed,
``frameverdict`` judges it; ``framepty`` offers such modems on ptys. This line does not know what a demodulator can do
to a signal: libspandsp does.
"""

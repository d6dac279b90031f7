"""The telephone side: call plans, T.30, AT dialogue, the port process, journals and outcomes, the software modem.

May import: codec. The cores (``t30``, ``class1``, ``call``) have no I/O, no clock and no randomness.
"""

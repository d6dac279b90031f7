"""One outgoing call: a plan, an AT dialogue and T.30, without I/O, clock or randomness.

The rim (the port process, a test in virtual time) owns a byte channel to the modem and turns the crank::

    call = Call(plan, pages, now=t)      # pages: codec.Page for every PlannedPage, hashes already checked
    while call.outcome is None:
        octets = call.take_output()          # to the modem, now; as much as it may have by now
        entries = call.take_entries()        # to the journal, in order
        wait until octets come in, or call.deadline is reached, or a barrier entry is on disk; then
        call.receive(octets, now) | call.tick(now) | call.synced(count, now)

``synced(count, now)``: the first ``count`` entries ever taken are on disk. ``cancel(now)`` ends the call politely.
``deadline`` is the ``now`` at which ``tick`` wants to be called, or None. ``hung_up(now)``: the device is gone.
"""

"""Door: the desktop session. Asks for the recipient of a fax that was printed without one.

Runs under the system's Python with ``gi``: imports the standard library and ``gi`` only, and speaks to the daemon over
its Unix socket, as the user whose session it is.
"""

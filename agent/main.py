"""The program: one agent in a session, with a display; a second one has the first show what waits.

What always holds: without a display, GTK or a server's socket to speak to it says so in one sentence and ends; faxes
then wait, and ``platen jobs --waiting`` shows them.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence

APPLICATION = "org.platen.Agent"
DEFAULT_SOCKET = "/run/platen/api.sock"
UNUSABLE = 2
INSTEAD = "Faxes go on waiting: platen jobs --waiting shows them, platen address sends one"


def main(arguments: Sequence[str]) -> int:
    """Run until the session ends; returns the exit code."""
    options = _options(arguments)
    if "://" in options.server:
        return _complain(f"{options.server}: the agent speaks to the fax server of this machine only, over its socket")
    try:
        import gi

        gi.require_version("Gtk", "3.0")
        from gi.repository import Gio, GLib, Gtk
    except (ImportError, ValueError):
        return _complain("needs Debian's packages python3-gi and gir1.2-gtk-3.0, and the system's Python")
    if not Gtk.init_check(None)[0]:
        return _complain("there is no desktop in this session")
    from agent.api import Api
    from agent.desk import Desk
    from agent.words import words

    GLib.set_prgname(APPLICATION)
    application = Gtk.Application(application_id=APPLICATION, flags=Gio.ApplicationFlags.FLAGS_NONE)
    desks: list[Desk] = []

    def activated(application: Gtk.Application) -> None:
        if desks:
            desks[0].show_all()
            return
        application.hold()
        desks.append(Desk(Api(options.server), words(os.environ), at_once=options.open))
        desks[0].start()

    application.connect("activate", activated)
    for number in (signal.SIGTERM, signal.SIGINT):
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, number, application.quit)
    return int(application.run(None))


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="platen agent", description="Ask in this desktop session for the recipients of faxes printed without one."
    )
    server = os.environ.get("PLATEN_SOCKET") or DEFAULT_SOCKET
    parser.add_argument("--server", "--socket", default=server, help="the fax server's socket (default: %(default)s)")
    parser.add_argument("--open", action="store_true", help="open the dialogue at once, without a notification")
    return parser.parse_args(arguments)


def _complain(text: str) -> int:
    print(f"platen agent: {text}. {INSTEAD}.", file=sys.stderr)
    return UNUSABLE

"""Desktop notifications with actions, over the session's D-Bus (org.freedesktop.Notifications).

What always holds: one notification for each fax at most; a fax whose notification cannot be shown, or has no actions to
offer, is said to be unnoticed, so that it is asked for in another way. The main loop is never held up.

Must not: show a telephone number; the screen may be locked.
"""

from __future__ import annotations

import html
from collections.abc import Callable

from gi.repository import Gio, GLib

NAME = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"
ICON = "printer"
NEVER = 0  # until somebody closes it
ANSWER = "default"
LATER = "later"


class Notices:
    """``on_answer``, ``on_closed``, ``on_unnoticed`` get the fax; they are called on the main loop."""

    def __init__(
        self,
        application: str,
        *,
        on_answer: Callable[[int], None],
        on_closed: Callable[[int], None],
        on_unnoticed: Callable[[int], None],
    ) -> None:
        self._application = application
        self._on_answer = on_answer
        self._on_closed = on_closed
        self._on_unnoticed = on_unnoticed
        self._shown: dict[int, int] = {}  # notification by fax
        self._wanted: set[int] = set()
        self._actions: bool | None = None  # None: not known yet
        self._bus: Gio.DBusConnection | None = None
        try:
            self._bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)
        except GLib.Error:
            return  # a session without a bus: every fax is unnoticed
        for signal, handler in (("ActionInvoked", self._invoked), ("NotificationClosed", self._closed)):
            self._bus.signal_subscribe(None, NAME, signal, PATH, None, Gio.DBusSignalFlags.NONE, handler)
        # Whoever shows notifications may be another program from now on, with other abilities and none of ours shown.
        Gio.bus_watch_name_on_connection(self._bus, NAME, Gio.BusNameWatcherFlags.NONE, None, self._vanished)

    def show(self, fax: int, title: str, text: str, answer: str, later: str) -> None:
        """Tell of a fax; ``answer`` and ``later``: the names of the actions."""
        self._wanted.add(fax)
        if self._bus is None:
            self._unnoticed(fax)
        elif self._actions is None:
            self._call("GetCapabilities", None, lambda found: self._able(found, fax, title, text, answer, later))
        elif not self._actions:
            self._unnoticed(fax)
        else:
            hints = {
                "urgency": GLib.Variant("y", 1),
                "category": GLib.Variant("s", "device"),
                "desktop-entry": GLib.Variant("s", "org.platen.Agent"),
            }
            # The body is markup to those who show it, and text of ours is none.
            body = html.escape(text, quote=False)
            actions = [ANSWER, answer, "answer", answer, LATER, later]
            said = (self._application, self._shown.get(fax, 0), ICON, title, body, actions, hints, NEVER)
            self._call("Notify", GLib.Variant("(susssasa{sv}i)", said), lambda found: self._was_shown(found, fax))

    def withdraw(self, fax: int) -> None:
        """Take a fax's notification away, if there is one."""
        self._wanted.discard(fax)
        notification = self._shown.pop(fax, None)
        if notification is not None:
            self._call("CloseNotification", GLib.Variant("(u)", (notification,)), lambda found: None)

    def _call(self, method: str, said: GLib.Variant | None, then: Callable[[GLib.Variant | None], None]) -> None:
        assert self._bus is not None

        def done(bus: Gio.DBusConnection, result: Gio.AsyncResult) -> None:
            try:
                then(bus.call_finish(result))
            except GLib.Error:
                then(None)

        self._bus.call(NAME, PATH, NAME, method, said, None, Gio.DBusCallFlags.NONE, -1, None, done)

    def _able(self, found: GLib.Variant | None, fax: int, title: str, text: str, answer: str, later: str) -> None:
        if found is None:
            self._unnoticed(fax)
            return
        self._actions = "actions" in found.unpack()[0]
        if fax in self._wanted:
            self.show(fax, title, text, answer, later)

    def _was_shown(self, found: GLib.Variant | None, fax: int) -> None:
        if found is None:
            self._unnoticed(fax)
            return
        self._shown[fax] = found.unpack()[0]
        if fax not in self._wanted:
            self.withdraw(fax)

    def _unnoticed(self, fax: int) -> None:
        if fax in self._wanted:
            self._wanted.discard(fax)
            self._on_unnoticed(fax)

    def _fax_of(self, notification: int) -> int | None:
        return next((fax for fax, shown in self._shown.items() if shown == notification), None)

    def _invoked(self, bus: object, sender: str, path: str, name: str, signal: str, said: GLib.Variant) -> None:
        notification, action = said.unpack()
        fax = self._fax_of(notification)
        if fax is None:
            return
        if action == LATER:
            self.withdraw(fax)
            self._on_closed(fax)
        else:
            self._on_answer(fax)

    def _closed(self, bus: object, sender: str, path: str, name: str, signal: str, said: GLib.Variant) -> None:
        notification, _ = said.unpack()
        fax = self._fax_of(notification)
        if fax is not None:
            del self._shown[fax]
            self._wanted.discard(fax)
            self._on_closed(fax)

    def _vanished(self, bus: Gio.DBusConnection, name: str) -> None:
        self._actions = None
        lost, self._shown = list(self._shown), {}
        for fax in lost:
            self._unnoticed(fax)

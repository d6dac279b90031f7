"""The dialogue for one fax: its first page as it goes out, and who it is for.

What always holds: closing it in whatever way leaves the fax waiting; it closes by itself only when the server has said
that the fax is addressed or discarded; what was typed stays when the server refuses or does not answer.
"""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import Gdk, GdkPixbuf, GLib, Gtk

from agent.answer_form import AnswerForm
from agent.api import Api
from agent.background import in_background
from agent.facts import Fax, Refusal, Unreachable
from agent.words import Words, how_many

PICTURE_WIDTH = 560
PICTURE_HEIGHT = 620
PAUSE_MS = 400
BOX = 2  # pixels of the fax across for one of the picture: 864 on A4


class Dialogue:
    """``on_closed`` is called with the fax when the window is gone."""

    def __init__(self, api: Api, fax: Fax, said: Words, *, on_closed: Callable[[int], None]) -> None:
        self._api = api
        self._fax = fax
        self._said = said
        self._busy = False
        self._turn = 0  # of what the fields say
        self._blind = False  # page one could not be shown, and the message says so
        self._elsewhere: str | None = None  # what the fax has become while our own answer was under way
        self.window = Gtk.Window(title=f"{said.waiting} – {fax.title or said.untitled}")
        self.window.set_default_size(1020, 700)
        self.window.set_icon_name("printer")
        self.window.set_border_width(12)
        self.window.connect("key-press-event", self._key_pressed)
        self.window.connect("destroy", lambda window: self._closed(on_closed))
        sides = Gtk.Box(spacing=18)
        sides.pack_start(self._picture_side(), True, True, 0)
        sides.pack_start(self._answer_side(), False, False, 0)
        self.window.add(sides)
        self.window.show_all()
        self._set_busy(False)
        self._look()

    def present(self) -> None:
        """Bring it to the front."""
        self.window.present_with_time(Gdk.CURRENT_TIME)
        self.form.number.grab_focus()

    def answered_elsewhere(self, state: str) -> None:
        """The fax waits no longer. ``state``: what it has become; empty where that is not known."""
        self._elsewhere = state
        if not self._busy:
            self._close_with_words()

    def _picture_side(self) -> Gtk.Widget:
        self._picture = Gtk.Image()
        self._picture.get_accessible().set_name(self._fax.title or self._said.untitled)
        frame = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN)
        frame.set_min_content_width(PICTURE_WIDTH + 20)
        frame.set_min_content_height(PICTURE_HEIGHT)
        frame.add(self._picture)
        return frame

    def _answer_side(self) -> Gtk.Widget:
        side = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12)
        head = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=40)
        title = GLib.markup_escape_text(self._fax.title or self._said.untitled)
        pages = GLib.markup_escape_text(how_many(self._fax.pages, self._said))
        head.set_markup(f"<b>{title}</b>\n{pages}")
        side.pack_start(head, False, False, 0)
        self.form = AnswerForm(self._api, self._fax, self._said)
        self.form.on_change(self._changed)
        side.pack_start(self.form.widget, True, True, 0)
        self._message = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=40)
        side.pack_start(self._message, False, False, 0)
        self._buttons = Gtk.Box(spacing=6, homogeneous=True)
        self._discard = self._button(self._said.discard, self._ask_to_discard)
        self._later = self._button(self._said.later, self.window.destroy)
        self._send = self._button(self._said.send, self._send_it)
        self._send.get_style_context().add_class("suggested-action")
        self._send.set_can_default(True)
        self.window.set_default(self._send)
        side.pack_end(self._buttons, False, False, 0)
        return side

    def _button(self, label: str, act: Callable[[], None]) -> Gtk.Button:
        button = Gtk.Button(label=label)
        button.connect("clicked", lambda button: act())
        self._buttons.pack_start(button, True, True, 0)
        return button

    def _closed(self, tell: Callable[[int], None]) -> None:
        self._turn += 1  # a picture that is still to come is drawn no more
        tell(self._fax.id)

    def _changed(self) -> None:
        """What was said is another: look again when the person pauses."""
        self._turn += 1
        turn = self._turn

        def paused() -> bool:
            if turn == self._turn:
                self._look()
            return False

        GLib.timeout_add(PAUSE_MS, paused)

    def _look(self) -> None:
        """Fetch page one as it goes out with what the fields say."""
        turn, cover, recipient = self._turn, self.form.chosen_cover(), self._recipient()

        def failed(refusal: Refusal) -> None:
            if turn == self._turn:
                self._blind = True
                self._tell(self._said.no_picture.format(why=refusal.text))

        def found(octets: bytes) -> None:
            if turn == self._turn:
                self._draw(octets)
                if self._blind:
                    self._blind = False
                    self._tell("")

        in_background(lambda: self._api.first_page(self._fax.id, recipient, cover, BOX), found, failed)

    def _recipient(self) -> dict[str, object]:
        """The recipient as the fields say; what the form does not show stays as it was said when it was printed."""
        person = self.form.person()
        kept = dict(self._fax.said or {})
        return kept | {"number": person.number or None, "name": person.name, "company": person.company}

    def _draw(self, octets: bytes) -> None:
        loader = GdkPixbuf.PixbufLoader.new_with_type("png")
        loader.write(octets)
        loader.close()
        found = loader.get_pixbuf()
        height = max(1, found.get_height() * PICTURE_WIDTH // max(1, found.get_width()))
        self._picture.set_from_pixbuf(found.scale_simple(PICTURE_WIDTH, height, GdkPixbuf.InterpType.HYPER))

    def _send_it(self) -> None:
        person, cover, group = self.form.person(), self.form.chosen_cover(), self.form.group
        if self._busy:
            return
        if group is None and not person.number:
            self._tell(self._said.no_number)
            self.form.number.grab_focus()
            return
        recipient = self._recipient()

        def work() -> Fax:
            if cover != self._fax.cover:
                self._api.set_cover(self._fax.id, cover)
            if group is not None:
                return self._api.address_all(self._fax.id, self._api.everybody(group))
            return self._api.address(self._fax.id, recipient)

        self._ask_server(work)

    def _ask_to_discard(self) -> None:
        question = Gtk.MessageDialog(
            transient_for=self.window,
            modal=True,
            message_type=Gtk.MessageType.QUESTION,
            text=self._said.discard_question,
        )
        question.add_button(self._said.keep, Gtk.ResponseType.CANCEL)
        question.add_button(self._said.discard, Gtk.ResponseType.YES)

        def answered(question: Gtk.MessageDialog, response: int) -> None:
            question.destroy()
            if response == Gtk.ResponseType.YES:
                self._ask_server(lambda: self._api.cancel(self._fax.id))

        question.connect("response", answered)
        question.show()

    def _ask_server(self, work: Callable[[], Fax]) -> None:
        self._set_busy(True)
        self._tell(self._said.sending)

        def done(fax: Fax) -> None:
            self.window.destroy()

        def refused(refusal: Refusal) -> None:
            self._set_busy(False)
            if self._elsewhere is not None:
                self._close_with_words()
                return
            self._tell(self._said.unreachable if isinstance(refusal, Unreachable) else refusal.text)

        in_background(work, done, refused)

    def _close_with_words(self) -> None:
        """Nothing is to be answered any more; the window stays until the person has read why."""
        said = self._said
        self._set_busy(True)
        self._tell(said.cancelled_elsewhere if self._elsewhere == "cancelled" else said.elsewhere)
        self._later.set_label(said.close)
        self._later.set_sensitive(True)

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        for widget in (self.form.widget, self._discard, self._later, self._send):
            widget.set_sensitive(not busy)

    def _tell(self, text: str) -> None:
        self._message.set_text(text)

    def _key_pressed(self, window: Gtk.Window, event: Gdk.EventKey) -> bool:
        if event.keyval == Gdk.KEY_Escape:
            window.destroy()
            return True
        return False

"""The agent's one main loop: news from the watcher's thread, notifications, dialogues, and work in the background.

What always holds: everything that touches a window happens on the main loop, everything that asks the daemon beside it;
a dialogue that closes, however it closes, leaves its fax waiting unless the person sent or discarded it.
"""

from __future__ import annotations

import threading

from gi.repository import GLib

from agent.api import Api
from agent.asking import Action, Asking, News, Notify, Open, Withdraw
from agent.dialogue import Dialogue
from agent.facts import Fax
from agent.notices import Notices
from agent.watching import Watcher
from agent.words import Words, how_many


class Desk:
    """``at_once``: dialogues open without a notification before them."""

    def __init__(self, api: Api, said: Words, *, at_once: bool) -> None:
        self._api = api
        self._said = said
        self._asking = Asking(at_once=at_once)
        self._dialogues: dict[int, Dialogue] = {}
        self._notices = Notices(
            said.application,
            on_answer=lambda fax: self._do(self._asking.wanted(fax)),
            on_closed=lambda fax: self._do(self._asking.dismissed(fax)),
            on_unnoticed=lambda fax: self._do(self._asking.unnoticed(fax)),
        )
        self._watcher = Watcher(api, self._tell)

    def start(self) -> None:
        """Begin to watch."""
        threading.Thread(target=self._watcher.run, daemon=True).start()

    def show_all(self) -> None:
        """Open a dialogue for whatever waits."""
        self._do(self._asking.all_wanted())

    def _tell(self, news: News) -> None:
        def on_main_loop() -> bool:
            self._do(self._asking.heard(news))
            return False

        GLib.idle_add(on_main_loop)

    def _do(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Notify(fax):
                    self._notify(fax)
                case Open(fax):
                    self._open(fax)
                case Withdraw(fax, state):
                    self._notices.withdraw(fax)
                    if fax in self._dialogues:
                        self._dialogues.pop(fax).answered_elsewhere(state)

    def _notify(self, fax: Fax) -> None:
        title = fax.title or self._said.untitled
        pages = how_many(fax.pages, self._said)
        text = self._said.notice.format(title=title, pages=pages, id=fax.id)
        self._notices.show(fax.id, self._said.waiting, text, self._said.answer, self._said.later)

    def _open(self, fax: Fax) -> None:
        self._notices.withdraw(fax.id)
        if fax.id not in self._dialogues:
            self._dialogues[fax.id] = Dialogue(self._api, fax, self._said, on_closed=self._closed)
        self._dialogues[fax.id].present()

    def _closed(self, fax: int) -> None:
        self._dialogues.pop(fax, None)
        self._asking.put_off(fax)

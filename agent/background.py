"""Work beside the main loop, whose outcome comes back to it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from gi.repository import GLib

from agent.facts import Refusal

T = TypeVar("T")


def in_background(work: Callable[[], T], done: Callable[[T], None], refused: Callable[[Refusal], None]) -> None:
    """Run ``work`` on a thread; then one of the others on the main loop, with what it gave or how it was refused."""

    def run() -> None:
        try:
            made = work()
        except Refusal as refusal:
            back(refused, refusal)
        except Exception as error:
            back(refused, Refusal("internal", f"{type(error).__name__}: {error}"))
            raise
        else:
            back(done, made)

    def back(call: Callable[[T], None] | Callable[[Refusal], None], value: object) -> None:
        def on_main_loop() -> bool:
            call(value)  # type: ignore[arg-type]
            return False

        GLib.idle_add(on_main_loop)

    threading.Thread(target=run, daemon=True).start()

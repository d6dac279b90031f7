"""Works the windows of desktop programs as a person with a screen reader would, by AT-SPI.

Runs under the system's Python (``gi``), inside a session: ``drive.py set NAME TEXT``, ``fill LABEL TEXT``, ``press
NAME``, ``choose LIST ENTRY``, ``select NAME``, ``type WINDOW TEXT``, ``see NAME``, ``dump``. A widget that is not there
yet is waited for; exit code 1 and the tree on standard error when it does not come. ``NAME`` may be ``WINDOW>NAME``,
``NAME#2`` for the second of that name, and ``role:ROLE`` for the first of a role.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Iterator
from typing import Any, TextIO

import gi

warnings.simplefilter("ignore", DeprecationWarning)
gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

PATIENCE_S = 60.0
NOT_PRESSED = ("frame", "dialog", "heading", "static", "section")
PRESSED = ("click", "press", "activate", "jump", "dodefault", "toggle", "select")


def children(widget: Any) -> list[Any]:
    try:
        return [child for child in (widget.get_child_at_index(i) for i in range(widget.get_child_count())) if child]
    except GLib.Error:
        return []


def every(window: str = "") -> Iterator[Any]:
    """Every widget on the desktop, or in the window of this name."""
    pending = children(Atspi.get_desktop(0))
    if window:
        pending = [each for application in pending for each in children(application) if told(each)[0] == window]
    while pending:
        widget = pending.pop(0)
        yield widget
        pending = children(widget) + pending


def told(widget: Any) -> tuple[str, str]:
    try:
        return widget.get_name() or "", widget.get_role_name() or ""
    except GLib.Error:
        return "", ""


def shows(widget: Any) -> bool:
    try:
        states = widget.get_state_set()
        return bool(states.contains(Atspi.StateType.SHOWING) or states.contains(Atspi.StateType.VISIBLE))
    except GLib.Error:
        return False


def usable(widget: Any, act: str) -> bool:
    try:
        if act == "set":
            return bool(widget.get_editable_text_iface()) and bool(
                widget.get_state_set().contains(Atspi.StateType.SENSITIVE)
            )
        if act == "press":
            return widget.get_n_actions() > 0 and bool(widget.get_state_set().contains(Atspi.StateType.SENSITIVE))
    except GLib.Error:
        return False
    return True


def find(name: str, act: str) -> Any:
    window, _, inside = name.rpartition(">")
    wanted, _, nth = inside.partition("#")
    left = int(nth or 1)
    for widget in every(window):
        title, role = told(widget)
        fits = role == wanted[5:] if wanted.startswith("role:") else title.replace("_", "") == wanted
        if fits and shows(widget) and usable(widget, act) and not (act == "press" and role in NOT_PRESSED):
            left -= 1
            if not left:
                return widget
    return None


def awaited(name: str, act: str) -> Any:
    limit = time.monotonic() + PATIENCE_S
    while (found := find(name, act)) is None:
        if time.monotonic() > limit:
            dump(sys.stderr)
            sys.exit(f"{name} is not there to {act}")
        time.sleep(0.3)
    return found


def dump(out: TextIO) -> None:
    def tell(widget: Any, depth: int) -> None:
        title, role = told(widget)
        print(f"{'  ' * depth}{role} {title!r}{'' if shows(widget) else ' (hidden)'}", file=out)
        for child in children(widget):
            tell(child, depth + 1)

    tell(Atspi.get_desktop(0), 0)


def press(widget: Any) -> None:
    names = [widget.get_action_name(i).lower() for i in range(widget.get_n_actions())]
    best = next((names.index(name) for name in PRESSED if name in names), 0)
    widget.do_action(best)


def main(act: str, *words: str) -> None:
    if act == "dump":
        dump(sys.stdout)
    elif act == "set":
        awaited(words[0], act).set_text_contents(words[1])
    elif act == "press":
        press(awaited(words[0], act))
    elif act == "select":
        select(words[0])
    elif act == "type":
        # The one text field of a window that is really in sight.
        limit = time.monotonic() + PATIENCE_S
        while not (fields := [each for each in every(words[0]) if usable(each, "set") and in_sight(each)]):
            if time.monotonic() > limit:
                dump(sys.stderr)
                sys.exit(f"{words[0]} shows no field to type into")
            time.sleep(0.3)
        fields[0].set_text_contents(words[1])
    elif act == "fill":
        field = beside(awaited(words[0], "see"))
        if field is None:
            dump(sys.stderr)
            sys.exit(f"there is no field beside {words[0]}")
        field.set_text_contents(words[1])
    elif act == "see":
        awaited(words[0], act)
    elif act == "choose":
        awaited(words[0], "see")
        box = awaited(words[0], "see")
        entries = [each for each in _below(box) if told(each)[0] == words[1]]
        if not entries:
            dump(sys.stderr)
            sys.exit(f"{words[0]} has no {words[1]}")
        press(entries[0])


def in_sight(widget: Any) -> bool:
    return bool(widget.get_state_set().contains(Atspi.StateType.SHOWING))


def select(name: str) -> None:
    """Select a row of a list, or a tab."""
    limit = time.monotonic() + PATIENCE_S
    while True:
        widget = awaited(name, "see")
        try:
            if widget.get_parent().select_child(widget.get_index_in_parent()):
                return
        except GLib.Error:
            pass
        if time.monotonic() > limit:
            sys.exit(f"{name} cannot be selected")
        time.sleep(0.3)


def beside(label: Any) -> Any:
    """The text field that stands beside a label, before or after it."""
    row = children(label.get_parent())
    at = next(i for i, each in enumerate(row) if each == label)
    for place in (at - 1, at + 1):
        if 0 <= place < len(row):
            for widget in (row[place], *_below(row[place])):
                if usable(widget, "set"):
                    return widget
    return None


def _below(widget: Any) -> Iterator[Any]:
    for child in children(widget):
        yield child
        yield from _below(child)


if __name__ == "__main__":
    main(*sys.argv[1:])

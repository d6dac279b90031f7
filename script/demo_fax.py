"""The demo's door: its arguments, and what happens when a signal ends it. The story itself is in ``demo_story``.

What always holds: the first SIGINT, SIGTERM or SIGHUP ends the demo; from then on, and whenever the house is being
stopped, further ones are only answered, so that an impatient second Ctrl-C leaves no process behind. Imports nothing
that takes time before the signals are in place.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from types import FrameType

from script.demo_signals import ENDING


class Ended(Exception):
    """The person or the system asked us to end."""


def end(number: int, _frame: FrameType | None) -> None:
    stopping()
    raise Ended(signal.Signals(number).name)


def wait_a_moment(_number: int, _frame: FrameType | None) -> None:
    with contextlib.suppress(OSError):
        os.write(2, b"\nEverything is being stopped; this takes some seconds.\n")


def stopping() -> None:
    """From now on no signal disturbs."""
    for number in ENDING:
        signal.signal(number, wait_a_moment)


def say(text: str) -> None:
    """On standard error, if it is still there: after SIGHUP the terminal is gone."""
    with contextlib.suppress(OSError):
        os.write(2, f"{text}\n".encode())


def main() -> int:
    for number in ENDING:
        signal.signal(number, end)
    try:
        parser = argparse.ArgumentParser(prog="script/demo")
        parser.add_argument("--stay", action="store_true")
        arguments = parser.parse_args()
        from script.demo_story import StoryError, run

        try:
            return run(arguments.stay, stopping)
        except StoryError as error:
            say(f"demo: {error}")
            return 1
        except BrokenPipeError:
            return 141  # whoever read along has gone
    except Ended as ended:
        say(f"\nEnded by {ended}; everything is stopped.")
        return 130


if __name__ == "__main__":
    code = main()
    stopping()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    # Nothing is left to be tidied up, and a late Ctrl-C shall not show our insides.
    os._exit(code)

"""Following jobs as they go: a line for each event, and on a terminal the state of affairs below them.

What always holds: following ends when every job asked for has ended, and says how each ended; a daemon that is started
anew in between loses no event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cli import output, words
from fax.client import Client
from fax.types import Event, JobId, JobState

_ENDS = {"done": JobState.DONE, "failed": JobState.FAILED, "cancelled": JobState.CANCELLED}


def cursor_now(client: Client) -> int:
    """The cursor of the latest event there is."""
    last = client.status().cursor
    if not last:
        # A server that does not say it: its events do.
        for event in client.events():
            last = event.cursor
    return last


def follow(client: Client, jobs: frozenset[JobId] | None, after: int, as_json: bool) -> dict[JobId, JobState]:
    """Show events after the cursor ``after`` until all of ``jobs`` have ended, and return how each did.

    ``jobs`` None: all there are, for ever. Raises FaxError.
    """
    ended: dict[JobId, JobState] = {}
    only = next(iter(jobs)) if jobs is not None and len(jobs) == 1 else None
    with _shower(as_json, named=only is None) as show:
        for event in client.events(after, follow=True, job=only, reconnect=True):
            if jobs is not None and event.job not in jobs:
                continue
            show(event)
            state = _ENDS.get(event.kind)
            if jobs is not None and state is not None and event.job is not None:
                ended[event.job] = state
                if ended.keys() >= jobs:
                    break
    return ended


def follow_one(client: Client, id: JobId, as_json: bool) -> JobState:
    """Show one job's events from its beginning until it ends."""
    job = client.job(id)
    if not job.state.ended:
        return follow(client, frozenset([id]), 0, as_json)[id]
    told = False
    with _shower(as_json, named=False) as show:
        for event in client.events(0, job=id):
            show(event)
            told = told or event.kind in _ENDS
    if not told and not as_json:
        output.line(f"{words.STATES[job.state]}{': ' + job.reason if job.reason else ''}")
    return job.state


def _plain(event: Event, named: bool) -> str:
    job = f"job {event.job}  " if named and event.job is not None else ""
    return f"{output.clock(event.at)}  {job}{words.event(event)}"


@contextmanager
def _shower(as_json: bool, *, named: bool) -> Iterator[Callable[[Event], None]]:
    if as_json:
        yield output.json_line
    elif not output.on_terminal():
        yield lambda event: output.line(_plain(event, named))
    else:
        from rich.text import Text

        console = output.console()
        with console.status("waiting for what comes next") as status:

            def show(event: Event) -> None:
                style = output.STYLES.get(event.kind.removeprefix("page-"), "")
                console.print(Text(output.shown(_plain(event, named)), style=style))
                status.update(Text(output.shown(words.event(event))))

            yield show

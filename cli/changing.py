"""The commands that do one thing to each of several faxes: cancel, hold, resume, restart, resend, delete.

What always holds: all of them are tried, also after one was refused; the exit code is the first refusal's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from cli.exits import ExitCode, exit_code
from cli.sending import Json
from fax.errors import FaxError, NotRunningError
from fax.types import Job, JobId

JobIds = Annotated[list[int], typer.Argument(metavar="ID", help="Job numbers.", show_default=False)]


def register(app: typer.Typer) -> None:
    for command in (cancel, hold, resume, restart, resend, delete):
        app.command()(command)


def _each(
    ids: Sequence[int], act: Callable[[JobId], Job], as_json: bool, unended: str | None = None, ended: str | None = None
) -> None:
    """Do ``act`` on all jobs, also after one was refused; leave with the first refusal's exit code.

    ``unended``, ``ended``: what to say of a job that has not, or has, ended, instead of its state.
    """
    from cli import output, words

    code: ExitCode | None = None
    done: list[Job] = []
    for id in ids:
        try:
            job = act(JobId(id))
        except NotRunningError:
            raise
        except FaxError as error:
            output.complain(error.text if str(id) in error.text else f"job {id}: {error.text}")
            code = code or exit_code(error)
            continue
        done.append(job)
        if not as_json:
            said = ended if job.state.ended else unended
            output.line(f"job {job.id}: {said or words.STATES[job.state]}")
    if as_json:
        output.json(done)
    if code is not None:
        raise typer.Exit(code)


def cancel(context: typer.Context, ids: JobIds, as_json: Json = False) -> None:
    """End faxes; a call that is under way is ended."""
    from fax.client import Client

    _each(ids, Client(context.obj).cancel, as_json, unended="its call is being ended")


def hold(context: typer.Context, ids: JobIds, as_json: Json = False) -> None:
    """Pause faxes until `platen resume`."""
    from fax.client import Client

    _each(ids, Client(context.obj).hold, as_json)


def resume(context: typer.Context, ids: JobIds, as_json: Json = False) -> None:
    """Let paused faxes go on."""
    from fax.client import Client

    _each(ids, Client(context.obj).resume, as_json)


def restart(context: typer.Context, ids: JobIds, as_json: Json = False) -> None:
    """Let faxes that failed or were cancelled go on at the first page not confirmed."""
    from fax.client import Client

    _each(ids, Client(context.obj).restart, as_json)


def resend(context: typer.Context, ids: JobIds, as_json: Json = False) -> None:
    """Send faxes that have ended again, all their pages, as new ones."""
    from fax.client import Client

    _each(ids, Client(context.obj).resend, as_json)


def delete(context: typer.Context, ids: JobIds, as_json: Json = False) -> None:
    """Delete faxes that have ended, with their pages and the records of their calls."""
    from fax.client import Client

    _each(ids, Client(context.obj).delete, as_json, ended="deleted")

"""The routing method that prints a fax at a CUPS queue.

Data: the queue's name; options: those of the print job (``media=A4``, ``sides=two-sided-long-edge``, ``copies=2``).

What always holds: CUPS is spoken to by a child that is ended when it takes too long, never by the daemon; the print
job's name begins with the delivery's id, so that a delivery that is made again after a crash finds the job that CUPS
has of it already and prints nothing twice.
"""

from __future__ import annotations

import asyncio
import re
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

from codec.errors import TiffError
from codec.pdf import write_pdf
from codec.tiff import TiffReader
from fax.errors import Cause, RequestError
from fax.routing import PRINT_GUID, Target, target_of
from spooler.printing_child import Answer, Question
from spooler.routing_method import BuiltIn, MethodAbout, Order, Outcome, failed
from spooler.routing_names import harmless

TIMEOUT_S = 60.0
CHILDREN = 2  # at the same time: they are there for a moment, and printers are slow anyway
_OPTION = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


def parsed(data: bytes) -> Target:
    """Raises RequestError BAD_CONFIGURATION."""
    try:
        target = target_of(data)
    except RequestError as error:
        raise RequestError(Cause.BAD_CONFIGURATION, error.text) from error
    if not target.text or re.search(r"[\s/#\\'\"]", target.text):
        raise RequestError(Cause.BAD_CONFIGURATION, f"{target.text!r} is not the name of a print queue")
    for name in target.options:
        if not _OPTION.fullmatch(name):
            raise RequestError(Cause.BAD_CONFIGURATION, f"{name!r} is not the name of a print option")
    return target


async def ask(question: Question, timeout_s: float = TIMEOUT_S) -> Answer:
    """What CUPS says. Raises nothing: what fails is the answer's ``trouble``."""
    try:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "spooler.printing_child",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=Path(__file__).resolve().parents[1],
        )
    except OSError as error:
        return Answer(trouble=f"No child can be started: {error.strerror or error}")
    try:
        async with asyncio.timeout(timeout_s):
            said, _ = await child.communicate(msgspec.json.encode(question))
        return msgspec.json.decode(said, type=Answer)
    except TimeoutError:
        return Answer(trouble=f"CUPS did not answer within {timeout_s:.0f} s")
    except msgspec.DecodeError:
        return Answer(trouble="What speaks to CUPS ended without an answer")
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


class PrintMethod(BuiltIn):
    """Made on the event loop."""

    about = MethodAbout(guid=PRINT_GUID, friendly_name="Print", function_name="FaxRoutePrint", text_data=True)

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(CHILDREN)

    async def check(self, data: bytes, port: str, device: int) -> None:
        target = parsed(data)
        async with self._room:
            answer = await ask(Question(queue=target.text))
        if answer.trouble:
            raise RequestError(Cause.BAD_CONFIGURATION, answer.trouble)

    async def deliver(self, order: Order) -> Outcome:
        target = parsed(order.data)
        document = order.folder / f"{order.id}-print.pdf"
        who = harmless(order.fax.tsid or order.fax.caller_id)
        title = f"{order.id} Fax {order.job} from {who}"
        try:
            await asyncio.to_thread(_write, order.files[0].path, document, title)
            question = Question(
                queue=target.text,
                document=str(document),
                title=title,
                prefix=f"{order.id} ",
                options=dict(target.options),
                look=order.tried,
            )
            async with self._room:
                answer = await ask(question)
        except (OSError, TiffError) as error:
            return failed(f"The fax cannot be made ready for printing: {error}")
        finally:
            await asyncio.to_thread(document.unlink, missing_ok=True)
        if answer.trouble:
            return failed(answer.trouble)
        said = "is print job" if answer.known else "given to CUPS as job"
        return Outcome(done=True, text=f"{said[0].upper()}{said[1:]} {target.text}-{answer.job}")


def _write(fax: Path, document: Path, title: str) -> None:
    with TiffReader(fax) as reader:
        write_pdf(reader, document, title)

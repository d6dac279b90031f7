"""From a plan to its pages, each proved to be the one that the plan means; and the same for a document to be fetched.

What always holds: either every page is there with the digest that was named for it, or PlanError.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from codec.errors import CodecError
from codec.page import Page
from codec.tiff import read_pages
from modem.entries import page_words
from modem.plan import CallPlan, PageOfCall
from modem.port.messages import ServedDocument
from modem.t30.frames import ident_fif


class PlanError(Exception):
    """The plan cannot be carried out as it stands; the text says why."""


def load_plan(path: Path) -> CallPlan:
    """Raises PlanError."""
    try:
        plan = CallPlan.load(path)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PlanError(f"the plan {path} cannot be read: {error}") from error
    if not any(document.pages for document in plan.documents) and plan.fetch is None:
        raise PlanError("the plan has no pages")
    return plan


def load_pages(plan: CallPlan) -> tuple[Page, ...]:
    """All pages of the plan, in its order. Raises PlanError."""
    files: dict[str, list[Page]] = {}
    return tuple(_load(files, each) for each in plan.pages)


def load_served(document: ServedDocument) -> tuple[Page, ...]:
    """All pages of a document that callers may fetch. Raises PlanError."""
    try:
        for text in (document.password, document.selection):
            ident_fif(text)
        pages = tuple(read_pages(Path(document.file)))
    except (OSError, CodecError) as error:
        raise PlanError(f"{document.file} cannot be read: {error}") from error
    except ValueError as error:
        raise PlanError("a password or selection is not 20 printable ASCII characters at most") from error
    if not pages or tuple(page.digest for page in pages) != document.digests:
        raise PlanError(f"{document.file} does not have the {len(document.digests)} pages that were named")
    return pages


def _load(files: dict[str, list[Page]], each: PageOfCall) -> Page:
    planned = each.page
    where = f"{page_words(each.said)} of job {each.document.job}"
    if planned.file not in files:
        try:
            files[planned.file] = read_pages(Path(planned.file))
        except (OSError, CodecError) as error:
            raise PlanError(f"{where} cannot be read: {error}") from error
    if not 0 <= planned.index < len(files[planned.file]):
        raise PlanError(f"{where} is missing: {planned.file} has {len(files[planned.file])} pages")
    page = files[planned.file][planned.index]
    if page.digest != planned.digest:
        raise PlanError(f"{where} is not the page that was prepared (digest {page.digest}, not {planned.digest})")
    return page

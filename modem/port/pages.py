"""From a plan to its pages, each proved to be the one that the plan means.

What always holds: either every page of the plan is there with the digest that the plan names, or PlanError.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from codec.errors import CodecError
from codec.page import Page
from codec.tiff import read_page
from modem.plan import CallPlan


class PlanError(Exception):
    """The plan cannot be carried out as it stands; the text says why."""


def load_plan(path: Path) -> CallPlan:
    """Raises PlanError."""
    try:
        plan = CallPlan.load(path)
    except (OSError, msgspec.DecodeError) as error:
        raise PlanError(f"the plan {path} cannot be read: {error}") from error
    if not any(document.pages for document in plan.documents):
        raise PlanError("the plan has no pages")
    return plan


def load_pages(plan: CallPlan) -> tuple[Page, ...]:
    """All pages of the plan, in its order. Raises PlanError."""
    return tuple(
        _load(document.job, page.number, page.file, page.index, page.digest)
        for document in plan.documents
        for page in document.pages
    )


def _load(job: int, number: int, file: str, index: int, digest: str) -> Page:
    where = f"page {number} of job {job}"
    try:
        page = read_page(Path(file), index)
    except (OSError, CodecError) as error:
        raise PlanError(f"{where} cannot be read: {error}") from error
    if page.digest != digest:
        raise PlanError(f"{where} is not the page that was prepared (its digest is {page.digest}, not {digest})")
    return page

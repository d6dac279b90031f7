"""What calls that came in left besides their faxes goes by age: never a fax, nor what may be one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from codec.tiff import read_pages
from modem import journal
from modem.received import ReceivedCall
from spooler.checking import check
from spooler.retention import Ages, Retention
from tests.spooler.calling_in import call_in, sent
from tests.spooler.test_reception import PORT, Desk, make_desk

AGES = Ages(sent_days=None, unsent_days=None, events_days=30)
LATER = timedelta(days=31)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = make_desk(tmp_path / "spool")
    yield made
    made.store.close()


def without_a_page(desk: Desk, name: str) -> ReceivedCall:
    """A call that rang off before its first page, taken in."""
    entries = sent().entries
    first = next(n for n, entry in enumerate(entries) if entry.kind == "page-received")
    call = call_in(desk.folder, name, sent(), first)
    assert desk.reception.take_in(PORT, call)
    return call


def tidy(desk: Desk, later: timedelta = LATER) -> None:
    Retention(desk.store, desk.spool).tidy(AGES, datetime.now(UTC) + later)


def taken(desk: Desk) -> set[str]:
    return desk.reception.taken(PORT)


def test_the_folder_of_a_call_without_a_page_goes_and_is_not_taken_for_a_new_one(desk: Desk) -> None:
    call = without_a_page(desk, "in-1")
    assert desk.jobs() == []
    tidy(desk, timedelta(days=29))
    assert call.journal.exists(), "it is young"
    tidy(desk)
    assert not call.folder.exists()
    assert taken(desk) == set(), "nothing is remembered of what is gone"
    desk.reception.look(())
    assert desk.kinds().count("received") == 0, "its event went by age, and there is no second one"
    assert check(desk.spool) == []


def test_a_call_whose_pages_only_we_have_lost_stays_for_people(desk: Desk) -> None:
    call = call_in(desk.folder, "in-1")
    call.pages.rename(call.folder / "saved-by-hand.tif")
    assert desk.reception.take_in(PORT, call)
    assert desk.jobs() == []
    other = call_in(desk.folder, "in-2")
    other.pages.unlink()
    assert desk.reception.take_in(PORT, other)
    tidy(desk)
    assert call.journal.exists() and (call.folder / "saved-by-hand.tif").exists()
    assert other.journal.exists(), "the far end was told that we have its pages"
    assert taken(desk) == {"in-1", "in-2"}


def test_what_a_provider_wrote_and_nobody_could_read_stays(desk: Desk) -> None:
    unread, empty = without_a_page(desk, "in-1"), without_a_page(desk, "in-2")
    (unread.folder / "arriving.tif").write_bytes(b"not a TIFF")
    (empty.folder / "arriving.tif").touch()
    tidy(desk)
    assert unread.journal.exists() and not empty.folder.exists()


def test_beside_a_fax_the_recording_of_its_call_goes_and_the_fax_stays(desk: Desk) -> None:
    call = call_in(desk.folder, "in-1")
    pages = call.pages.read_bytes()
    assert desk.reception.take_in(PORT, call)
    call.pages.write_bytes(pages)  # as a crash leaves it
    images = journal.images_path(call.journal)
    assert images.exists()
    tidy(desk, timedelta(days=29))
    assert images.exists() and call.pages.exists()
    tidy(desk)
    assert not images.exists() and not call.pages.exists()
    assert [page.digest for page in read_pages(call.folder / "fax.tif")] == sent().digests
    (job,) = desk.jobs()
    assert job.pages_total == 2 and taken(desk) == {"in-1"}
    assert check(desk.spool) == []


def test_a_call_that_waits_to_be_taken_in_is_left_alone(desk: Desk) -> None:
    waiting = call_in(desk.folder, "in-1")
    tidy(desk)
    assert waiting.pages.exists()
    assert desk.reception.take_in(PORT, waiting)
    assert len(desk.jobs()) == 1


def test_killed_anywhere_in_between_nothing_is_taken_in_twice_and_nothing_is_left(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = without_a_page(desk, "in-1")
    retention = Retention(desk.store, desk.spool)

    def killed() -> None:
        raise OSError("killed")

    monkeypatch.setattr(retention, "empty", killed)
    with pytest.raises(OSError, match="killed"):
        retention.tidy(AGES, datetime.now(UTC) + LATER)
    assert call.journal.exists() and taken(desk) == {"in-1"}, "its folder is waste, and known as long as it is there"
    desk.reception.look(())
    assert taken(desk) == {"in-1"}
    tidy(desk)
    assert not call.folder.exists() and taken(desk) == set()


def test_many_calls_are_gone_through_in_parts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spooler.retention.CALLS_AT_ONCE", 2)
    calls = [without_a_page(desk, f"in-{n}") for n in range(5)]
    kept = call_in(desk.folder, "in-9")
    assert desk.reception.take_in(PORT, kept)
    tidy(desk)
    assert not any(call.folder.exists() for call in calls)
    assert (kept.folder / "fax.tif").exists() and taken(desk) == {"in-9"}

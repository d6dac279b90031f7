"""What goes of the archive by itself: right at the marks, whatever comes when, while a clock turns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from fax.settings import Configuration
from spooler.archive_cleanup import MB, Kept, Limits, Why, going, limits_of

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Shelf:
    """An archive of names and sizes, and a clock."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.now = BEGAN
        self.faxes: list[Kept] = []
        self._next = 1

    @property
    def octets(self) -> int:
        return sum(fax.octets for fax in self.faxes)

    def put(self, octets: int) -> None:
        self.faxes.append(Kept(id=self._next, at=self.now, octets=octets))
        self._next += 1

    def clean(self) -> list[tuple[Kept, Why]]:
        in_order = sorted(self.faxes, key=lambda fax: (fax.at, fax.id))
        gone = list(going(iter(in_order), self.octets, self.limits, self.now))
        ids = {fax.id for fax, _ in gone}
        self.faxes = [fax for fax in self.faxes if fax.id not in ids]
        return gone


LIMITS = st.builds(
    lambda keep, high, low: Limits(
        keep=None if keep is None else keep * HOUR, high=high, low=None if high is None else min(low, high)
    ),
    keep=st.one_of(st.none(), st.integers(1, 30)),
    high=st.one_of(st.none(), st.integers(0, 60)),
    low=st.integers(0, 60),
)
STEPS = st.lists(
    st.one_of(st.tuples(st.just("put"), st.integers(0, 20)), st.tuples(st.just("wait"), st.integers(0, 9)))
)


@given(limits=LIMITS, steps=STEPS)
def test_nothing_is_kept_too_long_or_too_much_and_nothing_goes_too_soon(
    limits: Limits, steps: list[tuple[str, int]]
) -> None:
    shelf = Shelf(limits)
    for act, much in steps:
        if act == "put":
            shelf.put(much)
        else:
            shelf.now += much * HOUR
        before, faxes = shelf.octets, list(shelf.faxes)
        gone = shelf.clean()
        # The oldest go first, each once.
        assert [fax for fax, _ in gone] == faxes[: len(gone)]
        for at, (fax, why) in enumerate(gone):
            left = before - sum(earlier.octets for earlier, _ in gone[:at])
            if why is Why.AGE:
                assert limits.keep is not None
                assert shelf.now - fax.at >= limits.keep
            else:
                assert limits.low is not None
                assert left > limits.low
        by_age = sum(fax.octets for fax, why in gone if why is Why.AGE)
        if any(why is Why.QUOTA for _, why in gone):
            assert limits.high is not None
            assert before - by_age > limits.high
        if limits.keep is not None:
            assert all(shelf.now - fax.at < limits.keep for fax in shelf.faxes)
        if limits.high is not None:
            assert shelf.octets <= limits.high
        assert shelf.clean() == []


def test_a_fax_goes_at_the_very_moment_that_it_is_old_enough() -> None:
    shelf = Shelf(Limits(keep=timedelta(days=1)))
    shelf.put(1)
    shelf.now = BEGAN + timedelta(days=1) - timedelta(microseconds=1)
    assert shelf.clean() == []
    shelf.now = BEGAN + timedelta(days=1)
    assert [why for _, why in shelf.clean()] == [Why.AGE]


def test_an_archive_at_its_high_mark_stays_and_one_octet_more_takes_it_to_the_low_mark() -> None:
    shelf = Shelf(Limits(high=100, low=50))
    for _ in range(10):
        shelf.put(10)
    assert shelf.clean() == []
    shelf.put(1)
    assert len(shelf.clean()) == 6  # 101 octets: 41 are the first sum at or below 50
    assert shelf.octets == 41


def test_without_limits_nothing_ever_goes() -> None:
    for days in (None, 0):
        shelf = Shelf(limits_of(Configuration(archive_keep_days=days)))
        shelf.put(1 << 40)
        shelf.now += timedelta(days=40_000)
        assert shelf.clean() == []


def test_the_marks_are_as_the_settings_say() -> None:
    said = limits_of(Configuration(archive_high_mb=100, archive_low_mb=70, archive_keep_days=3))
    assert said == Limits(keep=timedelta(days=3), high=100 * MB, low=70 * MB)
    assert limits_of(Configuration(archive_high_mb=10)) == Limits(high=10 * MB, low=9 * MB)
    assert limits_of(Configuration(archive_low_mb=10)) == Limits()

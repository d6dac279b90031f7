"""The order of the jobs that wait: an index that always knows the next one whose time has come. Pure.

The order: a job's level first (its priority, raised by one for each ``ageing`` that its sender has waited with jobs of
this priority and had none called), then the sender whose last call lies furthest back, then the older job. So senders
take turns within a level however much one of them has handed in, and nobody waits for ever behind higher priorities.

What always holds: every admitted job is in exactly one group (its queue's jobs for one number and line); a group stands
in its queue by its first job, unless its number is blocked; a queue (one sender, one priority, one lane) stands in its
lane by its first group; a lane opens as a whole when its time comes. So each change moves a few entries. Where one
event changes many (an hour's ageing of all senders, a number that all of them write to), the work is an iterator that
yields after each few; ``first`` is asked when ``settle`` has nothing left to do.

Must not: know periods of the day, or why a number is blocked. Its ageing clock, in microseconds, only goes forward.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Generator, Iterator
from datetime import datetime
from heapq import heappop, heappush
from itertools import islice

from spooler.schedule_routes import Pool
from spooler.schedule_table import Table
from spooler.schedule_types import HIGHEST, RANKS, Candidate

Entry = tuple[int, int]  # since when it ages, job
Key = tuple[int, int, int, int]  # minus level, turn, since when it ages, job
SMALL_LANE = 200  # jobs: so many are moved one by one


class _Group:
    __slots__ = ("entries", "head", "line", "number", "queue")

    def __init__(self, queue: _Queue, number: str, line: str) -> None:
        self.queue = queue
        self.number = number
        self.line = line
        self.entries: list[Entry] = []
        self.head: Entry | None = None  # as it stands in the queue


class _Queue:
    __slots__ = ("groups", "heads", "key", "lane", "rank", "timer", "user")

    def __init__(self, lane: _Lane, user: str, rank: int) -> None:
        self.lane = lane
        self.user = user
        self.rank = rank
        self.groups: Table[tuple[str, str], _Group] = Table()
        self.heads: list[tuple[int, int, _Group]] = []
        self.key: Key | None = None  # as it stands in the lane
        self.timer: int | None = None


class _Lane:
    """Jobs that may use the same ports from the same time on, in the same period. ``opens`` None: from the start."""

    __slots__ = ("discount", "is_open", "jobs", "opens", "order", "pool", "queues")

    def __init__(self, pool: Pool, discount: bool, opens: datetime | None) -> None:
        self.pool = pool
        self.discount = discount
        self.opens = opens
        self.is_open = opens is None
        self.jobs = 0
        self.queues: Table[tuple[str, int], _Queue] = Table()
        self.order: list[tuple[int, int, int, int, _Queue]] = []


class Queues:
    """``ageing``: microseconds. ``clock``: where the clock stands."""

    def __init__(self, ageing: int, clock: int) -> None:
        self._ageing = max(1, ageing)
        self._clock = clock
        self._lanes: Table[tuple[Pool, bool, datetime | None], _Lane] = Table()
        self._open: dict[_Lane, None] = {}
        self._openings: list[tuple[datetime, int, _Lane]] = []
        self._places: Table[int, _Group] = Table()  # by job
        self._at: Table[str, Table[_Group, bool]] = Table()  # by number
        self._blocked: set[str] = set()
        self._of_user: Table[str, Table[_Queue, bool]] = Table()
        # What is still to find its place: the groups of these numbers, the queues of these senders.
        self._stale_numbers: dict[str, None] = {}
        self._stale_users: dict[str, None] = {}
        self._turns: dict[str, int] = {}
        self._served: dict[tuple[str, int], int] = {}
        self._turn = 0
        self._timers: list[tuple[int, int, _Queue]] = []
        self._count = 0

    def admit(self, candidate: Candidate, since: int, pool: Pool, opens: datetime | None) -> None:
        """The job may go out from ``opens`` on; None: at once. ``since``: when it began to age, by our clock."""
        queue = self._queue(self._lane(pool, candidate.discount, opens), candidate.user, RANKS[candidate.priority])
        self._add((since, candidate.job), queue, candidate.number, candidate.line)

    def withdraw(self, job: int, since: int) -> None:
        """The job does not wait any more."""
        group = self._places[job]
        del self._places[job]
        group.queue.lane.jobs -= 1
        del group.entries[bisect_left(group.entries, (since, job))]
        self._list(group)
        if not group.entries:
            self._forget(group)

    def opens(self, job: int) -> datetime | None:
        """The time that the job waits for; None: it has come."""
        lane = self._places[job].queue.lane
        return None if lane.is_open else lane.opens

    def block(self, number: str) -> None:
        """No call to this number."""
        if number not in self._blocked:
            self._blocked.add(number)
            self._stale_numbers[number] = None

    def unblock(self, number: str) -> None:
        if number in self._blocked:
            self._blocked.discard(number)
            self._stale_numbers[number] = None

    def serve(self, user: str, ranks: set[int]) -> None:
        """The sender has a call now, for jobs of these priorities: the others are first."""
        self._turn += 1
        self._turns[user] = self._turn
        for rank in ranks:
            self._served[user, rank] = self._clock
        self._stale_users[user] = None

    def settle(self) -> Iterator[None]:
        """Let everything stand where it belongs. May be left off and begun again."""
        while self._stale_numbers:
            number = next(iter(self._stale_numbers))
            for group in self._at.get(number) or ():
                self._list(group)
                yield
            del self._stale_numbers[number]
        while self._stale_users:
            user = next(iter(self._stale_users))
            for queue in self._of_user.get(user) or ():
                self._place(queue)
                yield
            del self._stale_users[user]

    def take_over(self, other: Queues) -> None:
        """Whose turn it is, as ``other`` knew it. Before anything is admitted."""
        self._turns, self._served, self._turn = other._turns, other._served, other._turn
        self._blocked = other._blocked

    def advance(self, clock: int, now: datetime) -> Iterator[None]:
        """Our clock stands at ``clock`` now, and the one on the wall at ``now``. To be gone through to its end."""
        self._clock = clock
        while self._openings and self._openings[0][0] <= now:
            lane = heappop(self._openings)[2]
            if self._is_asleep(lane):
                yield from self._wake(lane)
            yield
        while self._openings and not self._is_asleep(self._openings[0][2]):
            heappop(self._openings)
            yield
        while self._timers and self._timers[0][0] <= clock:
            due, _, queue = heappop(self._timers)
            if queue.timer == due:
                queue.timer = None
                self._place(queue)
            yield

    def set_back(self, now: datetime) -> Iterator[None]:
        """The clock on the wall was set back to ``now``: what was to wait until later waits again. To be gone through
        to its end."""
        for lane in [lane for lane in self._open if lane.opens is not None and lane.opens > now]:
            del self._open[lane]
            lane.is_open = False
            for queue in lane.queues.values():
                queue.key = None
                self._forget_user(queue)
                yield
            while lane.order:
                lane.order.pop()
                yield
            self._put_to_sleep(lane)

    def next_opening(self) -> datetime | None:
        """When the next job's time comes, or something is looked at that was to come then."""
        return self._openings[0][0] if self._openings else None

    def first(self, discount: bool) -> tuple[int, str] | None:
        """The next job that there is a free port for, and that port. ``discount``: in the discount period."""
        best: tuple[int, int, int, int, _Queue] | None = None
        for lane in self._open:
            if lane.order and (discount or not lane.discount) and lane.pool.first_free is not None:
                candidate = lane.order[0]
                if best is None or candidate < best:
                    best = candidate
        if best is None:
            return None
        port = best[4].lane.pool.first_free
        assert port is not None
        return best[3], port

    def companions(self, job: int, port: str, discount: bool, limit: int) -> Generator[None, None, tuple[int, ...]]:
        """At most ``limit`` other jobs that can share a call with ``job`` on ``port``: higher priorities and then older
        ones first. Returned at the end; may be left off."""
        group = self._places[job]
        found: list[tuple[int, int, int]] = []
        for other in self._at[group.number]:
            lane = other.queue.lane
            if other.line == group.line and lane.is_open and (discount or not lane.discount) and port in lane.pool:
                for since, each in islice(other.entries, limit + 1):
                    entry = (-other.queue.rank, since, each)
                    if len(found) > limit and entry > found[-1]:
                        break
                    insort(found, entry)
                    del found[limit + 1 :]
            yield
        return tuple(islice((each for _, _, each in found if each != job), limit))

    @property
    def holds_discount(self) -> bool:
        """Whether a job whose time has come waits for the discount period."""
        return any(lane.discount for lane in self._open)

    def _lane(self, pool: Pool, discount: bool, opens: datetime | None) -> _Lane:
        key = (pool, discount, opens)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane(pool, discount, opens)
            if opens is None:
                self._open[lane] = None
            else:
                self._put_to_sleep(lane)
        return lane

    def _queue(self, lane: _Lane, user: str, rank: int) -> _Queue:
        queue = lane.queues.get((user, rank))
        if queue is None:
            queue = lane.queues[user, rank] = _Queue(lane, user, rank)
            if lane.is_open:
                self._of_user.setdefault(user, Table())[queue] = True
        return queue

    def _add(self, entry: Entry, queue: _Queue, number: str, line: str) -> None:
        group = queue.groups.get((number, line))
        if group is None:
            group = queue.groups[number, line] = _Group(queue, number, line)
            self._at.setdefault(number, Table())[group] = True
        self._places[entry[1]] = group
        queue.lane.jobs += 1
        insort(group.entries, entry)
        self._list(group)

    def _put_to_sleep(self, lane: _Lane) -> None:
        assert lane.opens is not None
        self._count += 1
        heappush(self._openings, (lane.opens, self._count, lane))

    def _is_asleep(self, lane: _Lane) -> bool:
        return not lane.is_open and self._lanes.get((lane.pool, lane.discount, lane.opens)) is lane

    def _wake(self, lane: _Lane) -> Iterator[None]:
        """Its time has come: a big lane opens as it is, the jobs of a small one go to the open lane of their like."""
        if lane.jobs > SMALL_LANE:
            lane.is_open = True
            self._open[lane] = None
            for queue in lane.queues.values():
                self._of_user.setdefault(queue.user, Table())[queue] = True
                self._place(queue)
                yield
            return
        open_lane = self._lane(lane.pool, lane.discount, None)
        for group in [group for queue in lane.queues.values() for group in queue.groups.values()]:
            entries, group.entries = group.entries, []
            lane.jobs -= len(entries)
            self._list(group)
            self._forget(group)
            queue = self._queue(open_lane, group.queue.user, group.queue.rank)
            for entry in entries:
                self._add(entry, queue, group.number, group.line)
                yield

    def _list(self, group: _Group) -> None:
        """Let the group stand where its first job belongs."""
        wanted = group.entries[0] if group.entries and group.number not in self._blocked else None
        if wanted == group.head:
            return
        queue = group.queue
        before = queue.heads[0] if queue.heads else None
        if group.head is not None:
            del queue.heads[bisect_left(queue.heads, group.head)]
        if wanted is not None:
            insort(queue.heads, (*wanted, group))
        group.head = wanted
        if not queue.heads or queue.heads[0] is not before:
            self._place(queue)

    def _forget(self, group: _Group) -> None:
        queue = group.queue
        del queue.groups[group.number, group.line]
        of_number = self._at[group.number]
        del of_number[group]
        if not of_number:
            del self._at[group.number]
        if queue.groups:
            return
        lane = queue.lane
        del lane.queues[queue.user, queue.rank]
        if lane.is_open:
            self._forget_user(queue)
        if not lane.queues:
            del self._lanes[lane.pool, lane.discount, lane.opens]
            self._open.pop(lane, None)

    def _forget_user(self, queue: _Queue) -> None:
        of_user = self._of_user[queue.user]
        del of_user[queue]
        if not of_user:
            del self._of_user[queue.user]

    def _place(self, queue: _Queue) -> None:
        """Let the queue stand in its lane where its first job belongs. Hundreds may move in one decision."""
        lane, heads = queue.lane, queue.heads
        if not lane.is_open:
            return
        key: Key | None = None
        if heads:
            since, job, _ = heads[0]
            user, level = queue.user, queue.rank
            begun = self._served.get((user, level), since)
            if begun < since:
                begun = since
            steps = (self._clock - begun) // self._ageing
            if steps < 0:
                steps = 0
            level += steps
            if level < HIGHEST:
                due = begun + (steps + 1) * self._ageing
                if queue.timer is None or queue.timer > due:
                    queue.timer = due
                    self._count += 1
                    heappush(self._timers, (due, self._count, queue))
            else:
                level = HIGHEST
            key = (-level, self._turns.get(user, 0), since, job)
        before = queue.key
        if key == before:
            return
        order = lane.order
        if before is not None:
            del order[bisect_left(order, before)]
        if key is not None:
            insort(order, (*key, queue))
        queue.key = key

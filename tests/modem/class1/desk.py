"""A modem of paper: the test writes its answers into a dialogue, the driver's own commands are checked against it."""

from __future__ import annotations

from modem.class1.driver import Driver, Heard, Said
from modem.class1.profile import Profile
from modem.t30.line import LineEvent, Wish


def ok(text: str = "OK") -> bytes:
    return f"\r\n{text}\r\n".encode()


CONNECT = ok("CONNECT")


class Desk:
    """A driver, its time, and what it has said and reported."""

    def __init__(self, profile: Profile | None = None, *, one_by_one: bool = False) -> None:
        self.now = 100.0
        self.driver = Driver(self.now, profile)
        self.events: list[LineEvent] = []
        self.log: list[str] = []
        self._one_by_one = one_by_one

    def perform(self, wish: Wish) -> bytes:
        self.driver.perform(wish, self.now)
        return self.written()

    def written(self) -> bytes:
        """What the driver has written since the last time."""
        octets = self.driver.take_output()
        for event in self.driver.take_events():
            if isinstance(event, Said):
                self.log.append(f"> {event.text}")
            elif isinstance(event, Heard):
                self.log.append(f"< {event.text}")
            else:
                self.events.append(event)
        return octets

    def says(self, octets: bytes) -> bytes:
        """The modem says something; what the driver writes then."""
        if self._one_by_one:
            answer = b""
            for octet in octets:
                self.driver.receive(bytes((octet,)), self.now)
                answer += self.written()
            return answer
        self.driver.receive(octets, self.now)
        return self.written()

    def passes(self, seconds: float) -> bytes:
        """Time passes, with a tick at each deadline; what the driver writes meanwhile."""
        end = self.now + seconds
        octets = b""
        for _ in range(100_000):
            deadline = self.driver.deadline
            if deadline is None or deadline > end:
                self.now = end
                return octets
            self.now = max(self.now, deadline)
            self.driver.tick(self.now)
            octets += self.written()
        raise AssertionError("the driver asks for time again and again")

    def event(self) -> LineEvent:
        """The one thing that the driver has reported since the last time."""
        (event,) = self.events
        self.events.clear()
        return event

"""A modem of paper: the test writes its answers into a dialogue, the driver's own commands are checked against it."""

from __future__ import annotations

from modem.class1.driver import Driver, Heard, Said
from modem.class1.profile import Profile
from modem.t30.frames import Type, build, fcs
from modem.t30.line import LineEvent, Listen, SetUp, Wish


def ok(text: str = "OK") -> bytes:
    return f"\r\n{text}\r\n".encode()


CONNECT = ok("CONNECT")
MCF = build(Type.MCF, x=0).octets
MCF += fcs(MCF)
EOP = build(Type.EOP).octets
TSI = build(Type.TSI, b"1001" + b" " * 16, final=False).octets
CODES = "24,48,72,96,145,146"


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


def set_up(desk: Desk, *, echo: bool = False) -> None:
    """A good modem's answers to the set-up."""
    said = desk.perform(SetUp())
    while said:
        (command,) = said.split(b"\r")[:-1]
        answer = command + b"\r" if echo else b""
        if command == b"AT+FCLASS=?":
            answer += ok("0,1")
        elif command == b"AT+FTM=?":
            answer += ok(CODES)
        said = desk.says(answer + ok())


def listening(desk: Desk) -> None:
    """After a frame was received: the driver knows that there was a signal on the line."""
    assert desk.perform(Listen()) == b"AT+FRH=3\r"
    desk.says(CONNECT + MCF + b"\x10\x03" + ok())
    desk.events.clear()

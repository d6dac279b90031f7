"""A Class 1 host for the tests, written by hand: dial, frames, training, pages. Asks nothing of the code under test
but octets; it sends to a fax machine without ECM and knows one answer for each step."""

from __future__ import annotations

from modem.soft.virtual import VirtualModem

DLE_ETX = b"\x10\x03"


def stuffed(octets: bytes) -> bytes:
    return octets.replace(b"\x10", b"\x10\x10")


class Host:
    def __init__(self, modem: VirtualModem) -> None:
        self.modem = modem

    def command(self, text: str, ending: str = "OK", max_seconds: float = 10.0) -> bytes:
        self.modem.write(f"AT{text}\r".encode())
        return self.modem.read_until(f"\r\n{ending}\r\n".encode(), max_seconds)

    def set_up(self) -> None:
        self.command("E0")
        self.command("+FCLASS=1")

    def receive_frame(self, first: bytes = b"", max_seconds: float = 10.0) -> bytes:
        """The frame without FCS; ``first``: what was already read, up to CONNECT."""
        if not first:
            first = self.command("+FRH=3", "CONNECT", max_seconds)
        rest = first.split(b"CONNECT\r\n", 1)[1]
        while b"\r\nOK\r\n" not in rest:
            rest += self.modem.read_until(b"\r\nOK\r\n", max_seconds)
        frame = rest.split(DLE_ETX)[0].replace(b"\x10\x10", b"\x10")
        return frame[:-2]

    def send_frames(self, *frames: bytes) -> None:
        self.command("+FTH=3", "CONNECT")
        for frame in frames[:-1]:
            self.modem.write(stuffed(frame) + DLE_ETX)
            self.modem.read_until(b"\r\nCONNECT\r\n", 5)
        self.modem.write(stuffed(frames[-1]) + DLE_ETX)
        self.modem.read_until(b"\r\nOK\r\n", 5)

    def send_image(self, modulation: int, octets: bytes, max_seconds: float = 120.0) -> None:
        self.command(f"+FTM={modulation}", "CONNECT")
        self.modem.write(stuffed(octets) + DLE_ETX)
        self.modem.read_until(b"\r\nOK\r\n", max_seconds)

    def dial(self, number: str, max_seconds: float = 70.0) -> bytes:
        """Dial and return the DIS."""
        frame = self.receive_frame(self.command(f"DT{number}", "CONNECT", max_seconds))
        while frame[2] != 0x80:
            frame = self.receive_frame()
        return frame

    def send_page(self, image: bytes, *, silence: int = 7) -> bytes:
        """From the DIS on: DCS for V.17 14400, MH, fine, no ECM; training; the image; EOP. Returns the answer's FCF."""
        self.command(f"+FTS={silence}")
        self.send_frames(b"\xff\x13\x83\x00\x62\x78")
        self.command("+FTS=7")
        self.send_image(145, bytes(2700))
        answer = self.receive_frame()
        if answer[2] & 0xFE != 0x84:
            return answer[2:3]
        self.command("+FTS=7")
        self.send_image(146, image)
        self.command("+FTS=7")
        self.send_frames(b"\xff\x13\x2f")
        return self.receive_frame()[2:3]

    def disconnect(self) -> None:
        self.command("+FTS=7")
        self.send_frames(b"\xff\x13\xfb")
        self.command("H0")


def blank_page(rows: int) -> bytes:
    """T.4 one-dimensional, 1728 white pixels a row, in line order: EOL before each row, RTC at the end."""
    eol = "000000000001"
    white_1728 = "010011011" + "00110101"  # make-up 1728, terminating 0
    bits = (eol + white_1728) * rows + eol * 6
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[place : place + 8][::-1], 2) for place in range(0, len(bits), 8))

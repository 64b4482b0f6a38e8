"""A pump on CPython and the line to it, in the pump's time: frames come late or are lost, and the pump restarts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware import protocol
from host.api.client import MESSAGES
from host.api.link import decode_frame
from tests.firmware.hand import SECOND_US
from tests.host.device import Device

pytestmark = pytest.mark.req("LINK-2", "HOST-3")
BOLUS = MESSAGES["bolus"].id


class Path(Device):
    """A pump on CPython and the line to it, in the pump's time: `delay_us` each way, frames lost as `loses` says.

    `loses(to_pump, message_id)` is asked of each frame; `on_frame(message_id)` is called before the pump hears one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.delay_us = 1_000
        self.loses: Callable[[bool, int], bool] = lambda to_pump, message_id: False
        self.on_frame: Callable[[int], None] = lambda message_id: None
        self.to_pump: list[tuple[int, bytes]] = []
        self.to_host: list[tuple[int, bytes]] = []
        self.heard: list[int] = []

    def restart(self) -> None:
        """The pump loses its power for a moment."""
        self.hand = self.hand.restarted(SECOND_US // 10)
        self.connect()

    def write(self, data: bytes) -> None:
        for frame in data.split(b"\0"):
            if frame and not self.loses(True, number(frame)):
                self.to_pump.append((self.hand.now_us + self.delay_us, frame))

    def read(self, timeout_s: float) -> bytes:
        end_us = self.hand.now_us + round(timeout_s * SECOND_US)
        while self.to_pump or self.to_host:
            queue = min((self.to_pump, self.to_host), key=lambda each: each[0][0] if each else protocol.NEVER_US)
            at_us, frame = queue[0]
            if at_us > end_us:
                break
            queue.pop(0)
            self.hand.live(max(at_us, self.hand.now_us))
            if queue is self.to_host:
                return frame
            self._arrive(frame)
        self.hand.live(end_us)
        return b""

    def _arrive(self, frame: bytes) -> None:
        self.on_frame(number(frame))
        self.heard.append(number(frame))
        self.uart.incoming += b"\0" + frame + b"\0"
        while self.link.poll():
            pass
        sent = bytes(self.uart.sent)
        self.uart.sent.clear()
        for reply in sent.split(b"\0"):
            if reply and not self.loses(False, number(frame)):
                self.to_host.append((self.hand.now_us + self.delay_us, reply + b"\0"))

    @property
    def booked_mu(self) -> int:
        log = self.hand.pump.reports.read_log(0, 10_000)["events"]
        return sum(each["b"] for each in log if each["event"] == protocol.EVENT_ACCEPTED and each["detail"] == BOLUS)


def number(frame: bytes) -> int:
    found = decode_frame(frame)
    assert found is not None
    return found[1]


def losing(count: int, message_id: int, to_pump: bool = False) -> Callable[[bool, int], bool]:
    """Loses the first `count` frames of this message in this direction."""
    left = iter(range(count))
    return lambda way, found: way == to_pump and found == message_id and next(left, None) is not None

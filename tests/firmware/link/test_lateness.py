"""What telemetry says of its own and of the supervisor's lateness is what it was (LOG-3; FOUND K7.2)."""

import pytest

from firmware import events, protocol
from firmware.link.link import Counters
from firmware.link.telemetry import Telemetry
from tests.firmware.hand import Hand

WORK_US = 90_000


class Clock:
    def __init__(self):
        self.us = 0

    def now_us(self):
        return self.us


@pytest.fixture
def pump():
    return Hand()


def frames_of(pump):
    sent = []
    pump.pump.stream.counters = Counters()
    pump.pump.stream.send = lambda message_id, payload: sent.append(protocol.decode(protocol.TELEMETRY, payload))
    return sent


@pytest.mark.req("LOG-3")
def test_the_time_that_a_frame_itself_takes_is_lateness(pump):
    values = pump.pump.status() | {"battery_left_nah": 0, "wakes": 0}
    clock, sent = Clock(), []

    def report():
        clock.us += WORK_US
        return dict(values)

    stream = Telemetry(clock, report)
    stream.counters = Counters()
    stream.send = lambda message_id, payload: sent.append(protocol.decode(protocol.TELEMETRY, payload))
    stream.telemetry(1, 60)
    for _ in range(3):
        clock.us = stream.deadline_us
        stream.woke(clock.us, stream.deadline_us)
        stream.time(clock.us)
    assert [each["worst_late_us"] for each in sent] == [0, WORK_US, WORK_US]


@pytest.mark.req("LOG-3")
@pytest.mark.parametrize("late_us", [0, 211, 800_000])
def test_a_wake_up_that_came_late_is_told_whatever_was_done_before_the_frame(pump, late_us):
    """A stroke is entered first: the frame waits for it too."""
    sent = frames_of(pump)
    pump.pump.stream.telemetry(1, 60)
    entering_us = 40_000
    enter = pump.pump.alarms.stroke_over

    def slowly(now_us):
        pump.now_us += entering_us
        enter(now_us)

    pump.pump.alarms.stroke_over = slowly
    pump.now_us = pump.pump.stream.deadline_us + late_us
    pump.pump.handle(events.STROKE | events.TIME)
    assert sent[-1]["worst_late_us"] == late_us + entering_us

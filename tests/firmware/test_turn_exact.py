"""One turn of the main loop, the parts that are spared, and the stream of telemetry, call by call."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from firmware import events, protocol
from firmware.link import visitors
from firmware.link.link import Counters
from firmware.link.telemetry import Telemetry
from firmware.link.visitors import Visitors
from firmware.loop import cycle, turn
from firmware.upkeep import parts
from firmware.upkeep.parts import Spared

S = 1_000_000
HOUR_US = 3600 * S


class Machine:
    """Pump, core and link in one; `calls` are what was asked of them; `breaks` what raises."""

    def __init__(self, *breaks: str, waiting: bool = False, happened: int = 0) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self._breaks = breaks
        self.waiting = waiting
        self._happened = happened
        self.deadline_us, self.soon_us = 900, 700
        self.failures = self

    def _call(self, name: str, *what: Any) -> None:
        self.calls.append((name, *what))
        if name in self._breaks:
            raise ValueError(name)

    def idle(self, core: object, until_us: int) -> int:
        assert core is self
        first = not any(call[0] == "idle" for call in self.calls)
        self.calls.append(("idle", until_us))
        if first and "idle" in self._breaks:
            raise ValueError("idle")
        return self._happened

    def now_us(self) -> int:
        return 5

    def handle(self, happened: int) -> None:
        self._call("handle", happened)

    def attend(self, poll: Callable[[], None]) -> None:
        assert poll == self.poll
        self._call("attend")

    def poll(self) -> None:
        """The link's."""

    def failed(self, error: Exception) -> None:
        self._call("failed", str(error))


def cycled(*breaks: str, waiting: bool = False, happened: int = 0) -> tuple[int, list[tuple[Any, ...]]]:
    machine = Machine(*breaks, waiting=waiting, happened=happened)
    return cycle(machine.idle, machine, machine, machine), machine.calls


@pytest.mark.req("GUARD-3", "LINK-4")
def test_a_turn_takes_in_what_has_happened_and_then_one_request() -> None:
    assert cycled() == (0, [("idle", 900)])
    assert cycled(happened=events.TIME) == (events.TIME, [("idle", 900), ("handle", events.TIME)])
    assert cycled(happened=events.UART) == (events.UART, [("idle", 900), ("attend",)])
    both = events.UART | events.STROKE
    assert cycled(happened=both) == (both, [("idle", 900), ("handle", both), ("attend",)])
    # Bytes that a poll has left behind are there already: nobody waits for more.
    assert cycled(waiting=True) == (events.UART, [("idle", 5), ("attend",)])
    assert cycled(waiting=True, happened=events.STROKE)[1] == [("idle", 5), ("handle", both), ("attend",)]


@pytest.mark.req("ALARM-1", "GUARD-3")
def test_an_exception_in_a_turn_is_told_and_without_a_deadline_it_looks_again_soon() -> None:
    assert cycled("idle", happened=events.TIME) == (
        events.TIME, [("idle", 900), ("failed", "idle"), ("idle", 700), ("handle", events.TIME)],
    )  # fmt: skip
    assert cycled("handle", happened=events.STROKE)[1][1:] == [("handle", events.STROKE), ("failed", "handle")]
    machine = Machine("attend")
    turn(events.UART, machine, machine)
    assert machine.calls == [("attend",), ("failed", "attend")]
    machine = Machine("handle", "failed")
    with pytest.raises(ValueError, match="failed"):
        turn(events.TIME, machine, machine)  # on to the board, which resets


@pytest.mark.req("THER-10")
def test_a_spared_part_that_fails_is_told_once_until_it_works_again() -> None:
    told: list[tuple[int, str]] = []
    spared = Spared(lambda part, error: told.append((part, str(error))))
    assert spared.run(parts.LINK, divmod, 7, 3) == (2, 1) and spared.failing == 0
    for part in (parts.TELEMETRY, parts.BATTERY, parts.TELEMETRY):
        assert spared.run(part, divmod, 7, 0) is None
    assert [part for part, _ in told] == [parts.TELEMETRY, parts.BATTERY]
    assert spared.failing == 1 << 1 | 1 << 4
    spared.run(parts.TONES, int)
    assert spared.failing == 1 << 1 | 1 << 4
    spared.run(parts.BATTERY, int)
    assert spared.failing == 1 << 1
    spared.failed(parts.BATTERY, OSError("again"))
    assert told[2:] == [(parts.BATTERY, "again")]
    assert tuple(range(5)) == (parts.TONES, parts.TELEMETRY, parts.LINK, parts.VISITORS, parts.BATTERY)


class Stream:
    def __init__(self) -> None:
        self.now_us = 100
        self.takes_us = 0
        self.frames: list[dict[str, Any]] = []
        self.stream = Telemetry(SimpleNamespace(now_us=lambda: self.now_us), self._report)
        self.stream.counters = Counters()
        self.stream.counters.frames_good = 7
        self.stream.send = self._send

    def _report(self) -> dict[str, int]:
        self.now_us += self.takes_us
        return {field.name: field.low for field in protocol.TELEMETRY if field.name != "worst_late_us"}

    def _send(self, message_id: int, payload: bytes) -> None:
        assert message_id == protocol.TELEMETRY_ID
        self.frames.append(protocol.decode(protocol.TELEMETRY, payload))


@pytest.mark.req("LOG-3")
def test_the_stream_ends_with_the_last_frame_that_lies_within_its_time() -> None:
    world = Stream()
    assert world.stream.deadline_us == protocol.NEVER_US
    assert world.stream.telemetry(2, 4) == {"until_us": 100 + 4 * S}
    assert world.stream.deadline_us == 100 + 2 * S
    world.stream.time(100 + 2 * S)
    assert world.stream.deadline_us == 100 + 4 * S, "at its end, still"
    world.stream.time(101 + 2 * S)
    assert world.stream.deadline_us == protocol.NEVER_US
    assert len(world.frames) == 2 and {frame["frames_good"] for frame in world.frames} == {7}
    assert world.stream.telemetry(0, 4) == {"until_us": 100}
    assert world.stream.deadline_us == protocol.NEVER_US


@pytest.mark.req("LOG-3")
def test_a_frame_tells_the_worst_lateness_before_it_and_its_own_with_the_next() -> None:
    world = Stream()
    assert world.stream.worst_late_us == 0
    world.stream.telemetry(1, 60)
    world.stream.woke(1_000, 970)
    world.stream.woke(1_000, 990)
    world.stream.woke(1_000, 1_040)
    assert world.stream.worst_late_us == 30
    world.now_us, world.takes_us = 100 + S, 50
    world.stream.time(world.now_us)
    assert world.stream.worst_late_us == 50
    world.stream.worst_late_us = 2**40
    world.stream.time(world.now_us)
    assert [frame["worst_late_us"] for frame in world.frames] == [30, 2**32 - 1]


class Log:
    """Takes down what is noted, at a time that is set by hand."""

    def __init__(self) -> None:
        self.now_us = 0
        self.notes: list[tuple[Any, ...]] = []
        self.visitors = Visitors(SimpleNamespace(now_us=lambda: self.now_us), self)

    def note(self, *what: Any) -> None:
        self.notes.append(what)


@pytest.mark.req("LOG-1", "LOG-2")
def test_what_visitors_do_is_noted_as_often_as_it_may_be() -> None:
    log = Log()
    connected = (protocol.CATEGORY_CONNECTIVITY, protocol.EVENT_CONNECTED)
    assert log.visitors.began(1) is True and log.visitors.began(1) is False
    assert log.notes == [(*connected, 1, 0, (1,))]
    log.now_us = 2 * HOUR_US - 1
    assert log.visitors.began(1) is False
    log.now_us += 1
    assert log.visitors.began(1) is True and log.notes[-1] == (*connected, 1, 0, (3,))

    log = Log()
    refusal = (protocol.CATEGORY_COMMAND, protocol.EVENT_REFUSED, 17, 4)
    for value, told in ((-5, 5), (2**32 - 1, 2**32 - 1), (2**32, 2**32 - 1)):
        assert log.visitors.refused(17, 4, value) is True and log.notes[-1] == (*refusal, (told, 1))
    for _ in range(29):
        assert log.visitors.refused(17, 4, 0)
    assert log.visitors.refused(17, 4, 0) is False and log.visitors.began(1) is True
    log.now_us = HOUR_US
    assert log.visitors.refused(17, 4, 9) is True and log.notes[-1] == (*refusal, (9, 2))

    log = Log()
    for _ in range(32):
        assert log.visitors.stumbled(3) is True
    assert log.notes[-1] == (protocol.CATEGORY_MALFUNCTION, protocol.EVENT_EXCEPTION, 3, 0, (1,))
    assert log.visitors.stumbled(3) is False
    log.now_us = HOUR_US
    assert log.visitors.stumbled(3) is True and log.notes[-1][-1] == (2,)
    assert visitors.Sparing(1, 10).told(0) == 1

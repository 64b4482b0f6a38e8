"""A pump on CPython whose clock moves while Python computes, and whose stroke timer comes between two lines.

On VIRTUAL, and under Hand, time stands still while the supervisor computes; on a board it does not, and a stroke falls
due amid an order. Here every line of the firmware takes LINE_US, every call of the core as much again, and the stroke
timer's service of all boards (c_ext/board/service.c) runs as soon as its time has come: a stroke is armed, starts a
lead later, its edge comes, it is over. What is to fall on a given place is aimed: an order that arrives n places before
an instant has that instant at its nth place.

A place can also raise an exception, take the power away, or have a write to the memory fail.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from firmware import dose_codes as code
from firmware import events, protocol
from firmware.errors import MemoryAbsent
from firmware.link.commands import Commands
from firmware.loop import cycle
from tests.firmware.agreeing import Agreeing
from tests.firmware.between.core import board_core
from tests.firmware.hand import BURST_US, SECOND_US, Hand
from tests.firmware.ram import PowerCut, RamNvm, RamRtc

FIRMWARE = str(Path(__file__).resolve().parents[3] / "firmware")
LINE_US = 10
LEAD_US = 450_000  # RPI_PICO's: device time is ahead of the hardware by so much (docs/adr/0005)
AHEAD_US = 540
NEVER_US = 2**64 - 1
HOUR_US = 3600 * SECOND_US
EDGE_BEFORE_END_US = 3_000


class Reset(Exception):
    """The failure went through to the board."""


class _TimeOver(BaseException):
    """The main loop has run as far as it was to, and the supervisor sleeps."""


class Burst:
    """One stroke of the motor, in device time: ordered, after the lead the burst. `kind`: of the core's ledgers."""

    def __init__(self, ordered_us: int, start_us: int, kind: int) -> None:
        self.ordered_us = ordered_us
        self.start_us = start_us
        self.end_us = start_us + BURST_US
        self.edge_us = self.end_us - EDGE_BEFORE_END_US
        self.kind = kind
        self.cut_us = NEVER_US  # the motor was stopped amid it

    def moved(self, by_us: int) -> bool:
        """Has the motor made a part of it by then?"""
        return self.start_us < min(by_us, self.cut_us)


class FaultyNvm(RamNvm):
    """A memory with writes that fail by number, and none after the power has gone."""

    def __init__(self) -> None:
        super().__init__()
        self.bad: Callable[[int], bool] = lambda number: False
        self.torn = False  # of a write that fails the first half is there
        self.tried = 0
        self.orders = 0  # given to the pump that it belongs to: no two have the same id
        self.dead = False

    def write(self, address: int, data: bytes) -> None:
        if self.dead:
            raise PowerCut
        self.tried += 1
        if self.bad(self.tried):
            if self.torn:
                super().write(address, data[: len(data) // 2])
            raise MemoryAbsent(0x50)
        try:
            super().write(address, data)
        except PowerCut:
            self.dead = True
            raise


class Device(Hand):
    """A pump, its board and its main loop. `places` counts lines and calls of the core while `traced`.

    `act(place)` is called at every traced place, before it; it may raise.
    """

    clock_runs = True

    def __init__(
        self,
        memory: FaultyNvm | None = None,
        rtc: RamRtc | None = None,
        *,
        act: Callable[[int], None] | None = None,
        lead_us: int = LEAD_US,
        **seeded: Any,
    ) -> None:
        self.core_class = seeded.get("core_class") or board_core()
        self.lib: Any = self.core_class.module.lib
        self.ffi: Any = self.core_class.module.ffi
        self.lead_us = lead_us
        self.act = act
        self.places = 0
        self.traced = False
        self.frozen = False
        self.frame: FrameType | None = None
        self.after = ""
        self.bursts: list[Burst] = []
        self.deaf = False  # the stroke sensor sees nothing
        self.sensor_failed = False  # it has not seen a stroke of this life
        self.spurious_us = NEVER_US  # an edge that no stroke explains
        self._now_us = lead_us
        self._edge_us = NEVER_US
        self._wake_us = 0
        self._inbox: list[tuple[int, int, Any]] = []
        self.replies: list[tuple[int, bytes]] = []
        self._until_us = 0
        self.waiting = False  # of the link: a frame that a poll has left
        self._hook = self.ffi.callback("void(void)", self._split)
        self.service: Any = self.ffi.new("service_t *")
        self.lib.service_init(self.service, BURST_US, lead_us, AHEAD_US)
        self.service.tone_end_us = NEVER_US
        self.life: Device | None = None
        memory = memory or FaultyNvm()
        rtc = rtc or RamRtc()
        with self._tracing(act is not None):
            super().__init__(memory, rtc)
            self.commands = Commands(self.pump)
        self.commands._prepared = Agreeing(self.pump.now_us)
        self.core.board = self  # type: ignore[attr-defined]
        self.commands.begun(protocol.ROLE_BENCH)

    # Time, and what it brings.

    @property
    def _seen_us(self) -> int:
        """What the board's clock shows the supervisor."""
        return int(self.lib.service_seen_us(self.service, self._now_us))

    @property
    def now_us(self) -> int:
        """Device time. The clock moves under whoever looks, also where lines are not counted."""
        if self.frozen:
            return self._seen_us
        self._set(self._now_us + 1)
        now_us = self._seen_us
        if self.traced:
            self.after = "the clock"
            self._tick()
        return now_us

    @now_us.setter
    def now_us(self, now_us: int) -> None:
        # Hand's constructor begins a life at 0: on a board device time is a lead ahead from the first.
        self._set(max(now_us, self._now_us))

    def _set(self, now_us: int) -> None:
        rtc = getattr(self, "rtc", None)
        if rtc is not None and rtc.now_s is not None:
            rtc.now_s += now_us // SECOND_US - self._now_us // SECOND_US
        self._now_us = now_us

    def _advance(self, us: int) -> None:
        assert us >= 0
        self._now_us += us  # device time jumps, the wall clock does not

    def _tick(self) -> None:
        self.places += 1
        if self.act is not None:
            self.act(self.places)
        self._set(self._now_us + LINE_US)
        if self._now_us >= self._wake_us:
            self.work()

    def unmasked(self) -> None:
        """A call of the core's is over: the interrupt looks at once."""
        if self.frozen:
            return
        if self.traced:
            self.after = "the core"
            self._tick()
        self.work()

    def may_split(self, on: bool) -> None:
        """The call that begins does not keep the interrupt out."""
        self.lib.split_set(self._hook if on and self.traced and not self.frozen else self.ffi.NULL)

    def _split(self) -> None:
        self.lib.split_set(self.ffi.NULL)
        self._set(self._now_us + LINE_US)
        self.work()

    def work(self) -> None:
        """The stroke timer's interrupt: all that is due (as c_ext/rp2/interrupts.c)."""
        lib, service = self.lib, self.service
        while True:
            now_us = self._now_us
            for edge_us in (self._edge_us, self.spurious_us):
                if edge_us <= now_us:
                    lib.service_edge(service)
            self._edge_us = NEVER_US if self._edge_us <= now_us else self._edge_us
            self.spurious_us = NEVER_US if self.spurious_us <= now_us else self.spurious_us
            order = None
            while order != lib.SERVICE_NOTHING:
                order = lib.service_turn(service, now_us)
                if order == lib.SERVICE_START:
                    if self.playing:
                        self._fail()
                    else:
                        self._play(service.start_us + self.lead_us)
                elif order == lib.SERVICE_READ:
                    lib.service_reading(service, now_us, 512)
                elif order == lib.SERVICE_HALT or (order == lib.SERVICE_ENDED and self.playing):
                    self._fail()
            self._wake_us = min(lib.service_next_us(service), self._edge_us, self.spurious_us)
            if self._wake_us > now_us:
                return

    def _play(self, start_us: int) -> None:
        burst = Burst(self._now_us, start_us, self.service.core.armed_kind)
        self.bursts.append(burst)
        self.strokes_us.append(start_us)
        self.sensor_failed |= self.deaf
        if not self.deaf:
            self._edge_us = burst.edge_us

    def _fail(self) -> None:
        self.lib.service_fail(self.service, self._now_us)
        self._abort()

    @property
    def playing(self) -> bool:
        """Has the motor a stroke that is not over?"""
        return bool(self.bursts) and min(self.bursts[-1].end_us, self.bursts[-1].cut_us) > self._now_us

    def _halt(self) -> None:
        """The supervisor stops the motor (interrupts_motor_stop)."""
        self.halted += 1
        self._abort()
        self.lib.service_cut(self.service, self._now_us)
        if self.traced and not self.frozen:
            self.after = "the motor"
            self._tick()
        self.work()

    def _abort(self) -> None:
        if self.playing:
            self.bursts[-1].cut_us = self._now_us
            if self._edge_us > self._now_us:
                self._edge_us = NEVER_US

    def moved(self) -> int:
        """Strokes of this life that the motor has made, wholly or in part."""
        return sum(each.moved(self._now_us) for each in self.bursts)

    # The supervisor.

    def live(self, until_us: int, *, confirm: bool = True) -> None:
        """Run the main loop up to device time `until_us`."""
        while self._turn(until_us):
            pass

    def live_to(self, until_us: int) -> None:
        """The same, and no further than an answer."""
        answered = len(self.replies)
        while len(self.replies) == answered and self._turn(until_us):
            pass

    def live_turns(self, until_us: int) -> None:
        """The same, up to the end of the turn that begins by then."""
        while self._now_us < until_us and self._turn(until_us):
            pass

    def _turn(self, until_us: int) -> bool:
        """One turn of the main loop; false: it is `until_us`, and the supervisor sleeps."""
        with self._guarded():
            self._until_us = until_us
            try:
                cycle(self._idle, self.core, self.pump, self)
            except _TimeOver:
                return False
        return True

    def _idle(self, core: Any, deadline_us: int) -> int:
        """The board's idle(), which is C: no line passes in it."""
        lib, service = self.lib, self.service
        if not lib.service_sleep(service, core.c, self._now_us, min(deadline_us, self._seen_us + HOUR_US)):
            raise ValueError("idle: the deadline must lie within the next hour")
        while True:
            self.work()
            arrives_us = self._inbox[0][0] if self._inbox else NEVER_US
            happened = service.events | (events.UART if arrives_us <= self._now_us else 0)
            if happened:
                happened |= lib.service_wake(service, self._now_us)
                self.work()
                return int(happened)
            if self._now_us >= self._until_us:
                raise _TimeOver
            self._set(max(self._now_us, min(self._wake_us, arrives_us, self._until_us)))

    def poll(self) -> None:
        """The link has a request: answer it."""
        _, message_id, payload = self._inbox.pop(0)
        if callable(payload):
            payload()
            self.replies.append((0, b""))
        else:
            self.replies.append(self.commands.handle(message_id, payload))

    def ask(self, name: str, at_us: int = 0, **values: Any) -> dict[str, Any]:
        """Send the request `name`, to arrive at `at_us`, and live until it is answered; the reply, decoded.

        `reply["refused"]` is the refusal's name, or "". Raises Reset if the supervisor failed altogether.
        """
        message = next(each for each in protocol.MESSAGES if each.name == name)
        fields = [field.name for field in message.request]
        if "command_id" in fields and "command_id" not in values:
            self.memory.orders += 1  # type: ignore[attr-defined]
            values["command_id"] = self.memory.orders  # type: ignore[attr-defined]
        if "life" in fields and "life" not in values:
            values["life"] = self.pump.orders.life
        if "expires_us" in fields and "expires_us" not in values:
            values["expires_us"] = max(self._now_us, at_us) + 60 * SECOND_US
        if "confirms" in fields and "confirms" not in values:
            values["confirms"] = 0
        self._inbox.append((max(at_us, self._now_us), message.id, protocol.encode(message.request, values)))
        answered = len(self.replies)
        while len(self.replies) == answered:
            self.live_to(max(at_us, self._now_us) + HOUR_US)
            if not self._inbox and len(self.replies) == answered:
                return {"refused": "no answer"}
        return self.told(message, *self.replies[-1])

    def within(self, what: Callable[[], object], at_us: int = 0) -> None:
        """Have the supervisor do `what` in a turn of its main loop."""
        self._inbox.append((max(at_us, self._now_us), 0, what))
        self.live_to(max(at_us, self._now_us) + HOUR_US)

    def told(self, message: Any, reply_id: int, payload: bytes) -> dict[str, Any]:
        """A reply as fields."""
        if reply_id == protocol.REFUSAL_ID:
            fields = protocol.decode(protocol.REFUSAL, payload)
            return fields | {"refused": protocol.CODES[fields["code"]]}
        return {"refused": "", **protocol.decode(message.reply, payload)}

    @contextmanager
    def _tracing(self, on: bool) -> Iterator[None]:
        if not on:
            yield
            return
        before, self.traced = sys.gettrace(), True
        sys.settrace(self._enter)
        try:
            yield
        finally:
            sys.settrace(before)
            self.traced = False

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        with self._tracing(self.act is not None):
            try:
                yield
            except Exception as error:
                raise Reset(repr(error)) from error

    def _enter(self, frame: FrameType, event: str, _: Any) -> Any:
        return self._line if frame.f_code.co_filename.startswith(FIRMWARE) else None

    def _line(self, frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            self.frame, self.after = frame, ""
            self._tick()
        return self._line

    @property
    def place(self) -> str:
        """The line that is about to run, or in which a call of the core's, or a look at the clock, has just ended."""
        frame = self.frame
        if frame is None:
            return ""
        line = f"{frame.f_code.co_filename.removeprefix(FIRMWARE)[1:]}:{frame.f_lineno}"
        return f"{line} after {self.after}" if self.after else line

    # What an observer sees, without time.

    @contextmanager
    def still(self) -> Iterator[None]:
        """Nothing moves meanwhile, and whoever looks leaves no trace in the core."""
        self.frozen, before = True, self.frozen
        stands = bytes(self.ffi.buffer(self.core.c))
        try:
            yield
        finally:
            self.ffi.buffer(self.core.c)[:] = stands
            self.frozen = before

    def status(self) -> dict[str, Any]:
        """The status of now."""
        with self.still():
            return dict(self.pump.status())

    def core_state(self) -> tuple[int, ...]:
        """The core's state of now."""
        with self.still():
            return self.core.state()

    @property
    def suspended(self) -> bool:
        """Does the core say that it makes no more strokes?"""
        return bool(self.core_state()[code.SUSPENDED])

    def next_life(self, after_us: int = 5 * SECOND_US, **more: Any) -> Device:
        """The power was off for so long; this is the next life."""
        self._set(self._now_us + after_us)
        self.memory.dead = False  # type: ignore[attr-defined]
        self.memory.cut_write = 0
        self.memory.bad = lambda number: False  # type: ignore[attr-defined]
        more.setdefault("core_class", self.core_class)
        more.setdefault("lead_us", self.lead_us)
        after = Device(self.memory, self.rtc, **more)  # type: ignore[arg-type]
        after.sensor_failed = self.sensor_failed
        return after

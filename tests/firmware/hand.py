"""A pump on CPython, and the hand that moves its clock, plays the part of its interrupts and takes its power away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from c_ext.host import Core
from firmware import dose_codes, events, protocol
from firmware.drivers.clock import Clock
from firmware.drivers.pressure_sensor import PressureSensor
from firmware.drivers.stepper import Stepper
from firmware.drivers.stroke_sensor import StrokeSensor
from firmware.errors import Refused
from firmware.occlusion.watch import Watch
from firmware.protocol.alarms import BY_NUMBER
from firmware.pump import Pump
from firmware.storage.journal import Journal
from firmware.storage.memory import Memory
from firmware.upkeep.upkeep import Means
from firmware.upkeep.wall_clock import WallClock
from tests.firmware.answering import answering
from tests.firmware.ram import RamNvm, RamRtc

MOTOR = (96, 400, 1600, 20_000)
SECOND_US = 1_000_000
STROKE_UU = 200_000
BURST_US = 104_000
# VIRTUAL's
CURRENTS = (9_445, 8_000_000, 40_000_000, 5_000_000, 3_000_000, 2_600_000, 1_600, 150_000, 800, 5_000_000)


class Hand:
    """A pump with `memory` and `rtc`, which may be those of another life; then `now_us` is the new counter's 0.

    `strokes_us` are the starts of this life's strokes in device time.
    """

    core_class: type[Core] = Core
    clock_runs = False  # while the processor is busy
    watchdog_reset: int | None = None  # why the life before ended, if not by a power cut
    crashed: tuple[int, int, int, int] | None = None  # the HardFault that ended it

    def __init__(self, memory: RamNvm | None = None, rtc: RamRtc | None = None, watch: Watch | None = None) -> None:
        self.now_us = 0
        self.halted = 0
        self.events = 0  # that the supervisor has not seen
        self.tones_ms: list[int] = []
        self.strokes_us: list[int] = []
        self.memory = memory or RamNvm()
        self.rtc = rtc or RamRtc()
        self.core = self.core_class(motor=MOTOR)
        self.clock = Clock(lambda: self.now_us)
        self.wall = WallClock(self.clock, self.rtc)
        self.journal = Journal(self.memory, self.core.ticks(), STROKE_UU)
        self.pump = Pump(
            self.core,
            self.clock,
            Stepper(MOTOR, self._halt),
            StrokeSensor(lambda: self.core.state()[dose_codes.GUARD_CONFIRMED]),
            PressureSensor(lambda: 512, 512, 39_063, 4095),
            {
                "board": "HAND",
                "firmware_version": "0",
                "core_version": "0",
                "stroke_uu": STROKE_UU,
                "stroke_nl": 500,
                "concentration_u_per_ml": 400,
                "native_core": True,
                "image": "",
            },
            Memory(self.journal, self.core, self.clock, self.wall),
            self.wall,
            self._advance,
            Means(CURRENTS, clock_runs=self.clock_runs, watchdog_reset=self.watchdog_reset, crashed=self.crashed),
            watch,
            self.tones_ms.append,
        )

    def _halt(self) -> None:
        """As every board does: c_ext/board/service.h, service_cut."""
        self.halted += 1
        state = self.core.state()
        if state[dose_codes.IN_FLIGHT]:
            if state[dose_codes.UNCONFIRMED]:
                self.core.confirmed()
            self.core.ended()
            self.events |= events.STROKE

    def _advance(self, us: int) -> None:
        assert us >= 0
        self.now_us += us

    def live(self, until_us: int, *, confirm: bool = True) -> None:
        while True:
            if self.events:
                happened, self.events = self.events, 0
                self.core.settle(self.now_us)
                self.pump.handle(happened)
            due_us = self.core.next_us()
            deadline_us = self.pump.deadline_us
            if min(due_us if due_us >= 0 else until_us + 1, deadline_us) > until_us:
                break
            self.core.promise(self.now_us, min(deadline_us, self.now_us + 3600 * SECOND_US))
            if not 0 <= due_us <= deadline_us:
                self._pass(max(self.now_us, deadline_us))
                self.core.settle(self.now_us)
                self.pump.handle(events.TIME)
                continue
            self._pass(max(self.now_us, due_us))
            action = self.core.service(self.now_us)
            self.core.settle(self.now_us)
            if action == 1:
                self.strokes_us.append(self.now_us)
                self._pass(self.now_us + BURST_US)
                if confirm:
                    self.core.confirmed()
                self.core.ended()
                self.core.settle(self.now_us)
                self.pump.handle(events.STROKE)
            else:
                self.pump.handle(events.WITHHELD if action == 2 else events.FAULT)
        self._pass(max(self.now_us, until_us))

    def begin_stroke(self, played_us: int) -> None:
        """The next stroke starts; so much of its burst has been played."""
        self.now_us = self.core.next_us()
        self.core.promise(self.now_us, self.now_us)
        assert self.core.service(self.now_us) == 1
        self.core.settle(self.now_us)
        self.now_us += played_us

    def _pass(self, until_us: int) -> None:
        if self.rtc.now_s is not None:
            self.rtc.now_s += until_us // SECOND_US - self.now_us // SECOND_US
        self.now_us = until_us

    def restarted(self, after_us: int = 5 * SECOND_US, *, clock_lost: bool = False) -> Hand:
        """The power was off for so long; this is the next life."""
        self._pass(self.now_us + after_us)
        if clock_lost:
            self.rtc.now_s = None
        self.memory.cut_write = 0
        return Hand(self.memory, self.rtc)


def method_of(hand: Hand, order: str) -> Callable[..., Any]:
    """The method that carries out an order."""
    return getattr(answering(None, hand.pump)[order], order)  # type: ignore[no-any-return]


def alarms(hand: Hand) -> list[str]:
    """The names of the latched alarms."""
    return [BY_NUMBER[each["alarm"]].name for each in hand.pump.alarms.read_alarms(0)["records"]]


def deliveries(hand: Hand) -> list[dict[str, int]]:
    """The records of what was delivered, the oldest first."""
    return list(hand.pump.reports.read_deliveries(0, 32)["records"])


def refused(order: Callable[[], object], code: int) -> Refused:
    """What `order` is refused with, which must be `code`."""
    with pytest.raises(Refused) as error:
        order()
    assert protocol.CODES[error.value.code] == protocol.CODES[code]
    return error.value

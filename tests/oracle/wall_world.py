"""A pump and its two clocks, for the tests of the wall clock by hand."""

from __future__ import annotations

from hil.oracle.wall import (
    BackedClock,
    Wall,
)
from tests.oracle.hand import EPOCH_S, Hand


class World:
    """A device and its clock; `tells` is what the log tells of."""

    def __init__(self) -> None:
        self.hand = Hand()
        self.clock = BackedClock(EPOCH_S)
        self.tells: set[str] = set()
        self.wall = self.hand.device.wall = Wall(self.hand.device, self.clock, self.tells.__contains__)
        self.pump = self.hand.device.pump
        self.pump.watchers.append(self.wall)

    def events(self) -> list[tuple[int, str]]:
        return [(each.at_us, each.what) for each in self.pump.events if each.what != "delivery_ended"]

    @property
    def lost(self) -> bool:
        return self.pump.programme.utc_at_zero_us is None

    def reasons(self) -> list[object]:
        return [each.values["why"] for each in self.pump.events if each.what == "clock_lost"]

"""A list of deliveries by itself, and what a test reads of it."""

from __future__ import annotations

from typing import Any

from firmware import dose_codes as code
from firmware.storage.deliveries import Deliveries
from firmware.storage.delivery import Delivery
from tests.firmware.hand import MOTOR, Hand
from tests.firmware.therapy.therapy_by_hand import HOUR_US


class Kept:
    """A core and its deliveries, which are told at once."""

    def __init__(self) -> None:
        self.core: Any = Hand.core_class(motor=MOTOR)
        self.told: list[Delivery] = []
        self.list = Deliveries(self.core, self._tell)
        self.list.follow(0, 0)
        self.now_us = 0

    def _tell(self, each: Delivery) -> bool:
        self.told.append(each)
        return True

    def bolus(self, normal: int, square: int = 0, begun: bool = True) -> None:
        parts = [(part, kind, strokes * 200) for part, kind, strokes in ((0, 1, normal), (1, 3, square)) if strokes]
        self.list.ask(self.now_us, parts, HOUR_US)
        assert self.core.bolus(self.now_us, normal, square, HOUR_US if square else 0) == code.OK
        if begun:
            self.list.begun()

    def due(self) -> int:
        """What becomes of the next stroke when it is due."""
        self.core.permit(self.core.state()[code.GUARD_COMMANDED] + 1)
        self.now_us = max(self.now_us, self.core.next_us())
        self.core.promise(self.now_us, self.now_us)
        became = int(self.core.service(self.now_us))
        self.core.settle(self.now_us)
        return became

    def stroke(self) -> bool:
        assert self.due() == 1
        self.core.confirmed()
        self.core.ended()
        self.core.settle(self.now_us)
        closed = self.list.stroke_ended()
        assert isinstance(closed, bool)
        return closed

    @property
    def running(self) -> list[tuple[int, int]]:
        return [(each.kind, each.commanded) for each in self.list.running() if each.kind]

    @property
    def given_up(self) -> int:
        return int(self.list.abandoned(self.core.state()))

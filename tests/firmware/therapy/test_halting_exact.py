"""A core that does not take a suspend is stopped as by a fault, and time that has run back is never passed over."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from firmware import dose_codes as code
from firmware.errors import FirmwareError
from firmware.therapy.halting import settle, still
from tests.firmware.hand import SECOND_US, Hand

pytestmark = pytest.mark.req("DOSE-5", "THER-3")


class Deaf:
    """Takes no suspend; a stop it takes if it `may`."""

    def __init__(self, may: bool) -> None:
        self.may = may
        self.asked: list[tuple[str, int]] = []
        self.suspended = 0

    def suspend(self, now_us: int) -> int:
        self.asked.append(("suspend", now_us))
        return code.E_TIME

    def stop(self, now_us: int, fault: int) -> None:
        self.asked.append(("stop", fault))
        self.suspended = int(self.may)

    def settle(self, now_us: int) -> int:
        self.asked.append(("settle", now_us))
        return code.OK

    def state(self) -> list[int]:
        state = [0] * 60
        state[code.SUSPENDED] = self.suspended
        return state


def test_what_is_not_suspended_is_stopped_and_what_is_not_stopped_is_said() -> None:
    clock = SimpleNamespace(now_us=lambda: 7)
    asked = [("suspend", 5), ("suspend", 7), ("stop", code.FAULT_STOPPED), ("settle", 7)]
    core = Deaf(True)
    still(core, clock, 5)
    assert core.asked == asked
    core = Deaf(False)
    with pytest.raises(FirmwareError, match="does not stop"):
        still(core, clock, 5)
    assert core.asked == asked


def test_books_are_brought_up_to_now_and_never_back() -> None:
    hand = Hand()
    assert settle(hand.core, 20 * SECOND_US) == 20 * SECOND_US
    with pytest.raises(FirmwareError, match=r"run back.*answered 1"):
        settle(hand.core, 1)

"""A pump that runs, for the tests of orders."""

from __future__ import annotations

from tests.firmware.desk import Desk
from tests.firmware.hand import Hand
from tests.firmware.ram import RamNvm


def running() -> Desk:
    desk = Desk(Hand(RamNvm(131_072)))
    assert isinstance(desk.ask("set_basal", rate_mu_per_h=0), dict)
    return desk

"""A life that is cut, and the one after it, for the tests of resets by hand."""

from __future__ import annotations

from typing import Any

from hil.oracle import lives
from hil.oracle.accounts import Event
from hil.oracle.pump import Pump
from tests.oracle.hand import EPOCH_S, Hand, S


def running(rate_mu_per_h: int = 3_000) -> Hand:
    hand = Hand()
    hand.order(0, "set_basal", rate_mu_per_h=rate_mu_per_h)
    return hand


def cut(hand: Hand, at_us: int, back_us: int, device_us: int | None = None, *, lost: int = 0, **how: Any) -> Pump:
    """Power goes at `at_us` and is back at the bench's `back_us`."""
    hand.device.advance(at_us)
    device_us = back_us if device_us is None else device_us
    utc_s = None if lost else EPOCH_S + device_us // S
    lives.restart(hand.device, back_us, device_us, utc_s, lost, **how)
    return hand.device.pump


def reset(made: Pump) -> Event:
    return next(each for each in made.events if each.what == "reset")


def strokes(hand: Hand, until_us: int) -> list[int]:
    return hand.strokes(until_us)

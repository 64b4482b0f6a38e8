"""A pump by hand and its answers, for the tests of therapy."""

from __future__ import annotations

from typing import Any

from tests.firmware.hand import SECOND_US, Hand

MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US


def day(rates: dict[int, int]) -> list[dict[str, int]]:
    """48 rates: 0, and from each half-hour in `rates` on what it says."""
    found, now = [], 0
    for half_hour in range(48):
        now = rates.get(half_hour, now)
        found.append({"rate_mu_per_h": now})
    return found


def run_pattern(hand: Hand, rates: dict[int, int], pattern: int = 0) -> dict[str, Any]:
    staged = hand.pump.patterns.stage_pattern(pattern, day(rates))
    hand.pump.patterns.commit_pattern(pattern, fingerprint=staged["fingerprint"])
    return dict(hand.pump.therapy.select_pattern(pattern))


def status(hand: Hand) -> dict[str, Any]:
    return dict(hand.pump.status())


def settings(hand: Hand, **changes: int) -> None:
    hand.pump.patterns.set_settings(**(hand.pump.patterns.read_settings() | changes))


def refill(hand: Hand, put_mg: int = 15_075 + 2_010, left_mg: int = 1) -> dict[str, Any]:
    """A refill of `put_mg`, of which 2 ml are taken back, after `left_mg` were drawn."""
    weights = {"put_before_mg": 40_000, "put_after_mg": 40_000 - put_mg, "taken_back_nl": 2_000_000}
    return dict(hand.pump.clinic.record_refill(**weights, drawn_before_mg=9_000, drawn_after_mg=9_000 + left_mg))


def limited(hour_mu: int, day_mu: int = 500_000) -> Hand:
    hand = Hand()
    hand.pump.device.set_limits(35_000, 40_000, hour_mu, day_mu)
    return hand


def limits(hand: Hand, **changes: int) -> dict[str, int]:
    names = ("max_basal_mu_per_h", "max_bolus_mu", "max_hour_mu", "max_day_mu")
    return dict(hand.pump.device.set_limits(**(dict(zip(names, hand.pump.reports.limits(), strict=True)) | changes)))

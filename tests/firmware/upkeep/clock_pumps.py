"""Pumps for the tests of wall clocks that jump or drift."""

from __future__ import annotations

from tests.firmware.hand import Hand


def events(hand: Hand, event: int) -> list[dict[str, int]]:
    found = hand.pump.reports.read_log(0, 1000)["events"]
    return [each for each in found if each["event"] == event]


def patterned(hand: Hand) -> None:
    """Pattern A: 0.3 U/h, and 1 U/h from noon on."""
    day = [{"rate_mu_per_h": 300 if half_hour < 24 else 1000} for half_hour in range(48)]
    staged = hand.pump.patterns.stage_pattern(0, day)
    hand.pump.patterns.commit_pattern(0, fingerprint=staged["fingerprint"])
    hand.pump.therapy.select_pattern(0)

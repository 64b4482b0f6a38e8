"""A pump that was filled, for the tests of the reservoir by hand."""

from __future__ import annotations

from tests.oracle.hand import Hand


def filled(filled_mu: int = 1_000_000, at_us: int = 0) -> Hand:
    """A pump of 0.5 µl at U-400 (0.4 mU are a nanolitre) that was filled with so much."""
    hand = Hand()
    hand.device.advance(at_us)
    hand.device.reservoir.fill(filled_mu * 5 // 2, 0, 0)
    return hand


def delivered(hand: Hand, strokes: int) -> None:
    hand.device.pump.confirmed += strokes
    hand.device.pump.commanded += strokes

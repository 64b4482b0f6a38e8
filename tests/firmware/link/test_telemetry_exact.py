"""The lateness that telemetry tells: the worst since the reset, to the end of a frame, as far as its field goes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from firmware import protocol
from tests.firmware.hand import SECOND_US, Hand

pytestmark = pytest.mark.req("LOG-3")


def streaming(hand: Hand, sends_us: int = 0) -> list[dict[str, Any]]:
    """Each frame of a stream of one a second; a frame takes so long to send."""
    frames: list[dict[str, Any]] = []

    def send(message_id: int, payload: bytes) -> None:
        assert message_id == protocol.TELEMETRY_ID
        frames.append(protocol.decode(protocol.TELEMETRY, payload))
        hand.now_us += sends_us

    hand.pump.stream.send = send
    hand.pump.stream.counters = SimpleNamespace(**{field.name: 0 for field in protocol.COUNTERS})
    hand.pump.stream.telemetry(1, 60)
    return frames


def test_a_lateness_beyond_its_field_is_told_as_the_most_that_it_holds() -> None:
    hand = Hand()
    frames = streaming(hand)
    for late_us, told_us in ((1 << 32, 0xFFFFFFFF), (1 << 40, 0xFFFFFFFF)):
        hand.pump.stream.worst_late_us = late_us
        hand.pump.stream.time(hand.now_us)
        assert frames[-1]["worst_late_us"] == told_us
    for exact_us in (0xFFFFFFFE, 0xFFFFFFFF):
        hand.pump.stream.worst_late_us = exact_us
        hand.pump.stream.time(hand.now_us)
        assert frames[-1]["worst_late_us"] == exact_us


def test_what_a_frame_takes_counts_and_the_next_one_tells_it() -> None:
    hand = Hand()
    frames = streaming(hand, 300)
    hand.now_us = SECOND_US + 50
    hand.pump.stream.time(hand.now_us)
    assert frames[0]["worst_late_us"] == 0 and hand.pump.stream.worst_late_us == 350
    hand.now_us = hand.pump.stream.deadline_us
    hand.pump.stream.time(hand.now_us)
    assert frames[1]["worst_late_us"] == 350

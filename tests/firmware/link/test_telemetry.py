"""The telemetry stream: frames when they are due, with the pump's figures, and an end."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import protocol
from tests.firmware.desk import Desk
from tests.firmware.hand import SECOND_US

pytestmark = pytest.mark.req("LOG-3")


class Listener:
    """A pump with a programmer that only listens: `frames` are what it was told, each with its time."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.hand = self.desk.hand
        self.frames: list[tuple[int, dict[str, Any]]] = []
        self.hand.pump.stream.send = self._told
        self.hand.pump.stream.counters = self.desk.commands.counters

    def _told(self, message_id: int, payload: bytes) -> None:
        assert message_id == protocol.TELEMETRY_ID
        self.frames.append((self.hand.now_us, protocol.decode(protocol.TELEMETRY, payload)))

    @property
    def times_s(self) -> list[float]:
        return [at_us / SECOND_US for at_us, _ in self.frames]


def test_frames_come_at_their_interval_until_the_time_that_was_named_and_no_longer() -> None:
    listener = Listener()
    listener.hand.live(SECOND_US)
    assert listener.desk.ask("telemetry", interval_s=2, for_s=10) == {"until_us": 11 * SECOND_US}
    listener.hand.live(3600 * SECOND_US)
    assert listener.times_s == [3, 5, 7, 9, 11]
    for at_us, frame in listener.frames:
        assert (frame["now_us"], frame["state"]) == (at_us, protocol.STATE_RUNNING)


def test_a_new_request_takes_the_place_of_the_old_one_and_an_interval_of_0_ends_it() -> None:
    listener = Listener()
    listener.desk.ask("telemetry", interval_s=1, for_s=3600)
    listener.hand.live(2 * SECOND_US)
    listener.desk.ask("telemetry", interval_s=5, for_s=60)
    listener.hand.live(12 * SECOND_US)
    assert listener.times_s == [1, 2, 7, 12]
    assert listener.desk.ask("telemetry", interval_s=0, for_s=60) == {"until_us": 12 * SECOND_US}
    listener.hand.live(60 * SECOND_US)
    assert len(listener.frames) == 4 and listener.hand.pump.stream.deadline_us == protocol.NEVER_US


def test_a_frame_has_status_link_battery_and_the_worst_lateness() -> None:
    listener = Listener()
    listener.desk.ask("set_basal", rate_mu_per_h=1000)
    listener.desk.ask("telemetry", interval_s=10, for_s=60)
    listener.hand.live(10 * SECOND_US)
    first = listener.frames[0][1]
    status = listener.desk.ask("status")
    assert {name: first[name] for name in ("basal_rate_mu_per_h", "requests_refused", "reservoir_mu")} == {
        name: status[name] for name in ("basal_rate_mu_per_h", "requests_refused", "reservoir_mu")
    }
    energy = listener.hand.pump.upkeep.energy
    assert (first["battery_left_nah"], first["wakes"]) == (energy.left_nah(), energy.wakes) and first["wakes"] > 0
    assert first["worst_late_us"] == 0
    listener.hand.now_us += 13 * SECOND_US  # the supervisor was kept
    listener.hand.live(40 * SECOND_US)
    assert {frame["worst_late_us"] for _, frame in listener.frames[1:]} == {3 * SECOND_US}
    assert listener.times_s == [10, 23, 33], "what is late keeps its distance"


def test_telemetry_delays_no_stroke() -> None:
    starts = []
    for asked in (False, True):
        listener = Listener()
        listener.desk.ask("set_basal", rate_mu_per_h=35_000)
        if asked:
            listener.desk.ask("telemetry", interval_s=1, for_s=3600)
        listener.hand.live(600 * SECOND_US)
        starts.append(listener.hand.strokes_us)
        assert bool(listener.frames) == asked
    assert starts[0] == starts[1] and len(starts[0]) > 25

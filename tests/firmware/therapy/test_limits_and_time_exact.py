"""New limits meet the programme as it is at that instant; settings are whole, and outlive a reset."""

from __future__ import annotations

import pytest

from firmware import dose_codes as code
from firmware import protocol
from firmware.errors import FirmwareError
from tests.firmware.hand import SECOND_US, Hand, alarms, refused
from tests.firmware.therapy.therapy_by_hand import MINUTE_US, run_pattern, settings

CAPS = (40_000, 60_000, 150_000)


@pytest.mark.req("GUARD-1", "THER-1")
def test_a_rate_that_is_over_at_this_instant_does_not_keep_the_limit_up() -> None:
    hand = Hand()
    run_pattern(hand, {0: 12_000, 1: 100, 2: 50})  # the core knows of one change ahead
    hand.live(30 * MINUTE_US - SECOND_US)
    refused(lambda: hand.pump.device.set_limits(5_000, *CAPS), protocol.OUT_OF_RANGE)
    hand.now_us = 30 * MINUTE_US + 1  # the order comes before the supervisor has seen to the change
    assert hand.pump.device.set_limits(5_000, *CAPS)["new_max_basal_mu_per_h"] == 5_000


@pytest.mark.req("GUARD-1", "THER-1")
def test_a_pattern_that_ran_at_the_limit_runs_at_the_new_one_at_once() -> None:
    hand = Hand()
    run_pattern(hand, {0: 12_000, 1: 13_000})
    hand.pump.therapy.set_basal(100)
    hand.pump.device.set_limits(5_000, *CAPS)
    hand.pump.record.pattern = 0  # which may be so after a reset only
    hand.pump.therapy.follow(hand.now_us)
    assert hand.core.state()[code.RATE_MU_PER_H] == 5_000
    hand.pump.device.set_limits(12_500, *CAPS)
    state = hand.core.state()
    assert (state[code.RATE_MU_PER_H], state[code.BOUNDARY_MU_PER_H]) == (12_000, 12_500)


@pytest.mark.req("STORE-1", "STORE-5", "THER-1")
def test_settings_outlive_a_reset_and_without_a_memory_none_changes() -> None:
    hand = Hand()
    settings(hand, auto_off_min=120, suspend_rate_mu_per_h=100)
    given = hand.pump.patterns.read_settings()
    assert (given["auto_off_min"], given["suspend_rate_mu_per_h"]) == (120, 100)
    assert hand.restarted(1).pump.patterns.read_settings() == given
    hand.pump._memory.state = protocol.MEMORY_WRITE_FAILED
    writes = len(hand.memory.writes)
    refused(lambda: settings(hand, auto_off_min=60), protocol.MEMORY_FAILED)
    assert hand.pump.patterns.read_settings() == given and len(hand.memory.writes) == writes


@pytest.mark.req("THER-1", "THER-8", "STORE-1")
def test_a_clock_that_is_set_brings_the_rate_of_its_hour_at_once_and_without_a_memory_none() -> None:
    hand = Hand()
    run_pattern(hand, {0: 1_000, 24: 300})
    noon_s = hand.wall.utc_s(hand.now_us) + 12 * 3600
    state, hand.pump._memory.state = hand.pump._memory.state, protocol.MEMORY_WRITE_FAILED
    written: list[int] = []
    hand.rtc.set, plain = written.append, hand.rtc.set  # type: ignore[method-assign]
    refused(lambda: hand.pump.device.set_time(noon_s), protocol.MEMORY_FAILED)
    assert written == [] and hand.core.state()[code.RATE_MU_PER_H] == 1_000
    hand.pump._memory.state, hand.rtc.set = state, plain  # type: ignore[method-assign]
    hand.pump.device.set_time(noon_s)
    assert hand.core.state()[code.RATE_MU_PER_H] == 300


@pytest.mark.req("STORE-3")
def test_a_memory_that_does_not_take_its_initialisation_is_said_to_have_failed() -> None:
    hand = Hand()
    for copy in (1852, 2652):
        hand.memory.flip(copy)
    damaged = hand.restarted()

    def fails(*_: object) -> None:
        raise FirmwareError("for the test")

    damaged.pump._memory.initialise = fails  # type: ignore[method-assign]
    refused(damaged.pump.device.initialise_memory, protocol.MEMORY_FAILED)
    assert "initialised_to_defaults" not in alarms(damaged)

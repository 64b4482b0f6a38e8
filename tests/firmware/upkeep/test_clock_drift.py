"""How fast the two clocks go: one that goes wrong is found within a day. Only the battery-backed clock is faked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware import dose_codes, protocol
from tests.firmware.hand import SECOND_US, Hand, alarms, refused
from tests.firmware.ram import RamRtc
from tests.firmware.upkeep.clock_pumps import events, patterned

HOUR_US = 3600 * SECOND_US
DAY_US = 24 * HOUR_US


class DriftingRtc(RamRtc):
    """A battery-backed clock `ppm` fast of the device's `now()`, which ticks at its own moment of the second."""

    def __init__(self, now: Callable[[], int], ppm: int, phase_us: int = 0) -> None:
        super().__init__()
        self._now = now
        self._ppm = ppm
        self._phase_us = phase_us
        self.moved_s = 0

    def read(self) -> int:
        us = self._now() + self._phase_us
        return 1_767_225_600 + self.moved_s + (us + us * self._ppm // 1_000_000) // SECOND_US

    def set(self, utc_s: int) -> None:
        self.moved_s += utc_s - self.read()


def drifting(ppm: int, phase_us: int = 0) -> Hand:
    hands: list[Hand] = []
    rtc = DriftingRtc(lambda: hands[0].now_us if hands else 0, ppm, phase_us)
    hand = Hand(rtc=rtc)
    hands.append(hand)
    return hand


@pytest.mark.req("SELF-1", "THER-8")
@pytest.mark.parametrize("ppm", [-500_000, -20_000, 20_000, 1_000_000, -1_000_000, -1500, 1500])
def test_a_clock_that_goes_wrong_is_found_within_a_day_and_doses_no_more(ppm: int) -> None:
    hand = drifting(ppm)
    hand.pump.therapy.set_basal(5000)
    hand.live(25 * HOUR_US)
    assert hand.pump.status()["state"] == protocol.STATE_STOPPED
    active = {protocol.BY_ID and each["alarm"]: each["detail"] for each in hand.pump.alarms.read_alarms(0)["records"]}
    assert active[4] == 1 << 8, "self_test_fail, of clock_rate alone"
    if abs(ppm) >= 20_000:
        assert hand.strokes_us[-1] < 4 * HOUR_US
        assert "clock_lost" in alarms(hand)
    refused(hand.pump.switch.resume, protocol.SELF_TEST_FAILED)


@pytest.mark.req("SELF-1", "THER-8")
@pytest.mark.parametrize("offset_us", [0, 700 * SECOND_US])
def test_setting_the_time_does_not_hide_a_clock_that_goes_wrong(offset_us: int) -> None:
    hand = drifting(-20_000)
    for number in range(1, 8):
        hand.live(number * HOUR_US // 2 + offset_us)
        hand.pump.device.set_time(1_767_225_600 + number * 1800)
    assert "clock_lost" in alarms(hand)


@pytest.mark.req("SELF-1", "THER-8")
@pytest.mark.parametrize("ppm", [-200, 0, 200])
@pytest.mark.parametrize("phase_us", [0, 999_999])
def test_two_sound_clocks_are_quiet_for_thirty_days(ppm: int, phase_us: int) -> None:
    hand = drifting(ppm, phase_us)
    hand.live(30 * DAY_US)
    assert alarms(hand) == []
    assert abs(hand.pump.status()["utc_s"] - hand.rtc.read()) <= 2


@pytest.mark.req("THER-8", "ALARM-1")
def test_a_silent_clock_is_in_the_log_once_and_lost_after_a_day() -> None:
    hand = Hand()
    patterned(hand)
    hand.rtc.now_s = None
    hand.live(20 * HOUR_US)
    assert alarms(hand) == [] and hand.pump.status()["utc_s"] == 1_767_225_600 + 20 * 3600
    assert hand.pump.status()["basal_rate_mu_per_h"] == 1000, "the pattern goes on"
    assert len(events(hand, protocol.EVENT_CLOCK_SILENT)) == 1
    hand.live(26 * HOUR_US)
    assert alarms(hand) == ["clock_lost"]
    assert hand.core.state()[dose_codes.RATE_MU_PER_H] == 300

"""No answer of the dose core is dropped: what it refuses is refused, or the pump is still."""

from __future__ import annotations

import pytest

from firmware import dose_codes as code
from firmware import events, protocol
from firmware.errors import FirmwareError
from tests.firmware.hand import SECOND_US, Hand, alarms, deliveries, refused
from tests.firmware.therapy.therapy_by_hand import HOUR_US, run_pattern, status

CAPS = {"max_bolus_mu": 40_000, "max_hour_mu": 60_000, "max_day_mu": 150_000}


@pytest.mark.req("GUARD-1", "THER-9")
def test_a_lower_limit_counts_what_a_percentage_makes_of_every_later_rate() -> None:
    hand = Hand()
    run_pattern(hand, {0: 100, 1: 200, 4: 12_000})
    hand.pump.therapy.temp_basal(protocol.TEMP_PERCENT, 200, 1440)
    error = refused(lambda: hand.pump.device.set_limits(12_000, **CAPS), protocol.OUT_OF_RANGE)
    assert (error.field_name, error.value, error.limit) == ("max_basal_mu_per_h", 12_000, 24_000)
    hand.pump.device.set_limits(24_000, **CAPS)
    for half_hour in range(8):
        hand.live(half_hour * HOUR_US // 2 + SECOND_US)
        shown = status(hand)
        assert shown["in_force_mu_per_h"] == shown["basal_rate_mu_per_h"] * 2
        assert shown["basal_rate_mu_per_h"] == (100, 200, 200, 200, 12_000)[min(half_hour, 4)]


@pytest.mark.req("GUARD-1", "THER-9")
def test_a_percentage_that_the_core_does_not_take_with_a_rate_ends_and_the_rate_holds() -> None:
    hand = Hand()
    run_pattern(hand, {0: 100, 1: 200, 2: 12_000})
    hand.pump.therapy.temp_basal(protocol.TEMP_PERCENT, 200, 1440)
    hand.core.set_limits(12_000, 40_000, 60_000, 150_000)  # past the firmware, as nothing of it does
    hand.live(HOUR_US // 2 + SECOND_US)
    assert status(hand)["in_force_mu_per_h"] == 200
    hand.live(HOUR_US + SECOND_US)
    shown = status(hand)
    assert (shown["in_force_mu_per_h"], shown["basal_rate_mu_per_h"]) == (12_000, 12_000)
    ended = [each for each in deliveries(hand) if each["kind"] == protocol.KIND_TEMP_BASAL]
    assert [each["reason"] for each in ended] == [protocol.REASON_CANCELLED]


@pytest.mark.req("GUARD-1", "DOSE-2")
@pytest.mark.parametrize("call", ["set_basal", "plan_basal", "settle"])
def test_a_rate_that_the_core_does_not_take_is_not_answered_as_in_force(call: str) -> None:
    hand = Hand()
    setattr(hand.core, call, lambda *_: code.E_TIME)
    with pytest.raises(FirmwareError, match=r"answered 1|run back"):
        run_pattern(hand, {0: 1000, 2: 2000})


@pytest.mark.req("DOSE-5", "ALARM-2", "GUARD-3")
@pytest.mark.parametrize("refusals", [1, 2, 100])
@pytest.mark.parametrize("halt", ["stop", "suspend", "auto-off", "occlusion", "memory", "exception"])
def test_a_halt_ends_only_when_the_core_says_that_it_is_suspended(halt: str, refusals: int) -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(35_000)
    hand.pump.boluses.bolus(10_000)
    hand.live(5 * SECOND_US)
    suspend, left = hand.core.suspend, [refusals]

    def not_now(now_us: int) -> int:
        left[0] -= 1
        return code.E_TIME if left[0] >= 0 else suspend(now_us)

    hand.core.suspend = not_now  # type: ignore[method-assign]
    if halt in ("stop", "suspend"):
        getattr(hand.pump.switch, halt)()
    elif halt == "memory":
        hand.memory.failing = True
        hand.pump.visited(hand.pump.visitors.began, 1)
        hand.memory.failing = False
    elif halt == "exception":
        hand.pump.failures.failed(ValueError("for the test"))
    else:
        hand.pump.alarms.raise_alarm("auto_off" if halt == "auto-off" else halt)
    strokes = len(hand.strokes_us)
    hand.live(HOUR_US)
    suspended = halt == "suspend" and refusals < 2
    assert len(hand.strokes_us) <= strokes + 1 + suspended, "at most the one in progress"
    shown = status(hand)
    assert shown["bolus_remaining_mu"] == 0
    assert shown["in_force_mu_per_h"] == (200 if suspended else 0)
    assert bool(hand.core.state()[code.SUSPENDED]) is not suspended
    expected = "fault" if refusals > 1 else "suspended" if suspended else "stopped"
    assert protocol.STATES[shown["state"]] == expected
    assert alarms(hand)


@pytest.mark.req("STORE-1")
def test_a_permit_that_the_core_does_not_take_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    hand = Hand()
    hand.pump.boluses.bolus(1000)
    hand.live(3 * SECOND_US)
    hand.pump.books.strokes += 1  # as after a failure: the core's count is the right one
    hand.pump.books.store()
    assert hand.pump.books.strokes == len(hand.strokes_us) == 2
    hand.live(20 * SECOND_US)
    assert len(hand.strokes_us) == 5
    monkeypatch.setattr(hand.core, "permit", lambda stroke: False)
    with pytest.raises(FirmwareError, match="no permit for stroke"):
        hand.pump.books.store()


@pytest.mark.req("DOSE-3", "THER-2")
@pytest.mark.parametrize("halt", ["stop", "occlusion", "reservoir"])
def test_a_bolus_cut_during_a_stroke_of_its_own_keeps_the_reason(halt: str) -> None:
    hand = Hand()
    hand.pump.boluses.dual_bolus(2000, 2000, 30)
    hand.live(3 * SECOND_US)
    hand.core.promise(hand.now_us, hand.now_us + 10 * SECOND_US)
    hand._pass(hand.core.next_us())
    assert hand.core.service(hand.now_us) == 1
    hand._pass(hand.now_us + 1000)
    if halt == "stop":
        hand.pump.switch.stop()
    elif halt == "occlusion":
        hand.pump.alarms.raise_alarm("occlusion")
    else:
        hand.pump.alarms.halt(hand.now_us, protocol.REASON_HOUR_CAP)
    hand.core.confirmed()
    hand.core.ended()
    hand.pump.handle(events.STROKE)
    reason = {
        "stop": protocol.REASON_SUSPENDED,
        "occlusion": protocol.REASON_FAULT,
        "reservoir": protocol.REASON_HOUR_CAP,
    }
    cut = [each for each in deliveries(hand) if each["kind"] in (protocol.KIND_DUAL_NORMAL, protocol.KIND_DUAL_SQUARE)]
    assert [each["reason"] for each in cut] == [reason[halt]] * 2
    assert [each["delivered_strokes"] for each in cut] == [3, 0]

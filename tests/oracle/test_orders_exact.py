"""The other orders by hand: what each does, what its reply says, and each reason against it at its edge."""

from __future__ import annotations

import pytest

from firmware import protocol
from hil.oracle.exact import NEVER_US
from hil.oracle.orders import ORDERS
from hil.oracle.reasons import IN_STATES, Reason
from hil.oracle.wall import BackedClock, Wall
from tests.oracle.hand import EPOCH_S, LIMITS, H, Hand, S, against, basal, both_codes, pattern


@pytest.mark.req("THER-3", "THER-6")
def test_an_order_in_another_state_names_the_state() -> None:
    values = {"rate_mu_per_h": 0, "valid_min": 1, "kind": 0, "value": 0, "duration_min": 30, "volume_mu": 200,
              "square_mu": 200, "procedure": 1, "step": 0, "choice": 0}  # fmt: skip
    for name, fitting in IN_STATES.items():
        for place, state in enumerate(protocol.STATES):
            hand = Hand()
            hand.device.pump.programme.state = state
            wrong = [each for each in against(hand, name, **values)[0] if each.code == "wrong_state" and each.value]
            if name.endswith("_procedure"):
                assert not wrong
            else:
                assert [each.value for each in wrong] == ([] if state in fitting or not place else [place]), (
                    name,
                    state,
                )
    hand = Hand()
    assert both_codes(against(hand, "resume"))[0] == ["wrong_state"]


def test_orders_are_what_changes_delivery() -> None:
    assert tuple(each.name for each in protocol.MESSAGES if each.changes_delivery) == ORDERS
    assert "bolus" in ORDERS and "status" not in ORDERS


# States


@pytest.mark.req("THER-3", "THER-4", "SELF-1")
def test_what_stands_against_a_resume() -> None:
    hand = Hand()
    hand.order(0, "stop")
    assert against(hand, "resume") == ([], [])
    hand.device.procedures.holds = "empty"
    assert against(hand, "resume") == ([Reason("unfit")], [])
    hand.device.procedures.holds = "insulin"
    hand.device.reservoir.filled_nl = 500_000
    assert against(hand, "resume") == ([Reason("reservoir", None, None, 200_000)], [])
    hand.device.reservoir.filled_nl = 501_000
    assert against(hand, "resume") == ([], [])
    hand.device.alarms.latch("self_test_fail")
    assert against(hand, "resume") == ([], [Reason("self_test_failed")])
    assert hand.order(S, "resume") == {"rate_mu_per_h": 0}


@pytest.mark.req("THER-3", "DOSE-5")
def test_suspend_and_stop_tell_what_was_given_up() -> None:
    hand = basal(1_000)
    hand.order(0, "bolus", volume_mu=600)
    hand.device.advance(S)
    assert hand.order(S, "suspend") == {"abandoned_strokes": 2, "rate_mu_per_h": 200}
    hand = basal(1_000)
    hand.order(0, "bolus", volume_mu=600)
    hand.device.advance(S)
    assert hand.order(S, "stop") == {"abandoned_strokes": 2}
    assert hand.device.pump.entries[-1].reason == "suspended"


# Limits, settings, clock


@pytest.mark.req("GUARD-1")
def test_limits_are_refused_below_what_is_in_force() -> None:
    hand = basal(1_000)
    low = ["out_of_range", "clinician_limit"]
    assert both_codes(against(hand, "set_limits", **LIMITS | {"max_basal_mu_per_h": 950})) == (low, [])
    assert both_codes(against(hand, "set_limits", **LIMITS | {"max_basal_mu_per_h": 1_000})) == ([], [])
    hand = pattern(1_000, 2_000)
    assert both_codes(against(hand, "set_limits", **LIMITS | {"max_basal_mu_per_h": 2_000})) == ([], [])
    assert both_codes(against(hand, "set_limits", **LIMITS | {"max_basal_mu_per_h": 1_950})) == ([], ["out_of_range"])
    assert both_codes(against(hand, "set_limits", **LIMITS | {"max_basal_mu_per_h": 950})) == (low, [])
    assert against(hand, "set_limits", **LIMITS | {"max_hour_mu": 6_000, "max_day_mu": 6_000}) == ([], [])
    assert both_codes(against(hand, "set_limits", **LIMITS | {"max_hour_mu": 6_000, "max_day_mu": 5_800}))[0] == [
        "out_of_range"
    ]


@pytest.mark.req("GUARD-1", "THER-9")
def test_a_limit_that_is_no_whole_stroke_may_be_refused() -> None:
    every = ["not_whole_strokes", "not_multiple", "out_of_range"]
    for name in ("max_bolus_mu", "max_hour_mu", "max_day_mu"):
        must, may = against(
            Hand(), "set_limits", **LIMITS | {name: 30_001, "max_day_mu": 150_000 if "day" not in name else 150_001}
        )
        assert must == [] and [each.code for each in may] == every and {each.field for each in may} == {name}
    assert against(Hand(), "set_limits", **LIMITS | {"max_basal_mu_per_h": 34_950}) == ([], []), "a rate is no dose"


@pytest.mark.req("GUARD-1", "THER-9")
def test_limits_show_old_and_new_and_are_in_force() -> None:
    hand = Hand()
    reply = hand.order(0, "set_limits", **LIMITS | {"max_bolus_mu": 1_000, "max_hour_mu": 2_000})
    assert reply == {
        "old_max_basal_mu_per_h": 35_000, "old_max_bolus_mu": 40_000, "old_max_hour_mu": 60_000,
        "old_max_day_mu": 150_000, "new_max_basal_mu_per_h": 35_000, "new_max_bolus_mu": 1_000,
        "new_max_hour_mu": 2_000, "new_max_day_mu": 150_000,
    }  # fmt: skip
    assert hand.device.pump.caps.hour_mu == 2_000 and hand.device.settings.limits["max_bolus_mu"] == 1_000


@pytest.mark.req("GUARD-1")
def test_caps_lower_than_what_running_boluses_were_promised_may_be_refused() -> None:
    hand = Hand()
    assert against(hand, "set_limits", **LIMITS | {"max_hour_mu": 200, "max_day_mu": 200}) == ([], [])
    hand.order(0, "bolus", volume_mu=1_000)
    assert against(hand, "set_limits", **LIMITS | {"max_hour_mu": 1_000, "max_day_mu": 1_000}) == ([], [])
    must, may = against(hand, "set_limits", **LIMITS | {"max_hour_mu": 800, "max_day_mu": 800})
    assert must == [] and [(each.code, each.field, each.value) for each in may] == [
        ("out_of_range", "max_hour_mu", 800), ("out_of_range", "max_day_mu", 800),
    ]  # fmt: skip


SETTINGS = {
    "suspend_rate_mu_per_h": 200, "auto_off_min": 0, "utc_offset_min": 0, "reservoir_low_mu": 800_000,
    "reservoir_empty_mu": 400_000, "reservoir_stop_mu": 200_000, "in_use_days": 45, "stroke_tone": False,
}  # fmt: skip


@pytest.mark.req("THER-4")
def test_levels_are_in_order_and_whole_strokes() -> None:
    levels = ("reservoir_low_mu", "reservoir_empty_mu", "reservoir_stop_mu")
    for values, fits in (((600, 600, 600), True), ((600, 800, 200), False), ((600, 200, 400), False)):
        named = dict(zip(levels, values, strict=True))
        assert both_codes(against(Hand(), "set_settings", **SETTINGS | named))[0] == ([] if fits else ["out_of_range"])
    for name in levels:
        may = both_codes(against(Hand(), "set_settings", **SETTINGS | {name: SETTINGS[name] + 1}))[1]
        assert may == ["not_whole_strokes", "not_multiple", "out_of_range"]


@pytest.mark.req("THER-3", "THER-4", "ALARM-2")
def test_settings_are_in_force_and_the_level_is_looked_at_within_an_hour() -> None:
    hand = Hand()
    hand.device.reservoir.fill(2_250_000, 0, 0)  # 900 U
    assert hand.order(S, "set_settings", **SETTINGS | {"reservoir_low_mu": 900_000, "utc_offset_min": 30}) == {}
    assert hand.device.settings.values == SETTINGS | {"reservoir_low_mu": 900_000, "utc_offset_min": 30}
    assert hand.device.pump.programme.offset_min == 30
    assert hand.device.alarms.latched["low_reservoir"].must_us == S + H
    hand.order(2 * S, "set_settings", **SETTINGS)
    assert hand.device.alarms.latched["low_reservoir"].must_us == NEVER_US, "it has lost its cause"
    assert "unknown" not in hand.device.settings.values


@pytest.mark.req("THER-8", "THER-1")
def test_the_clock_is_set_the_change_is_logged_and_the_pattern_followed() -> None:
    hand = pattern(1_000, 2_000)
    assert hand.order(5 * S, "set_time", utc_s=EPOCH_S + 1_800) == {
        "old_utc_s": EPOCH_S + 5, "new_utc_s": EPOCH_S + 1_800,
    }  # fmt: skip
    assert hand.device.pump.rate == 2_000 and hand.device.pump.programme.utc_s(5 * S) == EPOCH_S + 1_800
    note = next(each for each in hand.device.pump.events if each.what == "clock_set")
    assert (note.values, note.time_s) == ({"a": EPOCH_S + 5, "b": EPOCH_S + 1_800}, EPOCH_S + 1_800)


@pytest.mark.req("THER-8")
def test_the_battery_backed_clock_is_set_too_and_one_that_is_wrong_by_then_is_told() -> None:
    hand, clock = Hand(), BackedClock(EPOCH_S)
    hand.device.wall = Wall(hand.device, clock, set[str]().__contains__)
    clock.jump(-86_400)
    hand.order(5 * S, "set_time", utc_s=EPOCH_S + 1_800)
    assert clock.utc_s(5 * S) == EPOCH_S + 1_800
    told = [each.what for each in hand.device.pump.events if each.what.startswith("clock")]
    assert told == ["clock_lost", "clock_set"]


# Alarms and service


@pytest.mark.req("ALARM-2")
def test_an_acknowledgement_tells_what_is_left_and_whether_the_cause_is_there() -> None:
    hand = Hand()
    assert both_codes(against(hand, "acknowledge_alarm", alarm=12)) == (["not_active"], [])
    hand.device.alarms.latch("auto_off")
    hand.device.alarms.latch("occlusion")
    assert hand.order(0, "acknowledge_alarm", alarm=12) == {"alarms": range(1, 2), "cause_there": False}
    assert hand.order(0, "acknowledge_alarm", alarm=15) == {"alarms": range(1), "cause_there": {True, False}}
    hand.device.reservoir.filled_nl = 500_000
    hand.device.alarms.latch("low_reservoir")
    assert hand.order(0, "acknowledge_alarm", alarm=5) == {"alarms": range(1, 2), "cause_there": True}


@pytest.mark.req("GUARD-2", "STORE-3")
def test_without_a_fault_nothing_is_cleared_and_good_memory_is_kept() -> None:
    assert both_codes(against(Hand(), "clear_fault", fault=1)) == (["no_fault"], [])
    assert both_codes(against(Hand(), "initialise_memory")) == (["memory_good"], [])


@pytest.mark.req("THER-5")
def test_a_refill_by_weight_is_one() -> None:
    values = {
        "put_before_mg": 3_015,
        "put_after_mg": 1_005,
        "taken_back_nl": 0,
        "drawn_before_mg": 5,
        "drawn_after_mg": 5,
    }
    hand = Hand()
    assert both_codes(against(hand, "record_refill", **values | {"put_after_mg": 3_015})) == (["out_of_range"], [])
    nothing = {"missing_nl": 0, "delivered_nl": 0}
    assert hand.order(0, "record_refill", **values) == {"filled_nl": 2_000_000, "residual_nl": 0, **nothing}


@pytest.mark.req("THER-5", "THER-6")
def test_a_procedure_is_begun_answered_and_broken_off_by_orders() -> None:
    hand = Hand()
    hand.order(0, "stop")
    wrong = ["wrong_state"], []
    hand.device.procedures.holds = "naoh"
    assert both_codes(against(hand, "start_procedure", procedure=5)) == (["wrong_content"], [])
    hand.device.procedures.holds = "insulin"
    assert hand.order(S, "start_procedure", procedure=5)["procedure"] == "patency"
    assert both_codes(against(hand, "answer_procedure", step=1, choice=0, value=0)) == wrong
    assert hand.order(2 * S, "answer_procedure", step=0, choice=0, value=0)["step"] == 1
    assert both_codes(against(hand, "interrupt_procedure", step=0)) == wrong
    assert hand.order(3 * S, "interrupt_procedure", step=1)["procedure_end"] == 1

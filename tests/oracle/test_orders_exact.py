"""Each order by hand: what it does, what its reply says, and each reason against it at its edge."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import pytest

from firmware import protocol
from hil.oracle.exact import NEVER_US
from hil.oracle.orders import ORDERS, day_mu, fingerprint
from hil.oracle.reasons import IN_STATES, Reason
from tests.oracle.hand import EDGE_US, EPOCH_S, MIN, H, Hand, S

LIMITS = {"max_basal_mu_per_h": 35_000, "max_bolus_mu": 40_000, "max_hour_mu": 60_000, "max_day_mu": 150_000}
Found = tuple[list[Reason], list[Reason]]


def against(hand: Hand, name: str, code: str = "", **values: Any) -> Found:
    return hand.device.orders.why_not(name, values, code)


def codes(found: Found) -> tuple[list[str], list[str]]:
    return [each.code for each in found[0]], [each.code for each in found[1]]


def records(*rates: int) -> list[dict[str, int]]:
    return [{"rate_mu_per_h": rate} for rate in (*rates, *[rates[-1]] * (48 - len(rates)))]


def basal(rate_mu_per_h: int, at: int = 0) -> Hand:
    hand = Hand()
    hand.order(at, "set_basal", rate_mu_per_h=rate_mu_per_h)
    return hand


def pattern(*rates: int) -> Hand:
    """Pattern A at these rates, the last one for the rest of the day, from midnight on."""
    hand = Hand()
    hand.device.pump.programme.rates[0] = [each["rate_mu_per_h"] for each in records(*rates)]
    hand.order(0, "select_pattern", pattern=0)
    return hand


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
    assert codes(against(hand, "resume"))[0] == ["wrong_state"]


def test_orders_are_what_changes_delivery() -> None:
    assert tuple(each.name for each in protocol.MESSAGES if each.changes_delivery) == ORDERS
    assert "bolus" in ORDERS and "status" not in ORDERS


# Rates


@pytest.mark.req("GUARD-1", "THER-1")
def test_a_rate_above_the_clinician_s_limit_is_refused_with_it() -> None:
    hand = Hand()
    hand.order(0, "set_limits", **LIMITS | {"max_basal_mu_per_h": 1_000})
    assert against(hand, "set_basal", rate_mu_per_h=1_000) == ([], [])
    assert against(hand, "set_basal", rate_mu_per_h=1_050)[0] == [
        Reason("clinician_limit", "rate_mu_per_h", 1_050, 1_000)
    ]
    rest = {"kind": 0, "duration_min": 30}
    assert against(hand, "temp_basal", value=1_000, **rest) == ([], [])
    assert against(hand, "temp_basal", value=1_050, **rest)[0] == [Reason("clinician_limit", "value", 1_050, 1_000)]
    rest = {"valid_min": 1}
    assert against(hand, "recommend_rate", rate_mu_per_h=1_000, **rest) == ([], [])
    assert against(hand, "recommend_rate", rate_mu_per_h=1_050, **rest)[0] == [
        Reason("clinician_limit", "rate_mu_per_h", 1_050, 1_000)
    ]
    hand.device.pump.programme.rates[3][47] = 1_001
    assert against(hand, "select_pattern", pattern=2) == ([], [])
    assert against(hand, "select_pattern", pattern=3)[0] == [Reason("clinician_limit", "pattern", 1_001, 1_000)]


@pytest.mark.req("GUARD-1", "THER-9")
def test_what_a_percentage_that_runs_makes_of_a_rate_may_be_refused() -> None:
    hand = basal(1_000)
    hand.order(0, "temp_basal", kind=1, value=150, duration_min=30)
    hand.order(0, "set_limits", **LIMITS | {"max_basal_mu_per_h": 3_000})
    assert against(hand, "set_basal", rate_mu_per_h=2_000) == ([], [])
    assert against(hand, "set_basal", rate_mu_per_h=2_050) == ([], [Reason("clinician_limit", None, 3_075, 3_000)])
    hand.device.pump.programme.rates[1] = [2_001] * 48
    assert against(hand, "select_pattern", pattern=0) == ([], [])
    assert against(hand, "select_pattern", pattern=1) == ([], [Reason("clinician_limit", None, 3_001, 3_000)])


@pytest.mark.req("THER-1", "THER-7")
def test_a_rate_by_hand_ends_pattern_and_recommendation_and_shows_the_old_one() -> None:
    hand = pattern(1_000)
    hand.order(0, "recommend_rate", rate_mu_per_h=50, valid_min=60)
    reply = hand.order(0, "set_basal", rate_mu_per_h=2_000)
    programme = hand.device.pump.programme
    assert reply == {"old_rate_mu_per_h": 1_000, "new_rate_mu_per_h": 2_000}
    assert (programme.pattern, programme.recommended_until_us, hand.device.pump.rate) == (255, NEVER_US, 2_000)
    hand.order(0, "recommend_rate", rate_mu_per_h=50, valid_min=60)
    programme.rates[2] = [700] * 48
    assert hand.order(0, "select_pattern", pattern=2) == {"old_pattern": 255, "rate_mu_per_h": 700}
    assert hand.order(0, "select_pattern", pattern=1) == {"old_pattern": 2, "rate_mu_per_h": 200}
    assert (programme.recommended_until_us, hand.device.pump.rate) == (NEVER_US, 200)


@pytest.mark.req("THER-1")
def test_a_pattern_is_staged_compared_and_committed() -> None:
    hand = Hand()
    rates = [100, 200] * 24
    staged = hand.order(0, "stage_pattern", pattern=1, rates=records(*rates))
    words = b"".join(each.to_bytes(4, "little") for each in rates)
    assert staged == {"fingerprint": crc32(words), "day_mu": 3_600, "old_day_mu": 4_800}
    assert fingerprint([1]) == crc32(b"\1\0\0\0") and day_mu([250] * 48) == 6_000 and day_mu([1] * 48) == 24
    assert day_mu([3] + [0] * 47) == 1, "1.5 mU, rounded down"
    assert hand.device.pump.programme.rates[1] == [200] * 48, "the running one goes on unchanged"
    right = {"pattern": 1, "fingerprint": staged["fingerprint"]}
    assert codes(against(hand, "commit_pattern", **right | {"pattern": 0})) == (["not_staged"], [])
    assert codes(against(hand, "commit_pattern", **right | {"fingerprint": 1})) == (["not_the_same"], [])
    assert against(hand, "commit_pattern", **right) == ([], [])
    hand.order(0, "select_pattern", pattern=1)
    assert hand.order(0, "commit_pattern", **right) == {"day_mu": 3_600, "in_force_mu_per_h": 100}
    assert hand.device.pump.rate == 100
    assert codes(against(hand, "commit_pattern", **right)) == (["not_staged"], [])


@pytest.mark.req("THER-1", "GUARD-1")
def test_a_staged_pattern_is_held_to_the_limit() -> None:
    hand = Hand()
    hand.order(0, "set_limits", **LIMITS | {"max_basal_mu_per_h": 1_000})
    assert against(hand, "stage_pattern", pattern=0, rates=records(200, 1_000)) == ([], [])
    over = records(200, 1_050, 200)
    assert against(hand, "stage_pattern", pattern=0, rates=over) == (
        [], [Reason("clinician_limit", None, 1_050, 1_000)],
    )  # fmt: skip
    for rates, found in ((over, [Reason("clinician_limit", None, 1_050, 1_000)]), (records(200, 1_000), [])):
        number = hand.order(0, "stage_pattern", pattern=0, rates=rates)["fingerprint"]
        assert against(hand, "commit_pattern", pattern=0, fingerprint=number) == (found, [])
    hand.device.pump.programme.rates[0] = [200] * 48
    hand.order(0, "select_pattern", pattern=0)
    hand.order(0, "temp_basal", kind=1, value=200, duration_min=30)
    for rate, may in ((500, []), (550, [Reason("clinician_limit", None, 1_100, 1_000)])):
        number = hand.order(0, "stage_pattern", pattern=0, rates=records(rate))["fingerprint"]
        assert against(hand, "commit_pattern", pattern=0, fingerprint=number) == ([], may)
        hand.order(0, "stage_pattern", pattern=1, rates=records(rate))
        assert against(hand, "commit_pattern", pattern=1, fingerprint=number) == ([], []), "another pattern runs"


@pytest.mark.req("THER-2")
def test_a_temporary_rate_at_its_edges() -> None:
    hand = basal(1_000)
    rest = {"duration_min": 30}
    assert against(hand, "temp_basal", kind=1, value=200, **rest) == ([], [])
    assert against(hand, "temp_basal", kind=1, value=201, **rest) == ([Reason("out_of_range", "value", 201, 200)], [])
    assert against(hand, "temp_basal", kind=0, value=250, **rest) == ([], [])
    assert against(hand, "temp_basal", kind=0, value=201, **rest) == ([Reason("not_multiple", "value", 201, 50)], [])
    hand.order(0, "set_limits", **LIMITS | {"max_basal_mu_per_h": 1_500})
    assert against(hand, "temp_basal", kind=1, value=150, **rest) == ([], [])
    assert against(hand, "temp_basal", kind=1, value=151, **rest) == (
        [Reason("clinician_limit", "value", 1_510, 1_500)], [],
    )  # fmt: skip
    hand = pattern(100, 1_200, 100)
    hand.order(0, "set_limits", **LIMITS | {"max_basal_mu_per_h": 1_300})
    assert codes(against(hand, "temp_basal", kind=1, value=108, **rest))[0] == []
    assert codes(against(hand, "temp_basal", kind=1, value=109, **rest))[0] == ["clinician_limit"], "at every rate"


@pytest.mark.req("THER-2", "DOSE-3")
def test_a_temporary_rate_has_an_account_and_an_end_and_can_be_cancelled() -> None:
    hand = basal(1_000)
    hand.order(S, "recommend_rate", rate_mu_per_h=50, valid_min=60)
    reply = hand.order(2 * S, "temp_basal", kind=1, value=150, duration_min=30)
    entries = hand.device.pump.entries
    assert reply == {"delivery_id": len(entries), "until_us": 2 * S + 30 * MIN, "in_force_mu_per_h": 1_500}
    assert [(each.kind, each.reason) for each in entries[-2:]] == [("basal", "superseded"), ("temp_basal", "running")]
    assert hand.device.pump.programme.recommended_until_us == NEVER_US
    again = hand.order(3 * S, "temp_basal", kind=0, value=500, duration_min=60)
    assert again == {"delivery_id": reply["delivery_id"] + 1, "until_us": 3 * S + 60 * MIN, "in_force_mu_per_h": 500}
    assert entries[-2].reason == "superseded"
    assert hand.order(4 * S, "cancel_temp") == {"delivery_id": again["delivery_id"], "in_force_mu_per_h": 1_000}
    assert [(each.kind, each.reason) for each in entries[-2:]] == [("temp_basal", "cancelled"), ("basal", "running")]
    assert codes(against(hand, "cancel_temp")) == (["no_temp_active"], [])


@pytest.mark.req("THER-7")
def test_a_recommendation_holds_so_long_and_not_beside_a_temporary_rate() -> None:
    hand = basal(1_000)
    reply = hand.order(S, "recommend_rate", rate_mu_per_h=250, valid_min=60)
    assert reply == {"until_us": S + 60 * MIN, "programmed_mu_per_h": 1_000} and hand.device.pump.rate == 250
    hand.order(2 * S, "temp_basal", kind=0, value=500, duration_min=60)
    assert codes(against(hand, "recommend_rate", rate_mu_per_h=250, valid_min=60)) == (["temp_active"], [])


# Boluses


@pytest.mark.req("THER-2", "GUARD-1")
def test_a_bolus_is_whole_strokes_within_both_limits() -> None:
    hand = Hand()
    hand.device.settings.limits["max_bolus_mu"] = 5_000
    assert against(hand, "bolus", volume_mu=5_000) == ([], [])
    assert against(hand, "bolus", volume_mu=5_200) == ([Reason("clinician_limit", None, 5_200, 5_000)], [])
    assert against(hand, "bolus", volume_mu=201) == ([Reason("not_whole_strokes", "volume_mu", 201, 200)], [])
    dual = {"duration_min": 30, "volume_mu": 2_400}
    assert against(hand, "dual_bolus", square_mu=2_600, **dual) == ([], [])
    assert against(hand, "dual_bolus", square_mu=2_800, **dual) == (
        [Reason("clinician_limit", None, 5_200, 5_000)], [],
    )  # fmt: skip
    assert against(hand, "dual_bolus", square_mu=300, **dual) == (
        [Reason("not_whole_strokes", "square_mu", 300, 200)], [],
    )  # fmt: skip
    hand.device.settings.limits["max_bolus_mu"] = 90_000
    dual = {"duration_min": 30, "volume_mu": 20_000}
    assert against(hand, "dual_bolus", square_mu=20_000, **dual) == ([], [])
    assert against(hand, "dual_bolus", square_mu=20_200, **dual)[0] == [Reason("hard_limit", None, 40_200, 40_000)]
    assert against(hand, "square_bolus", volume_mu=40_000, duration_min=30) == ([], [])


@pytest.mark.req("THER-2", "DOSE-5")
def test_one_bolus_of_each_kind_at_a_time_its_last_stroke_included() -> None:
    spread = {"volume_mu": 200, "duration_min": 30}
    hand = Hand()
    hand.order(0, "bolus", volume_mu=400)
    busy = (["bolus_active"], [])
    assert codes(against(hand, "bolus", volume_mu=200)) == busy
    assert codes(against(hand, "dual_bolus", square_mu=200, **spread)) == busy
    assert codes(against(hand, "square_bolus", **spread)) == ([], [])
    hand.device.advance(2 * S)
    assert hand.device.pump.normal is None and codes(against(hand, "bolus", volume_mu=200)) == busy
    hand.device.advance(2 * S + EDGE_US)
    assert codes(against(hand, "bolus", volume_mu=200)) == ([], [])
    hand.order(10 * S, "square_bolus", **spread)
    assert codes(against(hand, "square_bolus", **spread)) == busy
    assert codes(against(hand, "dual_bolus", square_mu=200, **spread)) == busy
    assert codes(against(hand, "bolus", volume_mu=200)) == ([], [])
    hand.device.advance(10 * S + 30 * MIN)
    assert codes(against(hand, "square_bolus", **spread)) == busy
    hand.device.advance(10 * S + 30 * MIN + EDGE_US)
    assert codes(against(hand, "square_bolus", **spread)) == ([], [])


@pytest.mark.req("THER-2", "DOSE-3")
def test_each_bolus_has_its_accounts_and_strokes() -> None:
    hand = Hand()
    assert hand.order(0, "bolus", volume_mu=600) == {"delivery_id": 2, "strokes": 3}
    assert hand.order(0, "square_bolus", volume_mu=800, duration_min=40) == {"delivery_id": 3, "strokes": 4}
    pump = hand.device.pump
    assert pump.square is not None and (pump.square.strokes, pump.square.over_us) == (4, 40 * MIN)
    hand = Hand()
    reply = hand.order(0, "dual_bolus", volume_mu=600, square_mu=800, duration_min=40)
    assert reply == {"delivery_id": 2, "square_id": 3, "strokes": 7}
    assert [each.kind for each in hand.device.pump.entries] == ["basal", "dual_normal", "dual_square"]
    pump = hand.device.pump
    assert pump.square is not None and (pump.square.strokes, pump.square.over_us) == (4, 40 * MIN)
    fine = Hand(125, 100)
    assert fine.order(0, "bolus", volume_mu=40_000) == {"delivery_id": 2, "strokes": 3_200}


@pytest.mark.req("THER-4", "THER-2")
def test_what_the_reservoir_has_counts_for_the_whole_bolus() -> None:
    hand = Hand()
    hand.device.reservoir.fill(505_000, 0, 0)  # 2 U above the stop; 0.4 U may be on the way
    assert against(hand, "dual_bolus", volume_mu=800, square_mu=800, duration_min=30) == ([], [])
    assert "reservoir" in codes(against(hand, "dual_bolus", volume_mu=800, square_mu=1_000, duration_min=30))[1]


@pytest.mark.req("GUARD-1")
def test_the_future_is_played_for_an_acceptance_and_for_a_refusal_by_a_cap() -> None:
    hand = Hand()
    hand.order(0, "set_limits", **LIMITS | {"max_hour_mu": 1_000})
    for code, asked in (("", True), ("hour_limit", True), ("day_limit", True), ("temp_active", False)):
        assert ("hour_limit" in codes(against(hand, "bolus", code, volume_mu=1_200))[0]) is asked
    accepted, refused = (
        against(hand, "bolus", volume_mu=1_200)[0],
        against(hand, "bolus", "day_limit", volume_mu=1_200)[0],
    )
    assert accepted == [Reason("hour_limit")] and refused[0].limit == 1_000
    spread = {"duration_min": 120, "volume_mu": 2_000}
    assert codes(against(hand, "square_bolus", **spread)) == ([], []), "half of it falls into the hour"
    assert codes(against(hand, "square_bolus", **spread | {"duration_min": 60}))[0] == ["hour_limit"]


@pytest.mark.req("THER-2")
def test_a_cancelled_bolus_tells_what_was_delivered() -> None:
    hand = Hand()
    assert codes(against(hand, "cancel_bolus")) == (["no_bolus_active"], [])
    hand.order(0, "dual_bolus", volume_mu=600, square_mu=800, duration_min=30)
    hand.device.advance(2 * S)
    assert hand.order(2 * S, "cancel_bolus") == {
        "delivery_id": 2, "programmed_mu": 600, "delivered_mu": 200,
        "square_id": 3, "square_programmed_mu": 800, "square_delivered_mu": 0,
    }  # fmt: skip
    assert [each.reason for each in hand.device.pump.entries[1:]] == ["cancelled"] * 2
    assert hand.device.pump.normal is None and hand.device.pump.square is None
    hand.device.advance(3 * S)
    hand.order(3 * S, "square_bolus", volume_mu=800, duration_min=30)
    reply = hand.order(4 * S, "cancel_bolus")
    assert (reply["delivery_id"], reply["programmed_mu"], reply["delivered_mu"], reply["square_id"]) == (0, 0, 0, 4)
    assert hand.order(5 * S, "bolus", volume_mu=200)["delivery_id"] == 5


@pytest.mark.req("THER-2", "DOSE-5")
def test_a_bolus_whose_last_stroke_is_in_progress_may_be_over_or_not() -> None:
    hand = Hand()
    hand.order(0, "bolus", volume_mu=200)
    hand.device.advance(1)
    assert codes(against(hand, "cancel_bolus")) == ([], ["no_bolus_active"])
    reply = hand.device.orders.do("cancel_bolus", {})
    assert (reply["delivery_id"], reply["programmed_mu"], reply["delivered_mu"]) == ({0, 2}, {0, 200}, {0})
    hand.device.advance(EDGE_US)
    assert codes(against(hand, "cancel_bolus")) == (["no_bolus_active"], [])
    hand.order(10 * S, "square_bolus", volume_mu=200, duration_min=30)
    hand.device.advance(10 * S + 30 * MIN)
    assert codes(against(hand, "cancel_bolus")) == ([], ["no_bolus_active"])
    hand.device.pump.programme.state = "procedure"
    assert codes(against(hand, "cancel_bolus")) == (["no_bolus_active"], [])
    hand.device.pump.begin("buffer", 5)
    assert codes(against(hand, "cancel_bolus")) == (["no_bolus_active"], [])


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
    assert codes(against(hand, "set_limits", **LIMITS | {"max_basal_mu_per_h": 950})) == (low, [])
    assert codes(against(hand, "set_limits", **LIMITS | {"max_basal_mu_per_h": 1_000})) == ([], [])
    hand = pattern(1_000, 2_000)
    assert codes(against(hand, "set_limits", **LIMITS | {"max_basal_mu_per_h": 2_000})) == ([], [])
    assert codes(against(hand, "set_limits", **LIMITS | {"max_basal_mu_per_h": 1_950})) == ([], ["out_of_range"])
    assert codes(against(hand, "set_limits", **LIMITS | {"max_basal_mu_per_h": 950})) == (low, [])
    assert against(hand, "set_limits", **LIMITS | {"max_hour_mu": 6_000, "max_day_mu": 6_000}) == ([], [])
    assert codes(against(hand, "set_limits", **LIMITS | {"max_hour_mu": 6_000, "max_day_mu": 5_800}))[0] == [
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
        assert codes(against(Hand(), "set_settings", **SETTINGS | named))[0] == ([] if fits else ["out_of_range"])
    for name in levels:
        may = codes(against(Hand(), "set_settings", **SETTINGS | {name: SETTINGS[name] + 1}))[1]
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


# Alarms and service


@pytest.mark.req("ALARM-2")
def test_an_acknowledgement_tells_what_is_left_and_whether_the_cause_is_there() -> None:
    hand = Hand()
    assert codes(against(hand, "acknowledge_alarm", alarm=12)) == (["not_active"], [])
    hand.device.alarms.latch("auto_off")
    hand.device.alarms.latch("occlusion")
    assert hand.order(0, "acknowledge_alarm", alarm=12) == {"alarms": range(1, 2), "cause_there": False}
    assert hand.order(0, "acknowledge_alarm", alarm=15) == {"alarms": range(1), "cause_there": {True, False}}
    hand.device.reservoir.filled_nl = 500_000
    hand.device.alarms.latch("low_reservoir")
    assert hand.order(0, "acknowledge_alarm", alarm=5) == {"alarms": range(1, 2), "cause_there": True}


@pytest.mark.req("GUARD-2", "STORE-3")
def test_without_a_fault_nothing_is_cleared_and_good_memory_is_kept() -> None:
    assert codes(against(Hand(), "clear_fault", fault=1)) == (["no_fault"], [])
    assert codes(against(Hand(), "initialise_memory")) == (["memory_good"], [])


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
    assert codes(against(hand, "record_refill", **values | {"put_after_mg": 3_015})) == (["out_of_range"], [])
    assert hand.order(0, "record_refill", **values) == {"filled_nl": 2_000_000, "residual_nl": 0, "missing_nl": 0}

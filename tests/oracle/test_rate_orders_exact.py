"""The orders about rates by hand: what each does, what its reply says, and each reason against it at its edge."""

from __future__ import annotations

from zlib import crc32

import pytest

from hil.oracle.exact import NEVER_US
from hil.oracle.rate_orders import day_mu, fingerprint
from hil.oracle.reasons import Reason
from tests.oracle.hand import LIMITS, MIN, Hand, S, against, basal, both_codes, pattern, records


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
    assert both_codes(against(hand, "commit_pattern", **right | {"pattern": 0})) == (["not_staged"], [])
    assert both_codes(against(hand, "commit_pattern", **right | {"fingerprint": 1})) == (["not_the_same"], [])
    assert against(hand, "commit_pattern", **right) == ([], [])
    hand.order(0, "select_pattern", pattern=1)
    assert hand.order(0, "commit_pattern", **right) == {"day_mu": 3_600, "in_force_mu_per_h": 100}
    assert hand.device.pump.rate == 100
    assert both_codes(against(hand, "commit_pattern", **right)) == (["not_staged"], [])


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
        number = hand.order(0, "stage_pattern", pattern=0, rates=records(rate, 100))["fingerprint"]
        assert against(hand, "commit_pattern", pattern=0, fingerprint=number) == ([], may)
        hand.order(0, "stage_pattern", pattern=1, rates=records(rate, 100))
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
    assert both_codes(against(hand, "temp_basal", kind=1, value=108, **rest))[0] == []
    assert both_codes(against(hand, "temp_basal", kind=1, value=109, **rest))[0] == ["clinician_limit"], "at every rate"


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
    assert both_codes(against(hand, "cancel_temp")) == (["no_temp_active"], [])


@pytest.mark.req("THER-7")
def test_a_recommendation_holds_so_long_and_not_beside_a_temporary_rate() -> None:
    hand = basal(1_000)
    reply = hand.order(S, "recommend_rate", rate_mu_per_h=250, valid_min=60)
    assert reply == {"until_us": S + 60 * MIN, "programmed_mu_per_h": 1_000} and hand.device.pump.rate == 250
    hand.order(2 * S, "temp_basal", kind=0, value=500, duration_min=60)
    assert both_codes(against(hand, "recommend_rate", rate_mu_per_h=250, valid_min=60)) == (["temp_active"], [])

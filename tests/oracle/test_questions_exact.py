"""The reply to each question that has figures which the specification settles."""

from __future__ import annotations

import pytest

from hil.oracle import figures
from hil.oracle.questions import answer_to
from tests.oracle.hand import EPOCH_S, Hand, S

pytestmark = pytest.mark.req("THER-9")


def test_a_question_is_answered_with_what_the_device_has_now() -> None:
    hand = Hand()
    device = hand.device
    device.settings.values["in_use_days"] = 7
    device.reservoir.fill(2_500_000, 0, 0)
    hand.order(5 * S, "bolus", volume_mu=400)
    status = answer_to(device, "status", {})
    assert status == figures.status(device) and (status["now_us"], status["bolus_id"]) == (5 * S, 2)
    assert answer_to(device, "read_time", {}) == {"now_us": 5 * S, "utc_s": EPOCH_S + 5}
    procedure = answer_to(device, "read_procedure", {})
    assert procedure == device.procedures.shown() and procedure["procedure"] == "none"
    settings = answer_to(device, "read_settings", {})
    assert settings == device.settings.values and settings["in_use_days"] == 7
    settings["in_use_days"] = 8
    assert device.settings["in_use_days"] == 7, "the reply is no way to set them"
    reservoir = answer_to(device, "read_reservoir", {})
    assert reservoir == figures.reservoir(device) and reservoir["filled_mu"] == 1_000_000


@pytest.mark.req("SELF-1")
def test_a_self_test_passes_and_what_is_open_is_not_judged() -> None:
    device = Hand().device
    assert answer_to(device, "self_test", {}) == {"passed": True}
    assert answer_to(device, "read_battery", {}) == {}


def test_telemetry_comes_for_so_long_and_not_at_all_without_an_interval() -> None:
    hand = Hand()
    hand.device.advance(7 * S)
    assert answer_to(hand.device, "telemetry", {"interval_s": 1, "for_s": 30}) == {"until_us": 37 * S}
    assert answer_to(hand.device, "telemetry", {"interval_s": 0, "for_s": 30}) == {"until_us": 7 * S}

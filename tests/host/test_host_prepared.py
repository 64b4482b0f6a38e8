"""Two steps: what the pump says that an order would do, and the order that does just that. Scripts do both in one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from firmware import protocol
from host.api.client import MESSAGES, Programmer
from host.errors import Refused
from host.records import BolusStarted, Limits, LimitsChange
from host.records.summaries import BasalSummary, BolusSummary, LimitsSummary
from tests.host.device import Device
from tests.host.test_host_orders_exact import Pump, programmer, reply

pytestmark = pytest.mark.req("SEC-3", "THER-9", "HOST-3")
CHANGED = protocol.CODES[protocol.CHANGED_MEANWHILE]


@pytest.fixture
def device() -> Device:
    device = Device()
    device.pump.therapy.set_basal(1_000)
    return device


@pytest.fixture
def pump(device: Device) -> Programmer:
    return Programmer(device)


def test_the_pump_s_own_summary_is_a_record_and_nothing_is_done_until_it_is_confirmed(
    device: Device, pump: Programmer
) -> None:
    prepared = pump.prepare("bolus", volume_mu=400)
    assert prepared.summary == BolusSummary(
        volume_mu=400, strokes=2, bolus_id=0, square_id=0, in_force_mu_per_h=1_000, max_hour_mu=60_000,
        max_day_mu=150_000, takes_s=4, hour_mu=0, hour_then_mu=400, day_mu=0, day_then_mu=400, left_mu=None,
    )  # fmt: skip
    assert device.done == [("set_basal", 1_000)]
    assert prepared.confirm() == BolusStarted(0, 3, 2)
    assert device.done[1:] == [("bolus", 3, 400)]


def test_old_and_new_are_named(pump: Programmer) -> None:
    new = Limits(30_000, 20_000, 40_000, 90_000)
    old = Limits(35_000, 40_000, 60_000, 150_000)
    prepared = pump.prepare("set_limits", **asdict(new))
    assert prepared.summary == LimitsSummary(old, new, "none")
    assert prepared.confirm() == LimitsChange(0, old, new, "none")
    told = pump.prepare("set_basal", rate_mu_per_h=2_000).summary
    assert told == BasalSummary("running", 1_000, None, 1_000, 2_000, "none")


def test_what_would_be_refused_is_refused_before_anybody_is_asked(device: Device, pump: Programmer) -> None:
    pump.set_limits(Limits(30_000, 40_000, 2_000, 90_000))
    with pytest.raises(Refused, match=r"bolus refused by the pump: .*2\.00 U") as error:
        pump.prepare("bolus", volume_mu=2_400)
    assert (error.value.code, error.value.field, error.value.limit) == ("hour_limit", "volume_mu", 2_000)
    with pytest.raises(Refused, match="not sent"):
        pump.prepare("bolus", volume_mu=40_001)


def test_what_another_has_changed_is_refused_and_can_be_looked_at_again(device: Device, pump: Programmer) -> None:
    prepared = pump.prepare("set_basal", rate_mu_per_h=2_000)
    device.pump.therapy.set_basal(3_000)
    with pytest.raises(Refused) as error:
        prepared.confirm()
    assert error.value.code == CHANGED and "look at it again" in str(error.value)
    again = prepared.again()
    assert again.summary.old_rate_mu_per_h == 3_000 and again.bound != prepared.bound
    assert again.confirm().new_rate_mu_per_h == 2_000


@pytest.mark.parametrize("changed", [False, True])
def test_an_answer_that_takes_long_is_for_what_was_shown(device: Device, pump: Programmer, changed: bool) -> None:
    """After two minutes the pump has forgotten; it is prepared again, and done if it still means the same."""
    prepared = pump.prepare("set_basal", rate_mu_per_h=2_000)
    device.live(600)
    if not changed:
        assert prepared.confirm().new_rate_mu_per_h == 2_000
        return
    device.pump.therapy.set_basal(3_000)
    with pytest.raises(Refused) as error:
        prepared.confirm()
    assert error.value.code == CHANGED and device.pump.status()["basal_rate_mu_per_h"] == 3_000


def test_a_pump_that_has_restarted_is_not_given_what_was_shown_before(device: Device, pump: Programmer) -> None:
    prepared = pump.prepare("set_basal", rate_mu_per_h=2_000)
    device.restart()
    with pytest.raises(Refused) as error:
        prepared.confirm()
    assert error.value.code == "other_life" and device.pump.status()["basal_rate_mu_per_h"] == 1_000


def again(code: int, name: str = "bolus") -> tuple[int, bytes]:
    return protocol.REFUSAL_ID, bytes(protocol.refusal(MESSAGES[name].id, code))


@pytest.mark.parametrize("code", [protocol.NOT_PREPARED, protocol.CHANGED_MEANWHILE])
def test_a_script_means_what_it_asks_for_whatever_was_changed_in_between(code: int) -> None:
    done = reply("bolus", at_us=1, delivery_id=2, strokes=2)
    pump = Pump(bolus=[again(code), again(code), done])
    assert programmer(pump).bolus(400).strokes == 2
    assert pump.names == ["identity", *["read_time", "bolus"] * 3]
    pump = Pump(bolus=[again(code)] * 3)
    with pytest.raises(Refused) as error:
        programmer(pump).bolus(400)
    assert error.value.code == protocol.CODES[code] and pump.names.count("bolus") == 3


def test_what_was_shown_is_given_again_as_long_as_it_comes_late_and_means_the_same() -> None:
    done = reply("bolus", at_us=1, delivery_id=2, strokes=2)
    late = again(protocol.NOT_PREPARED)
    pump = Pump(bolus=[late, late, late, done])
    assert programmer(pump).prepare("bolus", volume_mu=400).confirm().strokes == 2
    for refused in (again(protocol.BOLUS_ACTIVE), again(protocol.CHANGED_MEANWHILE)):
        pump = Pump(bolus=[late, refused, done])
        with pytest.raises(Refused):
            programmer(pump).prepare("bolus", volume_mu=400).confirm()
    pump = Pump(bolus=[late] * 4)
    with pytest.raises(Refused):
        programmer(pump).prepare("bolus", volume_mu=400).confirm()
    assert pump.names.count("bolus") == 4


def test_a_refusal_of_its_own_is_not_tried_again() -> None:
    pump = Pump(bolus=[again(protocol.BOLUS_ACTIVE)])
    with pytest.raises(Refused):
        programmer(pump).bolus(400)
    assert pump.names.count("bolus") == 1


def test_what_needs_no_summary_has_none(pump: Programmer) -> None:
    values: dict[str, Any] = {}
    for name in protocol.SAFE:
        with pytest.raises(Refused) as error:
            pump.prepare(name, **values)
        assert error.value.code == "unknown_message"

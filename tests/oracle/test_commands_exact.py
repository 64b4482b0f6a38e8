"""The programmer's orders as commands of the core, and the rates that commands make, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from hil.oracle.commands import Command, Orders, Rates
from hil.oracle.exact import NEVER_US
from hil.oracle.programme import Temp
from tests.oracle.hand import MIN

pytestmark = pytest.mark.req("DOSE-5", "THER-3")


def taken(orders: Orders, at_us: int, name: str, reply: dict[str, Any] | None = None, **values: Any) -> list[Command]:
    return orders.taken(at_us, name, values, reply or {})


def test_each_order_is_a_command_of_the_core() -> None:
    orders = Orders()
    spread = {"duration_min": 30}
    assert taken(orders, 1, "set_basal", rate_mu_per_h=100) == [Command(1, "set_basal", {"rate_mu_per_h": 100})]
    assert taken(orders, 2, "bolus", volume_mu=400) == [Command(2, "bolus", {"volume_mu": 400})]
    assert taken(orders, 3, "square_bolus", volume_mu=400, **spread) == [
        Command(3, "bolus", {"square_mu": 400, "duration_us": 30 * MIN})
    ]
    assert taken(orders, 4, "dual_bolus", volume_mu=400, square_mu=600, **spread) == [
        Command(4, "bolus", {"volume_mu": 400, "square_mu": 600, "duration_us": 30 * MIN})
    ]
    assert taken(orders, 5, "cancel_bolus") == [Command(5, "cancel_bolus", {})]
    for kind, mode in ((0, "rate"), (1, "percent")):
        assert taken(orders, 6, "temp_basal", kind=kind, value=70, **spread) == [
            Command(6, "temp_basal", {"mode": mode, "value": 70, "duration_us": 30 * MIN})
        ]
    assert taken(orders, 7, "cancel_temp") == [Command(7, "cancel_temp", {})]
    back = {"until_us": 99, "programmed_mu_per_h": 100}
    assert taken(orders, 8, "recommend_rate", back, rate_mu_per_h=50, valid_min=1) == [
        Command(8, "set_basal", {"rate_mu_per_h": 50}),
        Command(8, "plan_basal", {"boundary_us": 99, "rate_mu_per_h": 100}),
    ]
    assert taken(orders, 9, "stop") == [Command(9, "stop", {})]
    assert taken(orders, 10, "resume") == [Command(10, "resume", {}), Command(10, "set_basal", {"rate_mu_per_h": 100})]


@pytest.mark.req("THER-1")
def test_what_cannot_be_followed_is_passed_on_and_what_changes_no_rate_is_a_wake() -> None:
    for name in ("select_pattern", "commit_pattern"):
        assert taken(Orders(), 5, name, pattern=1) == [Command(5, name)]
    for name in ("set_limits", "acknowledge_alarm", "set_time"):
        assert taken(Orders(), 5, name) == [Command(5, "wake")]


def test_a_suspend_goes_on_at_the_rate_that_was_answered() -> None:
    least = {"rate_mu_per_h": 200}
    assert taken(Orders(), 5, "suspend", least) == [
        Command(5, "suspend", least), Command(5, "set_basal", least), Command(5, "resume", {}),
    ]  # fmt: skip


@pytest.mark.parametrize(("percent", "rate"), [(50, 150), (100, 200), (200, 200)])
def test_a_percentage_that_ran_goes_on_lowering_what_is_set_while_suspended(percent: int, rate: int) -> None:
    orders = Orders()
    taken(orders, 1, "set_basal", rate_mu_per_h=1_000)
    taken(orders, 2, "temp_basal", kind=1, value=percent, duration_min=30)
    taken(orders, 3, "suspend", {"rate_mu_per_h": 200})
    (command,) = taken(orders, 4, "set_basal", rate_mu_per_h=300)
    assert command.values == {"rate_mu_per_h": rate}
    assert taken(orders, 5, "resume")[1].values == {"rate_mu_per_h": 300}
    assert taken(orders, 6, "set_basal", rate_mu_per_h=900)[0].values == {"rate_mu_per_h": 900}


def test_a_percentage_that_raised_the_rate_raises_nothing_that_is_set_while_suspended() -> None:
    orders = Orders()
    taken(orders, 1, "temp_basal", kind=1, value=200, duration_min=30)
    taken(orders, 2, "suspend", {"rate_mu_per_h": 200})
    assert taken(orders, 3, "set_basal", rate_mu_per_h=100)[0].values == {"rate_mu_per_h": 100}


def test_a_temporary_rate_that_is_over_or_is_none_lowers_nothing() -> None:
    for later_us, rate in ((30 * MIN + 1, 50), (30 * MIN + 2, 100)):
        orders = Orders()
        taken(orders, 2, "temp_basal", kind=1, value=50, duration_min=30)
        taken(orders, later_us, "suspend", {"rate_mu_per_h": 200})
        assert taken(orders, later_us, "set_basal", rate_mu_per_h=100)[0].values == {"rate_mu_per_h": rate}
    for end in ("cancel_temp", "stop"):
        orders = Orders()
        taken(orders, 2, "temp_basal", kind=1, value=50, duration_min=30)
        taken(orders, 3, end)
        taken(orders, 4, "suspend", {"rate_mu_per_h": 200})
        assert taken(orders, 5, "set_basal", rate_mu_per_h=100)[0].values == {"rate_mu_per_h": 100}
    orders = Orders()
    taken(orders, 2, "temp_basal", kind=0, value=50, duration_min=30)
    taken(orders, 3, "suspend", {"rate_mu_per_h": 50})
    assert taken(orders, 5, "set_basal", rate_mu_per_h=100)[0].values == {"rate_mu_per_h": 50}
    taken(orders, 6, "suspend", {"rate_mu_per_h": 200})
    assert taken(orders, 7, "set_basal", rate_mu_per_h=100)[0].values == {"rate_mu_per_h": 100}, "ended by the suspend"


# Rates


def carried(rates: Rates, at_us: int, name: str, **values: int | str) -> bool:
    return rates.carry_out(Command(at_us, name, values))


@pytest.mark.req("DOSE-2")
def test_commands_make_rates() -> None:
    rates = Rates()
    assert carried(rates, 0, "set_basal", rate_mu_per_h=100) and rates.in_force(0) == 100
    assert carried(rates, 1, "temp_basal", mode="percent", value=150, duration_us=50)
    assert rates.temp == Temp(True, 150, 51) and rates.in_force(1) == 150 and rates.next_change_us(1) == 51
    assert carried(rates, 2, "temp_basal", mode="rate", value=70, duration_us=50)
    assert rates.temp == Temp(False, 70, 52) and rates.in_force(2) == 70
    assert carried(rates, 3, "cancel_temp") and rates.temp is None and rates.next_change_us(3) == NEVER_US
    for name in ("suspend", "stop"):
        carried(rates, 4, "temp_basal", mode="rate", value=70, duration_us=50)
        assert carried(rates, 5, name) and rates.suspended and rates.in_force(5) == 0 and rates.temp is None
        assert carried(rates, 6, "resume") and not rates.suspended and rates.in_force(6) == 100
    assert not carried(rates, 7, "bolus", volume_mu=200) and not carried(rates, 7, "wake")
    with pytest.raises(ValueError, match="temp_basal at 9 us: mode 'double'"):
        carried(rates, 9, "temp_basal", mode="double", value=1, duration_us=1)


@pytest.mark.req("DOSE-2")
def test_a_planned_boundary_comes_at_its_microsecond_and_any_rate_set_forgets_it() -> None:
    rates = Rates()
    assert carried(rates, 0, "plan_basal", boundary_us=50, rate_mu_per_h=100)
    assert (rates.boundary, rates.next_change_us(0), rates.in_force(0)) == ((50, 100), 50, 0)
    carried(rates, 0, "temp_basal", mode="rate", value=70, duration_us=40)
    assert rates.next_change_us(0) == 40
    assert rates.lapse(49) == ["temp"] and rates.boundary == (50, 100)
    assert rates.lapse(50) == [] and rates.boundary is None and rates.in_force(50) == 100
    carried(rates, 51, "plan_basal", boundary_us=60, rate_mu_per_h=200)
    carried(rates, 52, "set_basal", rate_mu_per_h=300)
    assert rates.boundary is None and rates.next_change_us(52) == NEVER_US

"""Each order by its method: what is sent for it, and that its answer comes back as its record."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from firmware import protocol
from host import records
from host.api.client import MESSAGES
from tests.host.test_host_device_exact import zeros
from tests.host.test_host_orders_exact import Pump, programmer, reply

pytestmark = pytest.mark.req("HOST-3", "THER-1", "THER-2", "THER-3", "THER-7")
ORDER = {field.name for field in protocol.ORDER}  # of every order
RATES = tuple(50 * each for each in range(48))
RECORDS = [{"rate_mu_per_h": each} for each in RATES]
# Method, its arguments, what is sent, the record that comes back.
ORDERS: list[tuple[str, tuple[Any, ...], dict[str, Any], Any]] = [
    ("set_basal", (1_250,), {"rate_mu_per_h": 1_250}, records.BasalChange),
    ("temp_basal", ("rate", 800, 90), {"kind": 0, "value": 800, "duration_min": 90}, records.TempStarted),
    ("temp_basal", ("percent", 50, 30), {"kind": 1, "value": 50, "duration_min": 30}, records.TempStarted),
    ("cancel_temp", (), {}, records.TempCancelled),
    ("recommend_rate", (900, 5), {"rate_mu_per_h": 900, "valid_min": 5}, records.Recommended),
    ("bolus", (2_400,), {"volume_mu": 2_400}, records.BolusStarted),
    ("square_bolus", (2_000, 90), {"volume_mu": 2_000, "duration_min": 90}, records.BolusStarted),
    ("dual_bolus", (400, 2_000, 60), {"volume_mu": 400, "square_mu": 2_000, "duration_min": 60}, records.DualStarted),
    ("cancel_bolus", (), {}, records.BolusCancelled),
    ("suspend", (), {}, records.Suspended),
    ("stop", (), {}, records.Stopped),
    ("resume", (), {}, records.Resumed),
    ("stage_pattern", ("C", RATES), {"pattern": 2, "rates": RECORDS}, records.Staged),
    ("commit_pattern", ("D", 7), {"pattern": 3, "fingerprint": 7}, records.PatternCommitted),
    ("select_pattern", ("B",), {"pattern": 1}, records.PatternSelected),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given", "sent", "record"), ORDERS, ids=[f"{o[0]}-{n}" for n, o in enumerate(ORDERS)])
def test_an_order_is_sent_as_it_is_given_and_its_answer_told(
    name: str, given: tuple[Any, ...], sent: dict[str, Any], record: Any
) -> None:
    table = MESSAGES[name].reply
    answer = {field.name: field.low if field.names else place for place, field in enumerate(table, 1)}
    pump = Pump(**{name: [reply(name, **answer)]})
    told = getattr(programmer(pump), name)(*given)
    called, values, _ = pump.asked[-1]
    assert called == name and {field: values[field] for field in values if field not in ORDER} == sent
    names = {field.name: field.names[answer[field.name]] for field in table if field.names}
    assert type(told) is record and asdict(told) == answer | names | (
        {"old_pattern": "C"} if name == "select_pattern" else {}
    )


@pytest.mark.parametrize("staged", [False, True])
def test_a_pattern_is_read_as_it_runs_or_as_it_is_staged(staged: bool) -> None:
    pump = Pump(read_pattern=[reply("read_pattern", fingerprint=5, day_mu=6, rates=RECORDS)] * 2)
    made = programmer(pump)
    assert made.read_pattern("B", staged=staged) == records.Pattern(5, 6, RATES)
    assert pump.asked[-1][:2] == ("read_pattern", {"pattern": 1, "staged": staged})
    made.read_pattern("A")
    assert pump.asked[-1][1] == {"pattern": 0, "staged": False}


def test_limits_are_told_as_they_were_and_as_they_are() -> None:
    table = MESSAGES["set_limits"].reply
    answer = zeros(table, at_us=9) | {
        f"{when}_{name}": place + 10 * (when == "new")
        for when in ("old", "new")
        for place, name in enumerate(("max_basal_mu_per_h", "max_bolus_mu", "max_hour_mu", "max_day_mu"), 1)
    }
    pump = Pump(set_limits=[reply("set_limits", **answer)])
    old, new = records.Limits(1, 2, 3, 4), records.Limits(11, 12, 13, 14)
    asked = records.Limits(1_000, 2_000, 3_000, 4_000)
    assert programmer(pump).set_limits(asked) == records.LimitsChange(9, old, new, "none")
    assert {name: pump.asked[-1][1][name] for name in asdict(asked)} == asdict(asked)

"""A life's orders and the device's records as the commands that the bench's checks read."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from hil.protocols.life import plan as habits
from hil.protocols.life.judge import Violations
from hil.protocols.life.orders import Follower


class Told:
    """A programmer that has been accepted."""

    def __init__(self) -> None:
        self.accepted: list = []


def stretch(number: int, start_s: float, kind: str = "basal") -> SimpleNamespace:
    return SimpleNamespace(id=number, kind=kind, start_us=round(start_s * 1e6))


@pytest.mark.req("THER-1")
@pytest.mark.parametrize(("late_s", "seen"), [(0, 0), (1, 0), (-1, 0), (5, 1), (60, 1), (-60, 1)])
def test_a_pattern_that_changes_off_the_half_hour_is_seen(late_s: int, seen: int) -> None:
    violations, told = Violations(), Told()
    follower = Follower(told, violations)
    follower.changes(0, "pattern", habits.rates("A"))
    follower.take([stretch(1, 0), stretch(2, 3.5 * 3600 + late_s), stretch(3, 7 * 3600)])
    assert violations.count == seen
    assert [each.name for each in follower.commands] == ["set_basal"] * 3
    if abs(late_s) <= 1:
        assert [each.values["rate_mu_per_h"] for each in follower.commands] == [800, 1200, 1000]


@pytest.mark.req("THER-1")
@pytest.mark.parametrize(
    ("begins_s", "rates"), [((0.04, 2.03), [800, 1200]), ((0.04,), [1200]), ((0.04, 60), [1200] * 2)]
)
def test_an_order_just_before_the_half_hour_of_the_device_s_clock_begins_no_new_rate(
    begins_s: tuple[float, ...], rates: list[int]
) -> None:
    """Two clocks of whole seconds differ; that the rate changes by itself at once tells that it was before."""
    violations, told = Violations(), Told()
    follower = Follower(told, violations)
    follower.changes(0, "pattern", habits.rates("A"))
    told.accepted.append((12_600_040_000, "resume", {}, {"rate_mu_per_h": 800}))
    follower.take([stretch(number, 3.5 * 3600 + each) for number, each in enumerate(begins_s, 1)])
    assert violations.count == (60 in begins_s)
    assert [each.values["rate_mu_per_h"] for each in follower.commands if each.name == "set_basal"] == rates


@pytest.mark.req("THER-1")
def test_the_local_clock_moves_the_pattern_and_an_order_may_begin_a_stretch_at_any_time() -> None:
    violations, told = Violations(), Told()
    follower = Follower(told, violations)
    follower.changes(0, "pattern", habits.rates("A"))
    follower.changes(100_000_000, "offset_s", 3600)
    follower.changes(200_000_000, "moved_s", -600)
    told.accepted.append(
        (300_000_000, "temp_basal", {"kind": 1, "value": 50, "duration_min": 30}, {"until_us": 2_100_000_000})
    )
    records = [stretch(1, 0), stretch(2, 300, "temp_basal"), stretch(3, 2100), stretch(4, 3.5 * 3600 - 3000)]
    follower.take(records)
    assert violations.shown == []
    assert [each.name for each in follower.commands] == ["set_basal", "temp_basal"] + ["set_basal"] * 3
    assert follower.commands[-1].values["rate_mu_per_h"] == 1200

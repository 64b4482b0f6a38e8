"""The one stroke that may differ: told at once, forgiven after a day without another, once in a week."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from firmware import protocol
from firmware.upkeep.edges import MISSED, TOO_MANY, Edges

pytestmark = pytest.mark.req("GUARD-4", "LOG-1")
DAY_US = 86_400_000_000
TOLD, FORGIVEN = protocol.EVENT_EDGE_DIFFERS, protocol.EVENT_EDGE_FORGIVEN


class Sensor:
    """A core that is `apart` from its sensor, and forgives if it `may`."""

    def __init__(self, apart: int = 0, now_us: int = 1_000) -> None:
        self.now_us = now_us
        self.by = apart
        self.may = True
        self.asked: list[int] = []
        self.notes: list[tuple[Any, ...]] = []
        self.record = SimpleNamespace(edges_forgiven=0, edge_forgiven_us=0)
        memory = SimpleNamespace(record=self.record, note=self._note)
        core = SimpleNamespace(apart=lambda: self.by, forgive=self._forgive)
        self.edges = Edges(core, SimpleNamespace(now_us=lambda: self.now_us), memory)

    def _note(self, category: int, event: int, detail: int, reason: int, values: tuple[int, ...]) -> None:
        assert (category, reason) == (protocol.CATEGORY_MALFUNCTION, 0)
        self.notes.append((event, detail, values))

    def _forgive(self, now_us: int) -> bool:
        self.asked.append(now_us)
        if self.may:
            self.by = 0
        return self.may

    def stroke(self, by: int) -> bool:
        self.by = by
        return bool(self.edges.stroke_over())

    def look(self, after_us: int) -> bool:
        self.now_us += after_us
        return bool(self.edges.look(self.now_us))


def test_a_difference_is_told_when_it_comes_and_when_it_goes() -> None:
    sensor = Sensor()
    assert [sensor.stroke(by) for by in (0, 1, 1, 0, -1, -1)] == [False, True, False, True, True, False]
    assert sensor.notes == [
        (TOLD, MISSED, (1,)), (TOLD, TOO_MANY, (0,)), (TOLD, TOO_MANY, (1,)),
    ]  # fmt: skip
    assert Sensor(1).stroke(1) is False, "of the life before it is known already"


@pytest.mark.parametrize(("by", "which"), [(1, MISSED), (-1, TOO_MANY)])
def test_it_is_forgiven_after_a_day_without_another(by: int, which: int) -> None:
    sensor = Sensor()
    sensor.now_us += 5
    sensor.stroke(by)
    assert not sensor.look(DAY_US - 1) and sensor.asked == []
    assert sensor.look(1) and sensor.asked == [sensor.now_us]
    assert sensor.notes[1:] == [(FORGIVEN, which, (1,))]
    assert (sensor.record.edges_forgiven, sensor.record.edge_forgiven_us) == (1, sensor.now_us)
    assert not sensor.look(9 * DAY_US), "nothing is left to forgive"
    assert sensor.stroke(0) is False


def test_the_day_begins_anew_with_a_life() -> None:
    sensor = Sensor(1, now_us=5 * DAY_US)
    assert not sensor.look(DAY_US - 1) and sensor.look(1)


def test_none_is_forgiven_that_the_core_does_not() -> None:
    sensor = Sensor(1)
    sensor.may = False
    assert not sensor.look(DAY_US)
    assert sensor.notes == [] and sensor.record.edges_forgiven == 0
    sensor.may = True
    assert sensor.look(0)


def test_the_next_is_forgiven_a_week_after_the_one_before() -> None:
    sensor = Sensor(1)
    assert sensor.look(DAY_US)
    sensor.stroke(1)
    assert not sensor.look(7 * DAY_US - 1)
    assert sensor.look(1)
    assert sensor.notes[-1] == (FORGIVEN, MISSED, (2,))


def test_how_often_is_counted_as_far_as_its_place_goes() -> None:
    sensor = Sensor(1)
    for before, after in ((0xFFFE, 0xFFFF), (0xFFFF, 0xFFFF)):
        sensor.record.edges_forgiven = before
        sensor.stroke(0)
        sensor.stroke(1)
        assert sensor.look(8 * DAY_US) and sensor.record.edges_forgiven == after

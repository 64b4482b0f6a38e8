"""The guide of procedures: each refusal names its field, value and limit; its state comes back to the last bit."""

from __future__ import annotations

import pytest

from firmware import protocol
from firmware.protocol import procedures as table
from firmware.protocol.all_procedures import BY_NUMBER, PROCEDURES
from firmware.protocol.procedures import BUFFER, INSULIN, NAOH
from firmware.therapy import guide as engine
from tests.firmware.therapy.guide_world import World
from tests.firmware.therapy.test_guide import refusal

pytestmark = pytest.mark.req("THER-5", "THER-6", "STORE-5")
STEPS = [(each, place) for each in PROCEDURES for place in range(len(each.steps))]


def named(error: object) -> tuple[object, ...]:
    return tuple(getattr(error, name) for name in ("code", "field_name", "value", "limit"))


def at(number: int, place: int) -> World:
    """A guide at this step, put there."""
    world = World()
    raw = bytearray(engine.STATE_BYTES)
    world.guide.pack_into(raw)
    raw[0:2] = bytes((number, place))
    assert world.guide.unpack(raw)
    return world


def _named(value: object) -> object:
    """A procedure or a step by its name: each guide makes its own."""
    return getattr(value, "name", value)


@pytest.mark.parametrize(("procedure", "place"), STEPS, ids=lambda each: getattr(each, "name", each))
def test_what_cannot_be_said_at_a_step_is_refused_by_name(procedure: table.Procedure, place: int) -> None:
    world = at(procedure.number, place)
    step = procedure.steps[place]
    low = step.takes.low if step.takes else 0
    out = protocol.OUT_OF_RANGE
    count = len(step.choices)
    assert named(refusal(lambda: world.guide.need(place, count, low))) == (out, "choice", count, count - 1)
    assert named(refusal(lambda: world.guide.need(place, -1, low))) == (out, "choice", -1, count - 1)
    assert world.guide.need(place, count - 1, low).name == step.name
    for other in (-1, place + 1, len(procedure.steps)):
        assert refusal(lambda other=other: world.guide.need(other, 0, low)).code == protocol.WRONG_STATE
    if step.takes is not None:
        name, high = step.takes.name, step.takes.high
        assert named(refusal(lambda: world.guide.need(place, 0, low - 1))) == (out, name, low - 1, low)
        assert named(refusal(lambda: world.guide.need(place, 0, high + 1))) == (out, name, high + 1, high)
        assert world.guide.need(place, 0, low) is world.guide.need(place, 0, high) is world.guide.step


def test_an_unknown_procedure_and_one_too_many_are_refused_by_name(world: World) -> None:
    count = len(PROCEDURES)
    for number in (0, count + 1):
        assert named(refusal(lambda number=number: world.guide.begin(number, False))) == (
            protocol.OUT_OF_RANGE, "procedure", number, count,
        )  # fmt: skip
    assert named(refusal(lambda: world.guide.begin(5, True))) == (protocol.WRONG_STATE, "procedure", 0, 5)
    world.guide.begin(5, False)
    assert named(refusal(lambda: world.guide.begin(1, False))) == (protocol.WRONG_STATE, "procedure", 5, 1)


@pytest.fixture
def world() -> World:
    return World()


def test_what_is_left_of_a_delivery_is_told_and_refuses_everything_else(world: World) -> None:
    world.to(5, "strokes")
    place = world.place
    assert world.guide.report()["procedure_strokes_left"] == world.guide.wanted == 5
    world.guide.answer(place, 0)
    for left in (5, 4, 3):
        assert world.guide.report()["procedure_strokes_left"] == left and world.guide.report()["procedure_delivering"]
        assert named(refusal(lambda: world.guide.need(place, 0))) == (protocol.WRONG_STATE, "step", place, left)
        world.guide.stroke()
    world.guide.delivery_ended(1)  # the fourth is in progress, and counts
    assert world.guide.report()["procedure_strokes_left"] == 1 and not world.guide.report()["procedure_delivering"]
    world.guide.stroke()
    assert world.guide.report()["procedure_strokes_left"] == 1, "it has been followed"
    world.guide.answer(place, 0)
    assert world.orders == [(5, world.orders[0][1]), (1, world.orders[0][1])]


def test_without_a_procedure_there_is_nothing_to_report(world: World) -> None:
    report = world.guide.report()
    assert report["procedure"] == report["step"] == report["procedure_strokes_left"] == 0
    assert report["procedure_end"] == engine.NO_END and report["reservoir_holds"] == INSULIN and report["fit"]
    assert world.guide.made == world.guide.wanted == world.guide.insulin_reached_nl == 0
    world.walk(5)
    assert world.guide.report()["procedure_end"] == table.ENDS.index("completed")
    world.guide.begin(5, False)
    assert world.guide.report()["procedure_end"] == engine.NO_END, "it is under way again"


def test_the_state_comes_back_to_the_last_bit(world: World) -> None:
    guide = world.guide
    guide.begin(4, False)
    guide.insulin_reached_nl, guide.made, guide._asked_strokes = 2**32 - 1, 2**16 - 1, 2**16 - 2
    guide.delivering, guide.reservoir, guide.end = True, BUFFER, 3
    raw = bytearray(engine.STATE_BYTES + 3)
    guide.pack_into(raw, 3)
    again = World().guide
    assert again.unpack(raw, 3) is True
    for name in ("procedure", "step", "delivering", "reservoir", "end", "made", "_asked_strokes", "insulin_reached_nl"):
        assert _named(getattr(again, name)) == _named(getattr(guide, name)), name
    assert again.catheter.held_nl(INSULIN) == guide.catheter.held_nl(INSULIN)


@pytest.mark.parametrize(("number", "place"), [(5, 99), (9, 0), (0, 0)])
def test_a_step_that_there_is_not_is_not_believed_and_the_worst_is_assumed(number: int, place: int) -> None:
    world = World()
    raw = bytearray(engine.STATE_BYTES)
    world.guide.pack_into(raw)
    raw[0:2], raw[2] = bytes((number, place)), 1
    if number == 0:
        raw[3] = 9  # no such content of the reservoir
    assert world.guide.unpack(raw) is False
    assert not world.guide.fit and not world.guide.delivering and world.guide.reservoir == NAOH
    assert world.guide.end == table.ENDS.index(table.UNFIT) and world.guide.catheter.held_nl(NAOH) > 0
    edge = bytearray(engine.STATE_BYTES)
    World().guide.pack_into(edge)
    edge[0:2] = bytes((5, len(BY_NUMBER[5].steps) - 1))
    assert world.guide.unpack(edge) is True
    edge[1] += 1
    assert world.guide.unpack(edge) is False


def test_of_a_procedure_that_was_left_amid_its_strokes_none_are_to_come(world: World) -> None:
    world.to(5, "strokes")
    world.guide.answer(world.place, 0)
    world.guide.stroke()
    world.guide.interrupt(world.place)
    assert world.guide.report()["procedure_end"] == table.ENDS.index("left")
    assert world.guide.report()["procedure_strokes_left"] == world.guide.made == 0


def test_a_syringe_takes_20_ml_and_the_one_in_the_side_port_5() -> None:
    limits = {step.name: (step.takes.low, step.takes.high) for each in PROCEDURES for step in each.steps if step.takes}
    ml = 1_000_000
    assert {limits[name] for name in ("withdraw", "remove_insulin", "remove_naoh", "remove_buffer")} == {(0, 20 * ml)}
    assert {limits[name] for name in ("fill", "fill_naoh", "fill_buffer", "fill_insulin")} == {(1, 20 * ml)}
    assert {limits[name] for name in ("take_back", "drawn_naoh", "drawn_buffer", "drawn_insulin")} == {(0, 5 * ml)}

"""The guided procedures: every transition of the table is made, every other one refused with nothing changed."""

from __future__ import annotations

import pytest

from firmware import protocol
from firmware.errors import Refused
from firmware.protocol import procedures as table
from firmware.protocol.all_procedures import BY_NUMBER, PROCEDURES
from firmware.protocol.procedures import BUFFER, CATHETER_NL, INSULIN, NAOH
from firmware.therapy import guide as engine
from tests.firmware.therapy.guide_world import World

pytestmark = pytest.mark.req("THER-5", "THER-6")
REFILL, RINSE, FLUSH, STROKE_VOLUME, PATENCY = range(1, 6)


@pytest.fixture
def world() -> World:
    return World()


def refusal(call) -> Refused:
    with pytest.raises(Refused) as refused:
        call()
    return refused.value


# The table is whole
@pytest.mark.parametrize("procedure", PROCEDURES, ids=lambda each: each.name)
def test_every_target_exists_every_step_is_reached_and_an_end_from_each(procedure: table.Procedure) -> None:
    names = [step.name for step in procedure.steps]
    assert len(set(names)) == len(names)
    follows = {step.name: {target for _, target in step.choices} | {step.interrupt} for step in procedure.steps}
    for targets in follows.values():
        assert targets - {None} <= set(names) | set(table.ENDS)
    reached, ends = {names[0]}, set(table.ENDS)
    for _ in names:
        reached |= {target for name in reached & set(names) for target in follows[name] if target}
        ends |= {name for name, targets in follows.items() if targets & ends}
    assert set(names) <= reached
    assert set(names) <= ends
    for step in procedure.steps:
        if step.delivers:
            assert [name for name, _ in step.choices] == ["go"]
            assert step.volume_nl or step.counted_by
            assert step.takes is None


def test_no_stroke_of_a_procedure_is_therapy() -> None:
    assert len(table.LEDGERS) == 4
    assert not {"basal", "bolus", "therapy"} & set(table.LEDGERS)


# Every transition, and every other one
STEPS = [(procedure, step) for procedure in PROCEDURES for step in procedure.steps]
STEP_IDS = [f"{procedure.name}-{step.name}" for procedure, step in STEPS]


def at(procedure: table.Procedure, step: table.Step) -> World:
    world = World()
    world.guide.reservoir = procedure.needs[0]
    world.to(procedure.number, step.name)
    return world


@pytest.mark.parametrize(("procedure", "step"), STEPS, ids=STEP_IDS)
def test_each_choice_leads_where_the_table_says_and_no_other_is_taken(procedure, step) -> None:
    for choice, (name, target) in enumerate(step.choices):
        world = at(procedure, step)
        world.say(name)
        assert world.told[-1][:3] == (procedure.number, procedure.place(step.name), choice)
        if target in table.ENDS:
            assert world.guide.procedure is None
            assert table.ENDS[world.guide.end] == target
        else:
            assert world.guide.step.name == target
            assert world.guide.reservoir == (
                world.guide.step.enters if world.guide.step.enters is not None else world.guide.reservoir
            )
    world = at(procedure, step)
    before = world.state()
    low = step.takes.low if step.takes else 0
    for place in [*range(len(procedure.steps)), -1, 255]:
        for choice in (-1, *range(6)):
            if place == world.place and choice in range(len(step.choices)):
                continue
            error = refusal(lambda place=place, choice=choice: world.guide.answer(place, choice, low))
            assert error.field_name == ("choice" if place == world.place else "step")
            assert world.state() == before
        if place != world.place:
            assert refusal(lambda place=place: world.guide.interrupt(place)).field_name == "step"
    for other in BY_NUMBER:
        error = refusal(lambda other=other: world.guide.begin(other, False))
        assert (error.code, error.value) == (protocol.WRONG_STATE, procedure.number)
    if step.takes:
        for value in (step.takes.low - 1, step.takes.high + 1):
            error = refusal(lambda value=value: world.guide.answer(world.place, 0, value))
            assert (error.code, error.field_name, error.value) == (protocol.OUT_OF_RANGE, step.takes.name, value)
    world.guide.stroke()  # one that no step has ordered
    assert world.state() == before
    assert not world.guide.fit


@pytest.mark.parametrize(("procedure", "step"), STEPS, ids=STEP_IDS)
def test_an_interruption_leads_where_the_table_says_or_is_refused(procedure, step) -> None:
    world = at(procedure, step)
    before = world.state()
    if step.interrupt is None:
        assert refusal(lambda: world.guide.interrupt(world.place)).code == protocol.WRONG_STATE
        assert world.state() == before
        return
    reservoir = world.guide.reservoir
    world.guide.interrupt(world.place)
    assert world.told[-1] == (procedure.number, procedure.place(step.name), engine.NO_CHOICE, 0)
    assert world.cancelled == 0
    if step.interrupt in table.ENDS:
        assert table.ENDS[world.guide.end] == step.interrupt
        assert world.guide.reservoir == reservoir
        assert world.guide.fit == (step.interrupt != table.UNFIT)
    else:
        assert world.guide.step.name == step.interrupt


def test_naoh_is_never_left_in_the_reservoir() -> None:
    rinse = BY_NUMBER[RINSE]
    for step in rinse.steps:
        world = at(rinse, step)
        while world.guide.procedure and world.guide.step.interrupt:
            world.guide.interrupt(world.place)
        if world.guide.procedure and step.name != world.guide.step.name:
            assert world.guide.step.name == "remove_naoh"
        else:
            assert world.guide.procedure or world.guide.reservoir != NAOH


@pytest.mark.parametrize(("procedure", "step"), [each for each in STEPS if each[1].delivers])
def test_a_delivery_that_is_broken_off_is_cancelled_and_one_that_is_cut_waits_for_the_person(procedure, step) -> None:
    world = at(procedure, step)
    place, wanted = world.place, world.guide.wanted
    world.guide.answer(place, 0)
    assert refusal(lambda: world.guide.answer(place, 0)).field_name == "step"
    world.guide.stroke()
    world.guide.delivery_ended(wanted - 1)  # a cap, a fault
    assert world.guide.report()["procedure_strokes_left"] == wanted - 1
    world.guide.stroke()  # not of this delivery
    world.guide.answer(place, 0)
    assert [strokes for strokes, _ in world.orders[-2:]] == [wanted, wanted - 1], "only what is missing"
    world.guide.delivery_ended(wanted - 2)  # while the second is in progress
    assert world.guide.report()["procedure_strokes_left"] == wanted - 2
    world.guide.answer(place, 0)
    assert world.orders[-1][0] == wanted - 2
    world.missing = wanted - 2
    world.guide.interrupt(place)
    assert world.cancelled == 1
    assert not world.guide.delivering


@pytest.mark.parametrize(("procedure", "step"), [each for each in STEPS if each[1].delivers])
def test_a_delivery_cut_in_its_last_stroke_waits_too_and_go_makes_none(procedure, step) -> None:
    world = at(procedure, step)
    place = world.place
    world.guide.answer(place, 0)
    for _ in range(world.guide.wanted - 1):
        world.guide.stroke()
    world.guide.delivery_ended(0)
    assert (world.guide.step.name, world.guide.delivering) == (step.name, False)
    assert world.guide.report()["procedure_strokes_left"] == 0
    ordered = list(world.orders)
    world.guide.answer(place, 0)
    assert world.orders == ordered and getattr(world.guide.step, "name", "") != step.name


def test_what_the_pump_refuses_is_passed_on_and_nothing_changes(world: World) -> None:
    world.to(PATENCY, "strokes")
    world.refuses = True
    before = world.state()
    assert refusal(lambda: world.guide.answer(world.place, 0)).code == protocol.HOUR_LIMIT
    assert world.state() == before


def test_not_while_therapy_runs(world: World) -> None:
    for number in BY_NUMBER:
        error = refusal(lambda number=number: world.guide.begin(number, True))
        assert (error.code, error.field_name, error.value) == (protocol.WRONG_STATE, "procedure", 0)
    assert refusal(lambda: world.guide.begin(6, False)).code == protocol.OUT_OF_RANGE
    assert refusal(lambda: world.guide.answer(0, 0)).code == protocol.WRONG_STATE
    assert refusal(lambda: world.guide.interrupt(0)).code == protocol.WRONG_STATE
    assert world.guide.fit


@pytest.mark.parametrize("content", range(4))
@pytest.mark.parametrize("procedure", PROCEDURES, ids=lambda each: each.name)
def test_a_procedure_needs_what_it_needs_in_the_reservoir(world: World, procedure, content: int) -> None:
    world.guide.reservoir = content
    if content in procedure.needs:
        world.guide.begin(procedure.number, False)
    else:
        error = refusal(lambda: world.guide.begin(procedure.number, False))
        assert (error.code, error.field_name, error.value) == (protocol.WRONG_CONTENT, None, content)


# Memory
@pytest.mark.parametrize(("procedure", "step"), STEPS, ids=STEP_IDS)
def test_a_reset_at_any_step_comes_back_to_it_and_resumes_no_delivery(procedure, step) -> None:
    world = at(procedure, step)
    if step.delivers:
        world.guide.answer(world.place, 0)
        world.guide.stroke()
    raw = bytearray(3 + engine.STATE_BYTES)
    world.guide.pack_into(raw, 3)
    again = World()
    assert again.guide.unpack(raw, 3)
    assert again.guide.report() == world.guide.report()
    assert again.orders == []
    if step.delivers:
        again.guide.delivery_ended(world.guide.wanted - 1)
    again.say(step.choices[0][0])
    if step.delivers:
        assert again.orders == [(world.guide.wanted - 1, step.ledger)]


@pytest.mark.parametrize(("at_byte", "value"), [(0, 9), (1, 200), (3, 4), (13, 7)])
def test_bytes_that_cannot_be_leave_therapy_unfit_and_a_rinse_and_flush_lead_back(at_byte: int, value: int) -> None:
    world = World()
    world.guide.begin(REFILL, False)
    raw = bytearray(engine.STATE_BYTES)
    world.guide.pack_into(raw)
    raw[at_byte] = value
    again = World()
    assert not again.guide.unpack(raw)
    assert not again.guide.fit
    refusal(lambda: again.guide.begin(REFILL, False))
    again.walk(RINSE)
    assert not again.guide.fit, "NaOH may still be in the catheter"
    again.walk(FLUSH)
    assert again.guide.fit


def test_buffer_behind_insulin_reaches_the_patient_in_its_turn(world: World) -> None:
    world.guide.reservoir = BUFFER
    assert world.guide.catheter.push(BUFFER, 500) == (500, 0, 0)
    assert world.guide.catheter.push(INSULIN, CATHETER_NL - 500) == (CATHETER_NL - 500, 0, 0)
    assert world.guide.report()["until_insulin_nl"] == 500

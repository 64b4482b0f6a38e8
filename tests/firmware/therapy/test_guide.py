"""The guided procedures: every transition of the table is made, every other one refused with nothing changed."""

from __future__ import annotations

import pytest

from firmware import protocol
from firmware.errors import Refused
from firmware.protocol import procedures as table
from firmware.protocol.procedures import BUFFER, CATHETER_NL, INSULIN, NAOH
from firmware.therapy import guide as engine
from firmware.therapy.catheter import Catheter
from firmware.therapy.guide import Guide

pytestmark = pytest.mark.req("THER-5", "THER-6")
REFILL, RINSE, FLUSH, STROKE_VOLUME, PATENCY = range(1, 6)


class World:
    """A pump that makes the strokes it is asked for when told to."""

    def __init__(self, stroke_nl: int = 500) -> None:
        self.orders: list[tuple[int, int]] = []
        self.cancelled = 0
        self.missing = 0  # when a delivery is cancelled
        self.told: list[tuple[int, int, int, int]] = []
        self.refuses = False
        self.guide = Guide(self._deliver, self._cancel, Catheter(), stroke_nl, lambda *what: self.told.append(what))

    def _deliver(self, strokes: int, ledger: int) -> None:
        if self.refuses:
            raise Refused(protocol.HOUR_LIMIT, "volume_mu", 1, 0)
        self.orders.append((strokes, ledger))

    def _cancel(self) -> int:
        self.cancelled += 1
        return self.missing

    @property
    def place(self) -> int:
        return self.guide.report()["step"]

    def say(self, choice: str, value: int | None = None) -> None:
        """At the present step; strokes that it orders are made. Without a value the least that is allowed."""
        guide, step = self.guide, self.guide.step
        names = [name for name, _ in step.choices]
        if value is None:
            value = step.takes.low if step.takes else 0
        guide.answer(self.place, names.index(choice), value)
        while guide.delivering:
            guide.stroke()

    def walk(self, number: int, *choices: str) -> None:
        """Begin and say these, or at each step the first choice until it ends."""
        self.guide.begin(number, False)
        for choice in choices:
            self.say(choice)
        while not choices and self.guide.procedure:
            self.say(self.guide.step.choices[0][0])

    def to(self, number: int, name: str) -> None:
        """Begin and go on to step `name`."""
        self.guide.begin(number, False)
        while self.guide.step.name != name:
            self.say(self.guide.step.choices[0][0])

    def state(self) -> tuple[bytes, bool, int, int]:
        raw = bytearray(engine.STATE_BYTES)
        self.guide.pack_into(raw)
        return bytes(raw), self.guide.delivering, len(self.orders), len(self.told)


@pytest.fixture
def world() -> World:
    return World()


def refusal(call) -> Refused:
    with pytest.raises(Refused) as refused:
        call()
    return refused.value


# The table is whole


@pytest.mark.parametrize("procedure", table.PROCEDURES, ids=lambda each: each.name)
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


# Golden walks, from the implant's manuals


def test_a_refill_by_the_book(world: World) -> None:
    world.walk(REFILL)
    assert [world.guide.end, world.orders] == [table.ENDS.index(table.COMPLETED), []]
    assert world.guide.fit
    names = [table.BY_NUMBER[REFILL].steps[place].name for _, place, _, _ in world.told]
    assert names == ["prepare", "withdraw", "fill", "take_back", "judge"]


def test_a_rinse_is_naoh_then_buffer_then_insulin_with_20_strokes_each(world: World) -> None:
    world.walk(RINSE)
    names = [table.BY_NUMBER[RINSE].steps[place].name for _, place, _, _ in world.told]
    cycles = [f"{what} {fluid}" for fluid in ("naoh", "buffer", "insulin") for what in ("fill", "equalise", "pull")]
    assert [name.replace("_", " ") for name in names if name.split("_")[0] in ("fill", "equalise", "pull")] == cycles
    assert names[:3] == ["minimal_basal", "needles", "remove_insulin"]
    assert names[-3:] == ["take_back", "remove_needles", "new_basal"]
    assert world.orders == [
        (20, table.LEDGER_NAOH),
        (20, table.LEDGER_BUFFER),
        (20, table.LEDGER_INSULIN_TEST),
    ]
    # The side port stands open before the catheter: nothing of it has reached the patient.
    assert world.guide.catheter.only_insulin
    assert (world.guide.insulin_reached_nl, world.guide.fit) == (0, True)


def test_4_u_are_80_strokes_of_the_fine_quantum() -> None:
    world = World(stroke_nl=125)
    world.walk(RINSE)
    assert [strokes for strokes, _ in world.orders] == [80, 80, 80]


def test_a_flush_pushes_13_u_into_the_patient_and_washes_the_buffer_out(world: World) -> None:
    world.to(FLUSH, "wash_out")
    assert world.guide.insulin_reached_nl == CATHETER_NL
    assert world.guide.report()["until_insulin_nl"] == CATHETER_NL
    world.say("go")
    assert world.orders == [(65, table.LEDGER_BUFFER)]
    assert world.guide.catheter.only_insulin
    assert world.guide.insulin_reached_nl == CATHETER_NL


def test_a_flush_left_before_the_buffer_is_out_shows_what_is_still_ahead(world: World) -> None:
    world.to(FLUSH, "wash_out")
    world.guide.answer(world.place, 0)
    for _ in range(15):
        world.guide.stroke()
    world.missing = world.guide.wanted - 16  # one is in progress
    world.guide.interrupt(world.place)
    world.guide.stroke()  # that one has been followed
    assert (world.cancelled, world.guide.end) == (1, table.ENDS.index(table.COMPLETED))
    assert world.guide.report()["until_insulin_nl"] == CATHETER_NL - 16 * 500
    world.guide.stroke()  # somebody else's
    assert world.guide.report()["until_insulin_nl"] == CATHETER_NL - 16 * 500


def test_a_stroke_volume_is_as_many_strokes_as_the_person_says(world: World) -> None:
    world.walk(STROKE_VOLUME, "ready")
    world.say("done", 40)
    world.say("go")
    world.say("again", 19_000)
    world.say("done", 50)
    world.say("go")
    world.say("done", 24_000)
    world.say("done")
    assert world.orders == [(40, table.LEDGER_INSULIN_TEST), (50, table.LEDGER_INSULIN_TEST)]
    assert world.guide.insulin_reached_nl == 0, "it went into the pipette"


def test_what_a_stroke_volume_means() -> None:
    assert engine.stroke_volume(25_000, 50, 500) == (500_000, 0)
    assert engine.stroke_volume(21_250, 50, 500) == (425_000, -150)
    assert engine.stroke_volume(21_249, 50, 500) == (424_980, -151)


@pytest.mark.parametrize("finding", ["falls", "stays", "no_pulse"])
def test_a_patency_test_gives_1_u_to_the_patient_and_counts_it(world: World, finding: str) -> None:
    world.walk(PATENCY, "ready", "go", "again", "go", finding)
    assert world.orders == [(5, table.LEDGER_DIAGNOSTIC)] * 2
    assert world.guide.insulin_reached_nl == 5_000
    assert world.guide.fit


# Every transition, and every other one


STEPS = [(procedure, step) for procedure in table.PROCEDURES for step in procedure.steps]
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
    for other in table.BY_NUMBER:
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
    rinse = table.BY_NUMBER[RINSE]
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
    assert (world.guide.step, world.guide.delivering) == (step, False)
    assert world.guide.report()["procedure_strokes_left"] == 0
    ordered = list(world.orders)
    world.guide.answer(place, 0)
    assert world.orders == ordered and world.guide.step is not step


def test_what_the_pump_refuses_is_passed_on_and_nothing_changes(world: World) -> None:
    world.to(PATENCY, "strokes")
    world.refuses = True
    before = world.state()
    assert refusal(lambda: world.guide.answer(world.place, 0)).code == protocol.HOUR_LIMIT
    assert world.state() == before


def test_not_while_therapy_runs(world: World) -> None:
    for number in table.BY_NUMBER:
        error = refusal(lambda number=number: world.guide.begin(number, True))
        assert (error.code, error.field_name, error.value) == (protocol.WRONG_STATE, "procedure", 0)
    assert refusal(lambda: world.guide.begin(6, False)).code == protocol.OUT_OF_RANGE
    assert refusal(lambda: world.guide.answer(0, 0)).code == protocol.WRONG_STATE
    assert refusal(lambda: world.guide.interrupt(0)).code == protocol.WRONG_STATE
    assert world.guide.fit


@pytest.mark.parametrize("content", range(4))
@pytest.mark.parametrize("procedure", table.PROCEDURES, ids=lambda each: each.name)
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

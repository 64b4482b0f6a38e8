"""Guided procedures walked by the implant's manuals, step by step."""

from __future__ import annotations

import pytest

from firmware.protocol import procedures as table
from firmware.protocol.all_procedures import BY_NUMBER
from firmware.protocol.procedures import CATHETER_NL
from firmware.therapy import guide as engine
from tests.firmware.therapy.guide_world import World

pytestmark = pytest.mark.req("THER-5", "THER-6")
REFILL, RINSE, FLUSH, STROKE_VOLUME, PATENCY = range(1, 6)


@pytest.fixture
def world() -> World:
    return World()


# Golden walks, from the implant's manuals
def test_a_refill_by_the_book(world: World) -> None:
    world.walk(REFILL)
    assert [world.guide.end, world.orders] == [table.ENDS.index(table.COMPLETED), []]
    assert world.guide.fit
    names = [BY_NUMBER[REFILL].steps[place].name for _, place, _, _ in world.told]
    assert names == ["prepare", "withdraw", "fill", "take_back", "judge"]


def test_a_rinse_is_naoh_then_buffer_then_insulin_with_20_strokes_each(world: World) -> None:
    world.walk(RINSE)
    names = [BY_NUMBER[RINSE].steps[place].name for _, place, _, _ in world.told]
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

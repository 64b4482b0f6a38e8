"""Guided procedures by hand: how they begin, which answers fit, what a refill leaves, the ways out."""

from __future__ import annotations

import pytest

from hil.oracle.reasons import Reason
from tests.oracle.guided import FLUSH, OUT, PATENCY, REFILL, RINSE, STROKE_VOLUME, WRONG, Guided, at
from tests.oracle.hand import EPOCH_S, Hand, S

pytestmark = pytest.mark.req("THER-5", "THER-6")


def test_without_a_procedure_nothing_is_shown_and_therapy_may_run() -> None:
    made = Guided()
    assert made.procedures.shown() == {
        "procedure": "none", "step": 0, "procedure_delivering": False, "procedure_strokes_left": 0,
        "procedure_end": 255, "fit": True, "reservoir_holds": "insulin", "catheter_buffer_nl": 0,
        "catheter_naoh_nl": 0, "until_insulin_nl": 0,
    }  # fmt: skip
    assert made.procedures.verdict == {
        "accuracy_tenths": 0,
        "uncertainty_tenths": 0,
        "band": "none",
        "missing_nl": 0,
        "delivered_nl": 0,
    }
    assert not made.procedures.whole, "nothing is known of a refill"
    assert made.against() == ([WRONG], [])
    assert made.why_not("interrupt_procedure", step=0) == ([WRONG], [])


# Beginning


def test_a_procedure_begins_on_a_stopped_pump_with_what_it_needs() -> None:
    for holds in ("insulin", "buffer", "naoh", "empty"):
        made = Guided(holds=holds)
        for procedure in range(1, 6):
            fits = holds == "insulin" or (procedure == REFILL and holds in ("buffer", "empty")) or procedure == RINSE
            wrong = Reason("wrong_content", None, ("insulin", "buffer", "naoh", "empty").index(holds))
            assert made.why_not("start_procedure", procedure=procedure) == ([] if fits else [wrong], [])
    assert made.why_not("start_procedure", procedure=6)[0][0].code == "out_of_range"
    running = Hand()
    assert [each.code for each in running.why_not(S, "start_procedure", procedure=1)] == ["wrong_state"]
    must: list[Reason] = []
    made.procedures.not_start({"procedure": 0}, must, [])
    made.procedures.not_start({"procedure": 6}, must, [])
    assert must == [OUT, OUT]


def test_no_second_procedure_begins_amid_one() -> None:
    made = at(REFILL, "withdraw")
    made.pump.programme.state = "stopped"
    assert made.why_not("start_procedure", procedure=1) == ([WRONG, Reason("unfit")], [])


def test_the_beginning_shows_the_first_step() -> None:
    made = Guided()
    shown = made.begin(REFILL)
    assert (shown["procedure"], shown["step"], shown["fit"], made.pump.state) == ("refill", 0, False, "procedure")
    assert (shown["procedure_end"], shown["procedure_strokes_left"]) == (255, 0)
    made.interrupt()
    assert made.procedures.latest_end == 1
    assert made.begin(REFILL)["procedure_end"] == 255


# Answers


def test_an_answer_is_for_the_present_step_and_its_choices() -> None:
    made = at(STROKE_VOLUME, "read")
    place = made.procedures.place
    assert made.against(choice=0) == made.against(choice=1) == ([], [])
    assert made.against(choice=2) == ([OUT], [])
    assert made.against(step=place - 1) == made.against(step=place + 1) == ([WRONG], [])
    assert made.why_not("interrupt_procedure", step=place) == ([], [])
    assert made.why_not("interrupt_procedure", step=place + 1) == ([WRONG], [])


# Refill


def test_a_refill_leaves_insulin_and_its_verdict() -> None:
    made = Guided()
    made.hand.device.reservoir.fill(2_500_000, 0, 0)
    made.begin(REFILL)
    assert made.say()["step"] == 1 and made.procedures.holds == "empty"
    assert made.say(2_400_000)["step"] == 2  # 0.1 ml is missing
    assert made.say(10_000_000)["step"] == 3
    shown = made.say(1_000_000)
    assert (shown["step"], shown["reservoir_holds"], shown["missing_nl"]) == (4, "insulin", 100_000)
    content = made.hand.device.reservoir
    assert (content.filled_nl, content.filled_strokes, content.filled_utc_s) == (9_000_000, 0, EPOCH_S + made.at // S)
    refilled = next(each for each in made.pump.events if each.what == "refilled")
    assert refilled.values == {"filled_nl": 9_000_000, "residual_nl": 2_400_000}
    shown = made.say()
    assert (shown["procedure"], shown["procedure_end"], shown["fit"], shown["step"]) == ("none", 0, True, 0)
    assert made.pump.state == "stopped" and shown["missing_nl"] == 100_000
    assert made.begin(REFILL) and made.procedures.verdict == {
        "accuracy_tenths": 0, "uncertainty_tenths": 0, "band": "none", "missing_nl": 0, "delivered_nl": 0,
    }  # fmt: skip


def test_strokes_between_drawing_and_filling_are_not_missing() -> None:
    """1,000 strokes of 0.5 µl were made before it was drawn; what a rinse makes later has nothing to do with it."""
    made = Guided()
    made.hand.device.reservoir.fill(2_500_000, 0, 0)
    made.pump.commanded = made.pump.confirmed = 1_000
    made.begin(RINSE)
    made.to("remove_insulin")
    assert made.procedures.strokes == 0
    made.say(2_000_000)
    assert made.procedures.strokes == 1_000
    made.to("take_back")
    assert made.pump.commanded == 1_060, "three times 4 U to open the valve"
    assert made.say()["missing_nl"] == 0
    assert made.hand.device.reservoir.filled_strokes == 1_060


def test_an_emptied_reservoir_is_not_compared() -> None:
    made = Guided()
    made.hand.device.reservoir.fill(2_500_000, 0, 0)
    made.begin(REFILL)
    made.to("fill")
    assert made.procedures.whole
    assert made.interrupt()["procedure_end"] == 2 and made.procedures.holds == "empty"
    made.begin(REFILL)
    assert not made.procedures.whole
    made.to("take_back")
    assert made.say()["missing_nl"] == 0


# Ways out


@pytest.mark.parametrize(
    ("procedure", "step", "end", "holds"),
    [
        (REFILL, "prepare", 1, "insulin"),
        (REFILL, "withdraw", 2, "empty"),
        (REFILL, "take_back", 2, "empty"),
        (RINSE, "needles", 1, "insulin"),
        (RINSE, "remove_insulin", 2, "empty"),
        (RINSE, "drawn_buffer", 2, "buffer"),
        (RINSE, "fill_insulin", 2, "empty"),
        (FLUSH, "prepare", 1, "insulin"),
        (FLUSH, "wash_out", 0, "insulin"),
        (STROKE_VOLUME, "strokes", 1, "insulin"),
        (PATENCY, "watch", 1, "insulin"),
    ],
)
def test_where_an_interruption_leads(procedure: int, step: str, end: int, holds: str) -> None:
    made = at(procedure, step)
    made.procedures.holds = "buffer" if step == "drawn_buffer" else made.procedures.holds
    if step == "fill_insulin":
        made.procedures.holds = "insulin"  # whatever it is: it does not hold insulin under vacuum
    shown = made.interrupt()
    assert (made.where, shown["procedure_end"], shown["reservoir_holds"]) == (f"ended {end}", end, holds)
    assert (made.pump.state, shown["procedure_strokes_left"], shown["step"]) == ("stopped", 0, 0)
    assert shown["fit"] is (holds == "insulin")
    assert "pump_stopped" in made.hand.device.alarms.latched
    assert not made.hand.device.reservoir.known, "nothing was filled for good"
    ended = [each for each in made.pump.entries if each.kind == "basal"][-1]
    assert made.pump.basal_entry is None and ended.reason == "cancelled"


@pytest.mark.parametrize(("step", "to"), [("fill_naoh", "remove_naoh"), ("soak_naoh", "remove_naoh")])
def test_sodium_hydroxide_cannot_be_left_in_it(step: str, to: str) -> None:
    made = at(RINSE, step)
    made.interrupt()
    assert made.where == to and made.pump.state == "procedure"
    assert made.why_not("interrupt_procedure", step=made.procedures.place) == ([WRONG], [])


def test_a_stop_amid_a_procedure_ends_its_state_and_an_answer_with_strokes_goes_on() -> None:
    made = at(PATENCY, "strokes")
    made.say()
    made.hand.device.advance(made.at + 1)
    assert made.order("stop") == {"abandoned_strokes": 4}
    assert (made.pump.state, made.procedures.under_way, made.procedures.left) == ("stopped", True, 4)
    assert made.pump.entries[-1].reason == "suspended"
    made.say()
    assert (made.pump.state, made.pump.normal is not None, made.procedures.left) == ("procedure", True, 4)


def test_another_stop_latches_again() -> None:
    made = at(PATENCY, "watch")
    alarms = made.hand.device.alarms
    alarms.latched.clear()
    made.say()
    assert made.pump.state == "stopped" and "pump_stopped" in alarms.latched
    alarms.latched.clear()
    made.procedures._state("stopped")
    assert "pump_stopped" not in alarms.latched, "it was stopped already"

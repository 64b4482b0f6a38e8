"""Guided procedures by hand (docs/procedures.md): each step, its bounds, its strokes, what holds what."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from hil.oracle import lives
from hil.oracle.guide import NAMES, PROCEDURES
from hil.oracle.reasons import Reason
from tests.oracle.hand import EDGE_US, EPOCH_S, Hand, S

pytestmark = pytest.mark.req("THER-5", "THER-6")
REFILL, RINSE, FLUSH, STROKE_VOLUME, PATENCY = range(1, 6)
OUT = Reason("out_of_range")
WRONG = Reason("wrong_state")
U = 1_000


class Guided:
    """A stopped pump that is led through a procedure; an order a second."""

    def __init__(self, stroke_nl: int = 500, concentration: int = 400, holds: str = "insulin") -> None:
        self.hand = Hand(stroke_nl, concentration)
        self.at = S
        self.hand.order(S, "stop")
        self.procedures = self.hand.device.procedures
        self.procedures.holds = holds
        self.pump = self.hand.device.pump

    def order(self, name: str, **values: Any) -> dict[str, Any]:
        self.at += S
        return self.hand.order(self.at, name, **values)

    def begin(self, procedure: int) -> dict[str, Any]:
        return self.order("start_procedure", procedure=procedure)

    def say(self, value: int = 0, choice: int = 0) -> dict[str, Any]:
        """At the present step."""
        return self.order("answer_procedure", step=self.procedures.place, choice=choice, value=value)

    def go(self) -> dict[str, Any]:
        """Have the strokes of the step made, all of them."""
        reply = self.say()
        self.at += self.procedures.left * 2 * S
        self.hand.device.advance(self.at)
        return reply

    def interrupt(self) -> dict[str, Any]:
        return self.order("interrupt_procedure", step=self.procedures.place)

    def why_not(self, name: str, **values: Any) -> tuple[list[Reason], list[Reason]]:
        return self.hand.device.orders.why_not(name, values)

    def against(self, value: int = 0, choice: int = 0, step: int | None = None) -> tuple[list[Reason], list[Reason]]:
        place = self.procedures.place if step is None else step
        return self.why_not("answer_procedure", step=place, choice=choice, value=value)

    @property
    def where(self) -> str:
        return self.procedures.step.name if self.procedures.under_way else f"ended {self.procedures.latest_end}"

    def to(self, step: str) -> Guided:
        """On with plain answers up to this step."""
        plain = {"fill": 10_000_000, "fill_insulin": 10_000_000, "fill_naoh": 1_000, "fill_buffer": 1_000, "count": 10}
        while self.where != step:
            now = self.procedures.step
            self.go() if now.ledger else self.say(plain.get(now.name, 0))
        return self


def at(procedure: int, step: str, **how: Any) -> Guided:
    made = Guided(**how)
    made.begin(procedure)
    return made.to(step)


def test_the_procedures_are_those_of_the_page() -> None:
    assert NAMES == ("none", "refill", "rinse", "flush", "stroke_volume", "patency")
    page = (Path(__file__).parents[2] / "docs" / "procedures.md").read_text(encoding="utf-8")
    pictures = re.findall(r"^## \d.*?\n```mermaid\n(.*?)```", page, re.DOTALL | re.MULTILINE)
    for picture, (_, steps) in zip(pictures, PROCEDURES.values(), strict=True):
        drawn = set(re.findall(r"^ +(\w+) --> (\w+):", picture, re.MULTILINE))
        told = {(step.name, to) for step in steps for to in (*step.choices, step.interrupt) if to}
        assert told == drawn


def test_without_a_procedure_nothing_is_shown_and_therapy_may_run() -> None:
    made = Guided()
    assert made.procedures.shown() == {
        "procedure": "none", "step": 0, "procedure_delivering": False, "procedure_strokes_left": 0,
        "procedure_end": 255, "fit": True, "reservoir_holds": "insulin", "catheter_buffer_nl": 0,
        "catheter_naoh_nl": 0, "until_insulin_nl": 0,
    }  # fmt: skip
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


@pytest.mark.parametrize(
    ("procedure", "step", "low", "high"),
    [
        (REFILL, "withdraw", 0, 20_000_000),
        (REFILL, "fill", 1, 20_000_000),
        (REFILL, "take_back", 0, 5_000_000),
        (RINSE, "remove_insulin", 0, 20_000_000),
        (RINSE, "fill_naoh", 1, 20_000_000),
        (RINSE, "drawn_naoh", 0, 5_000_000),
        (RINSE, "remove_naoh", 0, 20_000_000),
        (RINSE, "drawn_insulin", 0, 5_000_000),
        (FLUSH, "flush", 0, 20_000_000),
        (STROKE_VOLUME, "count", 10, 100),
        (STROKE_VOLUME, "read", 0, 100_000),
        (PATENCY, "watch", -20_000, 140_000),
    ],
)
def test_a_figure_is_within_the_bounds_of_its_step(procedure: int, step: str, low: int, high: int) -> None:
    made = at(procedure, step)
    assert made.against(low)[0] == made.against(high)[0] == []
    assert made.against(low - 1)[0] == made.against(high + 1)[0] == [OUT]


def test_where_nothing_is_entered_any_value_will_do() -> None:
    made = at(REFILL, "prepare")
    assert made.against(7) == made.against(-7) == ([], [])


def test_what_is_put_in_beyond_the_reservoir_may_be_refused_at_its_step() -> None:
    for procedure, step in ((REFILL, "fill"), (RINSE, "fill_insulin"), (RINSE, "fill_naoh")):
        made = at(procedure, step)
        assert made.against(15_000_000) == ([], [])
        assert made.against(15_000_001) == ([], [OUT])


def test_what_is_taken_back_is_less_than_was_put_in_and_leaves_no_more_than_fits() -> None:
    made = at(REFILL, "fill")
    made.say(2_000_000)
    assert made.against(1_999_999) == ([], []) and made.against(2_000_000) == ([OUT], [])
    made = at(REFILL, "fill")
    made.say(18_000_000)
    assert made.against(3_000_000) == ([], []) and made.against(2_999_999) == ([OUT], [])


def test_what_is_drawn_in_a_rinse_is_less_than_was_put_in() -> None:
    made = at(RINSE, "fill_insulin")
    made.say(2_000_000)
    made.to("drawn_insulin")
    assert made.against(1_999_999) == ([], []) and made.against(2_000_000) == ([OUT], [])
    made.say(1_500_000)
    assert made.against(499_999) == ([], []) and made.against(500_000) == ([OUT], [])
    assert at(RINSE, "drawn_naoh").against(1_000) == ([], []), "only of the insulin"


def test_more_drawn_out_than_is_left_may_be_refused_where_all_was_in_it() -> None:
    for procedure, step in ((REFILL, "withdraw"), (RINSE, "remove_insulin")):
        made = Guided()
        made.hand.device.reservoir.fill(2_000_000, 0, 0)
        made.begin(procedure)
        made.to(step)
        assert made.against(2_000_000) == ([], []) and made.against(2_000_001) == ([], [OUT])
        made.procedures.whole = False
        assert made.against(2_000_001) == ([], [])


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
        "accuracy_tenths": 0, "uncertainty_tenths": 0, "band": "none", "missing_nl": 0,
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


# Strokes


def test_the_strokes_of_a_step_have_their_ledger_and_lead_on_when_the_last_was_seen() -> None:
    made = at(PATENCY, "strokes")
    assert made.procedures.left == 5  # 1 U: 2.5 µl
    shown = made.say()
    assert (shown["procedure_strokes_left"], shown["procedure_delivering"], made.where) == (5, True, "strokes")
    assert made.against() == ([WRONG], []), "while strokes are made"
    begun = made.at
    made.hand.device.advance(begun + 8 * S + EDGE_US - 1)
    assert (made.procedures.left, made.where) == (1, "strokes")
    assert made.pump.normal is None and made.procedures.shown()["procedure_delivering"], "the last one is being made"
    assert made.against() == ([WRONG], [])
    made.hand.device.advance(begun + 8 * S + EDGE_US)
    assert made.against() == ([], [])
    assert (made.procedures.left, made.where, made.procedures.shown()["procedure_delivering"]) == (0, "watch", False)
    entry = made.pump.entries[-1]
    assert (entry.kind, entry.commanded, entry.reason) == ("diagnostic", 5, "completed")
    assert [each.at_us for each in made.pump.strokes] == [begun + place * 2 * S for place in range(5)]


def test_how_many_strokes_a_step_wants_is_its_volume_rounded_up() -> None:
    assert at(PATENCY, "strokes", stroke_nl=125, concentration=100).procedures.left == 20
    assert at(RINSE, "pull_naoh").procedures.left == 20  # 4 U: 10 µl
    assert at(FLUSH, "wash_out").procedures.left == 65  # 13 U: 32.5 µl
    assert at(PATENCY, "strokes", stroke_nl=400).procedures.left == 7  # 6.25
    made = at(STROKE_VOLUME, "count")
    made.say(37)
    assert made.procedures.left == 37 and made.procedures.entered == {"count": 37}


@pytest.mark.req("GUARD-1")
def test_the_limits_hold_for_the_strokes_of_a_procedure_too() -> None:
    """65 strokes of 0.2 U are 13 U."""
    made = at(FLUSH, "wash_out")
    limits = made.hand.device.settings.limits
    limits["max_bolus_mu"] = 13_000
    assert made.against() == ([], [])
    limits["max_bolus_mu"] = 12_999
    assert made.against() == ([Reason("clinician_limit", None, 13_000, 12_999)], [])
    limits["max_bolus_mu"] = 40_000
    made.pump.caps.hour_mu = 12_999
    (cap,), may = made.against()
    assert (cap.code, cap.limit, may) == ("hour_limit", 12_999, [])
    made.pump.caps.hour_mu = 13_000
    made.pump.caps.day_mu = 12_999
    assert [each.code for each in made.against()[0]] == ["day_limit"]
    made.pump.caps.day_mu = 150_000
    for place in range(5):
        made.pump.caps.count(made.at - 3_601 * S + place)  # out of the hour, but not by the safe side
    must, may = made.against()
    assert must == [] and [each.code for each in may] == ["hour_limit"]
    assert made.against(choice=1) == ([OUT], []), "what cannot be said is not played forward"
    made.procedures.left = 0
    assert made.against() == ([], [])


def test_an_interruption_completes_the_stroke_in_progress() -> None:
    made = at(FLUSH, "wash_out")
    made.say()
    made.hand.device.advance(made.at + 2 * S + 1)
    made.at += 2 * S
    shown = made.interrupt()
    entry = made.pump.entries[-1]
    assert (entry.kind, entry.reason, entry.commanded, entry.abandoned) == ("buffer", "cancelled", 2, 63)
    assert shown["procedure_strokes_left"] == 0 and made.where == "ended 0"


# The catheter


def test_what_the_catheter_holds_leaves_it_stroke_by_stroke() -> None:
    made = at(FLUSH, "displace")
    assert made.procedures.buffer_nl == 32_500  # 13 U
    made.to("wash_out")
    assert made.procedures.shown()["until_insulin_nl"] == 32_500
    made.say()
    begun = made.at
    made.hand.device.advance(begun + EDGE_US - 1)
    assert made.procedures.buffer_nl == 32_500
    made.hand.device.advance(begun + EDGE_US)
    assert (made.procedures.buffer_nl, made.procedures.left) == (32_000, 64)
    assert made.procedures.shown()["catheter_buffer_nl"] == 32_000
    made.hand.device.advance(begun + 128 * S + EDGE_US)
    assert (made.procedures.buffer_nl, made.where) == (0, "ended 0")


def test_what_is_in_the_catheter_stays_while_nothing_is_made() -> None:
    made = Guided()
    made.procedures.buffer_nl = 700
    made.begin(PATENCY)
    made.order("stop")
    assert made.procedures.buffer_nl == 700
    made = Guided()
    made.procedures.buffer_nl = 700
    made.order("resume")
    made.order("bolus", volume_mu=400)
    made.hand.device.advance(made.at + 1)
    made.at += 1 - S
    made.order("cancel_bolus")
    assert made.procedures.buffer_nl == 700, "of therapy's stroke in progress the edge tells"
    made.hand.device.advance(made.at + S)
    assert made.procedures.buffer_nl == 200


def test_a_rinse_knows_what_the_reservoir_holds_and_pulls_through_the_side_port() -> None:
    for fluid, holds in (("naoh", "naoh"), ("buffer", "buffer"), ("insulin", "empty")):
        made = at(RINSE, f"fill_{fluid}")
        made.procedures.buffer_nl = 700
        assert made.procedures.holds == holds
        made.to(f"drawn_{fluid}")
        assert made.procedures.buffer_nl == 700 and made.pump.entries[-1].commanded == 20


def test_power_that_fails_in_the_last_stroke_is_no_step_on() -> None:
    made = at(PATENCY, "strokes")
    made.say()
    made.hand.device.advance(made.at + 8 * S + 1)
    cut_us = made.at + 8 * S + 1
    lives.restart(made.hand.device, cut_us + 5 * S, cut_us + 5 * S, EPOCH_S + cut_us // S + 5)
    assert (made.where, made.procedures.left, made.pump.state) == ("strokes", 0, "procedure")
    made.at = cut_us + 10 * S
    made.say()
    assert made.where == "watch"


def test_volumes_of_the_page_are_strokes_to_the_nanolitre() -> None:
    """A stroke of a nanolitre: 4 U, 1 U and 13 U of U-400."""
    assert at(RINSE, "pull_naoh", stroke_nl=1).procedures.left == 10_000
    assert at(PATENCY, "strokes", stroke_nl=1).procedures.left == 2_500
    assert at(FLUSH, "wash_out", stroke_nl=1).procedures.left == 32_500


def test_strokes_of_therapy_push_it_out_too_and_those_through_the_side_port_do_not() -> None:
    made = Guided()
    made.procedures.buffer_nl = 700
    made.order("resume")
    made.order("bolus", volume_mu=400)
    made.hand.device.advance(made.at + EDGE_US)
    assert made.procedures.buffer_nl == 200
    made.hand.device.advance(made.at + 2 * S + EDGE_US)
    assert made.procedures.buffer_nl == 0, "never less than nothing"
    made = at(STROKE_VOLUME, "strokes")
    made.procedures.buffer_nl = 700
    made.go()
    assert made.procedures.buffer_nl == 700 and made.where == "read"


def test_a_stroke_in_progress_counts_once_however_its_delivery_ends() -> None:
    """DOSE-5: cut by a person or a fault, the stroke in progress is delivered; its edge comes later."""
    made = at(FLUSH, "wash_out")
    made.say()
    made.hand.device.advance(made.at + 1)
    made.at += 1 - S
    made.order("stop")
    assert (made.procedures.buffer_nl, made.procedures.left) == (32_000, 64), "at once"
    made.hand.device.advance(made.at + S)
    assert (made.procedures.buffer_nl, made.procedures.left) == (32_000, 64), "and not once more with its edge"
    made.say()
    made.hand.device.advance(made.at + 2 * S)
    assert (made.procedures.buffer_nl, made.procedures.left) == (31_500, 63)


def test_the_last_stroke_of_a_step_that_is_stopped_counts_for_it() -> None:
    made = at(PATENCY, "strokes")
    made.procedures.buffer_nl = 10_000
    made.say()
    made.hand.device.advance(made.at + 8 * S + 1)
    assert made.pump.normal is None and made.procedures.left == 1
    made.at += 8 * S + 1 - S
    made.order("stop")
    assert (made.procedures.left, made.procedures.buffer_nl) == (0, 7_500)
    made.hand.device.advance(made.at + S)
    assert (made.procedures.left, made.where, made.procedures.buffer_nl) == (0, "strokes", 7_500)
    made.say()
    assert made.where == "watch" and made.pump.normal is None, "nothing is missing: on"


def test_a_stroke_of_therapy_in_progress_when_one_begins_is_not_the_procedure_s() -> None:
    hand = Hand()
    hand.device.procedures.buffer_nl = 10_000
    hand.order(0, "bolus", volume_mu=400)
    hand.device.advance(1)
    hand.order(1, "stop")
    hand.order(2, "start_procedure", procedure=PATENCY)
    procedures = hand.device.procedures
    assert procedures.buffer_nl == 9_500
    hand.order(3, "answer_procedure", step=0, choice=0, value=0)
    hand.device.advance(S)
    assert (procedures.buffer_nl, procedures.left) == (9_500, 5)

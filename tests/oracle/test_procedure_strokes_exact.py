"""The strokes of guided procedures by hand: which are made, which count, what they push through the catheter."""

from __future__ import annotations

import pytest

from hil.oracle import lives
from hil.oracle.reasons import Reason
from tests.oracle.guided import FLUSH, OUT, PATENCY, RINSE, STROKE_VOLUME, WRONG, Guided, at
from tests.oracle.hand import EDGE_US, EPOCH_S, Hand, S

pytestmark = pytest.mark.req("THER-5", "THER-6")


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


@pytest.mark.req("GUARD-1", "DOSE-8")
def test_the_caps_count_each_stroke_of_a_procedure_be_it_no_whole_milliunits() -> None:
    """37 strokes of 12.5 mU are 462.5 mU."""
    made = at(STROKE_VOLUME, "count", stroke_nl=125, concentration=100)
    made.say(37)
    for hour_mu, found in ((450, ["hour_limit"]), (475, [])):
        made.pump.caps.hour_mu = hour_mu
        assert [each.code for each in made.against()[0]] == found


def test_an_interruption_completes_the_stroke_in_progress() -> None:
    made = at(FLUSH, "wash_out")
    made.say()
    made.hand.device.advance(made.at + 2 * S + 1)
    made.at += 2 * S
    shown = made.interrupt()
    entry = made.pump.entries[-1]
    assert (entry.kind, entry.reason, entry.commanded, entry.abandoned) == ("buffer", "cancelled", 2, 63)
    assert shown["procedure_strokes_left"] == 0 and made.where == "ended 0"


@pytest.mark.req("DOSE-5")
def test_the_last_stroke_of_a_step_counts_for_it_as_it_is_interrupted() -> None:
    """At once, and by the step's own outlet: what is drawn through the side port moves nothing in the catheter."""
    for procedure, strokes, left_nl in ((PATENCY, 5, 7_500), (STROKE_VOLUME, 10, 10_000)):
        made = at(procedure, "strokes")
        made.procedures.buffer_nl = 10_000
        made.say()
        made.at += (strokes - 1) * 2 * S + 1
        made.hand.device.advance(made.at)
        assert made.pump.normal is None and made.procedures.left == 1
        made.at -= S
        assert made.interrupt()["catheter_buffer_nl"] == left_nl
        made.hand.device.advance(made.at + S)
        assert made.procedures.buffer_nl == left_nl, "and not once more with its edge"


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


@pytest.mark.req("STORE-2")
def test_a_stroke_in_doubt_at_a_reset_counts_for_its_step_and_has_left_the_catheter() -> None:
    made = at(FLUSH, "wash_out")
    made.say()
    made.hand.device.advance(made.at + S)
    assert (made.procedures.left, made.procedures.buffer_nl) == (64, 32_000)
    up_us = made.at + 5 * S  # the second was due meanwhile, and had its permit
    lives.restart(made.hand.device, up_us, up_us, EPOCH_S + up_us // S)
    assert (made.procedures.left, made.procedures.buffer_nl, made.pump.confirmed) == (63, 31_500, 2)
    made.at = up_us
    made.say()
    made.hand.device.advance(made.at + S)
    assert (made.procedures.left, made.procedures.buffer_nl) == (62, 31_000)


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

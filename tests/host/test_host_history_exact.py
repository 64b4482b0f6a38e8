"""The screens of the past, word by word: the finding about the catheter, the deliveries, each event of the log."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import protocol
from firmware.protocol.alarms import BY_NAME
from host.clock import Clock
from host.records import Delivery, Diagnosis, Event
from host.screens.history import deliveries_table, diagnosis_table, event_text, events_table
from tests.host.shown import lines, record

pytestmark = pytest.mark.req("HOST-1", "LOG-1")
NEW_YEAR_S = 1_767_225_600
CLOCK = Clock(3_600_000_000, NEW_YEAR_S + 3600, 60)
MESSAGES = {each.name: number for number, each in protocol.BY_ID.items()}
OCCLUSION = BY_NAME["occlusion"].number


def text(event: str, **values: Any) -> str:
    """What the log says of this event."""
    return event_text(record(Event, event=event, **values))


def accepted(order: str, *values: int) -> str:
    """What the log says of an order that was carried out, with the figures that the firmware logs."""
    return text("accepted", detail=MESSAGES[order], **dict(zip("abcd", values, strict=False)))


def refused(order: str, code: int, value: int, count: int = 1) -> str:
    """What the log says of an order that was refused."""
    return text("refused", detail=MESSAGES[order], reason=code, a=value, b=count)


@pytest.mark.req("OCC-1", "OCC-4")
def test_a_finding_is_told_with_what_it_has_cost_and_by_which_stroke() -> None:
    values: dict[str, Any] = {"diagnosis": "partial_occlusion", "at_us": 61_500_000, "strokes": 3, "missed_mu": 600}
    values |= {"stored_mu": 400, "released_mu": 200, "level_pa": 20_000, "rise_pa": -5, "compliance_pl_per_pa": 7}
    found = record(Diagnosis, **values, air_lock_watched=True)
    assert lines(diagnosis_table(found, CLOCK)) == [
        "Catheter (development platform, not a medical device)",
        "finding          partial occlusion",
        "settled by       the stroke at 2026-01-01 01:01:01, 3 strokes after the first sign",
        "missed           0.60 U",
        "in the catheter  0.40 U waiting, 0.20 U released",
        "pressure         20000 Pa, -5 Pa a stroke",
        "compliance       7 pL/Pa",
    ]
    assert lines(diagnosis_table(record(Diagnosis, air_lock_watched=True), CLOCK))[1:] == ["finding  none"]
    unseen = "not watched  air lock and backflow: a syringe hides both"
    assert lines(diagnosis_table(record(Diagnosis), CLOCK))[1:] == ["finding      none", unseen]
    assert lines(diagnosis_table(record(Diagnosis, diagnosis="not_watched"), CLOCK))[1:] == ["finding  not watched"]


@pytest.mark.req("DOSE-3")
def test_deliveries_are_told_in_lines_one_that_runs_without_an_end() -> None:
    over = Delivery(7, "normal_bolus", 61_500_000, 90_000_000, 2400, 12, 11, 1, "hour_cap")
    runs = Delivery(12, "basal", 90_061_999_000, None, 50, 0, 0, 0, "running")
    assert lines(deliveries_table([over, runs], CLOCK)) == [
        "Deliveries, by the pump's local clock (UTC+01:00); strokes are commanded/delivered/abandoned",
        "no.  kind          start                end                  programmed  strokes  ended",
        "  7  normal bolus  2026-01-01 01:01:01  2026-01-01 01:01:30      2.40 U  12/11/1  hour cap",
        " 12  basal         2026-01-02 02:01:01  -                        0.05 U    0/0/0  running",
    ]
    assert lines(deliveries_table([over], CLOCK), 60)[-7:] == [
        "no. 7", "  kind normal bolus", "  start 2026-01-01 01:01:01", "  end 2026-01-01 01:01:30",
        "  programmed 2.40 U", "  strokes 12/11/1", "  ended hour cap",
    ], "nothing is cut on a narrow screen"  # fmt: skip
    lost = lines(deliveries_table([over], Clock(0, None, 60)))
    assert "device time, the clock is lost" in lost[0] and "device time 00:01:01.500" in lost[2]


def test_events_are_told_in_lines_with_their_time_or_how_long_since_the_clock_was_lost() -> None:
    asked = {"number": 9, "time_s": NEW_YEAR_S, "clock_known": True, "category": "alarm", "event": "alarm"}
    first = record(Event, **asked, detail=OCCLUSION)
    second = record(Event, number=10, time_s=77, category="malfunction", event="initialised")
    third = record(Event, number=11, category="unreadable", event="unreadable")
    assert lines(events_table([first, second, third])) == [
        "Event log, by the pump's local clock (UTC)",
        "no.  time                 class        event        what",
        "  9  2026-01-01 00:00:00  alarm        alarm        Catheter blocked",
        " 10  +77 s (clock lost)   malfunction  initialised",
        " 11  +0 s (clock lost)    unreadable   unreadable",
    ]
    assert lines(events_table([first], 60))[::2] == [
        "Event log, by the pump's local clock (UTC+01:00)",
        "  9  2026-01-01 01:00:00  alarm  alarm  Catheter blocked",
    ]
    assert lines(events_table([first]), 40)[-4:] == [
        "  time 2026-01-01 00:00:00", "  class alarm", "  event alarm", "  what Catheter blocked",
    ]  # fmt: skip


@pytest.mark.req("LOG-2", "DOSE-3")
def test_an_order_that_was_carried_out_is_told_with_its_figures() -> None:
    for order, values, told in (
        ("set_basal", (1250,), "set basal: 1.25 U/h"),
        ("bolus", (7, 2400), "bolus: no. 7, 2.40 U"),
        ("square_bolus", (7, 2400, 90), "square bolus: no. 7, 2.40 U over 1 h 30 min"),
        ("dual_bolus", (7, 1000, 2000, 120), "dual bolus: no. 7, 1.00 U at once, 2.00 U over 2 h"),
        ("cancel_bolus", (7, 8), "cancel bolus: no. 7 and no. 8"),
        ("cancel_bolus", (0, 8), "cancel bolus: no. 8"),
        ("suspend", (200,), "suspend: basal 0.20 U/h"),
        ("stop", (), "stop"),
        ("resume", (1250,), "resume: basal 1.25 U/h"),
        ("recommend_rate", (1200, 15), "recommend rate: 1.20 U/h for 15 min"),
        ("temp_basal", (protocol.TEMP_RATE, 800, 90), "temp basal: 0.80 U/h for 1 h 30 min"),
        ("temp_basal", (protocol.TEMP_PERCENT, 50, 30), "temp basal: 50 % for 30 min"),
        ("cancel_temp", (3,), "cancel temp: no. 3"),
        ("select_pattern", (1,), "select pattern: B"),
        ("commit_pattern", (3, 4800, 15_075), "commit pattern: D, 4.80 U -> 15.075 U a day"),
        ("set_limits", (5050, 20_000, 60_000, 90_000), "set limits: 5.05 U/h, 20.00 U, 60.00 U, 90.00 U"),
        ("set_time", (NEW_YEAR_S,), "set time: 2026-01-01 00:00:00 UTC"),
        ("acknowledge_alarm", (OCCLUSION,), "acknowledge alarm: Catheter blocked"),
        ("start_procedure", (4,), "start procedure: stroke volume"),
        ("answer_procedure", (0, 1, 0), "answer procedure: step 1, choice 2"),
        ("answer_procedure", (2, 0, 2**32 - 150), "answer procedure: step 3, choice 1, value -150"),
        ("interrupt_procedure", (4,), "interrupt procedure: step 5"),
        ("record_refill", (13_000_000, 2**32 - 20_000), "record refill: 13.00 mL in it now, -0.02 mL were left"),
        ("set_settings", (3,), "set settings: 3 of them"),
        ("initialise_memory", (), "initialise memory"),
        ("clear_fault", (7, 0, 2, 1), "clear fault 7 2 1"),
    ):
        assert accepted(order, *values) == told
    assert text("accepted", detail=0xFE, a=5) == "message 0xfe 5"
    assert accepted("acknowledge_alarm", OCCLUSION) == "acknowledge alarm: Catheter blocked"
    assert (
        event_text(record(Event, event="clock_set", b=NEW_YEAR_S), 60)
        == "from nothing to 2026-01-01 01:00:00 UTC+01:00"
    )


@pytest.mark.req("GUARD-1", "LOG-1")
def test_a_refusal_is_told_with_its_value_and_the_value_with_its_unit() -> None:
    for order, code, value, told in (
        ("set_basal", protocol.CLINICIAN_LIMIT, 1250, "set basal: clinician limit, value 1.25 U/h"),
        ("set_basal", protocol.NOT_MULTIPLE, 1251, "set basal: not multiple, value 1.251 U/h"),
        ("bolus", protocol.HARD_LIMIT, 40_200, "bolus: hard limit, value 40.20 U"),
        ("square_bolus", protocol.NOT_WHOLE_STROKES, 300, "square bolus: not whole strokes, value 0.30 U"),
        ("square_bolus", protocol.OUT_OF_RANGE, 29, "square bolus: out of range, value 29"),
        ("dual_bolus", protocol.HOUR_LIMIT, 60_200, "dual bolus: hour limit, value 60.20 U"),
        ("bolus", protocol.DAY_LIMIT, 150_200, "bolus: day limit, value 150.20 U"),
        ("bolus", protocol.WRONG_STATE, 3, "bolus: wrong state, value 3"),
        ("stop", protocol.OUT_OF_RANGE, 3, "stop: out of range, value 3"),
    ):
        assert refused(order, code, value) == told
    assert refused("stop", protocol.WRONG_ROLE, 0, 1) == "stop: wrong role, value 0"
    assert (
        refused("stop", protocol.WRONG_ROLE, 0, 2) == "stop: wrong role, value 0; 2 refusals since the previous record"
    )
    assert text("refused", detail=0xFE, reason=protocol.HARD_LIMIT, a=5) == "message 0xfe: hard limit, value 5"


def test_the_end_of_a_delivery_is_told_with_what_was_programmed_and_why_it_ended() -> None:
    kind, reason = protocol.KIND_DUAL_SQUARE, protocol.REASON_HOUR_CAP
    for event in ("delivery_ended", "delivery_so_far"):
        assert text(event, detail=kind, reason=reason, a=7, b=2400, c=11, d=1) == (
            "no. 7, dual square: 2.40 U programmed, 11 strokes delivered, 1 abandoned; hour cap"
        )


@pytest.mark.req("LOG-1", "STORE-2", "THER-8")
def test_what_befell_the_pump_is_told_in_words_and_figures() -> None:
    whole, caps_late = protocol.MEMORY_WHOLE, protocol.MEMORY_CAPS_LATE
    doubt = ", one stroke counted that may not have been delivered"
    for event, values, told in (
        ("reset", {"detail": whole, "a": 3, "c": 12}, "no. 3: without delivery for 12 s, memory whole"),
        ("reset", {"detail": whole, "b": 1}, f"no. 0: without delivery for 0 s, memory whole{doubt}"),
        (
            "reset",
            {"detail": caps_late, "a": 4, "b": 1, "c": 9, "d": 8},
            f"no. 4: without delivery for 9 s, memory caps late{doubt}, 8 starts of strokes replaced by later ones",
        ),
        (
            "diagnosis",
            {"detail": 1, "a": 3, "b": 600, "c": 400, "d": 200},
            "occlusion after 3 strokes: 0.60 U missed, 0.40 U in the catheter, 0.20 U released",
        ),
        (
            "clock_set",
            {"a": NEW_YEAR_S, "b": NEW_YEAR_S + 1},
            "from 2026-01-01 00:00:00 UTC to 2026-01-01 00:00:01 UTC",
        ),
        ("clock_set", {"b": NEW_YEAR_S}, "from nothing to 2026-01-01 00:00:00 UTC"),
        ("clock_lost", {"detail": 1}, "it does not answer"),
        ("clock_lost", {"detail": 2}, "it shows a time before the last record"),
        ("clock_lost", {"detail": 3}, "it shows a time too far after the last record"),
        ("clock_lost", {"detail": 4}, "it does not agree with device time"),
        ("clock_lost", {"detail": 5}, "lost before the reset"),
        ("clock_lost", {"detail": 6}, "reason 6"),
        ("clock_silent", {}, ""),
        ("edge_differs", {"detail": 0, "a": 1}, "a stroke not seen; strokes ordered and seen differ by 1"),
        ("edge_differs", {"detail": 1, "a": 2}, "one seen too many; strokes ordered and seen differ by 2"),
        ("edge_forgiven", {"detail": 0, "a": 3}, "a stroke not seen; 3 forgiven so far"),
        ("settings_kept", {}, "power went while settings were stored: they are in force"),
        ("setting_changed", {"detail": 0, "a": 200, "b": 0}, "basal while suspended: 0.20 U/h -> 0.00 U/h"),
        (
            "setting_changed",
            {"detail": 1, "a": 2**31 - 1},
            "auto-off without a programmer: after 35791394 h 7 min -> never",
        ),
        ("setting_changed", {"detail": 2, "a": 2**32 - 720, "b": 60}, "local clock: UTC-12:00 -> UTC+01:00"),
        ("memory", {"a": 5}, "5 events are lost that the memory did not take"),
        ("rate_lapsed", {"a": 1000}, "no recommendation any more: back to 1.00 U/h"),
        ("fault", {"detail": 7}, "fault 7, strokes ordered and strokes seen do not agree"),
        ("fault_cleared", {"detail": 5, "a": 4, "b": 3}, "fault 5; 3 of 4 strokes had been seen"),
        ("self_test", {"a": 0b10000010}, "failed: native core, clock"),
        ("self_test", {"a": 1}, "failed: core answers"),
        ("exception", {"detail": 2, "a": 1}, "no. 2 of firmware/upkeep/failures.py"),
        (
            "exception",
            {"detail": 2, "a": 9},
            "no. 2 of firmware/upkeep/failures.py; 9 questions that failed since the previous record",
        ),
        (
            "crashed",
            {"a": 0x10001234, "b": 0x2000ABCD, "c": 0x61000003},
            "HardFault at 0x10001234, called from 0x2000abcd, xPSR 0x61000003",
        ),
        (
            "crashed",
            {"a": 0, "b": 0, "c": 0, "d": 0x10},
            "HardFault with a full stack, fault status 0x00000010",
        ),
        ("connected", {"detail": 1, "a": 1}, "the programmer of slot 1"),
        ("connected", {"detail": 0, "a": 2}, "the programmer of slot 0; 2 times since the previous record"),
    ):  # fmt: skip
        assert text(event, **values) == told


@pytest.mark.req("ALARM-2", "LOG-1")
def test_an_alarm_is_told_with_its_figure() -> None:
    low = BY_NAME["low_reservoir"].number
    assert text("alarm", detail=OCCLUSION, a=1, reason=1) == "Catheter blocked"
    assert text("alarm", detail=low, a=799_800) == "Reservoir low (799.80 U left)"
    assert text("acknowledged", detail=low, reason=1) == "Reservoir low; its cause is there"

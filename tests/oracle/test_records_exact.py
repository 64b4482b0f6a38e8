"""The log by hand: which events there must be with which figures, which may be missing, how they are compared."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import protocol
from hil.oracle.alarms import NUMBERS, Latched
from hil.oracle.boluses import Entry
from hil.oracle.exact import NEVER_US
from hil.oracle.reasons import MESSAGES
from hil.oracle.records import judge_log
from hil.scripts.script import Look, Run, Script
from tests.oracle.hand import EPOCH_S, H, Hand, S

pytestmark = pytest.mark.req("LOG-1", "LOG-2")
END_US = 100 * H
MU = H
Row = dict[str, Any]


def row(event: str, detail: int = 0, reason: int = 0, at_s: int = 0, **letters: int) -> Row:
    shown = {"event": event, "detail": detail, "reason": reason, "time_s": EPOCH_S + at_s}
    return shown | {letter: letters.get(letter, 0) for letter in "abcd"}


def found(hand: Hand, *rows: Row, looks: tuple[Look, ...] = ()) -> list[tuple[int, str, Any, Any]]:
    """What is wrong with this log of what the device has noted."""
    run = Run(Script(1, 500, 400, END_US, ()), looks=list(looks))
    run.log = [{**each, "number": number} for number, each in enumerate(rows, 1)]
    return [(each.at_us, each.what, each.expected, each.seen) for each in judge_log(hand.device, run)]


def whats(hand: Hand, *rows: Row, looks: tuple[Look, ...] = ()) -> list[str]:
    return [what for _, what, _, _ in found(hand, *rows, looks=looks)]


def noted(what: str, at_us: int = 0, **values: Any) -> Hand:
    hand = Hand()
    hand.device.advance(at_us)
    hand.device.pump.react = None  # what follows from it is another event
    hand.device.pump.note(what, **values)
    return hand


def accepted(name: str, values: Row | None = None, reply: Row | None = None, at_us: int = 0) -> Hand:
    return noted("accepted", at_us, name=name, values=values or {}, reply=reply or {})


def refusal(hand: Hand, at_us: int, value: int = 0, **more: Any) -> None:
    hand.device.advance(at_us)
    hand.device.pump.note("refused", name="bolus", code="bolus_active", value=value, **more)


BOLUS, BUSY = MESSAGES["bolus"].id, protocol.CODES.index("bolus_active")


# Orders


def test_an_event_that_may_be_missing_is_left_out_where_all_that_is_there_fits_then() -> None:
    hand = Hand()
    refusal(hand, 0, 7, again=True)
    refusal(hand, 0, 7)
    refusal(hand, 0, 9)
    first, last = row("refused", BOLUS, BUSY, a=7), row("refused", BOLUS, BUSY, a=9)
    assert whats(hand, first, last) == whats(hand, first, first, last) == []
    assert whats(hand, first, first, first, last) == ["log refused 3 (number 3) a", "log refused 4"]
    assert whats(hand, last) == ["log refused 1 (number 1) a", "log refused 2"]


def test_an_event_that_may_be_missing_is_no_row_s_if_another_must_have_it() -> None:
    """The one that must be there can only be the first row or the third; then the others that may be have the rest."""
    hand = Hand()
    for more in ({"optional": True, "unsure": True}, {"optional": False}, {"optional": True, "unsure": True}):
        hand.device.pump.note("acknowledged", name="refill_due", **more)
    hand.device.pump.note("acknowledged", name="refill_due", optional=True)
    assert whats(hand, *(row("acknowledged", NUMBERS["refill_due"], reason) for reason in (0, 1, 0))) == []


def test_an_event_after_the_end_is_in_no_log_yet() -> None:
    hand = noted("initialised", END_US)
    hand.device.pump.now_us = END_US + 1
    hand.device.pump.note("initialised")
    assert whats(hand, row("initialised")) == []
    assert found(hand) == [(END_US, "log initialised 1", {}, None)]
    assert whats(hand, row("initialised"), row("initialised")) == ["log initialised 2"]


@pytest.mark.parametrize(
    ("name", "values", "reply", "letters"),
    [
        ("bolus", {"volume_mu": 400}, {"delivery_id": 3}, {"a": 3, "b": 400}),
        ("square_bolus", {"volume_mu": 400, "duration_min": 30}, {"delivery_id": 3}, {"a": 3, "b": 400, "c": 30}),
        ("cancel_bolus", {}, {"delivery_id": 3, "square_id": 4}, {"a": 3, "b": 4}),
        ("cancel_temp", {}, {"delivery_id": 3}, {"a": 3}),
        ("suspend", {}, {"rate_mu_per_h": 200}, {"a": 200}),
        ("resume", {}, {"rate_mu_per_h": 1_000}, {"a": 1_000}),
        ("record_refill", {}, {"filled_nl": 5, "residual_nl": 7}, {"a": 5, "b": 7}),
        ("commit_pattern", {"pattern": 2}, {"day_mu": 4_800}, {"a": 2, "c": 4_800}),
        ("set_basal", {"rate_mu_per_h": 100}, {}, {"a": 100}),
        ("temp_basal", {"kind": 1, "value": 70, "duration_min": 30}, {}, {"a": 1, "b": 70, "c": 30}),
        ("recommend_rate", {"rate_mu_per_h": 50, "valid_min": 20}, {}, {"a": 50, "b": 20}),
        ("set_limits", {"max_basal_mu_per_h": 1, "max_bolus_mu": 9, "max_hour_mu": 3, "max_day_mu": 4},
         {}, {"a": 1, "c": 3, "d": 4}),
        ("select_pattern", {"pattern": 3}, {}, {"a": 3}),
        ("set_time", {"utc_s": EPOCH_S}, {}, {"a": EPOCH_S}),
        ("acknowledge_alarm", {"alarm": 12}, {}, {"a": 12}),
        ("start_procedure", {"procedure": 2}, {}, {"a": 2}),
        ("answer_procedure", {"step": 3, "choice": 1, "value": 9}, {}, {"a": 3, "b": 1}),
        ("stop", {}, {}, {}),
    ],
)  # fmt: skip
def test_an_order_that_was_carried_out_is_there_with_its_values(
    name: str, values: Row, reply: Row, letters: dict[str, int]
) -> None:
    hand = accepted(name, values, reply, 5 * S)
    good = row("accepted", MESSAGES[name].id, 0, 5, **letters)
    assert found(hand, good) == []
    for letter in letters:
        assert whats(hand, good | {letter: good[letter] + 1}) == [f"log accepted 1 (number 1) {letter}"]
    for open_letter in set("abcd") - set(letters):
        assert found(hand, good | {open_letter: 77}) == []
    assert whats(hand, good | {"time_s": EPOCH_S + 6}) == ["log accepted 1 (number 1) time_s"]
    assert whats(hand, good | {"detail": good["detail"] + 1}) == ["log accepted 1 (number 1) detail"]
    assert whats(hand) == ["log accepted 1"]


@pytest.mark.req("THER-5")
def test_a_residue_below_nothing_saturates() -> None:
    hand = accepted("record_refill", {}, {"filled_nl": 5, "residual_nl": -7})
    good = row("accepted", MESSAGES["record_refill"].id, a=5)
    for b, fits in ((0, True), (7, True), (6, False), (8, False)):
        assert (found(hand, good | {"b": b}) == []) is fits


@pytest.mark.req("THER-5")
def test_a_guided_refill_is_written_down_as_one_by_weight_is() -> None:
    hand = noted("refilled", 9 * S, filled_nl=5, residual_nl=7)
    good = row("accepted", MESSAGES["record_refill"].id, 0, 9, a=5, b=7)
    assert found(hand, good) == []
    for name in ("a", "b", "time_s"):
        assert len(found(hand, good | {name: good[name] + 1})) == 1


def test_an_order_that_was_refused_is_there_with_its_code_and_value() -> None:
    hand = Hand()
    refusal(hand, 5 * S, 200)
    good = row("refused", BOLUS, BUSY, 5, a=200)
    assert found(hand, good) == []
    for name in ("detail", "reason", "a", "time_s"):
        assert whats(hand, good | {name: good[name] + 1}) == [f"log refused 1 (number 1) {name}"]
    assert whats(hand) == ["log refused 1"]
    for value, shown in ((2**32 - 1, {2**32 - 1}), (2**32, {2**32 - 1}), (-3, {0, 3}), (-(2**40), {0, 2**32 - 1})):
        hand = Hand()
        refusal(hand, 0, value)
        for a in (0, 3, 2**32 - 1):
            assert (found(hand, row("refused", BOLUS, BUSY, a=a)) == []) is (a in shown)
    hand = noted("refused", name="stage_pattern", code="out_of_range", value=0)
    assert found(hand) == [], "staging is no order"


def test_what_is_refused_when_it_comes_again_need_not_be_written_down() -> None:
    hand = Hand()
    refusal(hand, 0, 1, again=True)
    refusal(hand, 0, 2)
    again, first = (row("refused", BOLUS, BUSY, a=value) for value in (1, 2))
    assert found(hand, again, first) == found(hand, first) == []
    assert found(hand, again) != [] and found(hand, first, again) != []


def test_thirty_two_refusals_at_once_are_written_and_then_one_an_hour() -> None:
    def log_of(count: int, then_us: int) -> tuple[Hand, list[Row]]:
        hand = Hand()
        for place in range(count):
            refusal(hand, 0, place)
        refusal(hand, then_us, 99)
        return hand, [row("refused", BOLUS, BUSY, a=place) for place in range(count)]

    for count, then_us, missing in ((31, 0, False), (32, 0, True), (32, H - 1, True), (32, H, False), (33, H, True)):
        hand, rows = log_of(count, then_us)
        assert (found(hand, *rows) == []) is missing, (count, then_us)
        assert found(hand, *rows, row("refused", BOLUS, BUSY, then_us // S, a=99)) == []
    hand, rows = log_of(32, 2 * H)
    refusal(hand, 2 * H, 100)
    refusal(hand, 2 * H, 101)
    last = [row("refused", BOLUS, BUSY, 7_200, a=value) for value in (99, 100, 101)]
    assert found(hand, *rows, *last[:2]) == [] and found(hand, *rows, *last[:1]) != []
    hand, rows = log_of(32, 0)
    hand.device.pump.note("reset", doubt=False, known=False)
    refusal(hand, 0, 100)
    assert found(hand, *rows, row("reset")) != [], "a new life writes again"
    assert found(hand, *rows, row("reset"), row("refused", BOLUS, BUSY, a=100)) == []


def test_after_one_order_too_many_or_too_few_the_others_are_not_compared() -> None:
    hand = accepted("stop")
    extra = row("accepted", MESSAGES["resume"].id)
    assert whats(hand, row("accepted", MESSAGES["stop"].id), extra, extra) == ["log accepted 2"]
    hand.device.pump.note("clock_set", a=1, b=2)
    both = row("clock_set", a=1, b=2)
    assert whats(hand, row("accepted", MESSAGES["stop"].id), both, both, both) == ["log clock_set 2", "log clock_set 3"]


# Deliveries


def ended(hand: Hand, number: int, **values: Any) -> Entry:
    entry = Entry(number, "temp_basal", 0, 20 * MU)
    entry.reason, entry.confirmed, entry.abandoned = "cancelled", 3, 1
    for name, value in values.items():
        setattr(entry, name, value)
    hand.device.pump.note("delivery_ended", entry=entry)
    return entry


ENDED = row(
    "delivery_ended", protocol.KINDS.index("temp_basal"), protocol.REASONS.index("cancelled"), a=7, b=20, c=3, d=1
)


def test_a_delivery_that_ended_is_there_with_all_its_figures() -> None:
    hand = Hand()
    ended(hand, 7)
    assert found(hand, ENDED | {"time_s": 5}) == []
    for name in ("detail", "reason", "b", "c", "d"):
        assert whats(hand, ENDED | {name: ENDED[name] + 1}) == [f"log delivery_ended 1 (number 1) {name}"]
    assert whats(hand, ENDED | {"a": 8}) == ["log delivery_ended 1", "log delivery_ended 2"]
    assert whats(hand) == ["log delivery_ended 1"]
    assert whats(hand, ENDED, ENDED) == ["log delivery_ended 2"]


def test_deliveries_are_compared_by_their_numbers_and_not_in_the_order_of_their_ends() -> None:
    hand = Hand()
    ended(hand, 7)
    ended(hand, 6, confirmed=2)
    assert found(hand, ENDED | {"a": 6, "c": 2}, ENDED) == found(hand, ENDED, ENDED | {"a": 6, "c": 2}) == []


@pytest.mark.req("STORE-2")
def test_of_one_that_a_reset_has_ended_the_figure_is_that_of_one_of_the_records() -> None:
    """1 U/h, ended at 72 s with 20 mU: 3.6 s before it 19, 36 s before it 10."""
    hand = Hand()
    ends = {"end_us": 72 * S, "ends_us": frozenset((72 * S, 68_400_000, 36 * S)), "rate_at_end": 1_000}
    ended(hand, 7, **ends)
    for b, fits in ((20, True), (19, True), (10, True), (18, False), (21, False), (9, False), (11, False)):
        assert (found(hand, ENDED | {"b": b}) == []) is fits
    hand = Hand()
    ended(hand, 7, **ends, steady_q=33 * MU)
    assert found(hand, ENDED | {"b": 33}) == [] and found(hand, ENDED | {"b": 10}) == []
    shown = {"id": 7, "programmed_mu": 19, "end_us": 68_400_000}
    nothing: Row = {}
    look = Look(0, nothing, nothing, nothing, nothing, nothing, nothing, (), (), (shown,))
    assert found(hand, ENDED | {"b": 19}, looks=(look,)) == []
    assert whats(hand, ENDED | {"b": 20}, looks=(look,)) == ["log delivery_ended 1 (number 1) b"], "as the list has it"
    runs = Look(0, nothing, nothing, nothing, nothing, nothing, nothing, (), (), (shown | {"end_us": 0},))
    assert found(hand, ENDED | {"b": 20}, looks=(runs,)) == []
    sure = Hand()
    ended(sure, 7)
    assert found(sure, ENDED, looks=(look,)) == [], "what is known needs no list"


# Alarms


def alarm(name: str, at_us: int = 0, must_us: int = 0, hand: Hand | None = None) -> Hand:
    hand = hand or Hand()
    hand.device.advance(at_us)
    hand.device.pump.note("alarm", name=name, latched=Latched(at_us, must_us))
    return hand


@pytest.mark.req("ALARM-1")
def test_an_alarm_is_there_with_its_priority_and_may_be_missing_if_it_could_come_later() -> None:
    hand = alarm("auto_off")
    good = row("alarm", 12, 1)
    assert found(hand, good) == [] and whats(hand) == ["log alarm 1"]
    assert found(hand, good | {"reason": 2}) != [] and found(hand, good | {"detail": 13}) != []
    assert found(alarm("auto_off", 5, 5)) != [] and found(alarm("auto_off", 5, 6)) == []
    assert found(alarm("auto_off", 5, 6), good) == []
    assert found(alarm("low_reservoir"), row("alarm", 5, 0)) == []


@pytest.mark.req("ALARM-2")
def test_alarms_are_compared_each_by_itself() -> None:
    hand = alarm("auto_off")
    alarm("pump_stopped", hand=hand)
    stopped = row("alarm", 10, 1)
    assert found(hand, stopped, row("alarm", 12, 1)) == found(hand, row("alarm", 12, 1), stopped) == []
    assert whats(hand, stopped, stopped, row("alarm", 12, 1)) == ["log alarm 2"]


@pytest.mark.req("ALARM-2")
def test_an_acknowledgement_tells_whether_it_only_quieted() -> None:
    hand = noted("acknowledged", name="auto_off", optional=False)
    good = row("acknowledged", 12, 0)
    assert found(hand, good) == [] and found(hand, good | {"reason": 1}) != [] and found(hand) != []
    assert found(noted("acknowledged", name="auto_off", optional=True)) == []
    quieted = noted("quieted", name="low_reservoir")
    assert found(quieted, row("acknowledged", 5, 1)) == [] and found(quieted, row("acknowledged", 5, 0)) != []
    unsure = noted("acknowledged", name="pump_low_battery", optional=False, unsure=True)
    for reason in (0, 1):
        assert found(unsure, row("acknowledged", 1, reason)) == []
    assert found(unsure, row("acknowledged", 1, 2)) != []


@pytest.mark.req("ALARM-2")
def test_of_what_may_be_missing_so_much_is_left_out_that_all_rows_fit() -> None:
    """Quieted once for certain and once perhaps; what is there may be either."""
    hand = Hand()
    note = hand.device.pump.note
    note("acknowledged", name="low_reservoir", optional=True)
    note("quieted", name="low_reservoir")
    note("acknowledged", name="low_reservoir", optional=True)
    cleared, quieted = row("acknowledged", 5, 0), row("acknowledged", 5, 1)
    for rows in ((quieted,), (cleared, quieted), (quieted, cleared), (cleared, quieted, cleared)):
        assert found(hand, *rows) == []
    for rows in ((), (cleared,), (quieted, quieted), (cleared, cleared), (quieted, cleared, cleared)):
        assert found(hand, *rows) != []
    assert NUMBERS["low_reservoir"] == 5
    # One row, and two events that it may be: the one that must be there is the second.
    hand = Hand()
    hand.device.pump.note("acknowledged", name="low_reservoir", optional=True)
    hand.device.pump.note("acknowledged", name="low_reservoir", optional=False)
    assert found(hand, cleared) == found(hand, cleared, cleared) == []
    assert found(hand) != [] and found(hand, cleared, cleared, cleared) != []


# The rest


@pytest.mark.req("THER-8", "SELF-1", "STORE-2")
def test_what_else_is_noted_is_there() -> None:
    for what, values, good in (
        ("clock_set", {"a": 1, "b": 2}, row("clock_set", a=1, b=2)),
        ("clock_lost", {"why": 4}, row("clock_lost", 4)),
        ("clock_silent", {}, row("clock_silent")),
        ("self_test", {}, row("self_test")),
        ("rate_lapsed", {"a": 7}, row("rate_lapsed", a=7)),
        ("reset", {"doubt": True, "known": False}, row("reset", b=1)),
        ("reset", {"doubt": False, "known": False}, row("reset", b=0)),
        ("connected", {}, row("connected", 1)),
        ("initialised", {}, row("initialised")),
    ):
        hand = noted(what, **values)
        assert found(hand, good) == [], what
        assert whats(hand) == [f"log {what} 1"] and whats(hand, good, good) == [f"log {what} 2"]
        for name in {"clock_set": "ab", "rate_lapsed": "a", "reset": "b"}.get(what, ""):
            assert whats(hand, good | {name: good[name] + 1 - 2 * (what == "reset") * good[name]}) == [
                f"log {what} 1 (number 1) {name}"
            ]
        for name in {"clock_lost": ["detail"], "connected": ["detail"]}.get(what, []):
            assert len(whats(hand, good | {name: good[name] + 1})) == 1
    known = noted("reset", doubt=True, known=True)
    assert found(known, row("reset", b=0)) == found(known, row("reset", b=1)) == []
    assert found(known, row("reset", b=2)) != []
    assert found(noted("anything")) == []


def test_what_came_after_the_end_is_not_in_it_and_what_is_wrong_is_told_at_its_time() -> None:
    late = noted("clock_silent")
    late.device.pump.events[0].bench_us = END_US
    assert [at_us for at_us, *_ in found(late)] == [END_US]
    late.device.pump.events[0].bench_us = END_US + 1
    assert found(late) == []
    assert [at_us for at_us, *_ in found(Hand(), row("clock_silent"))] == [END_US]
    assert [at_us for at_us, *_ in found(noted("clock_silent", 7 * S))] == [7 * S]
    assert NEVER_US > END_US

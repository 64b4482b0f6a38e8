"""The log by hand: which orders and refusals it must have, which events may be missing, how they are compared."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import protocol
from hil.oracle.alarms import NUMBERS
from hil.oracle.reasons import MESSAGES
from tests.oracle.hand import EPOCH_S, H, Hand, S
from tests.oracle.log_rows import END_US, Row, found, noted, row, whats

pytestmark = pytest.mark.req("LOG-1", "LOG-2")


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

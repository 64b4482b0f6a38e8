"""Each way to make a run bad: what it changes, where, and that nothing else is touched; on a life written by hand."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from firmware import protocol
from hil.oracle import spoil
from hil.oracle import spoil_acts as acts
from hil.oracle import spoil_shown as shown
from hil.oracle.judge import judge
from hil.oracle.spoil_copy import OPEN
from hil.scripts.script import AGAIN, Answer, Refusal, Run
from tests.oracle.hand import S
from tests.oracle.life import BOLUS, SET_BASAL, event, life

pytestmark = pytest.mark.req("HIL-5")
PARTS = ("status", "time", "procedure", "reservoir", "settings", "diagnosis", "alarms", "patterns", "deliveries")


class Drawn(random.Random):
    """Draws what it is told, as places in what is offered; the first if nothing more is told. `offered` keeps it."""

    def __init__(self, *places: int) -> None:
        super().__init__(1)
        self.places = list(places)
        self.offered: list[Any] = []

    def choice(self, seq: Sequence[Any]) -> Any:  # type: ignore[override]
        self.offered.append(list(seq))
        return seq[self.places.pop(0) if self.places else 0]

    def randrange(self, start: int, *_: Any) -> int:  # type: ignore[override]
        self.offered.append(start)
        return self.places.pop(0) if self.places else 0


def changed(good: Mapping[str, Any], bad: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (good[name], bad[name]) for name in good if good[name] != bad[name]}


def answers(bad: Run | None) -> list[tuple[int, Answer]]:
    """Those that differ from the life's."""
    assert bad is not None
    assert (bad.strokes_us, bad.looks, bad.log) == (life().strokes_us, life().looks, life().log)
    return [(place, each) for place, each in enumerate(bad.answers) if each != life().answers[place]]


def rows(bad: Run | None) -> list[Mapping[str, Any]]:
    assert bad is not None
    assert (bad.strokes_us, bad.looks, bad.answers) == (life().strokes_us, life().looks, life().answers)
    return bad.log


# Strokes


def test_a_stroke_is_moved_by_a_microsecond_or_missing_or_there_twice() -> None:
    good = life()
    for place in range(3):
        for sign, by_us in enumerate((-1, 1)):
            bad = acts.moved(good, Drawn(place, sign))
            assert bad is not None
            assert [b - a for a, b in zip(good.strokes_us, bad.strokes_us, strict=True)] == [
                by_us if place == each else 0 for each in range(3)
            ]
        bad = acts.dropped(good, Drawn(place))
        assert bad is not None and bad.strokes_us == [each for at, each in enumerate(good.strokes_us) if at != place]
        for which, by_us in enumerate((1, 2_000_000)):
            bad = acts.doubled(good, Drawn(place, which))
            assert bad is not None and bad.strokes_us == sorted([*good.strokes_us, good.strokes_us[place] + by_us])
            assert judge(bad) != []
    draw = Drawn()
    acts.moved(good, draw)
    assert draw.offered == [3, [-1, 1]]
    assert good.strokes_us == life().strokes_us, "the good run stays as it is"
    good.strokes_us = []
    assert acts.moved(good, Drawn()) is acts.dropped(good, Drawn()) is acts.doubled(good, Drawn()) is None


# Answers


def test_a_refusal_has_another_reason_or_another_limit_or_is_none() -> None:
    good = life()
    draw = Drawn(0, 2)
    assert answers(acts.other_code(good, draw)) == [
        (2, replace(good.answers[2], refusal=Refusal("self_test_failed", "volume_mu", 200, 0)))
    ]
    assert draw.offered == [[2], ["memory_failed", "clock_failed", "self_test_failed", "wrong_role"]]
    good.answers[2] = replace(good.answers[2], refusal=Refusal("wrong_role", "", 0, 0))
    draw = Drawn()
    acts.other_code(good, draw)
    assert draw.offered[1] == ["memory_failed", "clock_failed", "self_test_failed"]
    (place, answer), *rest = answers(acts.accepted(life(), Drawn()))
    assert (place, rest, answer.refusal, answer.reply) == (2, [], None, {"at_us": 3 * S})
    assert acts.refusal_limit(life(), Drawn()) is None, "it has none"
    for code in ("hard_limit", "clinician_limit", "hour_limit", "day_limit"):
        good.answers[2] = replace(good.answers[2], refusal=Refusal(code, "", 5, 7))
        bad = acts.refusal_limit(good, Drawn())
        assert bad is not None and bad.answers[2].refusal == Refusal(code, "", 5, 8)
    good.answers = [each for each in good.answers if each.refusal is None]
    assert acts.other_code(good, Drawn()) is acts.accepted(good, Drawn()) is None


def test_an_order_that_was_accepted_is_refused() -> None:
    draw = Drawn(1)
    assert answers(acts.refused(life(), draw)) == [
        (1, replace(life().answers[1], reply=None, refusal=Refusal("temp_active", "", 0, 0)))
    ]
    assert draw.offered == [[0, 1, 3]], "not a question, and not what was refused"
    assert judge(acts.refused(life(), Drawn(1)) or life()) != []


def test_a_figure_of_a_reply_is_off_by_one() -> None:
    draw = Drawn(1, 2, 1)
    assert answers(acts.answer_figure(life(), draw)) == [(1, replace(life().answers[1], reply=BOLUS | {"strokes": 3}))]
    assert draw.offered == [[0, 1, 3, 4], ["at_us", "delivery_id", "strokes"], [-1, 1]]
    assert answers(acts.answer_figure(life(), Drawn(0, 1, 0))) == [
        (0, replace(life().answers[0], reply=SET_BASAL | {"old_rate_mu_per_h": -1}))
    ]
    for name, offered in (("status", True), ("read_time", True), ("stage_pattern", True), ("self_test", False)):
        good = life()
        good.answers[4] = replace(good.answers[4], name=name, reply={"now_us": 1})
        draw = Drawn()
        acts.answer_figure(good, draw)
        assert (4 in draw.offered[0]) is offered
    good.answers[4] = replace(good.answers[4], name="status", reply={"state": "running", "fit": True, "wakes": 5})
    draw = Drawn()
    acts.answer_figure(good, draw)
    assert 4 not in draw.offered[0], "words, switches and what is left open are no figures"


# Looks


@pytest.mark.parametrize("part", ["status", "time", "reservoir", "settings", "procedure"])
@pytest.mark.parametrize("place", [0, 1])
def test_a_figure_of_a_look_is_off_by_one(part: str, place: int) -> None:
    parts = ("status", "time", "reservoir", "settings", "procedure")
    for sign, by in enumerate((-1, 1)):
        draw = Drawn(place, parts.index(part), 1, sign)
        bad = shown.look_figure(life(), draw)
        assert bad is not None and draw.offered[:2] == [2, list(parts)]
        name = draw.offered[2][1]
        good = getattr(life().looks[place], part)
        assert changed(good, getattr(bad.looks[place], part)) == {name: (good[name], good[name] + by)}
        assert not set(draw.offered[2]) & OPEN and bad.looks[1 - place] == life().looks[1 - place]
        for other in PARTS:
            assert other == part or getattr(bad.looks[place], other) == getattr(life().looks[place], other)


def test_a_figure_or_the_reason_of_a_delivery_is_another() -> None:
    draw = Drawn(1, 1, 3, 0)
    bad = shown.delivery_figure(life(), draw)
    assert bad is not None
    assert draw.offered[:2] == [[0, 1], 2] and bad.looks[0] == life().looks[0]
    good_row, bad_row = life().looks[1].deliveries[1], bad.looks[1].deliveries[1]
    name = draw.offered[2][3]
    assert changed(good_row, bad_row) == {name: (good_row[name], good_row[name] - 1)}
    assert bad.looks[1].deliveries[0] == life().looks[1].deliveries[0]
    draw = Drawn(1, 0, 1, 1)
    bad = shown.delivery_figure(life(), draw)
    assert draw.offered[2] == ["id", "start_us"], "of one that a reset has ended"
    assert bad is not None and bad.looks[1].deliveries[0]["start_us"] == 1 * S + 1
    draw = Drawn(0, 2, 0, 0)
    bad = shown.delivery_reason(life(), draw)
    assert draw.offered[3] == [each for each in protocol.REASONS if each != "completed"]
    assert bad is not None
    assert changed(life().looks[0].deliveries[2], bad.looks[0].deliveries[2]) == {"reason": ("completed", "running")}
    good = life()
    good.looks[0] = replace(good.looks[0], deliveries=())
    draw = Drawn()
    shown.delivery_reason(good, draw)
    assert draw.offered[0] == [1]
    good.looks[1] = replace(good.looks[1], deliveries=())
    assert shown.delivery_reason(good, Drawn()) is shown.delivery_figure(good, Drawn()) is None


def test_an_alarm_is_missing_or_invented() -> None:
    good = life()
    assert shown.alarm_missing(good, Drawn()) is None
    alarms = tuple({"alarm": number, "since_us": 5, "detail": 0} for number in (9, 10, 14, 15))
    good.looks[1] = replace(good.looks[1], alarms=alarms)
    draw = Drawn(1)
    bad = shown.alarm_missing(good, draw)
    assert draw.offered == [[(1, 1), (1, 2)]]
    assert bad is not None and [each["alarm"] for each in bad.looks[1].alarms] == [9, 10, 15]
    draw = Drawn(1, 2)
    bad = shown.alarm_invented(good, draw)
    assert draw.offered == [2, [3, 15, 16, 17, 18, 24]]
    assert bad is not None and bad.looks[1].alarms[:4] == alarms and bad.looks[0] == good.looks[0]
    assert bad.looks[1].alarms[4] == {"alarm": 16, "since_us": 1, "detail": 0, "cause_there": False}
    assert good.looks[1].alarms == alarms


# The log


def test_an_event_is_missing_or_there_twice_and_the_numbers_close_up() -> None:
    draw = Drawn(3)
    log = rows(shown.log_dropped(life(), draw))
    assert draw.offered == [[2, 3, 4, 6, 8]]
    assert [row["number"] for row in log] == list(range(1, 10))
    assert [row["event"] for row in log] == [row["event"] for at, row in enumerate(life().log) if at != 6]
    draw = Drawn(3)
    good = life()
    log = rows(shown.log_doubled(good, draw))
    assert draw.offered == [[2, 3, 4, 6, 8]], "an order came again: its refusal may be there or not"
    assert [row["number"] for row in log] == list(range(1, 12))
    assert log[:7] == good.log[:7] and log[7] == {**good.log[6], "number": 8}
    assert log[8:] == [{**row, "number": row["number"] + 1} for row in good.log[7:]]
    alone = life()
    alone.script = replace(alone.script, steps=tuple(each for each in alone.script.steps if each.what != AGAIN))
    alone.log += [event(11, "alarm", 1), event(12, "clock_set", 1), event(13, "rate_lapsed", 1)]
    alone.log += [event(14, "setting_changed", 1)]
    draw = Drawn()
    shown.log_doubled(alone, draw)
    assert draw.offered == [[2, 3, 4, 5, 6, 8, 10, 11, 12, 13]]
    alone.script = life().script
    draw = Drawn()
    shown.log_doubled(alone, draw)
    assert draw.offered == [[2, 3, 4, 6, 8, 10, 11, 12, 13]]


def test_a_figure_or_a_reason_in_the_log_is_off_by_one() -> None:
    good = life()
    good.log += [event(11, "clock_set", 1, a=4, b=5), event(12, "rate_lapsed", 1, a=7)]
    good.log += [event(13, "setting_changed", 1, a=8, b=9)]

    def figure(place: int, name: int) -> tuple[list[Any], list[tuple[int, dict[str, tuple[Any, Any]]]]]:
        draw = Drawn(place, name)
        bad = shown.log_figure(good, draw)
        assert bad is not None
        differ = [(at, changed(good.log[at], row)) for at, row in enumerate(bad.log) if row != good.log[at]]
        return draw.offered, differ

    assert figure(1, 1) == ([[2, 6, 8, 10, 11, 12], ["a", "b", "c", "d"]], [(6, {"b": (400, 401)})])
    assert figure(3, 1) == ([[2, 6, 8, 10, 11, 12], ["a", "b"]], [(10, {"b": (5, 6)})])
    assert figure(4, 0) == ([[2, 6, 8, 10, 11, 12], ["a"]], [(11, {"a": (7, 8)})])
    assert figure(5, 1) == ([[2, 6, 8, 10, 11, 12], ["a", "b"]], [(12, {"b": (9, 10)})])
    for sign, by in enumerate((-1, 1)):
        draw = Drawn(1, sign)
        bad = shown.log_reason(life(), draw)
        assert draw.offered == [[2, 5, 6, 8], [-1, 1]]
        reason = life().log[5]["reason"]
        assert bad is not None and changed(life().log[5], bad.log[5]) == {"reason": (reason, reason + by)}
        assert [at for at, row in enumerate(bad.log) if row != life().log[at]] == [5]
    good.log = []
    for spoiler in (shown.log_dropped, shown.log_doubled, shown.log_figure, shown.log_reason):
        assert spoiler(good, Drawn()) is None


def test_a_run_is_made_bad_in_every_way_that_it_has_the_means_for() -> None:
    names = [name for name, _ in spoil.spoiled(life(), random.Random(1))]
    assert names == [
        each.__name__ for each in spoil.SPOILERS if each.__name__ not in ("refusal_limit", "alarm_missing")
    ]
    assert len(spoil.SPOILERS) == 17
    for seed in range(40):
        for name, bad in spoil.spoiled(life(), random.Random(seed)):
            assert judge(bad) != [], (seed, name)

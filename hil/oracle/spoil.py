"""Makes bad runs from a good one: each with one thing in it that the specification does not allow.

An oracle that does not find one of them is blind there.

Implements: HIL-5
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import replace
from typing import Any

from firmware import protocol
from hil.scripts.script import AGAIN, Answer, Refusal, Run

Spoiler = Callable[[Run, random.Random], Run | None]

# What the specification leaves open or the oracle cannot know: sensor readings, counters of the link, the energy
# account, what has the safe side's minute in it (GUARD-1), what the documents give no rule for.
OPEN = frozenset(
    ("pressure_pa", "diagnosis", "missed_mu", "released_mu", "newest_event", "requests_refused", "orders_repeated")
    + ("alarm", "hour_mu", "day_mu", "empty_h", "accuracy_tenths", "uncertainty_tenths", "band", "due_utc_s")
    + ("filled_utc_s", "life")
    + ("fingerprint", "alarms", "detail", "duration_us", "checks", "fault", "wakes")
    + ("frames_good", "frames_overlong", "frames_bad_cobs", "frames_too_short", "frames_bad_crc", "frames_not_request")
    + ("battery_used_nah", "battery_left_nah", "battery_left_s", "battery_mean_na", "battery_level")
)  # fmt: skip
ORDERS = frozenset(message.name for message in protocol.MESSAGES if message.changes_delivery)


def _copy(run: Run) -> Run:
    bad = copy(run)
    bad.strokes_us, bad.answers = list(run.strokes_us), list(run.answers)
    bad.looks, bad.log = list(run.looks), list(run.log)
    return bad


def _with(mapping: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    return dict(mapping) | {name: value}


# Strokes


def _stroke(run: Run, draw: random.Random, spoil: Callable[[list[int], int], None]) -> Run | None:
    """`spoil(strokes_us, place)` changes the strokes at a place drawn."""
    if not run.strokes_us:
        return None
    bad = _copy(run)
    spoil(bad.strokes_us, draw.randrange(len(bad.strokes_us)))
    return bad


def moved(run: Run, draw: random.Random) -> Run | None:
    """A stroke by 1 µs."""

    def move(strokes_us: list[int], place: int) -> None:
        strokes_us[place] += draw.choice((-1, 1))

    return _stroke(run, draw, move)


def dropped(run: Run, draw: random.Random) -> Run | None:
    """A stroke that was not made."""
    return _stroke(run, draw, list.__delitem__)


def doubled(run: Run, draw: random.Random) -> Run | None:
    """A stroke that was made twice."""

    def double(strokes_us: list[int], place: int) -> None:
        strokes_us.append(strokes_us[place] + draw.choice((1, run.script.stroke_nl * 4_000)))
        strokes_us.sort()

    return _stroke(run, draw, double)


# Answers


def _answer(
    run: Run, draw: random.Random, wanted: Callable[[Answer], bool], wrong: Callable[[Answer], Answer]
) -> Run | None:
    """An answer drawn of those `wanted` is `wrong(answer)`."""
    places = [place for place, answer in enumerate(run.answers) if wanted(answer)]
    if not places:
        return None
    bad = _copy(run)
    place = draw.choice(places)
    bad.answers[place] = wrong(bad.answers[place])
    return bad


def _is_refused(answer: Answer) -> bool:
    return answer.refusal is not None


def other_code(run: Run, draw: random.Random) -> Run | None:
    """A refusal for another reason."""

    def another(answer: Answer) -> Answer:
        assert answer.refusal is not None
        codes = ("memory_failed", "clock_failed", "self_test_failed", "wrong_role")
        code = draw.choice([each for each in codes if each != answer.refusal.code])
        return replace(answer, refusal=replace(answer.refusal, code=code))

    return _answer(run, draw, _is_refused, another)


def refused(run: Run, draw: random.Random) -> Run | None:
    """An order that was accepted is refused, for a reason that does not hold."""
    no = Refusal("temp_active", "", 0, 0)
    return _answer(
        run,
        draw,
        lambda answer: answer.reply is not None and answer.name in ORDERS,
        lambda answer: replace(answer, reply=None, refusal=no),
    )


def accepted(run: Run, draw: random.Random) -> Run | None:
    """An order that was refused is accepted."""

    def yes(answer: Answer) -> Answer:
        return replace(answer, refusal=None, reply={"at_us": run.device_us(answer.asked_us)})

    return _answer(run, draw, _is_refused, yes)


def _figures(mapping: Mapping[str, Any]) -> list[str]:
    return [name for name, value in mapping.items() if type(value) is int and name not in OPEN]


def answer_figure(run: Run, draw: random.Random) -> Run | None:
    """A figure of a reply is off by one."""
    names = ORDERS | {"status", "read_time", "stage_pattern"}

    def off(answer: Answer) -> Answer:
        assert answer.reply is not None
        name = draw.choice(_figures(answer.reply))
        return replace(answer, reply=_with(answer.reply, name, answer.reply[name] + draw.choice((-1, 1))))

    return _answer(
        run,
        draw,
        lambda answer: answer.reply is not None and bool(_figures(answer.reply)) and answer.name in names,
        off,
    )


def refusal_limit(run: Run, draw: random.Random) -> Run | None:
    """The limit that a refusal names is off by one."""
    coded = ("hard_limit", "clinician_limit", "hour_limit", "day_limit")

    def off(answer: Answer) -> Answer:
        assert answer.refusal is not None
        return replace(answer, refusal=replace(answer.refusal, limit=answer.refusal.limit + 1))

    return _answer(run, draw, lambda answer: answer.refusal is not None and answer.refusal.code in coded, off)


# Looks


def look_figure(run: Run, draw: random.Random) -> Run | None:
    """A figure of a status, of the reservoir, the procedure, the settings or the time is off by one."""
    bad = _copy(run)
    place = draw.randrange(len(bad.looks))
    look = bad.looks[place]
    part = draw.choice(("status", "time", "reservoir", "settings", "procedure"))
    figures = getattr(look, part)
    name = draw.choice(_figures(figures))
    wrong: dict[str, Any] = {part: _with(figures, name, figures[name] + draw.choice((-1, 1)))}
    bad.looks[place] = replace(look, **wrong)
    return bad


def delivery_figure(run: Run, draw: random.Random) -> Run | None:
    """A figure of a delivery is off by one; when the memory took the last record before a reset nobody else knows."""

    def figures(row: Mapping[str, Any]) -> list[str]:
        return ["id", "start_us"] if row["reason"] == "reset" else _figures(row)

    return _delivery(run, draw, lambda row, name: row[name] + draw.choice((-1, 1)), figures)


def delivery_reason(run: Run, draw: random.Random) -> Run | None:
    """A delivery has ended for another reason."""

    def another(row: Mapping[str, Any], _: str) -> str:
        return draw.choice([each for each in protocol.REASONS if each != row["reason"]])

    return _delivery(run, draw, another, lambda _: ["reason"])


def _delivery(
    run: Run,
    draw: random.Random,
    wrong: Callable[[Mapping[str, Any], str], Any],
    names: Callable[[Mapping[str, Any]], list[str]],
) -> Run | None:
    looks = [place for place, look in enumerate(run.looks) if look.deliveries]
    if not looks:
        return None
    bad = _copy(run)
    place = draw.choice(looks)
    rows = list(bad.looks[place].deliveries)
    at = draw.randrange(len(rows))
    name = draw.choice(names(rows[at]))
    rows[at] = _with(rows[at], name, wrong(rows[at], name))
    bad.looks[place] = replace(bad.looks[place], deliveries=tuple(rows))
    return bad


def alarm_missing(run: Run, draw: random.Random) -> Run | None:
    """An alarm that is latched is not shown."""
    certain = range(10, 15)  # stopped, suspended, auto-off, the hour's and the day's maximum
    looks = [
        (place, at)
        for place, look in enumerate(run.looks)
        for at, row in enumerate(look.alarms)
        if row["alarm"] in certain
    ]
    if not looks:
        return None
    bad = _copy(run)
    place, at = draw.choice(looks)
    rows = list(bad.looks[place].alarms)
    del rows[at]
    bad.looks[place] = replace(bad.looks[place], alarms=tuple(rows))
    return bad


def alarm_invented(run: Run, draw: random.Random) -> Run | None:
    """An alarm that has no cause is shown."""
    bad = _copy(run)
    place = draw.randrange(len(bad.looks))
    row = {"alarm": draw.choice((3, 15, 16, 17, 18, 24)), "since_us": 1, "detail": 0, "cause_there": False}
    bad.looks[place] = replace(bad.looks[place], alarms=(*bad.looks[place].alarms, row))
    return bad


# The log

_TOLD = ("delivery_ended", "accepted", "refused", "alarm", "clock_set", "rate_lapsed")


Rows = list[Mapping[str, Any]]


def _log(
    run: Run, draw: random.Random, events: tuple[str, ...], wrong: Callable[[Rows], Iterable[Mapping[str, Any]]]
) -> Run | None:
    """From an event on that is drawn of `events` the log is `wrong(what it was)`."""
    places = [place for place, row in enumerate(run.log) if row["event"] in events]
    if not places:
        return None
    bad = _copy(run)
    place = draw.choice(places)
    bad.log[place:] = wrong(bad.log[place:])
    return bad


def _numbered(rows: Rows, more: int) -> Rows:
    return [_with(row, "number", row["number"] + more) for row in rows]


def log_dropped(run: Run, draw: random.Random) -> Run | None:
    """An event is not in the log, and the numbers close up."""
    told = ("delivery_ended", "accepted", "clock_set", "rate_lapsed")
    return _log(run, draw, told, lambda rows: _numbered(rows[1:], -1))


def log_doubled(run: Run, draw: random.Random) -> Run | None:
    """An event is in the log twice."""
    # Of an order that came again the refusal may or may not be in the log.
    told = _TOLD if not any(step.what == AGAIN for step in run.script.steps) else _TOLD[:2] + _TOLD[3:]
    return _log(run, draw, told, lambda rows: rows[:1] + _numbered(rows, 1))


def log_figure(run: Run, draw: random.Random) -> Run | None:
    """A figure of a delivery's end or of a rate in the log is off by one."""
    figures = {"delivery_ended": "abcd", "rate_lapsed": "a", "clock_set": "ab"}

    def off(rows: Rows) -> Rows:
        name = draw.choice(figures[rows[0]["event"]])
        return [_with(rows[0], name, rows[0][name] + 1), *rows[1:]]

    return _log(run, draw, tuple(figures), off)


def log_reason(run: Run, draw: random.Random) -> Run | None:
    """A delivery's end or a refusal has another reason in the log."""

    def another(rows: Rows) -> Rows:
        return [_with(rows[0], "reason", rows[0]["reason"] + draw.choice((-1, 1))), *rows[1:]]

    return _log(run, draw, ("delivery_ended", "refused"), another)


SPOILERS: tuple[Spoiler, ...] = (
    moved, dropped, doubled, other_code, refused, accepted, answer_figure, refusal_limit, look_figure, delivery_figure,
    delivery_reason, alarm_missing, alarm_invented, log_dropped, log_doubled, log_figure, log_reason,
)  # fmt: skip


def spoiled(run: Run, draw: random.Random) -> Iterator[tuple[str, Run]]:
    """One bad run of each kind that this run has the means for."""
    for spoiler in SPOILERS:
        bad = spoiler(run, draw)
        if bad is not None:
            yield spoiler.__name__, bad

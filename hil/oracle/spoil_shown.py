"""Ways to spoil a run in what the pump shows when it is asked: looks and the log.

Implements: HIL-5
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from firmware import protocol
from hil.oracle.spoil_copy import copied, figures_of, with_value
from hil.scripts.script import AGAIN, Run

Rows = list[Mapping[str, Any]]

# Looks


def look_figure(run: Run, draw: random.Random) -> Run | None:
    """A figure of a status, of the reservoir, the procedure, the settings or the time is off by one."""
    bad = copied(run)
    place = draw.randrange(len(bad.looks))
    look = bad.looks[place]
    part = draw.choice(("status", "time", "reservoir", "settings", "procedure"))
    figures = getattr(look, part)
    name = draw.choice(figures_of(figures))
    wrong: dict[str, Any] = {part: with_value(figures, name, figures[name] + draw.choice((-1, 1)))}
    bad.looks[place] = replace(look, **wrong)
    return bad


def delivery_figure(run: Run, draw: random.Random) -> Run | None:
    """A figure of a delivery is off by one. Of one that a reset ended only id and start: the others depend on when the
    memory took its last record, which nobody else knows.
    """

    def figures(row: Mapping[str, Any]) -> list[str]:
        return ["id", "start_us"] if row["reason"] == "reset" else figures_of(row)

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
    bad = copied(run)
    place = draw.choice(looks)
    rows = list(bad.looks[place].deliveries)
    at = draw.randrange(len(rows))
    name = draw.choice(names(rows[at]))
    rows[at] = with_value(rows[at], name, wrong(rows[at], name))
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
    bad = copied(run)
    place, at = draw.choice(looks)
    rows = list(bad.looks[place].alarms)
    del rows[at]
    bad.looks[place] = replace(bad.looks[place], alarms=tuple(rows))
    return bad


def alarm_invented(run: Run, draw: random.Random) -> Run | None:
    """An alarm that has no cause is shown."""
    bad = copied(run)
    place = draw.randrange(len(bad.looks))
    row = {"alarm": draw.choice((3, 15, 16, 17, 18, 24)), "since_us": 1, "detail": 0, "cause_there": False}
    bad.looks[place] = replace(bad.looks[place], alarms=(*bad.looks[place].alarms, row))
    return bad


# The log

_TOLD = ("delivery_ended", "accepted", "refused", "alarm", "clock_set", "rate_lapsed", "setting_changed")


def _log(
    run: Run, draw: random.Random, events: tuple[str, ...], wrong: Callable[[Rows], Iterable[Mapping[str, Any]]]
) -> Run | None:
    """Replace the log from an event on, drawn from `events`, by `wrong(its rows)`."""
    places = [place for place, row in enumerate(run.log) if row["event"] in events]
    if not places:
        return None
    bad = copied(run)
    place = draw.choice(places)
    bad.log[place:] = wrong(bad.log[place:])
    return bad


def _numbered(rows: Rows, more: int) -> Rows:
    return [with_value(row, "number", row["number"] + more) for row in rows]


def log_dropped(run: Run, draw: random.Random) -> Run | None:
    """An event is missing in the log, and the numbers have no gap."""
    told = ("delivery_ended", "accepted", "clock_set", "rate_lapsed", "setting_changed")
    return _log(run, draw, told, lambda rows: _numbered(rows[1:], -1))


def log_doubled(run: Run, draw: random.Random) -> Run | None:
    """An event is in the log twice."""
    # Of an order that came again the refusal may or may not be in the log.
    told = _TOLD if not any(step.what == AGAIN for step in run.script.steps) else _TOLD[:2] + _TOLD[3:]
    return _log(run, draw, told, lambda rows: rows[:1] + _numbered(rows, 1))


def log_figure(run: Run, draw: random.Random) -> Run | None:
    """A figure of a delivery's end or of a rate in the log is off by one."""
    figures = {"delivery_ended": "abcd", "rate_lapsed": "a", "clock_set": "ab", "setting_changed": "ab"}

    def off(rows: Rows) -> Rows:
        name = draw.choice(figures[rows[0]["event"]])
        return [with_value(rows[0], name, rows[0][name] + 1), *rows[1:]]

    return _log(run, draw, tuple(figures), off)


def log_reason(run: Run, draw: random.Random) -> Run | None:
    """A delivery's end or a refusal has another reason in the log."""

    def another(rows: Rows) -> Rows:
        return [with_value(rows[0], "reason", rows[0]["reason"] + draw.choice((-1, 1))), *rows[1:]]

    return _log(run, draw, ("delivery_ended", "refused"), another)

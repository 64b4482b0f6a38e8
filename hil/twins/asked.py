"""Questions of every kind, at any rate, change no stroke, no alarm, no auto-off and no therapy event.

Implements: THER-3, LINK-4, LOG-2
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from hil.scripts.play import SLOT_US, US_PER_S
from hil.scripts.script import Run, Script, Step
from hil.scripts.writer import US_PER_H, US_PER_MIN, Wish
from hil.twins import pair
from hil.twins.pair import Difference, Pair

WISHES = (Wish(),)
INDEPENDENT = False
_MOST = 1500
_BATTERY_ALARMS = (1, 2)
_OF_ALARMS = ("status", "read_alarms", "acknowledge_alarm")
_QUESTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("status", {}), ("read_time", {}), ("read_procedure", {}), ("read_settings", {}), ("read_reservoir", {}),
    ("read_energy", {}), ("read_diagnosis", {}), ("read_alarms", {"first": 0}), ("self_test", {}),
    ("read_deliveries", {"since_id": 0, "max_count": 5}), ("read_log", {"since_number": 0, "max_count": 7}),
    ("read_pattern", {"pattern": 1, "staged": False}), ("read_pattern", {"pattern": 1, "staged": True}),
    ("telemetry", {"interval_s": 1, "for_s": 30}), ("telemetry", {"interval_s": 0, "for_s": 0}),
    ("identity", {}),
)  # fmt: skip


def pairs(script: Script, run: Run, draw: random.Random) -> Iterable[Pair]:
    """Add questions to the script: a few kinds or all, in a burst, every few seconds, or every few minutes."""
    questions = list(_QUESTIONS)
    if any(step.what.startswith("clock") for step in script.steps):
        questions.remove(("self_test", {}))  # it finds the fault earlier than the daily one would, and stops the pump
    kinds = draw.choice((questions, draw.sample(questions, 2), [draw.choice(questions)]))
    every_us = draw.choice((SLOT_US, US_PER_S, 5 * US_PER_S, US_PER_MIN, 5 * US_PER_MIN, 17 * US_PER_MIN + 1))
    from_us = pair.last_cut_us(script)
    at_us = draw.randint(from_us, from_us + (script.end_us - from_us) // 2)
    end_us = draw.choice((at_us + US_PER_H, script.end_us))
    asked: list[Step] = []
    busy = pair.busy(script, from_us)
    while at_us < end_us and len(asked) < _MOST:
        if pair.is_free(busy, at_us):
            what, values = draw.choice(list(kinds))
            asked.append(Step(at_us, what, values))
        at_us += every_us
    # Also at the very microsecond of some strokes.
    for stroke_us in draw.sample(run.strokes_us, min(5, len(run.strokes_us))):
        at_us = stroke_us + draw.choice((-1, 0, 1))
        if pair.is_free(busy, at_us) and all(abs(step.at_us - at_us) >= SLOT_US for step in asked):
            asked.append(Step(at_us, *draw.choice(list(kinds))))
    if asked:
        yield Pair(script, (), tuple(sorted(asked, key=lambda step: step.at_us)))


def judge(twins: Pair, without: Run, with_it: Run) -> Iterable[Difference]:
    """Allow differences only in the link's counters, the battery's account and the note that somebody has connected.

    The battery's alarms follow from its account: questions at line rate do use it up.
    """
    drained = any(_of_battery(event) for run in (without, with_it) for event in run.log)
    yield from pair.strokes(without, with_it)
    if drained:
        without, with_it = _without_battery(without), _without_battery(with_it)
    yield from pair.answers(without, with_it, twins.only_with)
    yield from pair.looks(without, with_it, pair.NO_MATTER | {"alarm", "alarms"} if drained else pair.NO_MATTER)
    yield from pair.logs(without, with_it, lambda event: event["event"] == "connected" or _of_battery(event))


def _of_battery(event: Mapping[str, Any]) -> bool:
    return event["event"] in ("alarm", "acknowledged") and event["detail"] in _BATTERY_ALARMS


def _without_battery(run: Run) -> Run:
    """Return the run without battery alarms in its looks and without answers that report alarms."""
    looks = [
        replace(look, alarms=tuple(each for each in look.alarms if each["alarm"] not in _BATTERY_ALARMS))
        for look in run.looks
    ]
    answers = [each for each in run.answers if each.name not in _OF_ALARMS]
    return replace(run, looks=looks, answers=answers)

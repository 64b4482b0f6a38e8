"""A safer order never leads to more insulin: with a suspend, a stop, the end of boluses or of a higher temporary rate,
or a lower limit, no more has been delivered at any time than without it.

This holds until the next order that doses. So both scripts have only safer orders and questions after it.

Implements: THER-3, DOSE-5, GUARD-1
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from itertools import zip_longest

from firmware import protocol
from hil.scripts.play import SLOT_US, US_PER_S
from hil.scripts.script import LOOK, Run, Script, Step
from hil.scripts.writer import US_PER_H, Wish
from hil.twins import pair
from hil.twins.pair import Difference, Pair

# Without auto-off, because it counts every order as an act of a person. Without cuts, because nothing is programmed
# while power is off, at any rate.
WISHES = (Wish(auto_off=False, cuts=False, clock=False),)
INDEPENDENT = False
_TRIES = 4
_SAFE = ("suspend", "stop", "cancel_bolus")
_QUESTIONS = {message.name for message in protocol.MESSAGES if not message.changes_delivery} | {LOOK}
_HARD = {"max_basal_mu_per_h": 35_000, "max_bolus_mu": 40_000, "max_hour_mu": 60_000, "max_day_mu": 500_000}
# Hourly and daily maximum exceeded. Strokes withheld by a cap are lost. With a safer order they may not be withheld,
# and come later.
_CAP_ALARMS = (13, 14)


def pairs(script: Script, run: Run, draw: random.Random) -> Iterable[Pair]:
    """Cut the script at some time and add one to three safer orders there in one of the two runs."""
    for _ in range(_TRIES):
        at_us = draw.randint(5 * SLOT_US, script.end_us)
        if run.strokes_us and draw.random() < 0.4:
            at_us = draw.choice(run.strokes_us) + draw.choice((-1, 0, 1, 104_000, 104_100))
        elif script.steps:
            at_us = draw.choice(script.steps).at_us + draw.choice((100_000, 1_000_000, 10_000_000, 600_000_000))
        before = [step for step in script.steps if step.at_us < at_us]
        after = [step for step in script.steps if step.at_us > at_us and step.what in (*_SAFE, *_QUESTIONS)]
        end_us = at_us + draw.choice((1, 4, 30)) * US_PER_H
        extra: list[Step] = []
        temp_us = at_us - draw.choice((SLOT_US, US_PER_S, 600 * US_PER_S))
        higher = draw.random() < 0.3
        if higher and pair.is_free(pair.busy(script), temp_us):
            extra.append(Step(temp_us, "temp_basal", {"kind": 1, "value": draw.randint(101, 200), "duration_min": 180}))
        steps = sorted((*before, *extra, *[step for step in after if step.at_us < end_us]), key=lambda step: step.at_us)
        common = replace(script, steps=tuple(steps), end_us=end_us)
        spans = pair.busy(common)
        added: list[Step] = []
        for _ in range(draw.choice((1, 1, 2, 3))):
            if not pair.is_free(spans, at_us):
                continue
            if extra and not added:
                added.append(Step(at_us, "cancel_temp"))
            elif draw.random() < 0.25:
                added.append(Step(at_us, "set_limits", _lower(draw, before, run)))
            else:
                added.append(Step(at_us, draw.choice(_SAFE)))
            at_us += draw.choice((SLOT_US, US_PER_S + 1, 60 * US_PER_S))
        if added:
            yield Pair(common, (), tuple(added))


def judge(twins: Pair, without: Run, with_it: Run) -> Iterable[Difference]:
    """At no time may there be more strokes with the safer order than without."""
    if not _temp_began(twins, with_it):
        return
    capped_us = _capped_us(without, twins.from_us)
    orders = " ".join(step.what for step in twins.only_with)
    for place, (mine, other) in enumerate(zip_longest(without.strokes_us, with_it.strokes_us, fillvalue=1 << 62)):
        if other < mine:
            if other < capped_us:
                text = f"stroke {place + 1} at {other} µs with {orders}, at {mine} µs without (2^62: never)"
                yield Difference(f"more with {orders}", text)
            return


def _lower(draw: random.Random, before: list[Step], run: Run) -> dict[str, int]:
    """Return the limits in force at the time, with one or more of them lowered."""
    times = {step.at_us for step in before}
    now = dict(_HARD)
    for answer in run.answers:
        if answer.name == "set_limits" and answer.asked_us in times and answer.reply:
            now = {name: answer.reply["new_" + name] for name in _HARD}
    lower = dict(now)
    for name in draw.sample(list(_HARD), draw.randint(1, 4)):
        step = 50 if name == "max_basal_mu_per_h" else 1
        lower[name] = draw.choice((0, draw.randint(0, now[name]))) // step * step
    return lower


def _temp_began(twins: Pair, run: Run) -> bool:
    """True if the temporary rate to be ended is a higher one: accepted, and more than the programmed rate."""
    ends = [step for step in twins.only_with if step.what == "cancel_temp"]
    begun = [each for each in run.answers if each.name == "temp_basal" and each.asked_us < twins.from_us]
    if not ends or not begun:
        return not ends
    temp = begun[-1]
    return temp.reply is not None and temp.values["kind"] == protocol.TEMP_PERCENT and temp.values["value"] > 100


def _capped_us(run: Run, from_us: int) -> int:
    """When a rolling cap first withheld something, rounded down to a second; 0: before `from_us`; 2^62: never."""
    epoch_s = next((event["time_s"] for event in run.log if event["clock_known"]), 0)
    for event in run.log:
        if event["event"] == "alarm" and event["detail"] in _CAP_ALARMS:
            at_us = (event["time_s"] - epoch_s) * US_PER_S
            return at_us if at_us >= from_us - US_PER_S else 0
    return 1 << 62

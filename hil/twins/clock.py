"""No change of the clock affects the caps, running deliveries, or anything that is due by running time.

Basal is set by hand here, because a pattern follows the clock. An order of `set_time` is an act of a person, so both
runs have it, one of them with the right time. Faults of the battery-backed clock happen in one run only.

Implements: THER-8, GUARD-1
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Iterable

from firmware.protocol.vocabulary import UTC_MAX_S, UTC_MIN_S
from hil.backends.backed import EPOCH_S
from hil.scripts.play import US_PER_S
from hil.scripts.script import Run, Script, Step
from hil.scripts.writer import US_PER_H, Wish
from hil.twins import pair
from hil.twins.pair import Difference, Pair

WISHES = (Wish(clock=False, cuts=False, patterns=False),)
INDEPENDENT = False
_LATEST_S = 0xFFFFFFFF
_SET_S = (1577836800, 1577836801, _LATEST_S, _LATEST_S - 1, 0x7FFFFFFF, 0x80000000, EPOCH_S - 86_400 * 365)
_JUMPS_S = (1, -1, 2, -2, 3, 3600, -3600, 90_000, -90_000, 86_400 * 46, 10**8, -(10**8), 10**9)
_CUT_S = (0.5, 1, 5, 600, 3600)
# Values that follow from the clock itself.
_OF_CLOCK = frozenset(("utc_s", "old_utc_s", "new_utc_s", "filled_utc_s", "due_utc_s", "alarm", "alarms"))
_SELF_TEST_FAIL, _CLOCK_LOST, _REFILL_DUE = 4, 22, 25
_CLOCK_STEP_US = US_PER_S  # the wall clock has whole seconds, running time has not
_BY_CLOCK = (_CLOCK_LOST, _REFILL_DUE)


def pairs(script: Script, run: Run, draw: random.Random) -> Iterable[Pair]:
    """Add one to four changes of the clock to the script, or power cuts with faults of the clock during them."""
    if draw.random() < 0.3:
        yield from _at_cuts(script, draw)
        return
    spans = pair.busy(script)
    right: list[Step] = []
    wrong: list[Step] = []
    for _ in range(draw.randint(1, 4)):
        at_us = draw.randint(US_PER_S, script.end_us)
        if run.strokes_us and draw.random() < 0.4:
            at_us = draw.choice(run.strokes_us) + draw.choice((-1, 0, 1))
        if not pair.is_free(spans, at_us):
            continue
        spans = sorted([*spans, (at_us - US_PER_S, at_us + US_PER_S)])
        now_s = EPOCH_S + at_us // US_PER_S
        kind = draw.randrange(4)
        if kind < 2:
            to_s = min(draw.choice((*_SET_S, *[now_s + jump_s for jump_s in _JUMPS_S])), _LATEST_S)
            if UTC_MIN_S <= to_s <= UTC_MAX_S:  # else it is refused, and a refused order is no act of a person
                right.append(Step(at_us, "set_time", {"utc_s": now_s}))
            wrong.append(Step(at_us, "set_time", {"utc_s": to_s}))
        elif kind == 2:
            wrong.append(Step(at_us, "clock_jump", {"by_s": draw.choice(_JUMPS_S)}))
        else:
            wrong.append(Step(at_us, "clock_lost"))
    if wrong:
        yield Pair(script, tuple(sorted(right, key=_time)), tuple(sorted(wrong, key=_time)))


def _at_cuts(script: Script, draw: random.Random) -> Iterable[Pair]:
    at_us = draw.randint(US_PER_H, script.end_us)
    off_s = draw.choice(_CUT_S)
    if not pair.is_free(pair.busy(script), at_us, round(off_s * US_PER_S) + US_PER_S):
        return
    common = pair.merged(script, (Step(at_us, "power_cut", {"off_s": off_s}),))
    fault = draw.choice((Step(at_us - 1, "clock_lost"), Step(at_us - 1, "clock_jump", {"by_s": draw.choice(_JUMPS_S)})))
    yield Pair(common, (), (fault,))


def _time(step: Step) -> int:
    return step.at_us


def judge(twins: Pair, without: Run, with_it: Run) -> Iterable[Difference]:
    """Compare strokes, answers, figures and alarms except those of the clock. After a cut no cap may be emptied."""
    if any(step.what == "power_cut" for step in twins.common.steps):
        yield from _caps_kept(twins, with_it)
        return
    if any(each["alarm"] == _SELF_TEST_FAIL for look in with_it.looks for each in look.alarms):
        return  # the two clocks run at different rates: the pump has stopped and reports it
    yield from pair.strokes(without, with_it)
    yield from _answers(twins, without, with_it)
    for one, two in zip(without.looks, with_it.looks, strict=True):
        for name in ("status", "procedure", "reservoir", "settings"):
            yield from pair.fields(name, one.at_us, getattr(one, name), getattr(two, name), pair.NO_MATTER | _OF_CLOCK)
        mine, other = ([each for each in look.alarms if each["alarm"] not in _BY_CLOCK] for look in (one, two))
        if mine != other:
            yield Difference("alarms", f"alarms at {one.at_us} µs: {mine} without it, {other} with it")
        # By the clock a refill may become due earlier. By running time it becomes due at the latest.
        due = [[each for each in look.alarms if each["alarm"] == _REFILL_DUE] for look in (one, two)]
        since_us = [each[0]["since_us"] if each else one.at_us for each in due]
        if due[0] and since_us[1] > since_us[0] + _CLOCK_STEP_US:
            yield Difference("refill due", f"alarms at {one.at_us} µs: {due[0]} without it, {due[1]} with it")
        if one.deliveries != two.deliveries:
            yield Difference("deliveries", f"deliveries at {one.at_us} µs: {one.deliveries} / {two.deliveries}")


def _answers(twins: Pair, without: Run, with_it: Run) -> Iterable[Difference]:
    for one, two in pair.same_asked(without, with_it, twins.only_without + twins.only_with):
        if pair.one_forgot(one, two) or one.values.get("alarm") in _BY_CLOCK:
            continue
        if one.refusal != two.refusal:
            kind = f"answer {one.name}: {one.refusal and one.refusal.code} / {two.refusal and two.refusal.code}"
            yield Difference(kind, f"{one.name} at {one.asked_us} µs: {one.refusal} without it, {two.refusal} with it")
        elif one.name not in ("read_energy", "self_test"):
            what = f"answer {one.name}"
            yield from pair.fields(what, one.asked_us, one.reply or {}, two.reply or {}, pair.NO_MATTER | _OF_CLOCK)


def _caps_kept(twins: Pair, run: Run) -> Iterable[Difference]:
    """The amount counted as used is never below what the motor delivered in the last hour and day, within a minute."""
    minute_us = 60 * US_PER_S
    for look in run.looks:
        if look.at_us < twins.from_us:
            continue
        for name, window_us in (("hour_mu", US_PER_H), ("day_mu", 24 * US_PER_H)):
            first = bisect_left(run.strokes_us, look.at_us - window_us + minute_us)
            made = bisect_left(run.strokes_us, look.at_us) - first
            made_mu = made * run.script.stroke_uu // 1000
            if look.status[name] < made_mu:
                text = f"status.{name} at {look.at_us} µs: {look.status[name]} with it, but {made_mu} was delivered"
                yield Difference(f"status.{name} emptied", text)

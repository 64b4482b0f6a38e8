"""A reset changes nothing: after a power cut of a few seconds at a quiet instant, everything visible is as before.

Exceptions: boluses and strokes of procedures end with the amount delivered so far, the counter of resets goes up, and
the device's own time may be off by whole seconds, which the battery-backed clock cannot resolve. All else is the same,
or an alarm reports it.

Implements: STORE-5, STORE-2, ALARM-2
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Any

from firmware.protocol import NEVER_US, VERDICT
from hil.scripts.play import LOOK_US, US_PER_S
from hil.scripts.script import LOOK, Answer, Look, Run, Script, Step
from hil.scripts.writer import US_PER_MIN, Wish
from hil.twins import pair
from hil.twins.pair import NO_MATTER, Difference, Pair

WISHES = (Wish(clock=False),)
INDEPENDENT = True
_TRIES = 4
_QUIET_US = 8 * US_PER_S  # before the cut and after power is back; a stroke that may have come due counts as well
# The clock has whole seconds, and a stroke that may have become due moves time on to when it was due. That is 2 s plus
# a thousandth of the time since the last record, which is an hour at most.
_SLACK_US = 8 * US_PER_S
_SLACK_S = 8
_CAP_ALARMS = (13, 14)
_BOLUSES = (
    "normal_bolus",
    "square_bolus",
    "dual_normal",
    "dual_square",
    "insulin_test",
    "buffer",
    "naoh",
    "diagnostic",
)
_STRETCHES = ("basal", "temp_basal")
# Fields of time and strokes, and fields of a running bolus.
_OF_TIME = ("now_us", "utc_s", "next_due_us")
_COUNTS = ("strokes_commanded", "strokes_delivered")
_OF_BOLUS = (
    "bolus_commanded_mu", "bolus_delivered_mu", "bolus_remaining_mu", "square_delivered_mu", "square_remaining_mu",
    "strokes_abandoned", "procedure_delivering",
)  # fmt: skip
_IGNORED = frozenset((*NO_MATTER, "resets", "pressure_pa", *_OF_TIME))


def pairs(script: Script, run: Run, draw: random.Random) -> Iterable[Pair]:
    """Add a look after a quiet moment to the script. One run has a power cut of a few seconds in that moment."""
    times = [step.at_us for step in script.steps]
    for _ in range(_TRIES):
        at_us = draw.randint(US_PER_S, script.end_us)
        if times and draw.random() < 0.7:
            at_us = draw.choice(times) + draw.choice((300_000, US_PER_S, 5 * US_PER_S, US_PER_MIN))
        off_us = draw.choice((1, 2, 5)) * US_PER_S + draw.randint(0, 999_999)
        look_us = at_us + off_us + US_PER_S
        until_us = look_us + LOOK_US
        if not pair.is_free(pair.busy(script), at_us, until_us - at_us):
            continue
        first = bisect_left(run.strokes_us, at_us - _QUIET_US)
        if first < len(run.strokes_us) and run.strokes_us[first] < until_us + _QUIET_US:
            continue
        common = pair.merged(script, (Step(look_us, LOOK),))
        yield Pair(common, (), (Step(at_us, "power_cut", {"off_s": off_us / US_PER_S}),))


def judge(twins: Pair, without: Run, with_it: Run) -> Iterable[Difference]:
    """Compare the looks right after the cut: equal, or an alarm. If it ended no bolus, compare all that follows."""
    cut = twins.only_with[0]
    first = _look_after(without, cut.at_us)
    second = _look_after(with_it, cut.at_us)
    if first is None or second is None:
        return
    new = {each["alarm"] for each in second.alarms} - {each["alarm"] for each in first.alarms}
    if _moved(first, without.device_us(cut.at_us)):
        return
    ended = any(each["kind"] in _BOLUSES and not each["end_us"] for each in first.deliveries)
    yield from _seen(first, second, without, with_it, ended, bool(new))
    if ended or new or _capped(first):
        return
    yield from _later(cut, without, with_it)


def _capped(look: Look) -> bool:
    """True if rolling caps withhold strokes. Time without power does not pass for the caps, so they withhold others."""
    status = look.status
    full = any(status[f"{name}_mu"] >= status[f"max_{name}_mu"] for name in ("hour", "day"))
    return full or any(each["alarm"] in _CAP_ALARMS for each in look.alarms)


def _moved(look: Look, since_us: int) -> bool:
    """True if something has come by itself since then. With its time moved it may come after the look."""
    alarms, ends = look.alarms, look.deliveries
    return any(each["since_us"] > since_us for each in alarms) or any(each["end_us"] > since_us for each in ends)


def _look_after(run: Run, at_us: int) -> Look | None:
    return next((look for look in run.looks if look.at_us > at_us), None)


def _seen(first: Look, second: Look, without: Run, with_it: Run, ended: bool, alarmed: bool) -> Iterable[Difference]:
    """Compare two looks taken at the same time."""
    ignored = _IGNORED | frozenset(_OF_BOLUS if ended else ())
    if _capped(first) or _capped(second):
        ignored |= {"strokes_abandoned"}
    # A new alarm reports the difference. What the alarm stops shows in the state, so that is ignored too.
    ignored |= frozenset(("alarm", "alarms", "state", "in_force_mu_per_h") if alarmed else ())
    for name in ("status", "procedure", "reservoir", "settings"):
        one, two = dict(getattr(first, name)), dict(getattr(second, name))
        for each in ("temp_until_us", "recommended_until_us"):
            if each in one and _same_time(one[each], two[each], first.at_us, without, with_it):
                del one[each], two[each]
        for each in ("hour_mu", "day_mu"):  # time without power does not pass for the caps
            if each in one and one[each] <= two[each]:
                del one[each], two[each]
        if "due_utc_s" in one and abs(one["due_utc_s"] - two["due_utc_s"]) <= _SLACK_S:
            del one["due_utc_s"], two["due_utc_s"]
        if "empty_h" in one and one["empty_h"] >= two["empty_h"]:
            del one["empty_h"], two["empty_h"]
        yield from pair.fields(name, first.at_us, one, two, ignored)
    if first.patterns != second.patterns:
        yield Difference("patterns", f"patterns: {first.patterns} without it, {second.patterns} with it")
    if (
        bool(first.time["utc_s"]) != bool(second.time["utc_s"])
        or abs(first.time["utc_s"] - second.time["utc_s"]) > _SLACK_S
    ):
        yield Difference("time", f"clock: {first.time} without it, {second.time} with it")
    yield from _alarms(first, second, without, with_it)
    yield from _deliveries(first, second, without, with_it)


def _alarms(first: Look, second: Look, without: Run, with_it: Run) -> Iterable[Difference]:
    others = {each["alarm"]: each for each in second.alarms}
    for one in first.alarms:
        two = others.get(one["alarm"])
        if two is None:
            yield Difference("alarm gone", f"alarm {one} is gone with it")
            continue
        if not _same_time(one["since_us"], two["since_us"], first.at_us, without, with_it):
            yield Difference("alarm since", f"alarm {one} without it, {two} with it: its time")
        for name in ("detail", "cause_there"):
            # Time without power does not pass for the caps: one that had room again may still be full.
            still_full = name == "cause_there" and one["alarm"] in _CAP_ALARMS and two[name]
            if one[name] != two[name] and not still_full:
                yield Difference(f"alarm {name}", f"alarm {one} without it, {two} with it: {name}")


def _deliveries(first: Look, second: Look, without: Run, with_it: Run) -> Iterable[Difference]:
    """Listed deliveries that had ended must be unchanged. One that was running has ended or goes on."""
    others = {each["id"]: each for each in second.deliveries}
    for one in first.deliveries:
        two = others.get(one["id"])
        if two is None:
            # The list may have dropped an ended delivery, and shows that by its oldest number. The log still has it.
            if not one["end_us"]:
                yield Difference("running delivery gone", f"delivery {one} is not listed with it")
        elif one["end_us"] and not _same_delivery(one, two, first.at_us, without, with_it):
            yield Difference("delivery", f"delivery {one} without it, {two} with it")
        elif not one["end_us"] and one["kind"] in _BOLUSES and two["reason"] != "reset":
            yield Difference("bolus end", f"delivery {one} ended {two['reason']} by it")


def _same_delivery(one: Mapping[str, Any], two: Mapping[str, Any], at_us: int, without: Run, with_it: Run) -> bool:
    times = ("start_us", "end_us")
    return all(one[name] == two[name] for name in one if name not in times) and all(
        _same_time(one[name], two[name], at_us, without, with_it) for name in times
    )


def _same_time(one_us: int, two_us: int, at_us: int, without: Run, with_it: Run) -> bool:
    """True for the same instant, in each device's time: relative to now, or the same figure if before the cut."""
    if NEVER_US in (one_us, two_us) or one_us == two_us:
        return one_us == two_us
    return abs((one_us - without.device_us(at_us)) - (two_us - with_it.device_us(at_us))) <= _SLACK_US


def _later(cut: Step, without: Run, with_it: Run) -> Iterable[Difference]:
    """Compare the later answers, and the number of strokes except for the one that the time may move."""
    others = {each.asked_us: each for each in with_it.answers}
    ends_us = _ends_us(cut, without)
    for one in without.answers:
        two = others.get(one.asked_us)
        if one.asked_us < cut.at_us or two is None:
            continue
        if _code(two) in ("hour_limit", "day_limit"):
            return  # time without power does not pass for the caps
        if _code(one) != _code(two):
            if any(abs(one.asked_us - end_us) <= _SLACK_US for end_us in ends_us):
                return  # it came before an end in one run, and after it in the other
            yield Difference(
                f"answer {one.name}: {_code(one)} / {_code(two)}",
                f"{one.name} at {one.asked_us} µs: {one.refusal} without it, {two.refusal} with it",
            )
            return
    yield from _verdicts(cut, with_it)
    if any(_capped(look) for run in (without, with_it) for look in run.looks):
        return
    # The time is off by less than a stroke interval. So no stroke comes before the previous or after the next one of
    # the other run, up to a later cut in which it may come in one run only.
    until_us = _missed_us(cut, without, with_it)
    for name, mine, other in (("earlier", with_it, without), ("later", without, with_it)):
        for place, at_us in enumerate(mine.strokes_us):
            if (
                cut.at_us <= at_us < until_us
                and place
                and (other.strokes_us[place - 1 : place] or [1 << 62])[0] > at_us + _SLACK_US
            ):
                yield Difference(
                    f"strokes {name}", f"stroke {place + 1}, at {at_us} µs, is more than one {name} with it"
                )
                return


def _missed_us(cut: Step, *runs: Run) -> int:
    """When power is first cut, or comes back, just as a stroke is due, which one run may then miss; 2^62: never."""
    for step in runs[0].script.steps:
        if step.what == "power_cut" and step.at_us > cut.at_us + _SLACK_US:
            from_us, until_us = step.at_us - _SLACK_US, step.at_us + pair.off_us(step) + _SLACK_US
            if any(bisect_left(run.strokes_us, from_us) < bisect_left(run.strokes_us, until_us) for run in runs):
                return from_us
    return 1 << 62


def _ends_us(cut: Step, run: Run) -> list[int]:
    """Ends, in the bench's time, of what was ordered before the cut for a number of minutes, and when the pump turns
    itself off if nothing else is ordered.
    """
    ordered = [step for step in run.script.steps if step.at_us < cut.at_us]
    names = ("duration_min", "valid_min")
    ends_us = [step.at_us + step.values[name] * US_PER_MIN for step in ordered for name in names if name in step.values]
    auto_off_min = {step.values["auto_off_min"] for step in ordered if "auto_off_min" in step.values} - {0}
    return ends_us + [step.at_us + each_min * US_PER_MIN for step in ordered for each_min in auto_off_min]


def _verdicts(cut: Step, run: Run) -> Iterable[Difference]:
    """The verdict of a refill must be reported after the cut as before it, until another procedure begins."""
    told = None
    for answer in run.answers:
        if not answer.reply or answer.name not in ("start_procedure", "answer_procedure"):
            continue
        verdict = {field.name: answer.reply.get(field.name) for field in VERDICT}
        if answer.name == "start_procedure":
            told = None
        elif answer.asked_us < cut.at_us:
            told = verdict
        elif told is not None and told["band"] != "none" and verdict != told:
            yield Difference("verdict", f"at {answer.asked_us} µs {verdict}, before the cut {told}")


def _code(answer: Answer) -> str:
    if answer.refusal is None:
        return "accepted" if answer.reply is not None else "silence"
    # Refused by its expiry, or by its life, which a reset increments: the order is too late.
    return "late" if answer.refusal.code in ("expired", "other_life") else answer.refusal.code

"""Judges the log: every end of a delivery, order with its outcome, alarm and reset, with its figures, and nothing else.

Events are compared kind by kind, each kind in order, and times to the second.

Implements: LOG-1, LOG-2 (the oracle's side)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from firmware import protocol
from hil.oracle.alarms import MEDIUM, NUMBERS, PRIORITIES, Latched
from hil.oracle.boluses import Entry
from hil.oracle.disagreement import Disagreement
from hil.oracle.exact import HOUR_US, whole_mu
from hil.oracle.figures import allows
from hil.oracle.reasons import MESSAGES

if TYPE_CHECKING:
    from hil.oracle.accounts import Event
    from hil.oracle.device import Device
    from hil.scripts.script import Run

KINDS, REASONS, CODES = protocol.KINDS, protocol.REASONS, protocol.CODES
Fields = dict[str, Any]
Row = Mapping[str, Any]
Due = tuple[int, Fields]
SAME = {"quieted": "acknowledged"}
OPTION = "option"  # an event with it may be missing
# Nothing in a script is a reason for one of these.
NEVER = (
    ("fault", "fault_cleared", "edge_differs", "edge_forgiven", "exception", "diagnosis", "memory", "unreadable")
    + ("settings_kept", "crashed")
)  # fmt: skip
REFUSALS = 32  # docs/memory.md: so many are logged at once, then one an hour


def judge_log(device: Device, run: Run) -> list[Disagreement]:
    """Return the disagreements of the log."""
    found: list[Disagreement] = []

    def say(at_us: int, what: str, expected: Any, seen: Any) -> None:
        found.append(Disagreement(at_us, what, expected, seen, "LOG-2"))

    numbers = [row["number"] for row in run.log]
    if numbers and numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        say(run.script.end_us, "log numbers", "without a gap", numbers)
    expected = _expected(device, run)
    for kind, due in expected.items():
        rows = [row for row in run.log if row["event"] == kind]
        if kind == "delivery_ended":  # logged when its last stroke is confirmed: matched by number, not in order
            pairs = _by_number(rows, due)
        elif kind in ("alarm", "acknowledged"):  # one may be latched a little later than another
            pairs = [pair for group in _by_detail(rows, due) for pair in group]
        else:
            pairs = list(zip_longest(rows, _without_options(rows, due)))
        for place, (row, event) in enumerate(pairs):
            at_us = event[0] if event else run.script.end_us
            if row is None or event is None:
                say(at_us, f"log {kind} {place + 1}", event and event[1], row and dict(row))
                if kind in ("accepted", "refused"):
                    break
                continue
            for name, value in event[1].items():
                if not allows(value, row[name]):
                    say(at_us, f"log {kind} {place + 1} (number {row['number']}) {name}", value, row[name])
    for row in run.log:
        if row["event"] in NEVER:
            say(run.script.end_us, f"log {row['event']}", "none", dict(row))
    return found


def _expected(device: Device, run: Run) -> dict[str, list[Due]]:
    """Return (bench time, fields) of each event that must be in the log, by kind."""
    makers: dict[str, Callable[[Device, Event], Fields | None]] = {
        "delivery_ended": _delivery_ended,
        "accepted": _accepted,
        "refused": _refused,
        "alarm": _alarm,
        "acknowledged": _acknowledged,
        "quieted": lambda _, event: {"detail": NUMBERS[str(event.values["name"])], "reason": 1},
        "clock_set": lambda _, event: {"a": event.values["a"], "b": event.values["b"]},
        "clock_lost": lambda _, event: {"detail": event.values["why"]},
        "clock_silent": lambda _, event: {},
        "self_test": lambda _, event: {},
        "setting_changed": _setting_changed,
        "rate_lapsed": lambda _, event: {"a": event.values["a"]},
        "reset": _reset,
        "connected": lambda _, event: {"detail": 1},
        "initialised": lambda _, event: {},
    }
    expected: dict[str, list[Due]] = {kind: [] for kind in makers}
    # When a reset ended a delivery is left open: the list of deliveries tells, and the log must agree with it.
    listed = {row["id"]: row["programmed_mu"] for look in run.looks for row in look.deliveries if row["end_us"]}
    spent_us = 0  # from then on the full number of refusals may be logged at once again
    for event in (each for each in device.pump.events if each.bench_us <= run.script.end_us):
        if event.what == "reset":
            spent_us = 0
        if event.what == "refilled":  # a guided refill is logged as one by weight is
            refill = {"detail": MESSAGES["record_refill"].id, "a": event.values["filled_nl"], "time_s": event.time_s}
            expected["accepted"].append((event.bench_us, refill | {"b": event.values["residual_nl"]}))
        if event.what in makers:
            fields = makers[event.what](device, event)
            if fields is not None:
                if event.what == "delivery_ended" and isinstance(fields["b"], set):
                    fields["b"] = listed.get(fields["a"], fields["b"])
                if event.what in ("accepted", "refused"):
                    fields["time_s"] = event.time_s
                if event.what == "refused":
                    if spent_us > event.at_us + (REFUSALS - 1) * HOUR_US:
                        fields[OPTION] = True  # it may only be counted, and reported with the next one
                    spent_us = max(spent_us, event.at_us) + HOUR_US
                expected[SAME.get(event.what, event.what)].append((event.bench_us, fields))
    return expected


def _by_number(rows: list[Row], due: list[Due]) -> list[tuple[Row | None, Due | None]]:
    """Pair each logged end of a delivery with the expected one."""
    left = {event[1]["a"]: event for event in due}
    pairs: list[tuple[Row | None, Due | None]] = [(row, left.pop(row["a"], None)) for row in rows]
    return pairs + [(None, event) for event in left.values()]


def _by_detail(rows: list[Row], due: list[Due]) -> list[list[tuple[Row | None, Due | None]]]:
    """Pair rows and events as _without_options has them, for each alarm by itself."""
    numbers = sorted({row["detail"] for row in rows} | {fields["detail"] for _, fields in due})
    groups = []
    for number in numbers:
        own = [row for row in rows if row["detail"] == number]
        groups.append(list(zip_longest(own, _without_options(own, [e for e in due if e[1]["detail"] == number]))))
    return groups


def _without_options(rows: list[Row], events: list[Due]) -> list[Due]:
    """Leave out the optional events that are not in the log, so that all rows fit if that is possible."""
    plain = [
        (at_us, {name: value for name, value in fields.items() if name != OPTION}, fields.get(OPTION, False))
        for at_us, fields in events
    ]

    def fits(place: int, number: int) -> bool:
        return place < len(rows) and all(allows(value, rows[place][name]) for name, value in plain[number][1].items())

    # For each event: the possible numbers of last rows that the events from it on account for.
    ways = [{0}]
    for number in range(len(plain) - 1, -1, -1):
        after = ways[-1]
        taken = {rest + 1 for rest in after if rest < len(rows) and fits(len(rows) - rest - 1, number)}
        ways.append(taken | (after if plain[number][2] else set()))
    ways.reverse()
    kept: list[Due] = []
    whole = len(rows) in ways[0]
    for number, (at_us, fields, option) in enumerate(plain):
        place = len(kept)
        here = fits(place, number) and (not whole or len(rows) - place - 1 in ways[number + 1])
        if here or not option:
            kept.append((at_us, fields))
    return kept


def _delivery_ended(device: Device, event: Event) -> Fields:
    entry = event.values["entry"]
    assert isinstance(entry, Entry)
    programmed: Any = entry.programmed_mu
    if entry.ends_us:
        past_q = [entry.rate_at_end * (entry.end_us - each) for each in entry.ends_us]
        programmed = {whole_mu(entry.programmed_q - each) for each in past_q}
        if entry.steady_q is not None:
            programmed.add(whole_mu(entry.steady_q))
    return {
        "detail": KINDS.index(entry.kind),
        "reason": REASONS.index(entry.reason) if entry.reason in REASONS else entry.reason,
        "a": entry.id,
        "b": programmed,
        "c": entry.confirmed,
        "d": entry.abandoned,
    }


def _accepted(device: Device, event: Event) -> Fields:
    name, values = event.values["name"], event.values["values"]
    reply = event.values["reply"]
    assert isinstance(name, str) and isinstance(values, Mapping) and isinstance(reply, Mapping)
    return {"detail": MESSAGES[name].id} | _values(name, values, reply)


def _values(name: str, values: Mapping[str, Any], reply: Mapping[str, Any]) -> Fields:
    """docs/memory.md: "its values"; those of settings and a refill's accuracy are left open."""
    shown: dict[str, tuple[Any, ...]] = {
        "bolus": (reply.get("delivery_id"), values.get("volume_mu")),
        "square_bolus": (reply.get("delivery_id"), values.get("volume_mu"), values.get("duration_min")),
        "cancel_bolus": (reply.get("delivery_id"), reply.get("square_id")),
        "cancel_temp": (reply.get("delivery_id"),),
        "suspend": (reply.get("rate_mu_per_h"),),
        "resume": (reply.get("rate_mu_per_h"),),
        "record_refill": (reply.get("filled_nl"), _u32(reply.get("residual_nl", 0))),
        "commit_pattern": (values.get("pattern"), None, reply.get("day_mu")),
    }
    plain = {
        "set_basal": ("rate_mu_per_h",),
        "temp_basal": ("kind", "value", "duration_min"),
        "recommend_rate": ("rate_mu_per_h", "valid_min"),
        "set_limits": ("max_basal_mu_per_h", None, "max_hour_mu", "max_day_mu"),
        "select_pattern": ("pattern",),
        "set_time": ("utc_s",),
        "acknowledge_alarm": ("alarm",),
        "start_procedure": ("procedure",),
        "answer_procedure": ("step", "choice"),
    }
    found = shown.get(name) or tuple(each and values[each] for each in plain.get(name, ()))
    return {letter: value for letter, value in zip("abcd", found, strict=False) if value is not None}


def _refused(device: Device, event: Event) -> Fields | None:
    name, code, value = event.values["name"], event.values["code"], event.values["value"]
    if name == "stage_pattern":
        return None
    again = {OPTION: True} if event.values.get("again") else {}  # a refused repeat need not be logged
    return again | {"detail": MESSAGES[str(name)].id, "reason": CODES.index(str(code)), "a": _u32(value)}


def _setting_changed(device: Device, event: Event) -> Fields:
    """docs/memory.md: before and now, 32 bits with a sign."""
    before, now = event.values["before"], event.values["now"]
    assert isinstance(before, int) and isinstance(now, int)
    return {"detail": event.values["place"], "time_s": event.time_s, "a": before & 0xFFFFFFFF, "b": now & 0xFFFFFFFF}


def _u32(value: Any) -> Any:
    """Return a figure as a field without a sign may hold it: saturated, and a negative one as 0 or its magnitude."""
    return min(value, 0xFFFFFFFF) if value >= 0 else {0, min(-value, 0xFFFFFFFF)}


def _alarm(device: Device, event: Event) -> Fields:
    name, latched = str(event.values["name"]), event.values["latched"]
    assert isinstance(latched, Latched)
    fields = {"detail": NUMBERS[name], "reason": PRIORITIES.get(name, MEDIUM)}
    return fields | ({OPTION: True} if latched.must_us > latched.may_us else {})


def _acknowledged(device: Device, event: Event) -> Fields:
    fields: Fields = {"detail": NUMBERS[str(event.values["name"])], "reason": {0, 1} if "unsure" in event.values else 0}
    return fields | ({OPTION: True} if event.values["optional"] else {})


def _reset(device: Device, event: Event) -> Fields:
    return {"b": {0, 1} if event.values["known"] else 1 if event.values["doubt"] else 0}

"""The delivery ledger, the event log, and the finding about the catheter."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rich.console import Group

from firmware import protocol
from host.clock import Clock
from host.records import Delivery, Diagnosis, Event
from host.screens.clinic import SETTINGS
from host.screens.common import Listing, fault_text, pairs, plain
from host.screens.figures import figure_text
from host.texts.alarms import title
from host.units import amount, duration, local

_PATTERN = protocol.PATTERNS
# Refusals of a value for what it is, so that it has its field's unit.
_BY_FIELD = (protocol.OUT_OF_RANGE, protocol.NOT_MULTIPLE, protocol.HARD_LIMIT, protocol.CLINICIAN_LIMIT)
# Why the clock was lost (firmware/upkeep/wall_clock.py).
_LOST = {
    1: "it does not answer",
    2: "it shows a time before the last record",
    3: "it shows a time too far after the last record",
    4: "it does not agree with device time",
    5: "lost before the reset",
}


def diagnosis_table(found: Diagnosis, clock: Clock) -> Group:
    """The occlusion detector's finding, by the pump's local clock."""
    rows = [("finding", plain(found.diagnosis))]
    if found.at_us:
        rows += [
            ("settled by", f"the stroke at {clock.text(found.at_us)}, {found.strokes} strokes after the first sign"),
            ("missed", amount(found.missed_mu, "mU")),
            ("in the catheter", f"{amount(found.stored_mu, 'mU')} waiting, {amount(found.released_mu, 'mU')} released"),
            ("pressure", f"{found.level_pa} Pa, {found.rise_pa} Pa a stroke"),
            ("compliance", f"{found.compliance_pl_per_pa} pL/Pa"),
        ]
    if not found.air_lock_watched and found.diagnosis != "not_watched":
        rows.append(("not watched", "air lock and backflow: a syringe hides both"))
    return pairs("Catheter", rows)


def deliveries_table(deliveries: Iterable[Delivery], clock: Clock) -> Listing:
    """The delivery ledger, by the pump's local clock."""
    rows = [
        (
            str(each.id),
            plain(each.kind),
            clock.text(each.start_us),
            "-" if each.end_us is None else clock.text(each.end_us),
            amount(each.programmed_mu, "mU"),
            f"{each.commanded_strokes}/{each.delivered_strokes}/{each.abandoned_strokes}",
            plain(each.reason),
        )
        for each in deliveries
    ]
    title = f"Deliveries, by the pump's local clock ({clock.zone}); strokes are commanded/delivered/abandoned"
    headings = ("no.", "kind", "start", "end", "programmed", "strokes", "ended")
    return Listing(title, headings, rows, ("no.", "programmed", "strokes"))


def events_table(events: Iterable[Event], offset_min: int = 0) -> Listing:
    """The event log, by the pump's local clock, which is `offset_min` ahead of UTC."""
    rows = []
    for each in events:
        when = f"+{each.time_s} s (clock lost)"
        if each.clock_known:
            when = local(each.time_s, offset_min).partition(" UTC")[0]
        text = event_text(each, offset_min)
        rows.append((str(each.number), when, each.category, plain(each.event), text))
    zone = local(0, offset_min)[20:]
    headings = ("no.", "time", "class", "event", "what")
    return Listing(f"Event log, by the pump's local clock ({zone})", headings, rows, ("no.",), folding=True)


def event_text(event: Event, offset_min: int = 0) -> str:
    """Return the text of an event's values (docs/memory.md); times by a clock `offset_min` ahead of UTC."""
    if event.event.startswith("delivery_"):
        kind, reason = plain(protocol.KINDS[event.detail]), plain(protocol.REASONS[event.reason])
        return (
            f"no. {event.a}, {kind}: {amount(event.b, 'mU')} programmed,"
            f" {event.c} strokes delivered, {event.d} abandoned; {reason}"
        )
    if event.event in ("accepted", "refused"):
        message = protocol.BY_ID.get(event.detail)
        name = plain(message.name) if message else f"message {event.detail:#04x}"
        if event.event == "refused":
            value = amount(event.a, _unit(message, event.reason)).strip()
            return f"{name}: {plain(protocol.CODES[event.reason])}, value {value}{_and_before(event.b, 'refusals')}"
        return f"{name}{_accepted(message.name if message else '', event, offset_min)}"
    text = _TEXTS.get(event.event)
    if text is not None:
        return text(event, offset_min)
    if event.event in ("alarm", "acknowledged"):
        figure = figure_text(event.detail, event.a, "en")
        told = title(event.detail, "en") + (f" ({figure})" if figure else "")
        return told + ("; its cause is there" if event.event == "acknowledged" and event.reason else "")
    return ""


def _unit(message: Any, refusal: int) -> str:
    """The unit of a refused value, which the log has without its field; "" if it cannot be told."""
    if refusal in (protocol.HOUR_LIMIT, protocol.DAY_LIMIT, protocol.NOT_WHOLE_STROKES):
        return "mU"
    if message is None or refusal not in _BY_FIELD:
        return ""
    units = {field.unit for field in message.request} - {"", "µs"}  # µs: when an order expires
    return str(units.pop()) if len(units) == 1 else ""


def _reset(event: Event, _: int) -> str:
    text = f"no. {event.a}: without delivery for {event.c} s, memory {plain(protocol.MEMORIES[event.detail])}"
    text += ", one stroke counted that may not have been delivered" if event.b else ""
    return text + (f", {event.d} starts of strokes replaced by later ones" if event.d else "")


def _edge(event: Event) -> str:
    return "a stroke not seen" if event.detail == 0 else "one seen too many"


def _diagnosis(event: Event, _: int) -> str:
    name = plain(protocol.DIAGNOSES[event.detail])
    missed, stored, released = (amount(value, "mU") for value in (event.b, event.c, event.d))
    return f"{name} after {event.a} strokes: {missed} missed, {stored} in the catheter, {released} released"


def _clock_set(event: Event, offset_min: int) -> str:
    return f"from {local(event.a, offset_min) if event.a else 'nothing'} to {local(event.b, offset_min)}"


def _self_test(event: Event, _: int) -> str:
    return "failed: " + ", ".join(plain(name) for place, name in enumerate(protocol.CHECKS) if event.a >> place & 1)


def signed(value: int) -> int:
    """Return a logged 32-bit value with its sign."""
    return value - (1 << 32) if value >> 31 else value


def _setting_changed(event: Event, _: int) -> str:
    name, shown = SETTINGS[protocol.SETTINGS[event.detail].name]
    return f"{name}: {shown(signed(event.a))} -> {shown(signed(event.b))}"


def _connected(event: Event, _: int) -> str:
    return f"the programmer of slot {event.detail}" + _and_before(event.a, "times")


def _programmer(event: Event, _: int) -> str:
    return f"slot {event.detail}, {protocol.ROLES[event.reason] if event.reason < len(protocol.ROLES) else '?'}"


def _and_before(count: int, what: str) -> str:
    """Return how many were only counted since the previous record."""
    return f"; {count} {what} since the previous record" if count > 1 else ""


def _crashed(event: Event, _: int) -> str:
    if not event.a and not event.b:
        # The frame that says where did not fit either.
        where = "HardFault with a full stack"
    else:
        where = f"HardFault at {event.a:#010x}, called from {event.b:#010x}, xPSR {event.c:#010x}"
    return where + (f", fault status {event.d:#010x}" if event.d else "")


_HOLDS = {
    protocol.HOLD_BEGUN: "somebody holds the button for a new card",
    protocol.HOLD_LET_GO: "let go before the ten minutes were over",
    protocol.HOLD_LONG_ENOUGH: "for ten minutes: a new card may be made",
}
_TEXTS: dict[str, Callable[[Event, int], str]] = {
    "reset": _reset,
    "diagnosis": _diagnosis,
    "clock_set": _clock_set,
    "clock_lost": lambda event, _: _LOST.get(event.detail, f"reason {event.detail}"),
    "edge_differs": lambda event, _: f"{_edge(event)}; strokes ordered and seen differ by {event.a}",
    "edge_forgiven": lambda event, _: f"{_edge(event)}; {event.a} forgiven so far",
    "settings_kept": lambda event, _: "power went while settings were stored: they are in force",
    "setting_changed": _setting_changed,
    "memory": lambda event, _: f"{event.a} events are lost that the memory did not take",
    "rate_lapsed": lambda event, _: f"no recommendation any more: back to {amount(event.a, 'mU/h')}",
    "fault": lambda event, _: fault_text(event.detail),
    "fault_cleared": lambda event, _: f"{fault_text(event.detail)}; {event.b} of {event.a} strokes had been seen",
    "self_test": _self_test,
    "exception": lambda event, _: (
        f"no. {event.detail} of firmware/upkeep/failures.py{_and_before(event.a, 'questions that failed')}"
    ),
    "crashed": _crashed,
    "connected": _connected,
    "enrolled": _programmer,
    "revoked": _programmer,
    "rotated": _programmer,
    "provisioned": _programmer,
    "presence_held": lambda event, _: _HOLDS.get(event.detail, f"no. {event.detail}") + _and_before(event.a, "times"),
    "openings_refused": lambda event, _: f"nobody that the pump knows{_and_before(event.a, 'times')}",
}


def _accepted(name: str, event: Event, offset_min: int) -> str:
    """The values of an order that was carried out, in the order in which the firmware logs them."""
    values = [event.a, event.b, event.c, event.d]
    if name == "acknowledge_alarm":
        return ": " + title(event.a, "en")
    if name == "set_time":
        return ": " + local(event.a, offset_min)
    if name in _ORDERS:
        return ": " + _ORDERS[name](*values)
    return "".join(f" {value}" for value in values if value)


def _temp_basal(kind: int, value: int, minutes: int, _: int) -> str:
    what = f"{value} %" if kind == protocol.TEMP_PERCENT else amount(value, "mU/h")
    return f"{what} for {duration(minutes)}"


_ORDERS: dict[str, Callable[[int, int, int, int], str]] = {
    "set_basal": lambda a, b, c, d: amount(a, "mU/h"),
    "bolus": lambda a, b, c, d: f"no. {a}, {amount(b, 'mU')}",
    "square_bolus": lambda a, b, c, d: f"no. {a}, {amount(b, 'mU')} over {duration(c)}",
    "dual_bolus": lambda a, b, c, d: f"no. {a}, {amount(b, 'mU')} at once, {amount(c, 'mU')} over {duration(d)}",
    "cancel_bolus": lambda a, b, c, d: " and ".join(f"no. {each}" for each in (a, b) if each),
    "suspend": lambda a, b, c, d: f"basal {amount(a, 'mU/h')}",
    "resume": lambda a, b, c, d: f"basal {amount(a, 'mU/h')}",
    "recommend_rate": lambda a, b, c, d: f"{amount(a, 'mU/h')} for {duration(b)}",
    "temp_basal": _temp_basal,
    "cancel_temp": lambda a, b, c, d: f"no. {a}",
    "select_pattern": lambda a, b, c, d: _PATTERN[a],
    "commit_pattern": lambda a, b, c, d: f"{_PATTERN[a]}, {amount(b, 'mU')} -> {amount(c, 'mU')} a day",
    "set_limits": lambda a, b, c, d: ", ".join([amount(a, "mU/h")] + [amount(each, "mU") for each in (b, c, d)]),
    "start_procedure": lambda a, b, c, d: plain(protocol.PROCEDURES[a]),
    "answer_procedure": lambda a, b, c, d: f"step {a + 1}, choice {b + 1}" + (f", value {signed(c)}" if c else ""),
    "interrupt_procedure": lambda a, b, c, d: f"step {a + 1}",
    "record_refill": lambda a, b, c, d: f"{a / 1e6:.2f} mL in it now, {signed(b) / 1e6:.2f} mL were left",
    "set_settings": lambda a, b, c, d: f"{a} of them",
}

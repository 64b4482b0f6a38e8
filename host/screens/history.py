"""The delivery ledger, the event log, and the finding about the catheter."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rich.console import Group
from rich.table import Table

from firmware import protocol
from host.records import Delivery, Diagnosis, Event
from host.screens.clinic import SETTINGS
from host.screens.common import fault_text, pairs, plain
from host.texts.alarms import title
from host.units import amount, duration, uptime, utc

_PATTERN = protocol.PATTERNS


def diagnosis_table(found: Diagnosis) -> Group:
    """The occlusion detector's finding."""
    rows = [("finding", plain(found.diagnosis))]
    if found.at_us:
        rows += [
            ("settled by", f"the stroke at {uptime(found.at_us)}, {found.strokes} strokes after the first sign"),
            ("missed", amount(found.missed_mu, "mU")),
            ("in the catheter", f"{amount(found.stored_mu, 'mU')} waiting, {amount(found.released_mu, 'mU')} released"),
            ("pressure", f"{found.level_pa} Pa, {found.rise_pa} Pa a stroke"),
            ("compliance", f"{found.compliance_pl_per_pa} pL/Pa"),
        ]
    if not found.air_lock_watched and found.diagnosis != "not_watched":
        rows.append(("not watched", "air lock and backflow: a syringe hides both"))
    return pairs("Catheter", rows)


def deliveries_table(deliveries: Iterable[Delivery]) -> Table:
    """The delivery ledger."""
    table = Table(title="Deliveries; strokes are commanded/delivered/abandoned", title_justify="left", box=None)
    for heading in ("no.", "kind", "start", "end", "programmed", "strokes", "ended"):
        table.add_column(
            heading, justify="right" if heading in ("no.", "programmed", "strokes") else "left", no_wrap=True
        )
    for each in deliveries:
        table.add_row(
            str(each.id),
            plain(each.kind),
            uptime(each.start_us)[:-4],  # whole seconds
            uptime(each.end_us)[:-4] if each.end_us else "-",
            amount(each.programmed_mu, "mU"),
            f"{each.commanded_strokes}/{each.delivered_strokes}/{each.abandoned_strokes}",
            plain(each.reason),
        )
    return table


def events_table(events: Iterable[Event], language: str = "en") -> Table:
    """The event log."""
    table = Table(title="Event log", title_justify="left", box=None)
    for heading in ("no.", "time", "class", "event", "what"):
        table.add_column(heading, justify="right" if heading == "no." else "left", no_wrap=heading != "what")
    for each in events:
        when = utc(each.time_s) if each.clock_known else f"+{each.time_s} s (clock lost)"
        table.add_row(str(each.number), when, each.category, plain(each.event), event_text(each, language))
    return table


def event_text(event: Event, language: str = "en") -> str:
    """Return the text of an event's values (docs/memory.md)."""
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
            return f"{name}: {plain(protocol.CODES[event.reason])}, value {event.a}{_and_before(event.b, 'refusals')}"
        return f"{name}{_accepted(message.name if message else '', event)}"
    text = _TEXTS.get(event.event)
    if text is not None:
        return text(event)
    if event.event in ("alarm", "acknowledged"):
        return title(event.detail, language) + (f" ({event.a})" if event.a else "")
    return ""


def _reset(event: Event) -> str:
    doubt = ", one stroke counted that may not have been delivered" if event.b else ""
    return f"no. {event.a}: without delivery for {event.c} s{doubt}"


def _diagnosis(event: Event) -> str:
    name = plain(protocol.DIAGNOSES[event.detail])
    missed, stored, released = (amount(value, "mU") for value in (event.b, event.c, event.d))
    return f"{name} after {event.a} strokes: {missed} missed, {stored} in the catheter, {released} released"


def _clock_set(event: Event) -> str:
    return f"from {utc(event.a) if event.a else 'nothing'} to {utc(event.b)}"


def _self_test(event: Event) -> str:
    return "failed: " + ", ".join(plain(name) for place, name in enumerate(protocol.CHECKS) if event.a >> place & 1)


def _signed(value: int) -> int:
    """Return a logged 32-bit value with its sign."""
    return value - (1 << 32) if value >> 31 else value


def _setting_changed(event: Event) -> str:
    name, shown = SETTINGS[protocol.SETTINGS[event.detail].name]
    return f"{name}: {shown(_signed(event.a))} -> {shown(_signed(event.b))}"


def _connected(event: Event) -> str:
    who = "a programmer" if event.detail else "a programmer of another version"
    return who + _and_before(event.a, "times")


def _and_before(count: int, what: str) -> str:
    """Return how many were only counted since the previous record."""
    return f"; {count} {what} since the previous record" if count > 1 else ""


_TEXTS: dict[str, Callable[[Event], str]] = {
    "reset": _reset,
    "diagnosis": _diagnosis,
    "clock_set": _clock_set,
    "settings_kept": lambda event: "power went while settings were stored: they are in force",
    "setting_changed": _setting_changed,
    "memory": lambda event: f"{event.a} events are lost that the memory did not take",
    "rate_lapsed": lambda event: f"no recommendation any more: back to {amount(event.a, 'mU/h')}",
    "fault": lambda event: fault_text(event.detail),
    "fault_cleared": lambda event: f"{fault_text(event.detail)}; {event.b} of {event.a} strokes had been seen",
    "self_test": _self_test,
    "exception": lambda event: f"no. {event.detail} of firmware/pump.py{_and_before(event.a, 'questions that failed')}",
    "connected": _connected,
}


def _accepted(name: str, event: Event) -> str:
    """The values of an order that was carried out, in the order in which the firmware logs them."""
    values = [event.a, event.b, event.c, event.d]
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
    "set_time": lambda a, b, c, d: utc(a),
    "acknowledge_alarm": lambda a, b, c, d: title(a, "en"),
    "start_procedure": lambda a, b, c, d: plain(protocol.PROCEDURES[a]),
    "answer_procedure": lambda a, b, c, d: f"step {a + 1}, choice {b + 1}" + (f", value {_signed(c)}" if c else ""),
    "interrupt_procedure": lambda a, b, c, d: f"step {a + 1}",
    "record_refill": lambda a, b, c, d: f"{a / 1e6:.2f} mL in it now, {_signed(b) / 1e6:.2f} mL were left",
    "set_settings": lambda a, b, c, d: f"{a} of them",
}

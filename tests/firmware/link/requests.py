"""Requests with the values of a person, and all that a request could change in a pump behind its commands."""

from firmware import protocol
from tests.firmware.desk import lowest


def changeable(desk):
    """All that a request could change."""
    pump = desk.pump
    counted = [field.name for field in protocol.COUNTERS] + ["newest_event"]
    status = {name: value for name, value in pump.status().items() if name not in counted}
    patterns = [pump.patterns.read_pattern(number, False) for number in range(4)]
    reservoir = pump.refills.read_reservoir()
    return status, pump.patterns.read_settings(), patterns, reservoir, pump.clinic.read_procedure()


def logged(desk, event):
    """(message's name or detail, reason, figures) of these events."""
    log = desk.pump.reports.read_log(0, 10_000)["events"]
    return [(each["detail"], each["reason"], each["a"], each["b"]) for each in log if each["event"] == event]


def usual(message):
    """A request whose values are those of a person."""
    values = lowest(message.request)
    for field in message.request:
        value = max(field.low, 1) * 200
        if field.unit and field.low <= value <= field.high and value % field.step == 0:
            values[field.name] = value
    if message.changes_delivery:  # the desk fills it in
        values = {name: values[name] for name in values if name not in [field.name for field in protocol.ORDER]}
    return values

"""The latched alarms over a reset: put into memory when one changes, and taken up again at the next start.

The state record has a bit for each alarm; the alarm record (record.py) holds the details and is written first, so after
a power cut it may be one change ahead of the state.

Implements: ALARM-2, STORE-5
"""

from firmware.alarms import record
from firmware.alarms.latched import Active
from firmware.protocol.alarms import ALARMS

_OF_STATE = ("pump_suspended", "pump_stopped")


def put(memory, active, watch):
    """Put the alarms in `active`, and the finding that stands with `watch`, into both records of `memory`."""
    memory.record.alarms = sum([1 << (each.alarm.number - 1) for each in active])
    record.pack_into(memory.alarms, active, None if watch is None else watch.standing)


def take_up(memory, alarms, causes, watch, now_us):
    """Latch in `alarms` what was latched, in the order of the alarm record; returns whether the two records differ.

    `causes`, `watch`: parts of the pump; the finding that stood is given back to the watch.
    """
    if watch is not None:
        watch.standing = record.unpack_finding(memory.alarms)
    differ = False
    latched = memory.record.alarms
    ahead = []
    for each in record.unpack(memory.alarms):
        each.since_us = min(each.since_us, now_us)
        if latched >> (each.alarm.number - 1) & 1:
            alarms.latch(each)
            latched &= ~(1 << (each.alarm.number - 1))
        else:
            ahead.append(each)
    for alarm in ALARMS:
        if latched >> (alarm.number - 1) & 1:
            differ = True
            alarms.latch(Active(alarm, now_us, 0))
    for each in ahead:
        # Power went before the state record with this alarm was stored: it was neither logged nor acted on.
        differ = True
        if each.alarm.name in _OF_STATE and not causes.there(each.alarm.name):
            continue  # the halt that it reports was not stored either
        alarms.raise_alarm(each.alarm.name, each.since_us, each.detail, each.mark)
    return differ

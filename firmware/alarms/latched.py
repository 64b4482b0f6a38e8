"""The alarms of one pump: raised, latched, shown, acknowledged.

An alarm latches: it stays until a person acknowledges it *and* its cause is gone. Acknowledging an alarm whose cause
persists is refused and silences nothing, except for causes that can last for days: such an alarm is quiet for a day or
until its next mark, and still shown. Acknowledging never starts delivery, which takes a command of its own.

Of several alarms the one of highest priority is shown. An alarm that yields to another one is not shown while that one
is active, because the more specific alarm says why.

Implements: ALARM-1, ALARM-2, ALARM-3
"""

from firmware.alarms.annunciation import NEVER_US, next_tone_us
from firmware.protocol.alarms import BY_NAME, LASTING, NONE

QUIET_US = 86400000000  # an acknowledged alarm sounds again after a day


class StillThere(Exception):
    """The alarm's cause persists, so the alarm cannot be cleared."""


class NotActive(Exception):
    """There is no such alarm to acknowledge."""


class Active:
    """A latched alarm: when it began, and a 32-bit figure that belongs to it (strokes, mU, a code). It is silent until
    `quiet_until_us`, or until its cause is worse than `mark`.
    """

    def __init__(self, alarm, since_us, detail, mark=0, quiet_until_us=0):
        self.alarm = alarm
        self.since_us = since_us
        self.detail = min(max(detail, 0), 0xFFFFFFFF)
        self.mark = mark
        self.quiet_until_us = quiet_until_us


class Alarms:
    """The latched alarms, at most one of each kind, so memory is bounded by the table.

    The pump provides three callbacks: `present(name) -> bool` checks a cause anew; `act(action)` carries out the action
    in the table (STOP or STOP_NOW); `told(event, alarm, detail)` records "raised", "acknowledged", "quieted" or
    "refused".
    """

    def __init__(self, present, act, told):
        self._present = present
        self._act = act
        self._told = told
        self._active = []

    def raise_alarm(self, name, now_us, detail=0, mark=0):
        """Latch an alarm and take its action; returns whether something has changed. An alarm that is latched already
        keeps its begin and figure; its action is repeated. `mark`: how bad the cause is, where that has degrees.
        """
        alarm = BY_NAME[name]
        active = self.find(name)
        changed = active is None
        if active is None:
            active = Active(alarm, now_us, detail, mark)
            self._active.append(active)
            self._told("raised", alarm, active.detail)
        elif mark > active.mark:
            active.mark, active.quiet_until_us = mark, 0
            changed = True
        if alarm.action != NONE:
            self._act(alarm.action)
        return changed

    def kept(self):
        """A snapshot of the latched alarms, for restore()."""
        return [(each, each.mark, each.quiet_until_us) for each in self._active]

    def restore(self, kept):
        """Restore a snapshot: undo every acknowledgement since. Alarms raised since stay."""
        before = []
        for each, mark, quiet_until_us in kept:
            each.mark, each.quiet_until_us = mark, quiet_until_us
            before.append(each)
        self._active = before + [each for each in self._active if each not in before]

    def latch(self, active):
        """Latch an alarm that was latched before the reset; its action was taken then."""
        self._active.append(active)

    def acknowledge(self, name, now_us=0):
        """Clear an alarm whose cause is gone, or quiet a lasting one; returns whether its cause persists.

        Raises StillThere or NotActive, with nothing changed.
        """
        active = self.find(name)
        if active is None:
            raise NotActive(name)
        there = self._present(name)
        if there and name not in LASTING:
            self._told("refused", active.alarm, active.detail)
            raise StillThere(name)
        if there:
            active.quiet_until_us = now_us + QUIET_US
            self._told("quieted", active.alarm, active.detail)
        else:
            self._active.remove(active)
            self._told("acknowledged", active.alarm, active.detail)
        return there

    def active(self):
        """All latched alarms, oldest first."""
        return tuple(self._active)

    def shown(self):
        """The alarm to show: of those that do not yield, the highest priority, then the oldest; None without alarms."""
        return _first(self._active)

    def next_tone_us(self, now_us):
        """Device time of the next tone, not before `now_us`; NEVER_US: none. No alarm yields to a quiet one."""
        tone_us = NEVER_US
        best = _first([each for each in self._active if each.quiet_until_us <= now_us])
        if best is not None:
            tone_us = _tone_us(best, now_us)
        for each in self._active:
            if each.quiet_until_us > now_us:
                tone_us = min(tone_us, _tone_us(each, each.quiet_until_us))
        return tone_us

    def find(self, name):
        """The latched alarm of this name, or None."""
        for active in self._active:
            if active.alarm.name == name:
                return active
        return None


def _first(active):
    names = [each.alarm.name for each in active]
    best = None
    for each in active:
        yields = any(name in names for name in each.alarm.yields_to)
        if not yields and (best is None or each.alarm.priority > best.alarm.priority):
            best = each
    return best


def _tone_us(active, from_us):
    return active.since_us + next_tone_us(active.alarm.priority, from_us - active.since_us)

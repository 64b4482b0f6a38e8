"""The alarms of one pump: raised, latched, shown, acknowledged.

An alarm latches: it stays until somebody acknowledges it *and* its cause is gone. Acknowledging while the cause is
there silences nothing and says so. It never starts delivery: that takes a command of its own.

Of several alarms the one of highest priority is shown; an alarm that yields to another active one is not shown while
that other is there, because the specific one says why.

Implements: ALARM-1, ALARM-2, ALARM-3
"""

from firmware.alarms.annunciation import NEVER_US, next_tone_us
from firmware.alarms.table import BY_NAME, NONE


class StillThere(Exception):
    """The alarm's cause is not gone, so it cannot be acknowledged away."""


class NotActive(Exception):
    """There is no such alarm to acknowledge."""


class Active:
    """A latched alarm: when it began and a figure that belongs to it (strokes, mU, a code)."""

    def __init__(self, alarm, since_us, detail):
        self.alarm = alarm
        self.since_us = since_us
        self.detail = detail


class Alarms:
    """The latched alarms, at most one of each kind, so memory is bounded by the table.

    `present(name) -> bool` looks at a cause anew. `act(action)` carries out what the table asks for (STOP or STOP_NOW),
    `told(event, alarm, detail)` records "raised", "acknowledged" or "refused": all three are the pump's.
    """

    def __init__(self, present, act, told):
        self._present = present
        self._act = act
        self._told = told
        self._active = []

    def raise_alarm(self, name, now_us, detail=0):
        """Latch an alarm and do what it asks for. One that is latched stays as it began; the action is repeated."""
        alarm = BY_NAME[name]
        if self._find(alarm) is None:
            self._active.append(Active(alarm, now_us, detail))
            self._told("raised", alarm, detail)
        if alarm.action != NONE:
            self._act(alarm.action)

    def latch(self, alarm, now_us):
        """An alarm that was latched before a reset is so again; its action was taken then."""
        self._active.append(Active(alarm, now_us, 0))

    def acknowledge(self, name):
        """Clear an alarm whose cause is gone. Raises StillThere or NotActive, and then nothing has changed."""
        alarm = BY_NAME[name]
        active = self._find(alarm)
        if active is None:
            raise NotActive(name)
        if self._present(name):
            self._told("refused", alarm, active.detail)
            raise StillThere(name)
        self._active.remove(active)
        self._told("acknowledged", alarm, active.detail)

    def active(self):
        """All latched alarms in the order of their begin."""
        return tuple(self._active)

    def shown(self):
        """Who speaks for all: of those that do not yield the highest priority, then the oldest; None: silence."""
        names = [active.alarm.name for active in self._active]
        best = None
        for active in self._active:
            yields = any(name in names for name in active.alarm.yields_to)
            if not yields and (best is None or active.alarm.priority > best.alarm.priority):
                best = active
        return best

    def next_tone_us(self, now_us):
        """Device time of the next tone, not before `now_us`; NEVER_US in silence."""
        best = self.shown()
        if best is None:
            return NEVER_US
        return best.since_us + next_tone_us(best.alarm.priority, now_us - best.since_us)

    def _find(self, alarm):
        for active in self._active:
            if active.alarm is alarm:
                return active
        return None

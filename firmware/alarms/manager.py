"""The alarm manager of a pump: raises alarms, takes an alarm's action, sounds tones.

Implements: ALARM-1, ALARM-2, ALARM-3, THER-4
"""

from firmware import dose_codes as code
from firmware import protocol
from firmware.alarms.annunciation import TONE_MS
from firmware.alarms.causes import OF_BATTERY
from firmware.alarms.kept import put, take_up
from firmware.alarms.latched import Alarms, NotActive, StillThere
from firmware.compat import roomy
from firmware.errors import Refused
from firmware.protocol.alarms import BY_NUMBER, STOP_NOW
from firmware.therapy.forecast import full
from firmware.therapy.reservoir import LEVEL_STOP

_PAGE = 15
_OF_LEVEL = (None, "low_reservoir", "empty_reservoir", "empty_reservoir")
_OF_WINDOW = ("hourly_maximum_exceeded", "daily_maximum_exceeded")


class AlarmDesk:
    """The alarms of one pump.

    `core`, `clock`, `books`, `therapy`, `course`, `refills`: its parts; `causes` the Causes, `watch` the Watch over the
    catheter (None: not watched), `stepper` to stop the motor at once, `sound(ms)` the annunciator.
    """

    def __init__(self, core, clock, books, therapy, course, refills, causes, watch, stepper, sound):
        self.tone_us = protocol.NEVER_US  # when the next tone is due
        self.refill_us = protocol.NEVER_US  # when its alarm is
        self._core = core
        self._clock = clock
        self._books = books
        self._therapy = therapy
        self._course = course
        self._refills = refills
        self._causes = causes
        self._watch = watch
        self._stepper = stepper
        self._sound = sound
        self._alarms = Alarms(causes.there, self._act, self._told)
        self._level = 0
        self._begun = False
        self._changed = False  # at the start: an alarm has yet to be stored
        roomy(self)

    def begin(self, failed_checks, lapsed):
        """After a reset: latch again what was latched, and only then raise what is wrong now."""
        now_us = self._clock.now_us()
        memory = self._books.memory
        if take_up(memory, self._alarms, self._causes, self._watch, now_us):
            self._changed = True
        if lapsed:
            self.lapsed()
        if not memory.usable:
            self.raise_alarm("memory_integrity", memory.state)
        if memory.state == protocol.MEMORY_DAMAGED:
            self.raise_alarm("not_initialised")
        if failed_checks:
            self.raise_alarm("self_test_fail", failed_checks)
        if memory.record.mode == protocol.STATE_PROCEDURE:
            # A procedure may be begun or continued below the stop level, so the reset must not end it; only a stroke
            # that the restart has counted may.
            self._level = self._refills.level(memory.counted)
        self.look(now_us)
        state = self._core.state()
        if not state[code.GUARD_FAULT]:
            self.withheld(full(self._core, now_us, state), state[code.STROKES_WITHHELD])  # before the reset, or by it
        if self._changed:
            self._keep()
        self._begun = True

    def look(self, now_us):
        """Raise the alarms that have no event of their own: clock, reservoir, refill, the pump's state."""
        for name in ("clock_lost", "refill_due"):
            if self._causes.there(name):
                self.raise_alarm(name)
        self._raise_halt(self._therapy.state(self._core.state()))
        self.stroke_over(now_us)
        self._plan(now_us)

    def battery(self, level):
        """The battery's account, a place in energy.LEVELS."""
        if level:
            self.raise_alarm(OF_BATTERY[level])

    def halt(self, now_us, reason=protocol.REASON_FAULT):
        """Stop delivery because of a finding, an alarm, a failed memory or a procedure's end. Only a person resumes it
        (ALARM-2).
        """
        lapsed, halted = self._therapy.halt_by_itself(now_us, reason)
        if lapsed:
            self.lapsed()
        if halted:
            self.halted(protocol.STATE_STOPPED)

    def lapsed(self):
        """A closed loop has not renewed its rate."""
        self.raise_alarm("communication_error")

    def halted(self, mode):
        """Delivery was suspended or stopped, and with it the strokes of a procedure."""
        self._course.bolus_over()
        self._raise_halt(mode)

    def _raise_halt(self, mode):
        """The alarm's tones are the reminder."""
        if mode == protocol.STATE_SUSPENDED:
            self.raise_alarm("pump_suspended")
        elif mode == protocol.STATE_STOPPED:
            self.raise_alarm("pump_stopped")

    def refilled(self, missing_mu):
        """A refill has been stored. `missing_mu`: so much left the reservoir other than by strokes (None: nothing)."""
        if missing_mu is not None:
            self.raise_alarm("over_delivery", missing_mu)
        self.content_changed(self._clock.now_us())

    def content_changed(self, now_us):
        """The reservoir has been filled, or its thresholds have changed; if it is still low, that is raised anew."""
        if self._refills.level() < self._level:
            self._level = 0
        self.stroke_over(now_us)
        self._plan(now_us)

    def clock_set(self, now_us):
        """The wall clock has been set, which may bring the refill forward."""
        self._plan(now_us)

    def stroke_over(self, now_us):
        """The reservoir holds one stroke less."""
        level = self._refills.level()
        if level > self._level:
            self.raise_alarm(_OF_LEVEL[level], self._refills.left_mu, level)
            if level == LEVEL_STOP:
                mode = self._books.memory.record.mode
                self.halt(now_us, protocol.REASON_RESERVOIR)
                self._keep_stop(mode)
        self._level = level

    def time(self, now_us):
        """A deadline has come: auto-off, a refill, or a tone."""
        if now_us >= self._therapy.auto_off_us:
            self.raise_alarm("auto_off")
        if now_us >= self.refill_us:
            if self._causes.there("refill_due"):
                self.raise_alarm("refill_due")
            self._plan(now_us)
        if now_us >= self.tone_us:
            self._sound(TONE_MS)
            self._plan(now_us + 1)

    def found(self, code):
        """The occlusion detector has found something."""
        name = self._causes.of_finding(code)
        if name is not None:
            self.raise_alarm(name, code)
        self._keep()  # stores the finding, whether its alarm is new or not

    def withheld(self, window, strokes):
        """A rolling cap withheld a stroke; the core counts `strokes` withheld in all. The cap may have room again by
        now.
        """
        record = self._books.memory.record
        if strokes != record.withheld_told:
            more, record.withheld_told = (strokes - record.withheld_told) & 0xFFFFFFFF, strokes
            self.raise_alarm(_OF_WINDOW[window], more)

    def fault(self):
        """The core has latched a fault."""
        state = self._core.state()
        self.raise_alarm(self._causes.of_fault(state), state[code.GUARD_FAULT])

    def memory_failed(self):
        """The memory accepts no record."""
        self.raise_alarm("memory_integrity")

    def resumed(self, now_us):
        """A person has resumed delivery, which acknowledges that it had stopped. Returns what undoes that."""
        undo = self._undo()
        for name in ("pump_suspended", "pump_stopped", "auto_off"):
            try:
                self._alarms.acknowledge(name)
            except (NotActive, StillThere):
                pass
        self._keep()
        self._plan(now_us)
        return undo

    def _undo(self):
        """Return a function that restores the alarms that an order acknowledges from now on."""
        before = self._alarms.kept()

        def undo():
            self._alarms.restore(before)
            put(self._books.memory, self._alarms.active(), self._watch)  # stored by Books.accepted()
            self._plan(self._clock.now_us())

        return undo

    def raise_alarm(self, name, detail=0, mark=0):
        """Latch an alarm and take its action. `mark`: how bad its cause is, where that has degrees."""
        now_us = self._clock.now_us()
        mode = self._books.memory.record.mode
        changed = self._alarms.raise_alarm(name, now_us, detail, mark)
        if changed:
            self._plan(now_us)
            self._changed = True
        if changed and self._begun:  # during start-up, one store at its end gives the one permit
            self._keep()
            self._books.store()
        else:
            self._keep_stop(mode)

    def _keep_stop(self, mode):
        """The pump was in `mode`. If it has been stopped since, store that, even if no alarm is new."""
        if self._begun and mode != self._books.memory.record.mode:
            self._books.store()

    def summary(self):
        """(number of the alarm that is shown, 0: none; how many are latched)."""
        shown = self._alarms.shown()
        return (0 if shown is None else shown.alarm.number), len(self._alarms.active())

    def read_alarms(self, first):
        """The read_alarms reply's fields."""
        now_us = self._clock.now_us()
        active = self._alarms.active()
        records = [
            {
                "alarm": each.alarm.number,
                "since_us": each.since_us,
                "detail": each.detail,
                "cause_there": self._causes.there(each.alarm.name),
                "quiet": each.quiet_until_us > now_us,
            }
            for each in active[first : first + _PAGE]
        ]
        return {"alarms": len(active), "records": records}

    def acknowledge_alarm(self, alarm, **order):
        """Clear an alarm whose cause is gone, or quiet one whose cause can last for days."""
        self._books.begin()
        undo = self._undo()
        now_us = self._clock.now_us()
        name = BY_NUMBER[alarm].name if alarm in BY_NUMBER else ""
        try:
            there = self._alarms.acknowledge(name, now_us)
        except NotActive:
            raise Refused(protocol.NOT_ACTIVE, "alarm", alarm)
        except StillThere:
            raise Refused(protocol.CAUSE_THERE, "alarm", alarm)
        self._plan(now_us)
        self._keep()
        self._books.accepted("acknowledge_alarm", alarm, undo=undo)
        return {"at_us": now_us, "alarms": len(self._alarms.active()), "cause_there": there}

    def _act(self, action):
        # On a fault, Faults.latched() has stopped the motor before anything else.
        at_once = action == STOP_NOW and not self._core.state()[code.GUARD_FAULT]
        if at_once:
            self._stepper.stop()
        self.halt(self._clock.now_us())
        if at_once:
            self._stepper.stop()  # a stroke may have begun in between; now none can begin any more

    def _told(self, what, alarm, detail):
        if what == "raised":
            note = self._books.memory.note
            note(protocol.CATEGORY_ALARM, protocol.EVENT_ALARM, alarm.number, alarm.priority, (detail,))
        elif what != "refused":
            there = 1 if what == "quieted" else 0
            note = self._books.will_note  # only an order acknowledges
            note(protocol.CATEGORY_ALARM, protocol.EVENT_ACKNOWLEDGED, alarm.number, there, (detail,))

    def _keep(self):
        """Write the latched alarms to memory; they count with the next store()."""
        put(self._books.memory, self._alarms.active(), self._watch)
        self._books.memory.store_alarms()

    def _plan(self, now_us):
        self.tone_us = self._alarms.next_tone_us(now_us)
        self.refill_us = protocol.NEVER_US if self._alarms.find("refill_due") else self._refills.due_us

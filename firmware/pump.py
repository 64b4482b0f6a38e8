"""The pump: dose core, drivers, books, therapy and alarms put together, and the handling of each wake-up.

Implements: DOSE-3, DOSE-5, GUARD-3
"""

import gc

from firmware import dose_codes as code
from firmware import protocol
from firmware.alarms.causes import Causes
from firmware.alarms.faults import Faults
from firmware.alarms.manager import AlarmDesk
from firmware.compat import nobody, roomy
from firmware.events import FAULT, STROKE, TIME, WITHHELD
from firmware.link.reports import Reports
from firmware.link.telemetry import Telemetry
from firmware.link.visitors import Visitors
from firmware.storage.commit import Books
from firmware.therapy.boluses import Boluses
from firmware.therapy.clinic import Clinic
from firmware.therapy.course import Course
from firmware.therapy.forecast import Forecast, full
from firmware.therapy.limits_and_time import Device
from firmware.therapy.patterns import Patterns
from firmware.therapy.programme import Programme
from firmware.therapy.refills import Refills
from firmware.therapy.switch import Switch
from firmware.therapy.therapy import Therapy
from firmware.upkeep import energy
from firmware.upkeep.edges import Edges
from firmware.upkeep.parts import BATTERY, LINK, TELEMETRY, TONES, VISITORS, Spared
from firmware.upkeep.upkeep import Upkeep, world_of

FIRMWARE_VERSION = "0.2.0"
WATCH_US = 3600000000  # the longest that the core lets its supervisor be away, GUARD-3
_RETRY_US = 60000000  # until a memory that failed is tried again
_WAIT_US = 1000000  # between polls of an absent memory, in the first minute
_DAY_US = 86400000000
_SOON_US = 1000000
_STROKE_TONE_MS = 50
_SPACING_US_PER_NL = 4000  # the core's, DOSE-4
# The number of an exception in the log is its place here; any other has the next number.
EXCEPTIONS = (MemoryError, OSError, ValueError, TypeError, IndexError, KeyError, AttributeError, RuntimeError)


class Pump:
    """One pump.

    `core` is a dosecore.Core just made, `clock` a Clock, `stepper`, `stroke_sensor` and `pressure_sensor` the drivers,
    `identity` the fixed fields of the hello reply, `memory` a Memory that has not been opened yet, `wall` the
    WallClock, `advance(us)` the board's function that moves its counter on, `means` its Means for the upkeep, `watch` a
    Watch over the catheter (None: this board brings no readings for one), `sound(ms)` the annunciator. Times are µs,
    doses mU, rates mU/h.

    Its parts answer the messages of the link (firmware/link/answered_by.py).
    """

    def __init__(
        self,
        core,
        clock,
        stepper,
        stroke_sensor,
        pressure_sensor,
        identity,
        memory,
        wall,
        advance,
        means,
        watch=None,
        sound=nobody,
    ):
        self._core = core
        self._clock = clock
        self.last_error = None  # the latest exception, for inspection
        self._told_us = 0  # when running deliveries were last logged
        self._memory = memory
        self._wall = wall
        self._watch = watch
        stroke_uu, per_ml = identity["stroke_uu"], identity["concentration_u_per_ml"]
        self._books = Books(core, clock, memory, self._memory_failed)
        memory.open(self._books.deliveries, advance, means.entropy, bool(means.watchdog_reset))
        self._edges = Edges(core, clock, memory)
        self.over = False  # the pump must restart: the memory that was absent answers
        self._begun_us = clock.now_us()
        waiting = memory.state == protocol.MEMORY_ABSENT
        self._round_us = self._begun_us + (_WAIT_US if waiting else WATCH_US)  # when it looks around next
        programme = Programme(core, memory.record, memory.settings, wall)
        forecast = Forecast(core, programme, stroke_uu, identity["stroke_nl"] * _SPACING_US_PER_NL)
        self.therapy = Therapy(core, clock, self._books, programme, forecast, watch, stroke_uu)
        self.refills = Refills(core, clock, wall, self._books, programme, identity["stroke_nl"], per_ml)
        self.boluses = Boluses(core, clock, self._books, self.therapy, self.refills, self.failed)
        self.course = Course(core, clock, self._books, self.therapy, identity["stroke_nl"])
        self._spared = Spared(self._part_failed)
        self._account = self._spared.run  # bound once: every stroke calls it
        world = world_of(core, clock, wall, identity, memory, pressure_sensor, means, self._spared)
        self.upkeep = Upkeep(clock, self._books, world, means.currents, means.battery_nah)
        self._sound = sound
        self._failing = False  # a failure is being handled
        self._burst_us = core.plan()[1]
        causes = Causes(core, clock, wall, memory, self.therapy, self.refills, self.upkeep, watch)
        parts = (core, clock, self._books, self.therapy, self.course, self.refills)
        self.alarms = AlarmDesk(*parts, causes, watch, stepper, self._toned)
        self.switch = Switch(*parts, self.upkeep, self.alarms, watch, self.failed)
        self.patterns = Patterns(clock, self._books, self.therapy, self.alarms)
        self.clinic = Clinic(core, clock, self._books, self.therapy, self.refills, self.course, self.alarms)
        sensors = (stroke_sensor, pressure_sensor)
        self.reports = Reports(self, core, clock, wall, self._books, sensors, watch, identity)
        self.stream = Telemetry(clock, self._telling)
        self.visitors = Visitors(clock, memory)
        self.device = Device(core, clock, wall, self._books, self.therapy, self.alarms, self.upkeep, self.reports)
        self.faults = Faults(core, clock, self._books, self.therapy, self.course, self.alarms, self.upkeep, stepper)
        self.course.begin()
        lapsed = self.therapy.begin()
        failed = self.upkeep.begin()
        if not wall.known:
            memory.note(protocol.CATEGORY_ALARM, protocol.EVENT_CLOCK_LOST, wall.why)
        self.alarms.begin(failed, lapsed)
        if means.watchdog_reset:
            self.alarms.raise_alarm("watchdog_reset", means.watchdog_reset)
        self._books.store()
        roomy(self)

    def handle(self, happened):
        """Handle what idle() returned (bits of firmware.events), except bytes for the link."""
        now_us = self._clock.now_us()
        watch, clinic, account = self._watch, self.clinic, self._account
        tells = False  # does the stroke say anything about the catheter?
        if happened & STROKE:
            tells = watch is not None and self.course.watched  # before clinic.stroke(), which may end the step
            differs = self._edges.stroke_over()
            self._books.stroke_over(clinic.stroke() or differs)
            # After the stroke: a failure here raises an alarm, which stores.
            account(BATTERY, self.upkeep.energy.stroke, self._burst_us)
            self.alarms.stroke_over(now_us)
            if self._memory.settings.stroke_tone:
                self._toned(_STROKE_TONE_MS)
        else:
            account(BATTERY, self.upkeep.energy.woke)
        if tells:
            watch.stroke(now_us, self._core.next_us())
        elif happened & TIME and watch is not None:
            watch.time(now_us)
        while watch is not None and watch.found:
            self._diagnosed(watch.take())
        if happened & TIME:
            self._time(self._clock.now_us())  # read anew: booking a stroke takes time
        if happened & WITHHELD:
            state = self._core.state()
            window = full(self._core, now_us, state)
            self._books.deliveries.withheld(state, (protocol.REASON_HOUR_CAP, protocol.REASON_DAY_CAP)[window])
            self.course.bolus_over()
            self.alarms.withheld(window, state[code.STROKES_WITHHELD])
            self._books.store()
        if happened & FAULT:
            self.faults.latched(now_us)

    def failed(self, error):
        """The supervisor's own code has failed: log it, book what has happened, stop, and let a person decide."""
        self._failing = True
        kind = self._note(error)
        now_us = self._clock.now_us()
        self.alarms.raise_alarm("system_error", kind)  # halts, also if it is latched already
        self._round_us = min(self._round_us, now_us + _RETRY_US)
        self._books.deliveries.boluses_ended()  # of which the alarm has cut the last stroke
        self._books.store()
        self._failing = False

    def attend(self, poll):
        """Let the link process what has arrived. A failure there, other than an order's, stops nothing (THER-10)."""
        try:
            poll()
        except Exception as error:
            if self._failing:
                raise
            self._spared.failed(LINK, error)

    def _part_failed(self, part, error):
        """A part that therapy does not need has failed."""
        self._note(error)
        self.alarms.raise_alarm("communication_error", 1 + part)

    def stumbled(self, error):
        """A query has failed: log why. Nothing has changed."""
        gc.collect()
        self.last_error = error
        self._visited(self.visitors.stumbled, _kind(error))

    def _visited(self, tell, *what):
        if self._spared.run(VISITORS, tell, *what):
            self._books.store()

    @property
    def deadline_us(self):
        """When the pump itself must be woken."""
        now_us = self._clock.now_us()
        deadline_us = self._due_us()
        if self._watch is None:
            return max(deadline_us, now_us)
        return self._watch.wake_us(now_us, deadline_us)

    @property
    def soon_us(self):
        """When to wake if no deadline can be worked out; everything due by then is handled."""
        return self._clock.now_us() + _SOON_US

    def _due_us(self):
        alarms = self.alarms
        return min(self._round_us, self.therapy.deadline_us, alarms.tone_us, alarms.refill_us, self.stream.deadline_us)

    def _time(self, now_us):
        self.stream.woke(now_us, self._due_us())
        if now_us >= self.therapy.deadline_us:
            self.alarms.time(now_us)
            lapsed, changed = self.therapy.time(now_us)
            if lapsed:
                self.alarms.lapsed()
            if changed:
                self._books.store()
        elif now_us >= min(self.alarms.tone_us, self.alarms.refill_us):
            self.alarms.time(now_us)
        if now_us >= self._round_us:
            if self._memory.state == protocol.MEMORY_ABSENT:
                self._wait_for_memory(now_us)
            else:
                self._look_around(now_us)
        if now_us >= self.stream.deadline_us:
            self._spared.run(TELEMETRY, self.stream.time, now_us)

    def _wait_for_memory(self, now_us):
        self._round_us = now_us + (_WAIT_US if now_us - self._begun_us < _RETRY_US else _RETRY_US)
        self.over = self._memory.come

    def _look_around(self, now_us):
        known = self._wall.known
        self._round_us = now_us + WATCH_US
        silent = self._wall.silent
        if not self._wall.look() and known:
            self._memory.note(protocol.CATEGORY_ALARM, protocol.EVENT_CLOCK_LOST, self._wall.why)
        elif self._wall.silent and not silent:
            self._memory.note(protocol.CATEGORY_MALFUNCTION, protocol.EVENT_CLOCK_SILENT)
        self.therapy.follow(now_us)
        self.alarms.look(now_us)
        if self._edges.look(now_us):
            self._books.store()
        self.alarms.battery(self._spared.run(BATTERY, self.upkeep.account) or energy.GOOD)
        daily = now_us - self._told_us >= _DAY_US
        failed = self.upkeep.test(daily=True) if daily else self.upkeep.rates()
        if failed:
            self.alarms.raise_alarm("self_test_fail", failed)
        if daily:
            self._told_us = now_us
            self._books.so_far()
        else:
            self._books.keep_time()

    def _note(self, error):
        """Put an exception into the log; returns its number there."""
        gc.collect()  # the cause may have been a full heap
        self.last_error = error
        kind = _kind(error)
        self._memory.note(protocol.CATEGORY_MALFUNCTION, protocol.EVENT_EXCEPTION, kind)
        return kind

    def _telling(self):
        values = self.status()
        ledger = self.upkeep.energy
        values["battery_left_nah"] = ledger.left_nah()
        values["wakes"] = ledger.wakes
        return values

    def _diagnosed(self, found):
        """Log a finding and raise its alarm, which stops delivery if it is serious enough."""
        fields = self.reports.read_diagnosis()
        values = (found.strokes,) + tuple([fields[name] for name in ("missed_mu", "stored_mu", "released_mu")])
        self._memory.note(protocol.CATEGORY_ALARM, protocol.EVENT_DIAGNOSIS, found.code, 0, values)
        self.alarms.found(found.code)
        self._books.store()

    def _toned(self, milliseconds):
        self._spared.run(TONES, self._sound, milliseconds)
        self._spared.run(BATTERY, self.upkeep.energy.toned)

    def linked(self, count):
        """The programmer link has carried `count` bytes, either way."""
        self._spared.run(BATTERY, self.upkeep.linked, count)

    def _memory_failed(self):
        """The memory accepts no record, so no permit is given. Stop, so that waiting strokes do not burst out once it
        does.
        """
        now_us = self._clock.now_us()
        self.alarms.halt(now_us)
        self._round_us = now_us + _RETRY_US
        self.alarms.memory_failed()

    @property
    def record(self):
        """The values that outlive a reset."""
        return self._memory.record

    @property
    def orders(self):
        """The table of orders and their outcomes."""
        return self._memory.orders

    def now_us(self):
        """Device time."""
        return self._clock.now_us()

    # Called by the link, besides the messages that the parts answer.

    def connected(self, schema_agreed):
        """A programmer has said hello."""
        self._visited(self.visitors.connected, schema_agreed)

    def refused(self, message_id, refusal_code, value):
        """An order was refused: log it."""
        self._visited(self.visitors.refused, message_id, refusal_code, value)

    def identity(self):
        """The hello reply's fields about this device."""
        return self.reports.identity()

    def status(self):
        """The status reply's fields but the link's counters."""
        return self.reports.status()


def _kind(error):
    """The number of an exception in the log."""
    return EXCEPTIONS.index(type(error)) if type(error) in EXCEPTIONS else len(EXCEPTIONS)

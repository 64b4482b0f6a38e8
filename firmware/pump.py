"""The pump: dose core, drivers, books, therapy and alarms put together, and the handling of each wake-up.

Implements: DOSE-3, DOSE-5, GUARD-3
"""

from firmware import dose_codes as code
from firmware import protocol
from firmware.alarms.causes import Causes
from firmware.alarms.faults import Faults
from firmware.alarms.manager import AlarmDesk
from firmware.compat import const, nobody, roomy
from firmware.events import FAULT, STROKE, TIME, WITHHELD
from firmware.link.reports import Reports
from firmware.link.telemetry import Telemetry
from firmware.link.visitors import Visitors
from firmware.session.presence import Presence
from firmware.session.programmers import Programmers
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
from firmware.upkeep.edges import Edges
from firmware.upkeep.failures import Failures
from firmware.upkeep.parts import BATTERY, LINK, TELEMETRY, TONES, VISITORS
from firmware.upkeep.rounds import Rounds
from firmware.upkeep.upkeep import Upkeep, world_of

FIRMWARE_VERSION = "0.2.0"
_SOON_US = const(1000000)
_STROKE_TONE_MS = const(50)
_BOLUS_TONE_MS = const(200)
_HOLD_TONE_MS = const(500)  # each second, so that it is taken for no alarm and slept through by nobody
_SPACING_US_PER_NL = const(4000)  # the core's, DOSE-4


class Pump:
    """One pump.

    `core` is a dosecore.Core just made, `clock` a Clock, `stepper`, `stroke_sensor` and `pressure_sensor` the drivers,
    `identity` the fixed fields of the reply of that name, `memory` a Memory that has not been opened yet, `wall` the
    WallClock, `advance(us)` the board's function that moves its counter on, `means` its Means for the upkeep, `watch` a
    Watch over the catheter (None: this board brings no readings for one), `sound(ms)` the annunciator, `keyring` and
    `presence` those of the session. Times are µs, doses mU, rates mU/h.

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
        keyring=None,
        presence=None,
    ):
        self._core = core
        self._clock = clock
        self._memory = memory
        self._wall = wall
        self._watch = watch
        stroke_uu, per_ml = identity["stroke_uu"], identity["concentration_u_per_ml"]
        self.failures = failures = Failures(self, clock, memory)
        self._spared = failures.spared.run  # bound once: every stroke calls it
        self.books = Books(core, clock, memory, failures.of_memory)
        memory.open(self.books.deliveries, advance, means.entropy, bool(means.watchdog_reset))
        self._edges = Edges(core, clock, memory)
        self.over = False  # the pump must restart: the memory that was absent answers
        programme = Programme(core, memory.record, memory.settings, wall)
        forecast = Forecast(core, programme, stroke_uu, identity["stroke_nl"] * _SPACING_US_PER_NL)
        self.therapy = Therapy(core, clock, self.books, programme, forecast, stroke_uu)
        self.refills = Refills(core, clock, wall, self.books, programme, identity["stroke_nl"], per_ml)
        self.boluses = Boluses(core, clock, self.books, self.therapy, self.refills, failures.failed)
        self.course = Course(core, clock, self.books, self.therapy, watch, identity["stroke_nl"])
        world = world_of(core, clock, wall, identity, memory, pressure_sensor, means, failures.spared)
        self.upkeep = Upkeep(clock, self.books, world, means.currents, means.battery_nah)
        self._sound = sound
        self._burst_us = core.plan()[1]
        causes = Causes(core, clock, wall, memory, self.therapy, self.refills, self.upkeep, watch)
        parts = (core, clock, self.books, self.therapy, self.course, self.refills)
        self.alarms = AlarmDesk(*parts, causes, watch, stepper, self._toned)
        self.switch = Switch(*parts, self.upkeep, self.alarms, watch, failures.failed)
        self.patterns = Patterns(clock, self.books, self.therapy, self.alarms)
        self.clinic = Clinic(core, clock, self.books, self.therapy, self.refills, self.course, self.alarms)
        sensors = (stroke_sensor, pressure_sensor)
        self.reports = Reports(self, core, clock, wall, self.books, sensors, watch, identity)
        self.stream = Telemetry(clock, self._telling)
        self.visitors = Visitors(clock, memory)
        self._chores_us = protocol.NEVER_US
        self.presence = presence or Presence(lambda: False, clock)
        self.programmers = Programmers(clock, self.books, keyring, self.presence, self._toned)
        self.device = Device(core, clock, wall, self.books, self.therapy, self.alarms, self.upkeep, self.reports)
        self.faults = Faults(core, clock, self.books, self.therapy, self.course, self.alarms, self.upkeep, stepper)
        self.rounds = Rounds(
            clock, wall, memory, self.books, self.therapy, self._edges, self.upkeep, self.alarms, failures.spared
        )
        self.course.begin()
        lapsed = self.therapy.begin()
        failed = self.upkeep.begin()
        if not wall.known:
            memory.note(protocol.CATEGORY_ALARM, protocol.EVENT_CLOCK_LOST, wall.why)
        self.alarms.begin(failed, lapsed)
        if means.crashed:
            memory.note(protocol.CATEGORY_MALFUNCTION, protocol.EVENT_CRASHED, 0, 0, means.crashed)
        if means.watchdog_reset:
            self.alarms.raise_alarm("watchdog_reset", means.watchdog_reset)
        self.books.store()
        roomy(self)

    def handle(self, happened):
        """Handle what idle() returned (bits of firmware.events), except bytes for the link."""
        now_us = self._clock.now_us()
        watch, clinic, spared = self._watch, self.clinic, self._spared
        tells = False  # does the stroke say anything about the catheter?
        if happened & STROKE:
            tells = watch is not None and self.course.watched  # before clinic.stroke(), which may end the step
            differs = self._edges.stroke_over()
            self.books.stroke_over(clinic.stroke() or differs)
            # After the stroke: a failure here raises an alarm, which stores.
            spared(BATTERY, self.upkeep.energy.stroke, self._burst_us)
            self.alarms.stroke_over(now_us)
            if self._memory.settings.stroke_tone:
                self._toned(_STROKE_TONE_MS)
        else:
            spared(BATTERY, self.upkeep.energy.woke)
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
            self.books.deliveries.withheld(state, (protocol.REASON_HOUR_CAP, protocol.REASON_DAY_CAP)[window])
            self.course.bolus_over()
            self.alarms.withheld(window, state[code.STROKES_WITHHELD])
            self.books.store()
        if happened & FAULT:
            self.faults.latched(now_us)

    def visited(self, tell, *what):
        """Log a visit by `tell(*what)`, a method of the visitors."""
        if self._spared(VISITORS, tell, *what):
            self.books.store()

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
        tone_us, refill_us, stream_us = alarms.tone_us, alarms.refill_us, self.stream.deadline_us
        return min(self.rounds.due_us, self.therapy.deadline_us, tone_us, refill_us, stream_us, self._chores_us)

    def _time(self, now_us):
        self.stream.woke(now_us, self._due_us())
        if now_us >= self.therapy.deadline_us:
            self.alarms.time(now_us)
            lapsed, changed = self.therapy.time(now_us)
            if lapsed:
                self.alarms.lapsed()
            if changed:
                self.books.store()
        elif now_us >= min(self.alarms.tone_us, self.alarms.refill_us):
            self.alarms.time(now_us)
        if now_us >= self.rounds.due_us:
            self.over = self.rounds.time(now_us)
            self.programmers.catch_up()
        if now_us >= self._chores_us:
            self._chores(now_us)
        if now_us >= self.stream.deadline_us:
            self._spared(TELEMETRY, self.stream.time, now_us)

    def card_asked(self):
        """Somebody without card and clinician asks for a new card: that takes ten minutes, heard all the while."""
        if self.presence.hold():
            self._toned(_HOLD_TONE_MS)
            self.visited(self.visitors.held, protocol.HOLD_BEGUN)
        self._plan_chores()

    def opened(self):
        """A session was opened, or the pump has started: make the next one's key pair when there is time."""
        self.programmers.opened()
        self._plan_chores()

    def _plan_chores(self):
        """One time for what the session has to do by itself: every stroke asks when that is, and it is seldom."""
        self._chores_us = min(self.presence.due_us, self.programmers.due_us)

    def _chores(self, now_us):
        if now_us >= self.presence.due_us:
            self._spared(LINK, self._held)
        if now_us >= self.programmers.due_us:
            self._spared(LINK, self.programmers.rest, self._core.next_us())
        self._plan_chores()

    def _held(self):
        found = self.presence.look()
        if found:
            self.visited(self.visitors.held, found)
        if self.presence.due_us != protocol.NEVER_US:
            self._toned(_HOLD_TONE_MS)

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
        self.books.store()

    def _toned(self, milliseconds):
        self._spared(TONES, self._sound, milliseconds)
        self._spared(BATTERY, self.upkeep.energy.toned)

    def linked(self, count):
        """The programmer link has carried `count` bytes, either way."""
        self._spared(BATTERY, self.upkeep.linked, count)

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

    def announced(self):
        """A bolus was ordered over the link: whoever wears the pump hears it (SEC-2)."""
        self._toned(_BOLUS_TONE_MS)

    def utc_s(self):
        """The wall clock; 0 if it is lost."""
        return self._wall.utc_s(self._clock.now_us())

    # Called by the link, besides the messages that the parts answer.

    def refused(self, message_id, refusal_code, value):
        """An order was refused: log it."""
        self.visited(self.visitors.refused, message_id, refusal_code, value)

    def identity(self):
        """What runs on this device."""
        return self.reports.identity()

    def status(self):
        """The status reply's fields but the link's counters."""
        return self.reports.status()

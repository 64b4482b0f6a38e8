"""The pump: dose core, drivers and records put together, as the programmer sees them.

Therapy proposes, the core disposes: every request goes to the core, whose refusal is passed on with the limit it names.

Implements: DOSE-3, DOSE-5, GUARD-1, GUARD-3
"""

from firmware import dose_codes as code
from firmware import events as event
from firmware import protocol
from firmware.deliveries import Deliveries
from firmware.errors import FirmwareError, Refused
from firmware.occlusion import codes as finding
from firmware.occlusion.watch import report
from firmware.storage.event_log import NO_CLOCK
from firmware.storage.state_record import NO_RATE

FIRMWARE_VERSION = "0.1.0"
WATCH_US = 3600000000  # the longest the core lets its supervisor be away, GUARD-3
_RETRY_US = 60000000  # a memory that failed is tried again
_DAY_US = 86400000000
_ID = {message.name: message.id for message in protocol.MESSAGES}
_LIMIT_NAMES = tuple(field.name for field in protocol.NEW_LIMITS)
_HARD_LIMITS = tuple(field.high for field in protocol.NEW_LIMITS)
# The state a refused request found the pump in.
_STATES = {
    code.E_SUSPENDED: protocol.STATE_SUSPENDED,
    code.E_RUNNING: protocol.STATE_RUNNING,
    code.E_FAULT: protocol.STATE_FAULT,
}


class Pump:
    """One pump.

    `core` is a dosecore.Core just made, `clock` a Clock, `stepper`, `stroke_sensor` and `pressure_sensor` the drivers,
    `identity` the fixed fields of the hello reply, `memory` a Memory that has not been opened yet, `wall` the
    WallClock, `advance(us)` the board's function that moves its counter on, `watch` a Watch over the catheter (None:
    this board brings no readings for one). Times are µs, doses mU, rates mU/h.
    """

    def __init__(
        self, core, clock, stepper, stroke_sensor, pressure_sensor, identity, memory, wall, advance, watch=None
    ):
        self._core = core
        self._clock = clock
        self._stepper = stepper
        self._stroke_sensor = stroke_sensor
        self._pressure_sensor = pressure_sensor
        self._told_us = 0  # when running deliveries were last put into the log
        self._identity = identity
        self._memory = memory
        self._wall = wall
        self._watch = watch
        self.on_diagnosis = None  # told of every finding, after the pump has acted on it
        if watch is not None:
            watch.on_diagnosis = self._diagnosed
        self._stroke_uu = identity["stroke_uu"]
        self._deliveries = Deliveries(core, self._note_end)
        memory.open(self._deliveries, advance)
        self._round_us = clock.now_us() + WATCH_US  # when it looks around next
        max_basal_mu_per_h, *caps = core.limits()
        self._limits = (max_basal_mu_per_h,) + tuple(self._mu(strokes) for strokes in caps)
        self._bolus_id = memory.record.bolus_id
        state = core.state()
        self._strokes = state[code.GUARD_COMMANDED]  # that are over
        if not memory.usable:
            core.suspend(clock.now_us())  # intact state or none: GUARD-3
        elif not state[code.SUSPENDED]:
            self._deliveries.basal_started(clock.now_us(), state[code.RATE_MU_PER_H])
        if not wall.known:
            memory.note(protocol.CATEGORY_ALARM, protocol.EVENT_CLOCK_LOST)
        self._store()

    def handle(self, happened):
        """Take in what idle() returned (bits of firmware.events), except bytes for the link."""
        if happened & event.STROKE:
            self._strokes += 1
            if self._deliveries.stroke_ended():
                self._store()
            elif self._memory.stroke(self._strokes + 1):
                self._core.permit(self._strokes + 1)
            else:
                self._stop_for_memory()
        if self._watch is not None:
            if happened & event.STROKE:
                self._watch.stroke(self._clock.now_us(), self._core.next_us())
            elif happened & event.TIME:
                self._watch.time(self._clock.now_us())
        if happened & event.TIME and self._clock.now_us() >= self._round_us:
            self._look_around()
        if happened & event.WITHHELD:
            self._deliveries.bolus_ended()
            self._store()
        if happened & event.FAULT:
            self._stepper.stop()
            self._deliveries.bolus_ended()
            fault = self._core.state()[code.GUARD_FAULT]
            self._memory.note(protocol.CATEGORY_MALFUNCTION, protocol.EVENT_FAULT, fault)
            self._store()

    @property
    def deadline_us(self):
        """When the pump itself wants to be woken."""
        if self._watch is None:
            return self._round_us
        return self._watch.wake_us(self._clock.now_us(), self._round_us)

    def _diagnosed(self, found):
        """A finding that asks for it suspends delivery; only a person resumes it (ALARM-2)."""
        now_us = self._clock.now_us()
        if found.code in finding.SUSPENDS and self._core.suspend(now_us) == code.OK:
            self._deliveries.basal_ended(now_us, protocol.REASON_SUSPENDED)
            self._deliveries.bolus_ended()
        fields = self.diagnosis()
        values = (found.strokes,) + tuple(fields[name] for name in ("missed_mu", "stored_mu", "released_mu"))
        self._memory.note(protocol.CATEGORY_ALARM, protocol.EVENT_DIAGNOSIS, found.code, 0, values)
        self._store()
        if self.on_diagnosis is not None:
            self.on_diagnosis(found)

    def diagnosis(self):
        """The read_diagnosis reply's fields: the finding that stands."""
        return report(self._watch, self._identity["concentration_u_per_ml"])

    def _store(self):
        """Make true what has happened; only then may the next stroke come. STORE-1."""
        if self._memory.store(self._deliveries, self._strokes + 1):
            self._core.permit(self._strokes + 1)  # refused while that stroke is in progress: it has its permit
        elif self._memory.usable or self._memory.state == protocol.MEMORY_WRITE_FAILED:
            self._stop_for_memory()

    def _stop_for_memory(self):
        """The memory takes no record. Without one there is no permit; what waits must not burst out when there is."""
        now_us = self._clock.now_us()
        if self._core.suspend(now_us) == code.OK:
            self._deliveries.basal_ended(now_us, protocol.REASON_FAULT)
            self._deliveries.bolus_ended()
        self._round_us = now_us + _RETRY_US

    def _look_around(self):
        now_us = self._clock.now_us()
        known = self._wall.known
        self._round_us = now_us + WATCH_US
        if known and not self._wall.look():
            self._memory.note(protocol.CATEGORY_ALARM, protocol.EVENT_CLOCK_LOST)
            self._store()
        if self._memory.state == protocol.MEMORY_WRITE_FAILED:
            self._store()
        elif now_us - self._told_us >= _DAY_US:
            self._told_us = now_us
            for delivery in self._deliveries.running():
                if delivery is not None:
                    self._note_delivery(protocol.EVENT_DELIVERY_SO_FAR, delivery)
            self._store()

    def _note_end(self, delivery):
        self._note_delivery(protocol.EVENT_DELIVERY_ENDED, delivery)

    def _note_delivery(self, what, delivery):
        fields = delivery.as_record(self._clock.now_us())
        values = (fields["id"], fields["programmed_mu"], fields["delivered_strokes"], fields["abandoned_strokes"])
        self._memory.note(protocol.CATEGORY_DELIVERY, what, fields["kind"], fields["reason"], values)

    def _accepted(self, message_id, *values):
        """A command was carried out: log it and store what it has led to."""
        self._memory.note(protocol.CATEGORY_COMMAND, protocol.EVENT_ACCEPTED, message_id, 0, values)
        self._store()
        if not self._memory.usable:
            raise Refused(protocol.MEMORY_FAILED)

    def refused(self, message_id, refusal_code, value):
        """A command was refused: into the log."""
        values = (min(abs(value), 0xFFFFFFFF),)
        self._memory.note(protocol.CATEGORY_COMMAND, protocol.EVENT_REFUSED, message_id, refusal_code, values)
        self._store()

    def connected(self, schema_agreed):
        """A programmer has said hello."""
        self._memory.note(protocol.CATEGORY_CONNECTIVITY, protocol.EVENT_CONNECTED, 1 if schema_agreed else 0)
        self._store()

    def set_basal(self, rate_mu_per_h):
        """(time of effect, rate before). Refused: above the clinician's limit, fault."""
        self._need_memory()
        now_us = self._clock.now_us()
        state = self._core.state()
        self._accept(self._core.set_basal(now_us, rate_mu_per_h), "rate_mu_per_h", rate_mu_per_h)
        if not state[code.SUSPENDED]:
            self._deliveries.basal_ended(now_us, protocol.REASON_SUPERSEDED)
            self._deliveries.basal_started(now_us, rate_mu_per_h)
        self._memory.record.rate_to_return_to = NO_RATE
        self._accepted(_ID["set_basal"], rate_mu_per_h)
        return now_us, state[code.RATE_MU_PER_H]

    def bolus(self, volume_mu):
        """(time of effect, delivery number, strokes). `volume_mu` is whole strokes."""
        self._need_memory()
        now_us = self._clock.now_us()
        strokes = volume_mu * 1000 // self._stroke_uu
        self._accept(self._core.bolus(now_us, strokes), "volume_mu", volume_mu)
        self._bolus_id = self._deliveries.bolus_started(now_us, volume_mu)
        self._accepted(_ID["bolus"], self._bolus_id, volume_mu)
        return now_us, self._bolus_id, strokes

    def cancel_bolus(self):
        """(time of effect, delivery number, programmed, confirmed so far). A stroke in progress is completed."""
        now_us = self._clock.now_us()
        self._accept(self._core.cancel_bolus(now_us))
        state = self._core.state()
        self._deliveries.bolus_ended()
        self._accepted(_ID["cancel_bolus"], self._bolus_id)
        return now_us, self._bolus_id, self._mu(state[code.NORMAL_PROGRAMMED]), self._mu(state[code.NORMAL_DELIVERED])

    def suspend(self):
        """(time of effect, whole strokes given up)."""
        now_us = self._clock.now_us()
        before = _abandoned(self._core.state())
        self._accept(self._core.suspend(now_us))
        self._deliveries.basal_ended(now_us, protocol.REASON_SUSPENDED)
        self._deliveries.bolus_ended()
        self._accepted(_ID["suspend"])
        return now_us, _abandoned(self._core.state()) - before

    def resume(self):
        """(time of effect, basal rate from now on)."""
        self._need_memory()
        now_us = self._clock.now_us()
        self._accept(self._core.resume(now_us))
        if self._watch is not None:
            self._watch.start(now_us)
        rate_mu_per_h = self._core.state()[code.RATE_MU_PER_H]
        self._deliveries.basal_started(now_us, rate_mu_per_h)
        self._accepted(_ID["resume"], rate_mu_per_h)
        return now_us, rate_mu_per_h

    def set_limits(self, max_basal_mu_per_h, max_bolus_mu, max_hour_mu, max_day_mu):
        """(time of effect, the four limits before)."""
        self._need_memory()
        limits = (max_basal_mu_per_h, max_bolus_mu, max_hour_mu, max_day_mu)
        result, refused = self._core.set_limits(*limits)
        if result == code.E_MAX_BASAL:
            rate_mu_per_h = self._core.state()[code.RATE_MU_PER_H]
            raise Refused(protocol.OUT_OF_RANGE, "max_basal_mu_per_h", max_basal_mu_per_h, rate_mu_per_h)
        if result != code.OK:
            place = refused - 1
            raise Refused(protocol.HARD_LIMIT, _LIMIT_NAMES[place], limits[place], _HARD_LIMITS[place])
        old, self._limits = self._limits, limits
        self._accepted(_ID["set_limits"], *limits)
        return self._clock.now_us(), old

    def set_time(self, utc_s):
        """(time of effect, clock before). Basal goes back to the rate that was programmed before the clock was lost."""
        now_us = self._clock.now_us()
        old_s = self._wall.utc_s(now_us)
        self._wall.set(utc_s)
        self._memory.note(protocol.CATEGORY_COMMAND, protocol.EVENT_CLOCK_SET, 0, 0, (old_s, utc_s))
        rate_mu_per_h, self._memory.record.rate_to_return_to = self._memory.record.rate_to_return_to, NO_RATE
        if rate_mu_per_h not in (NO_RATE, self._core.state()[code.RATE_MU_PER_H]):
            self.set_basal(rate_mu_per_h)
        self._accepted(_ID["set_time"], utc_s)
        return now_us, old_s

    def initialise_memory(self):
        """Time of effect. Refused while what is stored can be believed."""
        if self._memory.state != protocol.MEMORY_DAMAGED:
            raise Refused(protocol.MEMORY_GOOD)
        try:
            self._memory.initialise(self._deliveries)
        except FirmwareError:
            raise Refused(protocol.MEMORY_FAILED)
        self._accepted(_ID["initialise_memory"])
        return self._clock.now_us()

    def events(self, since_number, max_count):
        """(oldest number held, newest, events above `since_number`), as the read_log reply has them."""
        log = self._memory.log
        oldest, newest = log.oldest, log.next_number - 1
        first = max(oldest, since_number + 1)
        return oldest, newest, [_event(log, number) for number in range(first, min(newest, first + max_count - 1) + 1)]

    def deliveries(self, since_id, max_count):
        """(oldest number held, newest, records above `since_id`)."""
        return self._deliveries.read(self._clock.now_us(), since_id, max_count)

    def identity(self):
        """The hello reply's fields about this device."""
        values = dict(self._identity)
        values["now_us"] = self._clock.now_us()
        return values

    def status(self):
        """The status reply's fields, all of one instant."""
        now_us = self._clock.now_us()
        core = self._core
        state = core.state()
        fault = state[code.GUARD_FAULT]
        pump_state = protocol.STATE_FAULT if fault else protocol.STATE_RUNNING
        if not fault and state[code.SUSPENDED]:
            pump_state = protocol.STATE_SUSPENDED
        next_us = core.next_us()
        standing = self.diagnosis()
        remaining = state[code.NORMAL_PROGRAMMED] - state[code.NORMAL_COMMANDED] - state[code.NORMAL_ABANDONED]
        return {
            "now_us": now_us,
            "state": pump_state,
            "fault": fault,
            "basal_rate_mu_per_h": state[code.RATE_MU_PER_H],
            "bolus_id": self._bolus_id,
            "bolus_programmed_mu": self._mu(state[code.NORMAL_PROGRAMMED]),
            "bolus_commanded_mu": self._mu(state[code.NORMAL_COMMANDED]),
            "bolus_delivered_mu": self._mu(state[code.NORMAL_DELIVERED]),
            "bolus_remaining_mu": self._mu(remaining),
            "strokes_commanded": state[code.GUARD_COMMANDED],
            "strokes_delivered": self._stroke_sensor.strokes(),
            "strokes_abandoned": _abandoned(state),
            "hour_mu": self._used_mu(code.HOUR),
            "day_mu": self._used_mu(code.DAY),
            "pressure_pa": self._pressure_sensor.read_pa(),
            "diagnosis": standing["diagnosis"],
            "missed_mu": standing["missed_mu"],
            "released_mu": standing["released_mu"],
            "next_due_us": protocol.NEVER_US if next_us < 0 else next_us,
            "utc_s": self._wall.utc_s(now_us),
            "memory": self._memory.state,
            "resets": self._memory.record.resets,
            "newest_event": self._memory.log.next_number - 1,
            "max_basal_mu_per_h": self._limits[0],
            "max_bolus_mu": self._limits[1],
            "max_hour_mu": self._limits[2],
            "max_day_mu": self._limits[3],
        }

    def _need_memory(self):
        if not self._memory.usable:
            raise Refused(protocol.MEMORY_FAILED)

    def _used_mu(self, window):
        return self._mu(self._core.used(self._clock.now_us(), window))

    def _mu(self, strokes):
        return strokes * self._stroke_uu // 1000

    def _accept(self, result, field_name=None, value=0):
        """Raise the refusal that a core result stands for; OK passes."""
        if result == code.OK:
            return
        max_basal_mu_per_h, max_bolus_mu, max_hour_mu, max_day_mu = self._limits
        if result == code.E_MAX_BASAL:
            raise Refused(protocol.CLINICIAN_LIMIT, field_name, value, max_basal_mu_per_h)
        if result == code.E_MAX_BOLUS:
            raise Refused(protocol.CLINICIAN_LIMIT, field_name, value, max_bolus_mu)
        if result == code.E_HOUR_CAP:
            raise Refused(protocol.HOUR_LIMIT, field_name, value + self._used_mu(code.HOUR), max_hour_mu)
        if result == code.E_DAY_CAP:
            raise Refused(protocol.DAY_LIMIT, field_name, value + self._used_mu(code.DAY), max_day_mu)
        if result == code.E_BUSY:
            raise Refused(protocol.BOLUS_ACTIVE, field_name, value)
        if result == code.E_NO_BOLUS:
            raise Refused(protocol.NO_BOLUS_ACTIVE)
        if result in _STATES:
            raise Refused(protocol.WRONG_STATE, None, _STATES[result])
        raise FirmwareError("the dose core answered %d" % result)


def _event(log, number):
    time_s, category, what, detail, reason, a, b, c, d = log.read(number)
    return {
        "number": number,
        "time_s": time_s,
        "clock_known": not category & NO_CLOCK,
        "category": category & ~NO_CLOCK,
        "event": what,
        "detail": detail,
        "reason": reason,
        "a": a,
        "b": b,
        "c": c,
        "d": d,
    }


def _abandoned(state):
    return (
        state[code.BASAL_ABANDONED]
        + state[code.TEMP_ABANDONED]
        + state[code.NORMAL_ABANDONED]
        + state[code.SQUARE_ABANDONED]
    )

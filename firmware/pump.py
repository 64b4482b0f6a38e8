"""The pump: dose core, drivers and records put together, as the programmer sees them.

Therapy proposes, the core disposes: every request goes to the core, whose refusal is passed on with the limit it names.

Implements: DOSE-3, DOSE-5, GUARD-1, GUARD-3
"""

from firmware import dose_codes as code
from firmware import events as event
from firmware import protocol
from firmware.deliveries import Deliveries
from firmware.errors import FirmwareError, Refused

FIRMWARE_VERSION = "0.1.0"
WATCH_US = 3600000000  # the longest the core lets its supervisor be away, GUARD-3
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
    `identity` the fixed fields of the hello reply. Times are µs, doses mU, rates mU/h.
    """

    def __init__(self, core, clock, stepper, stroke_sensor, pressure_sensor, identity):
        self.deadline_us = clock.now_us() + WATCH_US  # when the pump itself wants to be woken
        self._core = core
        self._clock = clock
        self._stepper = stepper
        self._stroke_sensor = stroke_sensor
        self._pressure_sensor = pressure_sensor
        self._identity = identity
        self._stroke_uu = identity["stroke_uu"]
        max_basal_mu_per_h, *caps = core.limits()
        self._limits = (max_basal_mu_per_h,) + tuple(self._mu(strokes) for strokes in caps)
        self._deliveries = Deliveries(core)
        self._deliveries.basal_started(clock.now_us(), 0)
        self._bolus_id = 0
        self._strokes = 0
        core.permit(1)

    def handle(self, happened):
        """Take in what idle() returned (bits of firmware.events), except bytes for the link."""
        if happened & event.TIME:
            self.deadline_us = self._clock.now_us() + WATCH_US
        if happened & event.STROKE:
            # The record "n completed, n + 1 permitted" goes to memory here, before the permit: STORE-1.
            self._strokes += 1
            self._core.permit(self._strokes + 1)
            self._deliveries.stroke_ended()
        if happened & event.WITHHELD:
            self._deliveries.bolus_ended()
        if happened & event.FAULT:
            self._stepper.stop()
            self._deliveries.bolus_ended()

    def set_basal(self, rate_mu_per_h):
        """(time of effect, rate before). Refused: above the clinician's limit, fault."""
        now_us = self._clock.now_us()
        state = self._core.state()
        self._accept(self._core.set_basal(now_us, rate_mu_per_h), "rate_mu_per_h", rate_mu_per_h)
        if not state[code.SUSPENDED]:
            self._deliveries.basal_ended(now_us, protocol.REASON_SUPERSEDED)
            self._deliveries.basal_started(now_us, rate_mu_per_h)
        return now_us, state[code.RATE_MU_PER_H]

    def bolus(self, volume_mu):
        """(time of effect, delivery number, strokes). `volume_mu` is whole strokes."""
        now_us = self._clock.now_us()
        strokes = volume_mu * 1000 // self._stroke_uu
        self._accept(self._core.bolus(now_us, strokes), "volume_mu", volume_mu)
        self._bolus_id = self._deliveries.bolus_started(now_us, volume_mu)
        return now_us, self._bolus_id, strokes

    def cancel_bolus(self):
        """(time of effect, delivery number, programmed, confirmed so far). A stroke in progress is completed."""
        now_us = self._clock.now_us()
        self._accept(self._core.cancel_bolus(now_us))
        state = self._core.state()
        self._deliveries.bolus_ended()
        return now_us, self._bolus_id, self._mu(state[code.NORMAL_PROGRAMMED]), self._mu(state[code.NORMAL_DELIVERED])

    def suspend(self):
        """(time of effect, whole strokes given up)."""
        now_us = self._clock.now_us()
        before = _abandoned(self._core.state())
        self._accept(self._core.suspend(now_us))
        self._deliveries.basal_ended(now_us, protocol.REASON_SUSPENDED)
        self._deliveries.bolus_ended()
        return now_us, _abandoned(self._core.state()) - before

    def resume(self):
        """(time of effect, basal rate from now on)."""
        now_us = self._clock.now_us()
        self._accept(self._core.resume(now_us))
        rate_mu_per_h = self._core.state()[code.RATE_MU_PER_H]
        self._deliveries.basal_started(now_us, rate_mu_per_h)
        return now_us, rate_mu_per_h

    def set_limits(self, max_basal_mu_per_h, max_bolus_mu, max_hour_mu, max_day_mu):
        """(time of effect, the four limits before)."""
        limits = (max_basal_mu_per_h, max_bolus_mu, max_hour_mu, max_day_mu)
        result, refused = self._core.set_limits(*limits)
        if result == code.E_MAX_BASAL:
            rate_mu_per_h = self._core.state()[code.RATE_MU_PER_H]
            raise Refused(protocol.OUT_OF_RANGE, "max_basal_mu_per_h", max_basal_mu_per_h, rate_mu_per_h)
        if result != code.OK:
            place = refused - 1
            raise Refused(protocol.HARD_LIMIT, _LIMIT_NAMES[place], limits[place], _HARD_LIMITS[place])
        old, self._limits = self._limits, limits
        return self._clock.now_us(), old

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
            "next_due_us": protocol.NEVER_US if next_us < 0 else next_us,
            "max_basal_mu_per_h": self._limits[0],
            "max_bolus_mu": self._limits[1],
            "max_hour_mu": self._limits[2],
            "max_day_mu": self._limits[3],
        }

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


def _abandoned(state):
    return (
        state[code.BASAL_ABANDONED]
        + state[code.TEMP_ABANDONED]
        + state[code.NORMAL_ABANDONED]
        + state[code.SQUARE_ABANDONED]
    )

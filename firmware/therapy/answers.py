"""The dose core's answers to orders, translated into the refusals of the programmer link, each with its limit."""

from firmware import dose_codes as code
from firmware import protocol
from firmware.errors import FirmwareError, Refused

US_PER_MIN = 60000000
# The state a refused request found the pump in.
_STATES = {
    code.E_SUSPENDED: protocol.STATE_STOPPED,
    code.E_RUNNING: protocol.STATE_RUNNING,
    code.E_FAULT: protocol.STATE_FAULT,
}
_PLAIN = {
    code.E_BUSY: protocol.BOLUS_ACTIVE,
    code.E_NO_BOLUS: protocol.NO_BOLUS_ACTIVE,
    code.E_NO_TEMP: protocol.NO_TEMP_ACTIVE,
    code.E_RANGE: protocol.OUT_OF_RANGE,
}


class Answers:
    """Translates the answers of `core`, whose strokes are of `stroke_uu` µU."""

    def __init__(self, core, clock, stroke_uu):
        self._core = core
        self._clock = clock
        self._stroke_uu = stroke_uu

    def need(self, result, field_name=None, value=0):
        """Raise the refusal that a core result stands for; do nothing for OK. `value` is the field's, mU or mU/h.

        Raises FirmwareError for a result that no order should get.
        """
        if result == code.OK:
            return
        if result in _STATES:
            raise Refused(protocol.WRONG_STATE, None, _STATES[result])
        if result in _PLAIN:
            raise Refused(_PLAIN[result], field_name, value)
        max_basal_mu_per_h, bolus, hour, day = self._core.limits()
        if result == code.E_MAX_BASAL:
            raise Refused(protocol.CLINICIAN_LIMIT, field_name, value, max_basal_mu_per_h)
        if result == code.E_MAX_BOLUS:
            raise Refused(protocol.CLINICIAN_LIMIT, field_name, value, self.mu(bolus))
        if result == code.E_HOUR_CAP:
            raise Refused(protocol.HOUR_LIMIT, field_name, value + self.used_mu(code.HOUR), self.mu(hour))
        if result == code.E_DAY_CAP:
            raise Refused(protocol.DAY_LIMIT, field_name, value + self.used_mu(code.DAY), self.mu(day))
        raise FirmwareError("the dose core answered %d" % result)

    def caps(self, now_us, strokes):
        """What the guard answers to so many strokes at once: OK, or the limit that is in the way."""
        _, bolus, hour, day = self._core.limits()
        if strokes > bolus:
            return code.E_MAX_BOLUS
        if self._core.used(now_us, code.HOUR) + strokes > hour:
            return code.E_HOUR_CAP
        return code.E_DAY_CAP if self._core.used(now_us, code.DAY) + strokes > day else code.OK

    def allow(self, field_name, rate_mu_per_h):
        """Raise Refused if a basal rate is above the clinician's limit."""
        limit_mu_per_h = self._core.limits()[0]
        if rate_mu_per_h > limit_mu_per_h:
            raise Refused(protocol.CLINICIAN_LIMIT, field_name, rate_mu_per_h, limit_mu_per_h)

    def strokes(self, field_name, volume_mu):
        """The number of strokes in `volume_mu`; raises Refused unless it is whole."""
        if volume_mu * 1000 % self._stroke_uu:
            raise Refused(protocol.NOT_WHOLE_STROKES, field_name, volume_mu, smallest_dose_mu(self._stroke_uu))
        return volume_mu * 1000 // self._stroke_uu

    def whole_strokes(self, volume_mu):
        """The number of whole strokes in `volume_mu`, rounded down."""
        return volume_mu * 1000 // self._stroke_uu

    def mu(self, strokes):
        """Insulin in `strokes` strokes, mU."""
        return strokes * self._stroke_uu // 1000

    def used_mu(self, window):
        """Insulin of the last hour or day, mU."""
        return self.mu(self._core.used(self._clock.now_us(), window))

    def part(self, prefix, part, ran=True):
        """programmed_mu and delivered_mu of a part of the bolus, for a reply; 0 unless it `ran`."""
        place = (code.NORMAL_PROGRAMMED, code.SQUARE_PROGRAMMED)[part]
        state = self._core.state()
        programmed, delivered = (state[place], state[place + 2]) if ran else (0, 0)
        return {prefix + "programmed_mu": self.mu(programmed), prefix + "delivered_mu": self.mu(delivered)}


def cut_by(window):
    """The place in protocol.CUTS of a cap's window: HOUR, DAY or None."""
    return 0 if window is None else 1 + window


def smallest_dose_mu(stroke_uu):
    """The smallest dose in whole mU and whole strokes: 200 for 200000 µU, 25 for 12500 µU."""
    dose_uu = stroke_uu
    while dose_uu % 1000:
        dose_uu += stroke_uu
    return dose_uu // 1000


def abandoned(state):
    """Abandoned strokes of all kinds, of a core in `state`."""
    return (
        state[code.BASAL_ABANDONED]
        + state[code.TEMP_ABANDONED]
        + state[code.NORMAL_ABANDONED]
        + state[code.SQUARE_ABANDONED]
    )

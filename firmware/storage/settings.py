"""The settings record: what a clinician has set and no stroke changes. It is written rarely, in two copies.

Implements: THER-1, THER-4, STORE-1
"""

import struct
from array import array
from binascii import crc32

from firmware.compat import const
from firmware.protocol import HALF_HOURS, PATTERNS
from firmware.protocol.bounded import pack_into

_RATES = HALF_HOURS * len(PATTERNS)
_RATES_FORMAT = "<%dH" % _RATES
_RATES_BYTES = const(384)
RATE_STEP_MU_PER_H = const(50)
PRESET_MU_PER_H = const(200)  # every half-hour of a new pump's patterns

# Name, code in the record, value of a new pump. Reservoir: low and empty are the implant's (MiniMed 2007D physician
# manual, p. 81), stop is THER-4's. 45 days at 37 °C are the in-use life by the label of Insuman Implantable 400 IU/ml;
# 90 days, the most that can be set, are the implant's longest refill interval (the same page).
_VALUES = (
    ("suspend_rate_mu_per_h", "I", 200),
    ("auto_off_min", "I", 0),
    ("utc_offset_min", "i", 0),
    ("reservoir_low_mu", "I", 800000),
    ("reservoir_empty_mu", "I", 400000),
    ("reservoir_stop_mu", "I", 200000),
    ("in_use_days", "I", 45),
    ("stroke_tone", "B", 0),
    ("refills", "I", 0),
    ("filled_nl", "I", 0),  # content after the latest refill
    ("filled_reading_nl", "I", 0),  # half-width of its reading uncertainty
    ("filled_by_weight_nl", "I", 0),  # the part of it that was weighed
    ("filled_strokes", "I", 0),  # strokes started by then
    ("filled_utc_s", "I", 0),
    ("filled_us", "Q", 0),  # device time then
)
_NAMES = tuple([name for name, _, _ in _VALUES])
_FORMAT = "<" + "".join([code for _, code, _ in _VALUES])
PAYLOAD_BYTES = const(384 + 64)


class Settings:
    """A view of a settings record's payload: values as attributes, the four patterns' rates in mU/h by method.

    A new object holds a new pump's settings. read() takes everything from the payload, write() puts it there.
    """

    def __init__(self, payload):
        self._payload = payload
        self.forget()

    def forget(self):
        """Reset everything to a new pump's settings."""
        self._steps = array("H", [PRESET_MU_PER_H // RATE_STEP_MU_PER_H] * _RATES)
        for name, _, value in _VALUES:
            setattr(self, name, value)

    def rate(self, pattern, half_hour):
        """mU/h of this half-hour."""
        return self._steps[pattern * HALF_HOURS + half_hour] * RATE_STEP_MU_PER_H

    def rates(self, pattern):
        """The 48 rates of a pattern, mU/h."""
        first = pattern * HALF_HOURS
        return [steps * RATE_STEP_MU_PER_H for steps in self._steps[first : first + HALF_HOURS]]

    def set_rates(self, pattern, rates):
        """Replace the 48 rates, mU/h, all of them multiples of 50."""
        first = pattern * HALF_HOURS
        for place, rate in enumerate(rates):
            self._steps[first + place] = rate // RATE_STEP_MU_PER_H

    def read(self):
        """Take all from the payload."""
        self._steps = array("H", struct.unpack_from(_RATES_FORMAT, self._payload, 0))
        for name, value in zip(_NAMES, struct.unpack_from(_FORMAT, self._payload, _RATES_BYTES)):
            setattr(self, name, value)

    def write(self):
        """Put all into the payload."""
        struct.pack_into(_RATES_FORMAT, self._payload, 0, *self._steps)
        pack_into(_FORMAT, self._payload, _RATES_BYTES, *[getattr(self, name) for name in _NAMES])


def fingerprint(rates):
    """CRC-32 of 48 rates, so that the rates committed are those that were reviewed."""
    return crc32(struct.pack("<%dI" % len(rates), *rates))

"""The energy ledger: the charge that the battery has given, counted rather than measured.

A lithium thionyl chloride cell holds its voltage until shortly before its end, so its voltage says next to nothing
about the charge left. The ledger counts how often and how long things run and multiplies by the board's currents,
CURRENTS of its board.py in the order of FIGURES (docs/energy.md gives their sources). Only counts are kept, so nothing
is lost to rounding over the years; charge is computed on demand, in nAh. 1 nAh is 1 nA for 3.6·10⁹ µs.

Implements: PWR-1
"""

import struct

from firmware.compat import const, roomy
from firmware.protocol import bounded

# A board's figures in nA, µs and ns: the current drawn always; the additional currents while the processor runs, while
# the motor runs, while a tone sounds, while the link is in use, and while the memory is written to; the duration of a
# wake-up beyond the time passed to woke(), of a tone, and of a byte to the memory; and how long the link stays in use
# after its last byte.
FIGURES = (
    "idle_na", "run_na", "motor_na", "tone_na", "link_na", "memory_na",
    "wake_us", "tone_us", "byte_ns", "link_us",
)  # fmt: skip
_IDLE, _RUN, _MOTOR, _TONE, _LINK, _MEMORY, _WAKE_US, _TONE_US, _BYTE_NS, _LINK_US = range(10)

# PWR-1's cell, 2.0 Ah. It loses 1 % a year by itself (EEMB ER10450 datasheet, Li-SOCl2 bobbin cell, 3.9).
CAPACITY_NAH = const(2000000000)
SELF_DISCHARGE_PER_MILLE = const(10)
FED = const(0)  # the capacity of an externally powered board: everything is counted, and nothing runs down
_FOR_EVER_S = const(0xFFFFFFFF)
# Low: half a year is left, so that the replacement can be planned at the next refill, at most 90 days away, and made
# by the one after. Depleted: two weeks, the time within which the implant's manual wants a low reservoir attended to.
LOW_S = const(15552000)
DEPLETED_S = const(1209600)
# Below this voltage the cell is depleted whatever the count says: 2.0 V is its cut-off (the same datasheet, 3.7), and
# the memory needs 2.7 V (MB85RC256V datasheet).
DEPLETED_MV = const(2700)
LEVELS = ("good", "low", "depleted")
GOOD, LOW, DEPLETED = range(3)
CAUSES = ("idle", "run", "motor", "tone", "link", "memory", "self_discharge")

_NA_US_PER_NAH = 3600000000
_YEAR_US = 31557600000000
_DAY_US = 86400000000
_WEEK_US = 604800000000
_MARK_MAX_NAH = const(0xFFFFFFFF)  # the limit of its 32-bit field; twice the cell's capacity
# The mean current assumed until a day has been counted: PWR-1's eight years.
_DESIGN_NA = CAPACITY_NAH // 70128
_FORMAT = "<QQQQQIIIIQI"
STATE_BYTES = const(68)


class Energy:
    """The ledger of a board with `currents` (as FIGURES) and a battery of `capacity_nah`, or FED.

    The counts continue over resets by means of pack_into() and unpack().
    """

    def __init__(self, currents, capacity_nah=CAPACITY_NAH):
        self.elapsed_us = 0
        self.busy_us = 0
        self.motor_us = 0
        self.link_us = 0
        self.memory_bytes = 0
        self.wakes = 0
        self.strokes = 0
        self.tones = 0
        self.link_bytes = 0
        self._marked_us = 0
        self._marked_nah = 0
        self._week_na = 0  # the mean up to the latest mark; a reset forgets it
        self._link_until_us = 0
        self._currents = currents
        self._capacity_nah = capacity_nah
        roomy(self)

    def lived(self, us):
        """`us` µs have passed, power cuts not included."""
        self.elapsed_us += us
        if self._capacity_nah != FED and self.elapsed_us - self._marked_us >= _WEEK_US:
            used_nah = self.used_nah()
            self._week_na = self._since_mark_na(used_nah)
            self._marked_us = self.elapsed_us
            self._marked_nah = min(used_nah, _MARK_MAX_NAH)

    def woke(self, busy_us=0):
        """The processor woke up and ran for `busy_us`; 0 if that cannot be measured, where wake_us gives a mean."""
        self.wakes += 1
        if busy_us:
            self.busy_us += busy_us

    def stroke(self, burst_us):
        """The motor ran for one stroke, and the processor woke up for it."""
        self.wakes += 1
        self.strokes += 1
        self.motor_us += burst_us

    def linked(self, now_us, count):
        """The programmer link has carried `count` bytes; it stays in use for the board's link_us after them."""
        until_us = now_us + self._currents[_LINK_US]
        self.link_us += until_us - max(now_us, self._link_until_us)
        self._link_until_us = until_us
        self.link_bytes += count

    def toned(self, count=1):
        """The annunciator sounded."""
        self.tones += count

    def wrote(self, count):
        """`count` bytes went to the non-volatile memory."""
        self.memory_bytes += count

    def parts_nah(self):
        """The charge taken by each of CAUSES, nAh."""
        currents = self._currents
        return (
            currents[_IDLE] * self.elapsed_us // _NA_US_PER_NAH,
            currents[_RUN] * (self.busy_us + self.wakes * currents[_WAKE_US]) // _NA_US_PER_NAH,
            currents[_MOTOR] * self.motor_us // _NA_US_PER_NAH,
            currents[_TONE] * self.tones * currents[_TONE_US] // _NA_US_PER_NAH,
            currents[_LINK] * self.link_us // _NA_US_PER_NAH,
            currents[_MEMORY] * self.memory_bytes * currents[_BYTE_NS] // (1000 * _NA_US_PER_NAH),
            self._capacity_nah * SELF_DISCHARGE_PER_MILLE * self.elapsed_us // (1000 * _YEAR_US),
        )

    def used_nah(self):
        """The charge taken in all, nAh."""
        return sum(self.parts_nah())

    def left_nah(self):
        """The charge left in the battery, nAh, not below 0."""
        return max(0, self._capacity_nah - self.used_nah())

    def mean_na(self, used_nah=None):
        """The mean current used for the forecast, nA: that of the whole life or of the present week, whichever is more.

        The week's mean runs from its mark; on the day after a mark the previous week's is used. Pass `used_nah` if it
        is known.
        """
        used_nah = self.used_nah() if used_nah is None else used_nah
        mean_na = _DESIGN_NA
        if self.elapsed_us >= _DAY_US:
            mean_na = used_nah * _NA_US_PER_NAH // self.elapsed_us
        if self._marked_us:
            present = self.elapsed_us - self._marked_us >= _DAY_US
            mean_na = max(mean_na, self._since_mark_na(used_nah) if present else self._week_na)
        return max(1, mean_na)

    def _since_mark_na(self, used_nah):
        return (used_nah - self._marked_nah) * _NA_US_PER_NAH // (self.elapsed_us - self._marked_us)

    def left_s(self):
        """How long the battery lasts at the mean current, s."""
        if self._capacity_nah == FED:
            return _FOR_EVER_S
        used_nah = self.used_nah()  # computed once: its products are long integers
        return max(0, self._capacity_nah - used_nah) * 3600 // self.mean_na(used_nah)

    def level(self, voltage_mv=None):
        """GOOD, LOW or DEPLETED, by the charge left; a voltage under DEPLETED_MV overrules it."""
        left_s = self.left_s()
        if left_s <= DEPLETED_S or (voltage_mv is not None and voltage_mv < DEPLETED_MV):
            return DEPLETED
        return LOW if left_s <= LOW_S else GOOD

    def report(self, voltage_mv=None):
        """The status fields."""
        return {
            "battery_used_nah": self.used_nah(),
            "battery_left_nah": self.left_nah(),
            "battery_left_s": self.left_s(),
            "battery_mean_na": self.mean_na(),
            "battery_level": self.level(voltage_mv),
            "wakes": self.wakes,
        }

    def pack_into(self, buffer, at=0):
        """Put the counts into STATE_BYTES of `buffer`."""
        bounded.pack_into(
            _FORMAT, buffer, at, self.elapsed_us, self.busy_us, self.motor_us, self.link_us, self.memory_bytes,
            self.wakes, self.strokes, self.tones, self.link_bytes, self._marked_us, self._marked_nah,
        )  # fmt: skip

    def unpack(self, buffer, at=0):
        """Take them from there."""
        values = struct.unpack_from(_FORMAT, buffer, at)
        self.elapsed_us, self.busy_us, self.motor_us, self.link_us, self.memory_bytes = values[:5]
        self.wakes, self.strokes, self.tones, self.link_bytes, self._marked_us, self._marked_nah = values[5:]

"""A pump around the stroke timer's service (c_ext/board); its supervisor sleeps."""

import ctypes

LEAD_US = 450_000
AHEAD_US = 540
BURST_US = 102_000
NOTHING, START, READ, ENDED, HALT, QUIET = range(6)
T0 = 10_000_000


class Pump:
    """A pump whose supervisor sleeps; times are device time."""

    def __init__(self, library, lead_us=LEAD_US, stroke_nl=500, burst_us=BURST_US):
        self.shim = library
        self.lead_us = lead_us
        self.now_us = T0
        self.counts = 100  # what the next reading finds, one more for each
        self.read_us = []
        assert library.shim_begin(ctypes.c_uint64(T0), stroke_nl, burst_us, lead_us, AHEAD_US)
        assert self.turn() == QUIET, "whatever the annunciator did before, it is off"

    def _timed(self, name, *more):
        return getattr(self.shim, name)(ctypes.c_uint64(self.now_us), *more)

    def sleep(self, until_us=None):
        until_us = self.now_us + 3_600_000_000 if until_us is None else until_us
        return self._timed("shim_sleep", ctypes.c_uint64(until_us))

    def bolus(self, strokes):
        assert self._timed("shim_bolus", strokes) == 0

    def permit(self, stroke):
        assert self.shim.shim_permit(stroke)

    def turn(self, at_us=None):
        """The order of a turn, readings that it wants before given."""
        self.now_us = self.now_us if at_us is None else at_us
        while (order := self._timed("shim_turn")) == READ:
            self.read_us.append(self.now_us)
            self._timed("shim_reading", self.counts)
            self.counts += 1
        return order

    def wake(self):
        return self._timed("shim_wake")

    def seen_us(self, at_us=None):
        """What the supervisor's clock shows."""
        self.now_us = self.now_us if at_us is None else at_us
        return self._timed("shim_seen_us")

    @property
    def next_us(self):
        return self.shim.shim_next_us()

    @property
    def start_us(self):
        return self.shim.shim_start_us()

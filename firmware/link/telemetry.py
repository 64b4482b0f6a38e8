"""Telemetry: the pump's status, sent unsolicited at the interval and for the time that the programmer has named.

A frame is sent from the main loop when it is due, after everything else that is due; strokes are made by the core and
wait for nothing. If a frame is late, the next one keeps the full interval after it, so frames never pile up.

Implements: LOG-3
"""

from firmware import protocol
from firmware.compat import nobody, roomy
from firmware.protocol import NEVER_US, TELEMETRY_ID
from firmware.protocol.codec import NAME

_US_PER_S = 1000000


class Telemetry:
    """The stream of one pump: `clock` is the device's, `report()` gives the frame's fields.

    `send(message_id, payload)` and `counters` are the link's.
    """

    def __init__(self, clock, report):
        self.deadline_us = NEVER_US
        self.send = nobody
        self.counters = None
        self.worst_late_us = 0  # the supervisor's worst lateness since the reset
        self._clock = clock
        self._report = report
        self._interval_us = 0
        self._until_us = 0
        roomy(self)

    def woke(self, now_us, wanted_us):
        """The supervisor now handles what was due at `wanted_us`: note its lateness."""
        self.worst_late_us = max(self.worst_late_us, now_us - wanted_us)

    def telemetry(self, interval_s, for_s):
        """Start the stream, or end it with an interval of 0; the reply's fields."""
        now_us = self._clock.now_us()
        self._interval_us = interval_s * _US_PER_S
        self._until_us = now_us + for_s * _US_PER_S
        self.deadline_us = now_us + self._interval_us if interval_s else NEVER_US
        return {"until_us": self._until_us if interval_s else now_us}

    def time(self, now_us):
        """The next frame's time has come."""
        due_us = self.deadline_us
        self.deadline_us = now_us + self._interval_us
        if self.deadline_us > self._until_us:
            self.deadline_us = NEVER_US
        values = self._report()
        values["worst_late_us"] = min(self.worst_late_us, 0xFFFFFFFF)
        for field in protocol.COUNTERS:
            values[field[NAME]] = getattr(self.counters, field[NAME])
        self.send(TELEMETRY_ID, protocol.encode(protocol.TELEMETRY, values))
        self.woke(self._clock.now_us(), due_us)  # lateness counts to the end of the frame; the next frame reports it

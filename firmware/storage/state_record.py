"""The state record: everything that a pump must know after a reset, as bytes and back. Written after each stroke and at
each change: "n - 1 completed, n permitted", and all that goes with it.

    values | the dose core's state | starts of the strokes after the last full block of the history

Implements: STORE-1
"""

import struct

from firmware.compat import const
from firmware.storage import history

CORE_BYTES = const(485)  # STATE_BYTES of the dose core; a test compares
_COMMANDED_AT = const(33)  # in the core's state: how many strokes the guard has seen start; a test compares
_FORMAT = "<IIQIBBHIIIIQIIIIIQII"
_VALUES_BYTES = const(84)
_CORE_AT = _VALUES_BYTES
_OPEN_AT = _CORE_AT + CORE_BYTES
PAYLOAD_BYTES = _OPEN_AT + history.OPEN_BYTES
NO_RATE = const(0xFFFFFFFF)


class StateRecord:
    """A view of a record's payload: values as attributes, `core` and `open_part` as places in it.

    read() takes the values from the payload, write() puts them there. Times are µs of device time.
    """

    def __init__(self, payload):
        self._payload = payload
        self.core = payload[_CORE_AT:_OPEN_AT]
        self.open_part = payload[_OPEN_AT:PAYLOAD_BYTES]
        self.strokes = 0  # that have started
        self.permitted = 0  # the stroke that may come next, and perhaps has
        self.saved_us = 0  # device time
        self.saved_utc_s = 0  # and UTC then, 0 if the clock was lost
        self.clock_known = 0
        self.spare = 0
        self.resets = 0  # since the memory was initialised
        self.next_event = 0  # number of the event that comes next
        self.rate_to_return_to = NO_RATE  # basal once the time is set again; NO_RATE: the clock is not lost
        self.newest_delivery = 0  # number
        self.basal_id = 0  # the running stretch of basal; 0: none
        self.basal_start_us = 0
        self.basal_rate_mu_per_h = 0
        self.basal_commanded = 0  # of the core's ledger when it began
        self.basal_delivered = 0
        self.basal_abandoned = 0
        self.bolus_id = 0  # the latest bolus; 0: none yet
        self.bolus_start_us = 0
        self.bolus_programmed_mu = 0
        self.bolus_running = 0  # 1: it is being delivered

    def strokes_of_core(self):
        """Strokes that had started when `core` was saved."""
        return struct.unpack_from("<I", self.core, _COMMANDED_AT)[0]

    def read(self):
        """Take the values from the payload."""
        (
            self.strokes,
            self.permitted,
            self.saved_us,
            self.saved_utc_s,
            self.clock_known,
            self.spare,
            self.resets,
            self.next_event,
            self.rate_to_return_to,
            self.newest_delivery,
            self.basal_id,
            self.basal_start_us,
            self.basal_rate_mu_per_h,
            self.basal_commanded,
            self.basal_delivered,
            self.basal_abandoned,
            self.bolus_id,
            self.bolus_start_us,
            self.bolus_programmed_mu,
            self.bolus_running,
        ) = struct.unpack_from(_FORMAT, self._payload, 0)

    def write(self):
        """Put the values into the payload."""
        struct.pack_into(
            _FORMAT,
            self._payload,
            0,
            self.strokes,
            self.permitted,
            self.saved_us,
            self.saved_utc_s,
            self.clock_known,
            self.spare,
            self.resets,
            self.next_event,
            self.rate_to_return_to,
            self.newest_delivery,
            self.basal_id,
            self.basal_start_us,
            self.basal_rate_mu_per_h,
            self.basal_commanded,
            self.basal_delivered,
            self.basal_abandoned,
            self.bolus_id,
            self.bolus_start_us,
            self.bolus_programmed_mu,
            self.bolus_running,
        )

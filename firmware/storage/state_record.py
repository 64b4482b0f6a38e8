"""The state record: converts everything that a pump must know after a reset to bytes and back. It is written after each
stroke and at each change: "n - 1 completed, n permitted", and all that goes with it.

    values | the dose core's state | starts of the strokes after the last full block of the history

Implements: STORE-1
"""

import struct

from firmware.compat import const, roomy
from firmware.protocol.bounded import pack_into
from firmware.storage import stroke_starts

CORE_BYTES = const(485)  # STATE_BYTES of the dose core; a test compares
_COMMANDED_AT = const(33)  # in the core's state: how many strokes the guard has seen start; a test compares
_BOOKS_US_AT = const(221)  # also there: the time of its books; a test compares
_OF_CORE = "<I%dxQ" % (_BOOKS_US_AT - _COMMANDED_AT - 4)
_GREATEST = const(0xFFFFFFFF)
BOLUSES = ("normal", "square")  # the parts of a bolus, as prefixes below
PROCEDURE_BYTES = const(50)  # STATE_BYTES of firmware.therapy.course; a test compares

# The values that every stroke changes come first, so that a stroke writes only those. Times are µs of device time.
_OF_A_STROKE = (
    ("strokes", "I"),  # that have started
    ("permitted", "I"),  # the stroke that may come next, and perhaps has
    ("saved_us", "Q"),
    ("saved_utc_s", "I"),  # UTC then, 0 if the clock was lost
    ("contact_us", "Q"),  # when a person has last ordered something
)
_OTHERS = (
    ("clock_known", "B"),
    ("mode", "B"),  # firmware.protocol.STATES
    ("resets", "H"),  # since the memory was initialised
    ("next_event", "I"),  # number of the event that comes next
    ("settings", "I"),  # number of the settings record that goes with this
    ("command_id", "I"),  # of the latest order that was carried out
    ("alarms", "I"),  # bit n - 1: alarm n is latched
    ("withheld_told", "I"),  # strokes that caps took of which an alarm has told
    ("pattern", "B"),  # the one that runs, or MANUAL
    ("manual_mu_per_h", "I"),  # the rate set by hand
    ("recommended_mu_per_h", "I"),
    ("recommended_until_us", "Q"),  # 0: none
    ("edges_forgiven", "H"),  # strokes that the sensor missed, or saw too many: firmware/upkeep/edges.py
    ("edge_forgiven_us", "Q"),  # the latest, device time
    ("suspended_mu_per_h", "I"),  # what was in force when a person suspended
    ("suspended_percent", "B"),  # of what is programmed: the percentage that ran then, if it was less than all
    ("newest_delivery", "I"),  # number
    ("abandoned", "I"),  # strokes of boluses that have ended
    ("stretch_id", "I"),  # the running stretch of basal; 0: none
    ("stretch_kind", "B"),
    ("stretch_start_us", "Q"),
    ("stretch_rate_mu_per_h", "I"),
    ("stretch_since_us", "Q"),
    ("stretch_earned", "Q"),
    ("stretch_commanded", "I"),  # of the core's ledgers when it began
    ("stretch_delivered", "I"),
    ("stretch_abandoned", "I"),
) + tuple(
    [
        (part + name, code)
        for part in BOLUSES
        for name, code in (
            ("_id", "I"),  # the latest; 0: none yet
            ("_running", "B"),
            ("_kind", "B"),
            ("_start_us", "Q"),
            ("_programmed_mu", "I"),
        )
    ]
)
_STROKE_NAMES = tuple([name for name, _ in _OF_A_STROKE])
_STROKE_FORMAT = "<" + "".join([code for _, code in _OF_A_STROKE])
_OTHER_NAMES = tuple([name for name, _ in _OTHERS])
_OTHER_FORMAT = "<" + "".join([code for _, code in _OTHERS])
_OTHERS_AT = struct.calcsize(_STROKE_FORMAT)
_PROCEDURE_AT = _OTHERS_AT + struct.calcsize(_OTHER_FORMAT)
_CORE_AT = _PROCEDURE_AT + PROCEDURE_BYTES
_OPEN_AT = _CORE_AT + CORE_BYTES
PAYLOAD_BYTES = _OPEN_AT + stroke_starts.OPEN_BYTES
del _OTHERS  # half a kilobyte


class StateRecord:
    """A view of a record's payload: values as attributes, `core`, `procedure` and `open_part` as places in it.

    read() takes the values from the payload, write() puts them there.
    """

    command_before = 0  # what command_id was before the order that is being carried out; not stored

    def __init__(self, payload):
        self._payload = payload
        self.procedure = payload[_PROCEDURE_AT:_CORE_AT]
        self.core = payload[_CORE_AT:_OPEN_AT]
        self.open_part = payload[_OPEN_AT:PAYLOAD_BYTES]
        for name in _OTHER_NAMES:
            setattr(self, name, 0)
        self.strokes = 0
        self.permitted = 0
        self.saved_us = 0
        self.saved_utc_s = 0
        self.contact_us = 0
        self.next_event = 0
        self.settings = 0
        roomy(self)

    def of_core(self):
        """(strokes that had started when `core` was saved, time of its books in µs)."""
        return struct.unpack_from(_OF_CORE, self.core, _COMMANDED_AT)

    def read(self):
        """Take the values from the payload."""
        values = struct.unpack_from(_STROKE_FORMAT, self._payload, 0)
        values += struct.unpack_from(_OTHER_FORMAT, self._payload, _OTHERS_AT)
        for name, value in zip(_STROKE_NAMES + _OTHER_NAMES, values):
            setattr(self, name, value)

    def write(self):
        """Put the values into the payload."""
        self.write_stroke()
        values = [getattr(self, name) for name in _OTHER_NAMES]
        pack_into(_OTHER_FORMAT, self._payload, _OTHERS_AT, *values)

    def write_stroke(self):
        """Put the values that a stroke changes into the payload; the others are there from before."""
        # The stroke count is the core's, of 32 bits, and device time never fills 64, so only two values need clamping.
        # That is quicker than bounded.pack_into().
        permitted, utc_s = self.permitted, self.saved_utc_s
        if permitted > _GREATEST or utc_s > _GREATEST:
            permitted, utc_s = min(permitted, _GREATEST), min(utc_s, _GREATEST)
        struct.pack_into(
            _STROKE_FORMAT, self._payload, 0, self.strokes, permitted, self.saved_us, utc_s, self.contact_us
        )

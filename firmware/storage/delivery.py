"""One delivery: a part of a bolus, or a stretch of basal at one rate, with what was programmed and delivered.

Implements: DOSE-3
"""

import struct

from firmware import protocol
from firmware.protocol import bounded

# A record: its fields, and as bytes.
_FIELDS = (
    "id", "kind", "start_us", "end_us", "programmed_mu", "commanded_strokes", "delivered_strokes",
    "abandoned_strokes", "reason",
)  # fmt: skip
_PACKED = "<IBQQIIIIB"
_PACKED_BYTES = 38
_US_PER_H = 3600000000
_STRETCHES = (protocol.KIND_BASAL, protocol.KIND_TEMP_BASAL)


class Delivery:
    """One delivery; the counts are strokes. A stretch has a rate since `since_us`, and what it earned before that."""

    def __init__(self, number, kind, start_us, programmed_mu=0, rate_mu_per_h=0):
        self.id = number
        self.kind = kind
        self.start_us = start_us
        self.end_us = 0
        self.programmed_mu = programmed_mu
        self.rate_mu_per_h = rate_mu_per_h
        self.since_us = start_us
        self.earned = 0  # mU/h times µs
        self.commanded = 0
        self.delivered = 0
        self.abandoned = 0
        self.reason = protocol.REASON_RUNNING
        self.until_us = 0  # of a square bolus: when its last stroke is due
        self.capped = None  # the reason of the cap that has withheld one of its strokes
        self.cut_short = None  # the reason why it was ended early, known before its last stroke was over
        self.told = False  # its end is queued for the log, or in it

    def packed(self):
        """The record of a delivery that has ended, as bytes: a quarter of what the object takes of the heap."""
        record = bytearray(_PACKED_BYTES)
        bounded.pack_into(_PACKED, record, 0, *self._values(self.end_us))
        return bytes(record)

    def as_record(self, now_us):
        """The fields of a read_deliveries record."""
        return dict(zip(_FIELDS, self._values(now_us)))

    def _values(self, now_us):
        programmed_mu = self.programmed_mu
        if self.kind in _STRETCHES:
            earned = self.earned + self.rate_mu_per_h * ((self.end_us or now_us) - self.since_us)
            programmed_mu = earned // _US_PER_H
        return (
            (self.id, self.kind, self.start_us, self.end_us, programmed_mu, self.commanded, self.delivered)
            + (self.abandoned, self.reason)
        )  # fmt: skip


def number_of(delivery):
    """The number of a Delivery, or of one that is packed."""
    return delivery.id if isinstance(delivery, Delivery) else struct.unpack_from("<I", delivery)[0]


def record_of(delivery, now_us):
    """The fields of a read_deliveries record of a Delivery, or of one that is packed."""
    if isinstance(delivery, Delivery):
        return delivery.as_record(now_us)
    return dict(zip(_FIELDS, struct.unpack(_PACKED, delivery)))

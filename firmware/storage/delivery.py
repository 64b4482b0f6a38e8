"""One delivery: a part of a bolus, or a stretch of basal at one rate, with what was programmed and delivered.

Implements: DOSE-3
"""

from firmware import protocol

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

    def as_record(self, now_us):
        """The fields of a read_deliveries record."""
        programmed_mu = self.programmed_mu
        if self.kind in _STRETCHES:
            earned = self.earned + self.rate_mu_per_h * ((self.end_us or now_us) - self.since_us)
            programmed_mu = earned // _US_PER_H
        return {
            "id": self.id,
            "kind": self.kind,
            "start_us": self.start_us,
            "end_us": self.end_us,
            "programmed_mu": programmed_mu,
            "commanded_strokes": self.commanded,
            "delivered_strokes": self.delivered,
            "abandoned_strokes": self.abandoned,
            "reason": self.reason,
        }

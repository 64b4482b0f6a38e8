"""The record of deliveries: every bolus and every stretch of basal at one rate, with what was programmed and delivered.

A bounded list, oldest forgotten first. Numbers rise by one and are never reused, so a programmer that reads from the
last number it knows sees a gap if it has missed any.

Implements: DOSE-3
"""

from firmware import dose_codes as code
from firmware import protocol

_CAPACITY = 32
_US_PER_H = 3600000000
# How the core ends a bolus that a restart found running.
_CUT_SHORT = (protocol.REASON_CANCELLED, protocol.REASON_SUSPENDED)


def _number(delivery):
    return delivery.id


class Delivery:
    """One delivery; the counts are strokes."""

    def __init__(self, number, kind, start_us, programmed_mu, rate_mu_per_h=0):
        self.id = number
        self.kind = kind
        self.start_us = start_us
        self.end_us = 0
        self.programmed_mu = programmed_mu
        self.rate_mu_per_h = rate_mu_per_h
        self.commanded = 0
        self.delivered = 0
        self.abandoned = 0
        self.reason = protocol.REASON_RUNNING

    def as_record(self, now_us):
        """The fields of a read_deliveries record."""
        programmed_mu = self.programmed_mu
        if self.kind == protocol.KIND_BASAL:
            programmed_mu = self.rate_mu_per_h * ((self.end_us or now_us) - self.start_us) // _US_PER_H
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


class Deliveries:
    """Keeps the records in step with the core's ledgers.

    `core` is the dose core; `on_end(delivery)` is called with each that has ended. While the pump is not suspended one
    stretch of basal is always running, be its rate 0.
    """

    def __init__(self, core, on_end):
        self._core = core
        self._on_end = on_end
        self._records = []
        self._newest_id = 0
        self._basal = None
        self._basal_base = (0, 0, 0)  # commanded, delivered, abandoned of the core when the running stretch began
        self._late = None  # the stretch that ended while a stroke of its own was in progress
        self._bolus = None

    def basal_started(self, now_us, rate_mu_per_h):
        """A stretch of basal at `rate_mu_per_h` begins."""
        state = self._core.state()
        self._basal_base = (state[code.BASAL_COMMANDED], state[code.BASAL_DELIVERED], state[code.BASAL_ABANDONED])
        self._basal = self._append(protocol.KIND_BASAL, now_us, 0, rate_mu_per_h)

    def basal_ended(self, now_us, reason):
        """The running stretch of basal ends for `reason`."""
        self._refresh()
        ended, self._basal = self._basal, None
        if ended is not None:
            ended.end_us = now_us
            ended.reason = reason
            state = self._core.state()
            if state[code.IN_FLIGHT] and state[code.ARMED_KIND] == code.KIND_BASAL:
                self._late = ended
            self._on_end(ended)

    def bolus_started(self, now_us, programmed_mu):
        """A normal bolus begins; returns its number."""
        self._bolus = self._append(protocol.KIND_NORMAL_BOLUS, now_us, programmed_mu)
        return self._bolus.id

    def stroke_ended(self):
        """Called after every stroke; costs next to nothing unless something has ended with it, which it returns."""
        ended = False
        if self._late is not None:
            commanded, delivered, abandoned = self._basal_base
            if self._core.state()[code.BASAL_DELIVERED] > delivered:
                self._late.delivered += 1
                self._basal_base = (commanded, delivered + 1, abandoned)
            self._late = None
        if self._bolus is not None and not self._core.bolus_running():
            self.bolus_ended()
            ended = True
        return ended

    def bolus_ended(self, cut_short=()):
        """Close the bolus if the core has ended it; its last stroke may still be in progress, then this comes later.

        After a restart the core's reasons in `cut_short` stand for it.
        """
        if self._bolus is not None and not self._core.bolus_running():
            self._refresh()
            state = self._core.state()
            self._bolus.end_us = state[code.NORMAL_END_US]
            reason = state[code.NORMAL_REASON]
            self._bolus.reason = protocol.REASON_RESET if reason in cut_short else reason
            ended, self._bolus = self._bolus, None
            self._on_end(ended)

    def read(self, now_us, since_id, max_count):
        """(oldest number held, newest number, records above `since_id`, oldest first)."""
        self._refresh()
        records = [each.as_record(now_us) for each in self._records if each.id > since_id]
        oldest_id = self._records[0].id if self._records else 0
        return oldest_id, self._newest_id, records[:max_count]

    def running(self):
        """What is being delivered, its counts up to date: the stretch of basal, the bolus, or None for either."""
        self._refresh()
        return self._basal, self._bolus

    def describe(self, record):
        """Put what a restart needs into the state record (firmware/storage/state_record.py)."""
        record.newest_delivery = self._newest_id
        basal, bolus = self._basal, self._bolus
        record.basal_id = basal.id if basal else 0
        if basal:
            record.basal_start_us = basal.start_us
            record.basal_rate_mu_per_h = basal.rate_mu_per_h
            record.basal_commanded, record.basal_delivered, record.basal_abandoned = self._basal_base
        record.bolus_running = 1 if bolus else 0
        if bolus:
            record.bolus_id = bolus.id
            record.bolus_start_us = bolus.start_us
            record.bolus_programmed_mu = bolus.programmed_mu

    def restore(self, record, ended_us):
        """After a restart: what `record` says was running has ended at `ended_us`, with the core's counts."""
        self._newest_id = record.newest_delivery
        if record.basal_id:
            self._basal = Delivery(
                record.basal_id, protocol.KIND_BASAL, record.basal_start_us, 0, record.basal_rate_mu_per_h
            )
            self._records.append(self._basal)
            self._basal_base = (record.basal_commanded, record.basal_delivered, record.basal_abandoned)
            self.basal_ended(ended_us, protocol.REASON_RESET)
        if record.bolus_running:
            kind = protocol.KIND_NORMAL_BOLUS
            self._bolus = Delivery(record.bolus_id, kind, record.bolus_start_us, record.bolus_programmed_mu)
            self._records.append(self._bolus)
            self._records.sort(key=_number)
            self.bolus_ended(_CUT_SHORT)

    def _append(self, kind, start_us, programmed_mu, rate_mu_per_h=0):
        self._newest_id += 1
        record = Delivery(self._newest_id, kind, start_us, programmed_mu, rate_mu_per_h)
        self._records.append(record)
        if len(self._records) > _CAPACITY:
            self._records.pop(0)
        return record

    def _refresh(self):
        state = self._core.state()
        if self._basal is not None:
            commanded, delivered, abandoned = self._basal_base
            self._basal.commanded = state[code.BASAL_COMMANDED] - commanded
            self._basal.delivered = state[code.BASAL_DELIVERED] - delivered
            self._basal.abandoned = state[code.BASAL_ABANDONED] - abandoned
        if self._bolus is not None:
            self._bolus.commanded = state[code.NORMAL_COMMANDED]
            self._bolus.delivered = state[code.NORMAL_DELIVERED]
            self._bolus.abandoned = state[code.NORMAL_ABANDONED]

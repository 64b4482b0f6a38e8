"""The record of deliveries: every bolus and every stretch of basal at one rate, what was programmed and delivered.

The list is bounded; the oldest entry is dropped first. Numbers rise by one and are never reused, so a programmer that
reads from the last number it knows sees a gap if it has missed any. A dual bolus is two deliveries, one for each part.

Implements: DOSE-3, THER-2
"""

from firmware import dose_codes as code
from firmware import protocol
from firmware.compat import roomy
from firmware.storage.delivery import Delivery, number_of, record_of
from firmware.storage.ledgers import COUNTS, ENDS, IDS, NORMAL, SQUARE, basal_counts, in_force, over
from firmware.storage.running import add_unknown, put_bolus, put_stretch, take_bolus, take_stretch

_CAPACITY = 32
# The reasons that the core itself gives for a bolus or a temporary rate that was ended from outside.
_CUT_SHORT = (protocol.REASON_CANCELLED, protocol.REASON_SUSPENDED)


class Deliveries:
    """Keeps the records in step with the core's ledgers.

    `core` is the dose core; tell() calls `on_end(delivery)` once for each delivery that has ended; it returns whether
    the end is queued for the log. While the pump is not stopped one stretch of basal is always running, even at a rate
    of 0; a temporary basal is a stretch too.

    A failure at any line loses no end and reports none twice: changes that belong together are made in one step, and
    repeated steps are idempotent.
    """

    def __init__(self, core, on_end):
        self._core = core
        self._on_end = on_end
        self._records = []  # each a Delivery, or packed once it has ended
        self._newest_id = 0
        self._stretch = None
        # Commanded, delivered, abandoned of both basal ledgers when the stretch before this one ended: what starts
        # between two stretches belongs to the second.
        self._base = (0, 0, 0)
        self._late = None  # the stretch that ended while one of its own strokes was in progress,
        self._unseen = 0  # and what the ledgers have as delivered until the sensor sees that stroke
        self._boluses = {}  # the running parts, by part
        self._asked = []  # parts that the core is being asked for
        self._ended = []  # deliveries that have ended and may not have been reported
        self._normal_kind = protocol.KIND_NORMAL_BOLUS
        self._abandoned = 0  # strokes of the boluses that have ended
        self.latest = [0, 0]  # number of the latest bolus, for each part; a procedure's strokes count as a normal one
        roomy(self)

    def follow(self, now_us, since_us, reason=protocol.REASON_SUPERSEDED):
        """Make the stretch what the core delivers now. A change took effect at `since_us`; the stretch before it ends
        with `reason`. A temporary rate ends with the core's own reason, unless it was ended from outside.
        """
        state = self._core.state(now_us)  # it includes a stroke that has started meanwhile
        stretch = self._stretch
        if state[code.SUSPENDED]:
            if stretch is not None:
                if stretch.kind == protocol.KIND_TEMP_BASAL and state[code.TEMP_REASON] == protocol.REASON_COMPLETED:
                    over_us = state[code.TEMP_END_US]  # before the halt; the programmed rate ran in between
                    self._end_stretch(over_us, protocol.REASON_COMPLETED, state)
                    self._begin_stretch(protocol.KIND_BASAL, over_us, state[code.RATE_MU_PER_H])
                self._end_stretch(since_us, reason, state)
            return
        kind, rate_mu_per_h = in_force(state)
        if stretch is not None and stretch.kind == kind and not (kind and state[code.TEMP_START_US] > stretch.start_us):
            if rate_mu_per_h == stretch.rate_mu_per_h:
                return
            if kind == protocol.KIND_TEMP_BASAL:  # a percentage, across a change of the pattern's rate
                earned = stretch.earned + stretch.rate_mu_per_h * (since_us - stretch.since_us)
                stretch.earned, stretch.since_us, stretch.rate_mu_per_h = earned, since_us, rate_mu_per_h
                return
        if stretch is not None:
            if stretch.kind == protocol.KIND_TEMP_BASAL and not state[code.TEMP]:
                since_us = min(now_us, state[code.TEMP_END_US])
                if reason == protocol.REASON_SUPERSEDED or state[code.TEMP_REASON] not in _CUT_SHORT:
                    reason = state[code.TEMP_REASON]
            self._end_stretch(since_us, reason, state)
        self._begin_stretch(kind, since_us, rate_mu_per_h)

    def _begin_stretch(self, kind, since_us, rate_mu_per_h):
        self._newest_id += 1
        self._stretch = Delivery(self._newest_id, kind, since_us, rate_mu_per_h=rate_mu_per_h)
        self._list(self._stretch)

    def _end_stretch(self, end_us, reason, state):
        ended = self._stretch
        assert ended is not None
        if not (ended.told or ended in self._ended):
            self._refresh(state)
            in_flight = state[code.UNCONFIRMED] and state[code.ARMED_KIND] in (code.KIND_BASAL, code.KIND_TEMP)
            if in_flight and self._late is None:
                # The stroke in progress is its own and counts as delivered (DOSE-5): the log cannot wait for it.
                self._unseen = basal_counts(state)[1]
                self._late = ended
                self._refresh(state)
            ended.end_us = end_us
            ended.reason = reason
            self._ended.append(ended)
        counts = (ended.commanded, ended.delivered, ended.abandoned)
        self._base, self._stretch = tuple([before + more for before, more in zip(self._base, counts)]), None
        self.tell()

    def tell(self):
        """Report the deliveries that have ended and were not reported yet."""
        for each in self._ended:
            if not each.told:
                each.told = self._on_end(each)
        self._ended = []
        self._pack()

    def ask(self, now_us, parts, duration_us=0):
        """The core is about to be asked for a bolus of these `parts`: (part, kind, mU) each. Then call begun()."""
        state = self._core.state()
        asked = []  # type: list
        for part, kind, programmed_mu in parts:
            bolus = Delivery(self._newest_id + 1 + len(asked), kind, now_us, programmed_mu)
            bolus.until_us = now_us + duration_us
            asked.append((part, bolus, state[IDS[part]]))
        self._asked = asked

    def begun(self):
        """Of the parts asked for, list those that the core has begun; forget the others."""
        state = self._core.state()
        for part, bolus, before in self._asked:
            if state[IDS[part]] == before:
                continue
            self._newest_id = bolus.id
            self._boluses[part] = bolus
            self.latest[part] = bolus.id
            if part == NORMAL:
                self._normal_kind = bolus.kind
            if bolus not in self._records:
                self._list(bolus)
        self._asked = []

    def stroke_ended(self):
        """Called after every stroke; returns whether a bolus has ended with it, and costs next to nothing if not."""
        if self._late is not None:
            if basal_counts(self._core.state())[1] == self._unseen:
                # The sensor did not see it after all. The figure in the log stays, besides the alarm.
                self._late.delivered -= 1
                commanded, delivered, abandoned = self._base
                self._base = (commanded, delivered - 1, abandoned)
            self._late = None
        return bool(self._boluses) and self.boluses_ended()

    def withheld(self, state, reason):
        """A cap has withheld a stroke, or the rest of a normal bolus, which ends with it."""
        self._refresh(state)
        square = self._boluses.get(SQUARE)
        if square is not None and square.abandoned and square.capped is None:
            square.capped = reason
        self.boluses_ended()

    def boluses_ended(self, cut_short=None):
        """Close every part that the core has ended. If its last stroke is still in progress, it is closed later.

        `cut_short` is the true reason for those that the core calls cancelled or suspended; None: the core's own
        reason holds. Returns whether one was closed.
        """
        if self._asked:
            self.begun()  # it was not called, because of a failure in between
        state = self._core.state()
        closed = False
        for part in sorted(self._boluses):
            bolus = self._boluses[part]
            reason = state[ENDS[part] + 1]
            if cut_short is not None and reason in _CUT_SHORT and bolus.cut_short is None:
                bolus.cut_short = cut_short
            if not over(state, part):
                continue
            if not (bolus.told or bolus in self._ended):
                self._count(bolus, part, state)
                bolus.end_us = state[ENDS[part]]
                if reason == protocol.REASON_COMPLETED and bolus.abandoned and bolus.capped is not None:
                    reason = bolus.capped  # a cap withholds single strokes of a square bolus, not the rest
                bolus.reason = reason if bolus.cut_short is None else bolus.cut_short
                self._ended.append(bolus)
            self._abandoned += self._boluses.pop(part).abandoned
            closed = True
        if self._ended:
            self.tell()
        return closed

    def read(self, now_us, since_id, max_count):
        """(oldest number held, newest number, records above `since_id`, oldest first)."""
        self._refresh(self._core.state(now_us))
        asked = [each for each in self._records if number_of(each) > since_id]
        oldest_id = number_of(self._records[0]) if self._records else 0
        return oldest_id, self._newest_id, [record_of(each, now_us) for each in asked[:max_count]]

    def running(self):
        """The running deliveries, with their counts up to date."""
        self._refresh(self._core.state())
        stretch = [] if self._stretch is None else [self._stretch]
        return stretch + [self._boluses[part] for part in sorted(self._boluses)]

    def runs(self, part):
        """Is this part of a bolus being delivered, including its last stroke?"""
        return part in self._boluses

    @property
    def square_until_us(self):
        """When the last stroke of the running square bolus is due; 0 without one."""
        return self._boluses[SQUARE].until_us if SQUARE in self._boluses else 0

    @property
    def normal_is_therapy(self):
        """Was the latest normal bolus therapy, and not strokes of a procedure?"""
        return self._normal_kind < protocol.KIND_INSULIN_TEST

    def abandoned(self, state):
        """Abandoned strokes of all kinds as of `state`; the core itself drops a bolus's ledger with the next bolus."""
        of_boluses = sum([state[COUNTS[part] + 3] for part in self._boluses])
        return self._abandoned + of_boluses + basal_counts(state)[2]

    @property
    def stretch_id(self):
        """Number of the running stretch; 0: stopped."""
        return self._stretch.id if self._stretch else 0

    @property
    def stretch_of(self):
        """(number of the running stretch, since when at its rate); it changes whenever a restart must know."""
        return (self._stretch.id, self._stretch.since_us) if self._stretch else (0, 0)

    def describe(self, record):
        """Put the values that a restart needs into the state record."""
        record.newest_delivery = self._newest_id
        record.abandoned = self._abandoned
        put_stretch(record, self._stretch, self._base)
        for part, latest in enumerate(self.latest):
            put_bolus(record, part, latest, self._boluses.get(part))

    def restore(self, record, ended_us, unknown_mu=0):
        """After a restart: the deliveries running in `record` have ended at `ended_us`, with the core's counts.

        `unknown_mu`: the core's normal part is a stroke that no record knows of; it becomes a delivery of its own.
        """
        if unknown_mu:
            add_unknown(record, ended_us, unknown_mu)
        self._newest_id = record.newest_delivery
        self._abandoned = record.abandoned
        state = self._core.state()
        stretch, base = take_stretch(record)
        if stretch:
            self._stretch = stretch
            self._records.append(stretch)
            self._base = base
            self._end_stretch(max(ended_us, stretch.since_us), protocol.REASON_RESET, state)
        else:
            self._base = self._counts(state)
        self._normal_kind = record.normal_kind
        for part in (NORMAL, SQUARE):
            self.latest[part], bolus = take_bolus(record, part)
            if bolus:
                self._boluses[part] = bolus
                self._records.append(bolus)
        self._records.sort(key=number_of)
        self.boluses_ended(protocol.REASON_RESET)

    def _list(self, delivery):
        if len(self._records) == _CAPACITY:
            del self._records[0]
        self._records.append(delivery)

    def _pack(self):
        """Those that have been told and will not change any more take less of the heap from now on."""
        records = self._records
        for place in range(len(records)):
            each = records[place]
            if isinstance(each, Delivery) and each.told and each is not self._late:
                records[place] = each.packed()

    def _refresh(self, state):
        stretch = self._stretch
        if stretch is not None:
            counts = self._counts(state)
            stretch.commanded, stretch.delivered, stretch.abandoned = [
                now - before for now, before in zip(counts, self._base)
            ]
        for part in self._boluses:
            self._count(self._boluses[part], part, state)

    def _counts(self, state):
        """Counts of both basal ledgers; an ended stretch's last stroke counts as delivered, seen yet or not."""
        commanded, delivered, abandoned = basal_counts(state)
        return commanded, delivered + (self._late is not None and delivered == self._unseen), abandoned

    def _count(self, bolus, part, state):
        place = COUNTS[part]
        bolus.commanded, bolus.delivered, bolus.abandoned = state[place + 1 : place + 4]

"""The detector: judges from a few pressure readings around each stroke whether it left the catheter.

Two readings are taken by the stroke's own interrupts, without waking the supervisor: just before the burst, and at its
end. More are taken only where they decide something: after a rise that an open catheter does not make, until it goes or
outlasts a breath; and twice after every eighth stroke, to see the return stroke. physics.py derives every threshold.

Each stroke gets a mark: it left (0), it left slowly (1), it stays (2). The last four are kept in one number.

Implements: OCC-1, OCC-2, OCC-4
"""

from firmware.compat import const, roomy
from firmware.occlusion import codes
from firmware.occlusion.closed import IDLE, NEVER_US, WATCH, Closed
from firmware.occlusion.sums import NoPulse, Trough

_LEFT = const(0)
_SLOW = const(1)
_STAYS = const(2)
_MARKS = 0xFF  # four marks of two bits
_LOOK_EVERY = const(8)  # strokes between two looks at the return stroke while nothing is suspected

# The purpose of the next wake-up, besides IDLE and WATCH.
_STAY, _AFTER, _BEFORE, _TROUGH, _BACK = range(2, 7)


class Detector(Closed):
    """One pump's detector. `wake_us` is when it needs the next reading (NEVER_US: not before a stroke).

    `thresholds` is a physics.Thresholds; `tell(diagnosis)` is called once for each kind of finding, the first time it
    is made after a start(). Readings are counts of the converter, times µs.
    """

    def __init__(self, thresholds, tell):
        super().__init__(thresholds, tell)
        self._at_end = len(thresholds.looks_us) - 1
        self._last_counts = -1
        self._repeats = 0
        self.start(0)
        roomy(self)

    def start(self, now_us):
        """Begin afresh: at power-up, and when delivery is resumed after a finding."""
        super().start(now_us)
        self._marks = 0
        self._half_pa = 0
        self._rest_pa = None  # mean over the breath ahead of the next stroke
        self._stroke = 0
        self._from_us = now_us
        self._look = 0
        self._before_pa = self._pulse_pa = self._trough_pa = 0
        self._no_pulse = NoPulse(self._t)
        self._trough = Trough(self._t)
        self._stalls = self._outside = self._at_rail = 0

    def stroke(self, now_us, before_counts, end_counts, confirmed, next_us):
        """A stroke is over: the readings before and at the end of its burst, whether the stroke sensor saw it, and when
        the next one is due (NEVER_US: none).
        """
        t = self._t
        self._stroke += 1
        self._next_us = next_us
        self._repeated(before_counts)
        self._repeated(end_counts)
        full = t.known.full_scale_counts
        if not 0 < before_counts < full or not 0 < end_counts < full:
            self._rail(now_us)
            return
        self._at_rail = 0
        before_pa = t.pa(before_counts)
        pulse_pa = t.pa(end_counts) - before_pa
        if self._run:
            self._run += 1
        going_on = False
        if self._task in (_STAY, _AFTER):
            going_on = self._overtaken(now_us - t.known.burst_us, before_pa)
        self._end_us = now_us
        if self._repeats >= t.stuck_readings:
            self._find(codes.SENSOR_STUCK, self._repeats // 2, 0)
        if self._task == WATCH:
            self._find_again(before_pa)
        elif not going_on:
            self._judge(now_us, before_pa, pulse_pa, confirmed)

    def reading(self, now_us, counts):
        """A reading at or after `wake_us`."""
        self._repeated(counts)
        pa = self._t.pa(counts)
        if self._task == _STAY:
            self._stay(now_us, pa)
        elif self._task == _AFTER:
            if self._breath(now_us, pa) and not self._small.coughed():
                self._rest_pa = self._level_pa if self._next_us <= now_us + self._t.breath_step_us else None
                self._marked(_STAYS if self._small.weigh(self._level_pa - self._half_pa) else _SLOW)
        elif self._task == _BEFORE:
            if self._breath(now_us, pa) and not self._small.coughed():
                self._rest_pa = self._level_pa
                self._wake(IDLE, NEVER_US)
        elif self._task == _TROUGH:
            self._trough_pa = pa
            self._wake(_BACK, self._end_us + self._t.back_us)
        elif self._task == _BACK:
            self._wake(IDLE, NEVER_US)
            if self._trough.add(self._stroke, self._pulse_pa, self._before_pa, self._trough_pa, pa):
                self._find(codes.BACKFLOW, self._trough.strokes, self._trough.lost_nl())
        elif self._task == WATCH:
            self._watch(now_us, pa)
        else:
            self.wake_us = NEVER_US

    # --- one stroke

    def _judge(self, now_us, before_pa, pulse_pa, confirmed):
        t = self._t
        blocked = before_pa > t.known.tip_high_pa and (not confirmed or not t.steps_seen)
        suspect_pa = t.suspect_next_pa if self._run else t.suspect_pa
        if pulse_pa >= suspect_pa or blocked:
            # A stroke that moved nothing against a high pressure, or a stroke of a syringe: the level itself must stay.
            self._suspect(before_pa, pulse_pa if pulse_pa >= suspect_pa else 0)
        else:
            self._mark(_LEFT)
            self._wake(IDLE, NEVER_US)
            if confirmed:
                self._stalls = 0
                self._level(before_pa)
            else:
                self._stalls += 1
                if self._stalls >= 2:
                    self._find(codes.STALL, self._stalls, self._stalls * t.known.stroke_nl)
        self._rest_pa = None
        if confirmed and t.pulse_resolved:
            if self._no_pulse.add(pulse_pa):
                self._pulseless()
            due = self._stroke % _LOOK_EVERY == 0 or self._trough.suspected()
            if due and self._task == IDLE and now_us + t.back_us + t.look_us < self._next_us:
                self._before_pa, self._pulse_pa = before_pa, pulse_pa
                self._wake(_TROUGH, now_us + t.look_us)

    def _suspect(self, before_pa, rise_pa):
        start_pa = before_pa if self._rest_pa is None else self._rest_pa
        if self._run == 0:
            self._run = 1
            self._base_pa = start_pa
            self._rise_pa = self._rises_pa = 0
            self._small.start()
        self._rise_pa = max(self._rise_pa, rise_pa)
        self._rises_pa += rise_pa
        self._small.stroke(before_pa, rise_pa)
        if rise_pa:
            self._floor_pa = before_pa + rise_pa // 3
            self._half_pa = start_pa + rise_pa // 2
        else:
            self._floor_pa = self._half_pa = self._t.known.tip_high_pa
        self._level_pa = before_pa + rise_pa
        self._look = 0
        self._from_us = self._end_us
        self._wake(_STAY, self._end_us + self._t.looks_us[0])

    def _stay(self, now_us, pa):
        """Does the rise stay? Plan the next look, or mark the stroke."""
        looks_us = self._t.looks_us
        since_us = now_us - self._from_us
        mean_pa, self._level_pa = (self._level_pa + pa) // 2, pa
        if pa < self._floor_pa:
            self._marked(self._gone(since_us))
            return
        if self._t.rises_small and self._rise_pa:
            self._floor_pa -= self._t.stay_breath_pa
            self._small.look(pa)
            if since_us >= self._t.hold_us:
                self._outlasts(now_us, pa)
                return
        self._look += 1
        last = self._look > self._at_end
        at_us = 0 if last else self._from_us + looks_us[self._look]
        if last or (since_us >= self._t.hold_us and at_us + self._t.stay_us > self._next_us):
            # The mean of two looks, because breathing moves one; above half, because a slow catheter keeps a third for
            # a while.
            self._marked(_STAYS if mean_pa >= self._half_pa else self._gone(since_us))
        else:
            self._wake(_STAY, at_us)

    def _outlasts(self, now_us, pa):
        """A small rise outlasts a cough: judge it by the mean over a breath or, between fast strokes, by the sum of all
        rises.
        """
        t = self._t
        begin_us = min(self._from_us + t.watch_us, self._next_us) - t.known.breath_us
        coughed = self._small.coughed()
        if not coughed and self._small.has_left():
            self._marked(_LEFT)
        elif begin_us >= now_us:
            self._wake(_AFTER, begin_us)
        elif coughed:
            self._wake(IDLE, NEVER_US)
        else:
            self._level_pa = pa
            self._marked(_STAYS if self._small.weigh(pa - self._base_pa - self._rises_pa // 2) else _SLOW)

    def _gone(self, since_us):
        """The mark of a rise that has gone. A high level without a rise was the body's, whenever it goes."""
        return _SLOW if since_us >= self._t.hold_us and self._rise_pa else _LEFT

    def _overtaken(self, start_us, before_pa):
        """The next stroke came before the looks were over; its own first reading is the last look. Returns whether the
        present suspicion goes on.
        """
        since_us = start_us - self._from_us
        if before_pa < self._floor_pa:
            self._marked(self._gone(since_us))
            return False
        if since_us < self._t.hold_us:
            return True  # strokes closer together than the length of a cough count as one that keeps rising
        if self._task == _AFTER:
            return False  # coughs throughout: this stroke says nothing
        if self._t.rises_small and self._rise_pa:
            self._outlasts(start_us, before_pa)
        else:
            self._level_pa = before_pa
            self._marked(_STAYS)
        return False

    def _marked(self, mark):
        self._wake(IDLE, NEVER_US)
        self._mark(mark)
        if mark == _LEFT:
            return
        t, marks = self._t, self._marks
        stays = (marks >> 1 & 1) + (marks >> 3 & 1) + (marks >> 5 & 1)
        if t.rises_small and self._next_us - t.known.breath_us > self._from_us + t.watch_us:
            self._wake(_BEFORE, self._next_us - t.known.breath_us)
        if self._run < t.trip_strokes and 0 < self._rises_pa < t.trip_rise_pa:
            return  # breathing could have caused it
        if stays >= 2 and not (t.rises_small and self._rise_pa and not self._small.outweighs()):
            self._occluded()
        elif stays < 2 and not (marks & 3 == 0 or marks & 12 == 0 or marks & 48 == 0):
            self._find(codes.PARTIAL, self._run, 0)

    def _mark(self, mark):
        self._marks = (self._marks << 2 | mark) & _MARKS
        if self._marks & 0x3F == 0:
            self._run = 0

    # --- pulse, trough, level, sensor

    def _pulseless(self):
        """The pulse is missing: is there none in the catheter, or is the pressure sensor stuck?"""
        if self._repeats >= self._t.stuck_hint_readings:
            self._find(codes.SENSOR_STUCK, self._no_pulse.strokes, 0)
        elif self._repeats < 2:
            self._find(codes.AIR_LOCK, self._no_pulse.strokes, self._no_pulse.strokes * self._t.known.stroke_nl)

    def _level(self, before_pa):
        known = self._t.known
        if known.tip_low_pa <= before_pa <= known.tip_high_pa or self._run:
            self._outside = 0
            return
        self._level_pa = before_pa
        self._outside += 1
        if self._outside >= self._t.drift_strokes:
            self._find(codes.SENSOR_DRIFT, self._outside, 0)

    def _repeated(self, counts):
        self._repeats = self._repeats + 1 if counts == self._last_counts else 0
        self._last_counts = counts

    def _rail(self, now_us):
        """A reading at an end of the range is no pressure. It takes two strokes in a row: one bad reading is no broken
        wire.
        """
        self._end_us = now_us
        self._wake(IDLE, NEVER_US)
        self._at_rail += 1
        if self._at_rail >= 2 and not self._found >> codes.SENSOR_DRIFT & 1:
            # If the level was out of bounds before, the sensor has drifted there.
            self._find(codes.SENSOR_DRIFT if self._outside >= 2 else codes.SENSOR_RANGE, self._at_rail, 0)

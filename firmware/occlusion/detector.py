"""The detector: tells from a few pressure readings around each stroke what became of it.

Two readings come from the stroke's own interrupts and wake nobody: just before the burst, and at its end. More are
taken only where they decide something: after a rise that is not an open catheter's, until it goes or outlasts a
breath; and after every eighth stroke twice, to see the return stroke. Where every threshold comes from: physics.py.

Each stroke gets a mark: it left (0), it left slowly (1), it stays (2). The last four are kept in one number.

Implements: OCC-1, OCC-2, OCC-4
"""

from firmware.compat import const
from firmware.occlusion import codes
from firmware.occlusion.sums import NoPulse, Trough

NEVER_US = 1 << 62
_LEFT = const(0)
_SLOW = const(1)
_STAYS = const(2)
_MARKS = 0xFF  # four marks of two bits
_LOOK_EVERY = const(8)  # strokes between two looks at the return stroke while nothing is suspected
_CLEAR_EVERY_US = 60000000  # how often a stopped pump looks whether the catheter has opened

# What the next wake-up is for.
_IDLE, _STAY, _TROUGH, _BACK, _WATCH = range(5)


class Detector:
    """One pump's detector. `wake_us` is when it wants the next reading (NEVER_US: not before a stroke).

    `thresholds` is a physics.Thresholds; `tell(diagnosis)` is called once for each finding, the first time it is made
    after a start(). Readings are counts of the converter, times µs.
    """

    def __init__(self, thresholds, tell):
        self._t = thresholds
        self._tell = tell
        self._at_end = len(thresholds.looks_us) - 1
        self._last_counts = -1
        self._repeats = 0
        self.start(0)

    def start(self, now_us):
        """Begin afresh: at power-up, and when delivery is resumed after a finding."""
        self.wake_us = NEVER_US
        self._task = _IDLE
        self._found = 0  # bits of what has been told
        self._marks = 0
        self._run = 0  # strokes since the first that did not leave; 0: there is none
        self._base_pa = self._rise_pa = self._rises_pa = self._floor_pa = self._half_pa = 0
        self._stroke = 0
        self._end_us = self._from_us = now_us
        self._look = 0
        self._next_us = NEVER_US
        self._before_pa = self._pulse_pa = self._trough_pa = 0
        self._no_pulse = NoPulse(self._t)
        self._trough = Trough(self._t)
        self._stalls = self._outside = self._at_rail = 0
        self._level_pa = 0
        self._stored_nl = self._released_nl = self._missed_nl = self._compliance_pl_per_pa = self._below = 0

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
        if self._task == _STAY:
            going_on = self._overtaken(now_us - t.known.burst_us, before_pa)
        self._end_us = now_us
        if self._repeats >= t.stuck_readings:
            self._find(codes.SENSOR_STUCK, self._repeats // 2, 0)
        if self._task == _WATCH:
            self._find_again(before_pa)
        elif not going_on:
            self._judge(now_us, before_pa, pulse_pa, confirmed)

    def reading(self, now_us, counts):
        """A reading at or after `wake_us`."""
        self._repeated(counts)
        pa = self._t.pa(counts)
        if self._task == _STAY:
            self._stay(now_us, pa)
        elif self._task == _TROUGH:
            self._trough_pa = pa
            self._wake(_BACK, self._end_us + self._t.back_us)
        elif self._task == _BACK:
            self._wake(_IDLE, NEVER_US)
            if self._trough.add(self._stroke, self._pulse_pa, self._before_pa, self._trough_pa, pa):
                self._find(codes.BACKFLOW, self._trough.strokes, self._trough.lost_nl())
        elif self._task == _WATCH:
            self._watch(now_us, pa)
        else:
            self.wake_us = NEVER_US

    # --- one stroke

    def _judge(self, now_us, before_pa, pulse_pa, confirmed):
        t = self._t
        blocked = before_pa > t.known.tip_high_pa and (not confirmed or not t.steps_resolved)
        if pulse_pa >= t.suspect_pa or blocked:
            # A stroke that moved nothing against a high pressure, or a syringe's: the level itself must stay.
            self._suspect(before_pa, pulse_pa if pulse_pa >= t.suspect_pa else 0)
        else:
            self._mark(_LEFT)
            self._wake(_IDLE, NEVER_US)
            if confirmed:
                self._stalls = 0
                self._level(before_pa)
            else:
                self._stalls += 1
                if self._stalls >= 2:
                    self._find(codes.STALL, self._stalls, self._stalls * t.known.stroke_nl)
        if confirmed and t.pulse_resolved:
            if self._no_pulse.add(pulse_pa):
                self._pulseless()
            due = self._stroke % _LOOK_EVERY == 0 or self._trough.suspected()
            if due and self._task == _IDLE and now_us + t.back_us + t.look_us < self._next_us:
                self._before_pa, self._pulse_pa = before_pa, pulse_pa
                self._wake(_TROUGH, now_us + t.look_us)

    def _suspect(self, before_pa, rise_pa):
        if self._run == 0:
            self._run = 1
            self._base_pa = before_pa
            self._rise_pa = self._rises_pa = 0
        self._rise_pa = max(self._rise_pa, rise_pa)
        self._rises_pa += rise_pa
        self._floor_pa = before_pa + rise_pa // 3 if rise_pa else self._t.known.tip_high_pa
        self._half_pa = before_pa + rise_pa // 2 if rise_pa else self._floor_pa
        self._level_pa = before_pa + rise_pa
        self._look = 0
        self._from_us = self._end_us
        self._wake(_STAY, self._end_us + self._t.looks_us[0])

    def _stay(self, now_us, pa):
        """Does the rise stay? The next look, or the mark."""
        looks_us = self._t.looks_us
        since_us = now_us - self._from_us
        mean_pa, self._level_pa = (self._level_pa + pa) // 2, pa
        if pa < self._floor_pa:
            self._marked(self._gone(since_us))
            return
        self._look += 1
        last = self._look > self._at_end
        at_us = 0 if last else self._from_us + looks_us[self._look]
        if last or (since_us >= self._t.hold_us and at_us + self._t.look_us > self._next_us):
            # Two looks, because breathing moves one; above half, because a slow catheter keeps a third for a while.
            self._marked(_STAYS if mean_pa >= self._half_pa else self._gone(since_us))
        else:
            self._wake(_STAY, at_us)

    def _gone(self, since_us):
        """The mark of a rise that has gone. A level that goes was the body's, whenever it goes."""
        return _SLOW if since_us >= self._t.hold_us and self._rise_pa else _LEFT

    def _overtaken(self, start_us, before_pa):
        """The next stroke came before the look was over; its own first reading is the last look. True: goes on."""
        since_us = start_us - self._from_us
        if before_pa < self._floor_pa:
            self._marked(self._gone(since_us))
            return False
        if since_us >= self._t.hold_us:
            self._level_pa = before_pa
            self._marked(_STAYS)
            return False
        return True  # strokes closer together than a cough is long count as one that goes on rising

    def _marked(self, mark):
        self._wake(_IDLE, NEVER_US)
        self._mark(mark)
        if mark == _LEFT:
            return
        marks = self._marks
        stays = (marks >> 1 & 1) + (marks >> 3 & 1) + (marks >> 5 & 1)
        if stays >= 2:
            self._occluded()
        elif not (marks & 3 == 0 or marks & 12 == 0 or marks & 48 == 0):
            self._find(codes.PARTIAL, self._run, 0)

    def _mark(self, mark):
        self._marks = (self._marks << 2 | mark) & _MARKS
        if self._marks & 0x3F == 0:
            self._run = 0

    # --- an occlusion, and what becomes of it

    def _occluded(self):
        known = self._t.known
        level_pa, rise_pa = self._level_pa, self._rise_pa
        missed_nl = self._run * known.stroke_nl
        if rise_pa:
            self._compliance_pl_per_pa = (known.stroke_nl * 1000 + rise_pa // 2) // rise_pa
            # The rises, each within a burst, and not the level, which posture has moved since. A stall's is shorter.
            self._stored_nl = known.stroke_nl * self._rises_pa // rise_pa
        else:
            # No stroke's rise was seen: a compliance in the middle of what may be, above the tip as it is at rest.
            self._base_pa = known.tip_pa
            self._compliance_pl_per_pa = (known.compliance_min_pl_per_pa + known.compliance_max_pl_per_pa) // 2
            self._stored_nl = self._compliance_pl_per_pa * (level_pa - self._base_pa) // 1000
            missed_nl = max(missed_nl, self._stored_nl)
        self._missed_nl = missed_nl
        self._floor_pa = self._base_pa + (level_pa - self._base_pa) // 3
        self._below = 0
        self._wake(_WATCH, self._end_us + self._t.watch_us)
        self._found &= ~(1 << codes.PARTIAL)  # it may yet turn out to be that, also if it was so before
        self._find(codes.OCCLUSION, self._run, missed_nl)

    def _watch(self, now_us, pa):
        """After an occlusion: gone within the watch, it was a slow catheter; gone later, it has opened."""
        if pa >= self._floor_pa:
            self._below = 0
            self.wake_us = now_us + _CLEAR_EVERY_US
            return
        self._below += 1
        if self._below < 2:
            self.wake_us = now_us + self._t.hold_us
            return
        self._wake(_IDLE, NEVER_US)
        slow = now_us - self._end_us < self._t.watch_us * 9 // 8
        self._level_pa = pa
        self._released_nl, self._stored_nl = self._stored_nl, 0  # open, it goes down to the tip's pressure
        self._find(codes.PARTIAL if slow else codes.CLEARED, self._run, self._missed_nl - self._released_nl)

    def _find_again(self, before_pa):
        """Strokes go on after an occlusion was found: they are missed too, and the level they reach is the new one."""
        self._missed_nl += self._t.known.stroke_nl
        self._level_pa = max(self._level_pa, before_pa)
        self.wake_us = self._end_us + self._t.watch_us

    # --- pulse, trough, level, sensor

    def _pulseless(self):
        """The pulse is missing: no pulse in the catheter, or no pressure sensor?"""
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
        """An end of the range is no pressure; two strokes in a row, so that one bad reading is not a broken wire."""
        self._end_us = now_us
        self._wake(_IDLE, NEVER_US)
        self._at_rail += 1
        if self._at_rail >= 2 and not self._found >> codes.SENSOR_DRIFT & 1:
            # One that was on its way there has drifted.
            self._find(codes.SENSOR_DRIFT if self._outside >= 2 else codes.SENSOR_RANGE, self._at_rail, 0)

    def _wake(self, task, at_us):
        self._task = task
        self.wake_us = at_us

    def _find(self, code, strokes, missed_nl):
        if self._found >> code & 1:
            return
        self._found |= 1 << code
        found = codes.Diagnosis(code, self._end_us, strokes, missed_nl)
        found.level_pa = self._level_pa
        if code in (codes.OCCLUSION, codes.PARTIAL, codes.CLEARED):
            found.rise_pa = self._rise_pa
        if self._stored_nl or code == codes.CLEARED:
            found.stored_nl = self._stored_nl
            found.released_nl = self._released_nl
            found.compliance_pl_per_pa = self._compliance_pl_per_pa
        self._tell(found)

"""The detector's work once a catheter is closed: how much was missed or is stored in it, and whether it opens again.

Implements: OCC-1, OCC-4
"""

from firmware.compat import const
from firmware.occlusion import codes
from firmware.occlusion.small import Small

NEVER_US = 1 << 62
IDLE, WATCH = range(2)  # the detector's tasks from here on
_CLEAR_EVERY_US = const(60000000)  # how often a stopped pump checks whether the catheter has opened


class Closed:
    """The part of detector.Detector that reports findings and follows an occlusion, with the state of both parts."""

    def __init__(self, thresholds, tell):
        self._t = thresholds
        self._tell = tell

    def start(self, now_us):
        """Reset: nothing is found yet, and nothing suspected."""
        self.wake_us = NEVER_US
        self._task = IDLE
        self._found = 0  # a bit for each finding that has been reported
        self._run = 0  # strokes since the first that did not leave; 0: there is none
        self._base_pa = self._rise_pa = self._rises_pa = self._floor_pa = 0
        self._level_pa = 0
        self._small = Small(self._t)
        self._end_us = now_us
        self._next_us = NEVER_US
        self._stored_nl = self._released_nl = self._missed_nl = self._compliance_pl_per_pa = self._below = 0

    def _occluded(self):
        t, known = self._t, self._t.known
        level_pa, rise_pa = self._level_pa, self._rise_pa
        missed_nl = self._run * known.stroke_nl
        if rise_pa:
            self._compliance_pl_per_pa = (known.stroke_nl * 1000 + rise_pa // 2) // rise_pa
            # From the rises, each within a burst, and not from the level, which posture has moved since. A stalled
            # stroke's rise is smaller.
            self._stored_nl = known.stroke_nl * self._rises_pa // rise_pa
        else:
            # No stroke's rise was seen: assume a compliance in the middle of its range, and the tip's pressure at rest.
            self._base_pa = known.tip_pa
            self._compliance_pl_per_pa = (known.compliance_min_pl_per_pa + known.compliance_max_pl_per_pa) // 2
            self._stored_nl = self._compliance_pl_per_pa * (level_pa - self._base_pa) // 1000
            missed_nl = max(missed_nl, self._stored_nl)
        self._missed_nl = missed_nl
        above_pa = level_pa - self._base_pa
        if rise_pa and t.rises_small and self._next_us - self._end_us > t.watch_us:
            above_pa = self._rises_pa  # posture has moved the level since the base by more than a small rise
        self._floor_pa = level_pa - above_pa + above_pa // 3
        self._below = 0
        at_us = self._end_us + t.watch_us
        self._wake(WATCH, at_us - known.breath_us + t.breath_step_us if t.rises_small else at_us)
        self._found &= ~(1 << codes.PARTIAL)  # it may yet turn out to be partial, even if it was reported so before
        self._find(codes.OCCLUSION, self._run, missed_nl)

    def _watch(self, now_us, pa):
        """After an occlusion: a rise gone within the watch was a slow catheter; gone later, the catheter has opened."""
        if self._t.rises_small:
            if not self._breath(now_us, pa):
                return
            pa, self._below = self._level_pa, 1  # a mean of four looks needs no confirmation
        if pa >= self._floor_pa:
            self._below = 0
            self.wake_us = now_us + _CLEAR_EVERY_US
            return
        self._below += 1
        if self._below < 2:
            self.wake_us = now_us + self._t.hold_us
            return
        self._wake(IDLE, NEVER_US)
        slow = now_us - self._end_us < self._t.watch_us * 9 // 8
        self._level_pa = pa
        self._released_nl, self._stored_nl = self._stored_nl, 0  # once open, it falls to the tip's pressure
        self._find(codes.PARTIAL if slow else codes.CLEARED, self._run, self._missed_nl - self._released_nl)

    def _find_again(self, before_pa):
        """A stroke after an occlusion was found: it is missed too, and the level that it reaches is the new one."""
        self._missed_nl += self._t.known.stroke_nl
        self._level_pa = max(self._level_pa, before_pa)
        self.wake_us = self._end_us + self._t.watch_us

    def _breath(self, now_us, pa):
        """One more look of those over a breath. Returns True with the last one: the level is their mean."""
        self.wake_us = now_us + self._t.breath_step_us
        whole = self._small.heard(pa)
        if whole:
            self._level_pa = self._small.mean_pa
        return whole

    def _wake(self, task, at_us):
        if task != self._task:
            self._small.listen()
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

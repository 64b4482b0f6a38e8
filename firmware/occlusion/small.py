"""Rises that breathing is greater than: of fine strokes in a soft catheter. What is weighed instead of a single look.

An open catheter is empty within a few looks, which breathing moves along a straight line: taken back to the stroke's
start, the line tells what has left. What has not may leave slowly: then a whole breath is averaged before the stroke
and another late after it. What single strokes say is summed, as in sums.py, and coughs are left out.

Implements: OCC-1, OCC-2
"""

from firmware.occlusion.physics import BREATH_LOOKS


class Small:
    """The evidence of one run of suspect strokes. Pressures Pa."""

    def __init__(self, thresholds):
        self._t = thresholds
        self.start()
        self.stroke(0, 0)

    def start(self):
        """Another run."""
        self._stays_pa = 0

    def stroke(self, before_pa, rise_pa):
        """Another stroke, with the reading before it and its rise."""
        self._before_pa, self._rise_pa = before_pa, rise_pa
        self._looks = self._sum_pa = self._moment_pa = 0
        self.listen()

    def look(self, pa):
        """The next look after the stroke, as far from the one before as the first is from the stroke's end."""
        self._extremes(pa)
        self._looks += 1
        self._sum_pa += pa - self._before_pa
        self._moment_pa += self._looks * (pa - self._before_pa)

    def has_left(self):
        """Less than half of the least rise was there at the stroke's start: by least squares over the looks. Of the
        curve of a breath 45 Pa remain at worst.
        """
        count, t = self._looks, self._t
        rise_pa = self._sum_pa // max(1, count)
        if count > 1:
            slope = 2 * self._moment_pa - (count + 1) * self._sum_pa  # × count·(count² - 1)/6
            back = (count + 1) * t.stay_us + 2 * t.known.burst_us  # from the middle look; × 1/(2·stay_us)
            rise_pa = (self._sum_pa - 3 * slope * back // (t.stay_us * (count * count - 1))) // count
        return rise_pa < t.least_rise_pa // 2

    def listen(self):
        """Other looks begin: a breath, at any time."""
        self._breath_pa = self._heard = 0
        self._low_pa, self._high_pa = 1 << 29, -(1 << 29)

    def heard(self, pa):
        """One of the looks over a breath. True with the last one: their mean is `mean_pa`; the next begins another."""
        if self._heard == BREATH_LOOKS:
            self.listen()
        self._extremes(pa)
        self._breath_pa += pa
        self._heard += 1
        self.mean_pa = self._breath_pa // self._heard
        return self._heard == BREATH_LOOKS

    def coughed(self):
        """The looks lie further apart than a breath and what the stroke raised: a cough was among them, so that neither
        their line nor their mean says anything.
        """
        return self._high_pa - self._low_pa > self._t.unlike_breath_pa + self._rise_pa

    def _extremes(self, pa):
        self._low_pa, self._high_pa = min(self._low_pa, pa), max(self._high_pa, pa)

    def weigh(self, above_pa):
        """By how much a level lies above half of its rise. True if it stays, by itself."""
        self._stays_pa = max(0, self._stays_pa + above_pa)
        return above_pa >= 0

    def outweighs(self):
        """Together the strokes say by more than the least rise that it stays."""
        return self._stays_pa >= self._t.least_rise_pa

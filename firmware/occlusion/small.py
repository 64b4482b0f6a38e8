"""Judges rises smaller than those of breathing, as fine strokes make in a soft catheter: by more than a single look.

An open catheter is empty within a few looks, over which breathing is nearly a straight line. Extrapolated back to the
stroke's start, the line shows whether the stroke has left. If it has not, it may leave slowly: then a whole breath is
averaged before the stroke, and another late after it. The evidence of single strokes is summed, as in sums.py, and
coughs are left out.

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
        """Begin another run."""
        self._stays_pa = 0

    def stroke(self, before_pa, rise_pa):
        """Begin another stroke, with the reading before it and its rise."""
        self._before_pa, self._rise_pa = before_pa, rise_pa
        self._looks = self._sum_pa = self._moment_pa = 0
        self.listen()

    def look(self, pa):
        """The next look after the stroke; the looks are spaced as far apart as the first is from the stroke's end."""
        self._extremes(pa)
        self._looks += 1
        self._sum_pa += pa - self._before_pa
        self._moment_pa += self._looks * (pa - self._before_pa)

    def has_left(self):
        """Has the stroke left? By least squares over the looks, less than half of the least rise was there at the
        stroke's start. The curvature of a breath leaves an error of 45 Pa at worst.
        """
        count, t = self._looks, self._t
        rise_pa = self._sum_pa // max(1, count)
        if count > 1:
            slope = 2 * self._moment_pa - (count + 1) * self._sum_pa  # × count·(count² - 1)/6
            back = (count + 1) * t.stay_us + 2 * t.known.burst_us  # from the middle look; × 1/(2·stay_us)
            rise_pa = (self._sum_pa - 3 * slope * back // (t.stay_us * (count * count - 1))) // count
        return rise_pa < t.least_rise_pa // 2

    def listen(self):
        """Begin a new series of looks over a breath, at any time."""
        self._breath_pa = self._heard = 0
        self._low_pa, self._high_pa = 1 << 29, -(1 << 29)

    def heard(self, pa):
        """One of the looks over a breath. Returns True with the last one, when `mean_pa` is their mean; the next look
        begins another series.
        """
        if self._heard == BREATH_LOOKS:
            self.listen()
        self._extremes(pa)
        self._breath_pa += pa
        self._heard += 1
        self.mean_pa = self._breath_pa // self._heard
        return self._heard == BREATH_LOOKS

    def coughed(self):
        """Do the looks differ by more than a breath and the stroke's rise? Then one of them was in a cough, and neither
        their line nor their mean says anything.
        """
        return self._high_pa - self._low_pa > self._t.unlike_breath_pa + self._rise_pa

    def _extremes(self, pa):
        self._low_pa, self._high_pa = min(self._low_pa, pa), max(self._high_pa, pa)

    def weigh(self, above_pa):
        """Add the height of a level above half of its rise. Returns whether it stays, judged by this stroke alone."""
        self._stays_pa = max(0, self._stays_pa + above_pa)
        return above_pa >= 0

    def outweighs(self):
        """Does the strokes' summed evidence that the rise stays reach the least rise?"""
        return self._stays_pa >= self._t.least_rise_pa

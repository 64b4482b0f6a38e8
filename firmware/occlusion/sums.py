"""Evidence too faint for one stroke, summed over strokes (CUSUM). Readings in a cough are left out.

Implements: OCC-2
"""


class NoPulse:
    """Evidence of strokes without a pressure pulse, which goes back `strokes` strokes."""

    def __init__(self, thresholds):
        self._t = thresholds
        self._sum_pa = 0
        self.strokes = 0

    def add(self, pulse_pa):
        """Add one stroke's rise. Returns True once the missing pulse is no longer chance."""
        t = self._t
        if not t.pulse_low_pa <= pulse_pa <= t.pulse_high_pa:
            return False
        self._sum_pa += min(t.no_pulse_half_pa - pulse_pa, t.no_pulse_most_pa)
        if self._sum_pa <= 0:
            self._sum_pa = self.strokes = 0
            return False
        self.strokes += 1
        return self._sum_pa >= t.no_pulse_sum_pa


class Trough:
    """Evidence of return strokes that draw from the catheter; `strokes` counts those since the first that did."""

    def __init__(self, thresholds):
        self._t = thresholds
        self._forget()
        self.strokes = 0

    def _forget(self):
        self._sum_pa = self._since = 0
        self._pulses_pa = self._depths_pa = 0

    def suspected(self):
        """Is an eighth of the evidence there already? Then it is worth a look after every stroke."""
        return 8 * self._sum_pa > self._t.trough_sum_pa

    def add(self, stroke, pulse_pa, before_pa, look_pa, after_pa):
        """Add a look half-way between two readings, after stroke number `stroke`. Returns True once the trough is no
        longer chance.
        """
        t = self._t
        depth_pa = (before_pa + after_pa) // 2 - look_pa
        if not -t.pulse_high_pa <= depth_pa <= t.pulse_high_pa:
            return False
        self._sum_pa += min(depth_pa - t.trough_half_pa, t.trough_most_pa)
        if self._sum_pa <= 0:
            self._forget()
            return False
        self._since = self._since or stroke
        self._pulses_pa += pulse_pa
        self._depths_pa += depth_pa
        self.strokes = stroke - self._since + 1
        return self._sum_pa >= t.trough_sum_pa

    def lost_nl(self):
        """Volume drawn back, nl: the ratio of troughs to pulses, applied to all `strokes`."""
        part_pa = min(self._depths_pa, self._pulses_pa)
        return self.strokes * self._t.known.stroke_nl * part_pa // max(1, self._pulses_pa)

"""The catheter pressure sensor: an ADC behind a linear transducer."""


class PressureSensor:
    """Pressure above ambient, in whole Pa.

    `read_counts` is the board's ADC function. `zero_counts` is the reading at 0 Pa and `pa_per_kilocount` the slope: Pa
    per 1000 counts, so that the arithmetic stays in integers.
    """

    def __init__(self, read_counts, zero_counts, pa_per_kilocount, full_scale_counts):
        self._read_counts = read_counts
        self._zero_counts = zero_counts
        self._pa_per_kilocount = pa_per_kilocount
        self._full_scale_counts = full_scale_counts

    def read_pa(self):
        """The pressure now, Pa."""
        return (self._read_counts() - self._zero_counts) * self._pa_per_kilocount // 1000

    def in_range(self):
        """Is the sensor neither shorted nor open? Both show as an end of the ADC's range."""
        return 0 < self._read_counts() < self._full_scale_counts

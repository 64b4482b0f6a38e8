"""An input of the analogue-to-digital converter."""


class Adc:
    """12 bits of one input.

    `adc` is a machine.ADC, whose 16 bits are the converter's 12 with the upper four repeated at the bottom.
    """

    FULL_SCALE_COUNTS = 4095

    def __init__(self, adc):
        self._adc = adc

    def read_counts(self):
        """The input now, 0 to 4095 of the reference voltage."""
        return self._adc.read_u16() >> 4

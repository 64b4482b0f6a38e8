"""An input of the analogue-to-digital converter."""


class Adc:
    """12 bits of one input.

    `adc` is a machine.ADC, whose 16 bits are the converter's 12 with the upper four repeated at the bottom. Only the
    last of `conversions` counts: on an STM32L4 the first one after a pause is wrong (c_ext/stm32/pressure.c).
    """

    FULL_SCALE_COUNTS = 4095

    def __init__(self, adc, conversions=1):
        self._adc = adc
        self._conversions = conversions

    def read_counts(self):
        """The input now, 0 to 4095 of the reference voltage."""
        counts = 0
        for _ in range(self._conversions):
            counts = self._adc.read_u16() >> 4
        return counts

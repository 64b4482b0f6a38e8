"""The pressure that the pump's ADC sees: one channel of an MCP4728 DAC.

Implements: BOARD-4
"""

import micropython

_ADDRESS = micropython.const(0x60)
# Multi-write of channel A: reference VDD, gain 1, shown at the acknowledge (MCP4728 datasheet, 5.6.2).
_WRITE_CHANNEL_A = micropython.const(0x40)
COUNTS_MAX = micropython.const(4095)


class Dac:
    """Channel A of an MCP4728 on `i2c`, in counts of 12 bits, 4096 of which would be VDD. Raises OSError."""

    def __init__(self, i2c):
        self._i2c = i2c
        self._order = bytearray((_WRITE_CHANNEL_A, 0, 0))

    def show(self, counts):
        """Output `counts`. Raises OSError."""
        self._order[1] = counts >> 8
        self._order[2] = counts & 0xFF
        self._i2c.writeto(_ADDRESS, self._order)

"""An I²C bus that sets itself free: a device that was cut off in mid-byte may hold the data line down for ever."""


class Bus:
    """`i2c`, a machine.I2C or anything with its `readfrom_mem_into` and `writeto_mem`, as one with the same two.

    `free()` is the board's function: if the data line is held low, nine clocks at most and a stop; whether that has let
    it go. What has failed is then done once more; both are the same when done twice.
    """

    def __init__(self, i2c, free):
        self._i2c = i2c
        self._free = free

    def readfrom_mem_into(self, bus_address, address, buffer, *, addrsize=8):
        """As machine.I2C has it; OSError without an answer."""
        try:
            self._i2c.readfrom_mem_into(bus_address, address, buffer, addrsize=addrsize)
        except OSError:
            if not self._free():
                raise
            self._i2c.readfrom_mem_into(bus_address, address, buffer, addrsize=addrsize)

    def writeto_mem(self, bus_address, address, data, *, addrsize=8):
        """As machine.I2C has it; OSError without an answer."""
        try:
            self._i2c.writeto_mem(bus_address, address, data, addrsize=addrsize)
        except OSError:
            if not self._free():
                raise
            self._i2c.writeto_mem(bus_address, address, data, addrsize=addrsize)

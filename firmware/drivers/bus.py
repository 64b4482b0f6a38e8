"""An I²C bus that frees itself: a device that was cut off in mid-byte may hold the data line low for ever."""


class Bus:
    """Wraps `i2c`, a machine.I2C or anything with its `readfrom_mem_into` and `writeto_mem`, and offers the same two.

    `free()` is the board's function: if the data line is held low, it sends at most nine clocks and a stop, and returns
    whether the line was released. A transfer that has failed is then retried once; both transfers are idempotent.
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

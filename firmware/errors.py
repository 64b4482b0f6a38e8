"""Errors of the firmware. All derive from `FirmwareError`; only those that a caller can act on have their own class."""


class FirmwareError(Exception):
    """Base of every error that the firmware raises on purpose."""


class Refused(FirmwareError):
    """A request was refused as a whole and nothing was changed.

    `code` is one of the refusal codes of `firmware.protocol`; `field_name` names the request field at fault, or is None
    when no single field is. `value` and `limit` are integers in that field's unit; for `WRONG_STATE` the value is
    the state the pump is in, and for a rolling cap it is the total that the request would have led to.
    """

    def __init__(self, code, field_name=None, value=0, limit=0):
        super().__init__("refused: code %d, field %s, value %d, limit %d" % (code, field_name, value, limit))
        self.code = code
        self.field_name = field_name
        self.value = value
        self.limit = limit
        self.of = None  # the message whose field it is, if not that of the request itself


class MemoryAbsent(FirmwareError):
    """The non-volatile memory at `bus_address` did not acknowledge: absent, unpowered, or its bus is stuck."""

    def __init__(self, bus_address):
        super().__init__("no answer from the memory at 0x%02x" % bus_address)
        self.bus_address = bus_address


class MemoryRange(FirmwareError):
    """`length` bytes from `address` on do not lie within the memory's `size_bytes`."""

    def __init__(self, address, length, size_bytes):
        super().__init__("%d bytes from %d on, of a memory of %d bytes" % (length, address, size_bytes))
        self.address = address
        self.length = length
        self.size_bytes = size_bytes

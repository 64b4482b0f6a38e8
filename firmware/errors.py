"""Errors of the firmware. All derive from `FirmwareError`; only what a caller can act on has its own class."""


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

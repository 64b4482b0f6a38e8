"""The link's CRC and COBS in machine code: in bytecode they would take 10 ms for every frame of edges.

The algorithms are those of crc32c.py and cobs.py in firmware/protocol, which document them. The host has its own
implementation of both and would drop a frame that differed. Bounds are not checked here: the link's buffers hold
its longest frame.
"""

import micropython

from firmware.protocol import cobs
from firmware.protocol import crc32c as tables

decode_in_place = cobs.decode_in_place
_LOW, _HIGH = tables.crc_tables()


@micropython.viper
def _halves(data: ptr8, length: int, low_table: ptr16, high_table: ptr16, out: ptr16):  # type: ignore  # noqa: F821
    low: int = 0xFFFF
    high: int = 0xFFFF
    for position in range(length):
        index = (low ^ data[position]) & 0xFF
        low = ((low >> 8) | ((high & 0xFF) << 8)) ^ low_table[index]
        high = (high >> 8) ^ high_table[index]
    out[0] = low ^ 0xFFFF
    out[1] = high ^ 0xFFFF


_halves_out = bytearray(4)


def crc32c(data, length):
    """The CRC-32C of the first `length` bytes of `data`."""
    _halves(data, length, _LOW, _HIGH, _halves_out)
    return int.from_bytes(_halves_out, "little")


@micropython.viper
def encode_into(source: ptr8, length: int, target: ptr8) -> int:  # type: ignore  # noqa: F821
    """Encode the first `length` bytes of `source` by COBS into `target`; returns the encoded length."""
    code_at: int = 0
    written: int = 1
    code: int = 1
    for position in range(length):
        byte = source[position]
        if byte:
            target[written] = byte
            written += 1
            code += 1
        if byte == 0 or (code == 0xFF and position + 1 < length):
            target[code_at] = code
            code_at = written
            written += 1
            code = 1
    target[code_at] = code
    return written

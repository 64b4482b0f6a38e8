"""The frames of the programmer link: COBS around head, payload and CRC-32C, and a 0x00 that ends them.

A pump's image has the same functions in C, as the module `framing` (c_ext/session/framing.h). These are for what has
none: the bench's own board, and CPython.

Implements: LINK-1
"""

from firmware.compat import const
from firmware.protocol import cobs
from firmware.protocol.crc32c import crc32c

OVERLONG = const(-1)
BAD_COBS = const(-2)
TOO_SHORT = const(-3)
BAD_CRC = const(-4)
_WIRE_MAX = const(256)
_OVERHEAD_BYTES = const(7)


def gather(frame, length, chunk, at, end):
    """Put `chunk[at:end]` behind the `length` bytes of `frame` so far, dropping what has no room, up to a delimiter,
    which is taken and not put. Returns how many bytes were taken: if the last of them is 0, the frame has ended.
    """
    for position in range(at, end):
        byte = chunk[position]
        if byte == 0:
            return position + 1 - at
        if length < _WIRE_MAX:
            frame[length] = byte
            length += 1
    return end - at


def decode(frame, length):
    """Decode the `length` bytes of `frame` over themselves; returns the payload's length, or what is wrong with it."""
    if length == _WIRE_MAX:
        return OVERLONG
    size = cobs.decode_in_place(frame, length)
    if size < 0:
        return BAD_COBS
    if size < _OVERHEAD_BYTES:
        return TOO_SHORT
    crc = crc32c(frame, size - 4)
    for position in range(size - 4, size):
        if frame[position] != crc & 0xFF:
            return BAD_CRC
        crc >>= 8
    return size - _OVERHEAD_BYTES


def encode(frame, sequence, message_id, length, wire):
    """Put head and CRC around the payload of `length` bytes at frame[3], and the frame as it is sent into `wire`;
    returns the number of bytes there.
    """
    frame[0] = sequence & 0xFF
    frame[1] = sequence >> 8
    frame[2] = message_id
    size = 3 + length
    crc = crc32c(frame, size)
    for position in range(size, size + 4):
        frame[position] = crc & 0xFF
        crc >>= 8
    size = cobs.encode_into(frame, size + 4, wire)
    wire[size] = 0
    return size + 1

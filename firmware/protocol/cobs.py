"""Consistent Overhead Byte Stuffing (Cheshire and Baker, IEEE/ACM Trans. Networking 7(2), 1999).

Turns any bytes into bytes without 0x00, so that 0x00 can end a frame and a receiver always finds the next one.
Costs one byte for up to 254 bytes of data. Both directions work in buffers of the caller and allocate nothing.

Implements: LINK-1
"""


def encode_into(source, length, target):
    """Encode the first `length` bytes of `source` into `target`; return the encoded length, without a delimiter.

    `target` must be another buffer with room for `length + length // 254 + 1` bytes; IndexError if it has less.
    """
    code_at = 0
    written = 1
    code = 1
    for position in range(length):
        byte = source[position]
        if byte:
            target[written] = byte
            written += 1
            code += 1
        # A full block of 254 carries no implied zero, so it is closed early, but only if more data follows.
        if byte == 0 or (code == 0xFF and position + 1 < length):
            target[code_at] = code
            code_at = written
            written += 1
            code = 1
    target[code_at] = code
    return written


def decode_in_place(buffer, length):
    """Decode the first `length` bytes of `buffer` over themselves; return the decoded length.

    Returns -1 if the bytes are not a COBS encoding: empty, containing a 0x00, or with a block that runs past the end.
    The contents of `buffer` are then undefined. Decoding never grows, so the write position stays behind the read.
    """
    if length == 0:
        return -1
    read = 0
    written = 0
    while read < length:
        code = buffer[read]
        if code == 0 or read + code > length:
            return -1
        for position in range(read + 1, read + code):
            byte = buffer[position]
            if byte == 0:
                return -1
            buffer[written] = byte
            written += 1
        read += code
        if code != 0xFF and read < length:
            buffer[written] = 0
            written += 1
    return written

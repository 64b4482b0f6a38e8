"""Packing that cannot fail: a value that does not fit its field is clamped to the nearest one that does.

MicroPython's struct silently truncates the upper bits, and CPython's raises; a pump must do neither. A value that is
too large is stored as the maximum, so no record is lost because of one figure.

Implements: STORE-1
"""

import struct

_GREATEST = {"B": 0xFF, "H": 0xFFFF, "I": 0xFFFFFFFF, "Q": 0xFFFFFFFFFFFFFFFF, "i": 0x7FFFFFFF}
_LEAST = {"i": -0x80000000}


def pack_into(layout, buffer, at, *values):
    """As struct.pack_into, for a layout of B, H, I, Q and i without counts."""
    try:  # every stroke calls this, and nearly always all values fit
        struct.pack_into(layout, buffer, at, *values)
        fit = struct.unpack_from(layout, buffer, at) == values
    except Exception:  # raised by CPython for a value that does not fit
        fit = False
    if not fit:
        struct.pack_into(layout, buffer, at, *_fitting(layout, values))


def _fitting(layout, values):
    fitting = []
    place = 1
    for value in values:
        code = layout[place]
        place += 1
        fitting.append(max(_LEAST.get(code, 0), min(value, _GREATEST[code])))
    return fitting

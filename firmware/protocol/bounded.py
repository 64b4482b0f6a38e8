"""Packing that no value can fail: what does not fit its field is cut to the nearest that does.

MicroPython's struct cuts the upper bits off without a word, CPython's raises; a pump must do neither. What was too
great reads as the greatest, and nothing that has happened is lost over a figure.

Implements: STORE-1
"""

import struct

_GREATEST = {"B": 0xFF, "H": 0xFFFF, "I": 0xFFFFFFFF, "Q": 0xFFFFFFFFFFFFFFFF, "i": 0x7FFFFFFF}
_LEAST = {"i": -0x80000000}


def pack_into(layout, buffer, at, *values):
    """As struct.pack_into, for a layout of B, H, I, Q and i without counts."""
    try:  # each stroke comes here, and nearly always all fit
        struct.pack_into(layout, buffer, at, *values)
        fit = struct.unpack_from(layout, buffer, at) == values
    except Exception:  # CPython's, of a value that does not fit
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

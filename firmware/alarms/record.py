"""The record of the latched alarms, so that they are after a reset what they were: order, begin, figure, quiet.

Written only when one of them changes, so it is apart from the state record, which every stroke writes and which has a
bit for each. The two are written one after the other, this one first: where they differ after a cut, an alarm that only
one of them has is latched.

    version | how many | number, mark, figure, begin, quiet until: of each, oldest first

Implements: ALARM-2, STORE-5
"""

import struct

from firmware import bounded
from firmware.alarms.alarms import Active
from firmware.alarms.table import BY_NUMBER
from firmware.compat import const

_VERSION = const(1)
_FORMAT = "<BBIQQ"
_BYTES = const(22)
_PLACES = const(32)  # as many as the state record has bits
RECORD_BYTES = const(706)  # 2 + 32 * 22


def pack_into(buffer, active):
    """Put the alarms in `active` into `buffer`."""
    struct.pack_into("<BB", buffer, 0, _VERSION, len(active))
    for place, each in enumerate(active):
        bounded.pack_into(
            _FORMAT, buffer, 2 + place * _BYTES,
            each.alarm.number, each.mark, each.detail, each.since_us, each.quiet_until_us,
        )  # fmt: skip


def unpack(buffer):
    """The alarms there, oldest first; none in a record of another version."""
    version, count = struct.unpack_from("<BB", buffer, 0)
    if version != _VERSION or count > _PLACES:
        return []
    found = []
    for place in range(count):
        number, mark, detail, since_us, quiet_us = struct.unpack_from(_FORMAT, buffer, 2 + place * _BYTES)
        if number in BY_NUMBER:
            found.append(Active(BY_NUMBER[number], since_us, detail, mark, quiet_us))
    return found

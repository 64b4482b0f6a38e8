"""The alarm record, which keeps each latched alarm's order, begin, figure and quiet time over a reset.

It is written only when an alarm changes, and so is separate from the state record, which every stroke writes and which
has one bit for each alarm. This record is written first. Where the two differ after a power cut, an alarm that is in
only one of them is latched.

    version | how many | number, mark, figure, begin, quiet until: of each, oldest first | the finding that stands

The occlusion detector's finding is stored here too, because it says whether an alarm's cause persists.

Implements: ALARM-2, STORE-5
"""

import struct

from firmware.alarms.latched import Active
from firmware.compat import const
from firmware.occlusion import codes
from firmware.protocol import bounded
from firmware.protocol.alarms import BY_NUMBER

_VERSION = const(1)
_FORMAT = "<BBIQQ"
_BYTES = const(22)
_PLACES = const(32)  # as many as the state record has bits
_FINDING_AT = const(706)  # 2 + 32 * 22
_FINDING = "<BQIIIIiiI"
RECORD_BYTES = const(743)


def pack_into(buffer, active, standing):
    """Put the alarms in `active` and the Diagnosis `standing` (None: none) into `buffer`."""
    struct.pack_into("<BB", buffer, 0, _VERSION, len(active))
    for place, each in enumerate(active):
        bounded.pack_into(
            _FORMAT, buffer, 2 + place * _BYTES,
            each.alarm.number, each.mark, each.detail, each.since_us, each.quiet_until_us,
        )  # fmt: skip
    found = standing or codes.Diagnosis(codes.NONE, 0, 0, 0)
    volumes = [min(each, 0xFFFFFFFF) for each in (found.missed_nl, found.stored_nl, found.released_nl)]
    pressures = [max(-0x80000000, min(each, 0x7FFFFFFF)) for each in (found.rise_pa, found.level_pa)]
    compliance = min(found.compliance_pl_per_pa, 0xFFFFFFFF)
    struct.pack_into(
        _FINDING, buffer, _FINDING_AT, found.code, found.at_us, found.strokes, *volumes, *pressures, compliance
    )


def unpack_finding(buffer):
    """The Diagnosis that stood, or None."""
    code, at_us, strokes, missed_nl, *rest = struct.unpack_from(_FINDING, buffer, _FINDING_AT)
    if buffer[0] != _VERSION or code == codes.NONE:
        return None
    found = codes.Diagnosis(code, at_us, strokes, missed_nl)
    found.stored_nl, found.released_nl, found.rise_pa, found.level_pa, found.compliance_pl_per_pa = rest
    return found


def unpack(buffer):
    """The alarms in the record, oldest first; none if it has another version."""
    version, count = struct.unpack_from("<BB", buffer, 0)
    if version != _VERSION or count > _PLACES:
        return []
    found = []
    for place in range(count):
        number, mark, detail, since_us, quiet_us = struct.unpack_from(_FORMAT, buffer, 2 + place * _BYTES)
        if number in BY_NUMBER:
            found.append(Active(BY_NUMBER[number], since_us, detail, mark, quiet_us))
    return found

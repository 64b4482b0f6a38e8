"""The staged patterns, stored so that a reset forgets none of them.

There is one copy of each. A damaged one counts as not staged; it was never in force.

    4 x (48 rates | CRC-32)

Implements: THER-1, STORE-5
"""

import struct
from binascii import crc32

from firmware.compat import const
from firmware.protocol import HALF_HOURS, PATTERNS
from firmware.storage.settings import RATE_STEP_MU_PER_H

_FORMAT = "<%dH" % HALF_HOURS
_RATES_BYTES = const(96)
_ENTRY_BYTES = const(100)
BYTES = _ENTRY_BYTES * len(PATTERNS)


class Staging:
    """The rates staged for each pattern, at `address` of `nvm`. Every method raises what the memory raises."""

    def __init__(self, nvm, address):
        self._nvm = nvm
        self._address = address
        self._entry = bytearray(_ENTRY_BYTES)
        self._view = memoryview(self._entry)

    def read(self, pattern):
        """The 48 rates staged for a pattern, mU/h; None: there are none."""
        at = self._at(pattern)
        self._nvm.read_into(at, self._entry)
        if struct.unpack_from("<I", self._entry, _RATES_BYTES)[0] != self._crc(at):
            return None
        return [steps * RATE_STEP_MU_PER_H for steps in struct.unpack_from(_FORMAT, self._entry, 0)]

    def write(self, pattern, rates):
        """Stage 48 rates, multiples of 50 mU/h."""
        at = self._at(pattern)
        struct.pack_into(_FORMAT, self._entry, 0, *[rate // RATE_STEP_MU_PER_H for rate in rates])
        struct.pack_into("<I", self._entry, _RATES_BYTES, self._crc(at))
        self._nvm.write(at, self._entry)

    def forget(self, pattern):
        """Discard the rates staged for this pattern."""
        at = self._at(pattern)
        struct.pack_into("<I", self._entry, _RATES_BYTES, ~self._crc(at) & 0xFFFFFFFF)
        self._nvm.write(at, self._entry)

    def _at(self, pattern):
        return self._address + pattern * _ENTRY_BYTES

    def _crc(self, at):
        return crc32(self._view[:_RATES_BYTES], at)

"""The event log: a ring of 32-byte events with numbers without gaps.

append() writes an event, but the event counts only once the state record written after it says so: the state record is
the single point of commitment. If power goes in between, the event has not happened, and its number is used again. The
ring has a few more places than it shows, so an uncommitted event has overwritten only one that could no longer be read.

An event is number | time in s | class | code | detail | reason | four values | CRC-32. Bit 7 of the class: the time is
device time, because the wall clock was lost.

Implements: LOG-1, LOG-2
"""

import struct
from binascii import crc32

from firmware.compat import const
from firmware.protocol.bounded import pack_into

EVENT_BYTES = const(32)
SPARE = const(24)  # the most events between two commitments
NO_CLOCK = const(0x80)
_FORMAT = "<IIBBBBIIII"  # then the CRC
UNREADABLE = (0, 0, 0, 0, 0, 0, 0, 0, 0)


class EventLog:
    """`places` events at `address` of `nvm`. `next_number` is that of the next event; numbers start at 1."""

    def __init__(self, nvm, address, places):
        self.next_number = 1
        self._nvm = nvm
        self._address = address
        self._places = places
        self._event = bytearray(EVENT_BYTES)
        self._view = memoryview(self._event)

    @property
    def oldest(self):
        """The oldest number that can be read; equal to next_number if there is none."""
        return max(1, self.next_number - (self._places - SPARE))

    def append(self, time_s, event_class, code, detail=0, reason=0, values=()):
        """Write the next event; it counts once the state record says so. Values above 32 bits are clamped to the
        maximum; negative ones are stored as signed 32-bit.
        """
        four = tuple([each & 0xFFFFFFFF if each < 0 else each for each in values]) + (0,) * (4 - len(values))
        event = self._event
        pack_into(_FORMAT, event, 0, self.next_number, time_s, event_class, code, detail, reason, *four)
        struct.pack_into("<I", event, EVENT_BYTES - 4, crc32(self._view[: EVENT_BYTES - 4]))
        self._nvm.write(self._at(self.next_number), event)
        self.next_number += 1

    def read(self, number):
        """(time, class, code, detail, reason, value, value, value, value); UNREADABLE if its cells are damaged."""
        self._nvm.read_into(self._at(number), self._event)
        fields = struct.unpack_from(_FORMAT, self._event, 0)
        return fields[1:] if fields[0] == number and self._whole() else UNREADABLE

    def find_newest(self):
        """Continue from the highest number that is readable anywhere in the ring."""
        newest = 0
        for place in range(self._places):
            self._nvm.read_into(self._address + place * EVENT_BYTES, self._event)
            number = struct.unpack_from("<I", self._event, 0)[0]
            if number > newest and self._at(number) == self._address + place * EVENT_BYTES and self._whole():
                newest = number
        self.next_number = newest + 1

    def _whole(self):
        return struct.unpack_from("<I", self._event, EVENT_BYTES - 4)[0] == crc32(self._view[: EVENT_BYTES - 4])

    def _at(self, number):
        return self._address + (number - 1) % self._places * EVENT_BYTES

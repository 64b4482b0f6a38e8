"""The outcome of every order that could still arrive again: a table in memory, and the life that orders must name.

An entry is begun before its order acts and finished with the reply after it. Each of the two parts has its own CRC, and
the reply's CRC is seeded with the first, so the reply of an earlier order in the same place is never taken for this
one's. An order that was begun and not finished when power went was never answered, and is never done again.

The life is a number that every order must name. It is drawn when the memory is initialised and raised at every start,
before any order is accepted. So no order meant for an earlier life, or for a pump before it was initialised, is done
any more, whatever the clocks say. The life is raised as well when an entry must be replaced whose order could still
arrive. So no order is ever done twice, however small the table is; the table serves the answers. docs/adr/0010.

    life, two copies | entries: sequence, id, life, message, CRC of the payload, expiry, CRC | reply, CRC

Implements: LINK-2, STORE-1
"""

import struct
from binascii import crc32

from firmware.compat import const
from firmware.errors import FirmwareError
from firmware.protocol import INTERRUPTED, REFUSAL_ID, REPEATED, REPLY_BYTES, SAFE, message_of, refusal
from firmware.protocol.codec import NAME
from firmware.storage import slots

ENTRIES = const(32)
HOLDS_US = const(600000000)  # the longest that an order may stay valid, LINK-2
_LIFE = "<IIQI"  # life, the first one of this memory, floor, the place that is written next
_LIFE_BYTES = const(20)
_HEAD = "<IIIBIQ"  # sequence, id, life, message, CRC of the payload, expiry; then the CRC
_HEAD_BYTES = const(29)
_OUTCOME_BYTES = const(62)  # message id, length, reply, CRC
_ENTRY_BYTES = const(91)
BYTES = 2 * (_LIFE_BYTES + slots.OVERHEAD_BYTES) + ENTRIES * _ENTRY_BYTES
_LIVES = const(0xFFFFFFFF)
# The effect of these is not only in the state record: they may be in force although the record does not know of them.
_STORED_BESIDES = ("set_time", "initialise_memory")


class Orders:
    """The orders of one pump, at `address` of `nvm`.

    `life` is the number that an order must name; it is 0, which no order may name, until memory has stored it.
    `stored`: memory has stored the latest entry. The whole table is kept in RAM too, so it is right while memory fails.
    """

    def __init__(self, nvm, address):
        self.stored = False
        self._nvm = nvm
        self._lives = slots.TwoSlots(nvm, address, _LIFE_BYTES)
        self._at = address + 2 * (_LIFE_BYTES + slots.OVERHEAD_BYTES)
        self._table = bytearray(ENTRIES * _ENTRY_BYTES)
        self._view = memoryview(self._table)
        self._life = self._first_life = 0
        self._life_stored = False
        self._sequence = 0  # of the latest entry
        self._place = 0  # of the latest entry
        self._floor_us = 0  # no order that was done and is forgotten holds longer

    @property
    def life(self):
        """The life that an order must name. If memory has failed to store it, this retries."""
        return self._life if self.ready() else 0

    def initialise(self, seed):
        """The memory is being initialised: draw another life with `seed`, so that no earlier order is valid any more.

        Raises what the memory raises. The entries in RAM stay, because the order to initialise is one of them.
        """
        self._first_life = self._life = seed % _LIVES + 1
        self._floor_us = 0
        self._store_life()
        for start in range(0, len(self._table), _ENTRY_BYTES):  # the bus times out on transfers longer than 50 ms
            self._nvm.write(self._at + start, self._part(0, start, _ENTRY_BYTES))

    def read(self, done_id):
        """After a reset: read the table. Returns whether power went during an order that may have asked for more
        insulin, so that the core may have had it although no record does. Raises what the memory raises.

        `done_id` is the id of the latest order that the state record has as carried out.
        """
        for start in range(0, len(self._table), _ENTRY_BYTES):
            self._nvm.read_into(self._at + start, self._part(0, start, _ENTRY_BYTES))
        heads = [(self._head(place), place) for place in range(ENTRIES) if self._head(place)]
        if not heads:
            return False
        head, place = max(heads)
        return head[1] != done_id and message_of(head[3])[NAME] not in SAFE and self._outcome(place) is None

    def begin_life(self, seed, now_us, done_id):
        """After read(): raise the life, and finish the entries of orders that were cut by a power loss.

        Raises what the memory raises; `life` is 0 then, and until memory has stored it.
        """
        if self._lives.read() == slots.NOTHING:
            self._first_life = self._life = seed % _LIVES + 1
        else:
            self._life, self._first_life, self._floor_us, self._place = struct.unpack_from(
                _LIFE, self._lives.payload, 0
            )
        latest = None
        for place in range(ENTRIES):
            head = self._head(place)
            if head and head[0] > self._sequence:
                self._sequence, latest = head[0], place
        damaged = done_id and self.find(done_id) is None
        for place in range(ENTRIES):
            # Only the place written last may hold a torn entry; the floor already covers the one it replaced.
            if place != self._place and not self._head(place):
                damaged = damaged or any(self._part(place, 0, _HEAD_BYTES))
        if damaged:
            self._floor_us = max(self._floor_us, now_us + HOLDS_US)  # the entry of a done order may be missing
        self._raise_life()
        for place in range(ENTRIES):
            head = self._head(place)
            if head and self._outcome(place) is None:
                undone = place == latest and head[1] != done_id and message_of(head[3])[NAME] not in _STORED_BESIDES
                code = INTERRUPTED if undone else REPEATED
                self.finish(place, REFUSAL_ID, refusal(head[3], code, 0, head[1]))

    def ready(self):
        """Can an order be accepted? If memory has failed to store the life, this retries."""
        if self._life and not self._life_stored:
            try:
                self._store_life()
            except FirmwareError:
                pass  # no order is accepted until it is stored
        return self._life_stored

    def find(self, command_id):
        """The place of the entry with this id; None: it is not remembered."""
        for place in range(ENTRIES):
            if struct.unpack_from("<I", self._table, place * _ENTRY_BYTES + 4)[0] == command_id and self._head(place):
                return place
        return None

    def is_same(self, place, message_id, payload_crc):
        """Is the entry that of this very order?"""
        head = self._head(place)
        return bool(head) and head[3] == message_id and head[4] == payload_crc

    def outcome(self, place):
        """(reply id, payload) of the entry; None while it has none."""
        return self._outcome(place)

    def begin(self, command_id, life, message_id, payload_crc, expires_us, now_us):
        """Write an order down before it acts; returns its place. `stored` says whether memory has stored it."""
        place = self._place = self._make_room(now_us)
        self._life_stored = False  # the floor and the place must be stored before the entry
        self._sequence += 1
        start = place * _ENTRY_BYTES
        values = (self._sequence, command_id, life, message_id, payload_crc, expires_us)
        struct.pack_into(_HEAD, self._table, start, *values)
        struct.pack_into("<I", self._table, start + _HEAD_BYTES - 4, self._head_crc(place))
        self._write(start, _HEAD_BYTES)
        return place

    def finish(self, place, reply_id, payload):
        """The order at `place` has been answered."""
        start = place * _ENTRY_BYTES + _HEAD_BYTES
        length = min(len(payload), REPLY_BYTES)
        self._table[start] = reply_id
        self._table[start + 1] = length
        self._view[start + 2 : start + 2 + length] = payload[:length]
        struct.pack_into("<I", self._table, start + _OUTCOME_BYTES - 4, self._outcome_crc(place))
        self._write(start, _OUTCOME_BYTES)

    def never_done(self, life, expires_us, now_us):
        """For an order that is not remembered: (is it certain that it was not done, can it still arrive)."""
        if life == self._life and expires_us >= now_us:
            return True, True
        in_line = (life - self._first_life) % _LIVES <= (self._life - self._first_life) % _LIVES
        return life != 0 and in_line and expires_us > self._floor_us, False

    def _make_room(self, now_us):
        """A place for the next entry: a free one, or that of the oldest order that can no longer arrive."""
        place = self._oldest(now_us)
        if place < 0:
            self._life = self._life % _LIVES + 1  # so no order of the life so far can arrive any more
            place = self._oldest(now_us)
        head = self._head(place)
        if head:
            self._floor_us = max(self._floor_us, min(head[5], now_us + HOLDS_US))
        return place

    def _oldest(self, now_us):
        """The place that may be overwritten; -1: none."""
        found, sequence = -1, 0
        for place in range(ENTRIES):
            head = self._head(place)
            if not head:
                return place
            if (head[2] != self._life or head[5] < now_us or not self._life) and (found < 0 or head[0] < sequence):
                found, sequence = place, head[0]
        return found

    def _raise_life(self):
        self._life = self._life % _LIVES + 1
        self._life_stored = False
        self.ready()

    def _store_life(self):
        self._life_stored = False
        struct.pack_into(_LIFE, self._lives.payload, 0, self._life, self._first_life, self._floor_us, self._place)
        self._lives.write()
        self._life_stored = True

    def _write(self, start, length):
        self.stored = False
        if not self.ready():
            return  # a memory that is not valid is left untouched
        try:
            self._nvm.write(self._at + start, self._view[start : start + length])
            self.stored = True
        except FirmwareError:
            pass

    def _head(self, place):
        """The values of an entry; () if there is none."""
        start = place * _ENTRY_BYTES
        if struct.unpack_from("<I", self._table, start + _HEAD_BYTES - 4)[0] != self._head_crc(place):
            return ()
        head = struct.unpack_from(_HEAD, self._table, start)
        return head if head[0] else ()

    def _outcome(self, place):
        start = place * _ENTRY_BYTES + _HEAD_BYTES
        if struct.unpack_from("<I", self._table, start + _OUTCOME_BYTES - 4)[0] != self._outcome_crc(place):
            return None
        return self._table[start], bytes(self._view[start + 2 : start + 2 + self._table[start + 1]])

    def _head_crc(self, place):
        return crc32(self._part(place, 0, _HEAD_BYTES - 4), self._at + place)

    def _outcome_crc(self, place):
        return crc32(self._part(place, _HEAD_BYTES, _OUTCOME_BYTES - 4), self._head_crc(place))

    def _part(self, place, start, length):
        start += place * _ENTRY_BYTES
        return self._view[start : start + length]

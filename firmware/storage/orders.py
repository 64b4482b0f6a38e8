"""The outcome of every order that could still arrive again: a table in memory, and the life that orders must name.

Each entry is its programmer's, by the slot of its key: only that slot is told the outcome, and no other slot's orders
push it out before its expiry. The three latest entries of a slot are safe from all others, the latest one for good.

An entry is begun before its order acts and finished with the reply after it. Each of the two parts has its own CRC, and
the reply's CRC is seeded with the first, so the reply of an earlier order in the same place is never taken for this
one's. An order that was begun and not finished when power went was never answered, and is never done again.

The life is a number that every order must name. It is drawn when the memory is initialised and raised at every start,
before any order is accepted. So no order meant for an earlier life, or for a pump before it was initialised, is done
any more, whatever the clocks say. The life is raised as well when an entry must be replaced whose order could still
arrive. So no order is ever done twice, however small the table is; the table serves the answers. docs/adr/0010.

    life, two copies | entries: sequence, id, life, message, CRC of the payload, expiry, slot, CRC | reply, CRC

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
NOBODY = const(8)  # after the slots' numbers: orders outside a session
_ANYBODY = const(9)
_SAFE = const(3)  # entries of a slot: nine such owners cannot fill the table, so somebody has more
_LIFE = "<III9Q"  # life, the first one of this memory, the place that is written next, the floors
_LIFE_BYTES = const(84)
_HEAD = "<IIIBIQB"  # sequence, id, life, message, CRC of the payload, expiry, slot; then the CRC
_SLOT_AT = const(25)
_HEAD_BYTES = const(30)
_OUTCOME_BYTES = const(62)  # message id, length, reply, CRC
_ENTRY_BYTES = const(92)
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
        self._floors_us = [0] * (NOBODY + 1)  # no order of the slot that was done and is forgotten holds longer

    @property
    def life(self):
        """The life that an order must name. If memory has failed to store it, this retries."""
        return self._life if self.ready() else 0

    def initialise(self, seed):
        """The memory is being initialised: draw another life with `seed`, so that no earlier order is valid any more.

        Raises what the memory raises. The entries in RAM stay, because the order to initialise is one of them.
        """
        self._first_life = self._life = seed % _LIVES + 1
        self._floors_us = [0] * (NOBODY + 1)
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
            self._life, self._first_life, self._place, *self._floors_us = struct.unpack_from(
                _LIFE, self._lives.payload, 0
            )
        latest = None
        for place in range(ENTRIES):
            head = self._head(place)
            if head and head[0] > self._sequence:
                self._sequence, latest = head[0], place
        damaged = done_id and self.find(done_id, _ANYBODY) is None
        for place in range(ENTRIES):
            # Only the place written last may hold a torn entry; the floor already covers the one it replaced.
            if place != self._place and not self._head(place):
                damaged = damaged or any(self._part(place, 0, _HEAD_BYTES))
        if damaged:
            # The entry of a done order may be missing, and nobody knows whose it was.
            self._floors_us = [max(each, now_us + HOLDS_US) for each in self._floors_us]
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

    def find(self, command_id, slot=NOBODY):
        """The place of the entry of this slot with this id; None: it is not remembered."""
        for place in range(ENTRIES):
            start = place * _ENTRY_BYTES
            if struct.unpack_from("<I", self._table, start + 4)[0] == command_id and self._head(place):
                if slot in (self._table[start + _SLOT_AT], _ANYBODY):
                    return place
        return None

    def is_same(self, place, message_id, payload_crc):
        """Is the entry that of this very order?"""
        head = self._head(place)
        return bool(head) and head[3] == message_id and head[4] == payload_crc

    def outcome(self, place):
        """(reply id, payload) of the entry; None while it has none."""
        return self._outcome(place)

    def begin(self, command_id, life, message_id, payload_crc, expires_us, now_us, slot=NOBODY):
        """Write an order of a slot down before it acts; returns its place. `stored`: memory has stored it."""
        place = self._place = self._make_room(now_us, slot)
        self._life_stored = False  # the floor and the place must be stored before the entry
        self._sequence += 1
        start = place * _ENTRY_BYTES
        values = (self._sequence, command_id, life, message_id, payload_crc, expires_us, slot)
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

    def never_done(self, life, expires_us, now_us, slot=NOBODY):
        """For an order that is not remembered: (is it certain that it was not done, can it still arrive)."""
        if life == self._life and expires_us >= now_us:
            return True, True
        in_line = (life - self._first_life) % _LIVES <= (self._life - self._first_life) % _LIVES
        return life != 0 and in_line and expires_us > self._floors_us[slot], False

    def _make_room(self, now_us, slot):
        """A place for the next entry of `slot`. If an order that can still arrive must go, the life is raised."""
        place = self._replaceable(now_us, slot)
        head = self._head(place)
        if head:
            if self._life and head[2] == self._life and head[5] >= now_us:
                self._life = self._life % _LIVES + 1  # so no order of the life so far can arrive any more
            of = head[6]
            self._floors_us[of] = max(self._floors_us[of], min(head[5], now_us + HOLDS_US))
        return place

    def _replaceable(self, now_us, slot):
        """The place for the next entry of `slot`: a free one; the oldest entry that is over; else the slot's own oldest
        one, or, if it has few, that of a slot that has more.

        The slot's own entries are over when their orders cannot arrive any more. Those of others can still be asked
        for: they are over when they have expired, but for the latest of each.
        """
        held, latest, heads = [0] * (NOBODY + 1), [0] * (NOBODY + 1), []
        for place in range(ENTRIES):
            head = self._head(place)
            if not head:
                return place
            held[head[6]] += 1
            latest[head[6]] = max(latest[head[6]], head[0])
            heads.append(head)
        over, more = -1, -1
        for place in range(ENTRIES):
            sequence, _, life, _, _, expires_us, of = heads[place]
            expired = expires_us < now_us
            if of == slot:
                ended = expired or life != self._life or not life
            else:
                ended = expired and sequence != latest[of]
            if ended and (over < 0 or sequence < heads[over][0]):
                over = place
            spare = of == slot if held[slot] >= _SAFE else held[of] > _SAFE
            if spare and (more < 0 or sequence < heads[more][0]):
                more = place
        return more if over < 0 else over

    def _raise_life(self):
        self._life = self._life % _LIVES + 1
        self._life_stored = False
        self.ready()

    def _store_life(self):
        self._life_stored = False
        struct.pack_into(_LIFE, self._lives.payload, 0, self._life, self._first_life, self._place, *self._floors_us)
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

"""The programmers' keys: a slot for each, in records of two copies, and the seed of the random numbers.

A key never becomes a Python object. Its record lies in the memory of the C session, which draws the key, checks it and
overwrites it; here that memory is only handed to the driver of the non-volatile memory, which reads and writes it in
place.

The seed is replaced before it is used: what is drawn after a reset is never drawn again, whenever power went.

Implements: SEC-1, SEC-2
"""

import struct

from firmware.compat import const
from firmware.errors import FirmwareError
from firmware.protocol import (
    NEVER_US,
    ROLE_CARD,
    ROLE_SERVICE,
    SLOT_FREE,
)
from firmware.storage import memory_map
from firmware.storage.slots import NOTHING, TwoSlots

NO_SLOT = const(0xFF)
CARD_SLOT = const(0)  # the 52 letters of a card do not say a slot
NEXT = const(0x80)  # with a slot's number: its next key
_FIELDS = "<BBH16s"  # state, role, generation, label; then the keys, which only the C session reads
_FIELDS_AT = const(4)  # after the record's sequence
_HAS_NEXT_AT = const(56)
_PAIR_BYTES = const(188)  # two copies of a slot
_DAY_US = const(86400000000)


def noise_of(entropy, clock):
    """A function that returns 40 bytes which an attacker does not know: 32 of `entropy()`, if the board has it, and the
    device time.
    """

    def noise():
        drawn = [entropy() if entropy is not None else 0 for _ in range(8)]
        return struct.pack("<8IQ", *drawn, clock.now_us())

    return noise


class Keyring:
    """The keys in `nvm`; `sealed` is the C session.

    `ready`: the seed has been renewed and stored, so that random numbers may be drawn. `hand_out` is the slot whose key
    goes out with the next reply, -1 for none.
    """

    def __init__(self, nvm, sealed):
        self.ready = False
        self.provisioned = False
        self.hand_out = -1
        self._sealed = sealed
        self._seed = TwoSlots(nvm, memory_map.KEYS_AT, memory_map.SEED_BYTES, sealed.seed_record())
        self._nvm = nvm
        self._firsts = bytearray(memory_map.SLOTS)  # TwoSlots.first of each slot, which has an object only when needed
        self._behind = 0  # a bit for each slot whose record is not stored as the session has it
        self._lapses_us = 0  # no slot's time is over before
        self._use = TwoSlots(nvm, memory_map.USE_AT, memory_map.USE_BYTES)
        self._noise = bytes
        self.role = sealed.role
        self.slot = sealed.slot
        self.device_id = sealed.device_id

    def open(self, noise=bytes):
        """After a reset: take the keys into use and renew the seed, mixed with the bytes of `noise()`.

        If the memory fails there are no sessions; it has an alarm of its own.
        """
        self._noise = noise
        self.ready = False
        try:
            self._open()
        except FirmwareError:
            self.provisioned = True  # perhaps: nothing is given away

    def _open(self):
        self.provisioned = self._seed.read() != NOTHING
        if not self.provisioned:
            self._blank(self._seed)
        for slot in range(memory_map.SLOTS):
            stored = self._stored(slot)
            found = stored.read()
            self._firsts[slot] = stored.first
            if found == NOTHING:
                struct.pack_into("<I", self._sealed.record(slot), 0, 0)
                self._sealed.wipe(slot)
            else:
                self._sealed.load(slot)
        if self._use.read() == NOTHING:
            self._blank(self._use)
        self._sealed.renew(self._noise())
        if self.provisioned:
            self._seed.write()
        self._sealed.ready()
        self.ready = True

    def fields(self, slot):
        """(state, role, generation, label) of a slot; the state is SLOT_FREE if it holds no key."""
        state, role, generation, label = struct.unpack_from(_FIELDS, self._sealed.record(slot), _FIELDS_AT)
        return state, role, generation, label.rstrip(b"\0").decode()

    def has_next(self, slot):
        """Is the slot's key being replaced?"""
        return self._sealed.record(slot)[_HAS_NEXT_AT : _HAS_NEXT_AT + 1] != b"\0"

    def last_use(self, slot):
        """(wall clock of the latest session in s, device time until which the slot is valid in µs; 0: for good)."""
        utc_s, until_s = struct.unpack_from("<II", self._use.payload, slot * 8)
        return utc_s, until_s * 1000000

    def free_slot(self):
        """A slot without a key, for a programmer; NO_SLOT: there is none."""
        for slot in range(CARD_SLOT + 1, memory_map.SLOTS):
            if self.fields(slot)[0] == SLOT_FREE:
                return slot
        return NO_SLOT

    def enrol(self, slot, role, label, now_us):
        """Draw a key into a slot and store it; it goes out with the next reply. Raises what the memory raises, with the
        slot as it is stored.
        """
        until_s = (now_us + _DAY_US) // 1000000 if role == ROLE_SERVICE else 0
        self._sealed.fresh_key(slot, role, label.encode())
        try:
            self._used(slot, 0, until_s)
            self._store(slot)
        except FirmwareError:
            self._take_back(slot)
            raise
        self.hand_out = slot

    def revoke(self, slot):
        """Overwrite a slot's key in both copies; a session with it ends at once. Raises what the memory raises, with
        the slot unusable, and behind() until it is stored or the next reset.
        """
        self._sealed.wipe(slot)
        self._store(slot)

    def rotate(self, slot):
        """Draw the slot's next key and store it; it goes out with the next reply. The old one is valid until the first
        session with the new one.
        """
        self._sealed.fresh_key(slot, next=True)
        self._store(slot)
        self.hand_out = slot | NEXT

    def provision(self, seed):
        """Mix the programmer's `seed` in, draw the device's id if it has none, and make the card."""
        self._sealed.provision(seed, self._noise())
        self._seed.write()
        self.enrol(CARD_SLOT, ROLE_CARD, "card", 0)
        self.provisioned = True

    def begun(self, slot, utc_s):
        """A session with this slot's key has begun: note its use; if it was the next key, the old one ends.

        Raises what the memory raises. The old key has ended all the same; if the device restarts before that is stored,
        it has both again, until the new one is used once more.
        """
        self._sealed.stir(self._noise())  # the moment is the programmer's, and what the board draws is fresh
        if self._sealed.promote(slot):
            self._behind |= 1 << slot
        self.catch_up()
        if utc_s // 86400 != self.last_use(slot)[0] // 86400:  # the day is enough, and spares the memory
            self._used(slot, utc_s, self.last_use(slot)[1] // 1000000)

    def behind(self, slot):
        """Has the memory not accepted the slot's latest record?"""
        return bool(self._behind >> slot & 1)

    def catch_up(self):
        """Store the records that the memory has not accepted. Raises what the memory raises."""
        failed = None
        for slot in range(memory_map.SLOTS if self._behind else 0):
            if self.behind(slot):
                try:
                    self._store(slot)
                except FirmwareError as error:
                    failed = error
        if failed is not None:
            raise failed

    def spare(self):
        """Make the key pair for the next session ahead, if there will be one: the longest that the session computes."""
        if self.ready and self.provisioned:
            self._sealed.spare()

    def lapse(self, now_us):
        """End the slots whose time is over; returns one of them, or NO_SLOT."""
        ended = NO_SLOT
        if now_us < self._lapses_us:  # every opening asks, forged ones too
            return ended
        lapses_us = NEVER_US
        for slot in range(memory_map.SLOTS):
            until_us = self.last_use(slot)[1]
            if until_us and self.fields(slot)[0] != SLOT_FREE:
                if now_us >= until_us:
                    self.revoke(slot)
                    ended = slot
                else:
                    lapses_us = min(lapses_us, until_us)
        self._lapses_us = lapses_us
        return ended

    def _stored(self, slot):
        """The slot's record, whose number is in its image."""
        image = self._sealed.record(slot)
        stored = TwoSlots(self._nvm, memory_map.SLOTS_AT + slot * _PAIR_BYTES, memory_map.SLOT_BYTES, image)
        stored.sequence = struct.unpack_from("<I", image, 0)[0]
        stored.first = self._firsts[slot]
        return stored

    def _store(self, slot):
        stored = self._stored(slot)
        self._behind |= 1 << slot
        try:
            stored.write()
        finally:
            self._firsts[slot] = stored.first
        self._behind &= ~(1 << slot)

    def _take_back(self, slot):
        """A new key could not be stored, and nobody will know it: the slot is again as the memory has it."""
        stored = self._stored(slot)
        half_stored = stored.sequence if self.behind(slot) else -1
        self._sealed.wipe(slot)
        try:
            if stored.read() != NOTHING and stored.sequence != half_stored:
                self._sealed.load(slot)
                self._firsts[slot] = stored.first
                self._behind &= ~(1 << slot)
                return
        except FirmwareError:
            self._behind &= ~(1 << slot)  # what is stored there stays, for the next reset
        self._sealed.wipe(slot)

    def _used(self, slot, utc_s, until_s):
        self._lapses_us = 0
        struct.pack_into("<II", self._use.payload, slot * 8, utc_s, until_s)
        self._use.write()

    def _blank(self, stored):
        for place in range(len(stored.payload)):
            stored.payload[place] = 0

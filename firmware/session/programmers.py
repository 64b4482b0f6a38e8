"""Who may talk to the pump: enrolling, listing, revoking and renewing the keys of programmers.

Each is announced by a tone and logged. A key is drawn by the device and leaves it once, sealed, in the reply.

Implements: SEC-1, SEC-2
"""

from firmware import protocol
from firmware.compat import const, nobody
from firmware.errors import FirmwareError, Refused
from firmware.protocol import (
    NEVER_US,
    ROLE_BENCH,
    ROLE_CARD,
    ROLE_CLINICIAN,
    ROLE_PATIENT,
    ROLE_SERVICE,
    SLOT_FREE,
)
from firmware.session.keyring import CARD_SLOT, NO_SLOT
from firmware.storage.memory_map import SLOTS

_TONE_MS = const(500)
_KEY_BYTES = const(32)
_REST_US = const(1000000)  # after an opening, whose programmer has its first answers by then
_ROOM_US = const(250000)  # until the next stroke: the curve takes a Pico 160 ms
_AFTER_US = const(150000)  # after a stroke's start: its burst is over and its record is stored


class Programmers:
    """Answers the messages about programmers; the parts are the pump's, `sound(ms)` its annunciator.

    `due_us` is when rest() must be called.
    """

    def __init__(self, clock, books, keyring, presence, sound=nobody):
        self.due_us = NEVER_US
        self._clock = clock
        self._books = books
        self._keyring = keyring
        self._presence = presence
        self._sound = sound

    def enrol(self, role, label):
        """Make a key for a new programmer. Somebody must be at the device."""
        keyring = self._in_session()
        if role not in _made_by(keyring.role()):
            raise Refused(protocol.WRONG_ROLE, "role", role)
        slot = CARD_SLOT if role == ROLE_CARD else keyring.free_slot()
        if slot == NO_SLOT:
            raise Refused(protocol.SLOTS_FULL, None, SLOTS, SLOTS)
        self._need_presence()
        self._stored(keyring.enrol, slot, role, label, self._clock.now_us())
        return self._made(slot, protocol.EVENT_ENROLLED)

    def read_programmers(self):
        """The slots that hold a key."""
        keyring = self._in_session()
        found = []
        for slot in range(SLOTS):
            state, role, generation, label = keyring.fields(slot)
            if state != SLOT_FREE:
                utc_s, _ = keyring.last_use(slot)
                record = {"slot": slot, "state": state, "role": role, "generation": generation, "label": label}
                record.update(used_next=keyring.has_next(slot), last_used_utc_s=utc_s)
                found.append(record)
        return {"programmers": found}

    def revoke(self, slot, generation):
        """End a programmer's key at once. A programmer cannot end its own: it would not hear the answer."""
        keyring = self._in_session()
        state, role, held, _ = keyring.fields(slot)
        if held != generation or (state == SLOT_FREE and not keyring.behind(slot)):
            raise Refused(protocol.NO_SUCH_SLOT, "slot", slot)
        if slot == keyring.slot():
            raise Refused(protocol.OWN_SLOT, "slot", slot)
        self._stored(keyring.revoke, slot)
        self._tell(protocol.EVENT_REVOKED, slot, role, held)
        return {}

    def rotate(self):
        """Make the next key of the programmer that asks. Its old one is valid until it has used the new one."""
        keyring = self._in_session()
        slot = keyring.slot()
        self._stored(keyring.rotate, slot)
        return self._made(slot, protocol.EVENT_ROTATED)

    def provision(self, seed):
        """Take a seed and make a card: on a device that has none, with somebody at it; or a new card, which voids the
        old one, if somebody has held presence for ten minutes.
        """
        keyring = self._in_session()
        again = keyring.provisioned
        if again and not self._presence.held:
            raise Refused(protocol.ALREADY_PROVISIONED)
        if not again:
            self._need_presence()
        self._stored(keyring.provision, seed)
        self._presence.spend()
        return self._made(CARD_SLOT, protocol.EVENT_ENROLLED if again else protocol.EVENT_PROVISIONED)

    def opened(self):
        """A session was opened, or the device has started: it has no key pair for the next session yet."""
        self.due_us = self._clock.now_us() + _REST_US

    def rest(self, next_stroke_us):
        """Nothing else is to be done: make the key pair for the next session, which halves its opening.

        Strokes are the interrupt's and come on time all the same; the pair waits so that the record of a stroke, on
        which the permit of the next depends, does not wait for it. `next_stroke_us`: when one is due, -1: none is.
        """
        now_us = self._clock.now_us()
        if now_us <= next_stroke_us < now_us + _ROOM_US:
            self.due_us = next_stroke_us + _AFTER_US
            return
        self.due_us = NEVER_US
        if self._keyring is not None:
            self._keyring.spare()

    def catch_up(self):
        """Store the keys' records that the memory did not accept when they changed."""
        if self._keyring is not None:
            try:
                self._keyring.catch_up()
            except FirmwareError:
                pass  # it has an alarm of its own

    def _in_session(self):
        """The keyring; refused outside a session, where nobody has a slot."""
        if self._keyring is None or not self._keyring.role():
            raise Refused(protocol.NOT_OPEN)
        return self._keyring

    def _need_presence(self):
        if not self._presence.shown():
            raise Refused(protocol.NO_PRESENCE)
        self._presence.spend()

    def _stored(self, change, *what):
        try:
            change(*what)
        except FirmwareError:
            raise Refused(protocol.MEMORY_FAILED)

    def _made(self, slot, event):
        _, role, generation, _ = self._keyring.fields(slot)
        self._tell(event, slot, role, generation)
        device_id = int.from_bytes(self._keyring.device_id(), "little")
        key = bytes(_KEY_BYTES)  # its place, which the C session fills in (Keyring.hand_out)
        return {"slot": slot, "generation": generation, "device_id": device_id, "key": key}

    def _tell(self, event, slot, role, generation):
        self._books.memory.note(protocol.CATEGORY_CONNECTIVITY, event, slot, role, (generation,))
        self._books.store()
        self._sound(_TONE_MS)


def _made_by(role):
    """Whom may this role make?"""
    if role == ROLE_CARD:
        return ROLE_PATIENT, ROLE_CLINICIAN
    if role in (ROLE_CLINICIAN, ROLE_BENCH):
        return ROLE_PATIENT, ROLE_CLINICIAN, ROLE_SERVICE, ROLE_CARD
    return ()

"""A whole pump on CPython with its sessions: keys in its memory, the C session, and somebody who may be at it."""

from __future__ import annotations

from firmware import protocol
from firmware.link.commands import Commands
from firmware.link.door import Door
from firmware.link.link import Link
from firmware.session.keyring import Keyring, noise_of
from firmware.session.presence import Presence
from firmware.session.programmers import Programmers
from host.session.key import Key
from host.session.keyring import Keyring as Keys
from host.session.keys import Identity
from tests.firmware.hand import Hand
from tests.host.device import Device
from tests.session.device import session_class

SUITE = 0x81  # of a development image
CARD, PATIENT, CLINICIAN = 0, 1, 2  # slots


class Sealed(Device):
    """The pump of `hand` behind a sealed link. `present`: somebody shows presence. `provisioned` anew, it has a card, a
    patient and a clinician, whose keys are in `identities`.
    """

    def __init__(self, hand: Hand | None = None, provisioned: bool = True) -> None:
        self.present = False
        self.provisioned = provisioned
        self.identities: dict[str, Identity] = {}
        super().__init__(hand)

    def connect(self) -> None:
        """After a reset: nobody has a session."""
        pump = self.pump
        self.session = session_class()(protocol.SCHEMA_HASH.to_bytes(8, "little"), SUITE)
        keyring = Keyring(self.hand.memory, self.session)
        noise = iter(range(1 << 30))
        keyring.open(noise_of(lambda: next(noise), self.hand.clock))
        presence = pump.presence = Presence(lambda: self.present, self.hand.clock)
        pump.programmers = Programmers(self.hand.clock, pump.books, keyring, presence, self.hand.tones_ms.append)
        if self.provisioned and not keyring.provisioned:
            self._provision(keyring)
        self.commands = Commands(pump)
        door = Door(self.session, keyring, presence, pump, self.commands, SUITE)
        self.link = Link(self.uart, door, self.commands.counters)
        pump.stream.send, pump.stream.counters = self.link.tell, self.commands.counters

    def keys(self, role: str = "clinician") -> Keys:
        """The keyring of the programmer with this role."""
        return Keys(role, self.identities[role])

    def _provision(self, keyring: Keyring) -> None:
        keyring.provision(bytes(range(32)))
        for slot, role, label in ((CARD, "card", "card"), (PATIENT, "patient", "pat"), (CLINICIAN, "clinician", "cli")):
            if slot != CARD:
                keyring.enrol(slot, protocol.ROLES.index(role), label, 0)
            key = Key(bytes(self.session.record(slot)[24:56]))
            device_id = bytes(8) if slot == CARD else keyring.device_id()
            self.identities[role] = Identity(role, device_id, slot, role, label, 1, key)
        keyring.hand_out = -1

"""A pump on CPython whose programmers were enrolled: a card, a patient and a clinician."""

from __future__ import annotations

from firmware import protocol
from firmware.session.keyring import Keyring
from host.session.key import Key
from host.session.keyring import Keyring as Keys
from host.session.keys import Identity
from tests.firmware.hand import Hand
from tests.host.device import Device

CARD, PATIENT, CLINICIAN = 0, 1, 2  # slots


class Sealed(Device):
    """The pump of `hand`. `provisioned` anew, it has programmers, whose keys are in `identities`; else it has none."""

    def __init__(self, hand: Hand | None = None, provisioned: bool = True) -> None:
        self.provisioned = provisioned
        self.identities: dict[str, Identity] = {}
        super().__init__(hand)

    def provide(self) -> None:
        """As Device.provide(): it has no bench."""

    def enrol(self, keyring: Keyring) -> None:
        """As Device.enrol()."""
        if not self.provisioned or keyring.provisioned:
            return
        keyring.provision(bytes(range(32)))
        for slot, role, label in ((CARD, "card", "card"), (PATIENT, "patient", "pat"), (CLINICIAN, "clinician", "cli")):
            if slot != CARD:
                keyring.enrol(slot, protocol.ROLES.index(role), label, 0)
            key = Key(bytes(self.session.record(slot)[24:56]))
            device_id = bytes(8) if slot == CARD else keyring.device_id()
            self.identities[role] = Identity(role, device_id, slot, role, label, 1, key)
        keyring.hand_out = -1

    def keys(self, role: str = "clinician") -> Keys:
        """The keyring of the programmer with this role."""
        return Keys(role, self.identities[role])

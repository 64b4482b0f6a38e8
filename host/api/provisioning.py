"""Gives a pump its first keys: once, over the wire, with somebody at it.

The pump must have none yet and be shown presence. Its first session has a key that everybody knows: who is on the wire
then, and changes what crosses it, can learn the card's. So it is done on a desk, before the pump is anybody's.

Implements: SEC-1, SEC-2
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from host.api.client import Programmer
from host.api.transport import Transport
from host.session import card
from host.session.key import KEY_BYTES, Key
from host.session.keyring import Keyring
from host.session.keys import DEVICE_ID_BYTES, PROVISIONING_SLOT, Identity


@dataclass(frozen=True)
class Provisioned:
    """What a pump has been given: its id, the card's key, and the programmers that were enrolled with the card."""

    device_id: bytes
    card: Key
    programmers: tuple[Identity, ...]


def provision(
    transport: Transport,
    presence: Callable[[], None],
    programmers: Sequence[tuple[str, str, str]] = (("default", "clinician", "first"),),
    timeout_s: float = 0.5,
) -> Provisioned:
    """Provision the pump at `transport` and enrol `programmers`, each (name of its key, role, label).

    `presence()` is called before each step that needs it, and has presence shown. Nothing is written to a file.
    Raises what Programmer.provision() and enrol() raise; Refused with `already_provisioned`.
    """
    nobody = Identity(
        "provisioning", bytes(DEVICE_ID_BYTES), PROVISIONING_SLOT, "provisioning", "", 0, Key(bytes(KEY_BYTES))
    )
    presence()
    made = Programmer(transport, keyring=Keyring("provisioning", nobody), timeout_s=timeout_s).provision()
    holder = Programmer(transport, keyring=Keyring("card", card.identity(made.key)), timeout_s=timeout_s)
    found = []
    for name, role, label in programmers:
        presence()
        new = holder.enrol(role, label)
        found.append(Identity(name, new.device_id, new.slot, role, label, new.generation, new.key))
    return Provisioned(made.device_id, made.key, tuple(found))

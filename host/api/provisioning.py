"""Gives a pump its first keys: once, over the wire, with somebody at it. And a new card, if the old one is lost.

The pump must have none yet and be shown presence. Its first session has a key that everybody knows: who is on the wire
then, and changes what crosses it, can learn the card's. So it is done on a desk, before the pump is anybody's.

For a new card somebody must hold presence for ten minutes, in which the pump sounds each second. The session is the
same, with the same weakness.

Implements: SEC-1, SEC-2
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from host.api.client import Programmer
from host.api.transport import Transport
from host.errors import LinkTimeout, Refused
from host.records.programmers import NewKey
from host.session import card
from host.session.errors import NotProvisioned, SessionRefused
from host.session.key import KEY_BYTES, Key
from host.session.keyring import Keyring
from host.session.keys import DEVICE_ID_BYTES, PROVISIONING_SLOT, Identity


def everybody_s() -> Keyring:
    """Return the key that everybody knows, with which a pump opens a session only to be given a card."""
    nobody = Identity(
        "provisioning", bytes(DEVICE_ID_BYTES), PROVISIONING_SLOT, "provisioning", "", 0, Key(bytes(KEY_BYTES))
    )
    return Keyring("provisioning", nobody)


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
    *,
    keep: Callable[[Key], None] = lambda _: None,
    wait: Callable[[], bool] = lambda: False,
) -> Provisioned:
    """Provision the pump at `transport` and enrol `programmers`, each (name of its key, role, label).

    `presence()` is called before each step that needs it, and has presence shown or asks for it. While a pump that
    answers sees none, `wait()` waits between two attempts and returns whether to go on. `keep()` is given the card's
    key as soon as it is made: whatever happens then, it is the pump's. Nothing is written to a file.
    Raises what Programmer.provision() and enrol() raise; Refused with `already_provisioned`.
    """
    presence()
    bare = Programmer(transport, keyring=everybody_s(), timeout_s=timeout_s)
    made = _shown(bare.provision, wait)
    keep(made.key)
    holder = Programmer(transport, keyring=Keyring("card", card.identity(made.key)), timeout_s=timeout_s)
    found = []
    for name, role, label in programmers:
        presence()
        new = _shown(partial(holder.enrol, role, label), wait)
        found.append(Identity(name, new.device_id, new.slot, role, label, new.generation, new.key))
    return Provisioned(made.device_id, made.key, tuple(found))


def _shown(ask: Callable[[], NewKey], wait: Callable[[], bool]) -> NewKey:
    """Ask until the pump sees presence. One that has answered once may be silent for a while: asked too often."""
    answered = False
    while True:
        try:
            return ask()
        except (NotProvisioned, LinkTimeout, Refused) as error:
            if isinstance(error, Refused) and error.code != "no_presence":
                raise
            answered = answered or not isinstance(error, LinkTimeout)
            if not answered or not wait():
                raise


def replace_card(pump: Programmer, wait: Callable[[], bool]) -> NewKey:
    """Have a pump make a new card without card and clinician; the old one opens nothing any more.

    `pump` has the key everybody_s(). The pump is asked until presence has been held for ten minutes; `wait()` waits
    between two attempts, some seconds and less than a minute, and returns whether to go on. Raises what the last
    attempt raised, NotProvisioned, KeyNotReceived.
    """
    while True:
        try:
            return pump.provision()
        except (SessionRefused, LinkTimeout):
            if not wait():
                raise
        except Refused as error:
            if error.code != "already_provisioned" or not wait():  # let go for too long just now
                raise

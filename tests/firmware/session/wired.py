"""The session's parts, wired to a pump on CPython as firmware/main.py wires them on a board."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from firmware import protocol
from firmware.link.commands import Commands
from firmware.link.door import Door
from firmware.session.keyring import Keyring, noise_of
from firmware.session.presence import Presence
from firmware.session.programmers import Programmers
from tests.firmware.hand import Hand
from tests.session.device import session_class

SCHEMA = protocol.SCHEMA_HASH.to_bytes(8, "little")
SUITE = 0x81  # of a development image


class Wired(NamedTuple):
    """The parts; `session` is the C one."""

    session: Any
    keyring: Keyring
    presence: Presence
    commands: Commands
    door: Door


def wired(hand: Hand, shown: Callable[[], bool], entropy: Callable[[], int] | None = None) -> Wired:
    """Wire the pump of `hand`, which has started; `shown()`: somebody shows presence. Nobody has a session."""
    pump, clock = hand.pump, hand.clock
    session = session_class()(SCHEMA, SUITE)
    keyring = Keyring(hand.journal.nvm, session)
    presence = pump.presence = Presence(shown, clock)
    pump.programmers = Programmers(clock, pump.books, keyring, presence, hand.tones_ms.append)
    keyring.open(noise_of(entropy, clock))
    commands = Commands(pump)
    return Wired(session, keyring, presence, commands, Door(session, keyring, presence, pump, commands, SUITE))

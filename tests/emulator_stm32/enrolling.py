"""A programmer of a release image, which no bench's key opens: made with the pump's card and a hand at its button."""

from __future__ import annotations

from hil.backends.emulated_stm32 import EmulatedStm32Board
from hil.keys import Provisioned
from host.api.client import Programmer
from host.session.keyring import Keyring
from host.session.keys import Identity

_HELD_US = 1_000_000


def enrolled(board: EmulatedStm32Board) -> Programmer:
    """A clinician's programmer, in a session."""
    holder = Programmer(board, keyring=Keyring("card", Provisioned().card), timeout_s=2)
    holder.hello()
    board.presence = True
    board.run_until_us(board.now_us + _HELD_US)
    new = holder.enrol("clinician", "desk")
    board.presence = False
    identity = Identity("desk", new.device_id, new.slot, "clinician", "desk", new.generation, new.key)
    ring = Keyring("desk", identity)
    programmer = Programmer(board, keyring=ring, timeout_s=1, first_command_id=1 + board.now_us)
    programmer.hello()
    return programmer

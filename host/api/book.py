"""The book of a programmer's orders: each is written down before it is sent, and struck out when its outcome is known.

Without a store nothing outlives the program; the conversation then knows its own uncertain order only.

Implements: LINK-2, HOST-5
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from firmware.protocol import Message
from host.errors import HostError, OrderInterrupted, OrderLost, OrderUncertain, Refused
from host.session.keyring import Keyring
from host.store import Pending, Store, StoreError

_ID_DIGITS = 16


@dataclass(frozen=True)
class Left:
    """What became of an order that an earlier program had left uncertain.

    `outcome`: "done", "not_done" (and it never will be), "refused", "begun" (the pump lost power over it), "forgotten"
    (nothing more can be asked), or "unknown" still; `why` is its text, if there is one.
    """

    order: Pending
    outcome: str
    why: str


def _device(pump: str) -> str:
    """The device's id in a pump's name, which ends in the key's slot; a port as it is."""
    device, _, slot = pump.rpartition("/")
    return device if len(device) == _ID_DIGITS and slot.isdigit() else pump


def nobody(_: Left | StoreError) -> None:
    """Tells nobody."""


class Book:
    """The orders to the pumps of this computer in `store`; `port` is where this one is, `told` hears what was left."""

    def __init__(
        self, store: Store | None = None, port: str = "", told: Callable[[Left | StoreError], None] = nobody
    ) -> None:
        self.port = port
        self.told = told
        self.done = ""  # the order left by an earlier program that turned out to have been carried out
        self.waits = ""  # the order given with another key that may still be carried out
        self._store = store
        self._looked = False
        self._left: list[Pending] = []
        self._unusable: StoreError | None = None

    def anything_left(self) -> bool:
        """Has an earlier program left an order, to whatever pump? Asked once; a store that cannot be used is told."""
        if self._store is None or self._looked:
            return False
        self._looked = True
        try:
            self._left = self._store.pending()
        except StoreError as error:
            self._unusable = error
            self.told(error)
        return bool(self._left)

    def left(self, pump: str) -> list[Pending]:
        """Return the orders to this pump that an earlier program left, oldest first."""
        return [each for each in self._left if each.pump == pump]

    def left_to_other_keys(self, pump: str) -> list[Pending]:
        """Return the orders to this pump that programs with other keys of it left, oldest first."""
        return [each for each in self._left if each.pump != pump and _device(each.pump) == _device(pump)]

    def unreached(self, keyring: Keyring, error: HostError) -> None:
        """Tell the orders that stay uncertain because the pump is not reached."""
        try:
            pump = keyring.identity().pump if keyring.there else ""
        except HostError:
            pump = ""
        device = _device(pump or self.port)
        for each in [each for each in self._left if _device(each.pump) == device]:
            self.tell(each, "unknown", str(error))
        self._looked = False  # it may be reached yet

    def tell(self, order: Pending, outcome: str, why: str) -> None:
        """Say what became of an order that was left."""
        self.told(Left(order, outcome, why))

    def ensure_usable(self) -> None:
        """Raise the StoreError because of which nobody knows what was left."""
        if self._unusable is not None:
            raise self._unusable

    def write_down(
        self, pump: str, message: Message, payload: bytes, command_id: int, life: int, expires_us: int
    ) -> int | None:
        """Write an order down; its number, None without a store. Raises StoreError."""
        if self._store is None:
            return None
        return self._store.write_down(pump, message.name, message.id, command_id, life, expires_us, payload)

    def strike_out(self, number: int | None) -> None:
        """The outcome of an order is known. If that cannot be noted, the next program asks the pump again."""
        if self._store is not None and number is not None:
            try:
                self._store.strike_out(number)
            except StoreError:
                pass

    @contextmanager
    def until_known(self, number: int | None) -> Iterator[None]:
        """Strike an order out when its outcome is known: it was answered, refused, or will never be carried out."""
        try:
            yield
        except (Refused, OrderLost):
            self.strike_out(number)
            raise
        except OrderUncertain as error:
            if error.final:
                self.strike_out(number)
            raise
        except OrderInterrupted as error:
            if error.settled:
                self.strike_out(number)
            raise
        self.strike_out(number)

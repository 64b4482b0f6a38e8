"""A conversation whose orders are written down, so that the next program knows those whose outcome is not known.

Implements: LINK-2, HOST-5
"""

from __future__ import annotations

from binascii import crc32
from dataclasses import dataclass
from typing import Any

from firmware import protocol
from firmware.protocol import Message
from host.api.book import Book
from host.api.conversation import MESSAGES, Conversation
from host.api.transport import Transport
from host.errors import HostError, OrderUncertain, Refused
from host.session.errors import OTHER_KEY
from host.session.keyring import Keyring
from host.session.keys import known
from host.store import Pending, StoreError

_BY_ID: dict[int, Message] = {message.id: message for message in MESSAGES.values()}
_NO_SEQUENCE = -1  # of an order that an earlier program has sent


@dataclass(frozen=True)
class Order:
    """An order as it was sent; `sequence` is that of its frame, `number` its place in the store, if it has one."""

    message: Message
    payload: bytes
    sequence: int
    number: int | None = None

    @property
    def left(self) -> bool:
        """Has an earlier program given it, perhaps of another version?"""
        return self.sequence == _NO_SEQUENCE

    @property
    def life(self) -> int:
        """The life of the pump for which it was given; 0 in one that reduces delivery."""
        return int(protocol.decode(protocol.ORDER, self.payload[: protocol.ORDER_BYTES])["life"])

    @property
    def question(self) -> bytes:
        """The payload of the request that asks for its outcome. Another version's order begins alike, and may be
        shorter.
        """
        values = protocol.decode(
            protocol.ORDER, self.payload[: protocol.ORDER_BYTES].ljust(protocol.ORDER_BYTES, b"\0")
        )
        values.update(message_id=self.message.id, payload_crc=crc32(self.payload))
        return bytes(protocol.encode(MESSAGES["settle_order"].request, values))


class Kept(Conversation):
    """A conversation with a `book` of its orders. `uncertain` is the order whose outcome is not known, or None."""

    def __init__(
        self, transport: Transport, *, keyring: Keyring | None = None, book: Book | None = None, **how: Any
    ) -> None:
        super().__init__(transport, keyring=keyring, **how)
        self.uncertain: Order | None = None
        self.book = book or Book()

    def settle(self) -> dict[str, Any] | None:
        """Find out the outcome of the uncertain order (host/api/orders.py)."""
        raise NotImplementedError

    def write_down(self, message: Message, payload: bytes) -> int | None:
        """Write an order down before it is sent. Raises StoreError, but not for one that reduces delivery."""
        head = protocol.decode(protocol.ORDER, payload[: protocol.ORDER_BYTES])
        del head["confirms"]
        try:
            return self.book.write_down(self.pump_name(), message, payload, **head)
        except StoreError:
            if message.name in protocol.SAFE:
                return None
            raise

    def pump_name(self) -> str:
        """What the book knows this pump by: its id and the key's slot, or the port if that is not known.

        What became of an order the pump tells only in the slot of the key that it was given with.
        """
        return self.keyring.identity().pump or self.book.port

    def settle_left(self) -> None:
        """Settle the orders that an earlier program has left uncertain, and tell each to `book.told`. Once.

        One that cannot be settled stays `uncertain`. One that turns out to have been carried out keeps this program
        from sending another order: whoever gave that one did not know.
        """
        if not self.book.anything_left():
            return
        if not self.ready:
            try:
                self.hello()
            except HostError as error:
                self.book.unreached(self.keyring, error)
                raise
        for each in self.book.left_to_other_keys(self.pump_name()):
            self._leave_to_its_key(each)
        for each in self.book.left(self.pump_name()):
            # What this version does not know can be asked about all the same: its number is all that is sent of it.
            message = _BY_ID.get(each.message_id) or Message(each.message, each.message_id, "anyone", False, "")
            order = self.uncertain = Order(message, each.payload, _NO_SEQUENCE, each.number)
            try:
                reply = self.settle()
                self.book.tell(each, "not_done" if reply is None else "done", "")
                if reply is not None and order.message.name not in protocol.SAFE:
                    self.book.done = order.message.name
            except Refused as error:
                self.book.tell(each, "refused", str(error))
            except OrderUncertain as error:
                if not error.final:
                    self.book.tell(each, "unknown", error.why)
                    return
                self.book.tell(each, "begun" if error.begun else "forgotten", error.why)
                self.uncertain = None

    def _leave_to_its_key(self, left: Pending) -> None:
        """An order was given with another key of this pump, and only that can settle it: while it may still be carried
        out nothing is ordered, and if there is no such key any more, that is told once.
        """
        head = protocol.decode(protocol.ORDER, left.payload[: protocol.ORDER_BYTES])
        try:
            now = self.ask(MESSAGES["read_time"], {})
            can_come = now["life"] == head["life"] and now["now_us"] <= head["expires_us"]
        except HostError:
            can_come = left.message not in protocol.SAFE
        if can_come:
            self.book.waits = left.message
            self.book.tell(left, "unknown", OTHER_KEY)
        elif not known(left.pump):
            self.book.tell(left, "forgotten", "")
            self.book.strike_out(left.number)

"""The programmers of a scenario: the host's own, which note what they seal, what they take for the pump's answer, and
what their caller is told of each order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.protocol import Message
from host.api.book import Book, Left
from host.api.client import Programmer
from host.api.kept import Order
from host.errors import OrderInterrupted, OrderLost, Refused
from host.session.frames import Session
from host.session.keyring import Keyring
from host.session.keys import Identity
from host.session.plain import PLAIN, is_not_open
from host.store import Pending
from tests.adversary.truth import Opened, Truth

_LEFT = {"done": "done", "not_done": "not_done", "refused": "not_done"}


class RamStore:
    """The store of one person's computer, as host.store.Store; it outlives the program."""

    def __init__(self) -> None:
        self._pending: dict[int, Pending] = {}
        self._number = 0

    def write_down(
        self, pump: str, message: str, message_id: int, command_id: int, life: int, expires_us: int, payload: bytes
    ) -> int:
        """As Store.write_down()."""
        self._number += 1
        self._pending[self._number] = Pending(self._number, pump, 0, message, message_id, payload)
        return self._number

    def strike_out(self, number: int) -> None:
        """As Store.strike_out()."""
        self._pending.pop(number, None)

    def pending(self) -> list[Pending]:
        """As Store.pending()."""
        return list(self._pending.values())


class Judged(Programmer):
    """A programmer whose doings are noted in `truth`."""

    def __init__(self, transport: Any, truth: Truth, keyring: Keyring, store: RamStore, first_command_id: int) -> None:
        book = Book(store, "line", self._was_left)  # type: ignore[arg-type]
        super().__init__(transport, keyring=keyring, book=book, first_command_id=first_command_id)
        self._truth = truth
        self._asked: dict[tuple[int, int], tuple[int, int]] = {}  # by sequence number and message id

    def _request(
        self,
        message: Message,
        payload: bytes,
        attempts: int | None = None,
        factor: float = 1.0,
        late: tuple[int, int] | None = None,
    ) -> tuple[int, bytes]:
        asked = self.link.next_sequence, message.id
        reply_id, body = super()._request(message, payload, attempts, factor, late)
        if self.link.session is not None and message.id not in PLAIN and not is_not_open(body):
            self._truth.told([self._asked[each] for each in (asked, late) if each in self._asked], reply_id, body)
        return reply_id, body

    def _was_left(self, left: Any) -> None:
        if isinstance(left, Left) and left.outcome in _LEFT:
            self._truth.outcomes[left.order.message_id, left.order.payload] = _LEFT[left.outcome]

    def _opened(self, hello: bytes) -> Session:
        session = super()._opened(hello)
        truth, identity = self._truth, self.keyring.identity()
        assert self._opened_with is not None
        key = self._opened_with.secret()
        truth.sessions[session.number] = Opened(identity.name, identity.role, identity.slot, key)
        truth.secrets.add(key)
        seal = session.seal

        def sealing(sequence: int, message_id: int, payload: bytes) -> tuple[int, bytes]:
            counter, sealed = seal(sequence, message_id, payload)
            self._asked[sequence, message_id] = session.number, counter
            truth.sealed[session.number, counter] = message_id, bytes(payload)
            return counter, sealed

        session.seal = sealing  # type: ignore[method-assign]
        return session

    def _give(self, order: Order) -> dict[str, Any]:
        return self._outcome_noted(order, lambda: super(Judged, self)._give(order))

    def _insist(self, order: Order) -> dict[str, Any]:
        return self._outcome_noted(order, lambda: super(Judged, self)._insist(order))

    def _outcome_noted(self, order: Order, give: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        self._note(order, "maybe")
        try:
            reply = give()
        except (Refused, OrderLost):
            self._note(order, "not_done")
            raise
        except OrderInterrupted as error:
            if error.settled:
                self._note(order, "not_done" if error.reply is None else "done")
            raise
        self._note(order, "done")
        return reply

    def settle(self) -> dict[str, Any] | None:
        """As Ordering.settle(); what it tells is noted."""
        order = self.uncertain
        try:
            reply = super().settle()
        except Refused:
            if order is not None:
                self._note(order, "not_done")
            raise
        if order is not None:
            self._note(order, "not_done" if reply is None else "done")
        return reply

    def _note(self, order: Order, outcome: str) -> None:
        self._truth.outcomes[order.message.id, order.payload] = outcome


class Person:
    """Somebody with a key for the pump, and a computer whose programs come and go."""

    def __init__(self, transport: Any, truth: Truth, identity: Identity, number: int) -> None:
        self.identities = [identity]  # those before are kept by whoever copied them
        self.keyring = Keyring(identity.name, identity)
        self._transport, self._truth = transport, truth
        self._store = RamStore()
        self._ids = number * 1000
        self.program = self.again()

    def again(self) -> Judged:
        """Start the program anew; it opens the port, and finds the orders that the one before left."""
        self._transport.opened()
        self._ids += 100
        self.program = Judged(self._transport, self._truth, self.keyring, self._store, self._ids)
        return self.program

    def with_old_key(self) -> Judged:
        """Return the program of somebody who has a copy of this person's first key."""
        self._ids += 100
        old = Keyring(self.identities[0].name, self.identities[0])
        return Judged(self._transport, self._truth, old, RamStore(), self._ids)

    def keep(self) -> None:
        """Note the key as it is now."""
        now = self.keyring.identity()
        if now != self.identities[-1]:
            self.identities.append(now)


def _enrol(person: Person, number: int, people: dict[str, Person]) -> Identity:
    role = ("patient", "clinician", "service")[number % 3]
    name = f"{role} {len(people)}"
    new = person.program.enrol(role, name)
    return Identity(name, new.device_id, new.slot, role, name, new.generation, new.key)


def _revoke(person: Person, number: int, people: dict[str, Person]) -> None:
    names = list(people)
    other = people[names[number % len(names)]].keyring.identity()
    person.program.revoke(other.slot, other.generation)


def _old_key(person: Person, number: int, people: dict[str, Person]) -> None:
    program = person.with_old_key()
    if number % 2:
        program.stop()
    else:
        program.status()


def _settle(person: Person, number: int, people: dict[str, Person]) -> None:
    person.program.settle()


PEOPLE_CALLS: dict[str, Callable[[Person, int, dict[str, Person]], Any]] = {
    "bolus": lambda person, number, _: person.program.bolus(200 * (1 + number % 5)),
    "set_basal": lambda person, number, _: person.program.set_basal(50 * (number % 40)),
    "temp_basal": lambda person, number, _: person.program.temp_basal("percent", number % 200, 30),
    "stop": lambda person, *_: person.program.stop(),
    "suspend": lambda person, *_: person.program.suspend(),
    "resume": lambda person, *_: person.program.resume(),
    "cancel_bolus": lambda person, *_: person.program.cancel_bolus(),
    "status": lambda person, *_: person.program.status(),
    "telemetry": lambda person, number, _: person.program.telemetry(1, number % 20),
    "settle": _settle,
    "again": lambda person, *_: person.again() and None,
    "enrol": _enrol,
    "revoke": _revoke,
    "rotate": lambda person, *_: person.program.rotate() and None,
    "old_key": _old_key,
    "read_programmers": lambda person, *_: person.program.read_programmers(),
}

"""The pump of a scenario: the firmware on CPython with the session in C, which notes what it hears and does."""

from __future__ import annotations

from functools import cache
from typing import Any

from host.session.keys import ROLES, Identity
from tests.adversary.truth import Truth
from tests.firmware.hand import Hand
from tests.firmware.ram import PowerCut, RamNvm, RamRtc
from tests.host.sealed import CARD, Sealed

_KEY = slice(24, 56)  # in a slot's image
_NEXT = slice(58, 90)
_ID = slice(36, 44)  # in the seed's image
_NOTED = ("enrol", "revoke", "rotate")  # beside the orders


@cache
def provisioned() -> tuple[bytes, dict[str, Identity]]:
    """Return the memory of a pump with a card, a patient and a clinician, and their keys."""
    pump = Sealed()
    return bytes(pump.hand.memory.cells), pump.identities


@cache
def twin() -> bytes:
    """Return the memory of another pump that has the same keys but for the card, and an id of its own."""
    pump = Sealed(Hand(RamNvm(image=provisioned()[0]), RamRtc()))
    keyring = pump.link._door._keyring
    pump.session.seed_record()[_ID] = b"the twin"
    keyring._seed.write()
    keyring.revoke(CARD)  # a card's letters do not say whose it is: its key alone does
    return bytes(pump.hand.memory.cells)


class Watched(Sealed):
    """A pump with this memory, whose doings are noted in `truth`."""

    def __init__(self, image: bytes, truth: Truth) -> None:
        self.truth = truth
        self._request = (0, 0)
        self._payload = b""
        self._replaced = b""
        super().__init__(Hand(RamNvm(image=image), RamRtc()))

    def connect(self) -> None:
        """After a reset."""
        super().connect()
        self._replaced = b""  # power went before that was stored: the old key holds until the new one comes again
        session, commands = self.session, self.commands
        self._inner = {"open": session.open, "accept": session.accept, "promote": session.promote}
        self._inner |= {"handle": commands.handle, "answer": commands._answer}
        session.open, session.accept, session.promote = self._opening, self._accepting, self._promoting
        commands.handle, commands._answer = self._handling, self._answering
        self._keep_secrets()

    def keys_of(self, slot: int) -> tuple[bytes, bytes]:
        """The slot's key and its next one."""
        image = bytes(self.session.record(slot))
        return image[_KEY], image[_NEXT]

    def _keep_secrets(self) -> None:
        for slot in range(8):
            self.truth.secrets.update(key for key in self.keys_of(slot) if any(key))

    def _opening(self, now_us: int, sequence: int, message_id: int, frame: Any) -> int:
        counter = int.from_bytes(bytes(frame[:4]), "little")
        length = self._inner["open"](now_us, sequence, message_id, frame)
        if length >= 0:
            self._request = self.session.number(), counter
        return int(length)

    def _accepting(self, now_us: int, presence: bool, provisioning: bool, payload: Any, reply: Any) -> int:
        opening = bytes(payload)
        result = self._inner["accept"](now_us, presence, provisioning, payload, reply)
        if result == 1:
            self.truth.opening_taken(opening)
        return int(result)

    def _promoting(self, slot: int) -> bool:
        old, used_next = self.keys_of(slot)[0], self.session.used_next()
        changed = self._inner["promote"](slot)
        if used_next:
            self._replaced = old
        return bool(changed)

    def _handling(self, message_id: int, payload: Any) -> tuple[int, bytes]:
        if self._replaced:  # and that is stored, or we were not here
            self.truth.void.add(self._replaced)
            self._replaced = b""
        self._payload = bytes(payload)
        session = self.session
        self.truth.hears(self._request, message_id, self._payload, session.slot(), ROLES[session.role()])
        request = self._request
        reply_id, reply = self._inner["handle"](message_id, payload)
        self.truth.handled[request] = reply_id, bytes(reply)
        return reply_id, reply

    def _answering(self, message: Any, request: dict[str, Any]) -> tuple[int, bytes]:
        if not message.changes_delivery and message.name not in _NOTED:
            return self._inner["answer"](message, request)  # type: ignore[no-any-return]
        effect = self.truth.begins(self._request, message.id, message.name, self._payload)
        revoked = self.keys_of(request["slot"]) if message.name == "revoke" and request["slot"] < 8 else ()
        try:
            answer = self._inner["answer"](message, request)
        except PowerCut:
            raise
        except BaseException:
            self.truth.effects.remove(effect)
            raise
        effect.complete = True
        self.truth.void.update(key for key in revoked if any(key))
        self._keep_secrets()
        return answer  # type: ignore[no-any-return]

    def faults(self) -> list[str]:
        """Exceptions that the firmware has caught."""
        caught = (self.commands.last_error, self.pump.failures.last_error)
        return [f"traceback: in the pump, {type(each).__name__}: {each}" for each in caught if each is not None]


def accepted(pump: Sealed) -> list[tuple[Any, ...]]:
    """The orders that the log says were accepted; it holds more than a scenario makes."""
    return pump.done


def ledger(pump: Sealed) -> list[dict[str, int]]:
    """The deliveries."""
    return list(pump.pump.reports.read_deliveries(0, 32)["records"])

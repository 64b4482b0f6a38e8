"""Who may talk to the pump: enrol, list, revoke programmers, renew one's own key, provision. One method per message.

Implements: HOST-3, SEC-1, SEC-2
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

from firmware import protocol
from host.api.conversation import MESSAGES, NOT_OPEN, decode_reply, encode_request, place_of
from host.api.orders import Ordering
from host.errors import LinkError, PortError, Refused
from host.records.made import made
from host.records.programmers import NewKey, ProgrammerSlot
from host.session.errors import KeyNotReceived, NotProvisioned, SessionRefused
from host.session.key import KEY_BYTES, Key
from host.session.keys import DEVICE_ID_BYTES, Identity

_ROLES = protocol.ROLES[1:]


class Programmers(Ordering):
    """The messages about programmers. A key that the pump draws comes sealed, once; whoever gets it must keep it."""

    def enrol(self, role: str, label: str) -> NewKey:
        """Have the pump make a key for a programmer with this role ("patient", "clinician", "service", "card") and
        label (1 to 16 bytes). Somebody must show presence at the pump. Raises KeyNotReceived.
        """
        place = place_of(role, _ROLES) + 1
        return self._key_of("enrol", role=place, label=label)

    def read_programmers(self) -> list[ProgrammerSlot]:
        """Return the slots that are not free."""
        found = self.call("read_programmers")["programmers"]
        return [
            made(ProgrammerSlot, each | {"last_used_utc_s": each["last_used_utc_s"] or None})  # 0: never, or not known
            for each in found
        ]

    def revoke(self, slot: int, generation: int) -> None:
        """Void the key of this slot, at once and for good."""
        self.call("revoke", slot=slot, generation=generation)

    def rotate(self) -> Identity:
        """Have the pump draw a new key for the slot of this session, keep it, and open a session with it.

        The old key holds until then, so whatever breaks off in between leaves a key that opens. Raises KeyNotReceived,
        KeyFileError.
        """
        new = self._key_of("rotate")
        self.keyring.rotating(replace(self.keyring.identity(), next=new.key))
        self.hello()
        return self.keyring.identity()

    def provision(self) -> NewKey:
        """Give a pump without keys random numbers of this computer, and have it make a card.

        Somebody must show presence at it; anybody can open this session there. Raises NotProvisioned, KeyNotReceived.
        """
        try:
            self.open_session()
        except SessionRefused as error:
            raise NotProvisioned from error
        return self._key_of("provision", seed=secrets.token_bytes(KEY_BYTES))

    def _key_of(self, name: str, **values: Any) -> NewKey:
        """Ask for a key. Nothing is asked a second time in another session: it would make a second key."""
        message = MESSAGES[name]
        card = name == "provision" or values.get("role") == protocol.ROLE_CARD
        lost = "card" if card else "next" if name == "rotate" else "key"
        payload = encode_request(message, values)
        if not self.ready and name != "provision":  # whose session lets nothing else be asked
            self.hello()
        try:
            reply = decode_reply(message, self._exchange(message, payload))
        except Refused as error:
            if error.code == NOT_OPEN:
                raise KeyNotReceived(lost, str(error)) from error
            raise
        except (LinkError, PortError) as error:
            raise KeyNotReceived(lost, str(error)) from error
        own = self.keyring.identity()
        device_id = reply["device_id"].to_bytes(DEVICE_ID_BYTES, "little") if "device_id" in reply else own.device_id
        key = Key(reply["key"])
        return NewKey(reply.get("slot", own.slot), reply.get("generation", 0), device_id, key)

"""What the frames of a script's pump say.

Implements: HIL-5
"""

from __future__ import annotations

import hashlib
from typing import Any

from firmware import protocol
from firmware.protocol import Field, Message, ProtocolError
from hil.scripts.script import Refusal
from host.api.conversation import decode_fields
from host.errors import BadReply


def hash_of(message: Message, asked: bytes, reply: dict[str, Any] | None) -> int:
    """What an order with the own fields `asked` must carry after this reply to its preparing; 0 if there is none."""
    if reply is None:
        return 0
    summary = reply["prepared"]
    return int.from_bytes(hashlib.sha256(bytes([message.id]) + asked + summary).digest()[:8], "little")


def read(message: Message, reply_id: int, payload: bytes) -> tuple[dict[str, Any] | None, Refusal | None]:
    """A reply, or a refusal, by name."""
    if reply_id != protocol.REFUSAL_ID:
        try:
            return decode_fields(message.name, message.reply, payload), None
        except BadReply as error:
            return None, Refusal("bad_reply", str(error), 0, 0)
    try:
        refusal = protocol.decode(protocol.REFUSAL, payload)
    except ProtocolError as error:
        return None, Refusal("bad_refusal", str(error), 0, 0)
    index = refusal["field_index"]
    fields: tuple[Field, ...] = message.request
    name = fields[index].name if index < len(fields) else ""
    return None, Refusal(protocol.CODES[refusal["code"]], name, refusal["value"], refusal["limit"])

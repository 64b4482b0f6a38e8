"""Frames of requests that a bench sends by hand, at a time of its own: a flood's, a script's.

They are sealed in a session of the bench's programmer. The pump hears each once, and only in the order in which they
were sealed.

Implements: HIL-1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from host.api.link import Asked, encode_frame
from host.session.plain import PLAIN

if TYPE_CHECKING:
    from host.session.frames import Session


def plain_frame(sequence: int, message_id: int, payload: bytes) -> bytes:
    """Return an unsealed frame: of hello or an opening, or one that the pump must refuse."""
    # The leading delimiter ends any noise that the pump may have collected since the last frame.
    return b"\0" + encode_frame(sequence & 0xFFFF, message_id, payload)


def sealed_frame(session: Session | None, sequence: int, message_id: int, payload: bytes) -> tuple[bytes, Asked]:
    """Return the frame of a request, and what answers it. Hello is plain in every session."""
    sequence &= 0xFFFF
    if session is None or message_id in PLAIN:
        return plain_frame(sequence, message_id, payload), Asked(sequence, message_id)
    counter, sealed = session.seal(sequence, message_id, payload)
    return plain_frame(sequence, message_id, sealed), Asked(sequence, message_id, session, counter)

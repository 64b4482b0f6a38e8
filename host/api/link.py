"""The programmer's end of the link: frames, sequence numbers, time-outs and retries.

Framing uses the PyPI packages `cobs` and `crcmod`, so that an error in the firmware's own framing cannot go unnoticed
because both ends share it.

Implements: LINK-1
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import crcmod.predefined
from cobs import cobs

from firmware.protocol import MAX_PAYLOAD_BYTES, MAX_WIRE_BYTES, OVERHEAD_BYTES, REFUSAL_ID, REPLY_BIT, TELEMETRY_ID
from host.api.transport import Transport
from host.session.plain import PLAIN, Forged, is_not_open

if TYPE_CHECKING:
    from host.session.frames import Session  # which loads ciphers that a pump without sessions does not need

_crc32c = crcmod.predefined.mkCrcFun("crc-32c")
_BYTES_PER_S = 11520  # 115200 baud, ten bits a byte
_US_PER_S = 1_000_000
_FRAME_S = 0.05  # beyond a time-out: a reply that has begun to come comes to its end
_TOLD_MAX = 3600  # an hour of unread frames at 1 Hz
_LEAST_BUDGET_BYTES = 4 * MAX_WIRE_BYTES
_REMEMBERED = 16  # requests whose late reply can still be opened


def encode_frame(sequence: int, message_id: int, payload: bytes) -> bytes:
    """Return the frame with its delimiter. Raises ValueError for a payload above `MAX_PAYLOAD_BYTES`."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise ValueError(f"payload has {len(payload)} bytes, limit {MAX_PAYLOAD_BYTES} bytes")
    body = sequence.to_bytes(2, "little") + bytes([message_id]) + payload
    return bytes(cobs.encode(body + _crc32c(body).to_bytes(4, "little"))) + b"\0"


def decode_frame(encoded: bytes) -> tuple[int, int, bytes] | None:
    """Return `(sequence, message_id, payload)` of a frame without its delimiter, or None if it is damaged."""
    try:
        body = bytes(cobs.decode(encoded))
    except cobs.DecodeError:
        return None
    if len(encoded) >= MAX_WIRE_BYTES or len(body) < OVERHEAD_BYTES:
        return None
    if _crc32c(body[:-4]) != int.from_bytes(body[-4:], "little"):
        return None
    return int.from_bytes(body[:2], "little"), body[2], body[3:-4]


@dataclass(slots=True)  # a frozen one takes three times as long to make
class Asked:
    """A request as it was sent: in `session` with `counter`, or plain."""

    sequence: int
    message_id: int
    session: Session | None = None
    counter: int = 0

    def answered_by(self, sequence: int, reply_id: int, payload: bytes) -> tuple[int, bytes] | None:
        """Return the reply that this frame is, opened; None if it answers something else. Raises Forged."""
        if sequence != self.sequence or reply_id not in (self.message_id | REPLY_BIT, REFUSAL_ID):
            return None
        if self.session is not None and not (reply_id == REFUSAL_ID and is_not_open(payload)):
            payload = self.session.open_reply(sequence, reply_id, self.counter, payload)
        if reply_id == REFUSAL_ID and payload[:1] != bytes([self.message_id]):
            return None
        return reply_id, payload


class HostLink:
    """Requests and their replies over a transport, one at a time; sealed as long as there is a `session`.

    `frames_dropped` counts damaged frames, `replies_stale` good ones that answer an earlier request, `frames_forged`
    those that the holder of the session's keys has not made: noise like any other.
    """

    def __init__(self, transport: Transport, first_sequence: int = 0) -> None:
        self.frames_dropped = 0
        self.replies_stale = 0
        self.frames_forged = 0
        self.session: Session | None = None
        self.told: deque[bytes] = deque(maxlen=_TOLD_MAX)  # telemetry received and not yet read, oldest first
        self.heard_bytes = 0  # since the latest request was first sent
        self._transport = transport
        self._sequence = first_sequence & 0xFFFF
        self._buffer = bytearray()
        self._asked: OrderedDict[tuple[int, int], Asked] = OrderedDict()

    @property
    def next_sequence(self) -> int:
        """The sequence number of the next request."""
        return self._sequence

    def request(
        self,
        message_id: int,
        payload: bytes,
        timeout_s: float,
        attempts: int,
        factor: float = 1.0,
        late: tuple[int, int] | None = None,
    ) -> tuple[int, bytes] | None:
        """Send a request up to `attempts` times; return `(reply_id, payload)`, or None if no reply came.

        Retries are the same bytes, so a late reply to an earlier attempt counts, and a pump that has answered already
        sends that answer again. Each attempt waits `factor` times as long as the one before. `late` is the sequence
        number and message id of an earlier request whose reply is accepted too.
        """
        sequence = self._sequence
        self._sequence = (sequence + 1) & 0xFFFF
        session, counter = self.session, 0
        if session is None or message_id in PLAIN:
            session = None
        else:
            counter, payload = session.seal(sequence, message_id, payload)
        # The leading delimiter ends any noise that the pump may have collected since the last frame.
        frame = b"\0" + encode_frame(sequence, message_id, payload)
        self.heard_bytes = 0
        awaited = [self._remember(Asked(sequence, message_id, session, counter))]
        if late is not None:
            awaited.append(self._asked.get(late) or Asked(*late))
        for _ in range(attempts):
            self._transport.write(frame)
            reply = self._await(awaited, timeout_s)
            if reply is not None:
                return reply
            timeout_s *= factor
        return None

    def listen(self, timeout_s: float) -> bytes | None:
        """Return the next telemetry frame's payload, or None on a time-out."""
        if not self.told:
            self._await([], timeout_s)
        return self.told.popleft() if self.told else None

    def _remember(self, asked: Asked) -> Asked:
        self._asked[asked.sequence, asked.message_id] = asked
        if len(self._asked) > _REMEMBERED:
            self._asked.popitem(last=False)
        return asked

    def _await(self, awaited: list[Asked], timeout_s: float) -> tuple[int, bytes] | None:
        # A transport that never falls silent would never time out: somebody else may have the pump answer. So the wait
        # also ends by the transport's clock, if it has one, and once it has delivered more bytes than the line can
        # carry within the time-out.
        budget = max(_LEAST_BUDGET_BYTES, int(_BYTES_PER_S * timeout_s))
        end_us = self._now_us() + round((timeout_s + _FRAME_S) * _US_PER_S)
        while True:
            reply = self._next_reply(awaited)
            if reply is not None or (not awaited and self.told):
                return reply
            left_s = min(timeout_s, (end_us - self._now_us()) / _US_PER_S)
            data = self._transport.read(left_s) if budget > 0 and left_s > 0 else b""
            if not data:
                return None
            budget -= len(data)
            self.heard_bytes += len(data)
            self._buffer += data

    def _now_us(self) -> int:
        return getattr(self._transport, "now_us", 0)

    def _next_reply(self, awaited: list[Asked]) -> tuple[int, bytes] | None:
        while (end := self._buffer.find(0)) >= 0:
            encoded = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            if not encoded:
                continue
            frame = decode_frame(encoded)
            if frame is None:
                self.frames_dropped += 1
                continue
            try:
                reply = self._taken(frame, awaited)
            except Forged:
                self.frames_forged += 1
                continue
            if reply is not None:
                return reply
        if len(self._buffer) >= MAX_WIRE_BYTES:
            self._buffer.clear()  # what is left of it fails its CRC at the next delimiter and is counted there
        return None

    def _taken(self, frame: tuple[int, int, bytes], awaited: list[Asked]) -> tuple[int, bytes] | None:
        if frame[1] == TELEMETRY_ID:
            if self.session is None:  # of a session that has ended, or of somebody else: nothing tells
                raise Forged
            self.told.append(self.session.open_telemetry(*frame))
            return None
        for asked in awaited:
            reply = asked.answered_by(*frame)
            if reply is not None:
                return reply
        self.replies_stale += 1
        return None

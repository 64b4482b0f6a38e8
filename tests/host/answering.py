"""The transport to a pump that a test makes up: one answer to each request, or silence. It has the bench's keys."""

from __future__ import annotations

from c_ext.host.session_face import OPENED
from firmware import protocol
from hil.keys import KEYS_AT, Provisioned
from host.api.link import decode_frame, encode_frame
from host.session.plain import HELLO_ID, OPEN_ID, SUITE, VERSION
from tests.session.device import session_class

_HASH = protocol.SCHEMA_HASH.to_bytes(8, "little")
_SEED_AT, _BENCH_AT = 64, 356  # docs/memory.md
_AGAIN, _DROP = -1, -3


class Answering:
    """`answer_to(number, payload, sequence)` gives (reply's id, payload), None: silence; `waited`: each time-out.

    `opens`: it answers a hello and opens sessions; without, these come to `answer_to` too.
    """

    opens = True
    schema = _HASH

    def __init__(self) -> None:
        self.waited: list[float] = []
        self._session_us = 0  # its clock; a second from frame to frame
        self._waiting = b""
        self._opened = False
        self._text = b""  # of the latest sealed request
        cells = Provisioned().cells
        self.session = session_class()(_HASH, SUITE)
        self.session.seed_record()[:] = cells[_SEED_AT - KEYS_AT :][:52]
        self.session.record(1)[:] = cells[_BENCH_AT - KEYS_AT :][:94]
        self.session.load(1)
        self.session.renew(b"")
        self.session.ready()

    def answer_to(self, number: int, payload: bytes, sequence: int) -> tuple[int, bytes] | None:
        raise NotImplementedError

    def write(self, data: bytes) -> None:
        found = decode_frame(data.strip(b"\0"))
        assert found is not None
        sequence, number, payload = found
        self._session_us += 1_000_000
        if self.opens and number in (HELLO_ID, OPEN_ID):
            answer = self._opening(number, payload)
        elif self._opened:
            answer = self._sealed(number, payload, sequence)
        else:
            answer = self.answer_to(number, payload, sequence)
        self._waiting = encode_frame(sequence, *answer) if answer else b""

    def read(self, timeout_s: float) -> bytes:
        self.waited.append(timeout_s)
        data, self._waiting = self._waiting, b""
        return data

    def close(self) -> None:
        """As a transport."""

    def _opening(self, number: int, payload: bytes) -> tuple[int, bytes]:
        if number == HELLO_ID:
            challenge = self.session.hello(self._session_us, True)
            assert challenge is not None
            return HELLO_ID | protocol.REPLY_BIT, self.schema + bytes([VERSION, SUITE]) + challenge
        reply = bytearray(61)
        assert self.session.accept(self._session_us, True, False, payload, reply) == OPENED
        self._opened = True
        return OPEN_ID | protocol.REPLY_BIT, bytes(reply)

    def _sealed(self, number: int, payload: bytes, sequence: int) -> tuple[int, bytes] | None:
        frame = bytearray(payload)
        length = self.session.open(self._session_us, sequence, number, frame)
        out = bytearray(249)
        if length == _AGAIN:
            length = self.session.again(out)
            return self.session.reply_id(), bytes(out[:length])
        if length >= 0:
            self._text = bytes(frame[4 : 4 + length])
        else:
            assert length == _DROP, "sent again, and not answered yet"
        answer = self.answer_to(number, self._text, sequence)
        if answer is None or (len(answer[1]) == 19 and answer[1][1] == protocol.NOT_OPEN):
            return answer
        reply_id, text = answer
        out[4 : 4 + len(text)] = text
        length = self.session.seal(self._session_us, sequence, reply_id, out, len(text), -1)
        assert length, "the session has answered already"
        return reply_id, bytes(out[:length])

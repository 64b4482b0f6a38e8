"""The programmer link of a script's pump: requests arrive at a microsecond, in sessions that are opened when due.

Implements: HIL-5
"""

from __future__ import annotations

from collections.abc import Callable

from firmware import protocol
from hil.backends.virtual import VirtualBoard, uart_time_us
from hil.keys import Provisioned, RepeatedKeys
from hil.sealing import sealed_frame
from host.api.conversation import MESSAGES
from host.api.link import Asked, decode_frame
from host.session.frames import Session
from host.session.opening import Opening, offer_of
from host.session.plain import HELLO_ID, OPEN_ID, Forged, schema

US_PER_S = 1_000_000
SLOT_US = 40_000  # long enough for the longest request and the longest reply
SESSION_US = 12 * 3_600 * US_PER_S  # how long a session is used; the pump ends it after 24 h


class Line:
    """The line to `board`; `run_until_us` lets time pass. `renewed_us`: when sessions after a life's first began."""

    def __init__(self, board: VirtualBoard, run_until_us: Callable[[int], None]) -> None:
        self.renewed_us: list[int] = []
        self._board = board
        self._run_until_us = run_until_us
        self._keyring = RepeatedKeys(Provisioned())
        self._session: Session | None = None
        self._opened_us = 0
        self._sequence = 0
        self._buffer = bytearray()

    def quiet(self) -> None:
        """Forget what was received of a frame."""
        self._buffer.clear()

    def open(self, hello_us: int) -> bool:
        """Open a session by a hello that arrives at `hello_us`, two slots long; return whether the pump did."""
        self._opened_us = hello_us
        hello = self.carry(hello_us, HELLO_ID, schema())
        if hello is not None:
            identity = self._keyring.identity()
            slot, key = identity.openings()[0]
            opening = Opening(offer_of(hello[1]), identity, slot, key, self._keyring.ephemeral())
            reply = self.carry(hello_us + SLOT_US, OPEN_ID, opening.request)
            if reply is not None and reply[0] != protocol.REFUSAL_ID:
                self._session = opening.finish(reply[1])
                return True
        return False

    def renew(self, at_us: int) -> None:
        """Open the sessions that are due before a request that will arrive at `at_us`, and speak in each."""
        while self._board.powered:
            from_us = max(self._opened_us + SESSION_US, self._board.now_us)
            if from_us + 4 * SLOT_US > at_us or not self.open(from_us + SLOT_US):
                return
            if self.carry(from_us + 3 * SLOT_US, MESSAGES["identity"].id, b""):
                self.renewed_us.append(from_us + 3 * SLOT_US)

    def carry(self, at_us: int, message_id: int, payload: bytes) -> tuple[int, bytes] | None:
        """Send a request that arrives at `at_us`; return its reply's id and payload, None if none comes in a slot."""
        frame, awaited = self._frame(message_id, payload)
        self._run_until_us(at_us - uart_time_us(len(frame)))
        board = self._board
        if not board.powered:
            self._run_until_us(at_us)
            return None
        if board.now_us < at_us:
            board.write(frame)
        else:  # it was prepared at this instant
            board.write_at_once(frame)
        deadline_us = at_us + SLOT_US - 1
        while board.now_us < deadline_us and board.powered:
            self._buffer += board.read((deadline_us - board.now_us) / US_PER_S)
            while (end := self._buffer.find(0)) >= 0:
                got = _answer(bytes(self._buffer[:end]), awaited)
                del self._buffer[: end + 1]
                if got is not None:
                    return got
        return None

    def prepare(self, at_us: int, message_id: int, payload: bytes) -> tuple[int, bytes] | None:
        """Send a request that arrives at `at_us`, and return its reply without waiting for the line: another request
        can arrive at the same instant.
        """
        frame, awaited = self._frame(message_id, payload)
        self._run_until_us(at_us - uart_time_us(len(frame)))
        board = self._board
        if not board.powered:
            return None
        board.write(frame)
        while board.powered and board.now_us < at_us + SLOT_US:
            board.run_until_us(at_us + SLOT_US, stop_at_uart=True)
            for each in board.on_the_line().split(b"\0"):
                got = _answer(each, awaited)
                if got is not None:
                    return got
        return None

    def _frame(self, message_id: int, payload: bytes) -> tuple[bytes, Asked]:
        self._sequence = (self._sequence + 1) & 0xFFFF
        return sealed_frame(self._session, self._sequence, message_id, payload)


def _answer(frame: bytes, awaited: Asked) -> tuple[int, bytes] | None:
    got = decode_frame(frame) if frame else None
    if got is None or got[1] == protocol.TELEMETRY_ID:
        return None
    try:
        return awaited.answered_by(*got)
    except Forged:
        return None

"""What the pump says while its line is flooded: telemetry of the session, and its plain answers."""

from __future__ import annotations

from typing import Any

from firmware import protocol
from host.api.link import HostLink, decode_frame
from host.session.plain import HELLO_ID, OFFER_BYTES, Forged, is_not_open

US_PER_S = 1_000_000
_HELLO_REPLY = HELLO_ID | protocol.REPLY_BIT
_AT_ONCE = 4  # plain answers in any second, SEC-4


class Told:
    """Telemetry comes unsolicited, once a second: no request has to wait for a reply. `link` has the session."""

    def __init__(self, link: HostLink) -> None:
        self.received = 0
        self.latest: dict[str, Any] = {}
        self.sent_us: list[int] = []  # when each frame of telemetry was sent
        self.plain_us: list[int] = []  # when each plain answer was sent
        self.unlike = 0  # plain answers that are neither an offer of a session nor the one refusal
        self._link = link
        self._rest = b""

    def take(self, pieces: list[tuple[int, bytes]]) -> None:
        """Take in bytes from the pump, with the times at which they arrived."""
        for at_us, data in pieces:
            self.received += len(data)
            *frames, self._rest = (self._rest + data).split(b"\0")
            for frame in filter(None, frames):
                decoded = decode_frame(frame)
                if decoded is not None:
                    self._frame(at_us, *decoded)

    def _frame(self, at_us: int, sequence: int, message_id: int, payload: bytes) -> None:
        session = self._link.session
        if message_id == protocol.TELEMETRY_ID and session is not None:
            try:
                told = session.open_telemetry(sequence, message_id, payload)
            except Forged:
                self.unlike += 1
                return
            self.tell(told)
            self.sent_us.append(at_us)
        elif message_id == _HELLO_REPLY or (message_id == protocol.REFUSAL_ID and is_not_open(payload)):
            self.plain_us.append(at_us)
            self.unlike += message_id == _HELLO_REPLY and len(payload) != OFFER_BYTES

    def tell(self, telemetry: bytes) -> None:
        """Take in telemetry that somebody else has opened."""
        self.latest = protocol.decode(protocol.TELEMETRY, telemetry)

    @property
    def late_us(self) -> int:
        """The greatest delay of any telemetry: each is due one interval after the start of the one before."""
        gaps_us = [later - each for each, later in zip(self.sent_us, self.sent_us[1:], strict=False)]
        return max(gaps_us, default=US_PER_S) - US_PER_S

    @property
    def plain_within_us(self) -> int | None:
        """The shortest time in which one plain answer more came than a second may have; None: there were no more."""
        times = zip(self.plain_us, self.plain_us[_AT_ONCE:], strict=False)
        return min((later - each for each, later in times), default=None)

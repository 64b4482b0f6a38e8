"""The transport to a pump that a test makes up: one answer to each request, or silence."""

from __future__ import annotations

from host.api.link import decode_frame, encode_frame


class Answering:
    """`answer_to(number, payload, sequence)` gives (reply's id, payload), None: silence; `waited`: each time-out."""

    def __init__(self) -> None:
        self.waited: list[float] = []
        self._waiting = b""

    def answer_to(self, number: int, payload: bytes, sequence: int) -> tuple[int, bytes] | None:
        raise NotImplementedError

    def write(self, data: bytes) -> None:
        found = decode_frame(data.strip(b"\0"))
        assert found is not None
        sequence, number, payload = found
        answer = self.answer_to(number, payload, sequence)
        self._waiting = encode_frame(sequence, *answer) if answer else b""

    def read(self, timeout_s: float) -> bytes:
        self.waited.append(timeout_s)
        data, self._waiting = self._waiting, b""
        return data

    def close(self) -> None:
        """As a transport."""

"""The MicroPython module `session` with the face of c_ext/host/session_face.py: every call goes to a MicroPython."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path
from typing import Any

SERVE = Path(__file__).parent / "serve.py"


class Remote:
    """A Session in a process of MicroPython. Raises ValueError and TypeError where the module does."""

    program: Path  # set by the test

    def __init__(self, schema_hash: bytes, suite: int) -> None:
        self._process = subprocess.Popen(
            [self.program, str(SERVE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self._run(f"s = Session({schema_hash!r}, {suite})")

    def close(self) -> None:
        self._process.communicate()

    def _run(self, statement: str) -> Any:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(statement + "\n")
        result = ast.literal_eval(self._process.stdout.readline())
        if isinstance(result, str):
            raise {"ValueError": ValueError, "TypeError": TypeError}.get(result, RuntimeError)(result)
        return result

    def _with_buffer(self, buffer: Any, call: str) -> Any:
        """Make the call, in which `b` is the buffer, and take the buffer back."""
        result, found = self._run(f"b = bytearray({bytes(buffer)!r}); r = (s.{call}, bytes(b))")
        buffer[:] = found
        return result

    def accept(self, now_us: int, presence: bool, provisioning: bool, payload: bytes, reply: bytearray) -> int:
        return int(self._with_buffer(reply, f"accept({now_us}, {presence}, {provisioning}, {bytes(payload)!r}, b)"))

    def open(self, now_us: int, sequence: int, message_id: int, frame: bytearray) -> int:
        return int(self._with_buffer(frame, f"open({now_us}, {sequence}, {message_id}, b)"))

    def again(self, out: bytearray) -> int:
        return int(self._with_buffer(out, "again(b)"))

    def seal(self, now_us: int, sequence: int, message_id: int, out: bytearray, n: int, hand_out: int = -1) -> int:
        return int(self._with_buffer(out, f"seal({now_us}, {sequence}, {message_id}, b, {n}, hand_out={hand_out})"))

    def record(self, slot: int) -> Image:
        return Image(self, f"record({slot})")

    def seed_record(self) -> Image:
        return Image(self, "seed_record()")

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **named: Any) -> Any:
            given = [*map(repr, args), *(f"{key}={value!r}" for key, value in named.items())]
            return self._run(f"r = s.{name}({', '.join(given)})")

        return call


class Image:
    """A record in the other process, by reference."""

    def __init__(self, session: Remote, call: str) -> None:
        self._session, self._call = session, call

    def __getitem__(self, part: slice) -> bytes:
        return bytes(self._session._run(f"r = bytes(s.{self._call})"))[part]

    def __setitem__(self, part: slice, data: bytes) -> None:
        self._session._run(f"s.{self._call}[{part.start}:{part.stop}] = {data!r}")

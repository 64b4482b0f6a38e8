"""A device that is nothing but the session in C, with a seed and programmers in its slots."""

from __future__ import annotations

import os
import struct
from typing import Any

from c_ext.host.build import build_session, load
from c_ext.host.session_face import OPENED, Session, bind_default
from tests.session.programmer import Programmer

PATIENT, CLINICIAN, SERVICE, CARD, PROVISION, BENCH = 1, 2, 3, 4, 5, 6
SECOND_US = 1_000_000
IDLE_WIPED_US = 600 * SECOND_US
SCHEMA = bytes(range(0x10, 0x18))
DEVICE_ID = b"device-1"
SEED_AT, PAYLOAD_AT, KEY_AT, NEXT_AT = 4, 4, 24, 58

_bound: list[type[Session]] = []


def session_class() -> type[Session]:
    """Return the class on the present sources, built once."""
    if not _bound:
        _bound.append(bind_default())
    return _bound[0]


def with_curve(name: str) -> Any:
    """Return the session as C: with the curve that this machine takes ("own"), or with the boards' ("small")."""
    if name == "own":
        return session_class().module
    return load(build_session(cflags=os.environ.get("CFLAGS", "-O2 -g") + " -DPRIMITIVE_CURVE_SMALL"))


def slot_payload(key: bytes, role: int, state: int = 2, label: bytes = b"", next_key: bytes | None = None) -> bytes:
    """Return the record's 86 bytes."""
    head = struct.pack("<BBH16s", state, role, 1, label)
    return head + key + bytes([next_key is not None, 0]) + (next_key or bytes(32))


def wiped(payload: bytes) -> bytes:
    """Return what is left of a record's payload: its generation, so that the next key of the slot has another."""
    return bytes(2) + bytes(payload[2:4]) + bytes(82)


class Device:
    """A session with the patient in slot 0, the clinician in 1, the card in 2; time goes where the test sets it."""

    def __init__(self, seed: bytes = b"s" * 32, cls: type[Session] | None = None, suite: int = 1) -> None:
        self.schema_hash, self.suite, self.now_us = SCHEMA, suite, 0
        self.keys = {PATIENT: b"\x11" * 32, CLINICIAN: b"\x22" * 32, CARD: b"\x33" * 32}
        self.session = (cls or session_class())(SCHEMA, suite)
        self.session.seed_record()[4:48] = seed + DEVICE_ID + struct.pack("<I", 0)
        for slot, (role, key) in enumerate(self.keys.items()):
            self.session.record(slot)[4:90] = slot_payload(key, role)
            assert self.session.load(slot) == role
        self.session.renew(b"noise")
        assert self.session.ready()

    def programmer(self, role: int = PATIENT) -> Programmer:
        """Return the rightful programmer of this role."""
        slot = 0x0F if role == PROVISION else list(self.keys).index(role)
        return Programmer(self, self.keys.get(role, bytes(32)), slot, role)

    def hello(self) -> bytes:
        """Return the challenge; a second passes, so that the limit of plain answers is none."""
        self.now_us += SECOND_US
        challenge = self.session.hello(self.now_us)
        assert challenge is not None
        return challenge

    def accept(self, opening: bytes, presence: bool = False, provisioning: bool = False) -> tuple[int, bytes]:
        """Return result and reply."""
        reply = bytearray(61)
        result = self.session.accept(self.now_us, presence, provisioning, opening, reply)
        return result, bytes(reply)

    def connect(self, programmer: Programmer, provisioning: bool = False) -> Programmer:
        """Open a session, and confirm it with a first frame and its reply."""
        result, reply = self.accept(programmer.opening(self.hello()), provisioning=provisioning)
        assert result == OPENED
        programmer.opened(reply)
        assert self.ask(programmer, b"first") == b"first"
        return programmer

    def open(self, sequence: int, message_id: int, frame: bytearray) -> int:
        """Give the device a sealed payload."""
        return self.session.open(self.now_us, sequence, message_id, frame)

    def seal(self, sequence: int, message_id: int, text: bytes, hand_out: int = -1) -> bytes:
        """Return the device's sealed payload, empty if it refuses."""
        out = bytearray(4) + text + bytearray(16)
        return bytes(out[: self.session.seal(self.now_us, sequence, message_id, out, len(text), hand_out)])

    def ask(self, programmer: Programmer, text: bytes, sequence: int = 7, message_id: int = 0x20) -> bytes:
        """Send a request; the device answers with its text; return the answer's text."""
        frame = programmer.seal(sequence, message_id, text)
        assert self.open(sequence, message_id, frame) == len(text)
        reply = self.seal(sequence, message_id | 0x80, bytes(frame[4 : 4 + len(text)]))
        return programmer.read(sequence, message_id | 0x80, reply)

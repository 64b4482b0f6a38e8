"""The calls whose cost is measured: an opening, a forged one, frames; the programmer is the host's."""

import struct
from typing import Any, NamedTuple

from host.session.key import Key
from host.session.noise import Cipher, Initiator

SCHEMA, KEY, DEVICE_ID = bytes(8), b"\x11" * 32, bytes(8)
SLOT, PATIENT = 0, 1


class Costs(NamedTuple):
    """The figures of budget.toml."""

    cycles: dict[str, int]
    stack_bytes: dict[str, int]


def _opening(challenge: bytes) -> tuple[bytes, Initiator]:
    """Return the payload of `open`, and the handshake."""
    prologue = b"releve-session-1\x01" + SCHEMA + DEVICE_ID + bytes([SLOT, PATIENT]) + challenge
    handshake = Initiator(Key(KEY), prologue, ephemeral=b"\x42" * 32)
    return bytes([SLOT]) + handshake.first(), handshake


def _request(cipher: Cipher, counter: int, n: int) -> bytearray:
    return bytearray(struct.pack("<I", counter) + cipher.seal(counter, struct.pack("<HB", 7, 0x20), bytes(n)))


def sessions(device: Any) -> Costs:
    """Return the costs of the calls on a class with the face of Session whose `processor` counts."""
    session, counted = device(SCHEMA, 1), device.processor
    session.record(SLOT)[4:90] = bytes([2, PATIENT]) + bytes(18) + KEY + bytes(34)
    assert session.load(SLOT) == PATIENT
    session.renew(b"")
    session.ready()
    cycles: dict[str, int] = {}
    stack: dict[str, int] = {}
    reply, now_us = bytearray(61), 1_000_000
    assert session.accept(now_us, False, False, _opening(session.hello(now_us))[0][:-1] + b"\0", reply) == 0
    cycles["forged"] = counted.cycles
    for name, pair in (("opening_no_pair", False), ("opening", True)):
        if pair:
            assert session.spare()
            cycles["curve"] = counted.cycles
        now_us += 1_000_000
        payload, handshake = _opening(session.hello(now_us))
        assert session.accept(now_us, False, False, payload, reply) == 1
        cycles[name] = counted.cycles
        stack["opening"] = max(counted.stack_bytes, stack.get("opening", 0))
    _, ours, _ = handshake.finish(bytes(reply))
    for counter, n in enumerate((64, 227)):
        assert session.open(now_us, 7, 0x20, _request(ours, counter, n)) == n
        cycles[f"frame_{n}"], most = counted.cycles, counted.stack_bytes
        assert session.seal(now_us, 7, 0xA0, bytearray(n + 20), n) == n + 20
        cycles[f"frame_{n}"] += counted.cycles
        stack[f"frame_{n}"] = max(most, counted.stack_bytes)
    del stack["frame_64"]
    return Costs(cycles, stack)

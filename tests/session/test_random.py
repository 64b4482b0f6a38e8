"""The generator: against a second writing of it, and with the power cut around every write of the seed."""

from __future__ import annotations

import hmac
import struct

import pytest

from tests.session.device import DEVICE_ID, SCHEMA, Device, session_class
from tests.session.programmer import hkdf

pytestmark = pytest.mark.req("SEC-1")

SEED = bytes(range(32))


def mac(key: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, b"".join(parts), "sha256")


class Model:
    """The generator as SPEC has it, on Python's own HMAC."""

    def __init__(self, seed: bytes, boots: int, noise: bytes) -> None:
        self.state = mac(seed, b"boot", struct.pack("<I", boots), noise)
        self.seed = mac(seed, b"next")

    def draw(self, n: int) -> bytes:
        first = mac(self.state, b"draw", b"\x01")
        second = mac(self.state, first, b"draw", b"\x02")
        self.state = first
        return second[:n]

    def stir(self, data: bytes) -> None:
        self.state = mac(self.state, b"stir", data)


def test_it_is_the_model() -> None:
    device = Device(seed=SEED)
    model = Model(SEED, 0, b"noise")
    assert device.session.seed_record()[4:36] == model.seed
    assert device.session.seed_record()[36:48] == DEVICE_ID + struct.pack("<I", 1)
    assert device.hello() == model.draw(8)
    device.session.stir(b"s" * 100)
    model.stir(b"s" * 100)
    assert device.session.fresh_key(3, 1, b"")
    assert device.session.record(3)[24:56] == model.draw(32)
    assert hkdf(b"", b"", 1)  # the model's HMAC is the programmer's


def test_provisioning_mixes_and_gives_an_id_once() -> None:
    session = session_class()(SCHEMA, 1)
    model = Model(bytes(32), 0, b"")
    session.renew(b"")
    assert not session.provision(SEED, b"n") and session.device_id() == bytes(8), "before the seed is stored: nothing"
    session.ready()
    assert session.provision(SEED, b"n")
    model.stir(SEED)
    model.stir(b"n")
    assert session.seed_record()[4:36] == model.draw(32)
    given = session.device_id()
    assert given == model.draw(8) != bytes(8)
    assert session.provision(SEED, b"n")
    assert session.device_id() == given, "a device keeps its id"
    with pytest.raises(ValueError, match="32 bytes"):
        session.provision(b"short", b"")


class Memory:
    """Two copies of the seed record, written one after the other, as firmware/storage/slots.py does."""

    def __init__(self) -> None:
        self.copies = [SEED + DEVICE_ID + bytes(4)] * 2
        self.newest = 0

    def read(self) -> bytes:
        return self.copies[self.newest]


def boot(memory: Memory, cut: int) -> list[bytes]:
    """Boot with the same noise as ever; lose power before write `cut` of the seed. Return what was drawn."""
    session = session_class()(SCHEMA, 1)
    session.seed_record()[4:48] = memory.read()
    session.renew(b"the same noise")
    drawn = [value for value in (session.hello(1),) if value]
    for write in range(2):
        if write == cut:
            return drawn
        memory.copies[1 - memory.newest if write == 0 else memory.newest] = bytes(session.seed_record()[4:48])
        if write == 0:
            memory.newest = 1 - memory.newest  # the newer of two whole copies counts
    if cut == 2:
        return drawn
    session.ready()
    drawn += [session.hello(1) or b"", bytes(session.module.ffi.buffer(session.c.random.state))]
    session.spare()
    return [*drawn, bytes(session.c.spare.public)]


def test_no_power_cut_makes_a_number_come_again() -> None:
    memory = Memory()
    drawn: list[bytes] = []
    for first in range(4):
        for second in range(4):
            for cut in (first, second, 3):
                drawn += boot(memory, cut)
    assert len(drawn) == len(set(drawn)) > 3 * 16


def test_a_record_that_was_not_renewed_in_memory_would_repeat() -> None:
    """The test sees what it looks for: without the write the next boot draws the same."""
    memory = Memory()
    once: list[bytes | None] = []
    again: list[bytes | None] = []
    for drawn in (once, again):
        session = session_class()(SCHEMA, 1)
        session.seed_record()[4:48] = memory.read()
        session.renew(b"the same noise")
        session.ready()
        drawn.append(session.hello(1))
    assert once == again


def test_nothing_is_drawn_before_the_seed_is_stored() -> None:
    session = session_class()(SCHEMA, 1)
    assert not session.ready(), "nothing was renewed"
    for _ in range(2):
        session.renew(b"")
        before = bytes(session.seed_record())
        assert session.hello(1) is None and not session.spare() and not session.fresh_key(0, 1, b"")
        assert session.accept(1, True, True, bytes(49), bytearray(61)) == -2
        assert bytes(session.seed_record()) == before and session.record(0)[4:90] == bytes(86)
        assert session.ready() and session.hello(1)


def test_noise_stirring_openings_and_boots_all_count() -> None:
    def first(noise: bytes = b"", stirred: bytes | None = None, boots: int = 0) -> bytes | None:
        session = session_class()(SCHEMA, 1)
        session.seed_record()[4:48] = SEED + DEVICE_ID + struct.pack("<I", boots)
        session.renew(noise)
        session.ready()
        if stirred is not None:
            session.stir(stirred)
        return session.hello(1)

    found = [first(), first(b"\0"), first(b"\1"), first(stirred=b""), first(stirred=b"\0"), first(boots=1)]
    assert len(set(found)) == len(found)


def test_an_opening_stirs_the_generator_with_the_programmers_key() -> None:
    challenges = set()
    for _ in range(3):  # the same device, another programmer's ephemeral key
        device = Device(seed=SEED)
        device.session.spare()
        device.accept(device.programmer().opening(device.hello()))
        challenges.add(device.hello())
    assert len(challenges) == 3


def test_boots_wrap() -> None:
    session = session_class()(SCHEMA, 1)
    session.seed_record()[4:48] = SEED + DEVICE_ID + b"\xff" * 4
    session.renew(b"")
    assert session.seed_record()[36:48] == DEVICE_ID + bytes(4)

"""Openings and frames damaged at random: none is believed, none does harm, and afterwards the programmer gets in."""

from __future__ import annotations

import random

import pytest

from c_ext.host.session_face import OPENED
from tests.session.device import CLINICIAN, PATIENT, SECOND_US, Device

pytestmark = pytest.mark.req("SEC-4")

SEED = 1


def damaged(rng: random.Random, genuine: list[bytes]) -> bytearray:
    """Flip, cut, lengthen, splice or invent."""
    frame = bytearray(rng.choice(genuine))
    for _ in range(rng.randint(1, 3)):
        kind = rng.randrange(6)
        if kind == 0 and frame:
            frame[rng.randrange(len(frame))] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del frame[rng.randrange(len(frame) + 1) :]
        elif kind == 2:
            frame += rng.randbytes(rng.randint(1, 40))
        elif kind == 3:
            other = rng.choice(genuine)
            cut = rng.randrange(len(other) + 1)
            frame[:cut] = other[:cut]
        elif kind == 4:
            frame[rng.randrange(len(frame) + 1) :] = rng.randbytes(49)
        else:
            frame = bytearray(rng.randbytes(49))
    return frame


def fuzz_openings(count: int, seed: int) -> None:
    rng = random.Random(seed)
    device = Device()
    old = [device.programmer(role).opening(device.hello()) for role in (PATIENT, CLINICIAN)]
    for turn in range(count):
        if turn % 1000 == 0:
            device.now_us += 10 * SECOND_US  # another challenge
            programmer = device.programmer(rng.choice((PATIENT, CLINICIAN)))
            right = programmer.opening(device.hello())
            genuine = [*old, right]
        forged = bytes(damaged(rng, genuine))
        if forged != right:
            assert device.accept(forged, presence=True)[0] != OPENED, f"seed {seed}, turn {turn}"
        if turn % 1000 == 999:
            assert device.accept(right)[0] == OPENED
    assert device.session.counts()[1] == count // 1000


def test_fuzzed_openings() -> None:
    fuzz_openings(4000, SEED)


@pytest.mark.nightly
def test_a_million_fuzzed_openings() -> None:
    fuzz_openings(1_000_000, SEED)


def fuzz_frames(count: int, seed: int) -> None:
    rng = random.Random(seed)
    device = Device()
    other = device.connect(device.programmer(CLINICIAN))
    foreign = [bytes(other.seal(7, 0x20, rng.randbytes(rng.randrange(228)))) for _ in range(5)]
    programmer = device.connect(device.programmer())
    seen = [bytes(programmer.seal(7, 0x20, rng.randbytes(rng.randrange(60)), counter=0)) for _ in range(3)]
    for turn in range(count):
        right = bytes(programmer.seal(7, 0x20, b"order"))
        forged = damaged(rng, [right, *foreign, *seen])
        if forged != right:
            assert device.open(7, 0x20, forged) < 0, f"seed {seed}, turn {turn}"
        assert device.open(7, 0x20, bytearray(right)) == 5
        assert programmer.read(7, 0xA0, device.seal(7, 0xA0, b"done")) == b"done"
        seen = [*seen[-4:], right, device.seal(0, 0xFE, b"tick")]
        device.now_us += 1000


def test_fuzzed_frames() -> None:
    fuzz_frames(4000, SEED)

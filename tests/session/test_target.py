"""Whole sessions in emulated Cortex-M0, M3, M4 and M33: the same bytes as on the host; and what they cost on M0+."""

from __future__ import annotations

import random
import tomllib
from typing import Any

import pytest

from c_ext.host.session_face import AGAIN, NOT_OPEN, OPENED, REFUSED, SILENT
from tests.session.device import CLINICIAN, PATIENT, Device, session_class
from tests.session.test_primitives import VECTORS
from tests.session.wycheproof import AEAD, CURVE
from tools.core.session import cost
from tools.core.session.build import build
from tools.core.session.machine import SCRATCH, EmulatedSession, Processor

pytestmark = pytest.mark.req("SEC-1", "SEC-4")

TARGETS = ("m0", "m3", "m4", "m33")
OUT = SCRATCH + 0x8000


@pytest.fixture(scope="module", params=TARGETS)
def emulated(request: pytest.FixtureRequest) -> type[Any]:
    return type("Emulated", (EmulatedSession,), {"processor": Processor(build(request.param), request.param)})


def test_sessions_are_the_hosts_byte_for_byte(emulated: type[Any]) -> None:
    there, here = Device(cls=emulated), Device(cls=session_class())
    opening = None
    for device in (there, here):
        device.challenge = device.hello()  # type: ignore[attr-defined]
        assert device.session.spare()
    programmer = here.programmer()
    opening = programmer.opening(here.challenge)  # type: ignore[attr-defined]
    flipped = bytes([*opening[:-1], opening[-1] ^ 1])
    assert there.accept(flipped) == here.accept(flipped)
    found = there.accept(opening)
    assert found == here.accept(opening) and found[0] == OPENED
    programmer.opened(found[1])
    for n in (0, 1, 15, 16, 63, 64, 65, 227):
        frame = programmer.seal(n, 0x20, bytes(range(n)))
        bad = bytearray(frame)
        bad[-1] ^= 0x80
        assert there.open(n, 0x20, bad) in (NOT_OPEN, -3)
        replies = []
        for device in (there, here):
            mine = bytearray(frame)
            assert device.open(n, 0x20, mine) == n and mine[4 : 4 + n] == bytes(range(n))
            replies.append(device.seal(n, 0xA0, bytes(n)))
            assert device.open(n, 0x20, bytearray(frame)) == AGAIN
        assert replies[0] == replies[1]
        assert programmer.read(n, 0xA0, replies[0]) == bytes(n)
    for device in (there, here):
        assert device.session.fresh_key(4, CLINICIAN, b"new") and device.session.fresh_key(PATIENT, next=True)
        device.session.forget()
    for slot in range(8):
        assert there.session.record(slot)[0:94] == bytes(here.session.record(slot)[0:94])
    assert there.session.seed_record()[0:52] == bytes(here.session.seed_record()[0:52])
    assert there.accept(opening)[0] in (REFUSED, SILENT)


def test_published_vectors(emulated: type[Any]) -> None:
    processor = emulated.processor
    memory = processor.engine

    def given(at: int, *texts: str) -> list[int]:
        places = []
        for text in texts:
            memory.mem_write(at, bytes.fromhex(text))
            places.append(at)
            at += (len(text) // 2 + 8) & ~7
        return places

    for case in VECTORS["curve"]["cases"]:
        processor.call("primitive_curve", OUT, *given(SCRATCH, case["secret"], case["point"]))
        assert bytes(memory.mem_read(OUT, 32)).hex() == case["shared"]
    for case in VECTORS["aead"]["cases"]:
        key, nonce, ad, text = given(SCRATCH, case["key"], case["nonce"], case["ad"], case["text"])
        sizes = len(case["ad"]) // 2, len(case["text"]) // 2
        processor.call("primitive_seal", key, nonce, ad, sizes[0], text, sizes[1], OUT)
        assert bytes(memory.mem_read(text, sizes[1])).hex() == case["ciphertext"]
        assert bytes(memory.mem_read(OUT, 16)).hex() == case["tag"]
        assert processor.call("primitive_open", key, nonce, ad, sizes[0], text, sizes[1], OUT) & 0xFF == 1
        assert bytes(memory.mem_read(text, sizes[1])).hex() == case["text"]
    for case in VECTORS["noise"]["cases"]:
        first = case["messages"][0]
        noise, mixed, psk, prologue, message, pair = given(
            SCRATCH,
            "00" * 128,
            "00" * 64,
            case["psk"],
            case["prologue"],
            first["ciphertext"],
            case["responder_secret"] + "00" * 32,
        )
        processor.call("noise_mix", mixed, psk)
        sizes = len(case["prologue"]) // 2, len(first["ciphertext"]) // 2
        assert processor.call("noise_read", noise, mixed, prologue, sizes[0], message, sizes[1]) & 0xFF == 1
        processor.call("noise_complete", pair)
        second = case["messages"][1]
        memory.mem_write(OUT + 32, bytes.fromhex(second["payload"]))
        assert processor.call("noise_write", noise, pair, OUT, len(second["ciphertext"]) // 2) & 0xFF == 1
        assert bytes(memory.mem_read(OUT, len(second["ciphertext"]) // 2)).hex() == second["ciphertext"]


def test_wycheproof_on_a_cortex_m0() -> None:
    """Every text of the AEAD, and of the curve a case of each kind: one takes a fifth of a second there."""
    m0 = Processor(build("m0"), "m0")
    memory = m0.engine

    def given(*texts: str) -> list[int]:
        at, places = SCRATCH, []
        for text in texts:
            memory.mem_write(at, bytes.fromhex(text))
            places.append(at)
            at += (len(text) // 2 + 8) & ~7
        return places

    for case in AEAD:
        size, ad_size = len(case["ct"]) // 2, len(case["aad"]) // 2
        key, nonce, ad, text, tag = given(*(case[name] for name in ("key", "iv", "aad", "ct", "tag")))
        right = m0.call("primitive_open", key, nonce, ad, ad_size, text, size, tag) & 0xFF
        found = bytes(memory.mem_read(text, size)).hex()
        assert (right, found) == ((0, "00" * size) if case["result"] == "invalid" else (1, case["msg"])), case["tcId"]
    kinds: dict[tuple[str, ...], dict[str, Any]] = {}
    for case in CURVE:
        kinds.setdefault((case["result"], case["comment"], *case["flags"]), case)
    assert len(kinds) > 10
    for case in list(kinds.values())[:60]:
        m0.call("primitive_curve", OUT, *given(case["private"], case["public"]))
        assert bytes(memory.mem_read(OUT, 32)).hex() == case["shared"], case["tcId"]


@pytest.fixture(scope="module")
def pico() -> Processor:
    return cost.processor()


def test_the_cost_is_within_its_budget() -> None:
    budget = tomllib.loads(cost.BUDGET.read_text())
    found = cost.measure()
    assert cost.compare(found, budget) == []
    dear = found._replace(cycles={**found.cycles, "forged": 700_000})
    wrong = cost.compare(dear, budget)
    assert len(wrong) == 2 and "the specification allows 625000" in wrong[1]
    assert tomllib.loads(cost.raised(cost.BUDGET.read_text(), dear))["cycles"]["forged"] == 700_000
    assert found.cycles["forged"] < found.cycles["curve"] / 20, "a forgery costs no curve work"


def curve_cycles(processor: Processor, secret: bytes, point: bytes) -> int:
    processor.engine.mem_write(SCRATCH, secret + point)
    processor.call("primitive_curve", OUT, SCRATCH, SCRATCH + 32)
    return processor.cycles


def test_the_curve_takes_the_same_time_for_all_secrets_and_points(pico: Processor) -> None:
    rng = random.Random(1)
    pairs = [(rng.randbytes(32), rng.randbytes(32)) for _ in range(2)]
    pairs += [(bytes(32), b"\x09" + bytes(31)), (b"\xff" * 32, b"\xff" * 32)]
    assert len({curve_cycles(pico, *pair) for pair in pairs}) == 1


def test_with_the_compiler_librarys_multiplication_it_does_not() -> None:
    """The test above sees what it looks for: __aeabi_lmul of the bare image branches on a carry."""
    rng = random.Random(1)
    bare = Processor(build("m0"), "m0", count=True)
    assert len({curve_cycles(bare, rng.randbytes(32), rng.randbytes(32)) for _ in range(3)}) > 1


def test_a_frame_takes_the_same_time_for_all_keys_texts_and_wrong_tags(pico: Processor) -> None:
    rng = random.Random(2)
    places = SCRATCH, SCRATCH + 32, SCRATCH + 48, 7, OUT, 64, OUT + 64
    seals, opens = set(), set()
    for _ in range(8):
        pico.engine.mem_write(SCRATCH, rng.randbytes(64))
        pico.engine.mem_write(OUT, rng.randbytes(80))
        pico.call("primitive_seal", *places)
        seals.add(pico.cycles)
        tag = bytearray(pico.engine.mem_read(OUT + 64, 16))
        tag[rng.randrange(16)] ^= 1 << rng.randrange(8)
        pico.engine.mem_write(OUT + 64, bytes(tag))
        assert pico.call("primitive_open", *places) & 0xFF == 0
        opens.add(pico.cycles)
    assert len(seals) == len(opens) == 1


def test_a_refusal_takes_the_same_time_for_every_slot(pico: Processor) -> None:
    session = type("Pico", (EmulatedSession,), {"processor": pico})
    device = Device(cls=session)
    challenge = device.hello()
    rng = random.Random(3)
    taken = {}
    for wire in (0, 1, 2, 3, 7, 0x80, 0x0F, 0xFF):
        assert device.accept(bytes([wire]) + rng.randbytes(48), presence=True)[0] in (REFUSED, -1)
        taken[wire] = pico.cycles
    known = device.accept(device.programmer().opening(bytes(8)), presence=True), pico.cycles
    assert known[0][0] == -1, challenge
    assert max(taken.values()) - min(taken.values()) < 64, taken  # half a microsecond of 3.5 ms

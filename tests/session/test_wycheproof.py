"""Wycheproof's vectors of what the session is made of, on the host; on an emulated Cortex-M0: test_target.py, in
MicroPython: test_micropython_vectors.py."""

from __future__ import annotations

from typing import Any

import pytest

from tests.session.device import session_class, with_curve
from tests.session.test_primitives import curve, hmac_of, seal, unseal
from tests.session.wycheproof import AEAD, CURVE, HKDF

pytestmark = pytest.mark.req("SEC-1")


@pytest.fixture(scope="module")
def c() -> Any:
    return session_class().module


def test_there_are_as_many_as_they_publish() -> None:
    assert len(CURVE) == 518 and len(AEAD) > 300 and len(HKDF) > 80


@pytest.mark.parametrize("which", ["own", "small"])
def test_the_curve(which: str) -> None:
    """*acceptable* are points of small order and not reduced ones: computed as RFC 7748 has it."""
    c = with_curve(which)
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

"""The published vectors in the MicroPython of the VIRTUAL board, put to what its session is linked with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.session.device import SCHEMA
from tests.session.programmer import nonce
from tests.session.remote import Remote
from tests.session.test_primitives import VECTORS, cases
from tests.session.wycheproof import AEAD, CURVE, HKDF
from tests.virtual_board import MICROPYTHON

pytestmark = pytest.mark.req("SEC-1")
Call = Callable[..., Any]


@pytest.fixture(scope="module")
def primitive() -> Iterator[Call]:
    assert MICROPYTHON.is_file(), "make firmware BOARD=VIRTUAL builds it"
    board = type("Board", (Remote,), {"program": MICROPYTHON})(SCHEMA, 1)
    board._run("import primitives")
    yield lambda name, *args: board._run(f"r = primitives.{name}({', '.join(map(repr, args))})")
    board.close()


def given(case: dict[str, Any], *names: str) -> list[bytes]:
    return [bytes.fromhex(case[name]) for name in names]


def test_rfc_7748(primitive: Call) -> None:
    for case in cases("curve"):
        assert primitive("curve", case["secret"], case["point"]) == case["shared"]
    for point in VECTORS["small_order"]["points"]:
        assert primitive("curve", b"\xa5" * 32, bytes.fromhex(point)) == bytes(32)


def test_rfc_8439(primitive: Call) -> None:
    for case in cases("aead"):
        sealed = case["ciphertext"] + case["tag"]
        assert primitive("seal", case["key"], case["nonce"], case["ad"], case["text"]) == sealed
        asked = [case[name] for name in ("key", "nonce", "ad", "ciphertext", "tag")]
        assert primitive("open", *asked) == (True, case["text"])


def test_rfc_5869(primitive: Call) -> None:
    for case in cases("hkdf"):
        found = primitive("hkdf", case["salt"], case["secret"], case["info"])
        assert found[: len(case["expanded"])] == case["expanded"]


@pytest.mark.parametrize("case", VECTORS["noise"]["cases"])
def test_noise_of_the_pattern(primitive: Call, case: dict[str, Any]) -> None:
    texts = [bytes.fromhex(each["payload"]) for each in case["messages"]]
    sealed = [bytes.fromhex(each["ciphertext"]) for each in case["messages"]]
    psk, prologue, secret = given(case, "psk", "prologue", "responder_secret")
    second, *keys = primitive("respond", psk, prologue, bytearray(sealed[0]), secret, texts[1])
    assert second == sealed[1]
    for key, text, expected in zip(keys, texts[2:], sealed[2:], strict=True):
        assert primitive("seal", key, nonce(0), b"", text) == expected
    wrong = bytearray(sealed[0])
    wrong[-1] ^= 1
    assert primitive("respond", psk, prologue, wrong, secret, texts[1]) is None


def test_wycheproof_s_curve(primitive: Call) -> None:
    for case in CURVE:
        assert primitive("curve", *given(case, "private", "public")).hex() == case["shared"], case["tcId"]


def test_wycheproof_s_aead(primitive: Call) -> None:
    for case in AEAD:
        key, iv, ad, text, sealed, tag = given(case, "key", "iv", "aad", "msg", "ct", "tag")
        right = case["result"] != "invalid"
        found = primitive("open", key, iv, ad, sealed, tag)
        assert found == (right, text if right else bytes(len(sealed))), case["tcId"]
        if right:
            assert primitive("seal", key, iv, ad, text) == sealed + tag, case["tcId"]


def test_wycheproof_s_key_derivation(primitive: Call) -> None:
    """As far as it goes here, 96 bytes."""
    fit = [case for case in HKDF if case["result"] == "valid" and case["size"] <= 96]
    assert len(fit) > 60
    for case in fit:
        assert primitive("hkdf", *given(case, "salt", "ikm", "info"))[: case["size"]].hex() == case["okm"], case["tcId"]

"""The session's primitives against the published vectors, and the same vectors' neighbours."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from tests.session.device import session_class, with_curve

pytestmark = pytest.mark.req("SEC-1")

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())


@pytest.fixture(scope="module")
def c() -> Any:
    return session_class().module


@pytest.fixture(scope="module", params=["own", "small"])
def curved(request: pytest.FixtureRequest) -> Any:
    return with_curve(request.param)


def curve(c: Any, secret: bytes, point: bytes) -> bytes:
    shared = c.ffi.new("uint8_t[32]")
    c.lib.primitive_curve(shared, secret, point)
    return bytes(shared)


def cases(name: str) -> list[dict[str, bytes]]:
    return [{field: bytes.fromhex(text) for field, text in case.items()} for case in VECTORS[name]["cases"]]


@pytest.mark.parametrize("case", cases("curve"))
def test_curve(curved: Any, case: dict[str, bytes]) -> None:
    assert curve(curved, case["secret"], case["point"]) == case["shared"]


def test_curve_repeated(curved: Any) -> None:
    secret = point = bytes([9]) + bytes(31)
    for turn in range(1000):
        secret, point = curve(curved, secret, point), secret
        if turn == 0:
            assert secret.hex() == VECTORS["curve_repeated"]["after_1"]
    assert secret.hex() == VECTORS["curve_repeated"]["after_1000"]


@pytest.mark.parametrize("point", VECTORS["small_order"]["points"])
def test_points_of_small_order_give_zero(curved: Any, point: str) -> None:
    assert curve(curved, b"\xa5" * 32, bytes.fromhex(point)) == bytes(32)


def seal(c: Any, case: dict[str, bytes]) -> tuple[bytes, bytes]:
    text, tag = c.ffi.new("uint8_t[]", case["text"]), c.ffi.new("uint8_t[16]")
    c.lib.primitive_seal(case["key"], case["nonce"], case["ad"], len(case["ad"]), text, len(case["text"]), tag)
    return bytes(c.ffi.buffer(text, len(case["text"]))), bytes(tag)


def unseal(c: Any, case: dict[str, bytes]) -> bytes | None:
    """The text; None if refused, and then nothing of it may be left."""
    n = len(case["ciphertext"])
    text = c.ffi.new("uint8_t[]", case["ciphertext"])
    right = c.lib.primitive_open(case["key"], case["nonce"], case["ad"], len(case["ad"]), text, n, case["tag"])
    found = bytes(c.ffi.buffer(text, n))
    assert right or found == bytes(n)
    return found if right else None


@pytest.mark.parametrize("case", cases("aead"))
def test_aead(c: Any, case: dict[str, bytes]) -> None:
    assert seal(c, case) == (case["ciphertext"], case["tag"])
    assert unseal(c, case) == case["text"]


@pytest.mark.parametrize("field", ["key", "nonce", "ad", "ciphertext", "tag"])
def test_aead_refuses_every_flipped_bit(c: Any, field: str) -> None:
    case = cases("aead")[0]
    for bit in range(8 * len(case[field])):
        flipped = bytearray(case[field])
        flipped[bit // 8] ^= 1 << bit % 8
        assert unseal(c, {**case, field: bytes(flipped)}) is None


def hmac_of(c: Any, key: bytes, *parts: bytes) -> bytes:
    kept = [c.ffi.new("uint8_t[]", part) for part in parts]
    given = c.ffi.new("kdf_part_t[]", [(at, len(part)) for at, part in zip(kept, parts, strict=True)])
    mac = c.ffi.new("uint8_t[32]")
    c.lib.kdf_hmac(key, len(key), given, len(parts), mac)
    return bytes(mac)


@pytest.mark.parametrize("case", cases("hkdf"))
def test_hkdf(c: Any, case: dict[str, bytes]) -> None:
    assert hmac_of(c, case["salt"], case["secret"]) == case["extracted"]
    outputs = [c.ffi.new("uint8_t[32]") for _ in range(3)]
    info = c.ffi.new("uint8_t[]", case["info"])
    c.lib.kdf_expand(case["extracted"], c.ffi.new("kdf_part_t *", (info, len(case["info"]))), 3, outputs)
    assert b"".join(bytes(each) for each in outputs)[: len(case["expanded"])] == case["expanded"]


@pytest.mark.parametrize("key_bytes", [0, 1, 32, 63, 64, 65, 200])
def test_hmac_with_keys_of_any_length_and_messages_in_parts(c: Any, key_bytes: int) -> None:
    key, text = bytes(range(key_bytes)), bytes(range(150))
    for cut in (0, 1, 63, 64, 65, 150):
        assert hmac_of(c, key, text[:cut], text[cut:]) == hmac.digest(key, text, "sha256")


@pytest.mark.parametrize("case", cases("hash"))
def test_hash(c: Any, case: dict[str, bytes]) -> None:
    assert digest(c, case["text"]) == case["digest"]


def digest(c: Any, *parts: bytes) -> bytes:
    running, found = c.ffi.new("primitive_hash_t *"), c.ffi.new("uint8_t[32]")
    c.lib.primitive_hash_start(running)
    for part in parts:
        c.lib.primitive_hash_add(running, part, len(part))
    c.lib.primitive_hash_end(running, found)
    assert bytes(c.ffi.buffer(running)[:108]) == bytes(108), "the running hash is not wiped"
    return bytes(found)


def test_hash_of_every_length_in_two_parts(c: Any) -> None:
    for n in range(200):
        text = bytes(each * 7 & 0xFF for each in range(n))
        assert digest(c, text[: n // 3], text[n // 3 :]) == hashlib.sha256(text).digest()


def test_bytes(c: Any) -> None:
    lib = c.lib
    assert lib.bytes_all_zero(bytes(5), 5) == 1 and lib.bytes_all_zero(b"", 0) == 1
    for at in range(5):
        for value in (1, 0x80, 0xFF):
            text = bytearray(5)
            text[at] = value
            assert lib.bytes_all_zero(bytes(text), 5) == 0
            assert lib.bytes_differ(bytes(text), bytes(5), 5) != 0
    assert lib.bytes_differ(b"same", b"same", 4) == 0
    number = c.ffi.new("uint8_t[8]")
    lib.bytes_put_u64(number, 0x0123456789ABCDEF)
    assert bytes(number) == (0x0123456789ABCDEF).to_bytes(8, "little")
    assert lib.bytes_get_u32(number) == 0x89ABCDEF
    lib.bytes_wipe(number, 7)
    assert bytes(number) == bytes(7) + b"\x01"


def test_a_second_implementation_agrees_on_anything(c: Any, curved: Any) -> None:
    """OpenSSL's, by `cryptography`, on random secrets, points, keys and texts of every length."""
    rng = random.Random(1)
    for n in range(300):
        secret, point = rng.randbytes(32), rng.randbytes(32)
        theirs = X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(point))
        assert curve(curved, secret, point) == theirs
        key, nonce, ad, text = rng.randbytes(32), rng.randbytes(12), rng.randbytes(n % 40), rng.randbytes(n)
        sealed = ChaCha20Poly1305(key).encrypt(nonce, text, ad)
        assert b"".join(seal(c, {"key": key, "nonce": nonce, "ad": ad, "text": text})) == sealed
        case = {"key": key, "nonce": nonce, "ad": ad, "ciphertext": sealed[:n], "tag": sealed[n:]}
        assert unseal(c, case) == text

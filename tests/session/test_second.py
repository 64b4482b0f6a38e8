"""Two implementations of the primitives, mbedTLS's with either of its curves and BearSSL's: the same bytes, whatever is
asked."""

from __future__ import annotations

import random
from typing import Any

import pytest

from c_ext.host.session_face import AGAIN, OPENED, Session
from tests.session.device import Device, session_class, with_curve
from tests.session.second import second_class
from tests.session.test_primitives import curve, digest, hmac_of, seal, unseal

pytestmark = pytest.mark.req("SEC-1")


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> type[Session]:
    return second_class(tmp_path_factory.mktemp("bearssl"))


def test_the_primitives_agree(second: type[Session]) -> None:
    ours, theirs, small = session_class().module, second.module, with_curve("small")
    draw = random.Random(1)
    edges = [bytes(32), b"\xff" * 32, bytes([1]) + bytes(31), bytes(31) + b"\x80", b"\xed" + b"\xff" * 30 + b"\x7f"]
    for n in range(300):
        secret = edges[n % 5] if n < 25 else draw.randbytes(32)
        point = edges[n // 5] if n < 25 else draw.randbytes(32)
        shared = curve(ours, secret, point)
        assert shared == curve(theirs, secret, point) == curve(small, secret, point), (secret.hex(), point.hex())
        case: dict[str, bytes] = {"key": draw.randbytes(32), "nonce": draw.randbytes(12)}
        case |= {"ad": draw.randbytes(n % 40), "text": draw.randbytes(n)}
        found = seal(ours, case)
        assert found == seal(theirs, case)
        case |= {"ciphertext": found[0], "tag": found[1]}
        wrong = case | {"tag": bytes([found[1][0] ^ 1]) + found[1][1:]}
        for each in (ours, theirs):
            assert unseal(each, case) == case["text"] and unseal(each, wrong) is None
        assert digest(ours, case["text"], case["ad"]) == digest(theirs, case["text"], case["ad"])
        assert hmac_of(ours, case["key"], case["text"]) == hmac_of(theirs, case["key"], case["text"])


def test_whole_sessions_are_the_same_to_the_byte(second: type[Session]) -> None:
    here, there = Device(), Device(cls=second)
    for turn in range(20):
        devices: list[Any] = [here, there]
        challenges = [each.hello() for each in devices]
        assert challenges[0] == challenges[1]
        programmer = here.programmer()
        opening = programmer.opening(challenges[0])
        replies = [each.accept(opening) for each in devices]
        assert replies[0] == replies[1] and replies[0][0] == OPENED
        programmer.opened(replies[0][1])
        for n in (0, 1, 16, 63 + turn, 227):
            frame = programmer.seal(n, 0x20, bytes(range(n)))
            sealed = []
            for each in devices:
                mine = bytearray(frame)
                assert each.open(n, 0x20, mine) == n and mine[4 : 4 + n] == bytes(range(n))
                sealed.append(each.seal(n, 0xA0, bytes(n)))
                assert each.open(n, 0x20, bytearray(frame)) == AGAIN
            assert sealed[0] == sealed[1] and programmer.read(n, 0xA0, sealed[0]) == bytes(n)

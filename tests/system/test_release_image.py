"""A release image on the emulated Pico: nothing comes in but by a session of a key that is no bench's (SEC-5).

Each test also runs with the development image, and must find there what it says is not in a release.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware import protocol
from firmware.link.door import HELLO as HELLO_ID
from firmware.link.door import OPEN as OPEN_ID
from hil.backends.emulated import EmulatedBoard
from hil.bench import programmer_at
from hil.keys import KEYS_AT, Provisioned
from hil.plant import Plant, load_mechanism
from host.api.client import Programmer
from host.api.link import decode_frame, encode_frame
from host.session.errors import SessionRefused
from host.session.keyring import Keyring
from tests.typed import heard_on_console

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.req("SEC-5")
_MS = 1_000_000
_DEVELOPMENT = 0x80


def started(build: str) -> EmulatedBoard:
    image = ROOT / "build" / build / "firmware.uf2"
    assert image.is_file(), f"{image} is missing: make firmware BOARD=RPI_PICO, and the same with RELEASE=1"
    return EmulatedBoard(Plant(load_mechanism(), 1), image=image, keys=Provisioned().cells)


@pytest.fixture(scope="module")
def release() -> Iterator[EmulatedBoard]:
    board = started("RPI_PICO-release")
    yield board
    board.close()


@pytest.fixture(scope="module")
def development() -> Iterator[EmulatedBoard]:
    board = started("RPI_PICO")
    yield board
    board.close()


def asked(board: EmulatedBoard, message_id: int, payload: bytes = b"", for_ms: int = 300) -> list[tuple[int, bytes]]:
    """What comes back for an unsealed request: (message id, payload) of each frame."""
    board.take_received()
    board.write(encode_frame(7, message_id, payload))
    board.run_until_ns(board.now_ns + for_ms * _MS)
    found = [decode_frame(each) for each in board.take_received().split(b"\0") if each]
    assert None not in found
    return [frame[1:] for frame in found if frame]


def greeted(board: EmulatedBoard) -> list[tuple[int, bytes]]:
    return asked(board, HELLO_ID, protocol.SCHEMA_HASH.to_bytes(8, "little"))


def given_away(board: EmulatedBoard) -> list[int]:
    """The ids of the unsealed requests that get another answer than silence or the constant refusal."""
    found = []
    for message_id in range(256):
        if message_id in (HELLO_ID, OPEN_ID):
            continue
        refusal = (protocol.REFUSAL_ID, bytes(protocol.refusal(message_id, protocol.NOT_OPEN)))
        if any(each != refusal for each in asked(board, message_id, bytes(12))):
            found.append(message_id)
    return found


def test_a_release_says_in_its_hello_that_it_is_one_and_a_development_image_too(
    release: EmulatedBoard, development: EmulatedBoard
) -> None:
    suites = []
    for board in (release, development):
        ((reply_id, payload),) = greeted(board)
        assert reply_id == HELLO_ID | protocol.REPLY_BIT
        suites.append(payload[9])
    assert suites[1] == suites[0] | _DEVELOPMENT != suites[0]


def test_an_unsealed_request_of_any_id_gets_nothing_but_the_constant_refusal(release: EmulatedBoard) -> None:
    assert asked(release, 3, bytes(12)), "it is refused aloud, so silence is not for want of a pump"
    assert given_away(release) == []


def test_an_answer_in_clear_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.asked", lambda _, message_id, __: [(message_id | 0x80, b"")] * (message_id == 9))
    assert given_away(None) == [9]  # type: ignore[arg-type]


def test_a_key_of_the_bench_opens_nothing_in_a_release(release: EmulatedBoard, development: EmulatedBoard) -> None:
    made = Provisioned()
    assert programmer_at(development, timeout_s=2).hello().board == "RPI_PICO"
    assert made.bench.key.secret() in development.memory("fram", KEYS_AT, len(made.cells))
    with pytest.raises(SessionRefused):
        programmer_at(release, timeout_s=2).hello()
    # It lies in both memories; what is beside it is believed.
    assert made.bench.key.secret() in release.memory("fram", KEYS_AT, len(made.cells))
    assert Programmer(release, keyring=Keyring("card", made.card), timeout_s=2).hello().board == "RPI_PICO"


def test_a_release_s_console_is_silent_and_deaf_and_a_development_image_s_is_not(
    release: EmulatedBoard, development: EmulatedBoard
) -> None:
    before = release.info()
    assert heard_on_console(release) == b"" == bytes(release.console)
    assert release.info()["resets"] == before["resets"]
    assert greeted(release), "the pump goes on"
    assert b"42" in heard_on_console(development)
    assert not greeted(development), "whoever is at the console has stopped it"

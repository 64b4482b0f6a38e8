"""The MicroPython module `session` of the VIRTUAL board: the same sessions as on CPython, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from c_ext.host.session_face import AGAIN, NOT_OPEN, OPENED, REFUSED
from tests.session.device import CARD, CLINICIAN, PATIENT, PROVISION, SCHEMA, Device, session_class, wiped
from tests.session.programmer import InvalidTag
from tests.session.remote import Remote
from tests.virtual_board import MICROPYTHON


@pytest.fixture(scope="module")
def board() -> type[Any]:
    assert MICROPYTHON.is_file(), "make firmware BOARD=VIRTUAL builds it"
    return type("Board", (Remote,), {"program": MICROPYTHON})


@pytest.fixture
def device(board: type[Any]) -> Iterator[Device]:
    made = Device(cls=board)
    yield made
    made.session.close()


@pytest.mark.parametrize("role", [PATIENT, CLINICIAN, CARD])
def test_a_whole_session(device: Device, role: int) -> None:
    programmer = device.connect(device.programmer(role))
    assert (device.session.role(), device.session.slot()) == (role, programmer.slot)
    assert programmer.number == device.session.number()
    for n in (0, 1, 64, 227):
        assert device.ask(programmer, bytes(range(n))) == bytes(range(n))
    frame = programmer.seal(7, 0x20, b"order")
    flipped = bytearray(frame)
    flipped[6] ^= 1
    assert device.open(7, 0x20, flipped) == NOT_OPEN
    assert device.open(7, 0x20, bytearray(frame)) == 5
    reply, out = device.seal(7, 0xA0, b"done"), bytearray(247)
    assert device.open(7, 0x20, bytearray(frame)) == AGAIN
    assert bytes(out[: device.session.again(out)]) == reply and device.session.reply_id() == 0xA0
    with pytest.raises(InvalidTag):
        programmer.read(7, 0xA1, reply)
    assert device.session.live(device.now_us)
    device.session.forget()
    assert (device.session.live(device.now_us), device.session.slot()) == (False, 255)
    assert device.session.counts() == (1, 1, 0, 0, 0, 1, 1, 0)


def test_the_same_calls_give_the_same_bytes_as_on_cpython(device: Device) -> None:
    """Both generators start from the same seed and noise."""
    here = Device(cls=session_class())
    programmer = here.programmer()
    for each in (here, device):
        each.challenge = each.hello()  # type: ignore[attr-defined]
        each.session.spare()
        each.session.stir(b"stirred")
    assert here.challenge == device.challenge  # type: ignore[attr-defined]
    opening = programmer.opening(here.challenge)  # type: ignore[attr-defined]
    assert here.accept(opening) == device.accept(opening)
    for each in (here, device):
        assert each.session.fresh_key(5, CLINICIAN, b"second") and each.session.fresh_key(0, next=True)
        assert each.session.provision(b"h" * 32, b"more noise")
    for slot in range(8):
        assert bytes(here.session.record(slot)[0:94]) == device.session.record(slot)[0:94]
    assert bytes(here.session.seed_record()[0:52]) == device.session.seed_record()[0:52]
    assert here.session.counts() == device.session.counts()


def test_provisioning_and_handing_a_key_out(device: Device) -> None:
    stranger = device.programmer(PROVISION)
    assert device.accept(stranger.opening(device.hello()))[0] == REFUSED
    device.connect(stranger, provisioning=True)
    assert device.session.fresh_key(4, CARD, b"card")
    assert device.open(7, 0x20, stranger.seal(7, 0x20, b"")) == 0
    text = stranger.read(7, 0xA0, device.seal(7, 0xA0, b"card" + bytes(32), hand_out=4))
    device.keys = {1: b"", 2: b"", 3: b"", 5: b"", CARD: text[4:]}  # the fifth: slot 4
    device.connect(device.programmer(CARD))
    assert device.session.promote(4) and not device.session.promote(4)
    device.session.wipe(4)
    assert device.session.record(4)[4:90] == wiped(bytes(2) + b"\1" + bytes(83))
    assert device.accept(device.programmer(CARD).opening(device.hello()))[0] == REFUSED


def test_arguments_are_checked(device: Device) -> None:
    for call in ("record(8)", "record(-1)", "load(9)", "wipe(8)", "fresh_key(8, 1, b'')", "promote(8)"):
        with pytest.raises(ValueError):
            device.session._run(f"r = s.{call}")
    for call in (
        "accept(0, 0, 0, bytes(49), bytearray(60))",
        "again(bytearray(246))",
        "open(0, 65536, 1, bytearray(9))",
    ):
        with pytest.raises(ValueError):
            device.session._run(f"r = s.{call}")
    for call in ("seal(0, 0, 254, bytearray(36), 17)", "seal(0, 0, 254, bytearray(36), -1)", "hello(-1)"):
        with pytest.raises(ValueError):
            device.session._run(f"r = s.{call}")
    for call in ("open(0, 1, 1, b'read only')", "accept(0, 0, 0, bytes(49), bytes(61))", "renew(1)"):
        with pytest.raises(TypeError):
            device.session._run(f"r = s.{call}")
    with pytest.raises(TypeError):
        device.session._run("Session.hello(3, 1)")
    for arguments in ("bytes(7), 1", "bytes(9), 1", "bytes(8), 256", "bytes(8), -1"):
        with pytest.raises(ValueError):
            device.session._run(f"Session({arguments})")
    assert device.session.accept(device.now_us, False, False, b"short", bytearray(61)) == REFUSED
    assert device.accept(device.programmer().opening(device.hello()))[0] == OPENED


def test_a_new_session_has_nothing_to_draw_from(board: type[Any]) -> None:
    blank = board(SCHEMA, 1)
    assert blank.hello(1) is None and not blank.spare() and not blank.ready()
    assert not blank.fresh_key(0, PATIENT, b"label")
    blank.renew(b"")
    assert blank.hello(1) is None and blank.ready() and len(blank.hello(1)) == 8
    blank.close()

"""A rotation broken off in every way: frames lost, power cut or the memory failing at any write, one after another.

Whatever happens, the programmer gets in with the keys that it holds, and the old key holds until the pump has heard a
session of the new one, and no longer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from host.api.client import Programmer
from host.errors import HostError
from host.session import keys
from host.session.errors import SessionRefused
from host.session.keyring import Keyring
from host.session.keys import Identity
from tests.firmware.ram import PowerCut
from tests.host.test_session_link import Line

pytestmark = pytest.mark.req("SEC-1", "STORE-2")

_MOST = 60  # more writes and frames than a rotation has


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


class Patient:
    """A patient's programmer, whose key is in a file, and its pump."""

    def __init__(self) -> None:
        self.line = Line()
        self.old = replace(self.line.identities["patient"], name="mine")
        keys.save(self.old, replace=True)
        self.program().status()

    def program(self) -> Programmer:
        """A program that has just been started."""
        return Programmer(self.line, keyring=Keyring("mine"))

    def rotate(self) -> bool:
        """The program rotates, whatever comes of it; was it told that it is done?"""
        pump = self.program()
        try:
            pump.rotate()
        except HostError:
            return False
        except PowerCut:
            self.line.restart()
            return False
        return True

    def opens(self, identity: Identity) -> bool:
        """Does this key open a session, in whatever way? Nothing is asked in it, so that nothing changes."""
        try:
            Programmer(self.line, keyring=Keyring("x", identity)).open_session()
        except SessionRefused:
            return False
        return True

    def ensure_in(self) -> None:
        """The programmer gets in, in a new program, and when that has been so the old key is void if there is another;
        so again after a reset.
        """
        for _ in range(2):
            assert self.program().status().state in ("running", "stopped", "suspended")
            kept = keys.load("mine")
            if kept.key != self.old.key:
                assert kept.next is None and not self.opens(self.old)
            self.line.restart()
        assert self.program().status()


def writes_of(patient: Patient, act: Callable[[], object]) -> int:
    """How often the memory is written during `act`."""
    before = len(patient.line.hand.memory.writes)
    act()
    return len(patient.line.hand.memory.writes) - before


def failing(patient: Patient, first: int, last: int) -> Callable[[], None]:
    """Have the memory fail from its `first` write to the `last`, counted from now; returns what makes it well again."""
    memory = patient.line.hand.memory
    write, numbers = memory.write, iter(range(1, 1 << 20))

    def fails(address: int, data: bytes) -> None:
        memory.failing = first <= next(numbers) <= last
        try:
            write(address, data)
        finally:
            memory.failing = False

    def well() -> None:
        del memory.write  # type: ignore[method-assign]  # the class's again

    memory.write = fails  # type: ignore[method-assign]
    return well


def spans() -> Iterator[tuple[int, int]]:
    """From which write to which the memory fails."""
    most = writes_of(Patient(), lambda: None) + writes_of(patient := Patient(), patient.rotate) + 2
    assert 6 < most < _MOST
    for first in range(1, most):
        yield first, _MOST
        yield first, first
        yield first, first + 1


@pytest.mark.parametrize("told", [True, False], ids=["the reply comes", "no reply comes"])
@pytest.mark.parametrize("restart", [True, False])
def test_the_memory_fails_at_any_write(restart: bool, told: bool) -> None:
    for first, last in spans():
        patient = Patient()
        well = failing(patient, first, last)
        if not told:
            patient.line.on_way = lambda frame, to_pump: frame if to_pump else b""
        patient.rotate()
        patient.line.on_way = lambda frame, to_pump: frame
        if last < _MOST:
            well()
        if restart:
            if last == _MOST:
                well()
            patient.line.restart()
        else:
            assert patient.program().status(), (first, last)
            if last == _MOST:
                well()
        patient.ensure_in()


@pytest.mark.parametrize("bytes_written", [0, 7, 93])
def test_power_is_cut_at_any_write(bytes_written: int) -> None:
    for write in range(1, _MOST):
        patient = Patient()
        memory = patient.line.hand.memory
        memory.cut_write, memory.cut_bytes = len(memory.writes) + write, bytes_written
        done = patient.rotate()
        memory.cut_write = 0
        patient.ensure_in()
        if done:
            assert write > 6
            return
    raise AssertionError("the rotation never ended")


@pytest.mark.parametrize("to_pump", [True, False])
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("restart", [True, False])
def test_any_frames_are_lost(to_pump: bool, count: int, restart: bool) -> None:
    for place in range(1, _MOST):
        patient = Patient()
        numbers = iter(range(1, 1 << 20))

        def losing(frame: bytes, way: bool, numbers=numbers, place=place) -> bytes:  # type: ignore[no-untyped-def]
            return b"" if way == to_pump and place <= next(numbers) < place + count else frame

        patient.line.on_way = losing
        done = patient.rotate()
        patient.line.on_way = lambda frame, way: frame
        if done:
            assert keys.load("mine").key != patient.old.key, "told done, and it holds"
            assert not patient.opens(patient.old)
        if restart:
            patient.line.restart()
        patient.ensure_in()
        if next(numbers) < place:
            return
    raise AssertionError("the rotation never ended")


def test_one_rotation_after_another_with_the_memory_failing_in_any_of_them() -> None:
    for first, last in spans():
        patient = Patient()
        well = failing(patient, first, last)
        patient.rotate()
        if last < _MOST:
            well()
        patient.rotate()
        if last == _MOST:
            well()
        patient.line.restart()
        patient.ensure_in()
        assert patient.rotate()
        patient.ensure_in()


def test_the_old_key_holds_until_a_session_of_the_new_one_was_heard_and_no_longer() -> None:
    patient = Patient()
    pump = patient.program()
    new = pump._key_of("rotate")
    anew = replace(patient.old, next=new.key)
    assert patient.opens(patient.old), "nothing was heard under the new key"
    assert patient.opens(anew) and patient.opens(patient.old), "opened, but nothing was heard in it"
    assert Programmer(patient.line, keyring=Keyring("x", anew)).status()
    assert not patient.opens(patient.old)
    patient.line.restart()
    assert not patient.opens(patient.old)


def test_a_new_key_whose_taking_up_was_not_stored_is_stored_when_the_memory_is_well() -> None:
    patient = Patient()
    pump = patient.program()
    new = pump._key_of("rotate")
    pump.keyring.rotating(replace(patient.old, next=new.key))
    patient.line.hand.memory.failing = True
    assert patient.program().status() and keys.load("mine").key == new.key
    assert keys.load("mine").generation == patient.old.generation + 1
    patient.line.hand.memory.failing = False
    patient.line.live(3601)
    patient.line.restart()
    assert not patient.opens(patient.old), "the pump has stored by itself what it had failed to"
    patient.ensure_in()


def test_a_programmer_that_is_revoked_during_its_rotation_is_out_whatever_the_memory_does() -> None:
    for fails in (False, True):
        patient = Patient()
        pump = patient.program()
        new = pump._key_of("rotate")
        pump.keyring.rotating(replace(patient.old, next=new.key))
        clinician = Programmer(patient.line, keyring=patient.line.keys())
        slot = next(each for each in clinician.read_programmers() if each.slot == patient.old.slot)
        if fails:
            patient.line.hand.memory.failing = True
            with pytest.raises(HostError, match="memory"):
                clinician.revoke(slot.slot, slot.generation)
            patient.line.hand.memory.failing = False
            clinician.revoke(slot.slot, slot.generation)
        else:
            clinician.revoke(slot.slot, slot.generation)
        for _ in range(2):
            assert not patient.opens(keys.load("mine")) and not patient.opens(patient.old)
            patient.line.restart()

"""The thin drivers, and what stands in for MicroPython's own on CPython."""

from __future__ import annotations

import pytest

from firmware.compat import IS_MICROPYTHON, const, roomy
from firmware.drivers.adc import Adc
from firmware.drivers.bus import Bus
from firmware.drivers.stepper import Stepper
from firmware.drivers.stroke_sensor import StrokeSensor

pytestmark = pytest.mark.req("BOARD-1")


class Converter:
    def __init__(self, u16: int) -> None:
        self._u16 = u16

    def read_u16(self) -> int:
        return self._u16


@pytest.mark.parametrize("counts", [0, 1, 0x7FF, 0x800, 4_095])
def test_twelve_bits_of_sixteen(counts: int) -> None:
    assert Adc(Converter(counts << 4 | counts >> 8)).read_counts() == counts


@pytest.mark.req("DOSE-5")
def test_a_motor_is_halted_by_its_board() -> None:
    halted: list[int] = []
    stepper = Stepper((96, 400, 1600, 20_000), lambda: halted.append(1))
    assert stepper.constants == (96, 400, 1600, 20_000) and halted == []
    stepper.stop()
    assert halted == [1]


def test_strokes_are_what_the_board_counts() -> None:
    assert StrokeSensor(lambda: 7).strokes() == 7


class Dead:
    def __init__(self) -> None:
        self.asked = 0

    def _fail(self, *_: object, **__: object) -> None:
        self.asked += 1
        raise OSError(5)

    readfrom_mem_into = writeto_mem = _fail


@pytest.mark.parametrize(("frees", "asked"), [(False, 1), (True, 2)])
def test_a_bus_that_cannot_be_freed_is_asked_once(frees: bool, asked: int) -> None:
    for call in ("readfrom_mem_into", "writeto_mem"):
        dead = Dead()
        with pytest.raises(OSError):
            getattr(Bus(dead, lambda: frees), call)(1, 2, bytearray(3))
        assert dead.asked == asked


def test_on_cpython_a_constant_is_its_value_and_room_is_made_by_itself() -> None:
    thing = Converter(1)
    assert not IS_MICROPYTHON and const(5) == 5 and roomy(thing) is thing

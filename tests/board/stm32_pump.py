"""A pump on the emulated STM32L4, its supervisor asleep; strokes are started by hand or by the core."""

import struct

import pytest

from hil.emulator_stm32.device import CYCLES_A_SECOND
from tests.board.stm32_machine import PINS, Machine, build


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return build(tmp_path_factory.mktemp("stm32"))


LEAD_US = 450_000
HAND_OVER_US = 10_000
MOTOR = (96, 400, 1600, 20000)


def us(cycles):
    return cycles * 1_000_000 / CYCLES_A_SECOND


class Pump:
    """A pump on the emulated chip, its supervisor asleep."""

    def __init__(self, image, motor=MOTOR):
        self.machine = Machine(image)
        self.chip = self.machine.chip
        assert self.machine.call("shim_setup") == 1
        self.burst_us = self.machine.call("shim_begin", *motor)
        self.steps = motor[0]
        self.period_us = struct.unpack(f"<{self.steps}H", self.machine.bytes_at("shim_period_us", 2 * self.steps))
        assert self.burst_us == sum(self.period_us)

    def call(self, name, *words):
        return self.machine.call(name, *words)

    def edges_us(self, first=0):
        return [us(each) for each in self.chip.edges[first : first + self.steps]]

    def edge_errors_us(self, first=0):
        edges = self.edges_us(first)
        ideal, errors = edges[0], []
        for edge, period in zip(edges, self.period_us, strict=True):
            errors.append(edge - ideal)
            ideal += period
        return errors

    def bolus(self, strokes=1):
        self.call("shim_permit", 1)
        assert self.call("shim_bolus", strokes) == 0

    @property
    def asked_us(self):
        """What the latest bolus was stamped with: device time, at which it is due on the chip's clock."""
        return int.from_bytes(self.machine.bytes_at("shim_asked_us", 8), "little")

    def see_stroke(self):
        """The stroke sensor, towards the end of a stroke."""
        self.chip.drive(PINS["STROKE_SENSOR"], True)
        self.machine.deliver()
        self.chip.drive(PINS["STROKE_SENSOR"], False)

"""A board of the STM32L4 family with a stepper driver, FRAM and sensors; the differences are in each board.toml."""

import gc
import os
from binascii import hexlify

import facts
import hardware
import machine

from firmware.drivers.adc import Adc
from firmware.drivers.annunciator import Annunciator
from firmware.drivers.bus import Bus
from firmware.drivers.fram import Fram
from firmware.drivers.rtc import Rv3028
from firmware.upkeep.image import image_digest

# 96 microsteps make 500 nl; the motor starts at 400 Hz, runs up to 1600 Hz, gains 20 000 Hz/s: the motor of the VIRTUAL
# board (assumption: a small stepper at 1/16 step under no load worth naming).
_STEPS_PER_UL = 192
_MOTOR_HZ = (400, 1600, 20000)
_I2C_HZ = 400000
_COLLECT_BYTES = 4096
_CONVERSIONS = 2  # the first after a pause is wrong
# Not in the tuple itself: a value of more than 14 bits is frozen there as a long integer, and readings would allocate.
_PA_PER_KILOCOUNT = 39063


class Board:
    """Pins, buses and constants of the board, as firmware.main expects them of any board."""

    NAME = facts.NAME
    stroke_nl = 500
    concentration_u_per_ml = 400
    MOTOR = (_STEPS_PER_UL * stroke_nl // 1000,) + _MOTOR_HZ
    # The day cap of 500 U in strokes, GUARD-1: the history must hold that many.
    HISTORY_STROKES = 500000000 // (stroke_nl * concentration_u_per_ml)
    # Zero in counts, Pa for 1000 counts, full scale: 12 bits from -20 to +140 kPa.
    PRESSURE_CALIBRATION = (512, _PA_PER_KILOCOUNT, 4095)
    MECHANISM = "implant"  # in front of the catheter; "syringe_mock" for a syringe (firmware/occlusion/physics.py)
    CLOCK_RUNS = True  # while the processor is busy
    CURRENTS = facts.CURRENTS

    def __init__(self):
        hardware.setup()
        i2c = machine.I2C(1, freq=_I2C_HZ)
        bus = Bus(i2c, hardware.free_bus)
        self.nvm = Fram(bus)
        self.rtc = Rv3028(bus)
        self.advance_clock = hardware.advance
        self.entropy = lambda: int.from_bytes(os.urandom(4), "little")
        self.image = hexlify(hardware.image()[:8]).decode()
        self.image_digest = lambda: image_digest(*hardware.flash())
        self.watchdog_reset = hardware.ended()
        self.crashed = hardware.crashed()
        self.watchdog_on = hardware.watchdog_on
        self.sensor_line = hardware.sensor_line
        self.idle = hardware.idle
        self.now_us = hardware.now_us
        self.counter_us = hardware.counter_us
        self.motor_stop = hardware.motor_stop
        self.read_pressure_counts = Adc(machine.ADC(machine.Pin("PRESSURE")), _CONVERSIONS).read_counts
        button = machine.Pin("PRESENCE", machine.Pin.IN, machine.Pin.PULL_DOWN)
        self.presence = lambda: button.value() == 1
        self.stroke_readings = hardware.stroke_readings
        self.stroke_ended_us = hardware.stroke_ended_us
        self.stroke_lead_us = hardware.lead_us()
        self.read_battery_counts = Adc(machine.ADC(machine.Pin("BATTERY")), _CONVERSIONS).read_counts
        self.tone = Annunciator(hardware.tone).sound
        self.uart_read_into = hardware.uart_read_into
        self.uart_write = hardware.uart_write

    def wired(self):
        """The pump has been put together: from now on collect long before the heap is full, which has little to spare.

        What stays then lies close together, and a kilobyte in one piece is left for the daily self-test.
        """
        gc.threshold(_COLLECT_BYTES)

    def anew(self):
        """Between two pumps: the hardware forgets the first one's core, and the heap is cleared for the second."""
        hardware.setup()
        gc.collect()
        gc.threshold(8192)  # as in boards/main.py

    def leave(self):
        """Does nothing: a real board has no bench to notify."""

"""The VIRTUAL board: every resource lies at the other end of the bench link, in logical time.

Started by the bench as `micropython -m firmware.main FROM_BENCH_FD TO_BENCH_FD STROKE_NL CONCENTRATION_U_PER_ML
MEMORY_FD TRACE_FD MECHANISM`. Without arguments there is no bench and time jumps (benchlink/virtual.c).
"""

import gc
import sys

import backed
import facts
import virtual

from firmware.compat import roomy
from firmware.drivers.annunciator import Annunciator
from firmware.drivers.nvm import Nvm

# 96 microsteps make 500 nl, 24 make 125 nl; the motor starts at 400 Hz, runs up to 1600 Hz, gains 20 000 Hz/s
# (assumption: a small stepper at 1/16 step under no load worth naming). A 500 nl stroke takes 0.10 s.
_STEPS_PER_UL = 192
_MOTOR_HZ = (400, 1600, 20000)


class Rtc:
    """The battery-backed clock, as firmware/drivers/rtc.py describes it."""

    read = staticmethod(backed.clock)
    set = staticmethod(backed.set_clock)


class Board:
    """Pins, buses and constants of this board, as firmware.main expects them of any board."""

    NAME = facts.NAME
    image = ""  # nothing is flashed
    CLOCK_RUNS = False  # logical time stands still while the firmware computes
    CURRENTS = facts.CURRENTS

    def __init__(self):
        # `-m firmware.main` leaves the module's name in front of the arguments.
        words = sys.argv[1:] or ["0", "0", "500", "400", "0", "0"]
        # The bench's mechanism in front of the catheter (firmware/occlusion/physics.py).
        self.MECHANISM = words[6] if len(words) > 6 else "implant"
        arguments = [int(each) for each in words[:6]]
        from_bench, to_bench, self.stroke_nl, self.concentration_u_per_ml, memory, trace = arguments
        self.MOTOR = (_STEPS_PER_UL * self.stroke_nl // 1000,) + _MOTOR_HZ
        # The day cap of 500 U in strokes, GUARD-1: the history must hold that many.
        self.HISTORY_STROKES = 500000000 // (self.stroke_nl * self.concentration_u_per_ml)
        # Zero in counts, Pa for 1000 counts, full scale: 12 bits from -20 to +140 kPa, as the simulated sensor has it.
        self.PRESSURE_CALIBRATION = (512, 39063, 4095)
        if memory:
            backed.attach(memory, trace)
        self.nvm = Nvm(backed.size(), backed.read_into, backed.write)
        self.rtc = Rtc()
        self.advance_clock = virtual.advance
        self.idle = virtual.idle
        self.now_us = virtual.now_us
        self.motor_stop = virtual.motor_stop
        self.read_pressure_counts = virtual.pressure_counts
        self.stroke_readings = virtual.stroke_readings
        self.stroke_ended_us = virtual.now_us  # logical time stands still until the supervisor sleeps again
        self.stroke_lead_us = 0
        self.annunciator = Annunciator(lambda duration_ms: None)  # counts the tones, makes no sound
        self.tone = self.annunciator.sound
        self.presence = virtual.presence
        self.uart_read_into = virtual.uart_read_into
        self.uart_write = virtual.uart_write
        for module in sys.modules.values():
            roomy(module)  # there is heap enough, and a built-in is found sooner
        if to_bench:
            virtual.attach(from_bench, to_bench)

    def wired(self):
        """Does nothing: there is heap enough."""

    def anew(self):
        """Between two pumps: clear the heap of the first."""
        gc.collect()

    def leave(self):
        """Tell the bench that the run is over, and print on the console how much of the heap is in use at its end."""
        gc.collect()
        print("heap in use:", gc.mem_alloc())
        virtual.bye()

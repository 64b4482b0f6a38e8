"""Start-up: takes the board's resources, wires the pump together and runs it. Nothing is decided here."""

import dosecore
from board import Board

from firmware import dose_codes, events
from firmware.commands import Commands
from firmware.drivers.clock import Clock
from firmware.drivers.pressure_sensor import PressureSensor
from firmware.drivers.stepper import Stepper
from firmware.drivers.stroke_sensor import StrokeSensor
from firmware.drivers.uart import Uart
from firmware.link import Link
from firmware.loop import cycle
from firmware.memory import Memory
from firmware.occlusion.watch import Watch
from firmware.pump import FIRMWARE_VERSION, Pump
from firmware.storage.journal import Journal
from firmware.upkeep import Means
from firmware.wall_clock import WallClock

# What not every board has for the self-test, and for the battery's account.
_MEANS = ("image_digest", "sensor_line", "watchdog_on", "watchdog_reset", "BATTERY_NAH", "entropy")


def main():
    """Run the pump until the board says stop (a real one never does)."""
    board = Board()
    clock = Clock(board.now_us)
    stepper = Stepper(board.MOTOR, board.motor_stop)
    core = dosecore.Core(
        stroke_nl=board.stroke_nl,
        concentration_u_per_ml=board.concentration_u_per_ml,
        motor=stepper.constants,
        history=board.HISTORY_STROKES,
        now_us=clock.now_us(),
    )
    stroke_sensor = StrokeSensor(lambda: core.state()[dose_codes.GUARD_CONFIRMED])
    identity = {
        "board": board.NAME,
        "firmware_version": FIRMWARE_VERSION,
        "core_version": dosecore.VERSION,
        "native_core": not hasattr(dosecore, "__file__"),  # a module of Python code has one
        "stroke_uu": board.stroke_nl * board.concentration_u_per_ml,
        "stroke_nl": board.stroke_nl,
        "concentration_u_per_ml": board.concentration_u_per_ml,
        "image": board.image,
    }
    pressure_sensor = PressureSensor(board.read_pressure_counts, *board.PRESSURE_CALIBRATION)
    wall = WallClock(clock, board.rtc)
    memory = Memory(Journal(board.nvm, core.ticks(), identity["stroke_uu"]), core, clock, wall)
    watch = None
    if board.stroke_readings is not None:
        counts, burst_us = board.read_pressure_counts, core.plan()[1]
        when = (board.stroke_ended_us, board.stroke_lead_us, board.MECHANISM)
        watch = Watch(board.stroke_readings, counts, board.PRESSURE_CALIBRATION, board.stroke_nl, burst_us, *when)
    means = Means(board.CURRENTS, board.CLOCK_RUNS, *[getattr(board, name, None) for name in _MEANS])
    sensors = (stroke_sensor, pressure_sensor)
    pump = Pump(core, clock, stepper, *sensors, identity, memory, wall, board.advance_clock, means, watch, board.tone)
    commands = Commands(pump)
    uart = Uart(board.uart_read_into, board.uart_write)
    link = Link(uart, commands.handle, commands.counters, used=pump.upkeep.linked)
    pump.stream.send, pump.stream.counters = link.tell, link.counters
    run(board.idle, core, pump, link)
    board.leave()


def run(idle, core, pump, link):
    """The main loop. It never ticks: idle() returns when a deadline, a stroke, a byte or a fault has come."""
    while not cycle(idle, core, pump, link) & events.STOP:
        pass


main()

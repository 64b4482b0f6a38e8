"""Start-up: takes the board's resources, wires the pump together and runs it. Nothing is decided here."""

import dosecore
import session
from board import Board

from firmware import dose_codes
from firmware.drivers.clock import Clock
from firmware.drivers.pressure_sensor import PressureSensor
from firmware.drivers.stepper import Stepper
from firmware.drivers.stroke_sensor import StrokeSensor
from firmware.drivers.uart import Uart
from firmware.events import STOP
from firmware.link.commands import Commands
from firmware.link.door import Door
from firmware.link.link import Link
from firmware.loop import cycle
from firmware.occlusion.watch import watch_of
from firmware.protocol import SCHEMA_HASH
from firmware.pump import FIRMWARE_VERSION, Pump
from firmware.session.keyring import Keyring, noise_of
from firmware.session.presence import Presence
from firmware.storage.journal import Journal
from firmware.storage.memory import Memory
from firmware.upkeep.upkeep import means_of
from firmware.upkeep.wall_clock import WallClock


def main():
    """Run the pump until the board says stop (a real one never does)."""
    board = Board()
    while not live(board):
        board.anew()  # a memory that was absent answers now: restart the pump from what is stored there
    board.leave()


def live(board):
    """Wire one pump together and run it; returns whether the board has said stop."""
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
        "native_core": not hasattr(dosecore, "__file__"),  # a module written in Python would have one
        "stroke_uu": board.stroke_nl * board.concentration_u_per_ml,
        "stroke_nl": board.stroke_nl,
        "concentration_u_per_ml": board.concentration_u_per_ml,
        "image": board.image,
    }
    pressure_sensor = PressureSensor(board.read_pressure_counts, *board.PRESSURE_CALIBRATION)
    means = means_of(board)
    wall = WallClock(clock, board.rtc)
    memory = Memory(Journal(board.nvm, core.ticks(), identity["stroke_uu"]), core, clock, wall)
    watch = watch_of(board, core.plan()[1])
    parts = (stepper, stroke_sensor, pressure_sensor, identity, memory, wall, board.advance_clock, means)
    suite = session.suite()
    sealed = session.Session(SCHEMA_HASH.to_bytes(8, "little"), suite)
    keyring = Keyring(memory.nvm, sealed)
    presence = Presence(board.presence, clock)
    pump = Pump(core, clock, *parts, watch, board.tone, keyring, presence)
    keyring.open(noise_of(means.entropy, clock))
    pump.opened()
    commands = Commands(pump)
    door = Door(sealed, keyring, presence, pump, commands, suite)
    uart = Uart(board.uart_read_into, board.uart_write)
    link = Link(uart, door, commands.counters, used=pump.linked)
    pump.stream.send, pump.stream.counters = link.tell, link.counters
    board.wired()
    return run(board.idle, core, pump, link)


def run(idle, core, pump, link):
    """The main loop. It is tickless: idle() returns on a deadline, a stroke, a byte or a fault."""
    happened = 0
    while not (happened & STOP or pump.over):
        happened = cycle(idle, core, pump, link)
    return happened & STOP


main()

"""What the RPI_PICO image does with its hardware: flash erased under a stroke, motor stopped, supervisor lost.

The development image's console stands in for a supervisor: Ctrl-C stops the pump and a few lines drive the core.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firmware.protocol import CHECKS
from hil.backends.emulated import EmulatedBoard
from hil.bench import Bench
from hil.plant import Plant, load_mechanism

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.emulated_only("a virtual board has no flash, no motor driver and no watchdog")

US_PER_S = 1_000_000
# Steps of 96 and what the RPI_PICO board says of its motor.
MOTOR = "(96, 400, 1600, 20000)"
SETUP = f"""
import hardware, dosecore, _rp2
hardware.setup()
def new(strokes):
    core = dosecore.Core(motor={MOTOR}, now_us=hardware.now_us())
    core.permit(1)
    core.bolus(hardware.now_us(), strokes)
    return core
"""


@pytest.fixture
def open_board() -> Iterator[Callable[..., EmulatedBoard]]:
    opened: list[EmulatedBoard] = []

    def make(**options: str) -> EmulatedBoard:
        board = EmulatedBoard(Plant(load_mechanism(), 1), **options)
        opened.append(board)
        board.write_console(b"\x03")
        board.run_until_us(board.now_us + 100_000)
        assert b">>>" in board.take_console()
        return board

    yield make
    for each in opened:
        flagged = each.flagged()
        each.close()
        assert flagged == []


def run(board: EmulatedBoard, code: str, seconds: float) -> str:
    """Paste `code` into the console and let `seconds` pass; what it printed."""
    pasted = (SETUP + code).replace("\n", "\r").encode()
    board.write_console(b"\x05" + pasted + b"\x04")
    end_us = board.now_us + round(seconds * US_PER_S)
    board.run_until_us(end_us)
    return board.take_console().decode().split("=== \r\n")[-1].replace("\r\n>>> ", "")


@pytest.mark.req("BOARD-1")
def test_the_board_says_which_image_it_runs(open_bench: Callable[..., Bench]) -> None:
    built = json.loads((ROOT / "build/RPI_PICO/firmware.json").read_text(encoding="utf-8"))
    hello = open_bench().programmer.hello()
    assert (hello.board, hello.image) == (built["board"], built["image"][:16])


@pytest.mark.req("SELF-1")
def test_every_check_of_the_self_test_runs(open_bench: Callable[..., Bench]) -> None:
    """The image is checked at power-on, the clocks' rates once the battery-backed one has been read twice."""
    found = open_bench().programmer.self_test()
    assert found.passed
    assert {each.check for each in found.checks} >= set(CHECKS) - {"image", "clock_rate"}


@pytest.mark.req("SELF-1", "GUARD-3")
def test_a_sensor_line_that_is_stuck_and_a_watchdog_that_is_off_are_seen(
    open_board: Callable[..., EmulatedBoard],
) -> None:
    """Ctrl-C has switched the watchdog off. The input's override stands for a line that is shorted to 3.3 V."""
    board = open_board()
    code = """
import machine, pins
control = 0x40014004 + 8 * pins.STROKE_SENSOR
print(hardware.watchdog_on(), hardware.sensor_line())
machine.mem32[control] |= 3 << 16
print(hardware.sensor_line())
machine.mem32[control] &= ~(3 << 16)
core = new(1)
while not hardware.idle(core, hardware.now_us() + 3000000) & 2:
    pass
machine.mem32[control] |= 3 << 16
print(hardware.sensor_line())
while hardware.counter_us() < hardware.stroke_ended_us() + 1000000:
    pass
print(hardware.sensor_line())
"""
    said = run(board, code, 6).split()
    # setup() has switched the watchdog on again; the sensor's pulse after a stroke is no fault.
    assert said == ["True", "False", "True", "False", "True"]


@pytest.mark.req("PWR-1", "STORE-1")
def test_a_write_to_the_bus_lasts_as_long_as_the_bus_and_a_refusal_or_the_time_out_ends_it(
    open_board: Callable[..., EmulatedBoard],
) -> None:
    board = open_board()
    code = """
import machine, pins, time
def bus(**options):
    return machine.I2C(0, sda=machine.Pin(pins.I2C_SDA), scl=machine.Pin(pins.I2C_SCL), freq=400000, **options)
data = bytes(range(256)) * 3
def write(i2c, chip, data):
    start_us = time.ticks_us()
    try:
        i2c.writeto_mem(chip, 20000, data, addrsize=16)
        why = 0
    except OSError as error:
        why = error.errno
    print(why, time.ticks_diff(time.ticks_us(), start_us))
i2c = bus()
write(i2c, 0x50, data)
write(i2c, 0x33, data)
write(i2c, 0x33, b"1")
write(i2c, 0x50, data[3:])
print(i2c.readfrom_mem(0x50, 20000, 765, addrsize=16) == data[3:])
write(bus(timeout=1000), 0x50, data)
"""
    board.write_console(b"\x05" + (SETUP + code).replace("\n", "\r").encode() + b"\x04")
    board.run_until_us(board.now_us + 3 * US_PER_S)
    printed = board.take_console().decode().split("=== \r\n")[-1].split("\r\n")
    assert printed[4] == "True"
    whys, took_us = zip(*[[int(word) for word in printed[line].split()] for line in (0, 1, 2, 3, 5)], strict=True)
    assert whys == (0, errno.EIO, errno.EIO, 0, errno.ETIMEDOUT)
    assert took_us[0] == pytest.approx(771 * 22.5, rel=0.03), "not much longer than the bus"
    assert max(took_us[1:3]) < 500, "a refusal ends it"
    assert 1_000 <= took_us[4] < 1_500


@pytest.mark.req("DOSE-6")
@pytest.mark.parametrize("flash_timing", ["typical", "longest"])
def test_a_flash_erase_across_the_hand_over_moves_no_start_and_no_edge(
    open_board: Callable[..., EmulatedBoard], flash_timing: str
) -> None:
    board = open_board(flash_timing=flash_timing)
    printed = run(
        board,
        """
core = new(4)
due = [core.next_us()]
for n in range(4):
    while not hardware.idle(core, hardware.now_us() + 3000000) & 2:
        pass
    core.permit(n + 2)
    if n < 3:
        due.append(core.next_us())
        hardware.idle(core, due[-1] - 20000)
        x = _rp2.Flash().ioctl(6, n)
print(due)
""",
        12,
    )
    due_us = [int(each) for each in printed.strip().splitlines()[-1].strip("[]").split(",")]
    assert board.info()["erases"] == 3
    starts_us = [edges[0] / 1000 for edges in board.bursts_ns]
    assert [0 <= start - due <= 3 for start, due in zip(starts_us, due_us, strict=True)] == [True] * 4
    shapes = {tuple(each - edges[0] for each in edges) for edges in board.bursts_ns}
    assert len(shapes) == 1, "every stroke has the very same edges"


@pytest.mark.req("DOSE-5", "DOSE-6")
def test_the_steps_of_a_stroke_that_is_stopped_are_known(open_board: Callable[..., EmulatedBoard]) -> None:
    board = open_board()
    printed = run(
        board,
        """
import time
done = []
for wait_us in (300000, 451000, 480000, 520000, 540000, 600000):
    core = new(1)
    hardware.idle(core, hardware.now_us() + 200)
    time.sleep_us(wait_us)
    core.stop(hardware.now_us(), 8)
    done.append(hardware.motor_stop())
print(done)
""",
        5,
    )
    done = [int(each) for each in printed.strip().splitlines()[-1].strip("[]").split(",")]
    assert done[0] == 0, "stopped while it waited"
    assert done[-1] == 0, "it was over"
    assert 0 < done[1] < done[2] < done[3] < done[4] < 96
    assert [len(edges) for edges in board.bursts_ns] == [*done[1:-1], 96]


@pytest.mark.req("DOSE-5", "GUARD-4")
def test_a_stroke_that_is_stopped_without_a_fault_counts(open_board: Callable[..., EmulatedBoard]) -> None:
    printed = run(
        open_board(),
        """
import time
core = new(2)
hardware.idle(core, hardware.now_us() + 200)
time.sleep_us(500000)
done = hardware.motor_stop()
state = core.state()
print(0 < done < 96, state[9:11], state[41:43], state[48], hardware.idle(core, hardware.now_us() + 200) & 18)
""",
        3,
    )
    assert printed.strip().splitlines()[-1] == "True (1, 1) (1, 1) 0 2"


@pytest.mark.req("DOSE-5", "DOSE-1")
def test_a_stop_with_a_clock_read_before_the_stroke_stops(open_board: Callable[..., EmulatedBoard]) -> None:
    """The interrupt starts the second stroke between the reading of the clock and the call."""
    printed = run(
        open_board(),
        """
import time
core = new(9)
hardware.idle(core, hardware.now_us() + 1000000)
core.permit(2)
read_us = hardware.now_us()
time.sleep_us(2500000)
print(core.state()[41], core.suspend(read_us), core.state()[27], core.next_us(), core.state()[9:12])
""",
        6,
    )
    assert printed.strip().splitlines()[-1] == "2 0 1 -1 (2, 2, 7)"


@pytest.mark.req("LINK-1", "LINK-4")
def test_no_byte_is_lost_at_line_rate_while_the_flash_is_erased(open_board: Callable[..., EmulatedBoard]) -> None:
    board = open_board()
    sent = bytes(range(256)) * 40
    board.write_console(
        b"\x05"
        + (
            SETUP
            + """
core = new(1)
chunk = bytearray(256)
count = total = erased = 0
while count < 10240:
    hardware.idle(core, hardware.now_us() + 20000)
    got = hardware.uart_read_into(chunk)
    while got:
        count += got
        total += sum(chunk[:got])
        got = hardware.uart_read_into(chunk)
    if erased < 8 and count > 1000 * (erased + 1):
        x = _rp2.Flash().ioctl(6, erased)
        erased += 1
print(count, total, erased)
"""
        )
        .replace("\n", "\r")
        .encode()
        + b"\x04"
    )
    board.run_until_us(board.now_us + 200_000)
    board.write(sent)
    board.run_until_us(board.now_us + 2 * US_PER_S)
    assert board.take_console().decode().strip().splitlines()[-2] == f"10240 {sum(sent)} 8"


@pytest.mark.req("GUARD-3")
def test_a_supervisor_that_hangs_is_reset_and_doses_no_more(open_board: Callable[..., EmulatedBoard]) -> None:
    board = open_board()
    run(
        board,
        """
core = new(20)
while not hardware.idle(core, hardware.now_us() + 3000000) & 2:
    pass
core.permit(2)
while True:
    pass
""",
        20,
    )
    reasons = [each["reason"] for each in board.info()["resets"]]
    assert reasons[:2] == ["power on", "watchdog"]
    # The second stroke had its permit; a third never gets one.
    assert len(board.bursts_ns) == 2


@pytest.mark.req("ALARM-3")
def test_a_tone_ends_by_itself_even_if_the_supervisor_hangs(open_board: Callable[..., EmulatedBoard]) -> None:
    board = open_board()
    before = len(board.info()["tones"])  # of the pump that the console has stopped
    # The second tone begins in a loop that never ends, which the watchdog ends after 8 s.
    code = """
import time
hardware.tone(150)
time.sleep_ms(300)
for ms in (0, 60001):
    try:
        hardware.tone(ms)
    except ValueError as error:
        print(error)
hardware.tone(40)
while True:
    pass
"""
    board.write_console(b"\x05" + (SETUP + code).replace("\n", "\r").encode() + b"\x04")
    board.run_until_us(board.now_us + 2 * US_PER_S)
    assert board.take_console().count(b"tone: 1 to 60000 ms") == 2
    lengths_ms = [(off - on) / 1e6 for on, off in board.info()["tones"][before:]]
    assert lengths_ms == pytest.approx([150, 40], abs=0.1)


def test_a_soft_reset_does_not_disturb_the_stroke_that_plays(open_board: Callable[..., EmulatedBoard]) -> None:
    board = open_board()
    run(board, "core = new(1)\nx = hardware.idle(core, hardware.now_us() + 460000)\n", 0.45)
    board.write_console(b"\x04")
    board.run_until_us(board.now_us + 2 * US_PER_S)
    assert [len(edges) for edges in board.bursts_ns] == [96]
    assert b"soft reboot" in board.take_console()

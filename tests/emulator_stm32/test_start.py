"""Starts that go wrong: parts that are missing, a held bus, a supervisor that hangs, a watchdog."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hil.backends.emulated_stm32 import EmulatedStm32Board
from hil.bench import programmer_at
from host.api.client import Programmer
from host.errors import LinkTimeout

Open = Callable[..., EmulatedStm32Board]
S = 1_000_000
FRAM, RTC = 0x50, 0x52
# 96 microsteps, and what the board says of its motor.
SETUP = """
import hardware, dosecore
hardware.setup()
def new(strokes):
    core = dosecore.Core(motor=(96, 400, 1600, 20000), now_us=hardware.now_us())
    core.permit(1)
    core.bolus(hardware.now_us(), strokes)
    return core
"""


def programmer_of(board: EmulatedStm32Board) -> Programmer:
    programmer = programmer_at(board, timeout_s=1, first_command_id=1 + board.now_us)
    programmer.hello()
    return programmer


def paste(board: EmulatedStm32Board, code: str, seconds: float) -> str:
    """Stop the pump with Ctrl-C, paste `code` into the console and let `seconds` pass; what it printed."""
    board.write_console(b"\x03")
    board.run_until_us(board.now_us + 2 * S)  # it sounds first
    said = board.take_console()
    assert said.endswith(b">>> "), said
    # Line by line: the echo is longer than what comes, and the console holds 260 characters.
    for line in ("\x05", *[each + "\r" for each in (SETUP + code).split("\n")], "\x04"):
        board.write_console(line.encode())
        board.run_until_us(board.now_us + 30_000)
    board.run_until_us(board.now_us + round(seconds * S))
    return board.take_console().decode().split("=== \r\n")[-1].replace("\r\n>>> ", "")


@pytest.mark.req("STORE-3", "GUARD-3")
def test_a_memory_that_is_missing_is_said_and_comes_back_without_a_reset(open_board: Open) -> None:
    board = open_board()
    programmer_of(board).bolus(600)
    board.run_until_us(board.now_us + 8 * S)
    kept = board.memory("fram", 0, 15_000)
    board.power_cut()
    board.part(FRAM, present=False)
    board.power_up()
    board.boot()
    for _ in range(2):  # its keys are in that memory: it has no sessions, and sounds
        with pytest.raises(LinkTimeout):
            programmer_of(board)
        board.run_until_us(board.now_us + 3 * S)
    assert board.memory("fram", 0, 15_000) == kept, "nothing is written over"
    assert board.info()["tones"][-1][0] > board.info()["resets"][-1]["nanos"]
    board.part(FRAM, present=True)
    board.run_until_us(board.now_us + 3 * S)
    status = programmer_of(board).status()
    assert status.memory in ("whole", "mended")
    assert 3 <= status.strokes_commanded <= 4
    assert len(board.info()["resets"]) == 2


@pytest.mark.req("STORE-2", "STORE-3")
@pytest.mark.parametrize("clocks", [1, 9])
def test_a_part_that_holds_the_bus_is_clocked_free(open_board: Open, clocks: int) -> None:
    board = open_board()
    board.power_cut()
    board.hold_bus(clocks)
    board.power_up()
    board.boot()
    assert programmer_of(board).status().memory == "whole"
    info = board.info()
    assert (info["bus_held"], info["bus_stops"]) == (0, 1)
    assert clocks <= info["bus_clocks"] <= 10
    board.hold_bus(clocks)
    programmer_of(board).bolus(200)
    board.run_until_us(board.now_us + 5 * S)
    assert len(board.stroke_starts_us) == 1
    assert programmer_of(board).status().memory == "whole"


@pytest.mark.req("HIL-8")
def test_the_console_loses_no_character_at_line_rate(open_board: Open) -> None:
    board = open_board()
    board.write_console(b"\x03")
    board.run_until_us(board.now_us + 2 * S)
    board.write_console(b"\x05")
    board.run_until_us(board.now_us + 50_000)
    board.take_console()
    line = "core = dosecore.Core(motor=(96, 400, 1600, 20000), now_us=hardware.now_us()) + abcdefgh"
    for _ in range(60):
        board.write_console(f"{line}\r".encode())
        board.run_until_us(board.now_us + 30_000)
        assert board.take_console() == f"{line}\r\n=== ".encode()


@pytest.mark.req("GUARD-3")
def test_a_supervisor_that_hangs_is_reset_by_the_watchdog_and_doses_no_more(open_board: Open) -> None:
    board = open_board()
    code = """
core = new(20)
while not hardware.idle(core, hardware.now_us() + 3000000) & 2:
    pass
core.permit(2)
while True:
    pass
"""
    paste(board, code, 20)
    assert [each["reason"] for each in board.info()["resets"]][:2] == ["power on", "watchdog"]
    assert len(board.bursts_ns) == 2, "the second had its permit; a third never gets one"


@pytest.mark.req("DOSE-5", "DOSE-6")
def test_the_steps_of_a_stroke_that_is_stopped_are_known(open_board: Open) -> None:
    board = open_board()
    code = """
import gc, time
done = []
for wait_us in (30000, 51000, 80000, 95000, 300000):
    gc.collect()  # none comes while the stroke is waited for
    core = new(1)
    hardware.idle(core, hardware.now_us() + 440200)
    time.sleep_us(wait_us)
    core.stop(hardware.now_us(), 8)
    done.append(hardware.motor_stop())
print(done)
"""
    done = [int(each) for each in paste(board, code, 5).strip().splitlines()[-1].strip("[]").split(",")]
    played = [len(edges) for edges in board.bursts_ns]
    assert played == [each for each in done[:-1] if each] + [96], (done, "the last was over")
    assert 0 < played[0] < played[1] < played[2] < 96


@pytest.mark.req("GUARD-3", "ALARM-3")
def test_ctrl_c_at_any_instant_of_the_boot_ends_in_a_console_that_sounded_or_in_a_pump(open_board: Open) -> None:
    board = open_board()
    became = []
    for at_ms in (0, 30, 160, 290, 450, 640):
        board.power_cut()
        board.run_until_us(board.now_us + S)
        board.power_up()
        begun_ns, lives = board.now_ns, len(board.info()["resets"])
        board.run_until_ns(begun_ns + at_ms * 1_000_000)
        board.take_console()
        board.write_console(b"\x03")
        if board.run_until_ns(board.now_ns + 4_000_000_000, "ready") == "ready" and not board.take_console():
            assert programmer_at(board, first_command_id=1 + board.now_us).hello().board == "NUCLEO_L476RG"
            became.append("runs")
        else:
            board.run_until_us(board.now_us + S)
            assert [on for on, _ in board.info()["tones"] if on >= begun_ns], "in silence"
            became.append("console")
        assert len(board.info()["resets"]) == lives
        assert board.info()["steps"] == 0
    assert "console" in became, became


@pytest.mark.req("GUARD-3", "ALARM-3")
def test_without_its_crystal_it_sounds_and_starts_anew_again_and_again(open_board: Open) -> None:
    board = open_board()
    board.power_cut()
    board.machine.crystal = False
    board.power_up()
    begun_ns = board.now_ns
    board.run_until_us(board.now_us + 18 * S)
    starts = [each for each in board.info()["resets"][2:] if each["reason"] == "software"]
    assert len(starts) >= 2
    tones = [on for on, _ in board.info()["tones"] if on >= begun_ns]
    assert len(tones) == 3 * len(starts)
    board.machine.crystal = True
    assert board.run_until_ns(board.now_ns + 60_000_000_000, "ready") == "ready"
    assert programmer_of(board).status().state == "running"

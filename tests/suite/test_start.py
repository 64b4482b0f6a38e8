"""From reset on: whatever befalls the boot ends in a pump that runs, or sounds and starts anew: never in silence."""

from __future__ import annotations

import os
import random
import zlib
from collections.abc import Callable, Iterator

import pytest

from firmware.protocol.alarms import BY_NAME
from hil.backends.emulated import EmulatedBoard
from hil.bench import programmer_at
from hil.keys import Provisioned
from hil.plant import Plant, load_mechanism
from host.api.client import Programmer
from host.errors import LinkTimeout
from host.records.history import Event
from tests.suite import mischief
from tests.suite.room import symbol

pytestmark = pytest.mark.emulated_only("a virtual board has no reset, no watchdog and no console")

NS_PER_MS = 1_000_000
BOOT_MS = 900
FEW = 3  # instants of a boot, in every run of the suite; `make boot-nightly` takes every 10 ms
SETTLED_NS = 4_000_000_000
WATCHDOG_RESET = BY_NAME["watchdog_reset"].number


def instants_ms(seed: int) -> list[int]:
    """Instants of a boot: a few of them, or all, every RELEVE_BOOT_STEP_MS."""
    step = os.environ.get("RELEVE_BOOT_STEP_MS")
    if step:
        return list(range(0, BOOT_MS, int(step)))
    picked = random.Random(seed)
    part = BOOT_MS // FEW
    return [part * n + picked.randrange(part) for n in range(FEW)]


@pytest.fixture
def board() -> Iterator[EmulatedBoard]:
    board = EmulatedBoard(Plant(load_mechanism(), 1), keys=Provisioned().cells)
    yield board
    board.close()


def start_over(board: EmulatedBoard) -> int:
    """Power off and on again; returns how many lives there were before this one."""
    board.power_cut()
    board.run_until_ns(board.now_ns + 1_000_000_000)
    board.take_console()
    board.power_up()
    return len(board.info()["resets"])


def runs(board: EmulatedBoard) -> bool:
    """Does it answer a programmer? Otherwise it has some seconds to try."""
    board.take_received()
    try:
        return programmer_at(board, timeout_s=0.5).hello().board == "RPI_PICO"
    except Exception:
        return False


def judged(board: EmulatedBoard, lives: int, from_ns: int) -> str:
    """What became of it: "runs", "console", or "sounded and runs". Fails if it is silent."""
    why = board.run_until_ns(board.now_ns + SETTLED_NS, "ready")
    info = board.info()
    if len(info["resets"]) == lives:
        if why == "ready" and runs(board):
            return "runs"
        said = board.take_console()
        assert b"The pump is stopped: motor and watchdog are off." in said, f"silent: {said!r}"
        assert [on for on, _ in info["tones"] if on >= from_ns], "a console that took the board over in silence"
        return "console"
    assert [on for on, _ in info["tones"] if on >= info["resets"][lives]["nanos"]], "it started anew in silence"
    if why != "ready":
        board.boot()
    assert runs(board), f"it did not come up again: {board.take_console()!r}"
    return "sounded and runs"


@pytest.mark.req("GUARD-3", "ALARM-3")
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("what", [mischief.ctrl_c, mischief.raised, mischief.no_memory, mischief.crash])
def test_whatever_happens_during_the_boot_the_pump_runs_or_sounds(
    board: EmulatedBoard, what: Callable[[EmulatedBoard], None]
) -> None:
    became = {}
    for at_ms in instants_ms(zlib.crc32(what.__name__.encode())):
        lives = start_over(board)
        at_ns = board.now_ns + at_ms * NS_PER_MS
        board.run_until_ns(at_ns)
        what(board)
        became[at_ms] = judged(board, lives, at_ns)
        assert board.info()["idle_steps"] == 0
        assert board.info()["steps"] == 0, "the motor moved"
    print(became)
    assert set(became.values()) - {"runs"}, "nothing that was done had any effect"


def crashes(board: EmulatedBoard) -> list[Event]:
    """What the log tells of HardFaults."""
    return [event for event in programmer_of(board).events() if event.event == "crashed"]


@pytest.mark.req("LOG-1", "GUARD-3", "ALARM-3")
def test_a_hardfault_is_in_the_log_of_the_next_life_with_its_place(board: EmulatedBoard) -> None:
    assert crashes(board) == []
    board.run_until_ns(board.now_ns + 70_000_000_000)  # it has come up, and does not sound next time
    at = int(board.info()["registers"][15])
    mischief.crash(board, within_ns=10_000_000_000)
    assert [each["reason"] for each in board.info()["resets"]] == ["power on", "watchdog forced"]
    board.boot()
    told = crashes(board)
    assert [event.a for event in told] == [at]
    assert told[0].c & 0x1FF == 0, "not in an interrupt"
    assert [alarm.detail for alarm in programmer_of(board).read_alarms() if alarm.alarm == WATCHDOG_RESET] == [4]
    board.power_cut()
    board.power_up()
    board.boot()
    assert len(crashes(board)) == 1, "and in no other"


@pytest.mark.req("GUARD-3", "LOG-1")
def test_a_full_stack_is_a_hardfault_and_changes_nothing_below_it(board: EmulatedBoard) -> None:
    board.write_console(b"\x03")
    board.run_until_ns(board.now_ns + 2_000_000_000)
    bottom = symbol("__StackBottom")[0]
    before = board.memory("sram", bottom - 1024, 1024)
    mischief.no_limit(board)
    board.write_console(mischief.DEEP)
    assert board.run_until_ns(board.now_ns + 5_000_000_000, "reset") == "reset"
    assert board.memory("sram", bottom - 1024, 1024) == before
    board.boot()
    assert len(crashes(board)) == 1


FRAM, RTC = 0x50, 0x52


def programmer_of(board: EmulatedBoard) -> Programmer:
    """A programmer that has said hello."""
    programmer = programmer_at(board, timeout_s=1)
    programmer.hello()
    return programmer


def memory_of(board: EmulatedBoard) -> str:
    """What the pump says of its memory."""
    return str(programmer_of(board).status().memory)


@pytest.mark.req("STORE-3", "GUARD-3")
def test_a_part_that_is_missing_or_comes_late_ends_in_a_running_pump(board: EmulatedBoard) -> None:
    programmer_of(board).bolus(2_800)
    board.run_until_ns(board.now_ns + 45_000_000_000)
    assert len(board.stroke_starts_us) == 14
    kept = board.memory("fram", 0, 15_000)
    board.part(FRAM, present=False)
    start_over(board)
    board.boot()
    for _ in range(2):  # its keys are in that memory: it has no sessions, and sounds
        with pytest.raises(LinkTimeout):
            programmer_of(board)
        board.run_until_ns(board.now_ns + 3_000_000_000)
    assert board.memory("fram", 0, 15_000) == kept, "nothing is written over"
    assert board.info()["tones"][-1][0] > board.info()["resets"][-1]["nanos"]
    board.part(FRAM, present=True)
    board.run_until_ns(board.now_ns + 3_000_000_000)
    assert memory_of(board) in ("whole", "mended")
    assert 14 <= programmer_of(board).status().strokes_commanded <= 15
    assert len(board.info()["resets"]) == 2, "without a reset"
    board.part(RTC, present=False)
    start_over(board)
    board.boot()
    assert memory_of(board) == "whole"


@pytest.mark.req("STORE-2", "STORE-3")
@pytest.mark.parametrize("clocks", [1, 9])
def test_a_device_that_holds_the_bus_is_clocked_free(board: EmulatedBoard, clocks: int) -> None:
    # A reset in the middle of a byte: the device waits for the rest of its clocks.
    board.power_cut()
    board.hold_bus(clocks)
    board.power_up()
    board.boot()
    assert memory_of(board) == "whole"
    info = board.info()
    assert (info["bus_held"], info["bus_stops"]) == (0, 1)
    assert clocks <= info["bus_clocks"] <= 10
    # The same in life: the next write finds it so.
    board.hold_bus(clocks)
    programmer_of(board).bolus(200)
    board.run_until_ns(board.now_ns + 5_000_000_000)
    assert len(board.stroke_starts_us) == 1
    assert memory_of(board) == "whole"
    assert board.info()["bus_held"] == 0

"""Start-up on CPython: a board and the core's module stand in for those of MicroPython; the rest is what boards run."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from cobs import cobs

from c_ext.host import Core
from firmware import protocol
from firmware.events import STOP, TIME, UART
from firmware.protocol import decode
from firmware.upkeep.energy import FED
from host.api.link import encode_frame
from tests.firmware.hand import CURRENTS, MOTOR, SECOND_US
from tests.firmware.ram import RamNvm, RamRtc, RamUart
from tests.session.device import session_class

pytestmark = pytest.mark.req("BOARD-1", "GUARD-3")


class Board:
    """Idles as `script` says: the events of each turn, after so much time; STOP when it is over."""

    script: tuple[tuple[int, int], ...] = ()
    frames: tuple[bytes, ...] = ()  # one for each turn with bytes
    made: list[Board] = []  # noqa: RUF012 - whoever starts the pump makes it
    absent = False

    NAME, MECHANISM, PRESSURE_CALIBRATION = "FAKE", "implant", (512, 39_063, 4_095)
    HISTORY_STROKES, CURRENTS, CLOCK_RUNS, BATTERY_NAH = 2_500, CURRENTS, False, FED
    stroke_nl, concentration_u_per_ml, image = 500, 400, ""
    stroke_readings = None
    stroke_ended_us = stroke_lead_us = None

    def __init__(self) -> None:
        Board.made.append(self)
        self.MOTOR = MOTOR
        self.us = 0
        self.turns: list[int] = []
        self.left = self.lives = self.anews = 0
        self.tones: list[int] = []
        self.uart = RamUart()
        self.nvm = RamNvm(65_536)
        self.nvm.absent = Board.absent
        self.rtc = RamRtc()
        self.uart_read_into, self.uart_write = self.uart.read_into, self.uart.write

    def now_us(self) -> int:
        return self.us

    def advance_clock(self, us: int) -> None:
        self.us += us

    def motor_stop(self) -> None:
        """Nothing turns."""

    def tone(self, milliseconds: int) -> None:
        self.tones.append(milliseconds)

    def read_pressure_counts(self) -> int:
        return 512

    def presence(self) -> bool:
        return False

    def idle(self, core: Core, until_us: int) -> int:
        us, happened = self.script[len(self.turns)]
        self.us += us
        self.turns.append(until_us)
        if happened & UART:
            first, *rest = self.frames
            self.uart.incoming += first
            self.frames = tuple(rest)
        if us > 2 * SECOND_US:
            self.nvm.absent = False
        return happened

    def wired(self) -> None:
        self.lives += 1

    def anew(self) -> None:
        self.anews += 1

    def leave(self) -> None:
        self.left += 1


def _imported() -> ModuleType:
    dosecore = ModuleType("dosecore")
    vars(dosecore).update(Core=Core, VERSION="9.9")
    board = ModuleType("board")
    vars(board).update(Board=Board)
    session = ModuleType("session")
    vars(session).update(Session=session_class(), suite=lambda: 0x81)
    sys.modules.update(dosecore=dosecore, board=board, session=session)
    try:
        Board.script = ((0, STOP),)
        from firmware import main  # type: ignore[attr-defined, unused-ignore]  # runs at once, as on a board
    finally:
        del sys.modules["dosecore"], sys.modules["board"], sys.modules["session"]
        Board.made.clear()
    return main  # type: ignore[no-any-return, unused-ignore]


main: Any = _imported()


HELLO = encode_frame(7, 0x01, protocol.SCHEMA_HASH.to_bytes(8, "little"))


def ran(*script: tuple[int, int], absent: bool = False, frames: tuple[bytes, ...] = (HELLO,)) -> Board:
    Board.script, Board.absent, Board.frames = script, absent, frames
    main.main()
    (made,) = Board.made
    Board.made.clear()
    return made


def test_it_runs_until_the_board_says_stop_and_leaves() -> None:
    board = ran((0, TIME), (0, TIME), (0, STOP | TIME))
    assert len(board.turns) == 3 and board.left == 1


def test_a_request_is_answered_and_its_bytes_are_paid_for() -> None:
    board = ran((0, UART), (0, STOP))
    assert board.uart.sent.endswith(b"\0") and board.left == 1
    body = cobs.decode(bytes(board.uart.sent[:-1]))
    assert body[:3] == b"\x07\x00\x81"
    fields = decode(protocol.BY_ID[0x01].reply, body[3:-4])
    told = {name: fields[name] for name in ("board", "core_version", "native_core", "stroke_uu", "stroke_nl")}
    assert told == {"board": "FAKE", "core_version": "9.9", "native_core": True, "stroke_uu": 200_000, "stroke_nl": 500}


@pytest.mark.req("LOG-3")
def test_the_stream_goes_over_the_link_with_its_counters() -> None:
    for_5_s = encode_frame(8, 0x3E, b"\x01\x05\0\0\0")
    board = ran((0, UART), (0, UART), (SECOND_US, TIME), (0, STOP), frames=(HELLO, for_5_s))
    last = cobs.decode(bytes(board.uart.sent[:-1]).rpartition(b"\0")[2])
    assert last[:3] == b"\0\0\xfe"
    assert decode(protocol.TELEMETRY, last[3:-4])["frames_good"] == 2


@pytest.mark.req("OCC-1")
def test_the_watch_is_told_how_long_a_burst_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    monkeypatch.setattr(main, "watch_of", lambda board, burst_us: told.append(burst_us))
    ran((0, STOP))
    assert told == [Core(motor=MOTOR).plan()[1]] and 104_000 < told[0] < 104_500


def test_a_memory_that_comes_late_starts_the_pump_anew() -> None:
    board = ran((0, TIME), (3 * SECOND_US, TIME), (0, TIME), (0, STOP), absent=True)
    assert len(board.turns) == 4 and board.left == 1 and not board.nvm.absent
    assert (board.lives, board.anews) == (2, 1)


def test_a_pump_that_is_over_and_a_board_that_stops_are_told_apart() -> None:
    pump = SimpleNamespace(over=False, deadline_us=5, now_us=lambda: 0, handle=lambda happened: None)
    link = SimpleNamespace(waiting=False)
    assert main.run(lambda core, until_us: STOP | TIME, None, pump, link) == STOP
    pump.handle = lambda happened: setattr(pump, "over", True)
    assert main.run(lambda core, until_us: TIME, None, pump, link) == 0
    assert main.run(None, None, pump, link) == 0, "not even a turn"

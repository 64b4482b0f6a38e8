"""Start-up on CPython: a board and the core's module stand in for those of MicroPython; the rest is what boards run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from c_ext.host import Core
from firmware import protocol
from firmware.events import STOP, TIME, UART
from firmware.protocol import decode
from firmware.upkeep.energy import FED
from hil.keys import KEYS_AT, Provisioned
from hil.sealing import sealed_frame
from host.api.conversation import MESSAGES
from host.api.link import decode_frame, encode_frame
from host.session.frames import Session
from host.session.opening import Opening, offer_of
from host.session.plain import HELLO_ID, OPEN_ID
from tests.firmware.hand import CURRENTS, MOTOR, SECOND_US
from tests.firmware.ram import RamNvm, RamRtc, RamUart
from tests.session.device import session_class

pytestmark = pytest.mark.req("BOARD-1", "GUARD-3")
Frame = Callable[[bytes], bytes]
KEYS = Provisioned()


class Board:
    """Idles as `script` says: the events of each turn, after so much time; STOP when it is over."""

    script: tuple[tuple[int, int], ...] = ()
    frames: tuple[Frame, ...] = ()  # one for each turn with bytes
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
        self.nvm.cells[KEYS_AT : KEYS_AT + len(KEYS.cells)] = KEYS.cells
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
            self.uart.incoming += first(bytes(self.uart.sent))
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


class Talk:
    """A programmer with the bench's key: its frames, each made when what the board has sent by then is known."""

    def __init__(self) -> None:
        self.session: Session | None = None

    def hello(self, _: bytes) -> bytes:
        return encode_frame(7, HELLO_ID, protocol.SCHEMA_HASH.to_bytes(8, "little"))

    def open(self, sent: bytes) -> bytes:
        identity = KEYS.bench
        self._opening = Opening(offer_of(frames_of(sent)[-1][2]), identity, *identity.openings()[0])
        return encode_frame(8, OPEN_ID, self._opening.request)

    def asks(self, sequence: int, name: str, payload: bytes = b"") -> Frame:
        def frame(sent: bytes) -> bytes:
            self.session = self.session or self._opening.finish(frames_of(sent)[-1][2])
            made, self.asked = sealed_frame(self.session, sequence, MESSAGES[name].id, payload)
            return made

        return frame


def frames_of(sent: bytes) -> list[tuple[int, int, bytes]]:
    return [found for each in sent.split(b"\0") if each and (found := decode_frame(each)) is not None]


def ran(*script: tuple[int, int], absent: bool = False, frames: tuple[Frame, ...] = (Talk().hello,)) -> Board:
    Board.script, Board.absent, Board.frames = script, absent, frames
    main.main()
    (made,) = Board.made
    Board.made.clear()
    return made


def test_it_runs_until_the_board_says_stop_and_leaves() -> None:
    board = ran((0, TIME), (0, TIME), (0, STOP | TIME))
    assert len(board.turns) == 3 and board.left == 1


def test_a_request_is_answered_and_its_bytes_are_paid_for() -> None:
    talk = Talk()
    board = ran((0, UART), (0, UART), (0, UART), (0, STOP), frames=(talk.hello, talk.open, talk.asks(9, "identity")))
    assert board.uart.sent.endswith(b"\0") and board.left == 1
    hello, opened, told = frames_of(bytes(board.uart.sent))
    assert hello[:2] == (7, HELLO_ID | 0x80) and opened[:2] == (8, OPEN_ID | 0x80)
    answer = talk.asked.answered_by(*told)
    assert answer is not None
    fields = decode(MESSAGES["identity"].reply, answer[1])
    told = {name: fields[name] for name in ("board", "core_version", "native_core", "stroke_uu", "stroke_nl")}
    assert told == {"board": "FAKE", "core_version": "9.9", "native_core": True, "stroke_uu": 200_000, "stroke_nl": 500}


@pytest.mark.req("LOG-3")
def test_the_stream_goes_over_the_link_with_its_counters() -> None:
    talk = Talk()
    for_5_s = talk.asks(9, "telemetry", b"\x01\x05\0\0\0")
    script = ((0, UART), (0, UART), (0, UART), (SECOND_US, TIME), (0, STOP))
    board = ran(*script, frames=(talk.hello, talk.open, for_5_s))
    *_, last = frames_of(bytes(board.uart.sent))
    assert last[:2] == (0, protocol.TELEMETRY_ID) and talk.session is not None
    assert decode(protocol.TELEMETRY, talk.session.open_telemetry(*last))["frames_good"] == 3


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

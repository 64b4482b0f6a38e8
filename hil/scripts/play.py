"""Plays a script on a virtual board, open loop: every byte reaches the pump at the script's time, whatever it answers.

So two runs differ only where their scripts differ. The plant is ideal: no noise, no spread, and the stroke sensor
confirms. Apart from a hello at power-up, nothing is asked that the script does not ask.

Implements: HIL-5
"""

from __future__ import annotations

from functools import lru_cache
from types import TracebackType
from typing import Any

from firmware import protocol
from firmware.protocol import Message
from hil.backends.backed import Backed
from hil.backends.virtual import VirtualBoard, uart_time_us
from hil.errors import DeviceLost
from hil.plant import Plant, load_mechanism
from hil.plant.parameters import Table
from hil.scripts.frames import body_of, hash_of, read
from hil.scripts.script import AGAIN, LOOK, ORDER_HOLDS_US, WORLD, Answer, Life, Look, Refusal, Run, Script, Step
from host.api.conversation import MESSAGES
from host.api.link import decode_frame, encode_frame

US_PER_S = 1_000_000
SLOT_US = 40_000  # long enough for the longest request and the longest reply
HELLO_AFTER_US = 100_000  # after power-up
LOOK_US = 1_000_000  # long enough for a whole look
# Ids ascend with time and do not depend on the other steps of a script.
_ID_US = 1_000
_IDS = 0xFFFFFFFF
_PAGE = 5
_EVENTS_PAGE = 7
_RATE_STEP_US = 600 * US_PER_S  # how often a clock that runs fast or slow is moved


class IdealPlant(Plant):
    """A plant with identical strokes, all seen by the sensor, and no pressure noise. Keeps the sensor's edges."""

    __slots__ = ("edges_us",)

    def __init__(self, stroke_nl: int) -> None:
        super().__init__(_mechanism(stroke_nl), 1)
        self.edges_us: list[int] = []

    def stroke(self, start_us: int, steps: int, duration_us: int) -> int:
        """As Plant.stroke."""
        edge_us = super().stroke(start_us, steps, duration_us)
        self._reservoir_pl = 1 << 60  # here the pump keeps its own account of the content
        if edge_us:
            self.edges_us.append(edge_us)
        return edge_us


@lru_cache
def _mechanism(stroke_nl: int) -> Table:
    table = load_mechanism().with_value("pressure_noise_counts", 0.0).with_value("stroke_spread_percent", 0.0)
    steps = int(table["steps_per_stroke"]) * stroke_nl // 500
    return table.with_value("stroke_volume_nl", stroke_nl).with_value("steps_per_stroke", steps)


class Player:
    """A pump that plays a script; a context manager. `run` holds the records so far.

    `script` gives the quantum and the concentration. Steps are passed one by one to take(), so that a writer of scripts
    can look at the pump before the next step. Raises DeviceLost if the board ends by itself, DeviceMissing.
    """

    def __init__(self, script: Script) -> None:
        self.run = Run(script)
        self.board = VirtualBoard(
            IdealPlant(script.stroke_nl),
            stroke_nl=script.stroke_nl,
            concentration_u_per_ml=script.concentration_u_per_ml,
            memory=Backed(),
        )
        self._sequence = 0
        self._buffer = bytearray()
        self._sent: dict[int, tuple[str, bytes]] = {}  # by time of arrival
        self._life = 0
        self._rate_ppm = 0
        self._rate_from_us = 0
        self._taken = 0

    @property
    def now_us(self) -> int:
        """The bench's time."""
        return self.board.now_us

    def __enter__(self) -> Player:
        self._begin_life(0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.board.close()
                words = self.board.last_words
                self.run.console += words if not words.startswith("heap in use:") or "\n" in words else ""
            else:
                self.board.kill()
        finally:
            self.board.memory.close()

    def take(self, step: Step) -> Answer | None:
        """Play one more step. Return the Answer if it is a message."""
        number, self._taken = self._taken, self._taken + 1
        if step.what == LOOK:
            self.run.looks.append(self.look(step.at_us))
            return None
        if step.what in WORLD:
            getattr(self, f"_{step.what}")(step.at_us, **step.values)
            return None
        name, frame, values = self._frame_of(step)
        reply, refusal = self._exchange(step.at_us, MESSAGES[name], frame)
        answer = Answer(number, step.at_us, name, values, reply, refusal)
        self.run.answers.append(answer)
        return answer

    def run_until_us(self, end_us: int) -> None:
        """Let time pass."""
        while self._rate_ppm and self._rate_from_us + _RATE_STEP_US <= end_us:
            self._rate_from_us += _RATE_STEP_US
            self.board.run_until_us(max(self._rate_from_us, self.now_us))
            self._move_clock(round(self._rate_ppm * _RATE_STEP_US / US_PER_S / US_PER_S))
        if end_us > self.now_us:
            self.board.run_until_us(end_us)
        self.board.take_received()
        self._buffer.clear()

    def ask(self, at_us: int, name: str, **values: Any) -> dict[str, Any]:
        """Return the reply to a question that arrives at `at_us`, or {} if there is none."""
        message = MESSAGES[name]
        return self._exchange(at_us, message, self._frame(message, values))[0] or {}

    def look(self, at_us: int) -> Look:
        """Ask every question there is."""
        asked = 0

        def ask(name: str, **values: Any) -> dict[str, Any]:
            nonlocal asked
            asked += 1
            return self.ask(at_us + (asked - 1) * SLOT_US, name, **values)

        status = ask("status")
        time, procedure, reservoir = ask("read_time"), ask("read_procedure"), ask("read_reservoir")
        settings, diagnosis = ask("read_settings"), ask("read_diagnosis")
        patterns = []
        for pattern in range(len(protocol.PATTERNS)):
            rates = ask("read_pattern", pattern=pattern, staged=False).get("rates", ())
            patterns.append(tuple(each["rate_mu_per_h"] for each in rates))
        alarms: list[Any] = []
        while True:
            page = ask("read_alarms", first=len(alarms))
            alarms += page.get("records", ())
            if not page.get("records") or len(alarms) >= page["alarms"]:
                break
        deliveries: list[Any] = []
        while True:
            known = deliveries[-1]["id"] if deliveries else 0
            page = ask("read_deliveries", since_id=known, max_count=_PAGE)
            deliveries += page.get("records", ())
            if not page.get("records") or deliveries[-1]["id"] >= page["newest_id"]:
                break
        return Look(
            at_us, status, time, procedure, reservoir, settings, diagnosis,
            tuple(alarms), tuple(patterns), tuple(deliveries),
        )  # fmt: skip

    def finish(self, end_us: int) -> Run:
        """End the run with a last look at `end_us`, then read the log up to there."""
        look = self.look(end_us)  # at exactly `end_us`: a later look would show when it was asked
        self.run.looks.append(look)
        self.run.strokes_us = [each for each in self.board.stroke_starts_us if each <= end_us]
        self.run.late_us = [each for each in self.board.stroke_starts_us if each > end_us]
        self.run.edges_us = [each for each in self.board.plant.edges_us if each <= end_us]  # type: ignore[attr-defined]
        newest = look.status.get("newest_event", 0)
        known, at_us = 0, end_us + LOOK_US
        while known < newest:
            at_us = max(at_us, self.now_us) + SLOT_US
            events = self.ask(at_us, "read_log", since_number=known, max_count=_EVENTS_PAGE).get("events", ())
            if not events:
                break
            self.run.log += [each for each in events if each["number"] <= newest]
            known = events[-1]["number"]
        return self.run

    # A request and its reply

    def _frame_of(self, step: Step) -> tuple[str, bytes, dict[str, Any]]:
        if step.what == AGAIN:
            return *self._sent[step.values["of_us"]], dict(step.values)
        message = MESSAGES[step.what]
        values = dict(step.values)
        if message.changes_delivery:
            holds_us = values.pop("expires_after_us", ORDER_HOLDS_US)
            device_us = self.run.device_us(step.at_us) if self.run.lives else step.at_us
            values["life"] = self._life
            values["command_id"] = 1 + step.at_us // _ID_US % _IDS
            values["expires_us"] = max(0, device_us + holds_us)
            values["confirms"] = self._prepared(step.at_us, message, values) if message.bound else 0
        frame = self._frame(message, values)
        self._sent[step.at_us] = step.what, frame
        return step.what, frame, dict(step.values)

    def _frame(self, message: Message, values: dict[str, Any]) -> bytes:
        self._sequence = (self._sequence + 1) & 0xFFFF
        return b"\0" + encode_frame(self._sequence, message.id, protocol.encode(message.request, values, False))

    def _prepared(self, at_us: int, message: Message, values: dict[str, Any]) -> int:
        """Prepare an order at the instant at which it will arrive; return its hash, 0 if there is none."""
        asked = protocol.encode(message.request[protocol.ORDER_FIELDS :], values, False)
        prepare = MESSAGES["prepare"]
        request = {"message_id": message.id, "request": [{"byte": each} for each in asked]}
        frame, board = self._frame(prepare, request), self.board
        self.run_until_us(at_us - uart_time_us(len(frame)))
        if not board.powered:
            return 0
        board.write(frame)
        while board.powered and board.now_us < at_us + SLOT_US:
            board.run_until_us(at_us + SLOT_US, stop_at_uart=True)
            for each in board.on_the_line().split(b"\0"):
                got = decode_frame(each) if each else None
                if got is not None and got[0] == self._sequence and got[1] != protocol.TELEMETRY_ID:
                    return hash_of(message, asked, read(prepare, got[1], got[2])[0])
        return 0

    def _exchange(self, at_us: int, message: Message, frame: bytes) -> tuple[dict[str, Any] | None, Refusal | None]:
        self.run_until_us(at_us - uart_time_us(len(frame)))
        board = self.board
        if not board.powered:
            self.run_until_us(at_us)
            return None, None
        if board.now_us < at_us:
            board.write(frame)
        else:  # it was prepared at this instant
            board.write_at_once(frame)
        deadline_us = at_us + SLOT_US - 1
        sequence = int.from_bytes(body_of(frame)[:2], "little")
        while board.now_us < deadline_us and board.powered:
            data = board.read((deadline_us - board.now_us) / US_PER_S)
            self._buffer += data
            while (end := self._buffer.find(0)) >= 0:
                got = decode_frame(bytes(self._buffer[:end])) if end else None
                del self._buffer[: end + 1]
                if got is not None and got[1] != protocol.TELEMETRY_ID and got[0] == sequence:
                    return read(message, got[1], got[2])
        return None, None

    # Events of the world

    def _power_cut(self, at_us: int, off_s: float) -> None:
        self.run_until_us(at_us)
        board = self.board
        board.plant.abort(at_us)
        if board.powered:
            board.power_cut()
        self.run_until_us(at_us + round(off_s * US_PER_S))
        board.power_up()
        self._begin_life(board.now_us)

    def _clock_jump(self, at_us: int, by_s: int) -> None:
        self.run_until_us(at_us)
        self._move_clock(by_s)

    def _clock_lost(self, at_us: int) -> None:
        self.run_until_us(at_us)
        self.board.memory.lose_clock()

    def _clock_rate(self, at_us: int, ppm: int) -> None:
        self.run_until_us(at_us)
        self._rate_ppm, self._rate_from_us = ppm, at_us

    def _move_clock(self, by_s: int) -> None:
        offset_s, valid = self.board.memory.clock()
        if valid:
            self.board.memory.set_clock(offset_s + by_s)

    def _begin_life(self, start_us: int) -> None:
        if not self.board.powered:
            raise DeviceLost("the virtual board did not come up")
        said_us = start_us + HELLO_AFTER_US
        hello = self.ask(said_us, "hello", schema_hash=protocol.SCHEMA_HASH)
        if not hello:
            raise DeviceLost(f"no answer to the hello after power-up at {start_us} µs")
        self._life = hello["life"]
        self.run.lives.append(Life(start_us, hello["now_us"] - HELLO_AFTER_US))


def play(script: Script) -> Run:
    """Play all of `script`. Raises DeviceLost if the board ends by itself."""
    with Player(script) as player:
        for step in script.steps:
            player.take(step)
        return player.finish(script.end_us)

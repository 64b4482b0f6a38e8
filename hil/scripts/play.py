"""Plays a script on a virtual board, open loop: every byte reaches the pump at the script's time, whatever it answers.

So two runs differ only where their scripts differ. The plant is ideal: no noise, no spread, and the stroke sensor
confirms. Apart from a session that is opened at power-up and twice a day, and the pump's time then, nothing is asked
that the script does not ask.

Implements: HIL-5
"""

from __future__ import annotations

from functools import lru_cache
from types import TracebackType
from typing import Any

from firmware import protocol
from firmware.protocol import Message
from hil.backends.backed import Backed
from hil.backends.virtual import VirtualBoard
from hil.errors import DeviceLost
from hil.keys import KEYS_AT, Provisioned
from hil.plant import Plant, load_mechanism
from hil.plant.parameters import Table
from hil.scripts.frames import hash_of, read
from hil.scripts.line import SLOT_US, US_PER_S, Line
from hil.scripts.script import AGAIN, LOOK, ORDER_HOLDS_US, WORLD, Answer, Life, Look, Refusal, Run, Script, Step
from host.api.conversation import MESSAGES

__all__ = ["HELLO_AFTER_US", "LOOK_US", "SLOT_US", "US_PER_S", "IdealPlant", "Player", "play"]

HELLO_AFTER_US = 100_000  # after power-up the session is open, and the pump is asked its time
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
            memory=_with_keys(),
        )
        self.line = Line(self.board, self.run_until_us)
        self.run.renewed_us = self.line.renewed_us
        self._sent: dict[int, tuple[str, bytes]] = {}  # message and payload by time of arrival
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
        self.line.renew(step.at_us)
        name, payload, values = self._payload_of(step)
        reply, refusal = self._exchange(step.at_us, MESSAGES[name], payload)
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
        self.line.quiet()

    def ask(self, at_us: int, name: str, **values: Any) -> dict[str, Any]:
        """Return the reply to a question that arrives at `at_us`, or {} if there is none."""
        message = MESSAGES[name]
        self.line.renew(at_us)
        return self._exchange(at_us, message, _encoded(message, values))[0] or {}

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

    def _payload_of(self, step: Step) -> tuple[str, bytes, dict[str, Any]]:
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
        payload = _encoded(message, values)
        self._sent[step.at_us] = step.what, payload
        return step.what, payload, dict(step.values)

    def _prepared(self, at_us: int, message: Message, values: dict[str, Any]) -> int:
        """Prepare an order at the instant at which it will arrive; return its hash, 0 if there is none."""
        asked = protocol.encode(message.request[protocol.ORDER_FIELDS :], values, False)
        prepare = MESSAGES["prepare"]
        request = {"message_id": message.id, "request": asked}
        got = self.line.prepare(at_us, prepare.id, _encoded(prepare, request))
        return hash_of(message, asked, read(prepare, *got)[0]) if got else 0

    def _exchange(self, at_us: int, message: Message, payload: bytes) -> tuple[dict[str, Any] | None, Refusal | None]:
        got = self.line.carry(at_us, message.id, payload)
        return read(message, *got) if got else (None, None)

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
        if not self.line.open(said_us - 2 * SLOT_US):
            raise DeviceLost(f"no session after power-up at {start_us} µs")
        now = self.ask(said_us, "read_time")
        if not now:
            raise DeviceLost(f"no answer in the session after power-up at {start_us} µs")
        self._life = now["life"]
        self.run.lives.append(Life(start_us, now["now_us"] - HELLO_AFTER_US))


def _with_keys() -> Backed:
    memory = Backed()
    memory.put(KEYS_AT, Provisioned().cells)
    return memory


def _encoded(message: Message, values: dict[str, Any]) -> bytes:
    return bytes(protocol.encode(message.request, values, False))


def play(script: Script) -> Run:
    """Play all of `script`. Raises DeviceLost if the board ends by itself."""
    with Player(script) as player:
        for step in script.steps:
            player.take(step)
        return player.finish(script.end_us)

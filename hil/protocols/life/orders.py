"""Turns the orders of a life's programmer and the device's own records into the commands that the checks read.

A pattern runs on the device, by its wall clock. The device's record tells to the microsecond when a stretch of basal
began. This module computes, from the pattern and the bench's own clock, which rate the stretch must have and that it
began within a second of the half-hour.
"""

from __future__ import annotations

from typing import Any

from firmware.protocol import NEVER_US, Message
from hil.backends.backed import EPOCH_S
from hil.bench import RecordingProgrammer
from hil.oracle.commands import Command, Orders
from hil.protocols.life.judge import Violations
from host.api.client import MESSAGES, Programmer
from host.records import Delivery
from host.session.keyring import Keyring

US_PER_S = 1_000_000
HALF_HOUR_S = 1800
# Both clocks are read in whole seconds.
CLOCK_SLACK_S = 2
_STRETCHES = ("basal", "temp_basal")
# boards/VIRTUAL/current.toml: the link counts as in use for so long after its last byte. A test compares the two.
LINK_SILENT_US = 5_000_000


class Recorder(RecordingProgrammer):
    """A programmer that keeps each accepted order with its reply: (time, name, values, reply).

    `exchanged_us` are the bench's times of the exchanges with the pump, each once.
    """

    def __init__(self, transport: Any, keyring: Keyring | None = None) -> None:
        super().__init__(transport, [], keyring)
        self.accepted: list[tuple[int, str, dict[str, Any], dict[str, Any]]] = []
        self.exchanged_us: list[int] = []
        self._board = transport

    def call(self, name: str, **values: Any) -> dict[str, Any]:
        """As Programmer.call."""
        reply = Programmer.call(self, name, **values)
        if MESSAGES[name].changes_delivery:
            self.accepted.append((reply["at_us"], name, values, reply))
        return reply

    def _exchange(self, message: Message, payload: bytes) -> bytes:
        if self.exchanged_us[-1:] != [self._board.now_us]:
            self.exchanged_us.append(self._board.now_us)
        return super()._exchange(message, payload)


class Follower:
    """Combines orders and stretches of basal. `commands` are in order of time, up to the last take()."""

    def __init__(self, recorder: Recorder, violations: Violations, stroke_mu: int = 200) -> None:
        self._stroke_mu = stroke_mu
        self.commands: list[Command] = []
        self.pattern: tuple[int, ...] = ()  # 48 rates, mU/h
        self.newest_id = 0
        self._recorder = recorder
        self._orders = Orders()
        self._violations = violations
        self._taken = 0
        self._running = True
        self._suspended_mu_per_h: int | None = None
        self._recommended_until_us = 0
        self._temp_until_us = 0
        self._order_us = 0
        self._settings: list[tuple[int, str, Any]] = []  # changes of the local clock or the pattern, with their times
        self._offset_s = 0  # local time minus UTC
        self._moved_s = 0  # the device's clock minus the bench's
        self._stop_us: int | None = None

    def local_s(self, at_us: int) -> int:
        """Return the device's local time."""
        return EPOCH_S + at_us // US_PER_S + self._moved_s + self._offset_s

    def clock_s(self, at_us: int) -> int:
        """Return the UTC that the device must show."""
        return EPOCH_S + at_us // US_PER_S + self._moved_s

    def stopped(self, at_us: int) -> None:
        """Note that the device stopped delivery by itself."""
        self._stop_us = at_us

    def changes(self, at_us: int, what: str, value: Any) -> None:
        """Note a change from then on: `pattern` (48 rates), `offset_s`, or `moved_s`, by which the clock differs."""
        self._settings.append((at_us, what, value))

    def take(self, records: list[Delivery]) -> None:
        """Take in the orders since the last time and the new deliveries in `records`."""
        # At one instant: first changes of the pattern, then an order, then the stretch that it started.
        events: list[tuple[int, int, Any]] = [(at_us, 0, (what, value)) for at_us, what, value in self._settings]
        events += [(order[0], 1, order) for order in self._recorder.accepted[self._taken :]]
        if self._stop_us is not None:
            events.append((self._stop_us, 1, (self._stop_us, "stop", {}, {})))
        events += [(each.start_us, 2, each) for each in records if each.id > self.newest_id and each.kind in _STRETCHES]
        self._taken = len(self._recorder.accepted)
        self._settings.clear()
        self._stop_us = None
        self.newest_id = max([each.id for each in records], default=self.newest_id)
        events.sort(key=lambda each: each[:2])
        ordered_us = {at_us for at_us, rank, _ in events if rank == 1}
        by_itself_us = [at_us for at_us, rank, _ in events if rank == 2 and at_us not in ordered_us]
        for at_us, rank, what in events:
            if rank == 0:
                self._change(*what)
            elif rank == 1:
                self._order(at_us, *what[1:])
            else:
                self._stretch(at_us, next((each for each in by_itself_us if each > at_us), NEVER_US))

    def _change(self, what: str, value: Any) -> None:
        if what == "pattern":
            self.pattern = value
        elif what == "offset_s":
            self._offset_s = value
        else:
            self._moved_s = value

    def _order(self, at_us: int, name: str, values: dict[str, Any], reply: dict[str, Any]) -> None:
        self._order_us = at_us
        if name in ("suspend", "stop"):
            self._running = False
            self._suspended_mu_per_h = reply.get("rate_mu_per_h")
            self._recommended_until_us = 0
        elif name == "recommend_rate":
            self._recommended_until_us = reply["until_us"]
            self.commands.append(Command(at_us, "set_basal", {"rate_mu_per_h": values["rate_mu_per_h"]}))
            return
        if name.endswith("_procedure"):
            self._procedure(at_us, name, reply)
            return
        if name == "temp_basal":
            self._temp_until_us = reply["until_us"]
        if name == "resume":
            self._running, self._suspended_mu_per_h = True, None
            self._orders.taken(at_us, name, values, reply)  # the rate is the pattern's
            self.commands.append(Command(at_us, "resume"))
        elif name not in ("select_pattern", "commit_pattern"):
            found = self._orders.taken(at_us, name, values, reply)
            self.commands += [each for each in found if each.name != "wake"]

    def _procedure(self, at_us: int, name: str, reply: dict[str, Any]) -> None:
        """A procedure prepares a stopped pump without basal, makes its steps' strokes, and ends with a stopped pump."""
        if name == "start_procedure":
            self.commands += [Command(at_us, "resume"), Command(at_us, "set_basal", {"rate_mu_per_h": 0})]
        elif reply["procedure"] == "none":
            self.commands.append(Command(at_us, "stop"))
        elif reply["procedure_delivering"]:
            self.commands.append(
                Command(at_us, "bolus", {"volume_mu": reply["procedure_strokes_left"] * self._stroke_mu})
            )

    def _stretch(self, at_us: int, next_us: int) -> None:
        """Take in the start of a stretch of basal: with a pattern, at a half-hour or at an order. `next_us`: when the
        next one begins by itself. If that is at once, an order came just before the half-hour of the device's clock.
        """
        suspended = self._suspended_mu_per_h is not None
        if not (self._running or suspended) or at_us < self._recommended_until_us or not self.pattern:
            return
        half_hours, past_s = divmod(self.local_s(at_us) + CLOCK_SLACK_S, HALF_HOUR_S)
        known = (self._order_us, self._temp_until_us, self._recommended_until_us)
        if past_s > 2 * CLOCK_SLACK_S and at_us not in known:
            self._violations.add(f"{at_us} us: a stretch of basal began {past_s - CLOCK_SLACK_S} s past the half-hour")
        if past_s <= 2 * CLOCK_SLACK_S and at_us in known and next_us - at_us < 2 * CLOCK_SLACK_S * US_PER_S:
            half_hours -= 1
        rate = self.pattern[half_hours % len(self.pattern)]
        if self._suspended_mu_per_h is not None:
            rate = min(rate, self._suspended_mu_per_h)  # never more than without the suspend
        self.commands.append(Command(at_us, "set_basal", {"rate_mu_per_h": rate}))


def in_use_s(exchanged_us: list[int]) -> float:
    """Return how long the link was in use, given the times of its exchanges."""
    later_us = [*exchanged_us[1:], exchanged_us[-1] + LINK_SILENT_US] if exchanged_us else []
    return sum(min(after - at, LINK_SILENT_US) for at, after in zip(exchanged_us, later_us, strict=True)) / 1e6

"""A guide with nothing around it but what it asks for."""

from __future__ import annotations

from firmware import protocol
from firmware.errors import Refused
from firmware.therapy import guide as engine
from firmware.therapy.catheter import Catheter
from firmware.therapy.guide import Guide


class World:
    """A pump that makes the strokes it is asked for when told to."""

    def __init__(self, stroke_nl: int = 500) -> None:
        self.orders: list[tuple[int, int]] = []
        self.cancelled = 0
        self.missing = 0  # when a delivery is cancelled
        self.told: list[tuple[int, int, int, int]] = []
        self.refuses = False
        self.guide = Guide(self._deliver, self._cancel, Catheter(), stroke_nl, lambda *what: self.told.append(what))

    def _deliver(self, strokes: int, ledger: int) -> None:
        if self.refuses:
            raise Refused(protocol.HOUR_LIMIT, "volume_mu", 1, 0)
        self.orders.append((strokes, ledger))

    def _cancel(self) -> int:
        self.cancelled += 1
        return self.missing

    @property
    def place(self) -> int:
        return self.guide.report()["step"]

    def say(self, choice: str, value: int | None = None) -> None:
        """At the present step; strokes that it orders are made. Without a value the least that is allowed."""
        guide, step = self.guide, self.guide.step
        names = [name for name, _ in step.choices]
        if value is None:
            value = step.takes.low if step.takes else 0
        guide.answer(self.place, names.index(choice), value)
        while guide.delivering:
            guide.stroke()

    def walk(self, number: int, *choices: str) -> None:
        """Begin and say these, or at each step the first choice until it ends."""
        self.guide.begin(number, False)
        for choice in choices:
            self.say(choice)
        while not choices and self.guide.procedure:
            self.say(self.guide.step.choices[0][0])

    def to(self, number: int, name: str) -> None:
        """Begin and go on to step `name`."""
        self.guide.begin(number, False)
        while self.guide.step.name != name:
            self.say(self.guide.step.choices[0][0])

    def state(self) -> tuple[bytes, bool, int, int]:
        raw = bytearray(engine.STATE_BYTES)
        self.guide.pack_into(raw)
        return bytes(raw), self.guide.delivering, len(self.orders), len(self.told)

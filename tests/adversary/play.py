"""Plays a scenario and returns what is wrong. Line time, time-outs and the pump's work are the pump's own time."""

from __future__ import annotations

import random
import traceback
from collections.abc import Callable
from typing import Any
from unittest import mock

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from host.api.link import decode_frame
from host.errors import HostError
from host.session import noise
from host.session.keys import Identity
from host.session.plain import OPEN_ID
from tests.adversary import pump as pumps
from tests.adversary.people import PEOPLE_CALLS, Person
from tests.adversary.scenario import PEOPLE, Move, Scenario
from tests.adversary.truth import Truth
from tests.adversary.wire import Frame, Wire, forged_opening, hello
from tests.firmware.hand import SECOND_US
from tests.firmware.ram import PowerCut

_BYTE_US = 87  # at 115,200 baud
_CURVE_US = 300_000  # on the slowest board
GETS_IN_US = 2 * SECOND_US
_STORM = 40
_MOST_FRAMES = 4000  # a scenario has some hundred


class Drawn:
    """Ephemeral keys of a seed, so that a scenario is the same each time."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)

    def generate(self) -> X25519PrivateKey:
        """As X25519PrivateKey.generate()."""
        return X25519PrivateKey.from_private_bytes(self._draw.randbytes(32))


class World:
    """The pump, its line, who has the line, and the people: the transport of all programmers."""

    def __init__(self, tape: list[tuple[bool, Frame]]) -> None:
        self.truth = Truth()
        image, identities = pumps.provisioned()
        self.pump = pumps.Watched(image, self.truth)
        self.wire = Wire(list(tape), self._cross)
        self._inbox = bytearray()
        self._twin: pumps.Watched | None = None
        self.twin_truth = Truth()
        self.people = {name: Person(self, self.truth, identities[name], at) for at, name in enumerate(PEOPLE)}
        self._frames = 0

    # The transport.

    def opened(self) -> None:
        """A program opens the port: the computer forgets what came before."""
        self._inbox.clear()

    def write(self, data: bytes) -> None:
        """A programmer sends."""
        for frame in data.split(b"\0"):
            if not frame:
                continue
            found = decode_frame(frame)
            if found is not None and found[1] == OPEN_ID:
                self.truth.openings.add(found[2])
            onward, back = self.wire.passing(frame, True)
            self._to_programmer(back)
            for each in onward:
                self.to_pump(each)
            self._aftermath()

    def read(self, timeout_s: float) -> bytes:
        """A programmer listens."""
        if not self._inbox:
            for to_pump, frame in self.wire.silence():
                self.to_pump(frame) if to_pump else self._to_programmer([frame])
            if not self._inbox:
                self.live(timeout_s * SECOND_US)
                self._heard()
        data = bytes(self._inbox)
        self._inbox.clear()
        return data

    def to_pump(self, frame: Frame) -> None:
        """A frame arrives at the pump; its answers go their way."""
        self._frames += 1
        if self._frames > _MOST_FRAMES:
            raise RuntimeError("the frames of this scenario do not come to an end")
        self.live(len(frame) * _BYTE_US)
        found = decode_frame(frame)
        opening = found is not None and found[1] == OPEN_ID
        before = sum(self.truth.taken.values())
        try:
            answers = self.pump.feed(b"\0" + frame + b"\0")
        except PowerCut:
            self._dies()
            return
        if opening and sum(self.truth.taken.values()) > before:
            self.live(_CURVE_US)
        if "power" in self.wire.after:
            self.wire.after.remove("power")
            self._dies()
            return
        self._answers(answers)

    def live(self, us: float) -> None:
        """Time passes at the pump."""
        try:
            self.pump.live(us / SECOND_US)
        except PowerCut:
            self._dies()

    def _heard(self) -> None:
        self._answers(self.pump.uart.taken())

    def _answers(self, data: bytes) -> None:
        for frame in data.split(b"\0"):
            if frame:
                onward, back = self.wire.passing(frame, False)
                self._to_programmer(onward)
                for each in back:
                    self.to_pump(each)

    def _to_programmer(self, frames: list[Frame]) -> None:
        for each in frames:
            self._inbox += each + b"\0"

    def _aftermath(self) -> None:
        after, self.wire.after = self.wire.after, []
        if "power" in after:
            self._dies()
        if "interrupt" in after:
            raise KeyboardInterrupt

    def _dies(self) -> None:
        """The pump loses its power, and comes up again."""
        self.truth.cuts += 1
        self.truth.wrong += self.pump.faults()
        self.pump.uart.incoming.clear()
        self.pump.uart.sent.clear()
        self.pump.restart()

    def _cross(self, frame: Frame) -> list[Frame]:
        """The frame goes to another pump."""
        if self._twin is None:
            self._twin = pumps.Watched(pumps.twin(), self.twin_truth)
        self._twin.live(0.3)
        return [each for each in self._twin.feed(b"\0" + frame + b"\0").split(b"\0") if each]

    # The moves.

    def play(self, move: Move) -> None:
        """Make a move."""
        name, a = str(move[0]), move[1]
        if name == "call":
            self.call(str(move[1]), str(move[2]), int(move[3]))
            return
        if name == "way":
            self.wire.expect(int(a), int(move[2]), str(move[3]), int(move[4]), int(move[5]))
            return
        a, b = int(a), int(move[2])
        if name == "restart":
            self._dies()
        elif name == "cut":
            memory = self.pump.hand.memory
            memory.cut_write, memory.cut_bytes = len(memory.writes) + 1 + a % 40, b
        elif name == "time":
            self.live(a * SECOND_US)
            self._heard()
        elif name == "presence":
            self.pump.present = bool(a % 2)
        elif name == "inject":
            self.to_pump(self.wire.heard(bool(b % 4), a))
        elif name == "whisper":
            self._to_programmer([self.wire.heard(not b % 4, a)])
        elif name == "storm":
            for number in range(_STORM):
                self.to_pump(forged_opening(number + a) if number % 2 else hello())
        else:
            raise ValueError(name)

    def call(self, who: str, what: str, number: int) -> None:
        """Somebody asks the pump for something; whatever comes of it must be a word of the programmer's own."""
        names = list(self.people)
        person = self.people[names[-1] if who == "latest" else who]
        counted = what in ("enrol", "revoke", "rotate")
        try:
            found = PEOPLE_CALLS[what](person, number, self.people)
            if isinstance(found, Identity):
                self.people[found.name] = Person(self, self.truth, found, len(self.people))
        except (HostError, KeyboardInterrupt):
            self.truth.calls[what, "failed"] += counted
        except Exception as error:
            self.truth.calls[what, "failed"] += counted
            where = traceback.extract_tb(error.__traceback__)[-1]
            self.truth.amiss(f"traceback: {type(error).__name__}: {error} ({where.name}, {what})")
        else:
            self.truth.calls[what, "returned"] += counted
        person.keep()

    def end(self, floods: bool) -> None:
        """The adversary leaves, or floods the line; a rightful programmer shows presence and must get in."""
        self.wire.leave()
        self.wire.floods = floods
        self.pump.hand.memory.cut_write = 0
        self.pump.present = True
        person = self._rightful()
        program = person.again()
        since_us, cuts = self.pump.hand.now_us, self.truth.cuts
        try:
            program.hello()
        except Exception as error:
            self.truth.amiss(f"locked out: {person.keyring.name}, {type(error).__name__}: {error}")
        took_us = self.pump.hand.now_us - since_us
        if took_us > GETS_IN_US and self.truth.cuts == cuts:
            self.truth.amiss(f"locked out: {person.keyring.name} for {'more than ' if took_us > 9e6 else ''}2 s")
        self.wire.floods = False
        for each in self.people.values():
            try:
                each.program.settle()
            except HostError:
                pass
        self.truth.wrong += self.pump.faults()

    def _rightful(self) -> Person:
        """The clinician if his key holds, else the patient, else the card."""
        for name in ("clinician", "patient", "card"):
            person = self.people[name]
            held = self.pump.keys_of(person.keyring.identity().slot)[0]
            if person.keyring.identity().key.secret() == held and held not in self.truth.void:
                return person
        return self.people["card"]


def _spoken(tape: list[tuple[bool, Frame]], program: Any) -> None:
    program.set_basal(1000)
    program.bolus(400)
    program.telemetry(1, 5)
    assert tape


_foreign: list[tuple[bool, Frame]] = []


def foreign() -> list[tuple[bool, Frame]]:
    """What was on the line of the twin, with the same keys, once."""
    if not _foreign:
        world = World([])
        world.pump = pumps.Watched(pumps.twin(), world.truth)
        for name in ("patient", "clinician"):
            person = world.people[name]
            identity = person.keyring.identity()
            person.keyring._identity = Identity(
                name, b"the twin", identity.slot, identity.role, identity.label, identity.generation, identity.key
            )
        _spoken(world.wire.tape, world.people["clinician"].program)
        world.people["patient"].program.stop()
        _foreign.extend(world.wire.tape)
    return _foreign


def play(scenario: Scenario, seen: Callable[[World], None] = lambda world: None) -> list[str]:
    """Play a scenario; return what is wrong. `seen` is given its world."""
    with mock.patch.object(noise, "X25519PrivateKey", Drawn(scenario.seed)) as drawn:
        drawn.from_private_bytes = X25519PrivateKey.from_private_bytes
        tape = foreign()
        world = World(tape)
        seen(world)
        try:
            for move in scenario.moves:
                world.play(move)
            world.end(scenario.floods)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            world.truth.amiss(f"traceback: {type(error).__name__}: {error} ({where.filename}, {where.lineno})")
            return world.truth.wrong
    truth = world.truth
    line = b"".join(found[2] for _, frame in world.wire.tape if (found := decode_frame(frame)) is not None)
    truth.judge(pumps.accepted(world.pump), pumps.ledger(world.pump), line)
    if world.twin_truth.handled or world.twin_truth.taken:
        truth.amiss("device: another pump has heard what was meant for this one")
    return truth.wrong

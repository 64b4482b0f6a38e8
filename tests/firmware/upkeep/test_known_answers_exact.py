"""The scripts of known answers: how a core is asked, step by step; and the image's digest, over the edges of a part."""

from __future__ import annotations

import hashlib
import random
from typing import Any

import pytest

from c_ext.host import Core
from firmware import dose_codes as code
from firmware.upkeep.image import DIGEST_BYTES, image_digest
from firmware.upkeep.known_answers import SCRIPTS, ask, wrong_answers

pytestmark = pytest.mark.req("SELF-1")
NOTHING, STROKE, FAULT = 0, 1, 3


class Scripted:
    """A core whose strokes fall due at these times and end in these actions, the 42nd first; `calls` are its calls."""

    def __init__(self, due_us: list[int], actions: list[int]) -> None:
        self.due_us = list(due_us)
        self.actions = list(actions)
        self.calls: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: int) -> Any:
            if name == "next_us":
                return self.due_us.pop(0)
            self.calls.append((name, *arguments))
            return self.actions.pop(0) if name == "service" else arguments

        return call

    def state(self) -> list[int]:
        state = [0] * 200
        state[code.GUARD_COMMANDED] = 41
        return state


def test_a_run_is_every_stroke_with_its_permit_up_to_its_last_microsecond() -> None:
    core = Scripted([50, 100, 200, 201], [STROKE, NOTHING, STROKE])
    assert ask(core, "run", (100, 200)) == (100, 200)
    assert core.calls == [
        ("settle", 100), ("permit", 42), ("promise", 100, 200),
        ("service", 100), ("confirmed",), ("ended",), ("settle", 100), ("permit", 43), ("promise", 100, 200),
        ("service", 100), ("settle", 100), ("permit", 43), ("promise", 100, 200),
        ("service", 200), ("confirmed",), ("ended",), ("settle", 200), ("permit", 44), ("promise", 200, 200),
        ("settle", 200),
    ]  # fmt: skip


@pytest.mark.parametrize(("due_us", "starts"), [(-1, ()), (0, (0,)), (9, (9,)), (10, (10,)), (11, ())])
def test_what_is_due_by_the_end_comes(due_us: int, starts: tuple[int, ...]) -> None:
    assert ask(Scripted([due_us, -1], [STROKE]), "run", (0, 10)) == starts


def test_idle_gives_no_permit() -> None:
    core = Scripted([-1], [])
    assert ask(core, "idle", (5, 10)) == ()
    assert core.calls == [("settle", 5), ("promise", 5, 10), ("settle", 10)]
    core = Scripted([7, -1], [STROKE])
    assert ask(core, "idle", (5, 10)) == (7,)
    assert [each for each in core.calls if each[0] == "permit"] == []


def test_blind_is_without_a_sensor_and_a_fault_is_its_time_negated() -> None:
    core = Scripted([7, 9, -1], [STROKE, FAULT])
    assert ask(core, "blind", (5, 10)) == (7, -9)
    assert [each[0] for each in core.calls].count("confirmed") == 0
    assert [each for each in core.calls if each[0] in ("permit", "ended")] == [
        ("permit", 42), ("ended",), ("permit", 43), ("permit", 43),
    ]  # fmt: skip


def test_any_other_call_is_answered_by_its_result() -> None:
    class Answers:
        bolus = staticmethod(lambda *what: sum(what))
        set_limits = staticmethod(lambda *what: (what[0], 77))

    assert ask(Answers(), "bolus", (3, 4)) == 7 and ask(Answers(), "set_limits", (5, 6)) == 5


@pytest.mark.parametrize("wrong", range(sum(len(calls) for _, _, calls in SCRIPTS)))
def test_each_wrong_answer_counts_once(wrong: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [0]

    def lying(core: Any, name: str, arguments: tuple[int, ...]) -> object:
        asked[0] += 1
        answer = ask(core, name, arguments)
        return "wrong" if asked[0] - 1 == wrong else answer

    monkeypatch.setattr("firmware.upkeep.known_answers.ask", lying)
    assert wrong_answers(Core) == 1


def test_a_core_that_is_wrong_throughout_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmware.upkeep.known_answers.ask", lambda *_: "wrong")
    assert wrong_answers(Core) == sum(len(calls) for _, _, calls in SCRIPTS) == 26


def test_every_script_has_a_core_of_its_own_as_it_names_it() -> None:
    made: list[tuple[Any, ...]] = []

    class Noted(Core):
        def __init__(self, *arguments: Any) -> None:
            made.append(arguments)
            super().__init__(*arguments)

    assert wrong_answers(Noted) == 0
    assert [each[:2] for each in made] == [(500, 400), (125, 400), (500, 400), (500, 400)]
    assert {each[2:] for each in made} == {(0, (24, 400, 2000, 20_000), 32, 0)}


@pytest.mark.parametrize("length", [32, 33, 4095, 4096, 4097, 8192, 8193])
@pytest.mark.parametrize("before", [0, 1, 4096, 4097])
def test_the_digest_is_of_the_whole_image_with_its_own_32_bytes_as_zeros(before: int, length: int) -> None:
    image = bytearray(random.Random(length).randbytes(before + length))
    digest = image_digest(memoryview(image), before)
    image[before : before + 32] = bytes(DIGEST_BYTES)
    assert digest == hashlib.sha256(image).hexdigest() and len(image) == before + length and DIGEST_BYTES == 32


def test_flash_is_read_in_parts_no_longer_than_4_kib() -> None:
    class Flash:
        longest = 0

        def __len__(self) -> int:
            return 20_000

        def __getitem__(self, part: slice) -> bytes:
            Flash.longest = max(Flash.longest, part.stop - part.start)
            return bytes(part.stop - part.start)

    assert image_digest(Flash(), 9000) == hashlib.sha256(bytes(20_000)).hexdigest()
    assert Flash.longest == 4096

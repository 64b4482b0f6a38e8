"""Ways to spoil a run in what the pump does and answers: its strokes and replies.

Implements: HIL-5
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from firmware import protocol
from hil.oracle.spoil_copy import copied, figures_of, with_value
from hil.scripts.script import Answer, Refusal, Run

ORDERS = frozenset(message.name for message in protocol.MESSAGES if message.changes_delivery)


# Strokes


def _stroke(run: Run, draw: random.Random, spoil: Callable[[list[int], int], None]) -> Run | None:
    """Let `spoil(strokes_us, place)` change the strokes at a place drawn at random."""
    if not run.strokes_us:
        return None
    bad = copied(run)
    spoil(bad.strokes_us, draw.randrange(len(bad.strokes_us)))
    return bad


def moved(run: Run, draw: random.Random) -> Run | None:
    """A stroke is moved by 1 µs."""

    def move(strokes_us: list[int], place: int) -> None:
        strokes_us[place] += draw.choice((-1, 1))

    return _stroke(run, draw, move)


def dropped(run: Run, draw: random.Random) -> Run | None:
    """A stroke is missing."""
    return _stroke(run, draw, list.__delitem__)


def doubled(run: Run, draw: random.Random) -> Run | None:
    """A stroke is made twice."""

    def double(strokes_us: list[int], place: int) -> None:
        strokes_us.append(strokes_us[place] + draw.choice((1, run.script.stroke_nl * 4_000)))
        strokes_us.sort()

    return _stroke(run, draw, double)


# Answers


def _answer(
    run: Run, draw: random.Random, wanted: Callable[[Answer], bool], wrong: Callable[[Answer], Answer]
) -> Run | None:
    """Replace an answer, drawn from those `wanted`, by `wrong(answer)`."""
    places = [place for place, answer in enumerate(run.answers) if wanted(answer)]
    if not places:
        return None
    bad = copied(run)
    place = draw.choice(places)
    bad.answers[place] = wrong(bad.answers[place])
    return bad


def _is_refused(answer: Answer) -> bool:
    return answer.refusal is not None


def other_code(run: Run, draw: random.Random) -> Run | None:
    """A refusal for another reason."""

    def another(answer: Answer) -> Answer:
        assert answer.refusal is not None
        codes = ("memory_failed", "clock_failed", "self_test_failed", "wrong_role")
        code = draw.choice([each for each in codes if each != answer.refusal.code])
        return replace(answer, refusal=replace(answer.refusal, code=code))

    return _answer(run, draw, _is_refused, another)


def refused(run: Run, draw: random.Random) -> Run | None:
    """An order that was accepted is refused, for a reason that does not hold."""
    no = Refusal("temp_active", "", 0, 0)
    return _answer(
        run,
        draw,
        lambda answer: answer.reply is not None and answer.name in ORDERS,
        lambda answer: replace(answer, reply=None, refusal=no),
    )


def accepted(run: Run, draw: random.Random) -> Run | None:
    """An order that was refused is accepted."""

    def yes(answer: Answer) -> Answer:
        return replace(answer, refusal=None, reply={"at_us": run.device_us(answer.asked_us)})

    return _answer(run, draw, _is_refused, yes)


def answer_figure(run: Run, draw: random.Random) -> Run | None:
    """A figure of a reply is off by one."""
    names = ORDERS | {"status", "read_time", "stage_pattern"}

    def off(answer: Answer) -> Answer:
        assert answer.reply is not None
        name = draw.choice(figures_of(answer.reply))
        return replace(answer, reply=with_value(answer.reply, name, answer.reply[name] + draw.choice((-1, 1))))

    return _answer(
        run,
        draw,
        lambda answer: answer.reply is not None and bool(figures_of(answer.reply)) and answer.name in names,
        off,
    )


def refusal_limit(run: Run, draw: random.Random) -> Run | None:
    """The limit that a refusal names is off by one."""
    coded = ("hard_limit", "clinician_limit", "hour_limit", "day_limit")

    def off(answer: Answer) -> Answer:
        assert answer.refusal is not None
        return replace(answer, refusal=replace(answer.refusal, limit=answer.refusal.limit + 1))

    return _answer(run, draw, lambda answer: answer.refusal is not None and answer.refusal.code in coded, off)

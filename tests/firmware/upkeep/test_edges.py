"""A stroke sensor that misses one stroke in a long while, and one that fails slowly: GUARD-4, docs/adr/0009."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from c_ext.host import COUNT_FAULT, STOPPED, STROKE, Core
from c_ext.host.face import FORGIVE_STROKES
from firmware import dose_codes as code
from firmware import protocol
from tests.firmware.hand import SECOND_US, Hand

pytestmark = pytest.mark.req("GUARD-4")

ROOT = Path(__file__).resolve().parents[3]
HOUR_US = 3600 * SECOND_US
DAY_US = 24 * HOUR_US


def pump(rate_mu_per_h: int = 2000) -> Hand:
    """10 strokes an hour."""
    hand = Hand()
    hand.pump.therapy.set_basal(rate_mu_per_h)
    hand.live(HOUR_US)
    return hand


def misses_one(hand: Hand) -> None:
    hand.live(hand.core.next_us(), confirm=False)


def sees_one_too_many(hand: Hand) -> None:
    hand.core.confirmed()
    hand.live(hand.core.next_us())


def lives(hand: Hand, hours: int) -> None:
    hand.live(hand.now_us + hours * HOUR_US)


def apart(hand: Hand) -> int:
    state = hand.core.state()
    return int(state[code.GUARD_COMMANDED] - state[code.GUARD_CONFIRMED])


def fault(hand: Hand) -> int:
    return int(hand.core.state()[code.GUARD_FAULT])


def noted(hand: Hand, event: int) -> list[tuple[int, int]]:
    log = hand.pump._memory.log
    found = hand.pump.reports.read_log(max(0, log.next_number - 900), 1000)["events"]
    return [(each["detail"], each["a"]) for each in found if each["event"] == event]


@pytest.mark.req("LOG-1")
@pytest.mark.parametrize("once", [misses_one, sees_one_too_many])
def test_one_stroke_is_forgiven_after_a_day_and_a_hundred_good_ones(once: Callable[[Hand], None]) -> None:
    hand = pump()
    once(hand)
    which = 0 if once is misses_one else 1
    assert apart(hand) == (1 if once is misses_one else -1)
    assert noted(hand, protocol.EVENT_EDGE_DIFFERS) == [(which, 1)]
    lives(hand, 22)
    assert apart(hand) != 0 and not noted(hand, protocol.EVENT_EDGE_FORGIVEN)
    lives(hand, 4)
    assert apart(hand) == 0 and noted(hand, protocol.EVENT_EDGE_FORGIVEN) == [(which, 1)]
    strokes = len(hand.strokes_us)
    lives(hand, 7 * 24)
    once(hand)
    lives(hand, 26)
    assert apart(hand) == 0 and noted(hand, protocol.EVENT_EDGE_FORGIVEN) == [(which, 1), (which, 2)]
    assert fault(hand) == 0 and len(hand.strokes_us) > strokes + 7 * 240


def test_two_that_nothing_has_forgiven_between_are_a_fault() -> None:
    hand = pump()
    misses_one(hand)
    lives(hand, 20)
    misses_one(hand)
    lives(hand, 2)
    assert fault(hand) == COUNT_FAULT


def test_a_sensor_that_fails_slowly_does_not_hide() -> None:
    """One a week is the most: a second within the week stands, a third stops."""
    hand = pump()
    misses_one(hand)
    lives(hand, 26)
    assert apart(hand) == 0
    misses_one(hand)
    lives(hand, 48)
    assert apart(hand) == 1, "it stands"
    misses_one(hand)
    lives(hand, 2)
    assert fault(hand) == COUNT_FAULT


def test_slow_strokes_need_a_hundred_however_long_it_takes() -> None:
    hand = pump(200)  # one an hour
    misses_one(hand)
    lives(hand, 90)
    assert apart(hand) == 1
    lives(hand, 20)
    assert apart(hand) == 0


@pytest.mark.req("STORE-5")
def test_what_was_forgiven_outlives_a_reset_and_the_hundred_begin_anew() -> None:
    hand = pump()
    misses_one(hand)
    lives(hand, 26)
    misses_one(hand)
    lives(hand, 20)
    after = hand.restarted()
    assert (after.pump._memory.record.edges_forgiven, apart(after)) == (1, 1)
    lives(after, 5 * 24)
    assert apart(after) == 1, "not a week yet"
    lives(after, 48)
    assert (after.pump._memory.record.edges_forgiven, apart(after)) == (2, 0)
    shown = {protocol.CHECKS[each["check"]]: each for each in after.pump.device.self_test()["checks"]}
    assert (shown["edges_forgiven"]["ok"], shown["edges_forgiven"]["value"]) == (True, 2)


def strokes(core: Core, count: int, edges: int = 1, *, look: bool = True) -> None:
    for _ in range(count):
        due_us = core.next_us()
        core.promise(due_us, due_us)
        assert core.service(due_us) == STROKE
        for _ in range(edges):
            core.confirmed()
        core.ended()
        core.settle(due_us)
        core.permit(core.state()[code.GUARD_COMMANDED] + 1)
        if look:
            core.apart()


def with_one_missed() -> Core:
    core = Core()
    core.set_basal(0, 2000)
    core.permit(1)
    strokes(core, 3)
    strokes(core, 1, 0)
    return core


def test_the_core_s_face_holds_to_the_hundred() -> None:
    core = with_one_missed()
    strokes(core, FORGIVE_STROKES - 1)
    before = core.raw()
    assert not core.forgive(core.next_us()) and core.raw() == before
    strokes(core, 1)
    now_us = core.state()[code.GUARD_COMMANDED]
    assert core.forgive(core.next_us() - 1)
    state = core.state()
    assert state[code.GUARD_COMMANDED] == state[code.GUARD_CONFIRMED] == now_us
    strokes(core, 1)
    assert not core.forgive(core.next_us() - 1), "nothing to forgive"


@pytest.mark.parametrize("what", ["another", "its reverse", "not looked at", "in flight", "fault", "edge amid them"])
def test_what_is_not_forgiven(what: str) -> None:
    core = with_one_missed()
    strokes(core, FORGIVE_STROKES)
    if what == "another":
        strokes(core, 1, 0)
    elif what == "its reverse":
        strokes(core, 1, 2)
    elif what == "not looked at":
        strokes(core, 2, look=False)
    elif what == "in flight":
        core.service(core.next_us())
    elif what == "fault":
        core.stop(core.next_us(), STOPPED)
    else:
        core.confirmed()
    before = core.raw()
    assert not core.forgive(10**12)
    assert core.raw() == before


def test_micropython_s_face_says_the_same() -> None:
    program = """
import dosecore
core = dosecore.Core(motor=(24, 400, 2000, 20000))
core.set_basal(0, 2000)
core.permit(1)
def strokes(count, edges):
    for _ in range(count):
        due_us = core.next_us()
        core.promise(due_us, due_us)
        core.service(due_us)
        for _ in range(edges):
            core.confirmed()
        core.ended()
        core.settle(due_us)
        core.permit(core.state()[41] + 1)
        core.apart()
strokes(3, 1); strokes(1, 0); strokes(99, 1)
print(core.apart(), core.forgive(core.next_us() - 1))
strokes(1, 1)
print(core.forgive(core.next_us() - 1), core.apart(), core.state()[41:43])
"""
    done = subprocess.run(
        [ROOT / "build/VIRTUAL/micropython", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:2] == ["1 False", "True 0 (104, 104)"]
    assert f"#define FORGIVE_STROKES {FORGIVE_STROKES}u" in (ROOT / "c_ext/micropython/counts.c").read_text()

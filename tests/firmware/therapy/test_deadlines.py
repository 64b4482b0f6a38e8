"""After a turn of the supervisor everything that will wake it lies ahead, in every state: else it would never sleep."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware import dose_codes, events, protocol
from firmware.occlusion.watch import Watch
from tests.firmware.hand import SECOND_US, Hand, refused
from tests.firmware.therapy.test_states import REACH
from tests.firmware.therapy.therapy_by_hand import HOUR_US, refill, settings

pytestmark = pytest.mark.req("GUARD-3", "DOSE-7")


def watched() -> Hand:
    watch = Watch(lambda: 1 << 24 | 600 << 12 | 512, lambda: 512, (512, 39_063, 4095), 500, 104_222)
    hand = Hand(watch=watch)
    hand.pump.therapy.set_basal(5000)
    return hand


def idle() -> Hand:
    hand = Hand()
    hand.pump.therapy.set_basal(0)
    return hand


def boluses() -> Hand:
    hand = REACH["running"]()
    hand.pump.boluses.dual_bolus(2000, 1000, 60)
    return hand


def patterned() -> Hand:
    hand = Hand()
    rates = [{"rate_mu_per_h": 1000 + 50 * (place % 5)} for place in range(48)]
    staged = hand.pump.patterns.stage_pattern(1, rates)
    hand.pump.patterns.commit_pattern(1, fingerprint=staged["fingerprint"])
    hand.pump.therapy.select_pattern(1)
    hand.pump.therapy.temp_basal(protocol.TEMP_PERCENT, 150, 45)
    return hand


def recommended(by_reset: bool = False) -> Hand:
    hand = REACH["running"]()
    hand.pump.therapy.recommend_rate(2000, 20)
    return hand.restarted(HOUR_US) if by_reset else hand


def auto_off() -> Hand:
    hand = REACH["running"]()
    settings(hand, auto_off_min=60)
    return hand


def alarms() -> Hand:
    hand = REACH["running"]()
    refill(hand)
    for name in ("occlusion", "low_reservoir", "clock_lost", "communication_error", "depleted_battery"):
        hand.pump.alarms.raise_alarm(name)
    return hand


def memory_failed() -> Hand:
    hand = REACH["running"]()
    hand.memory.failing = True
    refused(lambda: hand.pump.therapy.set_basal(300), protocol.MEMORY_FAILED)
    return hand


def memory_absent() -> Hand:
    hand = REACH["running"]()
    hand.memory.absent = True
    return hand.restarted()


def clock_lost() -> Hand:
    return patterned().restarted(SECOND_US, clock_lost=True)


def faulted_by_pattern() -> Hand:
    hand = patterned()
    hand.live(hand.now_us + 60 * SECOND_US)
    hand.core.stop(hand.now_us, dose_codes.FAULT_STOPPED)
    hand.pump.handle(events.FAULT)
    return hand


def in_delivery() -> Hand:
    hand = REACH["stopped"]()
    hand.pump.clinic.start_procedure(5)
    for step in range(2):
        hand.pump.clinic.answer_procedure(step, 0, 0)
    return hand


MADE: dict[str, Callable[[], Hand]] = {
    **REACH,
    "idle": idle,
    "boluses": boluses,
    "pattern and temporary rate": patterned,
    "recommended": recommended,
    "recommended, lapsed without power": lambda: recommended(True),
    "auto-off": auto_off,
    "alarms": alarms,
    "memory failed": memory_failed,
    "memory absent": memory_absent,
    "clock lost": clock_lost,
    "fault amid a pattern": faulted_by_pattern,
    "strokes of a procedure": in_delivery,
    "watched": watched,
}
LASTS_US = 2 * HOUR_US + 60 * SECOND_US


def sources(hand: Hand) -> dict[str, int]:
    pump = hand.pump
    found = {
        "round": pump.rounds.due_us, "therapy": pump.therapy.deadline_us, "tone": pump.alarms.tone_us,
        "telemetry": pump.stream.deadline_us,
    }  # fmt: skip
    assert pump._due_us() == min(found.values()), "a source that this test does not know"
    return found | {"all": pump.deadline_us}


@pytest.mark.parametrize("reset", [False, True], ids=["", "after a reset"])
@pytest.mark.parametrize("where", MADE)
def test_every_deadline_lies_ahead_after_a_turn(where: str, reset: bool) -> None:
    hand = MADE[where]()
    hand.pump.stream.send, hand.pump.stream.counters = (lambda *frame: None), _Counters()
    if reset:
        hand.memory.failing = False
        hand = hand.restarted()
        hand.pump.stream.send, hand.pump.stream.counters = (lambda *frame: None), _Counters()
    hand.pump.stream.telemetry(60, 3600)
    end_us = hand.now_us + LASTS_US
    while hand.now_us < end_us:
        hand.live(hand.pump.deadline_us - 1)
        due_us = hand.pump.deadline_us
        hand._pass(max(hand.now_us, due_us))
        hand.core.settle(hand.now_us)
        hand.pump.handle(events.TIME)
        hand.pump.handle(events.TIME)  # an alarm that the first has raised sounds at once
        late = {name: at_us for name, at_us in sources(hand).items() if at_us <= hand.now_us}
        assert not late, (where, hand.now_us)


class _Counters:
    """The link's."""

    def __getattr__(self, name: str) -> int:
        return 0

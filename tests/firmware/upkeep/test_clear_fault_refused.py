"""Clearing a latched fault is refused for each reason that there is, and to all but a service engineer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware import dose_codes as code
from firmware import protocol
from firmware.errors import Refused
from firmware.link.commands import Commands
from firmware.upkeep import self_test
from tests.firmware.agreeing import Agreeing
from tests.firmware.hand import SECOND_US, Hand
from tests.firmware.upkeep.test_clear_fault import COUNT, faulted, kept, state

pytestmark = [pytest.mark.req("GUARD-4"), pytest.mark.req("SEC-2")]


def not_latched(hand: Hand) -> int:
    return code.FAULT_SUPERVISOR


def failing_test(hand: Hand) -> int:
    hand.pump.upkeep._world.pressure_sensor = None
    return COUNT


def memory_gone(hand: Hand) -> int:
    test = hand.pump.upkeep.test

    def then_gone() -> int:
        failed = test()
        hand.memory.failing = True
        return failed

    hand.pump.upkeep.test = then_gone  # type: ignore[method-assign]
    return COUNT


def damaged_word(hand: Hand) -> int:
    hand.core.c.guard.hour_strokes.value ^= 1
    return COUNT


def damaged_ledger(hand: Hand) -> int:
    hand.core.c.dose.ledger[0].abandoned += 1
    return COUNT


def memory_fault(hand: Hand) -> int:
    # Latched by a word that differed and is whole again.
    hand.core.c.guard.fault.value = code.FAULT_MEMORY
    hand.core.c.guard.fault.check = ~code.FAULT_MEMORY & 0xFFFFFFFF
    hand.pump.visited(hand.pump.visitors.began, 1)
    return code.FAULT_MEMORY


REFUSALS: list[tuple[Callable[[Hand], int], int, int]] = [
    (not_latched, protocol.NO_FAULT, code.FAULT_SUPERVISOR),
    (failing_test, protocol.SELF_TEST_FAILED, 1 << self_test.NAMES.index("pressure_sensor")),
    (memory_gone, protocol.MEMORY_FAILED, 0),
    (damaged_word, protocol.UNSOUND, code.WORDS_INTACT),
    (damaged_ledger, protocol.UNSOUND, 9),
    (memory_fault, protocol.UNSOUND, code.WORDS_INTACT),
]


@pytest.mark.req("GUARD-2", "SELF-1")
@pytest.mark.parametrize(("spoil", "refusal", "value"), REFUSALS, ids=[each[0].__name__ for each in REFUSALS])
def test_a_refusal_names_its_reason_and_changes_nothing(spoil: Callable[[Hand], int], refusal: int, value: int) -> None:
    hand = faulted()
    fault = spoil(hand)
    latched, confirmed = hand.core.state()[code.GUARD_FAULT], hand.core.state()[code.GUARD_CONFIRMED]
    before = kept(hand)
    with pytest.raises(Refused) as refused:
        hand.pump.faults.clear_fault(fault)
    assert (refused.value.code, refused.value.value) == (refusal, value)
    assert (hand.core.state()[code.GUARD_FAULT], hand.core.state()[code.GUARD_CONFIRMED]) == (latched, confirmed)
    assert kept(hand) == before and state(hand) == "fault"
    hand.memory.failing = False
    hand.live(hand.now_us + 7200 * SECOND_US)
    after = hand.restarted()
    assert state(after) != "running" and after.core.next_us() == -1
    if spoil not in (damaged_word, damaged_ledger):  # of those the next life believes nothing
        assert after.core.state()[code.GUARD_FAULT] == latched


def test_without_a_fault_there_is_nothing_to_clear() -> None:
    hand = Hand()
    with pytest.raises(Refused) as refused:
        hand.pump.faults.clear_fault(COUNT)
    assert refused.value.code == protocol.NO_FAULT
    assert state(hand) == "running"


@pytest.mark.parametrize("role", ["patient", "clinician"])
def test_only_a_service_engineer_may(role: str) -> None:
    hand = faulted()
    hand.pump.identity = lambda: IDENTITY  # type: ignore[method-assign]
    for each, expected in ((role, protocol.WRONG_ROLE), ("service", None)):
        commands = Commands(hand.pump, role=protocol.ROLE_BENCH)
        commands.begun(protocol.ROLES.index(each))
        message = protocol.BY_ID[0x3F]
        commands._prepared = Agreeing(hand.pump.now_us)
        order = {"command_id": 7, "life": hand.pump.orders.life, "expires_us": hand.now_us + SECOND_US, "confirms": 0}
        order["fault"] = COUNT
        reply_id, payload = commands.handle(message.id, protocol.encode(message.request, order))
        if expected is None:
            assert reply_id == message.id | protocol.REPLY_BIT and state(hand) == "stopped"
        else:
            assert protocol.decode(protocol.REFUSAL, payload)["code"] == expected and state(hand) == "fault"


IDENTITY = {
    "board": "",
    "firmware_version": "",
    "core_version": "",
    "native_core": True,
    "stroke_uu": 200_000,
    "stroke_nl": 500,
    "concentration_u_per_ml": 400,
    "now_us": 0,
    "image": "",
    "life": 0,
}

"""A pattern that was put aside to be looked at is still there after a reset, or its loss is never a guess."""

from __future__ import annotations

import pytest

from firmware import protocol
from firmware.storage.staging import BYTES
from tests.firmware.desk import Desk
from tests.firmware.ram import PowerCut

pytestmark = pytest.mark.req("THER-1", "STORE-5")


def rates(mu_per_h: int) -> list[dict[str, int]]:
    return [{"rate_mu_per_h": mu_per_h + 50 * place} for place in range(48)]


def test_what_is_staged_outlives_resets_for_each_pattern_and_is_committed_once() -> None:
    desk = Desk()
    prints = [desk.ask("stage_pattern", pattern=each, rates=rates(100 * each))["fingerprint"] for each in (0, 2)]
    for gone_us in (1_000, 86_400_000_000):
        desk = desk.restarted(gone_us)
        assert [desk.ask("read_pattern", pattern=each, staged=True)["fingerprint"] for each in (0, 2)] == prints
        assert desk.ask("read_pattern", pattern=1, staged=True) == "not_staged"
    assert isinstance(desk.ask("commit_pattern", pattern=2, fingerprint=prints[1]), dict)
    for _ in range(2):
        assert desk.ask("read_pattern", pattern=2, staged=True) == "not_staged"
        assert desk.ask("read_pattern", pattern=2, staged=False)["fingerprint"] == prints[1]
        assert desk.ask("read_pattern", pattern=0, staged=True)["fingerprint"] == prints[0]
        desk = desk.restarted()


def test_what_memory_does_not_take_is_refused_and_what_was_staged_before_stays() -> None:
    desk = Desk()
    before = desk.ask("stage_pattern", pattern=1, rates=rates(0))["fingerprint"]
    desk.hand.memory.failing = True
    assert desk.ask("stage_pattern", pattern=1, rates=rates(500)) == "memory_failed"
    desk.hand.memory.failing = False
    assert desk.ask("read_pattern", pattern=1, staged=True)["fingerprint"] == before
    assert desk.restarted().ask("read_pattern", pattern=1, staged=True)["fingerprint"] == before


def test_a_torn_or_damaged_one_is_not_staged() -> None:
    for torn in (1, 50, 96, 99):
        desk = Desk()
        desk.ask("stage_pattern", pattern=1, rates=rates(0))
        memory = desk.hand.memory
        memory.cut_write, memory.cut_bytes = len(memory.writes) + 1, torn
        with pytest.raises(PowerCut):
            desk.ask("stage_pattern", pattern=1, rates=rates(500))
        assert desk.restarted().ask("read_pattern", pattern=1, staged=True) == "not_staged"
    desk = Desk()
    desk.ask("stage_pattern", pattern=3, rates=rates(0))
    at = desk.hand.journal.staging._address + BYTES * 3 // 4
    image = bytes(desk.hand.memory.cells)
    for byte in range(0, 100, 7):
        desk.hand.memory.cells[:] = image
        desk.hand.memory.flip(at + byte, byte % 8)
        assert desk.restarted().ask("read_pattern", pattern=3, staged=True) == "not_staged"


def test_a_new_pump_has_nothing_staged() -> None:
    for _ in range(2):
        desk = Desk().restarted()
        for pattern in range(len(protocol.PATTERNS)):
            assert desk.ask("read_pattern", pattern=pattern, staged=True) == "not_staged"

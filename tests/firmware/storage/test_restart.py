"""A pump that lost its power: what it counts, what it goes on with and what has ended."""

from __future__ import annotations

import pytest

from firmware import dose_codes, protocol
from firmware.errors import Refused
from firmware.storage import memory_map
from tests.firmware.hand import SECOND_US, Hand
from tests.firmware.ram import PowerCut, RamNvm, RamRtc

HOUR_US = 3600 * SECOND_US


def commanded(hand: Hand) -> int:
    return int(hand.core.state()[dose_codes.GUARD_COMMANDED])


def events(hand: Hand) -> list[dict[str, int]]:
    oldest, newest, found = hand.pump.reports.read_log(0, 1000).values()
    assert [each["number"] for each in found] == list(range(oldest, newest + 1))
    return found


@pytest.mark.req("STORE-2")
def test_a_bolus_that_was_cut_ends_with_what_was_delivered_and_is_not_repeated() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    number = hand.pump.boluses.bolus(4000)["delivery_id"]
    hand.live(9 * SECOND_US)
    assert len(hand.strokes_us) == 5
    after = hand.restarted()
    # The sixth was due at 10 s and the power came back at 14 s: nobody knows.
    assert commanded(after) == 6
    assert 13 * SECOND_US < after.now_us < 15 * SECOND_US
    record = next(each for each in after.pump.reports.read_deliveries(0, 6)["records"] if each["id"] == number)
    assert (record["delivered_strokes"], record["abandoned_strokes"]) == (6, 14)
    assert record["reason"] == protocol.REASON_RESET
    after.live(after.now_us + HOUR_US)
    assert len(after.strokes_us) == 5  # 1 U/h


@pytest.mark.req("STORE-2", "STORE-3")
@pytest.mark.parametrize("early_us", [0, 1, 20, 900])
def test_a_stroke_that_starts_while_the_record_is_made(early_us: int) -> None:
    """The clock is read, the stroke starts, the state is saved: that record must be one that the next life can read."""
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    hand.pump.boluses.bolus(1000)
    hand.live(SECOND_US)
    due_us = hand.core.next_us()
    hand.now_us = due_us - early_us
    hand.core.promise(hand.now_us, due_us)
    assert hand.core.service(due_us) == 1
    hand.pump.therapy.temp_basal(protocol.TEMP_PERCENT, 50, 60)
    after = hand.restarted()
    assert after.pump.status()["memory"] == protocol.MEMORY_WHOLE
    assert commanded(after) == 2


@pytest.mark.req("STORE-2", "DOSE-2")
def test_a_short_cut_between_two_strokes_is_as_if_it_had_never_been() -> None:
    hand, twin = Hand(), Hand()
    for each in (hand, twin):
        each.pump.therapy.set_basal(1000)  # a stroke every 12 min
    hand.live(40 * 60 * SECOND_US)
    after = hand.restarted(30 * SECOND_US)
    assert commanded(after) == 3
    after.live(3 * HOUR_US)
    twin.live(3 * HOUR_US)
    assert hand.strokes_us + after.strokes_us == twin.strokes_us


@pytest.mark.req("STORE-2", "DOSE-1")
def test_time_without_power_programs_nothing() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    hand.live(HOUR_US)
    after = hand.restarted(10 * HOUR_US)
    assert commanded(after) == 6  # the one due after 72 min may have been delivered
    assert after.now_us >= 11 * HOUR_US - SECOND_US
    start_us = after.now_us
    after.live(start_us + HOUR_US)
    assert [each - start_us for each in after.strokes_us] == [n * 720 * SECOND_US for n in range(1, 6)]


@pytest.mark.req("STORE-2", "GUARD-1")
def test_the_caps_look_back_over_the_cut() -> None:
    hand = Hand()
    hand.pump.device.set_limits(35_000, 40_000, 10_000, 150_000)
    hand.pump.boluses.bolus(8000)
    hand.live(200 * SECOND_US)
    after = hand.restarted()
    assert after.pump.status()["hour_mu"] == 8000
    assert after.pump.status()["max_hour_mu"] == 10_000
    with pytest.raises(Refused):
        after.pump.boluses.bolus(2200)
    after.pump.boluses.bolus(2000)


@pytest.mark.req("STORE-2", "DOSE-5")
def test_a_suspended_pump_stays_suspended() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(35_000)
    hand.live(60 * SECOND_US)
    hand.pump.switch.stop()
    after = hand.restarted()
    assert after.pump.status()["state"] == protocol.STATE_STOPPED
    after.live(after.now_us + HOUR_US)
    assert after.strokes_us == []
    assert after.pump.switch.resume()["rate_mu_per_h"] == 35_000


@pytest.mark.req("STORE-2")
def test_a_stroke_in_progress_when_a_command_was_stored_counts() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(35_000)
    hand.begin_stroke(50_000)
    hand.pump.therapy.set_basal(1000)  # the burst is playing
    after = hand.restarted()
    assert commanded(after) == after.core.state()[dose_codes.GUARD_CONFIRMED] == 1


def run_pattern(hand: Hand, rates: dict[int, int]) -> None:
    """Run pattern A: 3 U/h, and from the half-hours in `rates` on what they say, until the next of them."""
    day, now = [], 3000
    for half_hour in range(48):
        now = rates.get(half_hour, now)
        day.append({"rate_mu_per_h": now})
    staged = hand.pump.patterns.stage_pattern(0, day)
    hand.pump.patterns.commit_pattern(0, fingerprint=staged["fingerprint"])
    hand.pump.therapy.select_pattern(0)


@pytest.mark.req("STORE-2", "THER-1", "THER-2")
def test_a_temporary_rate_and_a_pattern_outlive_a_cut() -> None:
    hand = Hand()  # it is midnight
    run_pattern(hand, {0: 1000, 6: 4000})
    hand.pump.therapy.temp_basal(protocol.TEMP_PERCENT, 50, 600)
    hand.live(HOUR_US)
    after = hand.restarted(4 * HOUR_US)
    state = after.core.state()
    assert (state[dose_codes.RATE_MU_PER_H], state[dose_codes.TEMP], state[dose_codes.TEMP_VALUE]) == (4000, 2, 50)
    assert state[dose_codes.TEMP_UNTIL_US] == 10 * HOUR_US
    assert after.pump.status()["in_force_mu_per_h"] == 2000


@pytest.mark.req("THER-1")
def test_without_a_clock_a_pattern_runs_at_its_lowest_rate_until_the_time_is_set() -> None:
    hand = Hand()
    run_pattern(hand, {10: 500, 12: 2000})
    assert hand.pump.status()["basal_rate_mu_per_h"] == 3000
    after = hand.restarted(clock_lost=True)
    assert (after.pump.status()["utc_s"], after.pump.status()["basal_rate_mu_per_h"]) == (0, 500)
    assert protocol.EVENT_CLOCK_LOST in [each["event"] for each in events(after)]
    again = after.restarted(HOUR_US)
    assert again.pump.status()["basal_rate_mu_per_h"] == 500
    noon_s = 1_800_000_000 // 86400 * 86400 + 43200
    assert again.pump.device.set_time(noon_s)["old_utc_s"] == 0
    assert again.pump.status()["basal_rate_mu_per_h"] == 2000
    assert again.pump.status()["utc_s"] == noon_s
    assert protocol.EVENT_CLOCK_SET in [each["event"] for each in events(again)]


@pytest.mark.req("THER-1")
def test_a_clock_that_takes_no_time_is_told() -> None:
    rtc = RamRtc(None)
    rtc.failing = True
    hand = Hand(rtc=rtc)
    with pytest.raises(Refused) as refused:
        hand.pump.device.set_time(1_800_000_000)
    assert refused.value.code == protocol.CLOCK_FAILED
    assert hand.pump.status()["utc_s"] == 0


@pytest.mark.req("STORE-1", "GUARD-3")
def test_a_record_that_cannot_be_written_means_no_stroke() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(35_000)
    hand.live(60 * SECOND_US)
    strokes = len(hand.strokes_us)
    hand.memory.failing = True
    hand.live(120 * SECOND_US)
    assert len(hand.strokes_us) == strokes + 1  # its permit was written before
    status = hand.pump.status()
    assert (status["memory"], status["state"]) == (protocol.MEMORY_WRITE_FAILED, protocol.STATE_STOPPED)
    for request in (
        lambda: hand.pump.therapy.set_basal(1000),
        lambda: hand.pump.boluses.bolus(1000),
        hand.pump.switch.resume,
    ):
        with pytest.raises(Refused) as refused:
            request()
        assert refused.value.code == protocol.MEMORY_FAILED
    hand.memory.failing = False
    hand.now_us += 61 * SECOND_US
    hand.pump.handle(1)
    assert hand.pump.status()["memory"] == protocol.MEMORY_WHOLE
    hand.live(hand.now_us + HOUR_US)
    assert len(hand.strokes_us) == strokes + 1  # until a person resumes
    hand.pump.switch.resume()
    hand.live(hand.now_us + 60 * SECOND_US)
    assert len(hand.strokes_us) > strokes + 1


@pytest.mark.req("STORE-3", "GUARD-3")
def test_a_memory_that_cannot_be_believed_keeps_the_pump_still() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(35_000)
    for address in (memory_map.STATE_AT + 36, memory_map.STATE_AT + 936):  # both copies of the state
        hand.memory.flip(address)
    after = hand.restarted()
    status = after.pump.status()
    assert (status["memory"], status["state"]) == (protocol.MEMORY_DAMAGED, protocol.STATE_STOPPED)
    assert after.core.state()[dose_codes.SUSPENDED] == 1
    assert after.pump.record.mode == protocol.STATE_STOPPED
    after.live(after.now_us + HOUR_US)
    for request in (
        after.pump.switch.resume,
        lambda: after.pump.boluses.bolus(200),
        lambda: after.pump.therapy.set_basal(50),
    ):
        with pytest.raises(Refused):
            request()
    assert after.strokes_us == [] and after.memory.writes == hand.memory.writes
    after.pump.device.initialise_memory()
    assert after.pump.status()["memory"] == protocol.MEMORY_WHOLE
    numbers = [each["number"] for each in events(after)]
    assert numbers[-1] > 3, "numbers go on"
    again = after.restarted()
    assert again.pump.status()["memory"] == protocol.MEMORY_WHOLE
    with pytest.raises(Refused):
        again.pump.device.initialise_memory()


@pytest.mark.req("STORE-3")
@pytest.mark.parametrize("copy", [0, 1])
def test_one_damaged_copy_is_mended(copy: int) -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    hand.live(HOUR_US)
    hand.memory.flip(memory_map.STATE_AT + 36 + copy * 748)
    after = hand.restarted(SECOND_US)
    assert after.pump.status()["memory"] == protocol.MEMORY_MENDED
    assert after.pump.status()["basal_rate_mu_per_h"] == 1000
    assert after.restarted(SECOND_US).pump.status()["memory"] == protocol.MEMORY_WHOLE


@pytest.mark.req("STORE-3")
def test_the_memory_of_another_pump_is_not_believed() -> None:
    hand = Hand()
    hand.memory.cells[16] ^= 1
    hand.memory.cells[32 + 16] ^= 1
    assert hand.restarted().pump.status()["memory"] == protocol.MEMORY_DAMAGED


@pytest.mark.req("STORE-2")
def test_power_lost_at_any_byte_of_the_very_first_start_leaves_a_new_pump() -> None:
    writes = Hand().memory.writes
    for number in range(1, len(writes) + 1):
        for cut_bytes in range(0, len(writes[number - 1][1]) + 1, 7):
            memory = RamNvm()
            memory.cut_write, memory.cut_bytes = number, cut_bytes
            with pytest.raises(PowerCut):
                Hand(memory)
            memory.cut_write = 0
            assert Hand(memory).pump.status()["memory"] in (protocol.MEMORY_WHOLE, protocol.MEMORY_MENDED)


@pytest.mark.req("LOG-1")
def test_what_happens_is_in_the_log_in_its_five_classes() -> None:
    hand = Hand(rtc=RamRtc(None))
    hand.pump.visited(hand.pump.visitors.began, 1)
    hand.pump.boluses.bolus(600)
    hand.pump.refused(0x11, protocol.BOLUS_ACTIVE, 600)
    hand.live(HOUR_US)
    found = events(hand)
    assert {each["category"] for each in found} == set(range(1, 6))
    ended = next(each for each in found if each["event"] == protocol.EVENT_DELIVERY_ENDED)
    assert (ended["detail"], ended["reason"]) == (protocol.KIND_NORMAL_BOLUS, protocol.REASON_COMPLETED)
    assert (ended["a"], ended["b"], ended["c"], ended["d"]) == (2, 600, 3, 0)
    assert not ended["clock_known"]

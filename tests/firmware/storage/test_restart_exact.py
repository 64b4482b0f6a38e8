"""What a reset makes of the stored state, to the microsecond: which stroke counts, as of when, what the caps know."""

from __future__ import annotations

import pytest

from firmware import dose_codes as code
from firmware import protocol
from firmware.errors import FirmwareError
from firmware.storage.journal import Journal
from firmware.storage.restart import Restart, _need, restore
from firmware.upkeep import wall_clock
from tests.firmware.hand import MOTOR, SECOND_US, STROKE_UU, Hand, refused
from tests.firmware.ram import PowerCut, RamNvm, RamRtc
from tests.firmware.therapy.therapy_by_hand import HOUR_US, MINUTE_US

pytestmark = pytest.mark.req("STORE-2")


class Wall:
    """A clock that vouches for times without power between the two, µs."""

    known = True

    def __init__(self, likely_us: int, most_us: int) -> None:
        self._gone_us = (likely_us, most_us)

    def gone_us(self, _: int, vouched_s: int = 0) -> tuple[int, int]:
        del vouched_s
        return self._gone_us


def restored(hand: Hand, likely_us: int, most_us: int, *, ordered: bool = False) -> tuple[Restart, list[int]]:
    """What the next life makes of it, and its core's state."""
    core = hand.core_class(motor=MOTOR)
    journal = Journal(RamNvm(image=bytes(hand.memory.cells)), core.ticks(), STROKE_UU)
    journal.open()
    found = restore(core, journal, Wall(likely_us, most_us), 0, ordered=ordered)
    assert found.broken == 0 and found.starts_replaced == 0
    return found, core.state()


def basal() -> tuple[Hand, int, int]:
    """A pump between two strokes; when its state was stored and when the next is due."""
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    hand.live(13 * MINUTE_US)
    hand.pump.therapy.set_basal(1050)
    return hand, hand.pump.record.saved_us, hand.core.next_us()


@pytest.mark.parametrize("late_us", [-1, 0, 1])
def test_the_stroke_that_was_due_counts_if_the_power_can_have_gone_so_late(late_us: int) -> None:
    hand, saved_us, due_us = basal()
    gone_us = due_us - saved_us + late_us
    found, state = restored(hand, gone_us, gone_us)
    counted = late_us >= 0
    assert (found.doubtful, found.unknown, found.counted) == (counted, 0, counted)
    assert state[code.GUARD_COMMANDED] == state[code.GUARD_CONFIRMED] == 1 + counted
    assert not state[code.IN_FLIGHT]
    assert found.ended_us == (due_us if counted else saved_us)
    assert found.device_time_us == saved_us + gone_us


@pytest.mark.req("STORE-1")
def test_a_stroke_in_progress_counts_and_the_next_had_no_permit_yet() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(35_000)
    hand.begin_stroke(50_000)
    hand.pump.therapy.set_basal(34_000)  # the burst is playing
    for gone_us in (SECOND_US, HOUR_US):
        found, state = restored(hand, gone_us, gone_us)
        assert (found.doubtful, found.counted, state[code.GUARD_COMMANDED]) == (0, 1, 1)
        assert state[code.GUARD_CONFIRMED] == 1 and not state[code.IN_FLIGHT]
        assert state[code.BASAL_WAITING] == 0, "time without power programs nothing"


@pytest.mark.req("STORE-3")
def test_a_state_that_the_core_does_not_take_is_told_and_not_made_another() -> None:
    hand, _, _ = basal()
    core = hand.core_class(motor=MOTOR)
    journal = Journal(RamNvm(image=bytes(hand.memory.cells)), core.ticks(), STROKE_UU)
    journal.open()
    for place in range(len(journal.record.core)):
        journal.record.core[place] ^= 0xFF
    assert restore(core, journal, Wall(0, 0), 0).broken
    assert core.state()[code.GUARD_COMMANDED] == 0


@pytest.mark.req("STORE-1")
@pytest.mark.parametrize(("write", "cut_bytes"), [(1, 0), (1, 10_000), (2, 0)])
def test_a_permit_that_was_not_written_twice_was_not_given(write: int, cut_bytes: int) -> None:
    """Power goes as the first stroke is written down: it counts; the second, due long since, cannot have been made."""
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    hand.live(719 * SECOND_US)
    hand.memory.cut_write, hand.memory.cut_bytes = len(hand.memory.writes) + write, cut_bytes
    with pytest.raises(PowerCut):
        hand.live(721 * SECOND_US)
    after = hand.restarted(2 * HOUR_US)
    assert len(hand.strokes_us) == after.core.state()[code.GUARD_COMMANDED] == 1


@pytest.mark.req("DOSE-1")
def test_time_without_power_owes_nothing_though_a_stroke_came_due_in_it() -> None:
    hand, saved_us, _ = basal()
    found, state = restored(hand, 10 * HOUR_US, 10 * HOUR_US)
    assert (found.doubtful, state[code.GUARD_COMMANDED], state[code.BASAL_WAITING]) == (1, 2, 0)
    assert found.device_time_us == saved_us + 10 * HOUR_US


def test_a_stroke_that_was_due_at_once_may_have_been_made() -> None:
    hand = Hand()
    hand.pump.boluses.bolus(1000)
    assert hand.core.next_us() == 0
    found, state = restored(hand, 0, 0)
    assert (found.doubtful, found.ended_us, state[code.GUARD_COMMANDED]) == (1, 0, 1)


@pytest.mark.parametrize("gone_us", [0, SECOND_US])
@pytest.mark.parametrize("ordered", [False, True])
def test_a_stroke_that_an_order_may_have_asked_for_counts_as_one_of_which_nothing_is_written(
    ordered: bool, gone_us: int
) -> None:
    hand, saved_us, _ = basal()
    found, state = restored(hand, gone_us, gone_us, ordered=ordered)
    assert (found.doubtful, found.unknown, found.counted) == (ordered, ordered, ordered)
    assert state[code.GUARD_COMMANDED] == 1 + ordered
    assert state[code.NORMAL_PROGRAMMED : code.NORMAL_PROGRAMMED + 4] == (ordered, ordered, ordered, 0)
    assert found.device_time_us == saved_us + gone_us and not state[code.SUSPENDED]


def test_a_stroke_that_an_order_asked_for_and_that_could_not_start_yet_does_not_count() -> None:
    hand = Hand()
    hand.pump.boluses.bolus(200)
    hand.live(SECOND_US)
    assert len(hand.strokes_us) == 1
    found, state = restored(hand, 0, 0, ordered=True)
    assert (found.doubtful, found.unknown, state[code.GUARD_COMMANDED]) == (0, 0, 1)
    assert state[code.NORMAL_PROGRAMMED] == 1, "the core is as it was"


@pytest.mark.req("DOSE-5")
def test_a_square_bolus_is_over_however_short_the_cut() -> None:
    hand = Hand()
    hand.pump.boluses.square_bolus(2000, 60)
    hand.live(10 * MINUTE_US)
    found, state = restored(hand, 1, 1)
    programmed, commanded, _, abandoned = state[code.SQUARE_PROGRAMMED : code.SQUARE_PROGRAMMED + 4]
    assert (found.doubtful, programmed, commanded, abandoned) == (0, 10, 1, 9)


def test_what_the_core_cannot_answer_is_not_believed() -> None:
    for result, allowed in ((code.OK, code.OK), (code.E_FAULT, code.OK), (code.E_NO_BOLUS, code.E_NO_BOLUS)):
        _need(result, allowed)
    for result, allowed in ((code.E_TIME, code.OK), (code.E_NO_BOLUS, code.OK), (code.E_TIME, code.E_NO_BOLUS)):
        with pytest.raises(FirmwareError, match=str(result)):
            _need(result, allowed)


def test_a_stroke_that_the_very_first_order_asked_for_counts() -> None:
    found, state = restored(Hand(), 0, 0, ordered=True)
    assert (found.doubtful, found.unknown, state[code.GUARD_COMMANDED]) == (1, 1, 1)


def test_a_stopped_pump_is_stopped_whatever_an_order_may_have_asked_for() -> None:
    hand, saved_us, _ = basal()
    hand.pump.switch.stop()
    found, state = restored(hand, MINUTE_US, MINUTE_US, ordered=True)
    assert (found.unknown, state[code.GUARD_COMMANDED]) == (1, 2)
    assert state[code.SUSPENDED] and found.device_time_us == saved_us + MINUTE_US


def capped() -> Hand:
    """A pump that has delivered what it may in an hour, and goes on at the greatest basal rate."""
    hand = Hand()
    hand.pump.device.set_limits(35_000, 40_000, 10_000, 150_000)
    hand.pump.boluses.bolus(10_000)
    hand.live(110 * SECOND_US)
    hand.pump.therapy.set_basal(35_000)
    return hand


def test_a_stroke_that_a_cap_has_taken_was_not_made() -> None:
    hand = capped()
    found, state = restored(hand, MINUTE_US, MINUTE_US)
    assert (found.doubtful, state[code.GUARD_COMMANDED]) == (0, 50)


@pytest.mark.req("GUARD-4")
def test_a_fault_is_there_after_the_reset_and_what_ended_with_it_ended_then() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(35_000)
    hand.live(2 * MINUTE_US, confirm=False)
    assert hand.core.state()[code.GUARD_FAULT]
    found, state = restored(hand, MINUTE_US, MINUTE_US)
    assert state[code.GUARD_FAULT] and found.doubtful == 0
    assert found.ended_us == hand.pump.record.saved_us > 0


@pytest.mark.req("THER-2")
@pytest.mark.parametrize(("left_us", "goes_on"), [(1, True), (0, False), (-1, False)])
def test_a_temporary_rate_whose_time_is_just_over_is_over(left_us: int, goes_on: bool) -> None:
    hand = Hand()
    hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 12_000, 60)
    hand.live(MINUTE_US)
    gone_us = HOUR_US - left_us - hand.pump.record.saved_us
    found, state = restored(hand, gone_us, gone_us)
    assert found.doubtful == 1 and bool(state[code.TEMP]) == goes_on
    assert found.device_time_us == HOUR_US - left_us


@pytest.mark.parametrize("ordered", [False, True])
def test_without_a_permit_nothing_can_have_started(ordered: bool) -> None:
    hand, _, due_us = basal()
    core = hand.core_class(motor=MOTOR)
    journal = Journal(RamNvm(image=bytes(hand.memory.cells)), core.ticks(), STROKE_UU)
    journal.open()
    for permitted in (journal.record.strokes, 0):
        journal.record.permitted = permitted
        found = restore(core, journal, Wall(due_us, due_us), 0, ordered=ordered)
        assert (found.doubtful, found.unknown) == (0, 0)
        assert core.state()[code.GUARD_COMMANDED] == 1
        assert found.device_time_us > due_us


@pytest.mark.req("GUARD-1", "THER-8")
@pytest.mark.parametrize("gone_us", [5 * MINUTE_US, 50 * MINUTE_US, 3 * HOUR_US, 20 * HOUR_US])
def test_no_time_without_power_empties_a_cap(gone_us: int) -> None:
    hand = Hand()
    hand.pump.device.set_limits(35_000, 40_000, 10_000, 12_000)
    hand.pump.boluses.bolus(8000)
    hand.live(200 * SECOND_US)
    after = hand.restarted(gone_us)
    assert (after.pump.status()["hour_mu"], after.pump.status()["day_mu"]) == (8000, 8000)
    refused(lambda: after.pump.boluses.bolus(2200), protocol.HOUR_LIMIT)
    after.live(after.now_us + 50 * MINUTE_US)
    after.pump.therapy.set_basal(0)  # which is stored: until then these minutes count for nothing
    again = after.restarted(gone_us)
    refused(lambda: again.pump.boluses.bolus(2200), protocol.HOUR_LIMIT)
    again.live(again.now_us + 15 * MINUTE_US)
    again.pump.boluses.bolus(2200)
    again.live(again.now_us + 5 * MINUTE_US)
    refused(lambda: again.pump.boluses.bolus(2000), protocol.DAY_LIMIT)


@pytest.mark.req("THER-8")
@pytest.mark.parametrize("lost", [False, True])
def test_a_clock_that_was_lost_before_the_reset_is_lost_after_it_and_says_so(lost: bool) -> None:
    first = Hand()
    first.pump.therapy.set_basal(1000)
    second = first.restarted(clock_lost=lost)
    rtc = RamRtc(1_767_225_600 + 10)  # it has a time again, which nobody has set
    third = Hand(second.memory, rtc)
    assert third.wall.known is not lost
    if lost:
        assert third.wall.why == wall_clock.LOST_BEFORE


@pytest.mark.req("THER-2", "DOSE-2", "THER-8")
@pytest.mark.parametrize(("gone_us", "left_min"), [(MINUTE_US, 44), (15 * MINUTE_US, 30), (44 * MINUTE_US, 1)])
def test_a_temporary_rate_ends_when_it_would_have_ended(gone_us: int, left_min: int) -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 12_000, 60)
    hand.live(15 * MINUTE_US)
    after = hand.restarted(gone_us)
    state = after.core.state()
    assert state[code.TEMP] == code.TEMP_RATE and state[code.TEMP_UNTIL_US] == HOUR_US
    assert abs(HOUR_US - after.now_us - left_min * MINUTE_US) < 2 * SECOND_US
    after.live(HOUR_US + SECOND_US)
    assert after.core.state()[code.TEMP] == 0 and after.pump.status()["in_force_mu_per_h"] == 1000


@pytest.mark.req("THER-2", "THER-8")
@pytest.mark.parametrize("clock_lost", [False, True])
def test_a_temporary_rate_that_is_over_or_whose_end_nobody_knows_does_not_go_on(clock_lost: bool) -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 12_000, 60)
    hand.live(15 * MINUTE_US)
    after = hand.restarted(MINUTE_US if clock_lost else 46 * MINUTE_US, clock_lost=clock_lost)
    assert after.core.state()[code.TEMP] == 0 and after.pump.status()["in_force_mu_per_h"] == 1000

"""The next stroke by hand: of which delivery, when, and what is foreseen of it over changes of the rate."""

from __future__ import annotations

import pytest

from hil.oracle.exact import NEVER_US
from hil.oracle.pump import Pump, Seen
from tests.oracle.hand import EPOCH_S, MIN, H, S
from tests.oracle.pumps import Q, notes, pump, starts

# Time


@pytest.mark.req("DOSE-3", "DOSE-4")
def test_a_normal_bolus_goes_first_and_starts_at_spacing() -> None:
    made = pump(3_000)
    made.advance(239 * S)
    made.begin("normal_bolus", 2)
    assert made.next_stroke_us() == 239 * S
    assert starts(made, 250 * S) == [(239 * S, "normal_bolus"), (241 * S, "normal_bolus"), (243 * S, "basal")]
    assert made.next_stroke_us() == 480 * S


@pytest.mark.req("DOSE-3")
def test_of_basal_and_a_square_bolus_what_is_owed_first_goes_first_and_of_what_waits_basal() -> None:
    made = pump(3_000)  # at 240 s
    made.begin("square_bolus", 10, 2_399 * S)  # at 239.9 s
    assert starts(made, 300 * S) == [(239_900_000, "square_bolus"), (241_900_000, "basal")]
    made = pump(3_000)
    made.begin("square_bolus", 10, 2_400 * S)
    assert starts(made, 300 * S) == [(240 * S, "basal"), (242 * S, "square_bolus")], "the same time: basal"
    made = pump(3_000)
    made.begin("square_bolus", 10, 2_390 * S)
    made.advance(238 * S)
    made.begin("normal_bolus", 3)
    assert starts(made, 300 * S)[3:] == [(244 * S, "basal"), (246 * S, "square_bolus")], "both wait"


@pytest.mark.req("DOSE-1")
def test_the_next_stroke_is_foreseen_over_changes_of_the_rate() -> None:
    made = pump(1_000)  # at 720 s
    assert made.next_stroke_us() == made.next_stroke_after_change_us() == made.foreseen_stroke_us() == 720 * S
    made.programme.recommended_mu_per_h, made.programme.recommended_until_us = 1_000, 360 * S
    made.programme.by_hand_mu_per_h = 2_000  # half is owed at 360 s, the other half 180 s later
    assert (made.next_stroke_us(), made.next_stroke_after_change_us(), made.foreseen_stroke_us()) == (
        720 * S, 540 * S, 540 * S,
    )  # fmt: skip
    made.programme.recommended_until_us = 720 * S
    assert made.next_stroke_after_change_us() == made.foreseen_stroke_us() == 720 * S, "before the change"
    made.programme.recommended_until_us = 719 * S
    assert made.next_stroke_after_change_us() == made.foreseen_stroke_us() == 719_500_000
    assert (made.now_us, made.programme.recommended_until_us) == (0, 719 * S), "nothing is touched"
    assert notes(made) == [(0, "delivery_ended")], "but that the rate was set"


def patterned(*rates: int) -> Pump:
    """A pattern of so many rates by the half-hour, the last one for the rest of the day; from midnight on."""
    made = pump()
    made.programme.rates[0] = [*rates, *[rates[-1]] * (48 - len(rates))]
    made.programme.pattern = 0
    made.programme.set_clock(0, EPOCH_S)
    made.follow()
    return made


@pytest.mark.req("DOSE-1", "THER-1")
def test_the_next_change_is_one_and_the_programme_knows_all() -> None:
    """0.05 U, nothing, nothing, then 0.15 U in half an hour: a stroke at its end."""
    made = patterned(100, 0, 0, 300, 0)
    assert (made.next_stroke_us(), made.next_stroke_after_change_us(), made.foreseen_stroke_us()) == (
        2 * H, NEVER_US, 2 * H,
    )  # fmt: skip
    same = patterned(100, 100, 300)  # half-hours of the same rate are no change
    assert same.next_stroke_us() == 2 * H
    assert same.next_stroke_after_change_us() == same.foreseen_stroke_us() == H + 20 * MIN
    nothing = patterned(0)
    assert nothing.next_stroke_after_change_us() == nothing.foreseen_stroke_us() == NEVER_US


@pytest.mark.req("DOSE-1")
@pytest.mark.parametrize(("hours", "foreseen"), [(48, True), (49, False)])
def test_nothing_is_foreseen_beyond_two_days(hours: int, foreseen: bool) -> None:
    made = pump(1)  # 0.2 U in 200 h
    made.programme.by_hand_mu_per_h = 35_000
    made.programme.recommended_mu_per_h, made.programme.recommended_until_us = 1, hours * H
    made.follow()
    left_q = Q - hours * H
    due_us = hours * H + -(-left_q // 35_000)
    assert made.foreseen_stroke_us() == (due_us if foreseen else NEVER_US)
    assert made.next_stroke_after_change_us() == (due_us if foreseen else 200 * H)


@pytest.mark.req("DOSE-1")
def test_a_fork_goes_its_own_way() -> None:
    made = pump(3_000)
    made.begin("normal_bolus", 3)
    made.begin("square_bolus", 2, 480 * S)
    made.advance(2 * S)
    fork = made.fork(Seen([]))
    assert starts(fork, 241 * S) == [(4 * S, "normal_bolus"), (240 * S, "basal")]
    assert (len(made.strokes), made.now_us, made.normal is not None) == (2, 2 * S, True)
    assert made.normal is not None and made.normal.left == 1 and fork.normal is None
    assert fork.square is not None and (fork.square.strokes, fork.square.over_us, fork.square.left) == (2, 480 * S, 2)
    assert [each.kind for each in fork.entries] == ["basal", "normal_bolus", "square_bolus"]
    assert fork.bench_us == 241 * S and fork.rate == 3_000
    fork.programme.by_hand_mu_per_h = 1
    assert made.programme.by_hand_mu_per_h == 3_000
    made.bench_offset_us = 9
    assert made.fork(Seen([])).bench_us == 2 * S + 9

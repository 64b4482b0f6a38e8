"""The burst plan against exact arithmetic: every edge, the ramp, the rate limit, the total."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from c_ext.host import Core

MOTORS = st.tuples(
    st.integers(2, 128), st.integers(20, 20_000), st.integers(20, 20_000), st.integers(1, 1_000_000)
).map(lambda m: (m[0], min(m[1:3]), max(m[1:3]), m[3]))

pytestmark = pytest.mark.req("DOSE-6")


def plan(motor):
    # The longest spacing there is: bursts of slow motors take seconds.
    return Core(spacing_us=60_000_000, motor=motor).plan()


def ideal_edges_us(motor):
    """Exact edge times: a step takes what uniform acceleration makes it take, but never less than the fastest period
    of whole µs; the second half is the first one backwards."""
    steps, start_hz, max_hz, accel = (Decimal(x) for x in motor)
    with localcontext() as context:
        context.prec = 50
        fastest_us = (Decimal(1_000_000) / max_hz).to_integral_value("ROUND_CEILING")
        ramp_us = [
            ((start_hz**2 + 2 * accel * k).sqrt() - start_hz) / accel * 1_000_000
            for k in range((int(steps) + 1) // 2 + 1)
        ]
        half = [max(b - a, fastest_us) for a, b in zip(ramp_us, ramp_us[1:], strict=False)]
        periods = half + half[::-1][int(steps) % 2 :]
        edges, now = [Decimal(0)], Decimal(0)
        for period in periods:
            now += period
            edges.append(now)
    return edges


@given(motor=MOTORS)
@example(motor=(128, 20, 20_000, 1))
@example(motor=(127, 20, 20, 1_000_000))
@example(motor=(128, 200, 3000, 30_000))
@example(motor=(2, 20_000, 20_000, 1))
@example(motor=(3, 20, 20_000, 1_000_000))
def test_every_edge_is_within_a_microsecond_of_ideal(motor):
    steps, duration_us, periods = plan(motor)
    assert (steps, len(periods), sum(periods)) == (motor[0], motor[0], duration_us)
    edge_us = 0
    for period_us, ideal_us in zip(periods, ideal_edges_us(motor)[1:], strict=True):
        edge_us += period_us
        assert abs(edge_us - ideal_us) <= 1


@given(motor=MOTORS)
def test_the_ramp(motor):
    steps, _, periods = plan(motor)
    assert min(periods) * motor[2] >= 1_000_000  # never above the maximum rate
    assert max(periods) * motor[1] <= 1_000_000 + motor[1] or max(periods) == -(-1_000_000 // motor[2])
    # Whole µs allow one of jitter: apart from it the first half only gets faster and the second is its mirror image.
    half = periods[: (steps + 1) // 2]
    assert all(later <= earlier + 1 for earlier, later in zip(half, half[1:], strict=False))
    assert all(abs(a - b) <= 1 for a, b in zip(periods, periods[::-1], strict=True))


@pytest.mark.parametrize(
    "motor",
    [
        (1, 200, 1000, 4000), (129, 200, 1000, 4000), (96, 19, 1000, 4000), (96, 200, 20_001, 4000),
        (96, 1001, 1000, 4000), (96, 200, 1000, 0), (96, 200, 1000, 1_000_001),
    ],
)  # fmt: skip
def test_a_motor_out_of_range_is_refused(motor):
    with pytest.raises(ValueError, match="out of range"):
        plan(motor)


def test_a_burst_must_end_before_the_next_may_start():
    motor = (96, 200, 1000, 4000)
    duration_us = plan(motor)[1]
    assert Core(stroke_nl=125, spacing_us=duration_us + 50_000, motor=motor, history=3000)
    with pytest.raises(ValueError, match="out of range"):
        Core(spacing_us=1_000_000, motor=(128, 20, 20, 1))

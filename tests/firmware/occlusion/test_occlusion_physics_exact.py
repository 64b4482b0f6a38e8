"""The thresholds against the physics that docs/occlusion.md and physics.py derive them from, in a body of mPa and ns.

In units a thousand times finer the roundings are a thousandth of what they are, so each factor shows.
"""

from __future__ import annotations

from math import log, sqrt

import pytest

from firmware.occlusion.physics import Known, SyringeMock, Thresholds
from tools.console import ROOT

pytestmark = pytest.mark.req("OCC-1", "OCC-2")
PI = 22 / 7  # as physics.py says


class Fine(Known):
    stroke_nl = 125
    burst_us = 40_000


class Wide(Known):
    """Its pulse is less than the softest catheter's rise, and its sensor noisier than a pulse."""

    compliance_max_pl_per_pa = 150
    resistance_min_pa_s_per_ul = 20
    noise_millicounts = 5_000
    breath_pa = 200
    breath_us = 5_000_000
    volume_error_percent = 20
    backflow_least_percent = 40
    cough_share_percent = 30


class Calm(Known):
    """Breathing a third of a fine stroke's rise, trip at the edge between two and three strokes."""

    stroke_nl = 125
    breath_pa = 250
    compliance_max_pl_per_pa = 375


class Calmer(Calm):
    """Trip after two strokes."""

    breath_pa = 200


def fine_units(known: type[Known]) -> Known:
    """The same body in mPa (and ns): pressures and times by thousand, compliance per mPa, resistance in mPa·ns."""
    k = known()
    k.stroke_nl *= 1000  # with the compliance as it is, so V/C is in mPa
    for name in ("pa_per_kilocount", "breath_pa", "tip_pa", "tip_low_pa", "tip_high_pa", "burst_us", "breath_us"):
        setattr(k, name, getattr(k, name) * 1000)
    k.cough_us *= 1000
    for name in ("resistance_min_pa_s_per_ul", "resistance_max_pa_s_per_ul"):
        setattr(k, name, getattr(k, name) * 1000)  # R·V/T in mPa, R·C in ns
    return k


@pytest.mark.parametrize("known", [Known, Fine, SyringeMock, Wide, Calm, Calmer])
def test_every_threshold_is_what_the_physics_says(known: type[Known]) -> None:
    t, k = vars(Thresholds(fine_units(known))), fine_units(known)
    noise = k.noise_millicounts * k.pa_per_kilocount / 1e6
    burst, breath = k.burst_us, k.breath_us
    step = 2 * PI * k.breath_pa / breath * burst
    rise = k.stroke_nl * (100 - k.volume_error_percent) / 100 * 1000 / k.compliance_max_pl_per_pa
    apart = 4 * noise * 1.414
    unlike = apart + step
    seen = rise > unlike
    strokes = round(3 * k.breath_pa / rise) if seen else 1
    stay = max(0.75 * burst, 1.1 * k.resistance_max_pa_s_per_ul * k.compliance_max_pl_per_pa) if seen else 0.75 * burst
    pulse = min(0.9 * k.resistance_min_pa_s_per_ul * k.stroke_nl * 1000 / burst, rise)
    greatest = k.resistance_max_pa_s_per_ul * k.stroke_nl * 1000 / burst
    ln_n = 30 * 0.693
    pulse_variance = 2 * noise**2 + step**2 / 2
    bend = step**2 * 4 / (2 * k.breath_pa)
    trough = pulse * k.backflow_least_percent / 100
    trough_variance = 1.5 * noise**2 + bend**2 / 2
    expected = {
        "least_rise_pa": rise,
        "suspect_pa": max(rise / 2, unlike),
        "suspect_next_pa": rise / 2 if seen else max(rise / 2, unlike),
        "trip_rise_pa": strokes * rise,
        "breath_step_us": breath / 4,
        "unlike_breath_pa": 2 * k.breath_pa + apart,
        "look_us": 0.75 * burst,
        "back_us": burst + 1.5 * burst,
        "stay_us": stay,
        "stay_breath_pa": 2 * PI * k.breath_pa / breath * stay if strokes > 1 else 0,
        "hold_us": k.cough_us + stay,
        "watch_us": 4 * breath,
        "no_pulse_half_pa": pulse / 2,
        "no_pulse_sum_pa": ln_n * pulse_variance / pulse,
        "no_pulse_most_pa": pulse / 2 + 2 * sqrt(pulse_variance),
        "pulse_low_pa": -unlike,
        "pulse_high_pa": 1.25 * greatest + unlike,
        "trough_half_pa": trough / 2,
        "trough_sum_pa": ln_n * trough_variance / trough,
        "trough_most_pa": trough / 2 + 2 * sqrt(trough_variance),
        "level_trip_pa": k.tip_high_pa + k.breath_pa + 4 * noise,
    }
    for name, value in expected.items():
        assert t[name] == pytest.approx(value, rel=3e-4, abs=1), name
    assert t["steps_seen"] == seen and t["trip_strokes"] == strokes and t["rises_small"] == (strokes > 1)
    assert t["pulse_resolved"] == (pulse > 2 * step)
    tau = k.resistance_max_pa_s_per_ul * k.compliance_max_pl_per_pa
    assert t["open_is_empty"] == (11 * tau <= 10 * t["stay_us"])
    assert list(t["looks_us"]) == pytest.approx(looks(stay, k.cough_us + stay, 4 * breath), rel=3e-4)
    assert ln_n == pytest.approx(log(2**30), rel=3e-4)


def looks(stay: float, hold: float, watch: float) -> list[float]:
    """Evenly until a cough is over, then each half as long again; none in the last tenth of the watch."""
    delays, delay = [], stay
    while delay < 0.9 * watch:
        delays.append(delay)
        delay = delay + stay if delay < hold else 1.5 * delay
    return [*delays, watch]


@pytest.mark.parametrize("column", range(3))
def test_the_thresholds_are_those_in_the_documents(column: int) -> None:
    text = (ROOT / "docs" / "occlusion.md").read_text(encoding="utf-8")
    table = text.partition("<!--=occlusion.thresholds-->")[2].partition("<!--/-->")[0]
    rows = [line.strip("| ").split("|") for line in table.strip().splitlines()[2:]]
    shown = {name.strip(" `"): values[column].strip() for name, *values in rows}
    t = Thresholds((Known, Fine, SyringeMock)[column])
    assert shown == {name: str(value) for name, value in vars(t).items() if name not in ("known", "looks_us")}


def stuck(noise_millicounts: int) -> tuple[int, int]:
    class Noise(Known):
        pass

    Noise.noise_millicounts = noise_millicounts
    t = Thresholds(Noise)
    return t.stuck_readings, t.stuck_hint_readings


def test_a_reading_that_repeats_itself_is_chance_as_often_as_the_noise_makes_it() -> None:
    assert stuck(1_041) == (16, 5), "0.27 ** 16 is less than 2 ** -30"
    # At little noise nine in ten repeats are taken as chance, never more: 282 in 1000 at one count is 900 at 0.313.
    assert stuck(100) == stuck(250) == stuck(313) > stuck(314) > stuck(400)


class Edge(Known):
    """In whole numbers: 10 Pa of noise, 62 of a breath within a burst, so that 118 Pa are more than both can make."""

    pa_per_kilocount = 1_000
    noise_millicounts = 10_000
    burst_us = 100_000


def with_(**values: int) -> Thresholds:
    known = Edge()
    for name, value in values.items():
        setattr(known, name, value)
    return Thresholds(known)


def test_a_rise_shows_if_it_is_more_than_noise_and_breathing_make_together() -> None:
    for compliance, rise in ((3_771, 118), (3_739, 119)):
        t = with_(compliance_max_pl_per_pa=compliance)
        assert t.least_rise_pa == rise and t.suspect_pa == 118
        assert t.steps_seen == (rise > 118)


def test_a_pulse_shows_if_it_is_more_than_twice_what_breathing_makes() -> None:
    # 45 Pa·s/µl · 0.5 µl / 0.1 s, less a tenth: 202 Pa. Breathing of 643 Pa makes 101 in a burst.
    assert not with_(breath_pa=643).pulse_resolved and with_(breath_pa=637).pulse_resolved


def test_a_path_so_soft_that_nothing_shows_is_never_judged_by_a_pulse() -> None:
    """Half of a rise of 1 Pa is none; of 2 Pa it is 1, and half of a trough of it is none."""
    for compliance, half, sum_pa in ((445_000, 0, 1 << 29), (222_500, 1, 20_790 * (200 + 62 * 62 // 2) // 2_000)):
        t = with_(compliance_max_pl_per_pa=compliance)
        assert (t.no_pulse_half_pa, t.no_pulse_sum_pa) == (half, sum_pa) and not t.pulse_resolved
        assert (t.trough_half_pa, t.trough_sum_pa) == (0, 1 << 29), "more than any sum, and one word on a Pico"


def test_a_value_counts_to_two_sigma_beyond_the_half_and_sigma_is_the_whole_root() -> None:
    t = with_(noise_millicounts=1, breath_pa=20)  # no noise, and 3 Pa of a breath within a burst: a variance of 4
    assert (t.no_pulse_half_pa, t.no_pulse_most_pa) == (101, 101 + 2 * 2)


def test_no_look_comes_in_the_last_tenth_before_the_end_of_the_watch() -> None:
    for breath_us, looks_us in (
        (4_000_000, (2_000_000, 4_000_000, 6_000_000, 9_000_000, 13_500_000, 16_000_000)),
        (3_750_000, (2_000_000, 4_000_000, 6_000_000, 9_000_000, 15_000_000)),
    ):
        assert with_(burst_us=2_666_667, breath_us=breath_us).looks_us == looks_us


def test_the_looks_are_even_until_a_cough_is_over_and_no_longer() -> None:
    assert with_().looks_us[3:6] == (300_000, 375_000, 562_500), "at 375 ms it is"


def test_noise_is_told_in_thousandths_of_a_count() -> None:
    assert with_(noise_millicounts=1_000_000, pa_per_kilocount=1_000_000).level_trip_pa == 6_500 + 400 + 4_000_000


def test_a_reading_is_a_pressure_above_ambient() -> None:
    t = Thresholds(Known)
    assert [t.pa(counts) for counts in (512, 1512, 511, 512 + 4095)] == [0, 39_063, -40, 159_962]

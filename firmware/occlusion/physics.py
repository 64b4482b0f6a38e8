"""Derives the detector's thresholds from the properties of catheter, sensor and body. No threshold is picked.

A stroke of volume V, made in a burst of length T, enters a catheter of compliance C and resistance R.

Open:    the pressure rises towards R·V/T during the burst and is gone a few τ = R·C after it (implant: τ < 50 ms).
Closed:  the pressure rises by V/C and stays. The softest catheter shows the least rise; half of it is *suspect*.
Partly:  the pressure rises, and decays with a τ many times longer.
Air:     nothing enters, and nothing rises. The least healthy pulse is that of the least R.
Backflow: the return stroke, as long as the burst, draws a share of V back, so a trough follows the pulse.
Body:    breathing of amplitude A and period P moves the pressure by at most 2π·A/P·t within t; coughs and jumps add to
         it for no longer than the longest cough; posture shifts it by the range of the tip, slowly.

A rise therefore *stays* if it is above a third of its height in every look until after the longest cough. The bound is
a third because breathing at its worst phases takes no more than two thirds of the least rise.

Where strokes are judged one by one, two of the last three must stay: one may be a coincidence. So a closed catheter is
found with its second stroke, or with the third if breathing hid one.

Pulse and backflow lie near the noise, so their evidence is summed over strokes (CUSUM: Page, Biometrika 41 (1954) 100;
Moustakides, Ann. Stat. 14 (1986) 1379, for its optimality). A value that no pulse can produce was a cough and is left
out; a plausible value counts up to two σ beyond the half, so that no single stroke decides.
Between a mean of μ (healthy) and 0 the sum of (μ/2 − x) passes h = σ²·ln(N)/μ by chance once in about N strokes, and
after h/(μ/2) strokes when the mean is 0.

The softest catheter's rise may show within a burst but be smaller than the changes that breathing makes afterwards
(strokes of 125 nL). The trip pressure is then that of as many strokes as exceed breathing. It is set by the body, not
by the stroke, and so is the same in fine mode. Single looks then say little: small.py averages over breaths and sums
over strokes. A cough of 14 kPa would outweigh any breath's mean, so looks are discarded if they differ by more than a
breath and the stroke's rise.

If even the softest catheter's rise is lost in noise and breathing (a syringe of 1 µL/mmHg and more), single strokes say
nothing. Only the level is left: a level above anything that a body makes is an occlusion. Detecting it costs
(trip − tip)·C of insulin.

Implements: OCC-1, OCC-2
"""

from firmware.compat import roomy

# One false alarm of a kind in 2^30 strokes: 14,700 years at 40 U/day and 0.2 U a stroke. ln 2 = 693/1000.
_FALSE_ALARM_BITS = 30
_LN2_PERMILLE = 693
# A reading repeats by chance with probability 1/(2·√π·σ): 282/1000 for σ = 1 count.
_REPEAT_PERMILLE_COUNTS = 282
BREATH_LOOKS = 4  # a sine's mean over its period needs three; one more covers a shorter or longer breath
_SIGMAS = 4  # the bound assumed for noise and volumes, as in the plant model


class Known:
    """The properties known beforehand. All are whole numbers; the unit is in the name.

    `compliance_…` and `resistance_…` are the range of catheters that may be fitted, `volume_error_percent` how far one
    stroke may lie below its nominal volume, `tip_low_pa` … `tip_high_pa` the resting pressure's range with posture,
    altitude and the sensor's own offset, `cough_share_percent` the share of time that a bout of coughs covers.
    """

    stroke_nl = 500
    burst_us = 104222  # 96 microsteps, 400 to 1600 Hz at 20 000 Hz/s
    compliance_min_pl_per_pa = 7  # 1 nL/mmHg
    compliance_max_pl_per_pa = 375  # 50 nL/mmHg
    resistance_min_pa_s_per_ul = 45  # 20 µL of 0.5 mm bore at 40 °C
    resistance_max_pa_s_per_ul = 120  # 32.5 µL of 0.5 mm bore at 1.1 mPa·s
    volume_error_percent = 11  # 3 % from pump to pump, 4 × 2 % from stroke to stroke
    zero_counts = 512
    pa_per_kilocount = 39063
    full_scale_counts = 4095
    noise_millicounts = 1041  # 1 count of noise and 0.29 of quantisation
    breath_pa = 400  # ± 3 mmHg
    breath_us = 4000000
    cough_us = 300000
    cough_share_percent = 40
    tip_pa = 1265  # supine mean; only volumes of a level are counted from it
    tip_low_pa = -7500  # supine mean - 3 SD, a cabin at 2,439 m through a reference that passes a fifth, sensor offset
    tip_high_pa = 6500  # erect mean + 3 SD (38.5 mmHg), breathing and sensor offset
    backflow_least_percent = 50


class SyringeMock(Known):
    """A bench with a syringe in place of the implant's mechanism: 1.2 to 2.8 µL/mmHg (Snijder 2015).

    It absorbs a stroke with a pulse too small to stand out from the body's own, so an air lock and a backflow are not
    watched for; an occlusion shows late, by its level (docs/occlusion.md).
    """

    compliance_min_pl_per_pa = 9000
    compliance_max_pl_per_pa = 21000


# The values of a board's MECHANISM: the mechanism in front of the catheter whose readings the detector gets.
MECHANISMS = {"implant": Known, "syringe_mock": SyringeMock}


class Thresholds:
    """The thresholds that follow from `known`. Attributes are whole Pa, µs, strokes."""

    def __init__(self, known):
        self.known = known
        noise_pa = known.noise_millicounts * known.pa_per_kilocount // 1000000
        breath_step_pa = _breath_pa(known, known.burst_us)

        # A closed catheter: the least rise, and the least that noise and breathing cannot make within a burst.
        least_nl = known.stroke_nl * (100 - known.volume_error_percent) // 100
        self.least_rise_pa = least_nl * 1000 // known.compliance_max_pl_per_pa
        noise_step_pa = _SIGMAS * noise_pa * 1414 // 1000  # between two readings
        unlike_noise_pa = noise_step_pa + breath_step_pa
        self.suspect_pa = max(self.least_rise_pa // 2, unlike_noise_pa)
        # Does a closed catheter show in every stroke at all? If so, its next strokes need less to be suspect.
        self.steps_seen = self.least_rise_pa > unlike_noise_pa
        self.suspect_next_pa = self.least_rise_pa // 2 if self.steps_seen else self.suspect_pa
        # The rise of which breathing, at its worst before and after, takes no more than two thirds, in whole strokes.
        least_pa = self.least_rise_pa if self.steps_seen else 3 * known.breath_pa
        self.trip_strokes = (3 * known.breath_pa + least_pa // 2) // least_pa
        self.trip_rise_pa = self.trip_strokes * self.least_rise_pa
        self.rises_small = self.trip_strokes > 1
        self.breath_step_us = known.breath_us // BREATH_LOOKS
        # A difference that breathing and noise cannot cause between two looks, however far apart: one was in a cough.
        self.unlike_breath_pa = 2 * known.breath_pa + noise_step_pa

        # When to look again. By the first look an open catheter is empty, by the last one breathing averages out.
        self.look_us = known.burst_us * 3 // 4  # within the return stroke, after most of its own first swing
        self.back_us = known.burst_us + 2 * self.look_us  # as long after that look as that is after the stroke's start
        tau_us = known.resistance_max_pa_s_per_ul * known.compliance_max_pl_per_pa
        empty_us = tau_us * 11 // 10  # ln 3 = 1.1: less than a third is left
        self.stay_us = max(self.look_us, empty_us) if self.steps_seen else self.look_us
        # From look to look, breathing may reduce a small rise by this much.
        self.stay_breath_pa = _breath_pa(known, self.stay_us) if self.rises_small else 0
        self.open_is_empty = empty_us <= self.stay_us
        self.hold_us = known.cough_us + self.stay_us
        self.watch_us = 4 * known.breath_us
        self.looks_us = _looks(self.stay_us, self.hold_us, self.watch_us)

        # A pulse: its least mean, and the sum at which its absence is no longer chance.
        pulse_pa = known.resistance_min_pa_s_per_ul * known.stroke_nl * 1000 // known.burst_us * 9 // 10
        pulse_pa = min(pulse_pa, self.least_rise_pa)  # a soft path takes the burst in without showing it
        log_strokes = _FALSE_ALARM_BITS * _LN2_PERMILLE
        variance = 2 * noise_pa * noise_pa + breath_step_pa * breath_step_pa // 2
        self.pulse_resolved = pulse_pa > 2 * breath_step_pa
        self.no_pulse_half_pa = pulse_pa // 2
        self.no_pulse_sum_pa = _sum_limit(log_strokes, variance, self.no_pulse_half_pa)

        self.no_pulse_most_pa = self.no_pulse_half_pa + 2 * _root(variance)
        # The range that a pulse or its absence can produce; anything beyond was a cough and says nothing.
        greatest_pa = known.resistance_max_pa_s_per_ul * known.stroke_nl * 1000 // known.burst_us
        self.pulse_low_pa = -unlike_noise_pa
        self.pulse_high_pa = greatest_pa * 5 // 4 + unlike_noise_pa

        # A trough: (before + after)/2 - look, with the look half-way, so that breathing cancels except for its
        # curvature.
        trough_pa = pulse_pa * known.backflow_least_percent // 100
        bend_pa = breath_step_pa * breath_step_pa * 4 // (2 * known.breath_pa)
        variance = noise_pa * noise_pa * 3 // 2 + bend_pa * bend_pa // 2
        self.trough_half_pa = trough_pa // 2
        self.trough_sum_pa = _sum_limit(log_strokes, variance, self.trough_half_pa)
        self.trough_most_pa = self.trough_half_pa + 2 * _root(variance)

        # A stuck sensor: more repeated readings than chance makes in all strokes of a life, or, for the hint, when the
        # pulse is already missing.
        repeat_permille = min(_REPEAT_PERMILLE_COUNTS * 1000 // known.noise_millicounts, 900)
        self.stuck_readings = _tries(_FALSE_ALARM_BITS, repeat_permille)
        self.stuck_hint_readings = _tries(_FALSE_ALARM_BITS // 3, repeat_permille)
        # The level at which even a look in the trough of a breath and of the noise is above anything that a body makes.
        self.level_trip_pa = known.tip_high_pa + known.breath_pa + _SIGMAS * noise_pa
        # As many strokes in a row out of bounds as bouts of coughs do not make.
        self.drift_strokes = _tries(_FALSE_ALARM_BITS, 10 * known.cough_share_percent)
        roomy(self)

    def pa(self, counts):
        """A reading as pressure above ambient."""
        return (counts - self.known.zero_counts) * self.known.pa_per_kilocount // 1000


def _breath_pa(known, interval_us):
    """The most that breathing changes the pressure within `interval_us`: 2π·A/P·t, 2π as 44/7."""
    return 44 * known.breath_pa * (interval_us // 100) // (7 * (known.breath_us // 100))


def _looks(stay_us, hold_us, watch_us):
    """Delays after a stroke: even steps until a cough is over, then each half as long again, up to the watch's end."""
    delays = []
    delay_us = stay_us
    while delay_us < watch_us * 9 // 10:
        delays.append(delay_us)
        delay_us = delay_us + stay_us if delay_us < hold_us else delay_us * 3 // 2
    delays.append(watch_us)
    return tuple(delays)


def _sum_limit(log_permille, variance, half):
    return log_permille * variance // (2000 * half) if half > 0 else 1 << 29


def _tries(bits, permille):
    """How often in a row an event of this probability must occur to be rarer than 2^-bits. 2^10 is taken as 1000."""
    count = 0
    odds = 1 << bits
    while odds > 1:
        odds = odds * permille // 1000
        count += 1
    return count


def _root(value):
    root = 0
    while (root + 1) * (root + 1) <= value:
        root += 1
    return root

"""Events of the life, day by day, drawn from a seed: the patient's habits, the clinic's visits, and the faults.

40 U a day: 24 U of basal in six stretches, 16 U in three boluses. The pattern changes every quarter of a year. Volumes
are in mU, times in s of the day or days of the life. The days of refills, occlusions and clock changes differ by seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

DAYS = 2922  # eight years
DAY_S = 86_400
YEAR_DAYS = 365
QUARTER_DAYS = 91
PATTERN_HALF_HOURS = (0, 7, 14, 23, 34, 44, 48)
# mU/h, each from its half-hour on.
PATTERNS = {
    "A": (800, 1200, 1000, 950, 1100, 900),
    "B": (700, 1300, 1050, 950, 1100, 850),
    "C": (1000, 1050, 1000, 950, 1000, 1000),
    "D": (600, 1400, 1100, 900, 1050, 800),
}
BOLUSES = ((7 * 3600 + 1800, 6000), (12 * 3600 + 1800, 5000), (19 * 3600, 5000))
# Days between refills: from 45, the insulin's life in use, to 90, the implant's longest interval (SPEC THER-4).
# The lunch bolus is a square one on some days of the week and a dual one on others. Minutes of the spread part.
SQUARE_WEEKDAYS, DUAL_WEEKDAYS = (2, 5), (3,)
SQUARE_MIN = 120
DUAL_MU = (3000, 2000)
# Less basal for sport on one day of the week, more on another: day, second, kind, value, min. The percentage ends
# before the pattern changes, with or without summer time, because the device does not record a pattern change under a
# percentage.
TEMPS = ((6, 7 * 3600 + 2700, "percent", 70, 150), (1, 8 * 3600, "rate", 1450, 240))
# One day a month a closed loop recommends a rate every half hour. The last one lapses, and its alarm is acknowledged
# five minutes later.
LOOP_DAY, LOOP_S, LOOP_TIMES, LOOP_VALID_MIN = 30, 9 * 3600, 6, 45
LOOP_LAPSED_S = LOOP_S + 1800 * (LOOP_TIMES - 1) + 60 * LOOP_VALID_MIN + 300
LOOP_MU_PER_H = 1250
REFILL_DAYS = (45, 90)
# Contents of a reservoir of 15 ml after a fill once 2 ml have been taken back, weighed in syringes of 40 and 30 g.
LEFT_NL, TAKEN_BACK_NL, SYRINGE_MG = 14_500_000, 2_000_000, 40_000
REFILL_TAKES_S = 1200  # five steps
REFILL_S = 10 * 3600
# Values entered at every other step of a rinse and of the patency test after it: 1 ml, 1.5 kPa. Duration of a step.
RINSE_NL, PATENCY_PA, STEP_S = 1_000_000, 1500, 240
# Once a year the pump's strokes are counted into a pipette before the rinse, and the side port is flushed after it.
TEST_STROKES, PIPETTE_NL, FLUSHED_NL = 20, 10_000, 15_000_000
# Duration of the day's procedures. A rinse alone takes 1.5 to 2 hours (Saudek, NIH grant M01-RR000052 report).
CLINIC_DAY_S = 9 * 900
# Every four weeks: an hour of suspend, a percentage that is given up, a square bolus that is given up.
WEEKS_4, SUSPEND_DAY, GIVE_UP_TEMP_DAY, GIVE_UP_SQUARE_DAY = 28, 4, 11, 12
AFTERNOON_S, SUSPENDED_S = 15 * 3600, 3600
GIVEN_UP_TEMP = ("percent", 140, 120)
GIVE_UP_TEMP_AFTER_S, GIVE_UP_SQUARE_AFTER_S = 1800, 2700
OCCLUSIONS = 2
OCCLUDED_S = 6 * 3600  # until somebody has opened the catheter (assumption)
CONTACT_DAYS = 7
CONTACT_S = 20 * 3600
CLOCK_S = 3 * 3600  # when people put their clocks forward or back
# Encapsulation: the catheter's resistance grows to this multiple of its first value (assumption: nothing is published).
ENCAPSULATION = 20.0


@dataclass(frozen=True, slots=True)
class Plan:
    """The life: days of the special events, and the clock changes."""

    days: int
    refills: frozenset[int]
    rinses: frozenset[int]
    occlusions: dict[int, int]  # day: second of onset
    clock: dict[int, int]  # day: seconds by which the clock is moved

    def pattern(self, day: int) -> str:
        """Return the pattern of this day."""
        return "ABCD"[day // QUARTER_DAYS % 4]


def rates(pattern: str) -> tuple[int, ...]:
    """Return the 48 half-hour rates of a pattern, mU/h."""
    spans = zip(PATTERN_HALF_HOURS, PATTERN_HALF_HOURS[1:], PATTERNS[pattern], strict=False)
    return tuple(rate for first, end, rate in spans for _ in range(end - first))


def draw(days: int, seed: int) -> Plan:
    """Draw a plan for `days` days. Shorter lives begin the same, with their occlusions drawn within them."""
    random = Random(seed)
    refills: list[int] = []
    day = 0
    while (day := day + random.randint(*REFILL_DAYS)) < days:
        refills.append(day)
    rinses = {min((each for each in refills if each >= due), default=days) for due in range(YEAR_DAYS, days, YEAR_DAYS)}
    clock: dict[int, int] = {}
    for year in range(days // YEAR_DAYS + 1):
        # Forward in spring, back in autumn, and once a year a correction of some seconds because clocks drift.
        for at, seconds in ((85, 3600), (180, random.randint(-90, 90)), (300, -3600)):
            if year * YEAR_DAYS + at < days:
                clock[year * YEAR_DAYS + at] = seconds
    random = Random(f"{seed} occlusions")
    span = days // (OCCLUSIONS + 1)
    occlusions = {}
    for number in range(1, OCCLUSIONS + 1):
        occlusions[number * span + random.randint(0, span // 4)] = random.randint(0, DAY_S - 1)
    return Plan(days, frozenset(refills), frozenset(rinses - {days}), occlusions, clock)

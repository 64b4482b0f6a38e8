"""What happens in the life, day by day, drawn from a seed: the patient's habits, the clinic's visits, what goes wrong.

40 U a day: 24 U of basal in four stretches, 16 U in three boluses. Every quarter of a year another pattern. Volumes in
mU, times in s of the day or days of the life. The days of refills, occlusions and clock changes differ by seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

DAYS = 2922  # eight years
DAY_S = 86_400
YEAR_DAYS = 365
QUARTER_DAYS = 91
PATTERN_H = (0, 6, 12, 18)
# mU/h from each of PATTERN_H on; each sums up to 24 U.
PATTERNS = {
    "A": (800, 1200, 1000, 1000),
    "B": (700, 1300, 950, 1050),
    "C": (1000, 1000, 1000, 1000),
    "D": (600, 1400, 1100, 900),
}
BOLUSES = ((7 * 3600 + 1800, 6000), (12 * 3600 + 1800, 5000), (19 * 3600, 5000))
# Refills between 45 days, the insulin's life in use, and 90, the implant's longest interval (SPEC THER-4).
REFILL_DAYS = (45, 90)
REFILL_S = 10 * 3600
RINSE_S = 2 * 3600  # how long a rinse takes (Saudek, NIH grant M01-RR000052 report: 1.5 to 2 hours)
OCCLUSIONS = 2
OCCLUDED_S = 6 * 3600  # until somebody has seen to it (assumption)
CONTACT_DAYS = 7
CONTACT_S = 20 * 3600
CLOCK_S = 3 * 3600  # when people put their clocks forward or back
# Encapsulation: the catheter's resistance grows to so many times its first value (assumption: nothing is published).
ENCAPSULATION = 20.0


@dataclass(frozen=True, slots=True)
class Plan:
    """The life: days of the special events, and what the clock is put to."""

    days: int
    refills: frozenset[int]
    rinses: frozenset[int]
    occlusions: dict[int, int]  # day: second of onset
    clock: dict[int, int]  # day: seconds by which the clock is moved

    def pattern(self, day: int) -> str:
        """The pattern of this day."""
        return "ABCD"[day // QUARTER_DAYS % 4]


def draw(days: int, seed: int) -> Plan:
    """A plan for `days` days. Shorter lives have the same beginning, and their occlusions within them."""
    random = Random(seed)
    refills: list[int] = []
    day = 0
    while (day := day + random.randint(*REFILL_DAYS)) < days:
        refills.append(day)
    rinses = {min((each for each in refills if each >= due), default=days) for due in range(YEAR_DAYS, days, YEAR_DAYS)}
    clock: dict[int, int] = {}
    for year in range(days // YEAR_DAYS + 1):
        # Forward in spring, back in autumn, and once a year by some seconds because clocks go wrong.
        for at, seconds in ((85, 3600), (180, random.randint(-90, 90)), (300, -3600)):
            if year * YEAR_DAYS + at < days:
                clock[year * YEAR_DAYS + at] = seconds
    random = Random(f"{seed} occlusions")
    span = days // (OCCLUSIONS + 1)
    occlusions = {}
    for number in range(1, OCCLUSIONS + 1):
        occlusions[number * span + random.randint(0, span // 4)] = random.randint(0, DAY_S - 1)
    return Plan(days, frozenset(refills), frozenset(rinses - {days}), occlusions, clock)

"""Which basal rate is in force, and when the next change comes: by hand, pattern by the local clock, temporary rate,
recommendation, suspension.

docs/therapy.md, "Which rate is delivered". Times are the device's; percentages are rounded down to a whole mU/h.

Implements: THER-1, THER-2, THER-3, THER-7 (the oracle's side)
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hil.oracle.exact import HARD_BASAL_MU_PER_H, NEVER_US, US_PER_MIN, US_PER_S

BY_HAND = 255
HALF_HOURS = 48
HALF_HOUR_S = 1800
PRESET_MU_PER_H = 200


@dataclass
class Temp:
    """A temporary rate: mU/h, or percent of what is programmed."""

    percent: bool
    value: int
    until_us: int

    def of(self, programmed_mu_per_h: int) -> int:
        """What it makes of the programmed rate."""
        return programmed_mu_per_h * self.value // 100 if self.percent else self.value


@dataclass
class Programme:
    """The rates. `utc_at_zero_us` is UTC at the device's time 0 in µs; None: the clock is lost.

    `state` is the pump's; while suspended `least_mu_per_h` is delivered, or what is programmed at the time
    if that is less, times the percentage that was running if that lowered it.
    """

    utc_at_zero_us: int | None = None
    offset_min: int = 0
    pattern: int = BY_HAND
    by_hand_mu_per_h: int = 0
    rates: list[list[int]] = field(default_factory=lambda: [[PRESET_MU_PER_H] * HALF_HOURS for _ in range(4)])
    temp: Temp | None = None
    recommended_mu_per_h: int = 0
    recommended_until_us: int = NEVER_US
    max_mu_per_h: int = HARD_BASAL_MU_PER_H
    state: str = "running"
    least_mu_per_h: int = 0
    lowered_percent: int = 100

    def utc_us(self, now_us: int) -> int | None:
        """The wall clock in µs; None if it is lost."""
        return None if self.utc_at_zero_us is None else self.utc_at_zero_us + now_us

    def utc_s(self, now_us: int) -> int:
        """As the link shows it: whole seconds, 0 if the clock is lost."""
        utc_us = self.utc_us(now_us)
        return 0 if utc_us is None else utc_us // US_PER_S

    def set_clock(self, now_us: int, utc_s: int) -> None:
        """The wall clock shows `utc_s` from now on."""
        self.utc_at_zero_us = utc_s * US_PER_S - now_us

    def programmed(self, now_us: int) -> int:
        """By hand, or by the pattern; without a clock the pattern's least."""
        if self.pattern == BY_HAND:
            return self.by_hand_mu_per_h
        rates = self.rates[self.pattern]
        utc_us = self.utc_us(now_us)
        if utc_us is None:
            return min(rates)
        return rates[(utc_us + self.offset_min * US_PER_MIN) // (HALF_HOUR_S * US_PER_S) % HALF_HOURS]

    def in_force(self, now_us: int) -> int:
        """What is delivered."""
        if self.state == "suspended":
            # Safer is safer: at no time more than without the suspend, whatever the pattern does meanwhile.
            programmed = self.programmed(now_us) * self.lowered_percent // 100
            return min(self.least_mu_per_h, programmed, self.max_mu_per_h)
        if self.state != "running":
            return 0
        programmed = self.programmed(now_us)
        if self.temp is not None:
            rate = self.temp.of(programmed)
        elif self.recommended_until_us != NEVER_US:
            rate = self.recommended_mu_per_h
        else:
            rate = programmed
        return min(rate, self.max_mu_per_h)

    def day_mu(self) -> int:
        """What a day of basal brings as it is programmed, stopped or not; of a temporary rate if that is more."""
        rates = self.all_programmed()
        day = sum(rates) * 24 // len(rates)
        if self.temp is None:
            return day
        return max(day, day * self.temp.value // 100 if self.temp.percent else self.temp.value * 24)

    def all_programmed(self) -> list[int]:
        """Every rate that can be programmed without another order."""
        return [self.by_hand_mu_per_h] if self.pattern == BY_HAND else self.rates[self.pattern]

    def next_half_hour_us(self, now_us: int) -> int:
        """When the local clock next enters another half-hour, after `now_us`; never without a clock."""
        utc_us = self.utc_us(now_us)
        if utc_us is None:
            return NEVER_US
        slot_us = HALF_HOUR_S * US_PER_S
        return now_us + slot_us - (utc_us + self.offset_min * US_PER_MIN) % slot_us

    def next_change_us(self, now_us: int) -> int:
        """When something next ends or begins by itself, after `now_us`."""
        ends = self.next_half_hour_us(now_us) if self.pattern != BY_HAND else NEVER_US
        if self.temp is not None:
            ends = min(ends, self.temp.until_us)
        return min(ends, self.recommended_until_us)

    def lapse(self, now_us: int) -> list[str]:
        """End what has reached its end by now; which of "temp" and "recommendation"."""
        ended = []
        if self.temp is not None and self.temp.until_us <= now_us:
            self.temp = None
            ended.append("temp")
        if self.recommended_until_us <= now_us:
            self.recommended_until_us = NEVER_US
            ended.append("recommendation")
        return ended

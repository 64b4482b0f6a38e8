"""Messages that change delivery: basal, boluses, suspend and stop, patterns. One method per message.

Implements: HOST-3, THER-1, THER-2, THER-3, THER-7
"""

from __future__ import annotations

from collections.abc import Sequence

from firmware import protocol
from host.api.conversation import place_of
from host.api.prepared import Preparing
from host.records import (
    BasalChange,
    BolusCancelled,
    BolusStarted,
    DualStarted,
    Pattern,
    PatternCommitted,
    PatternSelected,
    Recommended,
    Resumed,
    Staged,
    Stopped,
    Suspended,
    TempCancelled,
    TempStarted,
)
from host.records.made import made


class Dosing(Preparing):
    """The messages that change delivery, and the patterns."""

    def set_basal(self, rate_mu_per_h: int) -> BasalChange:
        """Set the basal rate: 0 to 35000 mU/h in steps of 50."""
        return made(BasalChange, self.call("set_basal", rate_mu_per_h=rate_mu_per_h))

    def temp_basal(self, kind: str, value: int, duration_min: int) -> TempStarted:
        """Start a temporary basal for 30 to 1440 min: `kind` "rate" with mU/h, "percent" with 0 to 200."""
        place = place_of(kind, protocol.TEMPS)
        return made(TempStarted, self.call("temp_basal", kind=place, value=value, duration_min=duration_min))

    def cancel_temp(self) -> TempCancelled:
        """Go back to the programmed rate."""
        return made(TempCancelled, self.call("cancel_temp"))

    def recommend_rate(self, rate_mu_per_h: int, valid_min: int) -> Recommended:
        """Recommend a basal rate that lapses after 1 to 60 min unless renewed."""
        return made(Recommended, self.call("recommend_rate", rate_mu_per_h=rate_mu_per_h, valid_min=valid_min))

    def bolus(self, volume_mu: int) -> BolusStarted:
        """Start a normal bolus: up to 40000 mU, whole strokes."""
        return made(BolusStarted, self.call("bolus", volume_mu=volume_mu))

    def square_bolus(self, volume_mu: int, duration_min: int) -> BolusStarted:
        """Start a square bolus: whole strokes spread evenly over 30 to 480 min."""
        return made(BolusStarted, self.call("square_bolus", volume_mu=volume_mu, duration_min=duration_min))

    def dual_bolus(self, volume_mu: int, square_mu: int, duration_min: int) -> DualStarted:
        """Start a dual bolus: `volume_mu` at once, `square_mu` spread over 30 to 480 min."""
        return made(
            DualStarted, self.call("dual_bolus", volume_mu=volume_mu, square_mu=square_mu, duration_min=duration_min)
        )

    def cancel_bolus(self) -> BolusCancelled:
        """End the running bolus."""
        return made(BolusCancelled, self.call("cancel_bolus"))

    def suspend(self) -> Suspended:
        """End boluses and a temporary rate; basal goes on at the least rate of the settings."""
        return made(Suspended, self.call("suspend"))

    def stop(self) -> Stopped:
        """Stop delivery altogether after the stroke in progress."""
        return made(Stopped, self.call("stop"))

    def resume(self) -> Resumed:
        """Resume basal delivery."""
        return made(Resumed, self.call("resume"))

    def stage_pattern(self, pattern: str, rates_mu_per_h: Sequence[int]) -> Staged:
        """Stage 48 rates for pattern "A" to "D"; read them back, then commit."""
        rates = [{"rate_mu_per_h": each} for each in rates_mu_per_h]
        return made(Staged, self.call("stage_pattern", pattern=place_of(pattern, protocol.PATTERNS), rates=rates))

    def read_pattern(self, pattern: str, *, staged: bool = False) -> Pattern:
        """Return the 48 rates of a pattern, or those staged for it."""
        reply = self.call("read_pattern", pattern=place_of(pattern, protocol.PATTERNS), staged=staged)
        rates = tuple(each["rate_mu_per_h"] for each in reply["rates"])
        return Pattern(reply["fingerprint"], reply["day_mu"], rates)

    def commit_pattern(self, pattern: str, fingerprint: int) -> PatternCommitted:
        """Make the staged rates with this fingerprint the pattern's own."""
        place = place_of(pattern, protocol.PATTERNS)
        return made(PatternCommitted, self.call("commit_pattern", pattern=place, fingerprint=fingerprint))

    def select_pattern(self, pattern: str) -> PatternSelected:
        """Run this pattern by the local clock."""
        return made(PatternSelected, self.call("select_pattern", pattern=place_of(pattern, protocol.PATTERNS)))

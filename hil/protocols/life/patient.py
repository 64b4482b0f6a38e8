"""The plant of a whole life: a catheter that encapsulates slowly, faults that come and go, refills."""

from __future__ import annotations

from hil.plant import Fault, FaultyPlant, load_mechanism

NL = 1000  # pl


class Patient(FaultyPlant):
    """The implant mechanism in one body, without the short events of a day: coughs and postures have their own campaign
    (hil.protocols.occlusion), and would make the life three times as long to compute.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(load_mechanism(), seed, life="life")
        self._tau_at_first_us = self.tau_us
        self.filled_pl = self._reservoir_pl
        self.drawn_pl = 0
        self.pumped_pl = 0

    def encapsulate(self, factor: float, now_us: int) -> None:
        """The catheter's resistance is now `factor` times its first."""
        self.settle(now_us)
        self.tau_us = self._tau_at_first_us * factor

    def close_catheter(self, from_us: int) -> None:
        """It is blocked from then on, until clear()."""
        self._fault = Fault("occlusion", from_us)

    def refill(self, left_nl: int) -> int:
        """Draw everything out, fill in so much that `left_nl` stay; returns what was drawn, nl."""
        drawn_pl, self._reservoir_pl = self._reservoir_pl, left_nl * NL
        self.drawn_pl += drawn_pl
        self.filled_pl += left_nl * NL
        return drawn_pl // NL

    def stroke(self, start_us: int, steps: int, duration_us: int) -> int:
        """As FaultyPlant.stroke; what a stroke that is cut short does not push out stays in the reservoir."""
        if self._fault.kind == "none":
            return super().stroke(start_us, steps, duration_us)
        before_pl = self._reservoir_pl
        edge_us = super().stroke(start_us, steps, duration_us)
        self._reservoir_pl = before_pl - self.strokes.volume_pl[-1]
        return edge_us

    def forget_strokes(self) -> None:
        """Add up the strokes so far and forget each of them."""
        self.pumped_pl += sum(self.strokes.volume_pl)
        self.strokes.clear()

    @property
    def unaccounted_pl(self) -> int:
        """What was filled in and is neither in the reservoir nor drawn out nor pumped; 0 unless the books are wrong."""
        return self.filled_pl - self.drawn_pl - self._reservoir_pl - self.pumped_pl - sum(self.strokes.volume_pl)

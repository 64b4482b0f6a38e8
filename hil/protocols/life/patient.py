"""The plant of a whole life: a catheter that encapsulates slowly, intermittent faults, and refills."""

from __future__ import annotations

from hil.plant import Fault, FaultyPlant, load_mechanism

NL = 1000  # pl


class Patient(FaultyPlant):
    """The implant mechanism in one body, without short events such as coughs and changes of posture. Those have their
    own campaign (hil.protocols.occlusion) and would triple the computing time of the life.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(load_mechanism(), seed, life="life")
        self._tau_at_first_us = self.tau_us
        self.filled_pl = self._reservoir_pl
        self.drawn_pl = 0
        self.pumped_pl = 0

    def encapsulate(self, factor: float, now_us: int) -> None:
        """Set the catheter's resistance to `factor` times its first value."""
        self.settle(now_us)
        self.tau_us = self._tau_at_first_us * factor

    def close_catheter(self, from_us: int) -> None:
        """Block the catheter from then on, until clear()."""
        self._fault = Fault("occlusion", from_us)

    def refill(self, left_nl: int) -> int:
        """Draw everything out and fill in so much that `left_nl` stay. Returns the volume drawn, nl."""
        drawn_pl, self._reservoir_pl = self._reservoir_pl, left_nl * NL
        self.drawn_pl += drawn_pl
        self.filled_pl += left_nl * NL
        return drawn_pl // NL

    def stroke(self, start_us: int, steps: int, duration_us: int) -> int:
        """As FaultyPlant.stroke. The volume that a cut-short stroke does not push out stays in the reservoir."""
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
        """Volume filled in that is neither in the reservoir, drawn out nor pumped; 0 unless the accounts are wrong."""
        return self.filled_pl - self.drawn_pl - self._reservoir_pl - self.pumped_pl - sum(self.strokes.volume_pl)

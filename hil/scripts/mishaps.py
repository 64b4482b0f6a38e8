"""Mishaps in a random script: late, repeated and impossible orders, power cuts, faults of the clock.

Implements: HIL-5
"""

from __future__ import annotations

from firmware import protocol
from hil.backends.backed import EPOCH_S
from hil.scripts.play import SLOT_US, US_PER_S
from hil.scripts.writer import Writer

_ORDERS = {message.name for message in protocol.MESSAGES if message.changes_delivery}


class Mishaps(Writer):
    """Acts that nobody should do, and events that nobody wants."""

    def again(self) -> None:
        """Send the bytes of an earlier order again."""
        orders = [step for step in self.steps if step.what in _ORDERS]
        if orders:
            self.put("again", of_us=self.random.choice((orders[-1], self.random.choice(orders))).at_us)

    def late(self) -> None:
        """Send an order about as late as it may be, or later."""
        what, values = self.random.choice(
            (("bolus", {"volume_mu": self._dose_mu()}), ("set_basal", {"rate_mu_per_h": 0}))
        )
        self.put(what, **values, expires_after_us=self.random.choice((-1, 0, 1, -30 * US_PER_S, 660 * US_PER_S)))

    def odd(self) -> None:
        """Send something that is usually refused."""
        draw = self.random
        what, values = draw.choice((
            ("bolus", {"volume_mu": self._strokes_mu(3) + 1}), ("bolus", {"volume_mu": draw.choice((0, 40_001))}),
            ("set_basal", {"rate_mu_per_h": 35_050}), ("set_basal", {"rate_mu_per_h": 1_001}),
            ("temp_basal", {"kind": 1, "value": 201, "duration_min": 30}),
            ("temp_basal", {"kind": 0, "value": 1_001, "duration_min": 30}),
            ("temp_basal", {"kind": 0, "value": 1_000, "duration_min": 29}),
            ("square_bolus", {"volume_mu": self._strokes_mu(2), "duration_min": 481}),
            ("recommend_rate", {"rate_mu_per_h": 500, "valid_min": 61}),
            ("commit_pattern", {"pattern": draw.randint(0, 3), "fingerprint": 1}),
            ("answer_procedure", {"step": draw.randint(0, 5), "choice": 0, "value": 0}),
            ("interrupt_procedure", {"step": draw.randint(0, 5)}),
            ("start_procedure", {"procedure": draw.randint(1, 6)}), ("initialise_memory", {}),
            ("clear_fault", {"fault": 1}), ("acknowledge_alarm", {"alarm": draw.randint(1, 40)}),
            ("set_limits", {"max_basal_mu_per_h": 35_050, "max_bolus_mu": 1, "max_hour_mu": 1, "max_day_mu": 1}),
            ("record_refill", {"put_before_mg": 1, "put_after_mg": 150_000, "taken_back_nl": 0,
                               "drawn_before_mg": 1, "drawn_after_mg": 1}),
            ("set_time", {"utc_s": 1}),
        ))  # fmt: skip
        self.put(what, **values)

    def cut(self) -> None:
        """Take the power away for a while."""
        draw = self.random
        self.put("power_cut", off_s=draw.choice((0.001, 0.05, 1, 5, draw.randint(1, 120), draw.randint(60, 36_000))))
        self.free_us = self.player.now_us + SLOT_US
        if draw.random() < 0.5:
            self.look()

    def set_time(self) -> None:
        """Set the clock, right or wrong."""
        draw = self.random
        off_s = draw.choice((0, 1, -1, 60, -60, 3600, -3600, 90_000, -90_000, draw.randint(-400_000, 400_000), 10**8))
        self.put("set_time", utc_s=EPOCH_S + self.free_us // US_PER_S + off_s)

    def clock_fault(self) -> None:
        """Let the battery-backed clock lose its time, drift or jump."""
        draw = self.random
        what, values = draw.choice((
            ("clock_lost", {}), ("clock_rate", {"ppm": draw.choice((0, 20_000, -20_000, 200))}),
            ("clock_jump", {"by_s": draw.choice((1, -1, 3600, -3600, 90_000, -90_000, -10**8, 10**8))}),
        ))  # fmt: skip
        self.put(what, **values)
        if draw.random() < 0.5:
            self.put("power_cut", off_s=draw.choice((1, 5, 600)))
            self.free_us = self.player.now_us + SLOT_US

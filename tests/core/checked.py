"""A core that the exact model watches, behind the core's own interface: whatever is played on it is judged."""

from typing import Any

from c_ext.host import Core
from tests.core.pair import Pair


class CheckedCore:
    """c_ext.host.Core, each call through Pair. Raises AssertionError where the core departs from the model."""

    def __init__(
        self,
        stroke_nl: int,
        concentration_u_per_ml: int,
        spacing_us: int,
        motor: tuple[int, int, int, int],
        history: int,
        now_us: int,
    ) -> None:
        self.pair = Pair(Core, stroke_nl, concentration_u_per_ml, spacing_us, history, now_us, motor)

    def __getattr__(self, name: str) -> Any:
        """What only looks (next_us, state, limits, plan) needs no judge: Pair compares it after every call."""
        return getattr(self.pair.core, name)

    def settle(self, now_us: int) -> int:
        return self.pair.settle(now_us)

    def promise(self, now_us: int, back_us: int) -> bool:
        return self.pair.promise(now_us, back_us)

    def set_basal(self, now_us: int, rate_mu_per_h: int) -> int:
        return self.pair.request("set_basal", now_us, rate_mu_per_h)

    def plan_basal(self, now_us: int, boundary_us: int, rate_mu_per_h: int) -> int:
        return self.pair.request("plan_basal", now_us, boundary_us, rate_mu_per_h)

    def temp_basal(self, now_us: int, kind: int, value: int, duration_us: int) -> int:
        return self.pair.request("temp_basal", now_us, kind, value, duration_us)

    def cancel_temp(self, now_us: int) -> int:
        return self.pair.request("cancel_temp", now_us)

    def bolus(self, now_us: int, normal: int, square: int = 0, duration_us: int = 0) -> int:
        return self.pair.request("bolus", now_us, normal, square, duration_us)

    def cancel_bolus(self, now_us: int) -> int:
        return self.pair.request("cancel_bolus", now_us)

    def suspend(self, now_us: int) -> int:
        return self.pair.request("suspend", now_us)

    def resume(self, now_us: int) -> int:
        return self.pair.request("resume", now_us)

    def set_limits(self, *limits_mu: int) -> tuple[int, int]:
        code = self.pair.set_limits(*limits_mu)
        return code, self.pair.refused

    def permit(self, stroke: int) -> bool:
        return self.pair.permit(stroke)

    def stop(self, now_us: int, fault: int) -> None:
        self.pair.stop(now_us, fault)

    def service(self, now_us: int) -> int:
        return self.pair.service(now_us)

    def confirmed(self) -> None:
        self.pair.confirmed()

    def ended(self) -> None:
        self.pair.ended()

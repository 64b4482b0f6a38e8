"""What a basal schedule and a square bolus programme, for the check of raw strokes: rates and instants, in integers."""

from collections.abc import Mapping
from typing import NamedTuple

PERCENT = 100


class Command(NamedTuple):
    """A command as the device accepted it, or an abandonment it recorded.

    Names and values: set_basal {rate_mu_per_h}, plan_basal {boundary_us, rate_mu_per_h}, temp_basal {mode: "rate" or
    "percent", value, duration_us}, cancel_temp, bolus {volume_mu, square_mu, duration_us; what is left out is 0},
    cancel_bolus, suspend {rate_mu_per_h: at which the next commands let it go on, 0 if left out}, resume; stop (a
    fault; for what is owed the same as suspend); withheld (a cap took the stroke due: a normal bolus ends there, else
    one basal or square stroke); wake (the device looked, and changed nothing).
    """

    at_us: int
    name: str
    values: Mapping[str, int | str] = {}


class Schedule:
    """The basal rate in force, and what will change it: a planned boundary, the end of a temporary rate, a suspend."""

    def __init__(self) -> None:
        self.rate_mu_per_h = 0
        self.boundary: tuple[int, int] | None = None  # when, to which rate
        self.temp: tuple[str, int, int] | None = None  # mode, value, until
        self.suspended = False

    def in_force(self) -> int:
        """mU/h. A percentage is rounded down to whole mU/h; while suspended nothing is programmed."""
        if self.suspended:
            return 0
        if self.temp is None:
            return self.rate_mu_per_h
        mode, value, _ = self.temp
        return value if mode == "rate" else self.rate_mu_per_h * value // PERCENT

    def next_change_us(self) -> int | None:
        """When something changes by itself; None: never."""
        instants = [self.boundary[0]] if self.boundary else []
        return min(instants + ([self.temp[2]] if self.temp else []), default=None)

    def change(self, at_us: int) -> None:
        """What changes by itself at at_us has changed."""
        if self.boundary and self.boundary[0] == at_us:
            self.rate_mu_per_h, self.boundary = self.boundary[1], None
        if self.temp and self.temp[2] == at_us:
            self.temp = None

    def command(self, at_us: int, name: str, values: Mapping[str, int | str]) -> bool:
        """Carry out a command that changes it; False if this one does not. Raises ValueError for an unknown mode."""
        if name == "set_basal":
            self.rate_mu_per_h, self.boundary = int(values["rate_mu_per_h"]), None
        elif name == "plan_basal":
            self.boundary = (int(values["boundary_us"]), int(values["rate_mu_per_h"]))
        elif name == "temp_basal":
            mode = str(values["mode"])
            if mode not in ("rate", "percent"):
                raise ValueError(f"temp_basal at {at_us} us: mode {mode!r}, must be 'rate' or 'percent'")
            self.temp = (mode, int(values["value"]), at_us + int(values["duration_us"]))
        elif name == "cancel_temp":
            self.temp = None
        elif name == "resume":
            self.suspended = False
        elif name in ("suspend", "stop"):
            self.suspended, self.temp = True, None
        else:
            return False
        return True


class Square:
    """A square bolus: its k-th stroke of `count` is owed k/count of the duration after its start, rounded up to µs."""

    def __init__(self, start_us: int = 0, count: int = 0, duration_us: int = 1) -> None:
        self.start_us, self.count, self.duration_us = start_us, count, duration_us
        self.taken = 0

    @property
    def left(self) -> int:
        """Strokes still to come."""
        return self.count - self.taken

    def owed_from_us(self) -> int | None:
        """When the next stroke not taken is owed in full; None if there is none."""
        if self.taken == self.count:
            return None
        return self.start_us - (-(self.taken + 1) * self.duration_us // self.count)

    def owed_q(self, at_us: int, stroke_q: int) -> int:
        """What is owed at at_us and not taken, in quanta of which a stroke has stroke_q, rounded down."""
        elapsed_us = min(at_us - self.start_us, self.duration_us)
        return self.count * elapsed_us * stroke_q // self.duration_us - self.taken * stroke_q

"""The guided procedures as docs/procedures.md draws them, written down a second time.

A step has a name, the step or end that each of its choices leads to, the one that an interruption leads to (None: there
is none), the bounds of its input, the strokes of `go` (in nl; -1: as many as were entered at the step before) with
their ledger, whether these leave by the side port, what the reservoir holds once the step is entered and once it is
left, and whether entering it fills the catheter with buffer.

Implements: THER-5, THER-6 (the oracle's side)
"""

from __future__ import annotations

from typing import NamedTuple

COMPLETED, LEFT, UNFIT = "completed", "left", "unfit"
ENDS = (COMPLETED, LEFT, UNFIT)
CATHETER_NL = 32_500  # 13 U of U-400
VALVE_NL = 10_000  # 4 U
PATENCY_NL = 2_500  # 1 U
AS_ENTERED = -1
NL = 20_000_000


class Step(NamedTuple):
    """One step of a procedure."""

    name: str
    choices: tuple[str, ...]
    interrupt: str | None = None
    bounds: tuple[int, int] | None = None
    strokes_nl: int = 0
    ledger: str = ""
    side_port: bool = False
    enters: str = ""
    leaves: str = ""
    floods: bool = False


# By name: what the reservoir must hold, and the steps.
PROCEDURES: dict[str, tuple[tuple[str, ...], tuple[Step, ...]]] = {
    "refill": (
        ("insulin", "buffer", "empty"),
        (
            Step("prepare", ("withdraw",), LEFT),
            Step("withdraw", ("fill",), UNFIT, (0, NL), enters="empty"),
            Step("fill", ("take_back",), UNFIT, (1, NL)),
            Step("take_back", ("judge",), UNFIT, (0, 5_000_000), leaves="insulin"),
            Step("judge", (COMPLETED,)),
        ),
    ),
    "rinse": (
        ("insulin", "buffer", "naoh", "empty"),
        (
            Step("minimal_basal", ("needles",), LEFT),
            Step("needles", ("remove_insulin",), LEFT),
            Step("remove_insulin", ("fill_naoh",), UNFIT, (0, NL), enters="empty"),
            Step("fill_naoh", ("equalise_naoh",), "remove_naoh", (1, NL), enters="naoh"),
            Step("equalise_naoh", ("pull_naoh",), "remove_naoh"),
            Step("pull_naoh", ("drawn_naoh",), "remove_naoh", None, VALVE_NL, "naoh", True),
            Step("drawn_naoh", ("soak_naoh", "pull_naoh"), "remove_naoh", (0, 5_000_000)),
            Step("soak_naoh", ("remove_naoh",), "remove_naoh"),
            Step("remove_naoh", ("fill_buffer",), None, (0, NL)),
            Step("fill_buffer", ("equalise_buffer",), UNFIT, (1, NL), enters="buffer"),
            Step("equalise_buffer", ("pull_buffer",), UNFIT),
            Step("pull_buffer", ("drawn_buffer",), UNFIT, None, VALVE_NL, "buffer", True),
            Step("drawn_buffer", ("remove_buffer", "pull_buffer"), UNFIT, (0, 5_000_000)),
            Step("remove_buffer", ("fill_insulin",), UNFIT, (0, NL)),
            Step("fill_insulin", ("equalise_insulin",), UNFIT, (1, NL), enters="empty"),
            Step("equalise_insulin", ("pull_insulin",), UNFIT),
            Step("pull_insulin", ("drawn_insulin",), UNFIT, None, VALVE_NL, "insulin_test", True),
            Step("drawn_insulin", ("take_back", "pull_insulin"), UNFIT, (0, 5_000_000)),
            Step("take_back", ("remove_needles",), UNFIT, (0, 5_000_000), leaves="insulin"),
            Step("remove_needles", ("new_basal",)),
            Step("new_basal", (COMPLETED,)),
        ),
    ),
    "flush": (
        ("insulin",),
        (
            Step("prepare", ("displace",), LEFT),
            Step("displace", ("flush",), "wash_out", floods=True),
            Step("flush", ("wash_out",), "wash_out", (0, NL), floods=True),
            Step("wash_out", (COMPLETED,), COMPLETED, None, CATHETER_NL, "buffer"),
        ),
    ),
    "stroke_volume": (
        ("insulin",),
        (
            Step("prepare", ("count",), LEFT),
            Step("count", ("strokes",), LEFT, (10, 100)),
            Step("strokes", ("read",), LEFT, None, AS_ENTERED, "insulin_test", True),
            Step("read", ("remove", "count"), "remove", (0, 100_000)),
            Step("remove", (COMPLETED,)),
        ),
    ),
    "patency": (
        ("insulin",),
        (
            Step("prepare", ("strokes",), LEFT),
            Step("strokes", ("watch",), LEFT, None, PATENCY_NL, "diagnostic"),
            Step("watch", (COMPLETED, COMPLETED, COMPLETED, "strokes"), LEFT, (-20_000, 140_000)),
        ),
    ),
}
NAMES = ("none", *PROCEDURES)
CONTENTS = ("insulin", "buffer", "naoh", "empty")

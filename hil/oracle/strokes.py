"""DOSE-1 on raw strokes: was the pump ever ahead, ever late, and is anything missing?

check() works from the strokes that the bench saw on the motor pins and from the commands that the device accepted, and
from nothing else. It shares no code and no method with the scheduler. The scheduler advances a due time from stroke to
stroke; here the programmed volume is integrated again from the last command, by the oracle's own rates and accounts.

The oracle's judge predicts each stroke of a whole pump in logical time. This check takes the strokes as they came, from
any board that may start them a little late, and says how far off they were.

It is enough to look at events (strokes and commands): between two of them owed is a straight line that never falls. Its
least value lies just after an event and its greatest just before one, and both are taken. A stroke that ought to have
started between two events shows at the later one, as lateness.

owed.py keeps the account: what is owed, and when a stroke is late.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from hil.oracle.commands import Command
from hil.oracle.exact import Q_PER_UU
from hil.oracle.owed import Ledger, OwedReport

__all__ = ["Command", "OwedReport", "check"]


def _ascending(times_us: Iterable[int], what: str) -> None:
    last_us = 0
    for at_us in times_us:
        if at_us < last_us:
            raise ValueError(f"{what} at {at_us} us follows one at {last_us} us: times must not run back from 0 on")
        last_us = at_us


def check(
    strokes_start_us: Sequence[int],
    commands: Sequence[Command],
    *,
    stroke_uu: int,
    spacing_us: int,
    end_us: int,
    tolerance_us: int = 0,
) -> OwedReport:
    """Judge strokes (start times, µs, ascending) against accepted commands (ascending) up to end_us.

    A stroke may start up to tolerance_us late: 0 in logical time, 50 on a board (DOSE-6).

    stroke_uu is the programmed volume of a stroke, spacing_us the least time from start to start. Before the first
    command nothing is programmed. A stroke and a command at the same µs: the stroke came first if it was owed then.
    A stroke due at end_us itself may be there or not.

    Raises ValueError for times that run back, a command that is not known, or strokes after end_us.
    Implements: DOSE-1, DOSE-2, DOSE-4, DOSE-5 (as the bench's own check)
    """
    _ascending(strokes_start_us, "stroke")
    _ascending((command.at_us for command in commands), "command")
    if strokes_start_us and strokes_start_us[-1] > end_us:
        raise ValueError(f"stroke at {strokes_start_us[-1]} us lies after the end of the run at {end_us} us")
    ledger = Ledger(stroke_uu, spacing_us, tolerance_us)
    upcoming = 0
    count = len(strokes_start_us)
    for command in commands:
        if command.at_us > end_us:
            break
        while upcoming < count:
            at_us = strokes_start_us[upcoming]
            if at_us > command.at_us:
                break
            if at_us == command.at_us:
                ledger.advance(at_us)
                allowed_us = ledger.allowed_us()
                if allowed_us > at_us:
                    break
            ledger.stroke(at_us)
            upcoming += 1
        ledger.command(command)
    for at_us in strokes_start_us[upcoming:]:
        ledger.stroke(at_us)
    ledger.nothing_missing(end_us, "end of run")
    report = ledger.report
    report.min_owed_uu = Fraction(ledger.min_q, Q_PER_UU)
    report.max_owed_uu = Fraction(ledger.max_q, Q_PER_UU)
    if report.min_owed_uu < 0:
        report.violation_count += 1
        report.violations.append(f"ahead: owed fell to {float(report.min_owed_uu):.6f} uU")
    return report

"""The bench's own check of raw strokes: in which order it takes them and the commands, and what it refuses."""

from __future__ import annotations

import pytest

from tests.oracle.hand import S
from tests.oracle.raw import BASAL_5, EVERY_US, bolus, command, judged

pytestmark = pytest.mark.req("DOSE-1", "DOSE-4")


def test_a_stroke_and_a_command_at_the_same_microsecond() -> None:
    stop = command(EVERY_US, "stop")
    assert judged([EVERY_US], [BASAL_5, stop], 200 * S).passed and judged([], [BASAL_5, stop], 200 * S).passed
    assert judged([EVERY_US, EVERY_US + 2 * S], [BASAL_5, bolus(EVERY_US, 200)], 200 * S).passed, (
        "basal, then the bolus"
    )
    assert judged([EVERY_US - 1, EVERY_US + 2 * S - 1], [BASAL_5, bolus(EVERY_US - 1, 200)], 200 * S).passed
    assert judged([0, 2 * S], [bolus(0, 400)], 10 * S).passed, "nothing was owed before the command"


def test_commands_after_the_end_are_not_looked_at_and_strokes_after_it_are_refused() -> None:
    assert judged([], [BASAL_5, command(200 * S + 1, "pray")], 100 * S).passed
    with pytest.raises(ValueError, match="command 'pray' at 5 us"):
        judged([], [command(5, "pray")], 5)
    assert judged([100 * S], [bolus(100 * S, 200)], 100 * S).passed
    with pytest.raises(ValueError, match="stroke at 101 us lies after the end of the run at 100 us"):
        judged([101], [], 100)
    with pytest.raises(ValueError, match="stroke at -1 us follows one at 0 us"):
        judged([-1], [], 100)
    with pytest.raises(ValueError, match="command at 4 us follows one at 5 us"):
        judged([], [command(5, "wake"), command(4, "wake")], 100)
    assert judged([], [command(5, "wake"), command(5, "wake")], 100).passed


def test_the_last_stroke_counts_for_the_end() -> None:
    with pytest.raises(ValueError, match="stroke at 101 us lies after"):
        judged([50, 101], [], 100)
    assert judged([50, 100], [], 100).strokes == 2

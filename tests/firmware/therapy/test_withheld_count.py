"""The count of strokes that a cap took, from which the alarm is raised: exact, whenever power goes."""

from __future__ import annotations

import pytest

from firmware import dose_codes as code
from tests.firmware.hand import SECOND_US, Hand, alarms

pytestmark = pytest.mark.req("GUARD-1", "STORE-2", "STORE-5")


def withheld(hand: Hand) -> int:
    return int(hand.core.state()[code.STROKES_WITHHELD])


def at_the_cap() -> Hand:
    """Three strokes of a bolus are out, and a cap of three was set meanwhile; the fourth is due."""
    hand = Hand()
    hand.pump.boluses.bolus(2000)
    hand.live(5 * SECOND_US)
    assert hand.core.set_limits(35_000, 40_000, 600, 150_000) == (0, 0)
    hand.pump.books.store()
    due_us = hand.core.next_us()
    hand.core.promise(hand.now_us, due_us)
    hand._pass(due_us)
    return hand


@pytest.mark.parametrize("cut", ["as it is due", "once it is withheld", "once that is entered", "once that is stored"])
@pytest.mark.parametrize("off_us", [10, 5 * SECOND_US, 7200 * SECOND_US])
def test_a_stroke_that_a_cap_took_is_counted_once(cut: str, off_us: int) -> None:
    hand = at_the_cap()
    if cut != "as it is due":
        assert hand.core.service(hand.now_us) == 2
    if cut in ("once that is entered", "once that is stored"):
        hand.core.settle(hand.now_us)
        assert withheld(hand) == 1
    if cut == "once that is stored":
        hand.pump.books.store()
    after = hand.restarted(off_us)
    assert withheld(after) == 1
    assert after.core.state()[code.GUARD_COMMANDED] == 3
    assert withheld(after.restarted()) == 1, "and the next life does not count it again"


@pytest.mark.req("ALARM-2")
@pytest.mark.parametrize("cut", ["as it is due", "once it is withheld", "once that is stored"])
@pytest.mark.parametrize("off_us", [10, 5 * SECOND_US, 7200 * SECOND_US])
def test_it_raises_its_alarm_in_the_life_that_finds_it_and_in_no_other(cut: str, off_us: int) -> None:
    hand = at_the_cap()
    if cut != "as it is due":
        assert hand.core.service(hand.now_us) == 2
    if cut == "once that is stored":
        hand.core.settle(hand.now_us)
        hand.pump.books.store()
    after = hand.restarted(off_us)
    assert "hourly_maximum_exceeded" in alarms(after)
    assert "hourly_maximum_exceeded" in alarms(after.restarted())
    after.live(after.now_us + 2 * 3600 * SECOND_US)
    after.pump.alarms.acknowledge_alarm(13)
    assert "hourly_maximum_exceeded" not in alarms(after.restarted())


def test_the_supervisor_may_look_late() -> None:
    """The cap may have freed by then: the count tells all the same."""
    hand = at_the_cap()
    assert hand.core.service(hand.now_us) == 2
    state = hand.core.state(hand.now_us + 4000 * SECOND_US)
    assert (state[code.STROKES_WITHHELD], state[code.HOUR_USED]) == (1, 0)

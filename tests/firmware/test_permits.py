"""How far ahead strokes are permitted: never the one after a stroke that is not over (STORE-1, STORE-2)."""

import pytest

from firmware import dose_codes as code
from firmware import events
from tests.firmware.hand import BURST_US, Hand


class Watched(Hand):
    """A pump whose records are looked at: `ahead` is how far each permits beyond the strokes that are over."""

    def __init__(self):
        super().__init__()
        self.ahead = []
        self.short = []  # was it a stroke's own record?
        save = self.pump._memory._journal.save

        def watched(only_stroke=False):
            state = self.core.state()
            over = state[code.GUARD_COMMANDED] - state[code.IN_FLIGHT]
            self.ahead.append(self.pump.record.permitted - over)
            self.short.append(only_stroke)
            save(only_stroke)

        self.pump._memory._journal.save = watched

    def stroke(self):
        """The next stroke begins, as the interrupt has it."""
        self.now_us = max(self.now_us, self.core.next_us())
        assert self.core.service(self.now_us) == 1

    def over(self):
        self.now_us += BURST_US
        self.core.confirmed()
        self.core.ended()


@pytest.mark.req("STORE-1", "STORE-2")
@pytest.mark.parametrize("next_begins", [False, True])
def test_a_stroke_that_an_order_has_entered_is_not_counted_again_by_its_event(next_begins):
    """A stroke is over amid an order, whose record gives the next permit. With fine strokes the next one has begun
    before the event of the first is taken in."""
    pump = Watched()
    pump.core.bolus(pump.now_us, 5)
    pump.stroke()
    pump.over()
    pump.pump.books.store()  # the order's
    if next_begins:
        pump.stroke()
    pump.core.settle(pump.now_us)
    pump.pump.handle(events.STROKE)
    assert max(pump.ahead) == 1
    if not next_begins:
        pump.stroke()
    pump.over()
    pump.core.settle(pump.now_us)
    pump.pump.handle(events.STROKE)
    assert max(pump.ahead) == 1
    assert pump.pump.books.strokes == 2
    assert pump.core.next_us() > 0, "and the third is permitted"


@pytest.mark.req("STORE-1", "STORE-4")
def test_each_stroke_of_a_quiet_pump_is_one_record():
    pump = Watched()
    pump.core.bolus(pump.now_us, 3)
    for _ in range(3):
        pump.stroke()
        pump.over()
        pump.core.settle(pump.now_us)
        before = len(pump.ahead)
        pump.pump.handle(events.STROKE)
        assert len(pump.ahead) == before + 1
        assert pump.short[-1], "of what the stroke has changed, and no more"
    assert set(pump.ahead) == {1}


@pytest.mark.req("STORE-1")
@pytest.mark.parametrize("order", [False, True])
def test_a_record_between_a_stroke_and_its_event_permits_the_next_and_is_one(order):
    """What is in memory is what the core is given: never a permit that no record has."""
    pump = Watched()
    pump.core.bolus(pump.now_us, 5)
    pump.stroke()
    pump.over()
    pump.core.settle(pump.now_us)
    assert pump.core.next_us() < 0, "the second is not permitted yet"
    pump.ahead.clear()
    if order:
        pump.pump.therapy.set_basal(100)
    else:
        pump.pump.books.store()
    assert pump.ahead == [1]
    assert pump.core.next_us() > 0

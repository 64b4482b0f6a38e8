"""What a flood on the line costs, and that whoever is at the pump gets in while it lasts (SEC-4)."""

from __future__ import annotations

import pytest

from firmware import protocol
from firmware.link.door import HELLO, OPEN
from tests.firmware.session.guarded import SCHEMA, Guarded
from tests.session.programmer import Programmer

pytestmark = pytest.mark.req("SEC-4")


def flooded(pump: Guarded, frames: int = 40) -> int:
    """Hellos and forged openings within a second; how many were answered."""
    return sum(
        pump.take(HELLO, SCHEMA) is not None or pump.take(OPEN, bytes([1]) + bytes(48)) is not None
        for _ in range(frames)
    )


def test_at_most_four_plain_answers_come_in_a_second() -> None:
    pump = Guarded()
    pump.provision()
    pump.pass_s(2)
    assert flooded(pump) == 4
    assert pump.take(0x02, bytes(24)) is None, "what is of no session is not answered then"


def test_with_presence_the_card_gets_in_during_a_flood_and_without_it_after() -> None:
    pump = Guarded()
    card = pump.provision()
    pump.pass_s(2)
    flooded(pump)
    assert pump.take(HELLO, SCHEMA) is None
    pump.present = True
    found = pump.take(HELLO, SCHEMA)
    assert found is not None
    programmer = pump.programmer(card, 0, "card")
    opened = pump.take(OPEN, programmer.opening(found[1][10:]))
    assert opened is not None and opened[0] == OPEN | 0x80
    programmer.opened(opened[1])
    assert "at_us" in pump.ask(programmer, "stop")
    pump.present = False
    flooded(pump)
    pump.pass_s(61)
    assert isinstance(pump.connect(card, 0, "card"), Programmer)


def test_a_flood_is_one_event_an_hour_and_every_opening_is_counted() -> None:
    pump = Guarded()
    pump.provision()
    for _ in range(20):
        pump.pass_s(10)
        flooded(pump, 5)
    assert len(pump.events(protocol.EVENT_OPENINGS_REFUSED)) == 1
    assert pump.commands.counters.openings_refused >= 20

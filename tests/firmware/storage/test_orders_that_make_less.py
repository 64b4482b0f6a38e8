"""Orders that make less: they need no time, no life and no memory, and never make more. All others do."""

from __future__ import annotations

import pytest

from firmware import protocol
from tests.firmware.desk import BY_NAME, Desk
from tests.firmware.hand import SECOND_US
from tests.firmware.storage.running_pump import running

MINUTE_US = 60 * SECOND_US
ORDERS = [message for message in protocol.MESSAGES if message.changes_delivery]
pytestmark = pytest.mark.req("LINK-2")


# What makes less.
@pytest.mark.req("THER-3", "STORE-1")
@pytest.mark.parametrize("name", protocol.SAFE)
def test_what_makes_less_needs_no_time_no_life_and_no_memory(name: str) -> None:
    for failing in (False, True):
        desk = running()
        desk.ask("bolus", volume_mu=2000)
        desk.hand.live(5 * SECOND_US)
        desk.hand.memory.failing = failing
        answer = desk.ask(name, life=0, expires_us=0)
        assert isinstance(answer, dict), (answer, failing)
        strokes = len(desk.hand.strokes_us)
        desk.hand.live(desk.hand.now_us + MINUTE_US)
        assert len(desk.hand.strokes_us) <= strokes + 1
        assert desk.send(desk.frames[-1]) == answer


@pytest.mark.req("THER-3")
@pytest.mark.parametrize("wrong", ["nothing", "no clock", "taken id", "memory"])
@pytest.mark.parametrize("name", protocol.SAFE)
def test_what_makes_less_is_done_in_the_first_frame_of_a_session(name: str, wrong: str) -> None:
    """No clock, no expiry, an id that another order has: less comes of it all the same."""
    desk = running()
    desk.ask("bolus", volume_mu=2000, command_id=7)
    desk.hand.live(5 * SECOND_US)
    fresh = Desk(desk.hand)
    if wrong == "no clock":
        desk.hand.rtc.now_s = None
        desk.hand.wall.lose(1)
    elif wrong == "memory":
        desk.hand.memory.absent = True
    order = {"command_id": 7} if wrong == "taken id" else {}
    answer = fresh.ask(name, life=0, expires_us=0, **order)
    assert isinstance(answer, dict), answer
    strokes = len(desk.hand.strokes_us)
    desk.hand.live(desk.hand.now_us + MINUTE_US)
    assert len(desk.hand.strokes_us) <= strokes + 1


@pytest.mark.req("THER-3", "LINK-2")
@pytest.mark.parametrize("name", protocol.SAFE)
def test_what_makes_less_and_comes_again_never_makes_more(name: str) -> None:
    """Captured and played again, in this life or the next, in this session or another: nothing is delivered by it."""
    desk = running()
    desk.ask("set_basal", rate_mu_per_h=1000)
    desk.ask("bolus", volume_mu=2000)
    frame = desk.frame(name, life=0, expires_us=0)
    first = desk.send(frame)
    assert isinstance(first, dict)
    for other in (Desk(desk.hand), desk):
        assert other.send(frame) == first
    before = desk.ask("status")
    desk = Desk(desk.hand.restarted())
    for _ in range(40):  # as many others that the table forgets the first
        desk.ask(name, life=0, expires_us=0)
    desk.send(frame)
    after = desk.ask("status")
    assert after["state"] == before["state"] and after["in_force_mu_per_h"] == before["in_force_mu_per_h"]
    assert after["bolus_remaining_mu"] == 0


@pytest.mark.parametrize("name", [message.name for message in ORDERS if message.name not in protocol.SAFE])
def test_everything_else_needs_this_life_its_time_and_a_memory(name: str) -> None:
    from tests.firmware.link.test_commands import usual

    desk = running()
    values = usual(BY_NAME[name]) | {"expires_us": desk.hand.now_us + SECOND_US}
    before = desk.ask("status")
    if name != "initialise_memory":
        assert desk.ask(name, **values | {"command_id": 1, "life": desk.pump.orders.life + 1}) == "other_life"
        assert desk.ask(name, **values | {"command_id": 1, "life": 0}) == "other_life"
    values["life"] = desk.pump.orders.life
    desk.hand.live(desk.hand.now_us + SECOND_US + 1)
    assert desk.ask(name, **values | {"command_id": 1}) == "expired"
    values["expires_us"] = desk.hand.now_us
    after = desk.ask("status")
    changed = {each for each in after if after[each] != before[each]}
    assert changed <= {"now_us", "newest_event", "frames_good", "requests_refused", "next_due_us", "utc_s"}, changed

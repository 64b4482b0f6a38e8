"""Each order is done once at most, whatever is repeated, delayed, cut off or sent by somebody else in between."""

from __future__ import annotations

import random

import pytest

from firmware import protocol
from firmware.storage.orders import ENTRIES, HOLDS_US
from tests.firmware.desk import BY_NAME, Desk
from tests.firmware.hand import SECOND_US, Hand
from tests.firmware.storage.running_pump import running

MINUTE_US = 60 * SECOND_US
DAY_US = 86_400 * SECOND_US
pytestmark = pytest.mark.req("LINK-2")


def test_an_order_comes_again_after_another_one() -> None:
    desk = running()
    first = desk.ask("bolus", volume_mu=400)
    again = desk.frames[-1]
    desk.hand.live(5 * SECOND_US)
    desk.ask("set_basal", rate_mu_per_h=1000)
    for _ in range(3):
        assert desk.send(again) == first
    desk.hand.live(9 * SECOND_US)
    assert desk.booked_mu == 400 and len(desk.hand.strokes_us) == 2
    assert desk.commands.counters.orders_repeated == 3


def test_every_order_of_the_last_ten_minutes_is_answered_as_before() -> None:
    desk = running()
    said = []
    for number in range(ENTRIES - 1):
        answer = desk.ask(
            "set_basal" if number % 3 else "bolus", **({"rate_mu_per_h": 0} if number % 3 else {"volume_mu": 200})
        )
        said.append((desk.frames[-1], answer))
        desk.hand.live(desk.hand.now_us + 100_000)
    booked = desk.booked_mu
    random.Random(1).shuffle(said)
    for frame, answer in said:
        assert desk.send(frame) == answer
    assert desk.booked_mu == booked


@pytest.mark.parametrize("clock_lost", [False, True])
@pytest.mark.parametrize("gone_us", [SECOND_US, MINUTE_US, 30 * DAY_US])
def test_an_order_comes_again_after_a_power_cut(gone_us: int, clock_lost: bool) -> None:
    desk = running()
    first = desk.ask("bolus", volume_mu=400, expires_us=desk.hand.now_us + HOLDS_US)
    done = desk.frames[-1]
    never_sent = desk.frame("bolus", volume_mu=600, expires_us=desk.hand.now_us + HOLDS_US)
    desk.hand.live(5 * SECOND_US)
    for _ in range(3):
        desk = desk.restarted(gone_us, clock_lost=clock_lost)
        assert desk.send(done) == first
        assert desk.send(never_sent) == "other_life"
        assert desk.booked_mu == 400
        desk.hand.live(desk.hand.now_us + 9 * SECOND_US)
        assert not desk.hand.strokes_us


@pytest.mark.parametrize("ahead_us", [HOLDS_US + 1, 11 * MINUTE_US, 1 << 62, protocol.NEVER_US])
def test_an_order_that_would_hold_too_long_is_never_done(ahead_us: int) -> None:
    desk = running()
    expires_us = min(desk.hand.now_us + ahead_us, protocol.NEVER_US)
    frame = desk.frame("bolus", volume_mu=400, expires_us=expires_us)
    reply_id, reply = desk.commands.handle(*frame)
    refusal = protocol.decode(protocol.REFUSAL, reply)
    assert (reply_id, refusal["code"], refusal["limit"]) == (protocol.REFUSAL_ID, protocol.HOLDS_TOO_LONG, HOLDS_US)
    assert BY_NAME["bolus"].request[refusal["field_index"]].name == "expires_us"
    for _ in range(2 * ENTRIES):
        desk.ask("bolus", volume_mu=300, expires_us=protocol.NEVER_US)
    for _ in range(20):
        desk.hand.live(desk.hand.now_us + 50 * SECOND_US)
        assert desk.send(frame) in ("holds_too_long", "other_life", "expired")
    assert desk.booked_mu == 0
    assert isinstance(desk.ask("bolus", volume_mu=400), dict)


def test_a_refused_order_is_refused_for_good() -> None:
    desk = running()
    desk.ask("bolus", volume_mu=400)
    assert desk.ask("bolus", volume_mu=600) == "bolus_active"
    refused = desk.frames[-1]
    assert isinstance(desk.ask("cancel_bolus"), dict)
    assert desk.send(refused) == "bolus_active"
    assert desk.restarted().send(refused) == "bolus_active"
    assert desk.booked_mu == 400


def test_two_programmers() -> None:
    """The reply to the first's bolus is lost, the second orders something, the first repeats."""
    desk = running()
    desk.ask("bolus", volume_mu=400)
    frame = desk.frames[-1]
    other = Desk(desk.hand)
    other.ask("set_basal", rate_mu_per_h=500)
    assert desk.send(frame)["strokes"] == 2
    assert other.send(frame)["strokes"] == 2
    assert desk.booked_mu == 400


def test_an_id_that_is_taken_is_not_another_orders() -> None:
    desk = running()
    desk.ask("bolus", volume_mu=200, command_id=7)
    assert desk.ask("bolus", volume_mu=5000, command_id=7) == "id_taken"
    assert desk.ask("set_basal", rate_mu_per_h=1000, command_id=7) == "id_taken"
    assert desk.restarted().ask("bolus", volume_mu=5000, command_id=7) == "id_taken"
    assert desk.booked_mu == 200


def test_an_order_of_before_a_memory_was_initialised() -> None:
    desk = running()
    before = desk.ask("bolus", volume_mu=400)
    frame = desk.frames[-1]
    desk.hand.live(5 * SECOND_US)
    lives = {desk.pump.orders.life}
    for address in range(desk.hand.memory.size_bytes):
        desk.hand.memory.cells[address] ^= 0x55
    desk = Desk(Hand(desk.hand.memory, desk.hand.rtc))
    assert desk.send(frame) == "memory_failed"
    assert isinstance(desk.ask("initialise_memory"), dict)
    assert desk.send(desk.frames[-1])["at_us"] == desk.hand.now_us
    lives.add(desk.pump.orders.life)
    assert isinstance(desk.ask("resume"), dict)
    assert desk.send(frame) == "other_life"
    assert desk.settle(frame) == "forgotten"
    assert before and desk.booked_mu == 0 and len(lives) == 2 and 0 not in lives
    assert isinstance(desk.ask("bolus", volume_mu=200), dict)


def test_a_frame_of_another_pump() -> None:
    one, other = running(), running()
    other.pump.orders._life += 1  # drawn, on a board with entropy
    one.ask("bolus", volume_mu=400)
    assert other.send(one.frames[-1]) == "other_life"


def test_more_orders_than_are_remembered() -> None:
    """What is forgotten is refused; programmers that ask for the time go on, however long the orders hold."""
    desk = running()
    frames = []
    for number in range(5 * ENTRIES):
        frame = desk.frame("set_basal", rate_mu_per_h=50 * (number % 7), expires_us=desk.hand.now_us + HOLDS_US)
        assert isinstance(desk.send(frame), dict)
        frames.append(frame)
    accepted = len(log(desk, protocol.EVENT_ACCEPTED))
    answers = [desk.send(frame) for frame in frames]
    assert all(isinstance(answer, dict) for answer in answers[-ENTRIES:])
    assert set(map(str, answers[:-ENTRIES])) == {"other_life"}
    assert len(log(desk, protocol.EVENT_ACCEPTED)) == accepted


def log(desk: Desk, event: int) -> list[dict[str, int]]:
    return [each for each in desk.pump.reports.read_log(0, 10_000)["events"] if each["event"] == event]


def test_random_orders_repeats_cuts_and_programmers() -> None:
    """A thousand steps: no frame is ever done twice, and each is answered as it was the first time or refused."""
    for seed in range(4):
        draw = random.Random(f"orders {seed}")
        desk = running()
        said: dict[tuple[int, bytes], object] = {}
        accepted = 0
        for _ in range(250):
            what = draw.random()
            if what < 0.05:
                desk = desk.restarted(draw.choice((SECOND_US, MINUTE_US, DAY_US)), clock_lost=draw.random() < 0.3)
            elif what < 0.55 or not said:
                ahead_us = draw.choice((SECOND_US, 30 * SECOND_US, HOLDS_US, HOLDS_US + 5 * SECOND_US))
                frame = desk.frame(
                    "set_basal", rate_mu_per_h=50 * draw.randrange(4), expires_us=desk.hand.now_us + ahead_us
                )
                if draw.random() < 0.3:
                    said[frame] = desk.settle(frame)
                    assert said[frame] == "void"
                else:
                    said[frame] = desk.send(frame)
                    accepted += isinstance(said[frame], dict)
            else:
                frame = draw.choice(list(said))
                answer = desk.send(frame)
                assert answer in (said[frame], "other_life", "expired", "voided"), (seed, answer)
                if said[frame] != "void":
                    assert answer != "voided"
                    assert desk.settle(frame) in (said[frame], "forgotten") or not isinstance(said[frame], dict)
            desk.hand.live(desk.hand.now_us + draw.choice((0, 1000, SECOND_US, 20 * SECOND_US)))
        assert len(log(desk, protocol.EVENT_ACCEPTED)) == accepted + 1, seed

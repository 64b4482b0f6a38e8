"""The physical route of a lost card: presence held for ten minutes, heard all the while, gives one new card."""

from __future__ import annotations

import pytest

from firmware import protocol
from firmware.link.door import OPEN
from firmware.protocol import ROLE_CARD
from tests.firmware.hand import SECOND_US
from tests.firmware.ram import PowerCut
from tests.firmware.session.guarded import PROVISIONING_SLOT, Guarded, key_of
from tests.session.programmer import Programmer

pytestmark = pytest.mark.req("SEC-2", "SEC-4")
SEED = bytes(range(32))


def owner() -> tuple[Guarded, bytes, Programmer]:
    """A pump with a card and a patient's programmer."""
    pump = Guarded()
    card = pump.provision()
    holder = opened(pump.connect(card, 0, "card"))
    key, slot = pump.enrol(holder, "patient")
    return pump, card, pump.programmer(key, slot, "patient")


def opened(found: Programmer | str) -> Programmer:
    assert isinstance(found, Programmer), found
    return found


def ask(pump: Guarded) -> Programmer | str:
    """Somebody opens a session with the key that everybody knows."""
    return pump.connect(bytes(32), PROVISIONING_SLOT, "provisioning")


def waited(pump: Guarded, seconds: int, each_s: int = 10) -> Programmer | str:
    """Ask, and again each `each_s`, for so long; what came of the last time."""
    found = ask(pump)
    for _ in range(seconds // each_s):
        if isinstance(found, Programmer):
            break
        pump.pass_s(each_s - 1)  # hello itself takes a second
        found = ask(pump)
    return found


def holds(pump: Guarded) -> list[int]:
    return [detail for detail, _ in pump.events(protocol.EVENT_PRESENCE_HELD)]


def test_presence_held_for_ten_minutes_gives_one_new_card_and_voids_the_old_one() -> None:
    pump, card, patient = owner()
    basal = pump.hand.pump.status()["basal_rate_mu_per_h"]
    pump.present = True
    begun_us = pump.hand.now_us
    maker = opened(waited(pump, 620))
    assert 600 * SECOND_US <= pump.hand.now_us - begun_us <= 615 * SECOND_US
    device_id = pump.keyring.device_id()
    made = pump.ask(maker, "provision", seed=SEED)
    anew = key_of(made)
    assert anew != card and pump.keyring.device_id() == device_id
    assert pump.connect(card, 0, "card") == "not_open"
    holder = opened(pump.connect(anew, 0, "card"))
    assert pump.ask(maker, "provision", seed=SEED) == "already_provisioned", "one card, once"
    assert opened(pump.open(patient)), "the programmers stay"
    assert pump.hand.pump.status()["state"] == protocol.STATE_RUNNING, "therapy is untouched"
    assert pump.hand.pump.status()["basal_rate_mu_per_h"] == basal
    assert holds(pump) == [protocol.HOLD_BEGUN, protocol.HOLD_LONG_ENOUGH]
    assert pump.events(protocol.EVENT_ENROLLED)[-1] == (0, ROLE_CARD)
    assert ask(pump) == "not_open", "one card: for another it is ten minutes more"
    pump.pass_s(61)
    assert isinstance(holder, Programmer)
    again = pump.restarted()
    assert again.connect(card, 0, "card") == "not_open"
    again.present = True
    assert opened(again.connect(anew, 0, "card"))


def test_it_sounds_each_second_from_the_beginning_to_the_end() -> None:
    pump, _, _ = owner()
    pump.present = True
    silent = len(pump.hand.tones_ms)
    assert ask(pump) == "not_open"
    for second in range(1, 600):
        pump.pass_s(1)
        assert len(pump.hand.tones_ms) - silent >= second
    pump.present = False
    pump.pass_s(2)
    silent = len(pump.hand.tones_ms)
    pump.pass_s(120)
    assert len(pump.hand.tones_ms) == silent


@pytest.mark.parametrize("at_s", [1, 30, 599])
def test_presence_let_go_for_a_moment_begins_anew(at_s: int) -> None:
    pump, card, _ = owner()
    pump.present = True
    ask(pump)
    pump.pass_s(at_s - 1)
    pump.present = False
    pump.pass_s(1)
    pump.present = True
    assert holds(pump) == [protocol.HOLD_BEGUN, protocol.HOLD_LET_GO]
    assert isinstance(waited(pump, 590), str)
    assert isinstance(waited(pump, 30), Programmer)
    assert holds(pump) == [protocol.HOLD_BEGUN, protocol.HOLD_LET_GO, protocol.HOLD_BEGUN, protocol.HOLD_LONG_ENOUGH]
    assert card


def test_a_reset_in_between_begins_anew() -> None:
    pump, card, _ = owner()
    pump.present = True
    assert isinstance(waited(pump, 590), str)
    pump = pump.restarted()
    pump.present = True
    assert isinstance(waited(pump, 590), str)
    assert isinstance(waited(pump, 30), Programmer)
    assert pump.connect(card, 0, "card") == "not_open" or card, "until it is made the old card holds"


def test_the_old_card_and_a_clinician_hold_until_the_new_card_is_made() -> None:
    pump, card, patient = owner()
    pump.present = True
    opened(waited(pump, 620))
    assert opened(pump.connect(card, 0, "card")) and opened(pump.open(patient))


def test_without_somebody_who_asks_or_without_presence_nothing_begins() -> None:
    pump, _, _ = owner()
    pump.present = True
    pump.hello()
    silent = len(pump.hand.tones_ms)
    pump.pass_s(700)
    assert len(pump.hand.tones_ms) == silent and ask(pump) == "not_open", "held, but nobody has asked"
    pump = owner()[0]
    assert isinstance(waited(pump, 700), str) and holds(pump) == []
    pump.present = True
    pump.hello()  # presence counts for a minute elsewhere, and not here
    pump.present = False
    assert ask(pump) == "not_open" and holds(pump) == []


def test_it_must_be_used_within_a_minute() -> None:
    pump, _, _ = owner()
    pump.present = True
    ask(pump)
    pump.pass_s(605)
    pump.present = False
    pump.pass_s(30)
    assert isinstance(ask(pump), Programmer)
    pump.pass_s(35)
    assert ask(pump) == "not_open"
    late = owner()[0]
    late.present = True
    ask(late)
    late.pass_s(605)
    maker = opened(ask(late))
    late.present = False
    late.pass_s(70)
    assert late.ask(maker, "provision", seed=SEED) == "already_provisioned"


def test_a_flood_meanwhile_changes_nothing() -> None:
    pump, card, _ = owner()
    pump.present = True
    ask(pump)
    for second in range(610):
        pump.pass_s(1)
        if second < 598:
            for _ in range(3):
                pump.take(OPEN, bytes([PROVISIONING_SLOT]) + bytes(48))
                pump.take(OPEN, bytes([0]) + bytes(48))
                pump.take(OPEN, b"")
    made = pump.ask(opened(ask(pump)), "provision", seed=SEED)
    assert opened(pump.connect(key_of(made), 0, "card")) and pump.connect(card, 0, "card") == "not_open"
    assert holds(pump) == [protocol.HOLD_BEGUN, protocol.HOLD_LONG_ENOUGH]


def test_a_button_that_is_played_with_does_not_fill_the_log() -> None:
    pump, _, _ = owner()
    for _ in range(100):
        pump.present = True
        ask(pump)
        pump.present = False
        pump.pass_s(2)
    assert len(holds(pump)) <= 9


def test_a_jump_of_the_clock_does_not_count_as_held() -> None:
    pump, _, _ = owner()
    pump.present = True
    ask(pump)
    pump.pass_s(100)
    pump.hand.now_us += 600 * SECOND_US  # and nobody has looked
    assert ask(pump) == "not_open"
    assert isinstance(waited(pump, 590), str)
    assert isinstance(waited(pump, 20), Programmer)


def test_setting_the_wall_clock_does_not_count_as_held() -> None:
    pump, card, patient = owner()
    pump.present = True
    ask(pump)
    pump.ask(opened(pump.open(patient)), "set_time", utc_s=1_800_000_000, offset_min=0)
    pump.pass_s(5)
    assert ask(pump) == "not_open" and card


def test_a_memory_that_fails_leaves_the_old_card_and_costs_no_second_ten_minutes() -> None:
    pump, card, _ = owner()
    pump.present = True
    maker = opened(waited(pump, 620))
    pump.hand.memory.failing = True
    assert pump.ask(maker, "provision", seed=SEED) == "memory_failed"
    pump.hand.memory.failing = False
    assert opened(pump.connect(card, 0, "card"))
    made = pump.ask(opened(ask(pump)), "provision", seed=SEED)
    assert opened(pump.connect(key_of(made), 0, "card"))


def test_power_is_cut_at_every_write_of_it() -> None:
    for write in range(1, 40):
        pump, card, patient = owner()
        pump.present = True
        ask(pump)
        pump.pass_s(605)
        maker = opened(ask(pump))
        pump.hand.memory.cut_write, pump.hand.memory.cut_bytes = len(pump.hand.memory.writes) + write, 7
        made = None
        try:
            made = key_of(pump.ask(maker, "provision", seed=SEED))
        except PowerCut:
            pass
        pump.hand.memory.cut_write = 0
        pump = pump.restarted()
        pump.present = True
        assert opened(pump.open(patient))
        if made is not None:
            assert opened(pump.connect(made, 0, "card")) and pump.connect(card, 0, "card") == "not_open"
            return
        if pump.connect(card, 0, "card") == "not_open":  # the new one was stored, and nobody knows it: once more
            assert isinstance(waited(pump, 620), Programmer)
    raise AssertionError("it never ended")

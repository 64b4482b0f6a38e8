"""What anybody on the link can cause in the log: told at once, then counted; therapy is not pushed out of it."""

from __future__ import annotations

import pytest

from firmware import protocol
from firmware.link.visitors import Sparing
from tests.firmware.desk import BY_NAME, Desk
from tests.firmware.hand import SECOND_US

HOUR_US = 3600 * SECOND_US
pytestmark = pytest.mark.req("LOG-2")


def told(desk: Desk) -> list[tuple[str, int, int, int]]:
    events = desk.pump.reports.read_log(0, 10_000)["events"]
    return [(protocol.EVENTS[each["event"]], each["detail"], each["a"], each["b"]) for each in events]


def count(desk: Desk, event: str) -> int:
    return sum(1 for each in told(desk) if each[0] == event)


def test_sparing_counts_what_it_does_not_tell() -> None:
    sparing = Sparing(3, 10)
    assert [sparing.told(0) for _ in range(6)] == [1, 1, 1, 0, 0, 0]
    assert sparing.told(9) == 0
    assert sparing.told(10) == 5
    assert sparing.told(11) == 0
    assert [sparing.told(1000) for _ in range(4)] == [2, 1, 1, 0]


@pytest.mark.req("LOG-1")
def test_a_programmer_that_polls_is_told_once_and_counted() -> None:
    desk = Desk()
    first = count(desk, "connected")
    assert first == 1
    writes = len(desk.hand.memory.writes)
    for _ in range(100):
        desk.opens()
        for question in ("status", "read_time", "read_log", "read_deliveries"):
            desk.ask(
                question,
                **({"since_number": 0, "max_count": 1} if question == "read_log" else {})
                | ({"since_id": 0, "max_count": 1} if question == "read_deliveries" else {}),
            )
    assert count(desk, "connected") == 1 and len(desk.hand.memory.writes) == writes
    desk.hand.live(2 * HOUR_US + SECOND_US)
    desk.opens()
    assert [each for each in told(desk) if each[0] == "connected"][-1] == ("connected", 1, 101, 0)


@pytest.mark.req("LOG-1")
def test_refused_orders_are_told_one_by_one_then_counted() -> None:
    desk = Desk()
    for number in range(1000):
        assert desk.ask("bolus", volume_mu=200 * number + 1) in ("not_whole_strokes", "hard_limit")
    assert count(desk, "refused") == 32
    desk.hand.live(HOUR_US + SECOND_US)
    desk.ask("bolus", volume_mu=1)
    bolus = BY_NAME["bolus"].id
    assert [each for each in told(desk) if each[0] == "refused"][-1] == ("refused", bolus, 1, 969)


def test_repeats_and_settling_write_nothing_into_the_log() -> None:
    desk = Desk()
    desk.ask("set_basal", rate_mu_per_h=1000)
    frame, before = desk.frames[-1], told(desk)
    for _ in range(50):
        desk.send(frame)
        desk.settle(frame)
    assert told(desk) == before
    assert desk.ask("status")["alarms"] == 0


def test_a_day_of_floods_leaves_the_day_before_in_the_log() -> None:
    """The development boards' 32 KiB: whatever comes over the link, therapy of the days before is still there."""
    desk = Desk()
    desk.ask("set_basal", rate_mu_per_h=1000)
    first = desk.pump.reports.read_log(0, 1)["events"][0]["number"]
    for _ in range(24):
        for _ in range(60):
            desk.opens()
            desk.opens()
            desk.ask("bolus", volume_mu=1)
            desk.send((BY_NAME["bolus"].id, b""))
        desk.hand.live(desk.hand.now_us + HOUR_US)
    log = desk.pump.reports.read_log(0, 10_000)["events"]
    assert log[0]["number"] == first and len(log) < 150


# Auto-off.


@pytest.mark.req("THER-3")
@pytest.mark.parametrize(
    ("name", "values", "counts"),
    [
        ("read_time", {}, False),
        ("status", {}, False),
        ("bolus", {"volume_mu": 1}, False),
        ("set_basal", {"rate_mu_per_h": 0, "expires_us": 0}, False),
        ("recommend_rate", {"rate_mu_per_h": 500, "valid_min": 60}, False),
        ("set_basal", {"rate_mu_per_h": 1000}, True),
        ("bolus", {"volume_mu": 200}, True),
        ("acknowledge_alarm", {"alarm": 7}, True),
    ],
)
def test_only_what_a_person_does_keeps_auto_off_away(name: str, values: dict[str, int], counts: bool) -> None:
    desk = Desk()
    settings = desk.ask("read_settings")
    desk.ask("set_settings", **settings | {"auto_off_min": 120})
    desk.ask("set_basal", rate_mu_per_h=1000)
    last_us = desk.hand.now_us
    repeat = desk.frames[-1]
    for _ in range(7):
        desk.hand.live(desk.hand.now_us + 20 * 60 * SECOND_US)
        if name == "acknowledge_alarm":
            desk.pump.alarms.raise_alarm("communication_error")
        desk.ask(name, **values)
        desk.send(repeat)
    state = protocol.STATES[desk.ask("status")["state"]]
    assert desk.hand.now_us > last_us + 2 * HOUR_US
    assert state == ("running" if counts else "stopped")


@pytest.mark.req("THER-3")
def test_auto_off_goes_on_over_resets() -> None:
    desk = Desk()
    desk.ask("set_settings", **desk.ask("read_settings") | {"auto_off_min": 120})
    desk.ask("set_basal", rate_mu_per_h=1000)
    for _ in range(3):
        desk.hand.live(desk.hand.now_us + 35 * 60 * SECOND_US)
        desk = desk.restarted()
    assert protocol.STATES[desk.ask("status")["state"]] == "running"
    desk.hand.live(desk.hand.now_us + 16 * 60 * SECOND_US)
    assert protocol.STATES[desk.ask("status")["state"]] == "stopped"

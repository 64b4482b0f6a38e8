"""Every order that is carried out is in the log, by name, with the figures that rebuild what it has changed."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import dose_codes, events, protocol
from firmware.protocol import refill
from firmware.protocol.alarms import BY_NAME as ALARMS
from tests.firmware.desk import Desk
from tests.firmware.hand import SECOND_US, deliveries, refused

pytestmark = pytest.mark.req("LOG-1", "LOG-2")


def entries(desk: Desk, event: int = protocol.EVENT_ACCEPTED) -> list[tuple[Any, ...]]:
    """(name of the message, a, b, c, d) of what was logged, the oldest first."""
    log = desk.pump.reports.read_log(0, 10_000)["events"]
    return [
        (protocol.BY_ID[each["detail"]].name, each["a"], each["b"], each["c"], each["d"])
        for each in log
        if each["event"] == event
    ]


def last(desk: Desk) -> tuple[Any, ...]:
    log = desk.pump.reports.read_log(0, 10_000)["events"]
    assert log[-1]["event"] == protocol.EVENT_ACCEPTED and log[-1]["category"] == protocol.CATEGORY_COMMAND
    assert [each["number"] for each in log] == list(range(1, len(log) + 1))
    assert log[-1]["reason"] == 0, "an order has none"
    return entries(desk)[-1]


def test_every_order_of_therapy_is_logged_with_its_figures() -> None:
    desk = Desk()
    done: list[tuple[Any, ...]] = []

    def order(name: str, *figures: int, **values: Any) -> dict[str, Any]:
        reply = desk.ask(name, **values)
        assert isinstance(reply, dict), (name, reply)
        assert last(desk) == (name, *figures, *(0,) * (4 - len(figures)))
        done.append(last(desk))
        return reply

    number = desk.pump.books.deliveries
    order("set_basal", 1250, rate_mu_per_h=1250)
    order("select_pattern", 2, pattern=2)
    order("set_basal", 700, rate_mu_per_h=700)
    order("temp_basal", protocol.TEMP_RATE, 2000, 45, kind=protocol.TEMP_RATE, value=2000, duration_min=45)
    order("cancel_temp", number.stretch_id)
    order("temp_basal", protocol.TEMP_PERCENT, 150, 30, kind=protocol.TEMP_PERCENT, value=150, duration_min=30)
    desk.hand.live(desk.hand.now_us + 1801 * SECOND_US)
    order("recommend_rate", 900, 17, rate_mu_per_h=900, valid_min=17)
    reply = order("bolus", number._newest_id + 1, 400, volume_mu=400)
    desk.hand.live(desk.hand.now_us + 10 * SECOND_US)
    order("square_bolus", reply["delivery_id"] + 1, 600, 33, volume_mu=600, duration_min=33)
    order("cancel_bolus", 0, reply["delivery_id"] + 1)
    both = order("dual_bolus", number._newest_id + 1, 800, 1000, 60, volume_mu=800, square_mu=1000, duration_min=60)
    order("cancel_bolus", both["delivery_id"], both["square_id"])
    order("suspend", 200)
    order("resume", 700)
    order("stop")
    assert entries(desk) == done
    assert not entries(desk, protocol.EVENT_REFUSED)


def test_every_order_of_a_clinician_is_logged_with_its_figures() -> None:
    desk = Desk()
    desk.ask("stage_pattern", pattern=1, rates=[{"rate_mu_per_h": 50 * (each % 4)} for each in range(48)])
    staged = desk.ask("read_pattern", pattern=1, staged=True)
    reply = desk.ask("commit_pattern", pattern=1, fingerprint=staged["fingerprint"])
    day_mu = 12 * 50 * (0 + 1 + 2 + 3) // 2
    assert last(desk) == ("commit_pattern", 1, 4800, day_mu, 0) and reply["day_mu"] == day_mu
    desk.ask("set_limits", max_basal_mu_per_h=9000, max_bolus_mu=8000, max_hour_mu=20_000, max_day_mu=70_000)
    assert last(desk) == ("set_limits", 9000, 8000, 20_000, 70_000)
    desk.ask("set_time", utc_s=1_800_000_000)
    assert last(desk) == ("set_time", 1_800_000_000, 0, 0, 0)
    clock_set = desk.pump.reports.read_log(0, 10_000)["events"][-2]
    assert (clock_set["event"], clock_set["a"], clock_set["b"]) == (
        protocol.EVENT_CLOCK_SET, 1_767_225_600, 1_800_000_000,
    )  # fmt: skip
    settings = desk.ask("read_settings")
    desk.ask("set_settings", **settings | {"auto_off_min": 600, "utc_offset_min": -90, "stroke_tone": True})
    assert last(desk) == ("set_settings", 3, 0, 0, 0)
    changed = [each for each in desk.pump.reports.read_log(0, 10_000)["events"] if each["event"] == 23]
    names = [field.name for field in protocol.SETTINGS]
    told = {names[each["detail"]]: (each["a"], each["b"]) for each in changed}
    assert told == {"auto_off_min": (0, 600), "utc_offset_min": (0, 2**32 - 90), "stroke_tone": (0, 1)}
    desk.ask("set_settings", **settings)
    assert last(desk)[0] == "set_settings"
    weights = {"put_before_mg": 17_085, "put_after_mg": 2_010, "taken_back_nl": 0}
    desk.ask("record_refill", **weights, drawn_before_mg=1, drawn_after_mg=1)
    assert last(desk) == ("record_refill", 15_000_000, 0, 0, refill.FIRST)
    desk.pump.alarms.raise_alarm("communication_error")
    desk.ask("acknowledge_alarm", alarm=ALARMS["communication_error"].number)
    assert last(desk) == ("acknowledge_alarm", ALARMS["communication_error"].number, 0, 0, 0)
    desk.ask("stop")
    desk.ask("start_procedure", procedure=4)
    assert last(desk) == ("start_procedure", 4, 0, 0, 0)
    desk.ask("answer_procedure", step=0, choice=0, value=0)
    assert last(desk) == ("answer_procedure", 0, 0, 0, 0)
    step = desk.ask("read_procedure")["step"]
    desk.ask("interrupt_procedure", step=step)
    assert last(desk) == ("interrupt_procedure", step, 0, 0, 0) and step


def test_a_fault_and_its_end_are_logged_with_the_counts() -> None:
    desk = Desk()
    desk.ask("bolus", volume_mu=1000)
    desk.hand.live(desk.hand.now_us + 60 * SECOND_US, confirm=False)
    desk.ask("clear_fault", fault=dose_codes.FAULT_COUNT)
    assert last(desk) == ("clear_fault", dose_codes.FAULT_COUNT, 0, 0, 0)
    log = desk.pump.reports.read_log(0, 10_000)["events"]
    found = {each["event"]: each for each in log if each["category"] == protocol.CATEGORY_MALFUNCTION}
    assert found[protocol.EVENT_FAULT]["detail"] == dose_codes.FAULT_COUNT
    cleared = found[protocol.EVENT_FAULT_CLEARED]
    assert (cleared["detail"], cleared["a"], cleared["b"]) == (dose_codes.FAULT_COUNT, 2, 0)
    assert cleared["reason"] == found[protocol.EVENT_FAULT]["reason"] == 0


@pytest.mark.req("DOSE-3", "DOSE-5", "THER-3")
def test_what_a_suspend_gives_up_is_told_and_booked_ledger_by_ledger() -> None:
    """A temporary rate, a square and a normal bolus, each with strokes that wait."""
    desk = Desk()
    desk.ask("set_limits", max_basal_mu_per_h=35_000, max_bolus_mu=40_000, max_hour_mu=60_000, max_day_mu=500_000)
    desk.ask("temp_basal", kind=protocol.TEMP_RATE, value=30_000, duration_min=30)
    desk.ask("dual_bolus", volume_mu=20_000, square_mu=10_000, duration_min=30)
    desk.hand.live(100 * SECOND_US)
    before = desk.ask("status")
    reply = desk.ask("suspend")
    after = desk.ask("status")
    desk.hand.live(desk.hand.now_us + 2 * SECOND_US)
    ended = [each for each in deliveries(desk.hand) if each["reason"] == protocol.REASON_SUSPENDED]
    given_up = {each["kind"]: each["abandoned_strokes"] for each in ended}
    # Owed by the rate in 100 s: 4; none of them was made, for the bolus goes first.
    assert given_up[protocol.KIND_TEMP_BASAL] == 30_000 * 100 // 3600 // 200 == 4
    assert given_up[protocol.KIND_DUAL_SQUARE] == 50 and 0 < given_up[protocol.KIND_DUAL_NORMAL] < 100
    assert reply["abandoned_strokes"] == sum(given_up.values())
    assert after["strokes_abandoned"] - before["strokes_abandoned"] == sum(given_up.values())
    assert desk.hand.pump.status()["strokes_abandoned"] == sum(given_up.values())


@pytest.mark.req("THER-2")
@pytest.mark.parametrize("kind", ["bolus", "square_bolus"])
def test_no_bolus_begins_before_the_last_stroke_of_one_of_its_kind_is_booked(kind: str) -> None:
    """The core has ended it, the supervisor has not seen it yet: the other kind may begin, the same may not."""
    desk = Desk()
    hand = desk.hand
    values = {"bolus": {"volume_mu": 200}, "square_bolus": {"volume_mu": 200, "duration_min": 30}}
    first = desk.ask(kind, **values[kind])
    hand.live(hand.core.next_us() - 1)
    hand.now_us = hand.core.next_us()
    hand.core.promise(hand.now_us, hand.now_us + SECOND_US)
    assert hand.core.service(hand.now_us) == 1
    hand.core.confirmed()
    hand.core.ended()
    hand.now_us += SECOND_US
    hand.core.settle(hand.now_us)
    other = next(each for each in values if each != kind)
    boluses = hand.pump.boluses
    refused(lambda: getattr(boluses, kind)(**values[kind]), protocol.BOLUS_ACTIVE)
    refused(lambda: boluses.dual_bolus(200, 200, 30), protocol.BOLUS_ACTIVE)
    assert isinstance(desk.ask(other, **values[other]), dict)
    hand.pump.handle(events.STROKE)
    assert isinstance(desk.ask(kind, **values[kind]), dict)
    hand.live(hand.now_us + 3600 * SECOND_US)
    made = [each for each in deliveries(hand) if each["programmed_mu"] == 200]
    assert [each["delivered_strokes"] for each in made] == [1, 1, 1] and made[0]["id"] == first["delivery_id"]

"""The books: an end is true with its last stroke, an order that memory does not take leaves nothing behind."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import events, protocol
from tests.firmware.between.pump import FaultyNvm
from tests.firmware.desk import Desk
from tests.firmware.hand import BURST_US, SECOND_US, Hand, alarms, deliveries
from tests.firmware.link.test_log_of_orders import entries

MINUTE_US = 60 * SECOND_US


def stroke(hand: Hand) -> None:
    """The next stroke, and its event."""
    hand.now_us = max(hand.now_us, hand.core.next_us())
    hand.core.promise(hand.now_us, hand.now_us + MINUTE_US)
    assert hand.core.service(hand.now_us) == 1
    hand.now_us += BURST_US
    hand.core.confirmed()
    hand.core.ended()
    hand.core.settle(hand.now_us)
    hand.pump.handle(events.STROKE)


def logged(hand: Hand, event: int) -> list[dict[str, Any]]:
    return [each for each in hand.pump.reports.read_log(0, 10_000)["events"] if each["event"] == event]


@pytest.mark.req("STORE-2", "LOG-1", "DOSE-3")
def test_a_bolus_that_is_over_stays_so_when_power_goes_right_after_its_last_stroke() -> None:
    hand = Hand()
    hand.pump.boluses.bolus(400)
    stroke(hand)
    stroke(hand)
    ended = [(each["a"], each["c"], each["reason"]) for each in logged(hand, protocol.EVENT_DELIVERY_ENDED)]
    after = hand.restarted()
    told = [each for each in logged(after, protocol.EVENT_DELIVERY_ENDED) if each["detail"] == 1]
    assert [(each["a"], each["c"], each["reason"]) for each in told] == ended[-1:], "once, as it was told"
    assert told[0]["reason"] == protocol.REASON_COMPLETED
    assert not after.pump.record.normal_running and not [
        each for each in deliveries(after) if each["kind"] == protocol.KIND_NORMAL_BOLUS
    ]


@pytest.mark.req("STORE-1", "DOSE-3")
def test_a_stroke_that_is_over_while_its_forerunner_is_written_down_gets_the_next_permit() -> None:
    """On a board the interrupt does not wait for the memory: what is permitted is the stroke after the latest."""
    hand = Hand()
    hand.pump.boluses.bolus(1000)
    stroke(hand)
    save, core = hand.journal.save, hand.core
    second: list[int] = []

    def save_slowly(only_stroke: bool = False) -> None:
        save(only_stroke)
        if not second:
            second.append(core.over())
            assert core.permit(core.over() + 1)  # the record just written, as the supervisor's own call gives it
            hand.now_us = max(hand.now_us, core.next_us())
            core.promise(hand.now_us, hand.now_us + MINUTE_US)
            assert core.service(hand.now_us) == 1
            core.confirmed()
            core.ended()

    hand.journal.save = save_slowly  # type: ignore[method-assign]
    hand.now_us += 1
    hand.pump.books.store()
    assert second and hand.pump.record.permitted == core.over() + 1
    assert core.next_us() > 0, "and it is permitted"


def faulty() -> tuple[Desk, FaultyNvm]:
    memory = FaultyNvm()
    return Desk(Hand(memory)), memory


@pytest.mark.req("STORE-1", "STORE-5", "THER-3", "LOG-1")
def test_an_order_that_memory_does_not_take_is_no_act_of_a_person_and_leaves_nothing() -> None:
    """Auto-off counts from the last order that was carried out; pattern, rate and id are as before it."""
    desk, memory = faulty()
    hand, record = desk.hand, desk.pump.record
    desk.ask("set_basal", rate_mu_per_h=1000)
    desk.ask("set_settings", **desk.ask("read_settings") | {"auto_off_min": 600})
    done = record.command_id
    before = (record.pattern, record.manual_mu_per_h, record.contact_us)
    hand.live(hand.now_us + MINUTE_US)
    for name, values in (
        ("set_basal", {"rate_mu_per_h": 2000}),
        ("select_pattern", {"pattern": 1}),
        ("set_time", {"utc_s": 1_800_000_000}),
    ):
        tried = memory.tried
        memory.bad = lambda number: number > tried + 3  # noqa: B023 - the order's own entry is taken, what follows not
        answer = desk.ask(name, **values)
        memory.bad = lambda number: False
        assert answer == "memory_failed"
        assert (record.pattern, record.manual_mu_per_h, record.contact_us) == before, name
        assert record.command_id == done, name
    assert [each for each in entries(desk) if each[0] == "set_basal"] == [("set_basal", 1000, 0, 0, 0)]
    assert not logged(hand, protocol.EVENT_CLOCK_SET) and hand.wall.utc_s(hand.now_us) < 1_800_000_000
    hand.live(hand.now_us + MINUTE_US)
    again = desk.restarted()
    assert again.pump.record.command_id == done and again.pump.record.manual_mu_per_h == 1000
    assert [each for each in entries(again) if each[0] == "set_basal"] == [("set_basal", 1000, 0, 0, 0)]


@pytest.mark.req("STORE-5", "LINK-2", "STORE-2")
@pytest.mark.parametrize("name", ["set_basal", "set_settings"])
def test_the_record_that_follows_a_refused_order_does_not_say_that_it_was_done(name: str) -> None:
    """One write fails, the next is taken, and the power goes at once: the next life knows what became of the order."""
    desk, memory = faulty()
    desk.ask("set_basal", rate_mu_per_h=1000)
    done = desk.pump.record.command_id
    settings = desk.ask("read_settings") | {"auto_off_min": 600}
    tried = memory.tried
    failed, follow = [], desk.pump.books._failed

    def on_failure() -> None:
        failed.append(desk.pump.record.command_id)
        follow()

    desk.pump.books._failed = on_failure
    memory.bad = lambda number: number == tried + (6 if name == "set_basal" else 4)
    answer = desk.ask(name, **({"rate_mu_per_h": 2000} if name == "set_basal" else settings))
    assert answer == "memory_failed"
    assert "memory_integrity" in alarms(desk.hand) and desk.pump.status()["in_force_mu_per_h"] == 0
    assert failed and set(failed) == {done}, "what is stored from here on says so"
    again = desk.restarted()
    assert again.pump.record.command_id == done


@pytest.mark.req("LOG-1", "STORE-1")
@pytest.mark.parametrize("next_one", ["store", "order"])
def test_an_end_whose_telling_has_failed_is_told_with_the_next_record_and_once(next_one: str) -> None:
    desk = Desk()
    desk.ask("set_basal", rate_mu_per_h=1000)
    told = desk.pump.books.deliveries._on_end
    before = len(logged(desk.hand, protocol.EVENT_DELIVERY_ENDED))

    def fails(delivery: object) -> bool:
        raise RuntimeError("for the test")

    desk.pump.books.deliveries._on_end = fails
    with pytest.raises(RuntimeError):
        desk.pump.therapy.set_basal(2000)
    desk.pump.books.deliveries._on_end = told
    if next_one == "store":
        desk.pump.books.store()
    else:
        assert isinstance(desk.ask("set_settings", **desk.ask("read_settings")), dict)
    ended = [each["a"] for each in logged(desk.hand, protocol.EVENT_DELIVERY_ENDED)]
    assert len(ended) == len(set(ended)) == before + 1
    later = [each["a"] for each in logged(desk.hand.restarted(), protocol.EVENT_DELIVERY_ENDED)]
    assert later[: len(ended)] == ended and len(later) == len(set(later))


@pytest.mark.req("LOG-1")
def test_each_order_has_its_own_notes_in_the_log() -> None:
    desk = Desk()
    for utc_s in (1_800_000_000, 1_800_000_100):
        desk.ask("set_time", utc_s=utc_s)
    assert [each["b"] for each in logged(desk.hand, protocol.EVENT_CLOCK_SET)] == [1_800_000_000, 1_800_000_100]


@pytest.mark.req("LOG-2", "STORE-1")
def test_what_runs_is_in_memory_as_soon_as_it_is_told() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    hand.live(6 * MINUTE_US)
    before = len(logged(hand.restarted(), protocol.EVENT_DELIVERY_SO_FAR))
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    hand.live(6 * MINUTE_US)
    hand.pump.books.so_far()
    assert len(logged(hand.restarted(), protocol.EVENT_DELIVERY_SO_FAR)) == before + 1

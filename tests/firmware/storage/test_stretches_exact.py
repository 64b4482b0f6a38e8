"""The stretches of temporary rates to the mU and to the microsecond: what each brought, when it ended and why."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import dose_codes as code
from firmware import events, protocol
from firmware.storage.deliveries import Deliveries
from firmware.storage.delivery import Delivery
from tests.firmware.hand import MOTOR, SECOND_US, Hand, deliveries, method_of
from tests.firmware.storage.delivery_list import Kept
from tests.firmware.test_told_and_kept import logged
from tests.firmware.therapy.therapy_by_hand import HOUR_US, MINUTE_US, run_pattern

pytestmark = pytest.mark.req("DOSE-3", "LOG-1")


def stretches(hand: Hand) -> list[dict[str, int]]:
    kinds = (protocol.KIND_BASAL, protocol.KIND_TEMP_BASAL)
    return [each for each in deliveries(hand) if each["kind"] in kinds]


def test_a_stretch_is_what_its_rate_brings_in_its_time() -> None:
    hand = Hand()
    hand.live(HOUR_US)
    hand.pump.therapy.set_basal(35_000)
    until_us = 3 * HOUR_US + 36 * SECOND_US  # 70.35 U
    hand.live(until_us)
    hand.pump.therapy.set_basal(1000)
    hand.live(until_us + HOUR_US + 1_800_000)
    first, second, third = stretches(hand)
    assert [each["programmed_mu"] for each in (first, second, third)] == [0, 70_350, 1000]
    assert (second["start_us"], second["end_us"]) == (first["end_us"], third["start_us"]) == (HOUR_US, until_us)
    assert third["end_us"] == 0 and [each["reason"] for each in (second, third)] == [
        protocol.REASON_SUPERSEDED,
        protocol.REASON_RUNNING,
    ]


def test_the_list_holds_the_latest_32_and_says_which_is_its_oldest() -> None:
    hand = Hand()
    for count in range(40):
        hand.pump.therapy.set_basal(1000 + 50 * count)
        hand.live(hand.now_us + SECOND_US)
        reply = hand.pump.reports.read_deliveries(0, 99)
        numbers = [each["id"] for each in reply["records"]]
        assert len(numbers) == min(32, count + 2)
        assert numbers == list(range(reply["oldest_id"], reply["newest_id"] + 1))
    assert not hand.pump.books.deliveries._ended, "bounded: what was told is not kept twice"
    since = hand.pump.reports.read_deliveries(numbers[20], 5)
    assert [each["id"] for each in since["records"]] == numbers[21:26]


@pytest.mark.req("DOSE-5")
def test_a_stroke_that_starts_before_its_stretch_is_listed_belongs_to_it() -> None:
    """A core that is resumed may start a stroke at once, before the supervisor has got as far as its list."""
    kept = Kept()
    assert kept.core.set_basal(0, 6000) == code.OK
    kept.list.follow(0, 0)
    for _ in range(3):
        kept.stroke()
    kept.core.permit(4)
    at_us = kept.core.next_us() - 10
    assert kept.core.suspend(at_us) == code.OK
    kept.list.follow(at_us, at_us, protocol.REASON_SUSPENDED)
    assert kept.core.resume(at_us) == code.OK
    assert kept.due() == 1
    kept.list.follow(at_us, at_us)
    _, _, records = kept.list.read(kept.now_us, 0, 9)
    assert [each["commanded_strokes"] for each in records] == [0, 3, 1]


@pytest.mark.req("STORE-5")
def test_the_first_stretch_after_a_reset_has_no_stroke_of_the_life_before() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(35_000)
    hand.live(HOUR_US)
    method_of(hand, "stop")()
    after = hand.restarted()
    method_of(after, "resume")()
    after.live(after.now_us + 30 * SECOND_US)
    assert stretches(after)[-1]["commanded_strokes"] == len(after.strokes_us) == 1


@pytest.mark.req("THER-2")
@pytest.mark.parametrize("kind", [protocol.TEMP_RATE, protocol.TEMP_PERCENT])
def test_a_temporary_rate_is_one_stretch_over_boundaries_and_looks(kind: int) -> None:
    hand = Hand()
    run_pattern(hand, {0: 1000, 1: 2000, 3: 500})
    hand.live(MINUTE_US)
    hand.pump.therapy.temp_basal(kind, 6000 if kind == protocol.TEMP_RATE else 150, 120)
    hand.live(121 * MINUTE_US)
    temps = [each for each in stretches(hand) if each["kind"] == protocol.KIND_TEMP_BASAL]
    # Of the two hours 29 min at 1, 60 min at 2 and 31 min at 0.5 U/h.
    mu = 12_000 if kind == protocol.TEMP_RATE else (29 * 1500 + 60 * 3000 + 31 * 750) // 60
    assert [each["programmed_mu"] for each in temps] == [mu]
    assert (temps[0]["start_us"], temps[0]["end_us"]) == (MINUTE_US, 121 * MINUTE_US)
    assert temps[0]["reason"] == protocol.REASON_COMPLETED


@pytest.mark.req("THER-2")
def test_one_temporary_rate_after_the_other_are_two_stretches() -> None:
    hand = Hand()
    hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 6000, 120)
    hand.live(MINUTE_US)
    hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 6000, 120)
    hand.live(2 * MINUTE_US)
    first, second = stretches(hand)[-2:]
    assert (first["kind"], first["end_us"], first["reason"]) == (
        protocol.KIND_TEMP_BASAL,
        MINUTE_US,
        protocol.REASON_SUPERSEDED,
    )
    assert (second["kind"], second["start_us"], second["end_us"]) == (protocol.KIND_TEMP_BASAL, MINUTE_US, 0)


@pytest.mark.req("THER-2")
@pytest.mark.parametrize(
    ("order", "late"),
    [("stop", False), ("suspend", False), ("set_basal", False), ("set_basal", True), ("", False), ("", True)],
)
def test_a_temporary_rate_ends_at_its_time_however_late_the_supervisor_is(order: str, late: bool) -> None:
    """Where its own end comes first that is its reason, where an order does that is."""
    hand = Hand()
    hand.pump.therapy.set_basal(0)
    hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 0, 30)
    hand.live(20 * MINUTE_US)
    hand._pass((31 if late else 25) * MINUTE_US)
    hand.core.settle(hand.now_us)
    if order == "set_basal":
        hand.pump.therapy.set_basal(1000)
    elif order:
        method_of(hand, order)()
    else:
        hand.pump.handle(events.TIME)
    temp = next(each for each in stretches(hand) if each["kind"] == protocol.KIND_TEMP_BASAL)
    if late:
        assert (temp["end_us"], temp["reason"]) == (30 * MINUTE_US, protocol.REASON_COMPLETED)
    elif order in ("stop", "suspend"):
        assert (temp["end_us"], temp["reason"]) == (25 * MINUTE_US, protocol.REASON_SUSPENDED)
    else:
        assert (temp["end_us"], temp["reason"]) == (0, protocol.REASON_RUNNING)


@pytest.mark.req("LOG-2")
@pytest.mark.parametrize("order", ["set_basal", "temp_basal", "stop"])
def test_the_end_of_a_stretch_is_in_the_log_with_the_order_that_ended_it(order: str) -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(6000)
    hand.live(HOUR_US)
    running = stretches(hand)[-1]["id"]
    given = {"set_basal": (1000,), "temp_basal": (protocol.TEMP_RATE, 1000, 60), "stop": ()}
    method_of(hand, order)(*given[order])
    ended = logged(hand, protocol.EVENT_DELIVERY_ENDED)[-1]
    assert ended["a"] == running and ended["c"] == 30


class Refusing:
    """A log that takes no end at first."""

    def __init__(self) -> None:
        self.fails = 1
        self.told: list[tuple[int, int, int]] = []

    def __call__(self, each: Delivery) -> bool:
        if self.fails:
            self.fails -= 1
            raise RuntimeError
        self.told.append((each.id, each.end_us, each.reason))
        return True


@pytest.mark.req("LOG-2")
@pytest.mark.parametrize("what", ["stretch", "bolus"])
def test_an_end_whose_telling_failed_is_told_once_and_as_it_was(what: str) -> None:
    core: Any = Hand.core_class(motor=MOTOR)
    log = Refusing()
    kept = Deliveries(core, log)
    assert core.set_basal(0, 1000) == code.OK
    kept.follow(0, 0)
    if what == "bolus":
        kept.ask(5, [(0, protocol.KIND_NORMAL_BOLUS, 1000)])
        assert core.bolus(5, 5, 0, 0) == code.OK
        kept.begun()
        core.cancel_bolus(10)
        closes = [lambda: kept.boluses_ended(protocol.REASON_CANCELLED), kept.boluses_ended]
    else:
        core.suspend(10)
        closes = [lambda: kept.follow(10, 10, protocol.REASON_SUSPENDED), lambda: kept.follow(20, 20)]
    number = kept.read(10, 0, 9)[1]
    with pytest.raises(RuntimeError):
        closes[0]()
    closes[1]()
    closes[1]()
    kept.tell()
    reason = protocol.REASON_CANCELLED if what == "bolus" else protocol.REASON_SUSPENDED
    assert log.told == [(number, 10, reason)]


@pytest.mark.req("THER-2")
@pytest.mark.parametrize("itself", [False, True])
def test_what_ends_a_temporary_rate_from_outside_is_its_reason_unless_it_was_over(itself: bool) -> None:
    kept = Kept()
    assert kept.core.temp_basal(0, code.TEMP_RATE, 0, HOUR_US) == code.OK
    kept.list.follow(0, 0)
    end_us = HOUR_US if itself else HOUR_US // 2
    kept.core.settle(end_us)
    if not itself:
        assert kept.core.cancel_temp(end_us) == code.OK
    kept.list.follow(end_us + 5, end_us + 5, protocol.REASON_FAULT)
    temp = kept.told[-1]
    assert temp.kind == protocol.KIND_TEMP_BASAL and temp.end_us == end_us
    assert temp.reason == (protocol.REASON_COMPLETED if itself else protocol.REASON_FAULT)


@pytest.mark.req("THER-2")
@pytest.mark.parametrize("itself", [False, True])
def test_a_halt_is_the_end_of_a_temporary_rate_unless_that_was_over(itself: bool) -> None:
    """Even where both come in the same microsecond, or the supervisor sees them in one turn."""
    kept = Kept()
    assert kept.core.temp_basal(0, code.TEMP_RATE, 0, HOUR_US) == code.OK
    kept.list.follow(0, 0)
    halted_us = HOUR_US if itself else HOUR_US - 1
    kept.core.settle(halted_us)
    assert kept.core.suspend(halted_us) == code.OK
    kept.list.follow(halted_us + 5, halted_us + 5, protocol.REASON_FAULT)
    ended = [(each.kind, each.start_us, each.end_us, each.reason) for each in kept.told[1:]]
    if itself:
        assert ended == [
            (protocol.KIND_TEMP_BASAL, 0, HOUR_US, protocol.REASON_COMPLETED),
            (protocol.KIND_BASAL, HOUR_US, HOUR_US + 5, protocol.REASON_FAULT),
        ]
    else:
        assert ended == [(protocol.KIND_TEMP_BASAL, 0, halted_us + 5, protocol.REASON_FAULT)]
    assert not kept.list.running() and kept.list.stretch_id == 0

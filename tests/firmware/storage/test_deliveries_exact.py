"""The list of deliveries to the mU and to the microsecond: what each stretch earned, when it ended and why."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import dose_codes as code
from firmware import events, protocol
from firmware.storage.deliveries import Deliveries, Delivery
from firmware.storage.state_record import PAYLOAD_BYTES, StateRecord
from tests.firmware.hand import MOTOR, SECOND_US, Hand, deliveries, method_of
from tests.firmware.test_told_and_kept import logged
from tests.firmware.therapy.test_therapy import HOUR_US, MINUTE_US, run_pattern

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
    assert not hand.pump._books.deliveries._ended, "bounded: what was told is not kept twice"
    since = hand.pump.reports.read_deliveries(numbers[20], 5)
    assert [each["id"] for each in since["records"]] == numbers[21:26]


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


class Kept:
    """A core and its deliveries, which are told at once."""

    def __init__(self) -> None:
        self.core: Any = Hand.core_class(motor=MOTOR)
        self.told: list[Delivery] = []
        self.list = Deliveries(self.core, self._tell)
        self.list.follow(0, 0)
        self.now_us = 0

    def _tell(self, each: Delivery) -> bool:
        self.told.append(each)
        return True

    def bolus(self, normal: int, square: int = 0, begun: bool = True) -> None:
        parts = [(part, kind, strokes * 200) for part, kind, strokes in ((0, 1, normal), (1, 3, square)) if strokes]
        self.list.ask(self.now_us, parts, HOUR_US)
        assert self.core.bolus(self.now_us, normal, square, HOUR_US if square else 0) == code.OK
        if begun:
            self.list.begun()

    def due(self) -> int:
        """What becomes of the next stroke when it is due."""
        self.core.permit(self.core.state()[code.GUARD_COMMANDED] + 1)
        self.now_us = max(self.now_us, self.core.next_us())
        self.core.promise(self.now_us, self.now_us)
        became = int(self.core.service(self.now_us))
        self.core.settle(self.now_us)
        return became

    def stroke(self) -> bool:
        assert self.due() == 1
        self.core.confirmed()
        self.core.ended()
        self.core.settle(self.now_us)
        closed = self.list.stroke_ended()
        assert isinstance(closed, bool)
        return closed

    @property
    def running(self) -> list[tuple[int, int]]:
        return [(each.kind, each.commanded) for each in self.list.running() if each.kind]

    @property
    def given_up(self) -> int:
        return int(self.list.abandoned(self.core.state()))


def test_only_the_last_stroke_of_a_bolus_closes_it() -> None:
    kept = Kept()
    kept.bolus(3)
    assert [kept.stroke() for _ in range(3)] == [False, False, True]
    kept.bolus(1, 2)
    assert [kept.stroke() for _ in range(3)] == [True, False, True]
    assert [(each.commanded, each.delivered, each.abandoned, each.reason) for each in kept.told] == [
        (count, count, 0, protocol.REASON_COMPLETED) for count in (3, 1, 2)
    ]


def test_what_has_begun_and_was_not_noted_is_noted_with_its_end() -> None:
    kept = Kept()
    kept.bolus(3, 2, begun=False)
    assert kept.list.boluses_ended() is False
    assert kept.running == [(protocol.KIND_NORMAL_BOLUS, 0), (protocol.KIND_SQUARE_BOLUS, 0)]


def test_what_was_given_up_is_counted_once() -> None:
    kept = Kept()
    kept.bolus(9)
    kept.stroke()
    kept.core.cancel_bolus(kept.now_us)
    for _ in range(3):
        kept.list.boluses_ended(protocol.REASON_CANCELLED)
        assert kept.given_up == 8 and kept.running == [] and len(kept.told) == 1
    kept.bolus(4)
    kept.stroke()
    kept.core.cancel_bolus(kept.now_us)
    assert kept.given_up == 11
    kept.list.boluses_ended(protocol.REASON_CANCELLED)
    assert kept.given_up == 11


@pytest.mark.parametrize("left", [0, 1, 3])
def test_a_reason_is_that_of_what_it_ended_and_of_nothing_else(left: int) -> None:
    """A bolus that is over, or goes on, is not ended by what ended others."""
    kept = Kept()
    kept.bolus(4)
    for _ in range(4 - left):
        kept.list.boluses_ended(protocol.REASON_FAULT)
        kept.stroke()
    kept.list.boluses_ended(protocol.REASON_FAULT)
    assert [each.reason for each in kept.told] == [protocol.REASON_COMPLETED] * (left == 0)
    if left:
        kept.core.cancel_bolus(kept.now_us)
        kept.list.boluses_ended(protocol.REASON_RESERVOIR)
        kept.list.boluses_ended(protocol.REASON_CANCELLED)
        assert [each.reason for each in kept.told] == [protocol.REASON_RESERVOIR]
        assert [each.end_us for each in kept.told] == [kept.now_us]


@pytest.mark.req("GUARD-1")
@pytest.mark.parametrize("cancelled", [False, True])
def test_a_square_bolus_of_which_a_cap_took_strokes_ends_with_that_reason_unless_somebody_ended_it(
    cancelled: bool,
) -> None:
    kept = Kept()
    assert kept.core.set_limits(35_000, 40_000, 800, 500_000)[0] == code.OK
    kept.bolus(0, 6)
    for _ in range(4):
        kept.stroke()
    assert kept.due() == 2
    kept.list.withheld(kept.core.state(), protocol.REASON_HOUR_CAP)
    kept.list.withheld(kept.core.state(), protocol.REASON_DAY_CAP)
    assert kept.told == [] and kept.given_up == 1
    if cancelled:
        kept.core.cancel_bolus(kept.now_us)
        kept.list.boluses_ended()
    else:
        assert kept.core.set_limits(35_000, 40_000, 2000, 500_000)[0] == code.OK
        kept.stroke()
    told = kept.told[0]
    assert told.reason == (protocol.REASON_CANCELLED if cancelled else protocol.REASON_HOUR_CAP)
    assert (told.commanded, told.abandoned) == ((4, 2) if cancelled else (5, 1))


@pytest.mark.req("GUARD-1")
def test_a_normal_bolus_whose_rest_a_cap_took_is_over_at_once() -> None:
    kept = Kept()
    assert kept.core.set_limits(35_000, 40_000, 800, 500_000)[0] == code.OK
    kept.bolus(4)
    for _ in range(3):
        kept.stroke()
    assert kept.core.set_limits(35_000, 40_000, 600, 500_000)[0] == code.OK
    assert kept.due() == 2
    kept.list.withheld(kept.core.state(), protocol.REASON_HOUR_CAP)
    told = kept.told[0]
    assert (told.reason, told.delivered, told.abandoned) == (protocol.REASON_HOUR_CAP, 3, 1)
    assert kept.list.runs(0) is False


@pytest.mark.req("STORE-5")
def test_a_pump_that_was_stopped_has_nothing_to_list_after_a_reset() -> None:
    hand = Hand()
    hand.live(HOUR_US)
    hand.pump.switch.stop()
    newest = hand.pump.reports.read_deliveries(0, 9)["newest_id"]
    reply = hand.restarted().pump.reports.read_deliveries(0, 9)
    assert (reply["oldest_id"], reply["newest_id"], list(reply["records"])) == (0, newest, [])


@pytest.mark.parametrize("kind", [protocol.KIND_DIAGNOSTIC, protocol.KIND_INSULIN_TEST, protocol.KIND_DUAL_NORMAL])
def test_strokes_of_a_procedure_are_no_therapy(kind: int) -> None:
    kept = Kept()
    kept.list.ask(0, [(0, kind, 200)])
    assert kept.core.bolus(0, 1, 0, 0) == code.OK
    kept.list.begun()
    assert kept.list.normal_is_therapy == (kind == protocol.KIND_DUAL_NORMAL)


def test_what_runs_has_its_counts_and_what_was_given_up_is_all_of_it() -> None:
    kept = Kept()
    assert kept.list.latest == [0, 0] and kept.given_up == 0
    kept.bolus(5, 3)
    kept.stroke()
    assert kept.running == [(protocol.KIND_NORMAL_BOLUS, 1), (protocol.KIND_SQUARE_BOLUS, 0)]
    assert kept.list.square_until_us == HOUR_US and kept.list.stretch_id == 1
    kept.core.cancel_bolus(kept.now_us)
    assert kept.given_up == 7
    kept.list.boluses_ended(protocol.REASON_CANCELLED)
    assert kept.given_up == 7 and kept.list.square_until_us == 0
    kept.core.set_basal(kept.now_us, 35_000)
    kept.core.settle(HOUR_US)  # and no permit: strokes wait
    kept.core.suspend(HOUR_US)
    waited = 35_000 // 200
    assert waited - 1 <= kept.given_up - 7 <= waited
    kept.list.follow(HOUR_US, HOUR_US, protocol.REASON_SUSPENDED)
    assert kept.list.stretch_id == 0 and kept.list.stretch_of == (0, 0)
    assert kept.told[-1].abandoned == kept.given_up - 7


@pytest.mark.req("STORE-2", "STORE-5")
@pytest.mark.parametrize("kind", [protocol.KIND_DUAL_NORMAL, protocol.KIND_DIAGNOSTIC])
@pytest.mark.parametrize("unknown_mu", [0, 200])
def test_the_next_life_has_all_that_ran_with_its_figures(kind: int, unknown_mu: int) -> None:
    kept = Kept()
    core = kept.core
    assert core.set_basal(0, 35_000) == code.OK
    kept.list.follow(0, 0)
    kept.bolus(5)
    for _ in range(4):
        kept.stroke()
    core.cancel_bolus(kept.now_us)
    kept.list.boluses_ended(protocol.REASON_CANCELLED)
    kept.stroke()
    begun_us = kept.now_us
    assert core.set_basal(begun_us, 2000) == code.OK
    assert core.temp_basal(begun_us, code.TEMP_PERCENT, 150, 4 * HOUR_US) == code.OK
    kept.list.follow(begun_us, begun_us)
    stretch_id = kept.list.stretch_id
    for _ in range(4):
        kept.stroke()
    assert core.set_basal(kept.now_us, 4000) == code.OK
    kept.list.follow(kept.now_us, kept.now_us)
    changed_us = kept.now_us
    for _ in range(3):
        kept.stroke()
    kept.bolus(2)
    for _ in range(2):
        kept.stroke()
    kept.list.ask(kept.now_us, [(0, kind, 600), (1, protocol.KIND_DUAL_SQUARE, 800)], HOUR_US)
    assert core.bolus(kept.now_us, 3, 4, HOUR_US) == code.OK
    kept.list.begun()
    kept.stroke()
    record = StateRecord(memoryview(bytearray(PAYLOAD_BYTES)))
    kept.list.describe(record)
    now_us = kept.now_us + SECOND_US
    core.settle(now_us)
    before = {each.id: each.as_record(now_us) for each in kept.list.running()}
    rates = 3000 * (changed_us - begun_us) + 6000 * (now_us - changed_us)
    assert before[stretch_id]["programmed_mu"] == rates // HOUR_US and before[stretch_id]["start_us"] == begun_us
    assert kept.given_up == 1 and kept.list.runs(0) is True
    core.cancel_bolus(now_us)
    told: list[Delivery] = []
    after = Deliveries(core, lambda each: told.append(each) is None)
    after.restore(record, now_us, unknown_mu)
    names = ("kind", "start_us", "programmed_mu", "commanded_strokes", "delivered_strokes")
    ended = {each.id: each.as_record(now_us) for each in told}
    of_normal = record.normal_id
    for number, each in before.items():
        if unknown_mu and number == of_normal - 2:
            continue  # its ledger is that of the stroke that nobody has written down
        assert {name: ended[number][name] for name in names} == {name: each[name] for name in names}
        assert (ended[number]["end_us"], ended[number]["reason"]) == (now_us, protocol.REASON_RESET)
    assert after.read(now_us, 0, 9)[1] == record.newest_delivery == max(before) + bool(unknown_mu)
    assert after.latest[1] == kept.list.latest[1]
    if unknown_mu:
        assert after.latest[0] == record.newest_delivery and ended[record.newest_delivery]["programmed_mu"] == 200
        assert after.normal_is_therapy and ended[record.newest_delivery]["start_us"] == now_us
    else:
        assert after.latest == kept.list.latest and after.normal_is_therapy == kept.list.normal_is_therapy
        assert after.abandoned(core.state()) == kept.given_up
    assert [each["id"] for each in (delivery.as_record(now_us) for delivery in after._records)] == sorted(ended)


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


def test_every_delivery_is_listed_once_and_numbers_rise_by_one() -> None:
    kept = Kept()
    kept.bolus(1, 2)
    for _ in range(3):
        kept.stroke()
    kept.bolus(2)
    oldest, newest, records = kept.list.read(kept.now_us, 0, 32)
    assert (oldest, newest) == (1, 4)
    assert [(each["id"], each["kind"]) for each in records] == [
        (1, protocol.KIND_BASAL),
        (2, protocol.KIND_NORMAL_BOLUS),
        (3, protocol.KIND_SQUARE_BOLUS),
        (4, protocol.KIND_NORMAL_BOLUS),
    ]
    assert kept.list.latest == [4, 3]

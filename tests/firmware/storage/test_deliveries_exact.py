"""The list of deliveries to the mU and to the microsecond: boluses, when each ended and why; what a reset leaves."""

from __future__ import annotations

import pytest

from firmware import dose_codes as code
from firmware import protocol
from firmware.storage.deliveries import Deliveries
from firmware.storage.delivery import Delivery
from firmware.storage.state_record import PAYLOAD_BYTES, StateRecord
from tests.firmware.hand import SECOND_US, Hand
from tests.firmware.storage.delivery_list import Kept
from tests.firmware.therapy.therapy_by_hand import HOUR_US

pytestmark = pytest.mark.req("DOSE-3", "LOG-1")


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
    assert [each["id"] for each in after.read(now_us, 0, 99)[2]] == sorted(ended)


@pytest.mark.req("BOARD-2", "DOSE-3")
def test_what_has_ended_is_packed_and_reads_as_it_was() -> None:
    """A small board has no heap for 32 objects."""
    kept = Kept()
    for bolus in range(40):
        if bolus % 2:
            kept.core.set_basal(kept.now_us, 1000 + bolus)
            kept.list.follow(kept.now_us, kept.now_us)
        kept.bolus(1)
        kept.stroke()
    told = {each.id: each.as_record(0) for each in kept.told}
    records = kept.list.read(kept.now_us, 0, 99)[2]
    assert len(records) == 32 and len(told) > 50
    assert [told[each["id"]] for each in records if each["end_us"]] == [each for each in records if each["end_us"]]
    packed = [each for each in kept.list._records if isinstance(each, bytes)]
    assert len(packed) == sum(each["end_us"] > 0 for each in records) >= 31


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

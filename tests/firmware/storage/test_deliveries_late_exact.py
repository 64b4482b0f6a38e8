"""A stroke that is in progress while its stretch of basal ends: whose it is, at every count, seen or not (DOSE-5)."""

from __future__ import annotations

import pytest

from firmware import dose_codes as code
from firmware import protocol
from firmware.storage.delivery import Delivery
from firmware.storage.state_record import PAYLOAD_BYTES, StateRecord
from tests.firmware.hand import BURST_US, SECOND_US
from tests.firmware.storage.delivery_list import Kept
from tests.firmware.therapy.therapy_by_hand import HOUR_US

pytestmark = pytest.mark.req("DOSE-3", "DOSE-5", "LOG-1")


def counts(each: Delivery) -> tuple[int, int, int]:
    return each.commanded, each.delivered, each.abandoned


def amid_a_stroke(kind: int) -> tuple[Kept, Delivery]:
    """Two strokes at 35 U/h are over; the third is in progress, of basal, of a temporary rate or of a bolus."""
    kept = Kept()
    assert kept.core.set_basal(0, 35_000) == code.OK
    if kind == code.KIND_TEMP:
        assert kept.core.temp_basal(0, code.TEMP_RATE, 35_000, 2 * HOUR_US) == code.OK
    kept.list.follow(0, 0)
    for _ in range(2):
        kept.stroke()
    if kind == code.KIND_NORMAL:
        kept.bolus(2)
    assert kept.due() == 1
    state = kept.core.state()
    assert state[code.ARMED_KIND] == kind and state[code.UNCONFIRMED] and state[code.IN_FLIGHT]
    return kept, kept.list.running()[0]


def change(kept: Kept, rate_mu_per_h: int) -> None:
    """Another rate, or 0: suspend."""
    kept.now_us += 10
    if rate_mu_per_h:
        kept.core.cancel_temp(kept.now_us)
        assert kept.core.set_basal(kept.now_us, rate_mu_per_h) == code.OK
    else:
        assert kept.core.suspend(kept.now_us) == code.OK
    kept.list.follow(kept.now_us, kept.now_us)


def over(kept: Kept, seen: bool) -> None:
    kept.now_us += BURST_US
    if seen:
        kept.core.confirmed()
    kept.core.ended()
    kept.core.settle(kept.now_us)
    kept.list.stroke_ended()


@pytest.mark.parametrize("kind", [code.KIND_BASAL, code.KIND_TEMP])
@pytest.mark.parametrize("seen", [False, True])
def test_it_is_the_ended_stretch_s_and_counts_as_delivered_unless_the_sensor_never_sees_it(
    kind: int, seen: bool
) -> None:
    kept, before = amid_a_stroke(kind)
    assert counts(before) == (3, 2, 0)
    change(kept, 1000)
    assert kept.told[-1] is before and counts(before) == (3, 3, 0), "the log cannot wait"
    after = kept.list.running()[0]
    assert counts(after) == (0, 0, 0)
    over(kept, seen)
    assert counts(before) == (3, 2 + seen, 0)
    assert counts(kept.list.running()[0]) == (0, 0, 0)
    kept.stroke()
    kept.stroke()
    assert counts(before) == (3, 2 + seen, 0), "once"
    assert counts(kept.list.running()[0]) == (2, 2, 0)


@pytest.mark.parametrize("seen", [False, True])
def test_of_two_changes_amid_one_stroke_it_is_the_first_stretch_that_ordered_it(seen: bool) -> None:
    kept, first = amid_a_stroke(code.KIND_BASAL)
    change(kept, 1000)
    change(kept, 2000)
    second, third = kept.told[-1], kept.list.running()[0]
    assert (counts(first), counts(second), counts(third)) == ((3, 3, 0), (0, 0, 0), (0, 0, 0))
    over(kept, seen)
    assert (counts(first), counts(second)) == ((3, 2 + seen, 0), (0, 0, 0))
    kept.stroke()
    assert counts(kept.list.running()[0]) == (1, 1, 0)


@pytest.mark.parametrize("seen", [False, True])
def test_the_stroke_in_progress_of_a_pump_that_is_stopped_is_its_last_stretch_s(seen: bool) -> None:
    kept, before = amid_a_stroke(code.KIND_BASAL)
    change(kept, 0)
    assert kept.list.running() == [] and counts(before) == (3, 3, 0)
    over(kept, seen)
    assert counts(before) == (3, 2 + seen, 0)
    kept.now_us += SECOND_US
    assert kept.core.resume(kept.now_us) == code.OK
    kept.list.follow(kept.now_us, kept.now_us)
    kept.stroke()
    assert counts(kept.list.running()[0]) == (1, 1, 0)


@pytest.mark.parametrize("seen", [False, True])
def test_a_stroke_of_a_bolus_is_no_stretch_s(seen: bool) -> None:
    kept, before = amid_a_stroke(code.KIND_NORMAL)
    change(kept, 1000)
    assert counts(before) == (2, 2, 0)
    over(kept, seen)
    assert counts(before) == (2, 2, 0) and counts(kept.list.running()[0]) == (0, 0, 0)
    bolus = kept.list.running()[1]
    assert counts(bolus) == (1, seen, 0)


@pytest.mark.parametrize("kind", [code.KIND_BASAL, code.KIND_TEMP])
def test_one_that_was_seen_before_the_change_is_in_the_ledger_already(kind: int) -> None:
    kept, before = amid_a_stroke(kind)
    kept.core.confirmed()
    change(kept, 1000)
    assert counts(before) == (3, 3, 0)
    kept.core.ended()
    kept.list.stroke_ended()
    assert counts(before) == (3, 3, 0)
    kept.stroke()
    assert counts(kept.list.running()[0]) == (1, 1, 0)


def test_of_a_new_pump_no_bolus_was_anything_but_therapy_and_nothing_was_given_up() -> None:
    kept = Kept()
    assert kept.list.normal_is_therapy is True and kept.given_up == 0
    assert kept.list.runs(0) is kept.list.runs(1) is False and kept.list.square_until_us == 0
    assert kept.list.running()[0].reason == protocol.REASON_RUNNING


@pytest.mark.req("THER-2")
def test_of_a_dual_bolus_that_is_cancelled_amid_a_stroke_the_other_part_is_over_at_once() -> None:
    kept = Kept()
    kept.bolus(5, 3)
    assert kept.due() == 1
    assert kept.core.cancel_bolus(kept.now_us) == code.OK
    assert kept.list.boluses_ended(protocol.REASON_CANCELLED) is True
    assert [(each.kind, *counts(each)) for each in kept.told] == [(protocol.KIND_SQUARE_BOLUS, 0, 0, 3)]
    assert kept.list.runs(0) and not kept.list.runs(1)
    over(kept, True)
    assert [(each.kind, *counts(each)) for each in kept.told[1:]] == [(protocol.KIND_NORMAL_BOLUS, 1, 1, 4)]
    assert {each.reason for each in kept.told} == {protocol.REASON_CANCELLED}


def test_the_list_is_of_the_instant_at_which_it_is_read() -> None:
    kept = Kept()
    kept.core.set_basal(0, 35_000)
    kept.list.follow(0, 0)
    for strokes in range(3):
        records = kept.list.read(kept.now_us, 0, 9)[2]
        assert [records[-1][f"{name}_strokes"] for name in ("commanded", "delivered")] == [strokes, strokes]
        assert kept.due() == 1
        kept.core.confirmed()
        kept.core.ended()
        kept.core.settle(kept.now_us)


@pytest.mark.req("STORE-5")
def test_the_record_says_which_parts_run_and_which_were_the_latest() -> None:
    kept = Kept()
    record = StateRecord(memoryview(bytearray(PAYLOAD_BYTES)))
    for normal, square, running in ((0, 0, (0, 0)), (2, 0, (1, 0)), (0, 2, (1, 1))):
        if normal or square:
            kept.bolus(normal, square)
        kept.list.describe(record)
        assert (record.normal_running, record.square_running) == running
        assert (record.normal_id, record.square_id) == tuple(kept.list.latest)
    assert (record.normal_id, record.square_id, record.newest_delivery) == (2, 3, 3)


@pytest.mark.req("THER-2")
@pytest.mark.parametrize(("normal", "square"), [(1, 0), (0, 1)])
def test_a_part_whose_last_stroke_is_in_progress_is_not_over(normal: int, square: int) -> None:
    kept = Kept()
    kept.bolus(normal, square)
    assert kept.due() == 1
    assert kept.list.boluses_ended() is False and kept.list.runs(square) and kept.told == []
    over(kept, True)
    assert not kept.list.runs(square) and [counts(each) for each in kept.told] == [(1, 1, 0)]

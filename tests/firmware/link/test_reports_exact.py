"""What the reading messages answer, to the last number."""

from __future__ import annotations

import pytest

from firmware import protocol
from firmware.errors import MemoryAbsent
from tests.firmware.hand import SECOND_US, Hand, refused


@pytest.mark.req("LOG-1", "LOG-2")
def test_the_log_is_read_from_a_number_on_and_no_further_than_asked() -> None:
    hand = Hand()
    log = hand.pump._memory.log
    for each in range(5):
        hand.pump._memory.note(protocol.CATEGORY_MALFUNCTION, protocol.EVENT_EXCEPTION, each)
    newest = log.next_number - 1

    def numbers(since: int, most: int) -> list[int]:
        found = hand.pump.reports.read_log(since, most)
        assert (found["oldest_number"], found["newest_number"]) == (log.oldest, newest)
        return [each["number"] for each in found["events"]]

    assert numbers(0, 3) == [log.oldest, log.oldest + 1, log.oldest + 2]
    assert numbers(newest - 4, 2) == [newest - 3, newest - 2]
    assert numbers(newest - 1, 8) == [newest] and numbers(newest, 8) == [] == numbers(newest + 7, 8)
    assert numbers(0, 100) == list(range(log.oldest, newest + 1))
    last = hand.pump.reports.read_log(newest - 1, 1)["events"][0]
    assert (last["category"], last["event"], last["detail"], last["clock_known"]) == (
        protocol.CATEGORY_MALFUNCTION, protocol.EVENT_EXCEPTION, 4, True,
    )  # fmt: skip
    assert hand.pump.status()["newest_event"] == newest

    def absent(number: int) -> None:
        raise MemoryAbsent(0x50)

    log.read = absent  # type: ignore[method-assign]
    refused(lambda: hand.pump.reports.read_log(0, 1), protocol.MEMORY_FAILED)


@pytest.mark.req("LOG-1", "THER-8")
def test_an_event_without_a_clock_says_so_and_keeps_its_category() -> None:
    hand = Hand()
    hand.wall.lose(1)
    hand.pump._memory.note(protocol.CATEGORY_MALFUNCTION, protocol.EVENT_EXCEPTION, 9)
    newest = hand.pump.status()["newest_event"]
    (event,) = hand.pump.reports.read_log(newest - 1, 1)["events"]
    assert (event["clock_known"], event["category"]) == (False, protocol.CATEGORY_MALFUNCTION)


@pytest.mark.req("DOSE-3", "THER-2")
def test_the_status_tells_each_bolus_by_what_was_asked_ordered_made_and_is_to_come() -> None:
    hand = Hand()
    both = hand.pump.boluses.dual_bolus(1_000, 1_200, 30)
    hand.live(6 * 60 * SECOND_US + SECOND_US)
    hand.begin_stroke(1_000)  # the square part's second
    shown = hand.pump.status()
    assert {name: shown[name] for name in shown if name.startswith(("bolus_", "square_"))} == {
        "bolus_id": both["delivery_id"], "bolus_programmed_mu": 1_000, "bolus_commanded_mu": 1_000,
        "bolus_delivered_mu": 1_000, "bolus_remaining_mu": 0,
        "square_id": both["square_id"], "square_programmed_mu": 1_200, "square_commanded_mu": 400,
        "square_delivered_mu": 200, "square_remaining_mu": 800,
    }  # fmt: skip
    assert (shown["strokes_commanded"], shown["strokes_delivered"]) == (7, 6)
    assert shown["hour_mu"] == shown["day_mu"] == 1_400


@pytest.mark.req("THER-2", "THER-7")
def test_an_end_that_there_is_not_is_never() -> None:
    hand = Hand()
    shown = hand.pump.status()
    assert shown["temp_until_us"] == shown["recommended_until_us"] == protocol.NEVER_US
    until_us = hand.pump.therapy.recommend_rate(50, 5)["until_us"]
    assert hand.pump.status()["recommended_until_us"] == until_us
    until_us = hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 50, 30)["until_us"]
    assert hand.pump.status()["temp_until_us"] == until_us
    assert hand.pump.status()["in_force_mu_per_h"] == 50
    hand.pump.switch.stop()
    assert hand.pump.status()["in_force_mu_per_h"] == 0


@pytest.mark.req("GUARD-1")
def test_the_limits_are_shown_as_they_were_set_and_a_rate_above_them_as_it_runs() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(100)
    hand.pump.device.set_limits(5_000, 20_000, 30_000, 100_000)
    assert hand.pump.reports.limits() == (5_000, 20_000, 30_000, 100_000)
    shown = hand.pump.status()
    assert [shown[field.name] for field in protocol.NEW_LIMITS] == [5_000, 20_000, 30_000, 100_000]
    hand.pump.record.manual_mu_per_h = 7_000  # which may be so after a reset only
    assert hand.pump.status()["basal_rate_mu_per_h"] == 5_000


@pytest.mark.req("LINK-1", "THER-8")
def test_the_time_and_who_one_is_are_told_with_the_pumps_life() -> None:
    hand = Hand()
    hand.now_us = 7
    life = hand.pump.orders.life
    utc_s = hand.wall.utc_s(7)
    assert life and utc_s
    assert hand.pump.reports.read_time() == {"now_us": 7, "utc_s": utc_s, "life": life}
    told = hand.pump.identity()
    assert (told["now_us"], told["life"], told["board"], told["stroke_nl"]) == (7, life, "HAND", 500)
    assert "now_us" not in hand.pump.reports._identity, "the next one has its own time"


@pytest.mark.req("DOSE-3", "LOG-1")
def test_deliveries_are_read_above_a_number() -> None:
    hand = Hand()
    hand.pump.boluses.bolus(200)
    hand.live(SECOND_US)
    hand.pump.boluses.bolus(200)
    hand.live(3 * SECOND_US)
    found = hand.pump.reports.read_deliveries(0, 6)
    assert found["newest_id"] == max(each["id"] for each in found["records"])
    last = hand.pump.reports.read_deliveries(found["newest_id"] - 1, 6)
    assert [each["id"] for each in last["records"]] == [found["newest_id"]]
    assert last["oldest_id"] == found["oldest_id"] == min(each["id"] for each in found["records"])


def of_normal(hand: Hand) -> tuple[int, ...]:
    shown = hand.pump.status()
    return tuple(shown[f"bolus_{name}"] for name in ("programmed_mu", "commanded_mu", "delivered_mu", "remaining_mu"))


@pytest.mark.req("DOSE-3", "THER-2")
def test_what_a_cancel_gives_up_is_not_to_come() -> None:
    hand = Hand()
    hand.pump.boluses.bolus(1_000)
    hand.live(3 * SECOND_US)
    hand.begin_stroke(1_000)
    assert of_normal(hand) == (1_000, 600, 400, 400)
    hand.pump.boluses.cancel_bolus()
    assert of_normal(hand) == (1_000, 600, 400, 0)
    hand = Hand()
    hand.pump.boluses.square_bolus(600, 30)
    hand.live(601 * SECOND_US)
    assert hand.pump.status()["square_remaining_mu"] == 400
    hand.pump.boluses.cancel_bolus()
    assert hand.pump.status()["square_remaining_mu"] == 0


@pytest.mark.req("THER-6", "DOSE-3")
def test_a_procedures_strokes_are_shown_as_no_bolus() -> None:
    hand = Hand()
    hand.pump.switch.stop()
    hand.pump.course.order_strokes(0, 5, protocol.KIND_DIAGNOSTIC)
    hand.live(3 * SECOND_US)
    assert len(hand.strokes_us) == 2
    assert of_normal(hand) == (0, 0, 0, 0) and hand.pump.status()["bolus_id"] == 0


@pytest.mark.req("GUARD-1", "THER-9")
def test_a_rate_that_a_cap_must_cut_every_day_is_shown_as_that() -> None:
    hand = Hand()
    hand.pump.device.set_limits(35_000, 40_000, 60_000, 150_000)
    for rate, named in ((6_000, "none"), (10_000, "day")):
        hand.pump.therapy.set_basal(rate)
        assert protocol.CUTS[hand.pump.status()["cut_by"]] == named

"""The list of deliveries at every instant: amid a stroke, before the supervisor has heard of its end, after a cut."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from firmware import dose_codes as code
from firmware import protocol
from firmware.errors import Refused
from firmware.storage.ledgers import basal_counts
from tests.firmware.hand import SECOND_US, Hand, deliveries

pytestmark = pytest.mark.req("DOSE-3", "THER-2")
COUNTS = ("programmed_mu", "commanded_strokes", "delivered_strokes", "abandoned_strokes")
MESSAGE = next(each for each in protocol.MESSAGES if each.name == "read_deliveries")


def looked_at(hand: Hand) -> None:
    """What the list says of this instant fits on the link, and its sums are those of the core's ledgers."""
    reply = hand.pump.reports.read_deliveries(0, 32)
    for start in range(0, len(reply["records"]), 5):
        protocol.encode(MESSAGE.reply, dict(reply, records=reply["records"][start : start + 5]))
    state = hand.core.state()
    for each in reply["records"]:
        assert min(each[name] for name in COUNTS) >= 0, each
        assert each["delivered_strokes"] <= each["commanded_strokes"], each
        assert each["end_us"] == 0 or each["end_us"] >= each["start_us"], each
    basal = [each for each in reply["records"] if each["kind"] in (protocol.KIND_BASAL, protocol.KIND_TEMP_BASAL)]
    if len(reply["records"]) < 32 and hand.record.resets == 0:
        in_progress = state[code.IN_FLIGHT]
        told = [sum(each[name] for each in basal) for name in COUNTS[1:]]
        counted = basal_counts(state)
        assert told[0] == counted[0] and told[2] == counted[2]
        assert counted[1] <= told[1] <= counted[1] + in_progress


class Watched(Hand):
    """A hand that looks, and may act, at the start, in the middle and at the end of each stroke."""

    amid: Callable[[], None] | None = None

    @property
    def record(self):  # type: ignore[no-untyped-def]
        return self.pump.record

    def _pass(self, until_us: int) -> None:
        amid = self.amid if self.core.state()[code.IN_FLIGHT] else None
        if amid is not None:
            amid()
        super()._pass(until_us)
        if amid is not None:
            amid()


def test_a_stroke_in_progress_belongs_to_the_stretch_that_ordered_it() -> None:
    hand = Watched()
    hand.pump.therapy.set_basal(35_000)
    seen = []

    def amid() -> None:
        hand.pump.therapy.set_basal(1000 + 50 * len(seen))
        looked_at(hand)
        seen.append([each["delivered_strokes"] for each in deliveries(hand)])

    hand.amid = amid
    hand.live(21 * SECOND_US)
    assert seen[0][-2:] == [1, 0], "the new stretch has nothing of it"
    looked_at(hand)
    assert deliveries(hand)[-1]["delivered_strokes"] == 0


def test_a_stroke_that_the_sensor_never_saw_leaves_no_count_below_none() -> None:
    hand = Watched()
    hand.pump.therapy.set_basal(35_000)
    hand.amid = lambda: hand.pump.therapy.set_basal(1000)
    hand.live(21 * SECOND_US, confirm=False)
    looked_at(hand)
    assert [each["delivered_strokes"] for each in deliveries(hand)][-2:] == [0, 0]


@pytest.mark.req("THER-7", "GUARD-4")
def test_after_a_fault_no_change_is_waited_for_that_will_not_come() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(35_000)
    hand.pump.therapy.recommend_rate(30_000, 30)
    hand.live(20 * 60 * SECOND_US, confirm=False)
    assert hand.pump.status()["state"] == protocol.STATE_FAULT
    hand.live(3600 * SECOND_US)
    assert hand.pump.deadline_us > hand.now_us


ORDERS: tuple[Callable[[Hand, random.Random], object], ...] = (
    lambda hand, rng: hand.pump.therapy.set_basal(rng.choice((0, 50, 1000, 7000, 35_000))),
    lambda hand, rng: hand.pump.therapy.temp_basal(protocol.TEMP_PERCENT, rng.choice((0, 50, 100, 200)), 30),
    lambda hand, rng: hand.pump.therapy.temp_basal(protocol.TEMP_RATE, rng.choice((0, 50, 20_000)), 30),
    lambda hand, rng: hand.pump.therapy.cancel_temp(),
    lambda hand, rng: hand.pump.therapy.recommend_rate(rng.choice((0, 3000, 30_000)), 1),
    lambda hand, rng: hand.pump.boluses.bolus(rng.choice((200, 1000, 4000))),
    lambda hand, rng: hand.pump.boluses.square_bolus(rng.choice((200, 2000)), 30),
    lambda hand, rng: hand.pump.boluses.dual_bolus(400, 2000, 30),
    lambda hand, rng: hand.pump.boluses.cancel_bolus(),
    lambda hand, rng: hand.pump.switch.suspend(),
    lambda hand, rng: hand.pump.switch.stop(),
    lambda hand, rng: hand.pump.switch.resume(),
    lambda hand, rng: hand.pump.device.set_limits(35_000, 40_000, rng.choice((10_000, 60_000)), 500_000),
    lambda hand, rng: hand.pump.alarms.raise_alarm("occlusion"),
    lambda hand, rng: hand.pump.therapy.select_pattern(0),
)


@pytest.mark.parametrize("seed", range(12))
def test_no_count_is_ever_negative_or_contradicts_the_ledgers(seed: int) -> None:
    rng = random.Random(seed)
    hand = Watched()
    hand.pump.device.set_limits(35_000, 40_000, 60_000, 500_000)

    def something() -> None:
        try:
            rng.choice(ORDERS)(hand, rng)
        except Refused:
            pass
        looked_at(hand)

    def amid() -> None:
        if rng.random() < 0.3:
            something()
        looked_at(hand)

    hand.amid = amid
    for _ in range(40):
        something()
        hand.live(hand.now_us + rng.randrange(1, 300) * SECOND_US, confirm=rng.random() > 0.02)
        looked_at(hand)
        if rng.random() < 0.05:
            hand.amid = None
            after = Watched(hand.memory, hand.rtc)
            looked_at(after)
            hand = after
            hand.amid = amid


@pytest.mark.req("LOG-2", "STORE-5")
def test_after_a_reset_what_ran_is_listed_the_oldest_first() -> None:
    hand = Hand()
    hand.pump.boluses.square_bolus(1000, 60)
    hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 1000, 60)
    hand.live(60 * SECOND_US)
    numbers = [each["id"] for each in deliveries(hand.restarted())]
    assert numbers == sorted(numbers) and len(numbers) > 2

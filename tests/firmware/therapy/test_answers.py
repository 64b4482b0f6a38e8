"""What the core refuses reaches the programmer with the limit that it names, also what therapy has asked for before."""

from __future__ import annotations

import pytest

from firmware import dose_codes as code
from firmware import protocol
from firmware.errors import FirmwareError, Refused
from firmware.therapy import answers
from tests.firmware.hand import SECOND_US, Hand

pytestmark = pytest.mark.req("GUARD-1")


def worn() -> Hand:
    """Two strokes this hour, three more in the day; limits that differ from each other."""
    hand = Hand()
    hand.pump.boluses.bolus(600)
    hand.live(7200 * SECOND_US)
    hand.pump.boluses.bolus(400)
    hand.live(7300 * SECOND_US)
    hand.pump.device.set_limits(2_000, 3_000, 4_000, 5_000)
    return hand


@pytest.mark.parametrize(
    ("result", "refusal", "value", "limit"),
    [
        (code.E_MAX_BASAL, protocol.CLINICIAN_LIMIT, 600, 2_000),
        (code.E_MAX_BOLUS, protocol.CLINICIAN_LIMIT, 600, 3_000),
        (code.E_HOUR_CAP, protocol.HOUR_LIMIT, 600 + 400, 4_000),
        (code.E_DAY_CAP, protocol.DAY_LIMIT, 600 + 1_000, 5_000),
        (code.E_BUSY, protocol.BOLUS_ACTIVE, 600, 0),
        (code.E_NO_BOLUS, protocol.NO_BOLUS_ACTIVE, 600, 0),
        (code.E_NO_TEMP, protocol.NO_TEMP_ACTIVE, 600, 0),
        (code.E_RANGE, protocol.OUT_OF_RANGE, 600, 0),
    ],
)
def test_a_refusal_of_the_core_names_value_and_limit(result: int, refusal: int, value: int, limit: int) -> None:
    with pytest.raises(Refused) as error:
        worn().pump.therapy.answers.need(result, "volume_mu", 600)
    found = (error.value.code, error.value.field_name, error.value.value, error.value.limit)
    assert found == (refusal, "volume_mu", value, limit)


@pytest.mark.parametrize(
    ("result", "state"),
    [
        (code.E_SUSPENDED, protocol.STATE_STOPPED),
        (code.E_RUNNING, protocol.STATE_RUNNING),
        (code.E_FAULT, protocol.STATE_FAULT),
    ],
)
def test_a_state_that_forbids_it_is_named(result: int, state: int) -> None:
    with pytest.raises(Refused) as error:
        Hand().pump.therapy.answers.need(result, "volume_mu", 600)
    assert (error.value.code, error.value.field_name, error.value.value) == (protocol.WRONG_STATE, None, state)


def test_an_answer_that_nobody_knows_is_a_mistake_of_the_firmware() -> None:
    asked = Hand().pump.therapy.answers
    asked.need(code.OK, "volume_mu", 600)
    for result in (code.E_TIME, 99):
        with pytest.raises(FirmwareError, match=str(result)):
            asked.need(result)


def test_strokes_and_insulin_are_the_same_both_ways() -> None:
    asked = Hand().pump.therapy.answers
    for strokes in (0, 1, 3, 30_000):
        mu = strokes * 200
        assert asked.mu(strokes) == mu
        assert asked.strokes("volume_mu", mu) == asked.whole_strokes(mu) == strokes
        assert asked.whole_strokes(mu + 199) == strokes and asked.whole_strokes(mu + 200) == strokes + 1
        for part in (1, 199):
            with pytest.raises(Refused) as error:
                asked.strokes("volume_mu", mu + part)
            assert (error.value.code, error.value.value, error.value.limit) == (
                protocol.NOT_WHOLE_STROKES, mu + part, 200,
            )  # fmt: skip
    assert [answers.smallest_dose_mu(uu) for uu in (200_000, 50_000, 12_500, 250, 125_000)] == [200, 50, 25, 1, 125]


@pytest.mark.req("THER-2", "DOSE-3")
def test_what_was_delivered_of_each_part_is_told_apart() -> None:
    hand = Hand()
    hand.pump.boluses.dual_bolus(2_000, 600, 30)
    hand.live(13 * SECOND_US)
    made = len(hand.strokes_us)
    asked = hand.pump.therapy.answers
    assert asked.part("", 0) == {"programmed_mu": 2_000, "delivered_mu": 200 * made} and 1 < made < 10
    hand.live(1000 * SECOND_US)
    assert asked.part("square_", 1) == {"square_programmed_mu": 600, "square_delivered_mu": 200}
    assert asked.part("x_", 1, False) == {"x_programmed_mu": 0, "x_delivered_mu": 0}
    assert [answers.cut_by(window) for window in (None, code.HOUR, code.DAY)] == [
        protocol.CUTS.index(name) for name in ("none", "hour", "day")
    ]


def test_a_rate_at_the_limit_is_allowed_and_one_above_is_not() -> None:
    hand = worn()
    hand.pump.therapy.answers.allow("rate_mu_per_h", 2_000)
    with pytest.raises(Refused) as error:
        hand.pump.therapy.answers.allow("rate_mu_per_h", 2_001)
    found = (error.value.code, error.value.field_name, error.value.value, error.value.limit)
    assert found == (protocol.CLINICIAN_LIMIT, "rate_mu_per_h", 2_001, 2_000)


@pytest.mark.req("DOSE-3")
def test_a_stroke_in_progress_is_not_delivered_yet() -> None:
    hand = Hand()
    hand.pump.boluses.bolus(1_000)
    hand.live(3 * SECOND_US)
    made = len(hand.strokes_us)
    hand.begin_stroke(1_000)
    assert hand.pump.therapy.answers.part("", 0) == {"programmed_mu": 1_000, "delivered_mu": 200 * made}
    assert 0 < made < 4


@pytest.mark.req("DOSE-3", "DOSE-5")
def test_what_was_given_up_is_the_sum_of_all_ledgers() -> None:
    state = [0] * 99
    ledgers = (code.BASAL_ABANDONED, code.TEMP_ABANDONED, code.NORMAL_ABANDONED, code.SQUARE_ABANDONED)
    for place, each in zip(ledgers, (1, 10, 100, 1_000), strict=True):
        state[place] = each
    assert answers.abandoned(state) == 1_111


@pytest.mark.req("THER-2", "DOSE-8")
def test_a_minute_is_60_seconds_and_a_dose_of_whole_strokes_is_exact() -> None:
    reply = Hand().pump.therapy.temp_basal(protocol.TEMP_PERCENT, 50, 1_440)
    assert reply["until_us"] - reply["at_us"] == 86_400 * SECOND_US
    assert answers.smallest_dose_mu(2_000_000) == 2_000

"""What the pump tells is what was: refusals with the figure at fault, reasons, strokes given up, the latest bolus."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import dose_codes as code
from firmware import protocol
from firmware.errors import Refused
from host.errors import Refused as Told
from tests.firmware.hand import SECOND_US, Hand

MINUTE_US = 60 * SECOND_US
BUFFER, INSULIN = protocol.CONTENTS.index("buffer"), protocol.CONTENTS.index("insulin")
PATENCY = protocol.PROCEDURES.index("patency")


@pytest.fixture
def hand() -> Hand:
    return Hand()


def refusal(order: Any, request: str) -> tuple[Refused, str]:
    """What an order is refused with, and what a person reads of it."""
    with pytest.raises(Refused) as error:
        order()
    found = error.value
    fields = {
        field.name: field for message in protocol.MESSAGES if message.name == request for field in message.request
    }
    field = fields.get(found.field_name or "")
    name, unit = (field.name, field.unit) if field else ("", "")
    return found, str(Told(request, found.code, name, found.value, found.limit, unit))


def ended(hand: Hand, kind: str) -> list[str]:
    """Why the deliveries of this kind have ended, by the log."""
    log = hand.pump.reports.read_log(0, 0xFF)["events"]
    ends = [each for each in log if each["event"] == protocol.EVENT_DELIVERY_ENDED]
    return [protocol.REASONS[each["reason"]] for each in ends if protocol.KINDS[each["detail"]] == kind]


@pytest.mark.req("THER-6")
def test_a_procedure_that_finds_another_reservoir_says_what_it_holds_and_what_is_wanted(hand: Hand) -> None:
    hand.pump.switch.stop()
    hand.pump.course.guide.reservoir = BUFFER
    before = hand.pump.status()
    found, text = refusal(lambda: hand.pump.clinic.start_procedure(PATENCY), "start_procedure")
    assert (found.code, found.value, found.limit) == (protocol.WRONG_CONTENT, BUFFER, INSULIN)
    assert "the reservoir holds buffer, but it begins with insulin" in text
    assert hand.pump.status() == before


@pytest.mark.req("THER-1", "GUARD-1")
@pytest.mark.parametrize(("limit_mu_per_h", "percent", "at_fault_mu_per_h"), [(5_000, 0, 6_000), (10_000, 200, 12_000)])
def test_a_commit_above_the_limit_names_rate_limit_and_unit(
    hand: Hand, limit_mu_per_h: int, percent: int, at_fault_mu_per_h: int
) -> None:
    hand.pump.therapy.select_pattern(2)
    staged = hand.pump.patterns.stage_pattern(2, [{"rate_mu_per_h": 6_000}] * 48)
    hand.pump.device.set_limits(limit_mu_per_h, 40_000, 60_000, 150_000)
    if percent:
        hand.pump.therapy.temp_basal(protocol.TEMP_PERCENT, percent, 60)
    commit = lambda: hand.pump.patterns.commit_pattern(2, fingerprint=staged["fingerprint"])  # noqa: E731
    found, text = refusal(commit, "commit_pattern")
    assert (found.code, found.field_name) == (protocol.CLINICIAN_LIMIT, "pattern")
    assert (found.value, found.limit) == (at_fault_mu_per_h, limit_mu_per_h)
    assert f"its greatest rate, {at_fault_mu_per_h / 1000:.2f} U/h" in text
    assert f"the clinician's limit of {limit_mu_per_h / 1000:.2f} U/h" in text


@pytest.mark.req("THER-2", "LOG-1")
@pytest.mark.parametrize("suspend_rate_mu_per_h", [0, 200])
@pytest.mark.parametrize("order", ["suspend", "stop"])
def test_a_temporary_basal_that_a_suspend_ends_says_so(hand: Hand, order: str, suspend_rate_mu_per_h: int) -> None:
    settings = hand.pump.patterns.read_settings() | {"suspend_rate_mu_per_h": suspend_rate_mu_per_h}
    hand.pump.patterns.set_settings(**settings)
    hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 1_000, 60)
    hand.live(20 * MINUTE_US)
    getattr(hand.pump.switch, order)()
    assert ended(hand, "temp_basal") == ["suspended"]
    record = hand.pump.reports.read_deliveries(0, 32)["records"][1]
    assert (record["kind"], record["reason"]) == (protocol.KIND_TEMP_BASAL, protocol.REASON_SUSPENDED)
    assert record["end_us"] == hand.now_us


def test_one_that_a_person_cancels_or_that_ends_says_that(hand: Hand) -> None:
    hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 1_000, 60)
    hand.pump.therapy.cancel_temp()
    hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 1_000, 30)
    hand.live(hand.now_us + 31 * MINUTE_US)
    hand.pump.switch.suspend()
    assert ended(hand, "temp_basal") == ["cancelled", "completed"]


@pytest.mark.req("DOSE-3")
def test_strokes_given_up_are_counted_over_boluses_and_resets(hand: Hand) -> None:
    abandoned = 0
    for volume_mu, seconds in ((2_000, 5), (3_000, 9), (4_000, 3)):
        hand.pump.boluses.bolus(volume_mu)
        hand.pump.boluses.square_bolus(2_000, 30)
        hand.live(hand.now_us + seconds * SECOND_US)
        hand.pump.boluses.cancel_bolus()
        hand.live(hand.now_us + 5 * SECOND_US)
        state = hand.core.state()
        abandoned += state[code.NORMAL_ABANDONED] + state[code.SQUARE_ABANDONED]
        assert hand.pump.status()["strokes_abandoned"] == abandoned > 0
    hand = hand.restarted()
    assert hand.pump.status()["strokes_abandoned"] == abandoned
    hand.pump.boluses.bolus(600)
    assert hand.pump.status()["strokes_abandoned"] == abandoned
    hand.live(hand.now_us + SECOND_US)
    hand = hand.restarted()
    state = hand.core.state()
    assert hand.pump.status()["strokes_abandoned"] == abandoned + state[code.NORMAL_ABANDONED] > abandoned


@pytest.mark.req("THER-6")
def test_a_procedure_s_strokes_are_no_bolus(hand: Hand) -> None:
    number = hand.pump.boluses.bolus(400)["delivery_id"]
    hand.live(10 * SECOND_US)
    status = hand.pump.status()
    assert (status["bolus_id"], status["bolus_delivered_mu"]) == (number, 400)
    hand.pump.switch.stop()
    hand.pump.clinic.start_procedure(PATENCY)
    for _ in range(2):
        hand.pump.clinic.answer_procedure(hand.pump.clinic.read_procedure()["step"], 0, 0)
    for _ in range(2):
        status = hand.pump.status()
        assert [status["bolus_" + name] for name in ("id", "programmed_mu", "commanded_mu", "delivered_mu")] == [0] * 4
        hand.live(hand.now_us + MINUTE_US)
        hand = hand.restarted()
    hand.pump.clinic.interrupt_procedure(hand.pump.clinic.read_procedure()["step"])
    hand.pump.switch.resume()
    number = hand.pump.boluses.bolus(200)["delivery_id"]
    assert hand.pump.status()["bolus_id"] == number


@pytest.mark.req("LOG-2")
def test_settings_are_logged_by_name_and_with_their_sign(hand: Hand) -> None:
    """Which one, from what to what: also a clock west of UTC."""
    patterns = hand.pump.patterns
    changes = {"utc_offset_min": -720, "suspend_rate_mu_per_h": 50, "stroke_tone": 1, "in_use_days": 30}
    before = patterns.read_settings()
    patterns.set_settings(**(before | changes))
    patterns.set_settings(**(before | changes | {"utc_offset_min": 60}))
    names = [field.name for field in protocol.SETTINGS]
    told = [
        (names[each["detail"]], *[value - (1 << 32) if value >> 31 else value for value in (each["a"], each["b"])])
        for each in hand.pump.reports.read_log(0, 100)["events"]
        if protocol.EVENTS[each["event"]] == "setting_changed"
    ]
    assert sorted(told[:-1]) == sorted((name, int(before[name]), value) for name, value in changes.items())
    assert told[-1] == ("utc_offset_min", -720, 60)


@pytest.mark.req("LOG-2")
def test_a_guided_refill_is_logged_under_the_message_of_a_refill() -> None:
    from firmware.therapy import clinic

    assert protocol.BY_ID[clinic.REFILL_MESSAGE].name == "record_refill"

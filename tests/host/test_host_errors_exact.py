"""What each error says to a person, word by word where figures are, and what it carries for a program."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import protocol
from firmware.protocol.alarms import BY_NUMBER
from host import errors
from host.errors import (
    EarlierOrderDone,
    InvalidRequest,
    LinkTimeout,
    NoSuchName,
    OrderInterrupted,
    OrderLost,
    OrderUncertain,
    Refused,
    SchemaMismatch,
)

pytestmark = pytest.mark.req("HOST-1", "HOST-3")


def why(code: int, value: int = 0, limit: int = 0, field: str = "", unit: str = "") -> str:
    """The reason in the text of a refusal."""
    return str(Refused("order", code, field, value, limit, unit)).removeprefix("order refused by the pump: ")


def test_silence_and_noise_are_told_apart_with_the_attempts() -> None:
    for attempts, heard, told in (
        (1, 0, "; nothing came from the port at all"), (2, 0, ", 2 attempts; nothing came from the port at all"),
        (1, 1, "; 1 bytes came, none of them a reply to it"),
        (3, 7, ", 3 attempts; 7 bytes came, none of them a reply to it"),
    ):  # fmt: skip
        assert str(LinkTimeout("status", attempts, 0.5, heard)) == f"no answer to 'status' within 0.5 s{told}"


@pytest.mark.req("LINK-2")
def test_what_became_of_an_order_is_told_and_carried() -> None:
    lost = OrderLost("bolus", "why")
    assert lost.request == "bolus" and "'bolus' and will not carry it out: nothing has changed (why)" in str(lost)
    for begun, again in ((False, False), (True, False), (False, True)):
        uncertain = OrderUncertain("bolus", "why", begun=begun, again=again)
        assert (uncertain.request, uncertain.begun) == ("bolus", begun)
        how = "was begun by the pump, and perhaps completed" if begun else "may have been carried out, or may yet be"
        todo = "Give it again" if again else "Do not repeat it: look at the pump's status and log first"
        assert str(uncertain) == f"UNKNOWN: 'bolus' {how} (why). {todo}"
    earlier = EarlierOrderDone("stop", "bolus")
    assert (earlier.request, earlier.earlier) == ("stop", "bolus")
    assert str(earlier).startswith("'stop' was not sent: 'bolus' before it was carried out after all")
    for settled, reply in ((True, {"at_us": 1}), (False, None)):
        interrupted = OrderInterrupted("bolus", "what", settled=settled, reply=reply)
        assert (interrupted.request, interrupted.settled, interrupted.reply) == ("bolus", settled, reply)
        assert str(interrupted) == "interrupted during 'bolus': what"


def test_another_schema_is_told_with_both_numbers() -> None:
    error = SchemaMismatch(0x12, 0x34)
    assert (error.pump_hash, error.programmer_hash) == (0x12, 0x34)
    assert "0000000000000012, this programmer's 0000000000000034" in str(error)
    assert str(NoSuchName("x", ("a", "b"))) == "there is no 'x', only a, b"


@pytest.mark.req("LINK-1")
def test_a_refusal_carries_its_figures_and_shows_them_in_units_of_people() -> None:
    error = Refused("bolus", protocol.NOT_WHOLE_STROKES, "volume_mu", 2_300, 200, "mU")
    assert (error.code, error.field, error.value, error.limit, error.unit) == (
        "not_whole_strokes", "volume_mu", 2_300, 200, "mU",
    )  # fmt: skip
    assert str(error) == (
        "bolus refused by the pump: the volume, 2.30 U, is not a whole number of strokes of 0.20 U"
    )  # fmt: skip
    assert str(InvalidRequest("bolus", protocol.HARD_LIMIT, "x", 2, 1, "")).startswith("bolus not sent: the x, 2, is")
    assert why(protocol.OUT_OF_RANGE, 7, 5, "step") == "the step, 7, is above the greatest allowed, 5"
    assert why(protocol.OUT_OF_RANGE, 7, 5).startswith("the request, 7, is")
    assert why(protocol.OUT_OF_RANGE, 7, 5, "over", "min").endswith(
        "the over, 7 min, is above the greatest allowed, 5 min"
    )
    assert why(protocol.BAD_LENGTH, 7, 5) == "the request has 7 bytes, the pump expected 5"


@pytest.mark.req("GUARD-1")
def test_the_greatest_rate_is_named_where_the_field_holds_none() -> None:
    told = "its greatest rate, 2.00 U/h, is beyond the clinician's limit of 1.00 U/h"
    for field in ("pattern", "rates", "value"):
        error = Refused("order", protocol.CLINICIAN_LIMIT, field, 2_000, 1_000, "")
        assert error.unit == "mU/h" and str(error).endswith(told)
    other = Refused("order", protocol.CLINICIAN_LIMIT, "volume_mu", 2_000, 1_000, "mU")
    assert other.unit == "mU" and "the volume, 2.00 U, is beyond the clinician's limit of 1.00 U" in str(other)
    other = Refused("order", protocol.OUT_OF_RANGE, "value", 201, 200, "%")
    assert other.unit == "%" and "the value, 201 %, is above" in str(other)


@pytest.mark.req("THER-4")
def test_below_the_level_at_which_it_stops_the_way_out_is_named() -> None:
    told = why(protocol.RESERVOIR_LEVEL, 150_000, 200_000)
    assert told.startswith("150.00 U are left and the pump stops at 200.00 U: record a refill")
    assert why(protocol.RESERVOIR_LEVEL, 20_000, 8_000, "volume_mu", "mU").startswith("only 8.00 U are left above")
    assert "150" not in why(protocol.WRONG_ROLE, 150_000, 200_000)


def test_names_stand_for_the_numbers_of_states_alarms_contents_and_invariants() -> None:
    for place, name in enumerate(protocol.STATES):
        assert f"in the state '{name}'" in why(protocol.WRONG_STATE, place)
    for place in (-1, len(protocol.STATES)):
        assert f"in the state '{place}'" in why(protocol.WRONG_STATE, place)
    for number, alarm in BY_NUMBER.items():
        assert f"alarm '{alarm.name}' is still there" in why(protocol.CAUSE_THERE, number)
    assert "alarm '9999' is still there" in why(protocol.CAUSE_THERE, 9999)
    contents = [*enumerate(protocol.CONTENTS), (-1, "-1"), (len(protocol.CONTENTS), str(len(protocol.CONTENTS)))]
    for place, name in contents:
        assert f"the reservoir holds {name}, but it begins with {protocol.CONTENTS[0]}:" in why(
            protocol.WRONG_CONTENT, place
        )
        assert f"begins with {name}:" in why(protocol.WRONG_CONTENT, 0, place)
    known = errors.INVARIANTS
    for place, name in [*enumerate(known), (-1, "-1"), (len(known), str(len(known)))]:
        assert f"({name})" in why(protocol.UNSOUND, place)


@pytest.mark.req("THER-6")
def test_a_procedure_in_the_wrong_state_says_what_to_do() -> None:
    assert why(protocol.WRONG_STATE, 0, field="procedure") == "a procedure begins on a stopped pump: pump stop"
    assert why(protocol.WRONG_STATE, 2, field="procedure") == "a procedure is under way: pump procedure walk"
    assert why(protocol.WRONG_STATE, 0, field="step").startswith("the procedure is not at this step")
    assert why(protocol.OUT_OF_RANGE, 1, field="step").startswith("the step, 1, is above")


@pytest.mark.req("THER-3")
def test_an_order_that_is_late_says_by_how_much() -> None:
    for late_us, told in ((1_000_000, "1 s"), (60_000_000, "1 min")):
        assert why(protocol.EXPIRED, 5_000_000 + late_us, 5_000_000, unit="µs").startswith(f"it came {told} too late")


def test_every_code_has_a_text_without_a_gap() -> None:
    figures: dict[str, Any] = {"value": 1, "limit": 2, "field": "x"}
    for code in range(1, len(protocol.CODES)):
        assert "{" not in why(code, **figures) and why(code, **figures)

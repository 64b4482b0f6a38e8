"""The screens of procedures, self-test and battery, word by word."""

from __future__ import annotations

from typing import Any

import pytest

from firmware.protocol.all_procedures import BY_NUMBER
from host.records import Check, Energy, Procedure, SelfTest
from host.screens.service import answers, energy_table, procedure_table, procedure_title, self_test_table, step_of
from tests.host.shown import lines, record

pytestmark = pytest.mark.req("HOST-1")
NONE_YET = None


def of(**values: Any) -> Procedure:
    """No procedure, and a pump full of insulin, but for `values`."""
    fit: Any = {"procedure_end": NONE_YET, "fit": True, "reservoir_holds": "insulin"}
    return record(Procedure, **fit | values)


@pytest.mark.req("THER-5", "THER-6")
def test_without_a_procedure_the_end_of_the_latest_is_told() -> None:
    assert lines(procedure_table(of(), "en")) == [
        "Procedure (development platform, not a medical device)",
        "under way        none",
        "latest           none yet",
        "reservoir holds  insulin",
        "catheter holds   insulin",
        "therapy          may run",
    ]
    for end, told in (
        (0, "completed"),
        (1, "left, as it was before"),
        (2, "broken off: no therapy before a refill or a rinse is completed"),
        (3, "3"),
    ):
        assert lines(procedure_table(of(procedure_end=end), "en"))[2] == f"latest           {told}"
    assert lines(procedure_table(of(fit=False, reservoir_holds="empty"), "en"))[3:] == [
        "reservoir holds  empty",
        "catheter holds   insulin",
        "therapy          may not run",
    ]


@pytest.mark.req("THER-6")
def test_what_the_catheter_holds_is_told_with_its_volumes() -> None:
    for buffer_nl, naoh_nl, told in (
        (32_500, 0, "32.50 µL buffer; insulin reaches the tip after 33.00 µL"),
        (0, 10_000, "10.00 µL sodium hydroxide; insulin reaches the tip after 33.00 µL"),
        (500, 1, "0.50 µL buffer, 0.001 µL sodium hydroxide; insulin reaches the tip after 33.00 µL"),
    ):
        found = of(catheter_buffer_nl=buffer_nl, catheter_naoh_nl=naoh_nl, until_insulin_nl=33_000)
        assert lines(procedure_table(found, "en"))[4] == f"catheter holds   {told}"


@pytest.mark.req("THER-6")
def test_a_step_is_told_with_what_to_do_on_what_basis_and_what_to_say() -> None:
    found = of(procedure="rinse", step=5, procedure_strokes_left=20, fit=False, reservoir_holds="naoh")
    assert lines(procedure_table(found, "en"), 140) == [
        "Procedure (development platform, not a medical device)",
        f"under way        {procedure_title('rinse', 'en')}",
        "step             6 of 21: pull naoh",
        "to do            Let the pump deliver 4 U, which opens its valve.",
        "basis            C p. 159: 4 U, which are 20 strokes; that it goes to the side port and not to the patient is"
        " inferred",
        "say              go: 20 strokes (naoh) to the side port; or interrupt",
        "reservoir holds  naoh",
        "catheter holds   insulin",
        "therapy          may not run",
    ]
    assert lines(procedure_table(found, "fr"), 140)[3] != lines(procedure_table(found, "en"), 140)[3]


@pytest.mark.req("THER-6")
def test_what_can_be_said_at_a_step() -> None:
    for procedure, step, values, told in (
        ("refill", 0, {}, "ready; or interrupt"),
        ("refill", 4, {}, "done"),
        ("rinse", 6, {}, "enough, again; or interrupt"),
        ("patency", 1, {"procedure_strokes_left": 5}, "go: 5 strokes (diagnostic) to the catheter; or interrupt"),
        (
            "stroke_volume",
            2,
            {"procedure_strokes_left": 50},
            "go: 50 strokes (insulin test) to the side port; or interrupt",
        ),
        (
            "patency",
            1,
            {"procedure_delivering": True, "procedure_strokes_left": 3},
            "nothing now: 3 strokes are still to come",
        ),
    ):
        values: dict[str, Any]
        now = of(procedure=procedure, step=step, **values)
        found = step_of(now)
        assert found is not None and answers(found, now) == told
    assert step_of(of()) is None
    for each in BY_NUMBER.values():
        assert [step_of(of(procedure=each.name, step=place)) for place in range(len(each.steps))] == list(each.steps)


@pytest.mark.req("SELF-1")
def test_each_check_of_a_self_test_is_told_with_what_was_found() -> None:
    checks = (Check("native_core", ok=True, value=5), Check("ram", ok=False, value=None))
    assert lines(self_test_table(SelfTest(passed=True, duration_us=1_234_567, checks=checks))) == [
        "Self-test (development platform, not a medical device)",
        "all  passed, 1.23 s",
        "native core  passed  5",
        "ram          failed",
    ]
    failed = SelfTest(passed=False, duration_us=0, checks=())
    assert lines(self_test_table(failed))[1] == "all  failed: the pump does not dose, 0.00 s"


@pytest.mark.req("PWR-1")
def test_the_battery_is_told_in_the_units_of_people() -> None:
    days = 8 * 365
    found: Any = {"battery_used_nah": 12_345_600, "battery_left_nah": 1_987_654_400, "battery_mean_na": 28_060}
    found |= {"battery_left_s": days * 86_400 + 86_399, "battery_level": "good", "wakes": 77}
    assert lines(energy_table(record(Energy, **found))) == [
        "Battery, by count and not measured (development platform, not a medical device)",
        "battery   good",
        "used      12.346 mAh",
        "left      1987.7 mAh, 2920 d at 28.1 µA",
        "wake-ups  77",
    ]
    for left_s, told in ((0xFFFFFFFE, "49710 d"), (None, "does not run down")):
        assert f", {told} at " in lines(energy_table(record(Energy, **found | {"battery_left_s": left_s})))[3]

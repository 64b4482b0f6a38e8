"""An order that changes delivery is prepared first, and does what the pump has shown, or nothing."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from firmware import dose_codes as code
from firmware import protocol
from firmware.protocol.codec import ASKED_BYTES, SUMMARY_BYTES
from tests.firmware.answering import answering
from tests.firmware.desk import BY_NAME, Desk, lowest
from tests.firmware.hand import SECOND_US
from tests.firmware.link.requests import logged, usual
from tests.firmware.protocol.test_protocol import greatest_size
from tests.firmware.therapy.test_refused_is_nothing import everything
from tests.firmware.therapy.test_shown_first import TWO_STEPS

pytestmark = pytest.mark.req("SEC-3", "THER-9")
MINUTE_US = 60 * SECOND_US
ONE_STEP = [each.name for each in protocol.MESSAGES if each.changes_delivery and each.name not in TWO_STEPS]


class Person:
    """A programmer that does both steps by hand, on a desk that any number of them share."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.hash = 0

    def prepare(self, name: str, **values: Any) -> Any:
        """The summary's fields, or the refusal's code; `hash` is what an order must carry then."""
        message = BY_NAME[name]
        asked = protocol.encode(message.request[protocol.ORDER_FIELDS :], values, check=False)
        answer = self.desk.ask("prepare", message_id=message.id, request=asked)
        if isinstance(answer, str):
            return answer
        summary = answer["prepared"]
        digest = hashlib.sha256(bytes([message.id]) + asked + summary).digest()
        self.hash = int.from_bytes(digest[:8], "little")
        return protocol.decode(message.bound + message.shown, summary)

    def order(self, name: str, **values: Any) -> Any:
        """Give the order with the hash."""
        return self.desk.ask(name, **{"confirms": self.hash} | values)


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.pump.therapy.set_basal(1_000)
    return desk


@pytest.fixture
def person(desk: Desk) -> Person:
    return Person(desk)


def test_whatever_changes_delivery_is_shown_first_and_nothing_else() -> None:
    """What makes less is never held up; to acknowledge an alarm delivers nothing and resumes nothing (ALARM-2)."""
    assert sorted(ONE_STEP) == ["acknowledge_alarm", "cancel_bolus", "stop", "suspend"]
    assert sorted(each.name for each in protocol.MESSAGES if each.bound) == sorted(TWO_STEPS)
    orders = [each for each in protocol.MESSAGES if each.changes_delivery]
    assert max(greatest_size(each.request[protocol.ORDER_FIELDS :]) for each in orders) <= ASKED_BYTES
    assert max(greatest_size(each.bound + each.shown) for each in orders) <= SUMMARY_BYTES


def test_a_prepared_bolus_is_told_in_units_of_people_and_then_done(person: Person) -> None:
    desk = person.desk
    desk.pump.boluses.bolus(2_000)
    desk.hand.live(30 * SECOND_US)
    told = person.prepare("bolus", volume_mu=3_000)
    assert told == {
        "volume_mu": 3_000, "strokes": 15, "bolus_id": 3, "square_id": 0, "in_force_mu_per_h": 1_000,
        "max_hour_mu": 60_000, "max_day_mu": 150_000, "takes_s": 30, "hour_mu": 2_000, "hour_then_mu": 5_000,
        "day_mu": 2_000, "day_then_mu": 5_000, "left_mu": 0xFFFFFFFF,
    }  # fmt: skip
    assert person.order("bolus", volume_mu=3_000)["strokes"] == 15


def test_to_prepare_changes_nothing_at_all_and_is_in_no_log(person: Person) -> None:
    before, writes = everything(person.desk.hand), len(person.desk.hand.memory.writes)
    assert person.prepare("bolus", volume_mu=3_000)["strokes"] == 15
    assert (everything(person.desk.hand), len(person.desk.hand.memory.writes)) == (before, writes)


@pytest.mark.parametrize("name", TWO_STEPS)
def test_an_order_that_nobody_has_prepared_is_refused_or_refused_for_its_own_reason(name: str) -> None:
    desk = Desk()
    usually = desk.ask(name, **usual(BY_NAME[name]))
    desk = Desk()
    before = everything(desk.hand)["core"]
    answer = desk.ask(name, **usual(BY_NAME[name]), confirms=7)
    assert answer == (usually if isinstance(usually, str) else "not_prepared")
    assert everything(desk.hand)["core"] == before


def test_the_hash_of_another_order_is_refused_and_the_right_one_holds_on(person: Person) -> None:
    person.prepare("bolus", volume_mu=400)
    assert person.order("bolus", volume_mu=600) == "not_prepared"
    assert person.order("set_basal", rate_mu_per_h=400) == "not_prepared"
    assert person.order("bolus", volume_mu=400, confirms=person.hash ^ 1) == "not_prepared"
    assert person.desk.refusal["field_index"] == 3 and person.desk.refusal["value"] == 0
    assert person.order("bolus", volume_mu=400)["strokes"] == 2
    assert person.order("bolus", volume_mu=400) == "bolus_active"


def test_one_is_prepared_at_a_time_and_it_is_done_once(person: Person) -> None:
    person.prepare("set_basal", rate_mu_per_h=2_000)
    first = person.hash
    person.prepare("set_basal", rate_mu_per_h=3_000)
    assert person.order("set_basal", rate_mu_per_h=2_000, confirms=first) == "not_prepared"
    assert person.order("set_basal", rate_mu_per_h=3_000)["new_rate_mu_per_h"] == 3_000
    assert person.order("set_basal", rate_mu_per_h=3_000) == "not_prepared"


def test_it_holds_for_two_minutes_and_not_a_microsecond_longer(person: Person) -> None:
    for late_us, answer in ((0, dict), (1, str)):
        person.prepare("set_basal", rate_mu_per_h=2_000)
        person.desk.hand.live(person.desk.hand.now_us + 2 * MINUTE_US + late_us)
        found = person.order("set_basal", rate_mu_per_h=2_000)
        assert isinstance(found, answer) and (late_us == 0 or found == "not_prepared")
        person.desk.pump.therapy.set_basal(1_000)


@pytest.mark.parametrize(("looks_us", "answer"), [(1_000_000, dict), (1_000_001, str)])
def test_an_order_that_expires_during_its_own_checks_is_refused(
    person: Person, looks_us: int, answer: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look ahead takes time on a chip; what is done after it is not done too late."""
    desk = person.desk
    person.prepare("bolus", volume_mu=3_000)

    def cut(*args: int) -> None:
        desk.hand.now_us += looks_us

    monkeypatch.setattr(desk.pump.therapy.forecast, "cut", cut)
    expires_us = desk.hand.now_us + 1_000_000
    found = person.order("bolus", volume_mu=3_000, command_id=77, expires_us=expires_us)
    assert isinstance(found, answer) and (answer is dict or found == "expired")
    monkeypatch.undo()
    assert person.order("bolus", volume_mu=3_000, command_id=77, expires_us=expires_us) == found, "it stays so"
    assert desk.hand.core.state()[code.NORMAL_PROGRAMMED] == (15 if answer is dict else 0)


def test_it_does_not_outlive_its_session_or_a_reset(person: Person) -> None:
    person.prepare("set_basal", rate_mu_per_h=2_000)
    person.desk.opens()
    assert person.order("set_basal", rate_mu_per_h=2_000) == "not_prepared"
    person.prepare("set_basal", rate_mu_per_h=2_000)
    person.desk = person.desk.restarted()
    assert person.order("set_basal", rate_mu_per_h=2_000) == "not_prepared"


@pytest.mark.parametrize(
    ("name", "values", "other", "changed"),
    [
        ("set_basal", {"rate_mu_per_h": 2_000}, "set_basal", {"rate_mu_per_h": 3_000}),
        ("temp_basal", {"kind": 1, "value": 50, "duration_min": 60}, "set_basal", {"rate_mu_per_h": 3_000}),
        ("bolus", {"volume_mu": 400}, "square_bolus", {"volume_mu": 400, "duration_min": 30}),
        ("square_bolus", {"volume_mu": 400, "duration_min": 30}, "bolus", {"volume_mu": 400}),
        ("bolus", {"volume_mu": 400}, "temp_basal", {"kind": 1, "value": 50, "duration_min": 60}),
        (
            "set_limits",
            {"max_basal_mu_per_h": 3_000, "max_bolus_mu": 400, "max_hour_mu": 8_000, "max_day_mu": 90_000},
            "set_limits",
            {"max_basal_mu_per_h": 4_000, "max_bolus_mu": 400, "max_hour_mu": 8_000, "max_day_mu": 90_000},
        ),
        ("recommend_rate", {"rate_mu_per_h": 0, "valid_min": 5}, "set_basal", {"rate_mu_per_h": 3_000}),
        ("select_pattern", {"pattern": 1}, "set_basal", {"rate_mu_per_h": 3_000}),
    ],
)  # fmt: skip
def test_what_another_programmer_has_changed_meanwhile_is_told_and_not_undone(
    person: Person, name: str, values: dict[str, int], other: str, changed: dict[str, int]
) -> None:
    """The other has done both steps; here only what follows from them."""
    person.prepare(name, **values)
    message = BY_NAME[other]
    part = answering(person.desk.commands, person.desk.hand.pump)[other]
    getattr(part, other)(**changed)
    before = everything(person.desk.hand)["core"]
    assert person.order(name, **values) == "changed_meanwhile"
    assert everything(person.desk.hand)["core"] == before and message.bound
    assert person.order(name, **values) == "not_prepared", "it must be looked at again"
    assert isinstance(person.prepare(name, **values), dict)
    assert isinstance(person.order(name, **values), dict)


def test_the_time_that_passes_by_itself_changes_nothing_that_was_agreed_to(person: Person) -> None:
    """A minute of basal at 30 U/h: the hour and the day hold more, the reservoir less."""
    person.desk.pump.therapy.set_basal(30_000)
    first = person.prepare("bolus", volume_mu=3_000)
    given = person.hash
    person.desk.hand.live(person.desk.hand.now_us + MINUTE_US)
    then = person.prepare("bolus", volume_mu=3_000)
    assert then["hour_mu"] > first["hour_mu"] and person.hash != given
    person.desk.hand.live(person.desk.hand.now_us + MINUTE_US)
    assert person.order("bolus", volume_mu=3_000)["strokes"] == 15


def test_a_repeat_is_answered_from_the_table_though_nothing_is_prepared_any_more(person: Person) -> None:
    person.prepare("bolus", volume_mu=400)
    done = person.order("bolus", volume_mu=400)
    frame = person.desk.frames[-1]
    person.desk.hand.live(person.desk.hand.now_us + 5 * MINUTE_US)
    assert person.desk.send(frame) == done
    person.desk.opens()
    assert person.desk.send(frame) == done
    assert len(logged(person.desk, protocol.EVENT_ACCEPTED)) == 2


def test_one_that_was_refused_as_not_prepared_stays_refused(person: Person) -> None:
    """It is written down: if it comes again when the same has been prepared since, it is not done."""
    assert person.order("bolus", volume_mu=400, confirms=0) == "not_prepared"
    person.prepare("bolus", volume_mu=400)
    frame = person.desk.frame("bolus", volume_mu=400, confirms=person.hash, command_id=7)
    person.desk.opens()
    assert person.desk.send(frame) == "not_prepared"
    person.prepare("bolus", volume_mu=400)
    assert person.desk.send(frame) == "not_prepared" and not person.desk.booked_mu


@pytest.mark.parametrize("name", protocol.SAFE)
def test_what_makes_less_needs_nothing(person: Person, name: str) -> None:
    person.desk.pump.boluses.bolus(2_000)
    assert isinstance(person.desk.ask(name, confirms=12345), dict)
    assert person.prepare(name) == "unknown_message"


@pytest.mark.parametrize("role", ["patient", "clinician", "service"])
def test_who_may_not_give_an_order_may_not_prepare_it(desk: Desk, role: str) -> None:
    desk.opens(protocol.ROLES.index(role))
    person = Person(desk)
    for name in TWO_STEPS:
        values = lowest(BY_NAME[name].request[protocol.ORDER_FIELDS :])
        both = person.prepare(name, **values), desk.ask(name, **values)
        assert both.count("wrong_role") in (0, 2), name


def test_a_refusal_names_the_field_of_the_order(person: Person) -> None:
    person.desk.pump.device.set_limits(30_000, 2_000, 60_000, 150_000)
    answer = person.prepare("bolus", volume_mu=3_000)
    whole = {name: person.desk.refusal[name] for name in ("field_index", "value", "limit")}
    assert answer == person.order("bolus", volume_mu=3_000) == "clinician_limit"
    assert whole == {name: person.desk.refusal[name] for name in whole} == {
        "field_index": 4, "value": 3_000, "limit": 2_000,
    }  # fmt: skip
    refusals = logged(person.desk, protocol.EVENT_REFUSED)
    assert refusals == [(BY_NAME["bolus"].id, protocol.CLINICIAN_LIMIT, 3_000, 1)], "the order's, not the question's"


@pytest.mark.parametrize("asked", [b"", b"\1\2\3", b"\1\0\0\0\0", b"\1\0\0\0" * 8])
def test_bytes_that_are_no_order_are_refused(desk: Desk, asked: bytes) -> None:
    assert desk.ask("prepare", message_id=BY_NAME["bolus"].id, request=asked) == "bad_length"
    for number in (0x02, 0x46, 0x7E):
        assert desk.ask("prepare", message_id=number, request=asked) == "unknown_message"


def test_a_part_that_shows_nothing_does_nothing_unseen(desk: Desk) -> None:
    """If an order's method forgot to ask for agreement, to prepare it would carry it out."""
    desk.pump.boluses.bolus = lambda **order: {}  # type: ignore[method-assign]
    request = (400).to_bytes(4, "little")
    assert desk.ask("prepare", message_id=BY_NAME["bolus"].id, request=request) == "internal_error"

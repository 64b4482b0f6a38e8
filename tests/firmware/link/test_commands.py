"""Dispatch: what reaches the pump, what is refused with which numbers, and that a refusal changes nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware import protocol
from firmware.errors import Refused
from firmware.link.commands import Commands
from firmware.protocol import MESSAGES
from tests.firmware.desk import BY_NAME, Desk
from tests.firmware.hand import SECOND_US, Hand
from tests.firmware.link.requests import changeable, logged, usual


def wrong_values():
    """(message, values, the refusal expected) for every way to break a limit of a request field."""
    cases = []
    for message in MESSAGES:
        for index, field in enumerate(message.request):
            if field.kind in ("records", "str8", "bytes"):
                continue
            greatest = {"i32": 0x7FFFFFFF, "bool": 1}.get(field.kind, 0xFFFFFFFFFFFFFFFF)
            greatest = {"u8": 0xFF, "u16": 0xFFFF, "u32": 0xFFFFFFFF}.get(field.kind, greatest)
            above = "hard_limit" if field.hard else "out_of_range"
            broken = [(above, value, field.high) for value in {field.high + field.step, greatest} if value > field.high]
            if field.low > 0:
                broken.append(("out_of_range", field.low - 1, field.low))
            if field.step > 1:
                broken.append(("not_multiple", field.low + 1, field.step))
            for code, value, limit in broken:
                if value <= greatest:
                    expected = (code, index, value, limit)
                    name = f"{message.name}-{field.name}-{value}"
                    cases.append(pytest.param(message, {**usual(message), field.name: value}, expected, id=name))
    return cases


OURS = [message for message in MESSAGES if message.role != "provisioning"]  # nobody has both roles
IN_VALUES = ("hard_limit", "not_multiple", "bad_length", "internal_error")


@pytest.mark.parametrize("message", MESSAGES, ids=[message.name for message in MESSAGES])
def test_a_usual_request_is_not_refused_by_the_table(message):
    assert Desk().ask(message.name, **usual(message)) not in IN_VALUES


@pytest.mark.req("LINK-1", "GUARD-1", "LOG-1")
@pytest.mark.parametrize(("message", "values", "expected"), wrong_values())
def test_every_limit_of_every_field_is_refused_with_nothing_changed(message, values, expected):
    desk = Desk()
    before = changeable(desk)
    assert desk.refused(message.name, **values) == expected
    assert changeable(desk) == before and desk.commands.counters.requests_refused == 1
    in_log = (message.id, protocol.CODES.index(expected[0]), min(abs(expected[2]), 0xFFFFFFFF), 1)
    assert logged(desk, protocol.EVENT_REFUSED) == [in_log] * message.changes_delivery, "an order's refusal is logged"


@pytest.mark.req("LINK-1")
@pytest.mark.parametrize("message", OURS, ids=[message.name for message in OURS])
def test_a_request_of_the_wrong_length_is_refused(message):
    desk = Desk()
    before = changeable(desk)
    number, payload = desk.frame(message.name, **usual(message))
    expected = len(payload)
    assert desk.send((number, payload + b"\0")) == "bad_length"
    refusal = desk.refusal
    assert (refusal["field_index"], refusal["value"], refusal["limit"]) == (protocol.NO_FIELD, expected + 1, expected)
    if payload:
        assert desk.send((number, payload[:-1])) == "bad_length"
    assert changeable(desk) == before


@pytest.mark.req("LINK-4")
@given(st.integers(0, 127), st.binary(max_size=protocol.MAX_PAYLOAD_BYTES))
def test_any_request_gets_an_answer(message_id, payload):
    desk = Desk()
    desk.send((message_id, payload))
    assert desk.commands.counters.internal_errors == 0


def test_an_unknown_message_is_refused():
    desk = Desk()
    assert desk.send((0x7E, b"")) == "unknown_message"
    assert (desk.refusal["field_index"], desk.refusal["value"]) == (protocol.NO_FIELD, 0x7E)
    assert not logged(desk, protocol.EVENT_REFUSED), "no order"


@pytest.mark.req("SEC-1", "SEC-2")
def test_who_has_no_session_is_answered_nothing():
    """The door lets nobody come here without one; it would be of no use either."""
    desk = Desk()
    desk.opens(protocol.ROLE_NONE)
    before = changeable(desk)
    for message in MESSAGES:
        assert desk.ask(message.name, **usual(message)) == "wrong_role"
    assert changeable(desk) == before
    desk.opens()
    assert desk.ask("status")["state"] == protocol.STATE_RUNNING


@pytest.mark.req("LOG-1")
def test_what_is_answered_with_its_time_is_in_the_log_and_so_is_what_is_refused():
    desk = Desk()
    desk.hand.live(3 * SECOND_US)
    reply = desk.ask("set_basal", rate_mu_per_h=1250)
    assert reply == {"at_us": 3_000_000, "old_rate_mu_per_h": 0, "new_rate_mu_per_h": 1250, "cut_by": 0}
    assert desk.ask("bolus", volume_mu=2400) == {"at_us": 3_000_000, "delivery_id": 3, "strokes": 12}
    assert desk.refused("bolus", volume_mu=2600)[0] == "bolus_active"
    assert desk.ask("cancel_bolus")["programmed_mu"] == 2400
    assert desk.refused("cancel_bolus") == ("no_bolus_active", protocol.NO_FIELD, 0, 0)
    assert desk.ask("suspend")["rate_mu_per_h"] == 200
    assert desk.refused("bolus", volume_mu=200) == ("wrong_state", protocol.NO_FIELD, protocol.STATE_SUSPENDED, 0)
    assert desk.ask("resume") == {"at_us": 3_000_000, "rate_mu_per_h": 1250}
    accepted = [protocol.BY_ID[each[0]].name for each in logged(desk, protocol.EVENT_ACCEPTED)]
    assert accepted == ["set_basal", "bolus", "cancel_bolus", "suspend", "resume"]
    bolus, cancel = BY_NAME["bolus"].id, BY_NAME["cancel_bolus"].id
    assert logged(desk, protocol.EVENT_REFUSED) == [
        (bolus, protocol.BOLUS_ACTIVE, 2600, 1),
        (cancel, protocol.NO_BOLUS_ACTIVE, 0, 1),
        (bolus, protocol.WRONG_STATE, protocol.STATE_SUSPENDED, 1),
    ]


def test_new_limits_are_answered_beside_the_old_ones_and_apply():
    desk = Desk()
    limits = {"max_basal_mu_per_h": 1000, "max_bolus_mu": 20000, "max_hour_mu": 30000, "max_day_mu": 90000}
    reply = desk.ask("set_limits", **limits)
    assert {name: reply["new_" + name] for name in limits} == limits
    assert [reply["old_" + name] for name in limits] == [35000, 40000, 60000, 150000]
    assert desk.refused("set_basal", rate_mu_per_h=1050) == ("clinician_limit", 4, 1050, 1000)


def test_status_carries_the_link_counters():
    desk = Desk()
    desk.commands.counters.frames_bad_crc = 7
    desk.send((0x7E, b""))
    reply = desk.ask("status")
    assert (reply["frames_bad_crc"], reply["requests_refused"]) == (7, 1)


def test_deliveries_come_in_pages():
    desk = Desk()
    for _ in range(8):
        desk.ask("bolus", volume_mu=200)
        desk.hand.live(desk.hand.now_us + 2 * SECOND_US)
    reply = desk.ask("read_deliveries", since_id=2, max_count=5)
    assert (reply["oldest_id"], reply["newest_id"]) == (1, 9)
    assert [record["id"] for record in reply["records"]] == [3, 4, 5, 6, 7]


class Unexpected(Exception):
    pass


@pytest.mark.req("LINK-4", "ALARM-1")
@pytest.mark.parametrize(
    ("failure", "kind"),
    [(Unexpected("bug"), 8), (MemoryError(), 0), (KeyError("x"), 5), (protocol.ProtocolError(1, 0, "x", 1, 1), 8)],
    ids=repr,
)
def test_an_unexpected_exception_becomes_a_counted_refusal_and_stops_the_pump(failure, kind):
    desk = Desk()
    desk.ask("set_basal", rate_mu_per_h=1000)

    def fail(volume_mu, **order):
        raise failure

    desk.pump.boluses.bolus = fail
    assert desk.refused("bolus", volume_mu=200) == ("internal_error", protocol.NO_FIELD, 0, 0)
    assert desk.commands.last_error is failure and desk.pump.failures.last_error is failure
    status = desk.ask("status")
    assert (status["internal_errors"], status["state"]) == (1, protocol.STATE_STOPPED)
    assert logged(desk, protocol.EVENT_EXCEPTION) == [(kind, 0, 0, 0)]
    again = desk.send(desk.frames[-2])
    assert again == "internal_error" and desk.commands.counters.orders_repeated == 1


@pytest.mark.req("ALARM-1", "THER-10")
def test_a_question_that_fails_is_logged_and_stops_nothing():
    desk = Desk()
    desk.ask("set_basal", rate_mu_per_h=1000)
    failure = MemoryError()

    def fail(**question):
        raise failure

    desk.pump.reports.read_deliveries = fail
    assert desk.ask("read_deliveries", **usual(BY_NAME["read_deliveries"])) == "internal_error"
    assert desk.pump.failures.last_error is failure and desk.ask("status")["state"] == protocol.STATE_RUNNING
    assert logged(desk, protocol.EVENT_EXCEPTION) == [(0, 0, 1, 0)]


@pytest.mark.req("LINK-4")
def test_a_reply_that_does_not_fit_its_fields_is_cut_to_what_does():
    desk = Desk()
    desk.pump.therapy.set_basal = lambda **order: {
        "at_us": -1,
        "old_rate_mu_per_h": 1 << 40,
        "new_rate_mu_per_h": 0,
        "cut_by": 0,
    }
    reply = desk.ask("set_basal", rate_mu_per_h=50)
    assert reply == {"at_us": 0, "old_rate_mu_per_h": 0xFFFFFFFF, "new_rate_mu_per_h": 0, "cut_by": 0}


def test_numbers_beyond_64_bits_are_clamped_in_a_refusal():
    desk = Desk()

    def fail(volume_mu, **order):
        raise Refused(protocol.DAY_LIMIT, "volume_mu", 1 << 70, -(1 << 70))

    desk.pump.boluses.bolus = fail
    assert desk.refused("bolus", volume_mu=200) == ("day_limit", 4, (1 << 63) - 1, -(1 << 63))


@pytest.mark.req("SEC-2")
@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("anyone", set()),
        ("patient", {"anyone", "patient"}),
        ("clinician", {"anyone", "patient", "clinician", "card"}),
        ("service", {"anyone", "service"}),
        ("card", {"enrol", "identity", "stop", "suspend"}),
        ("provisioning", {"provision"}),
    ],
)
def test_a_role_may_do_what_is_its_own(role, allowed):
    for message in MESSAGES:
        desk = Desk(Hand())
        desk.commands = Commands(desk.pump, role=protocol.ROLE_BENCH)
        desk.commands.begun(protocol.ROLES.index(role))
        before = changeable(desk)
        answer = desk.ask(message.name, **usual(message))
        if message.role in allowed or message.name in allowed:
            assert answer != "wrong_role", message.name
        else:
            assert answer == "wrong_role", message.name
            assert changeable(desk) == before

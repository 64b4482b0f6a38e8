"""What the programmer asks around delivery, request by request, and what its records make of the answers."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from firmware import protocol
from host import records
from host.api import client
from host.api.client import MESSAGES, Programmer
from host.errors import BadReply
from tests.host.device import Device
from tests.host.test_host_orders_exact import Pump, programmer, reply

pytestmark = pytest.mark.req("HOST-3")


def zeros(table: tuple[Any, ...], **values: Any) -> dict[str, Any]:
    """A value for each field of a table, the least that it may have, but for those given."""
    return {field.name: [] if field.fields else field.low for field in table} | values


def record(kind: Any, **values: Any) -> Any:
    """A record of which each number tells its place, but for the values given."""
    return kind(**{field.name: place for place, field in enumerate(fields(kind), 1)} | values)


def test_a_page_holds_as_many_as_fit_into_a_reply() -> None:
    for name, page in (("read_deliveries", client.PAGE), ("read_log", client.EVENTS_PAGE)):
        most = MESSAGES[name].request[1].high
        assert page == most == MESSAGES[name].reply[-1].high
    assert (client.PAGE, client.EVENTS_PAGE) == (5, 7)


def test_deliveries_and_events_are_asked_for_page_by_page_from_the_number_above_the_last() -> None:
    def page(name: str, first: int, count: int) -> tuple[int, bytes]:
        table = MESSAGES[name].reply
        number = {"read_deliveries": "id", "read_log": "number"}[name]
        rows = [zeros(table[-1].fields, **{number: each}) for each in range(first, first + count)]
        return reply(name, **zeros(table, **{table[0].name: 4, table[1].name: 12, table[-1].name: rows}))

    for name, ask, since in (("read_deliveries", "deliveries", "since_id"), ("read_log", "events", "since_number")):
        most = MESSAGES[name].request[1].high
        pump = Pump(**{name: [page(name, 4, most), page(name, 4 + most, 1), page(name, 0, 0)]})
        found = list(getattr(programmer(pump), ask)(3))
        assert [getattr(each, "id", None) or each.number for each in found] == list(range(4, 5 + most))
        asked = [values for called, values, _ in pump.asked if called == name]
        assert asked == [{since: each, "max_count": most} for each in (3, 3 + most, 4 + most)]
        pump = Pump(**{name: [page(name, 0, 0)]})
        assert list(getattr(programmer(pump), ask)()) == [] and pump.asked[-1][1][since] == 0
        pump = Pump(**{name: [page(name, 5, 2)]})
        got = getattr(programmer(pump), name)(4, 2)
        assert (got.oldest_id, got.newest_id) == (4, 12) if ask == "deliveries" else True
        assert pump.asked[-1][1] == {since: 4, "max_count": 2}


def test_alarms_are_read_until_all_are_there() -> None:
    table = MESSAGES["read_alarms"].reply

    def page(alarms: int, count: int) -> tuple[int, bytes]:
        rows = [zeros(table[-1].fields, alarm=1)] * count
        return reply("read_alarms", **zeros(table, alarms=alarms, records=rows))

    for answers, found in (
        ([page(3, 2), page(3, 1)], 3), ([page(2, 2)], 2), ([page(0, 0)], 0), ([page(9, 2), page(9, 0)], 2),
    ):  # fmt: skip
        pump = Pump(read_alarms=answers)
        assert len(programmer(pump).read_alarms()) == found
        assert [values["first"] for name, values, _ in pump.asked if name == "read_alarms"] == [0, 2][
            : len(pump.names) - 1
        ]


@pytest.mark.req("LOG-3")
def test_telemetry_is_ordered_and_listened_to() -> None:
    device = Device()
    pump = Programmer(device)
    assert pump.telemetry(2, 30) == records.Streaming(30_000_000)
    assert pump.listen(0.5) is None
    frame = bytes(protocol.encode(protocol.TELEMETRY, zeros(protocol.TELEMETRY, wakes=7, now_us=5)))
    for each in (frame, b"\1"):
        device.link.tell(protocol.TELEMETRY_ID, each)
    found = pump.listen(0.5)
    assert isinstance(found, records.Telemetry) and (found.wakes, found.now_us) == (7, 5)
    with pytest.raises(BadReply, match="telemetry"):
        pump.listen(0.5)


@pytest.mark.req("OCC-2")
def test_the_finding_about_the_catheter_is_told() -> None:
    found = Programmer(Device()).read_diagnosis()
    assert found.diagnosis == "not_watched" and found.strokes == found.missed_mu == 0, "the pump has no sensor"


def test_a_memory_is_initialised_and_settings_are_stored_as_they_are_given() -> None:
    pump = Pump(initialise_memory=[reply("initialise_memory", at_us=5)])
    assert programmer(pump).initialise_memory() == records.MemoryInitialised(5)
    pump = Pump(set_settings=[reply("set_settings", at_us=6)])
    settings = Programmer(Device()).read_settings()
    assert programmer(pump).set_settings(settings) == records.SettingsSet(6)
    sent = pump.asked[-1][1]
    assert {field.name: sent[field.name] for field in fields(settings)} == {
        field.name: getattr(settings, field.name) for field in fields(settings)
    }


@pytest.mark.req("DOSE-8")
def test_the_smallest_dose_is_whole_strokes_and_whole_milliunits() -> None:
    for stroke_uu, dose_mu in ((200_000, 200), (50_000, 50), (62_500, 125), (12_500, 25), (250_000, 250), (999, 999)):
        assert record(records.Hello, stroke_uu=stroke_uu).smallest_dose_mu == dose_mu


def test_a_status_sums_what_was_dropped_and_tells_when_the_next_stroke_is_due() -> None:
    parts = {"frames_overlong": 1, "frames_bad_cobs": 20, "frames_too_short": 300, "frames_bad_crc": 4_000}
    assert record(records.Status, **parts, frames_not_request=50_000).frames_bad == 54_321
    limits = records.Limits(max_basal_mu_per_h=1, max_bolus_mu=2, max_hour_mu=3, max_day_mu=4)
    assert record(records.Status, max_basal_mu_per_h=1, max_bolus_mu=2, max_hour_mu=3, max_day_mu=4).limits == limits

    def due(due_us: int | None) -> int | None:
        found: int | None = record(records.Status, now_us=100, next_due_us=due_us).next_due_in_us
        return found

    assert [due(each) for each in (None, 150, 101, 100, 99, 0)] == [None, 50, 1, 0, 0, 0]
    assert due(protocol.NEVER_US - 1) == protocol.NEVER_US - 101


@pytest.mark.req("THER-5")
def test_a_refill_tells_its_verdict() -> None:
    refilled = records.Refilled(1, 2, 3, -4, 5, "watch", 6, 7)
    assert refilled.verdict == records.Verdict(-4, 5, "watch", 6, 7)


@pytest.mark.req("THER-5", "THER-6", "SELF-1")
def test_procedures_and_self_test_are_told_as_records() -> None:
    table = MESSAGES["answer_procedure"].reply
    bands = next(field for field in table if field.name == "band").names
    for band in bands:
        figures = {"accuracy_tenths": -3, "uncertainty_tenths": 2, "missing_nl": 1, "delivered_nl": 4}
        values = zeros(table, at_us=9, band=bands.index(band), **figures)
        pump = Pump(answer_procedure=[reply("answer_procedure", **values)])
        change = programmer(pump).answer_procedure(1, 2)
        assert (change.at_us, change.now.procedure, change.now.step) == (9, "none", 0)
        figures = (None, None) if band == "interval_too_short" else (-3, 2)
        assert change.verdict == (None if band == "none" else records.Verdict(*figures, band, 1, 4))
        asked = pump.asked[-1][1]
        assert (asked["step"], asked["choice"], asked["value"]) == (1, 2, 0)
    for name, call in (("start_procedure", ("rinse",)), ("interrupt_procedure", (3,))):
        pump = Pump(**{name: [reply(name, **zeros(MESSAGES[name].reply, at_us=8))]})
        change = getattr(programmer(pump), name)(*call)
        assert (change.at_us, change.verdict, change.now.procedure) == (8, None, "none")
    assert pump.asked[-1][1]["step"] == 3
    table = MESSAGES["self_test"].reply
    checks = [zeros(table[-1].fields, value=each) for each in (4, 5)]
    pump = Pump(self_test=[reply("self_test", **zeros(table, passed=True, duration_us=7, checks=checks))])
    tested = programmer(pump).self_test()
    assert (tested.passed, tested.duration_us, [each.value for each in tested.checks]) == (True, 7, [4, 5])

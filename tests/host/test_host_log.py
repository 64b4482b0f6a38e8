"""The event log and the clock, as a person and a script see them."""

from __future__ import annotations

import pytest

from firmware import protocol
from host.api.client import Programmer
from host.records import Event
from host.screens.history import event_text, events_table
from host.units import AmountError, parse_time, utc
from tests.host.device import Device
from tests.host.shown import lines
from tests.host.terminal import Terminal


@pytest.mark.req("LOG-2")
def test_the_log_is_read_page_by_page_and_from_where_one_is() -> None:
    device = Device()
    programmer = Programmer(device)
    programmer.hello()
    for number in range(30):
        if device.pump.status()["newest_event"] < 22:
            programmer.set_basal(50 * (number % 2))
    newest = device.pump.status()["newest_event"]
    assert newest >= 22 and newest % 7, "pages of seven and one that is not full"
    assert [event.number for event in programmer.events()] == list(range(1, newest + 1))
    assert [event.number for event in programmer.events(newest - 3)] == [newest - 2, newest - 1, newest]
    assert len(programmer.read_log().events) == 7
    assert len(lines(events_table(programmer.events()), 160)) == 2 + newest


@pytest.mark.req("LOG-2")
def test_what_the_log_has_lost_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(monkeypatch)
    assert "lost" not in terminal.run("log").stdout
    log = terminal.device.pump._memory.log
    log.next_number += 1000  # a thousand events later: the ring is smaller
    lost = log.oldest - 1
    assert f"{lost} older events are lost" in terminal.run("log").stdout
    assert f"{lost - 100} older events are lost" in terminal.run("log", "--since", "100").stdout
    assert "lost" not in terminal.run("log", "--since", str(lost)).stdout
    assert "lost" not in terminal.run("log", "--count", "5").stdout


@pytest.mark.req("LOG-2")
def test_deliveries_that_are_not_held_any_more_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(monkeypatch)
    terminal.device.deliver(31)
    assert "not held" not in terminal.run("deliveries").stdout
    terminal.device.deliver(3)
    assert "3 older deliveries are not held any more" in terminal.run("deliveries").stdout
    assert "1 older deliveries are not held any more" in terminal.run("deliveries", "--since", "2").stdout
    assert "not held" not in terminal.run("deliveries", "--since", "3").stdout


@pytest.mark.req("THER-1")
def test_the_clock_is_set_and_the_one_before_is_told() -> None:
    device = Device()
    reply = Programmer(device).set_time(1_800_000_000)
    assert (reply.old_utc_s, reply.new_utc_s) == (1_767_225_600, 1_800_000_000)


@pytest.mark.req("HOST-4", "THER-8")
def test_a_time_without_a_zone_is_the_pump_s_own() -> None:
    assert parse_time("2026-01-01T01:00+01:00") == parse_time("2026-01-01 00:00") == 1_767_225_600
    assert parse_time("2026-01-01T02:00", 120) == parse_time("2026-01-01T00:00Z", 120) == 1_767_225_600
    assert utc(1_767_225_600) == "2026-01-01 00:00:00 UTC"


@pytest.mark.req("HOST-4", "THER-8")
@pytest.mark.parametrize(
    "text",
    ["", " ", "tomorrow", "2026-01-31", "08:00", "2026-02-30T08:00", "2026-01-31T24:61", "20260131T0800"]
    + ["٢٠٢٦-01-31T08:00", "2026-01-31T08:00 ", "1999-12-31T23:59Z", "2100-01-01T00:00Z", "2026-W05-6T08:00"],
)
def test_what_is_no_time_is_said_so(text: str) -> None:
    with pytest.raises(AmountError, match=r"is not a time|outside"):
        parse_time(text)


@pytest.mark.req("LOG-2", "HOST-1")
def test_a_setting_is_told_by_its_name_with_its_sign() -> None:
    place = [field.name for field in protocol.SETTINGS].index("utc_offset_min")
    event = Event(1, 0, True, "command", "setting_changed", place, 0, (1 << 32) - 720, 60, 0, 0)
    assert event_text(event) == "local clock: UTC-12:00 -> UTC+01:00"

"""Commands that only look: what they ask the pump for, how often, and what a person and a script are shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import RenderableType

from host.api.client import Programmer
from host.commands import look
from host.records import Hello, Status, Streaming, Telemetry
from tests.host.patient import Patient
from tests.host.shown import lines, record
from tests.host.terminal import Terminal

pytestmark = pytest.mark.req("HOST-1")
SECOND_US = 1_000_000
STATUS = {"state": "running"}


class Screen:
    """In the place of rich's Live: what was drawn at once, and what was left to a refresh that does not come."""

    drawn: list[str]

    def __init__(self, *, console: object, auto_refresh: bool) -> None:
        self.by_itself = auto_refresh

    def __enter__(self) -> Screen:
        type(self).drawn = []
        return self

    def __exit__(self, *_: object) -> None:
        assert not self.by_itself, "a thread of its own would draw between two readings"

    def update(self, screen: RenderableType, *, refresh: bool) -> None:
        self.drawn += [next(line for line in lines(screen) if line.startswith("clock"))] * refresh


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> type[Screen]:
    monkeypatch.setattr(look, "Live", Screen)
    monkeypatch.setattr(look.Screen, "is_terminal", True)
    return Screen


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr(look.time, "sleep", found.append)
    return found


def answers(monkeypatch: pytest.MonkeyPatch, name: str, answer: Callable[..., Any]) -> None:
    """Let `answer` stand in the place of this question to the pump."""
    monkeypatch.setattr(Programmer, name, lambda _, *values: answer(*values))


def run(terminal: Terminal, *words: str) -> str:
    result = terminal.run(*words)
    assert result.exit_code == 0, result.stderr
    return str(result.stdout)


@pytest.mark.usefixtures("slept")
def test_the_monitor_reads_as_often_as_it_is_told_with_the_time_between(
    monkeypatch: pytest.MonkeyPatch, screen: type[Screen], slept: list[float]
) -> None:
    terminal, readings = Terminal(monkeypatch), iter(range(100))

    def reading() -> Status:
        now = next(readings)
        return record(Status, **STATUS, now_us=now * SECOND_US, utc_s=86_400 + now)

    answers(monkeypatch, "status", reading)
    assert run(terminal, "monitor", "--interval", "2.5", "--count", "3") == ""
    assert slept == [2.5, 2.5] and [line.split()[-2] for line in screen.drawn] == [
        "00:00:00", "00:00:01", "00:00:02",
    ]  # fmt: skip
    found = run(terminal, "monitor", "--count", "1", "--json").splitlines()
    assert [json.loads(line)["now_us"] for line in found] == [3 * SECOND_US] and slept == [2.5, 2.5]
    assert len(screen.drawn) == 3, "with JSON nothing is drawn"
    for words in (("--interval", "86401"), ("--interval", "-1"), ("--count", "x")):
        assert terminal.run("monitor", *words).exit_code == 2


def test_the_monitor_without_a_count_goes_on_until_ctrl_c(
    monkeypatch: pytest.MonkeyPatch, screen: type[Screen]
) -> None:
    left = iter((1, 2, 3))

    def sleep(seconds: float) -> None:
        assert seconds == 1
        if next(left) == 3:
            raise KeyboardInterrupt

    readings = iter(range(9))
    answers(monkeypatch, "status", lambda: record(Status, **STATUS, now_us=next(readings)))
    monkeypatch.setattr(look.time, "sleep", sleep)
    run(Terminal(monkeypatch), "monitor")
    assert len(screen.drawn) == 3


@pytest.mark.req("LOG-3")
def test_telemetry_is_ordered_and_shown_until_the_last_frame_before_its_end(
    monkeypatch: pytest.MonkeyPatch, screen: type[Screen]
) -> None:
    terminal = Terminal(monkeypatch)
    ordered: list[tuple[int, int]] = []
    waited: list[float] = []

    def stream(interval_s: int, for_s: int) -> Streaming:
        ordered.append((interval_s, for_s))
        return Streaming(100 * SECOND_US + for_s * SECOND_US)

    def frames(*times_us: int) -> None:
        left = list(times_us)

        def listen(timeout_s: float) -> Telemetry | None:
            waited.append(timeout_s)
            return record(Telemetry, **STATUS, now_us=(now := left.pop(0)), utc_s=now // SECOND_US) if left else None

        answers(monkeypatch, "listen", listen)

    answers(monkeypatch, "telemetry", stream)
    frames(130 * SECOND_US, 160 * SECOND_US, 160 * SECOND_US + 1)
    run(terminal, "telemetry", "--interval", "60", "--for", "2min")
    assert ordered == [(60, 120)] and waited == [120.5] * 3, "two intervals and a reply's time"
    assert [line.split()[-2] for line in screen.drawn] == ["00:02:10", "00:02:40", "00:02:40"]
    frames(3699 * SECOND_US, 3699 * SECOND_US + 1)
    found = run(terminal, "telemetry", "--json").splitlines()
    assert ordered[1:] == [(1, 3600)] and waited[3:] == [2.5] * 2
    assert [json.loads(line)["now_us"] for line in found] == [3699 * SECOND_US, 3699 * SECOND_US + 1]
    frames(101 * SECOND_US)
    failed = terminal.run("telemetry", "--interval", "2")
    assert failed.exit_code == 4
    assert failed.stderr == ("error: no answer to 'telemetry' within 4.5 s; nothing came from the port at all\n")


@pytest.mark.req("HOST-4", "LOG-3")
def test_telemetry_that_cannot_be_is_not_ordered(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(monkeypatch)
    for words, told in (
        (("--interval", "0"), "'0' is not within 1 to 60 s"),
        (("--interval", "61"), "'61' is not within 1 to 60 s"),
        (("--for", "61min"), "the duration, 3660 s, is above the greatest allowed, 3600 s"),
        (("--for", "0h"), "'0h' is no time at all"),
    ):
        failed = terminal.run("telemetry", *words)
        assert failed.exit_code == 2 and told in failed.stderr


@pytest.mark.req("LOG-3")
def test_ctrl_c_ends_the_telemetry_on_the_pump_too(monkeypatch: pytest.MonkeyPatch, screen: type[Screen]) -> None:
    ordered: list[tuple[int, int]] = []

    def stream(interval_s: int, for_s: int) -> Streaming:
        ordered.append((interval_s, for_s))
        return Streaming(1 << 60)

    def listen(_: float) -> Telemetry:
        raise KeyboardInterrupt

    answers(monkeypatch, "telemetry", stream)
    answers(monkeypatch, "listen", listen)
    run(Terminal(monkeypatch), "telemetry")
    assert ordered == [(1, 3600), (0, 0)] and screen.drawn == []


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Patient:
    return Patient(monkeypatch)


@pytest.mark.req("LOG-2")
def test_the_log_is_shown_from_a_number_on_or_its_newest_part(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient.do("set-basal", "1")
    patient.do("set-basal", "2")
    newest = patient.status["newest_event"]

    def numbers(*words: str) -> list[int]:
        return [each["number"] for each in json.loads(patient.see("log", *words, "--json"))]

    assert numbers() == list(range(1, newest + 1)) == numbers("--count", str(newest + 1))
    assert numbers("--count", "2") == [newest - 1, newest]
    assert numbers("--since", str(newest - 1), "--count", "3") == [newest]
    asked: list[tuple[int, ...]] = []
    read = Programmer.read_log
    monkeypatch.setattr(Programmer, "read_log", lambda pump, *values: asked.append(values) or read(pump, *values))
    shown = patient.see("log").splitlines()
    assert shown[0].startswith("Event log") and len(shown) == 2 + newest
    assert asked[0] == (0, 1), "one event is enough to learn how many there are"


@pytest.mark.req("DOSE-3", "LOG-1")
def test_deliveries_are_shown_from_a_number_on(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    patient.terminal.device.deliver(3)
    for words, numbers in (((), [1, 2, 3, 4]), (("--since", "2"), [3, 4]), (("--since", "4"), [])):
        found = json.loads(patient.see("deliveries", *words, "--json"))
        assert [each["id"] for each in found] == numbers
    asked: list[tuple[int, ...]] = []
    read = Programmer.read_deliveries
    monkeypatch.setattr(
        Programmer, "read_deliveries", lambda pump, *values: asked.append(values) or read(pump, *values)
    )
    assert len(patient.see("deliveries").splitlines()) == 2 + 4
    assert asked[0] == (0, 1)


def test_identity_finding_and_clocks_are_shown_to_people_and_to_scripts(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert patient.see("status").startswith(
        "Pump status (development platform, not a medical device)\nimage         development image, not a release"
    )
    assert json.loads(patient.see("status", "--json"))["state"] == "running"
    assert "insulin    U-400" in patient.see("hello")
    assert json.loads(patient.see("hello", "--json"))["concentration_u_per_ml"] == 400
    assert "finding  not watched" in patient.see("diagnosis")
    assert json.loads(patient.see("diagnosis", "--json"))["diagnosis"] == "not_watched"
    monkeypatch.setattr(look.time, "time", lambda: 1_767_225_599.6)
    assert [line.rstrip() for line in patient.see("time").splitlines()[1:]] == [
        "local        2026-01-01 00:00:00 UTC",
        "clock        2026-01-01 00:00:00 UTC, as this computer's",
        "device time  00:00:00.000",
    ]
    assert json.loads(patient.see("time", "--json"))["utc_s"] == 1_767_225_600
    assert record(Hello, stroke_uu=200_000).smallest_dose_mu == 200

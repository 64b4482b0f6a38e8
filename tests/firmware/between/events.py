"""What happens to a pump by itself, with a stroke laid on a place of the supervisor's turn for it.

The strokes are a bolus's, 2 s apart; it is ordered so long before the event that one of them falls due (or has its
edge, or
is over) just at that place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware import protocol
from firmware.occlusion import codes as finding
from firmware.upkeep import self_test
from tests.firmware.between.pump import LINE_US, Device, Reset
from tests.firmware.between.scenes import LIMITS, MINUTE_US, SETTINGS, do
from tests.firmware.between.sweep import AFTERWARDS_US, APART_US, differences
from tests.firmware.between.truths import truths, view
from tests.firmware.hand import BURST_US, SECOND_US

SPACING_US = 2 * SECOND_US
BOLUS_US = 71 * SECOND_US + 300_000  # ordered so long before the event
HOUR_US = 60 * MINUTE_US


class Finder:
    """In place of the Watch over the catheter: it finds `code` at `at_us`."""

    def __init__(self, code: int, at_us: int) -> None:
        self._code = code
        self.at_us = at_us
        self.standing: Any = None
        self.found: list[finding.Diagnosis] = []
        self.air_lock_watched = True

    def start(self, now_us: int) -> None:
        self.standing = None

    def stroke(self, now_us: int, next_us: int) -> None:
        pass

    def time(self, now_us: int) -> None:
        if self.standing is None and now_us >= self.at_us:
            self.at_us = protocol.NEVER_US
            self.found.append(finding.Diagnosis(self._code, now_us, 3, 1500))

    def take(self) -> finding.Diagnosis:
        self.standing = self.found.pop()
        return self.standing

    def wake_us(self, now_us: int, latest_us: int) -> int:
        return max(now_us, min(self.at_us, latest_us))


def _finds(found: int) -> Callable[[Device], int]:
    def event(device: Device) -> int:
        do(device, "set_basal", rate_mu_per_h=6_000)
        at_us = device.now_us + 2 * MINUTE_US
        watch = Finder(found, at_us)
        pump = device.pump
        pump._watch = pump.alarms._watch = pump.alarms._causes._watch = pump.reports._watch = watch
        return at_us

    return event


def boundary(device: Device) -> int:
    rates = [{"rate_mu_per_h": rate} for _ in range(24) for rate in (6_000, 20_000)]
    staged = do(device, "stage_pattern", pattern=0, rates=rates)
    do(device, "commit_pattern", pattern=0, fingerprint=staged["fingerprint"])
    do(device, "select_pattern", pattern=0)
    device.live(device.now_us + SECOND_US)
    return device.pump.therapy.deadline_us


def temp_ends(device: Device) -> int:
    do(device, "set_basal", rate_mu_per_h=6_000)
    do(device, "temp_basal", kind=protocol.TEMP_PERCENT, value=150, duration_min=30)
    return device.pump.therapy.deadline_us


def lapse(device: Device) -> int:
    do(device, "set_basal", rate_mu_per_h=6_000)
    do(device, "recommend_rate", rate_mu_per_h=12_000, valid_min=3)
    return device.pump.therapy.deadline_us


def auto_off(device: Device) -> int:
    """The pump hears nothing for a minute; its last order comes after the bolus (see EventRun)."""
    do(device, "set_basal", rate_mu_per_h=6_000)
    return device.now_us + 2 * MINUTE_US


def tone(device: Device) -> int:
    """A tone of an alarm that stops nothing."""
    do(device, "set_basal", rate_mu_per_h=6_000)
    device.within(lambda: device.pump.alarms.raise_alarm("watchdog_reset"))
    device.live(device.now_us + 100_000)
    at_us = device.pump.alarms.tone_us
    while at_us < device.now_us + BOLUS_US + 4 * SECOND_US:
        device.live(at_us + SECOND_US)
        at_us = device.pump.alarms.tone_us
    return at_us


def hourly(device: Device) -> int:
    do(device, "set_basal", rate_mu_per_h=6_000)
    return device.pump.rounds.due_us


def daily(device: Device) -> int:
    do(device, "set_basal", rate_mu_per_h=200)
    while device.pump.rounds.due_us - device.pump.rounds._told_us < 24 * HOUR_US:
        device.live(device.pump.rounds.due_us + SECOND_US)
    return device.pump.rounds.due_us


def self_test_fails(device: Device) -> int:
    """The daily test finds the pressure sensor out of its range: STOP_NOW, also amid a burst."""
    at_us = daily(device)
    device.pump.upkeep._world.pressure_sensor.in_range = lambda: False
    return at_us


def clock_lost(device: Device) -> int:
    at_us = hourly(device)
    device.rtc.now_s = None
    return at_us


EVENTS: dict[str, Callable[[Device], int]] = {
    "boundary": boundary,
    "temp_ends": temp_ends,
    "lapse": lapse,
    "auto_off": auto_off,
    "tone": tone,
    "hourly": hourly,
    "daily": daily,
    "self_test_fails": self_test_fails,
    "clock_lost": clock_lost,
    "occlusion": _finds(finding.OCCLUSION),
    "air_lock": _finds(finding.AIR_LOCK),
    "motor_stall": _finds(finding.STALL),
    "under_delivery": _finds(finding.BACKFLOW),
}
# What the pump does then: nothing more is delivered.
STOPS = ("auto_off", "self_test_fails", "occlusion", "air_lock", "motor_stall")
# Of a stroke, when after it is armed.
OF_A_STROKE = {
    "armed": 0,
    "starts": 450_000,
    "amid": 500_000,
    "edge": 450_000 + BURST_US - 3_000,
    "over": 450_000 + BURST_US,
}
__all__ = ["EVENTS", "LIMITS", "OF_A_STROKE", "STOPS", "EventRun", "self_test", "sweep_event"]


class EventRun:
    """An event whose turn has the instant `what` of a stroke `place` places after its wake, or `apart_us` from it."""

    def __init__(
        self, event: str, what: str, place: int | None, apart_us: int = 0, ahead_us: int = 0, **seeded: Any
    ) -> None:
        self.wrong: list[str] = []
        self.said = "done"
        self.where = ""
        self.seen: dict[str, Any] = {}
        self.lines: list[str] = []
        device = self.device = Device(**seeded)
        do(device, "set_limits", **LIMITS)
        event_us = self.event_us = EVENTS[event](device)
        wanted_us = event_us + (apart_us if place is None else place * LINE_US) - OF_A_STROKE[what]
        # The order's own time is a little after it arrives: `ahead_us`, seen in a run before.
        aimed_us = event_us - BOLUS_US + (wanted_us - event_us + BOLUS_US) % SPACING_US
        device.live(aimed_us - ahead_us - 1)
        reply = do(device, "bolus", at_us=aimed_us - ahead_us, volume_mu=12_000)
        self.ahead_us = reply["at_us"] - aimed_us + ahead_us
        if event == "auto_off":
            do(device, "set_settings", at_us=event_us - MINUTE_US, **SETTINGS | {"auto_off_min": 1})
        device.live(event_us - 1_000)
        if device.pump.deadline_us > event_us + 100:
            self.wrong.append(f"no event at {event_us}")

        def act(number: int) -> None:
            if number in (place, 1):
                self.where = device.place
            self.lines.append(device.place)

        device.act = act
        try:
            device.live_turns(event_us + 100)
            device.act = None
            self._judge(event)
        except Reset as error:
            device.act = None
            self.said = f"reset: {error}"

    def _judge(self, event: str) -> None:
        device = self.device
        since = len(device.bursts)
        self.wrong += truths(device)
        device.live(self.event_us + AFTERWARDS_US)
        if event in STOPS and len(device.bursts) != since:
            self.wrong.append(f"{event} has stopped the pump, then {len(device.bursts) - since} strokes")
        self.wrong += [f"a minute later: {each}" for each in truths(device)]
        self.seen = view(device)


def sweep_event(event: str, what: str, choose: Callable[[list[str]], list[int]], **seeded: Any) -> list[Any]:
    """As between_sweep.sweep(), for an event."""
    ahead_us = EventRun(event, what, None, -APART_US, **seeded).ahead_us
    before = EventRun(event, what, None, APART_US, ahead_us, **seeded)
    after = EventRun(event, what, None, -APART_US, ahead_us, **seeded)
    wrong: list[Any] = [(0, name, each.wrong) for name, each in (("before", before), ("after", after)) if each.wrong]
    for place in choose(before.lines):
        run = EventRun(event, what, place, 0, ahead_us, **seeded)
        said = run.wrong + differences(run, before, after)  # type: ignore[arg-type]
        if said:
            wrong.append((place, run.where, said))
    return wrong

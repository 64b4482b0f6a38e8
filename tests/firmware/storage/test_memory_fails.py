"""A memory that fails amid an order, once or for good: what is refused has changed nothing, also after a reset.

What is accepted is in force and in the log.
"""

from __future__ import annotations

from typing import Any

import pytest

from firmware import protocol
from firmware.protocol.alarms import BY_NUMBER
from tests.firmware.between.asked import ORDERS, values_of
from tests.firmware.between.faulty import OFF_US
from tests.firmware.between.pump import Device, FaultyNvm
from tests.firmware.between.scenes import SCENES
from tests.firmware.between.test_between_orders import HOME
from tests.firmware.between.truths import in_force, truths
from tests.firmware.hand import SECOND_US

MINUTE_US = 60 * SECOND_US
EVER = 10_000
_OF_THE_LOG = ("deliveries ended", "log and deliveries")
# How many writes fail on end, and whether the first half of each is made.
FAILURES = ((1, False), (1, True), (2, False), (EVER, False), (EVER, True))
# No time of its own, and not what a stroke changes.
_OF_STATUS = (
    "pattern", "max_basal_mu_per_h", "max_bolus_mu", "max_hour_mu", "max_day_mu", "fault",
)  # fmt: skip
_OF_PROCEDURE = ("procedure", "step", "procedure_end", "reservoir_holds")


class Failing:
    """One order in a scene while the memory fails from its write `first` on, `count` times."""

    def __init__(self, scene: str, order: str, first: int = 0, count: int = 0, torn: bool = False) -> None:
        self.message, fields = ORDERS[order]
        self.device = device = Device()
        SCENES[scene](device)
        self.asked = values_of(device, fields)
        memory: FaultyNvm = device.memory  # type: ignore[assignment]
        self.before = seen(device)
        self.accepted_before = self.accepted()
        tried = memory.tried
        memory.torn = torn
        memory.bad = lambda number: tried + first <= number < tried + first + count
        self.reply = device.ask(self.message, **self.asked)
        self.said = self.reply["refused"] or "accepted"
        self.for_good = count == EVER  # then what memory has not taken cannot be read either
        self.writes = memory.tried - tried
        self.sizes = [len(data) for _, data in memory.writes[-self.writes :]]

    def well(self) -> None:
        """The memory is well again."""
        self.device.memory.bad = lambda number: False  # type: ignore[attr-defined]

    def accepted(self) -> int:
        """How often the log says that this order was carried out."""
        number = next(each.id for each in protocol.MESSAGES if each.name == self.message)
        with self.device.still():
            log = self.device.pump.reports.read_log(0, 1000)["events"]
        return sum(each["event"] == protocol.EVENT_ACCEPTED and each["detail"] == number for each in log)

    def judge(self) -> list[str]:
        """What is not as it must be, now and a minute later."""
        device = self.device
        wrong = [each for each in truths(device) if not (self.for_good and each.startswith(_OF_THE_LOG))]
        if self.said == "internal_error":
            wrong.append("internal_error")
        if self.said == "accepted" and not (device.suspended and self.message not in ("stop", "cancel_bolus")):
            wrong += in_force(device, self.message, self.asked, self.reply)
        ran = self.before["state"] in (protocol.STATE_RUNNING, protocol.STATE_SUSPENDED)
        if self.said == "accepted" and device.suspended and ran and self.message not in protocol.SAFE:
            wrong.append("accepted, and the pump was stopped meanwhile")
        if self.said == "memory_failed":
            wrong += changed(self.before, seen(device))
        self.well()
        device.live(device.now_us + 70 * SECOND_US)
        wrong += [f"later: {each}" for each in truths(device)]
        if self.said == "memory_failed":
            besides = () if device.suspended else _OF_PROCEDURE  # which goes on by itself, if the order has not begun
            before = {name: was for name, was in self.before.items() if name not in besides}
            wrong += [f"later: {each}" for each in changed(before, seen(device))]
        times = self.accepted() - self.accepted_before
        if times != (self.said == "accepted"):
            wrong.append(f"{self.said}, and {times} times in the log as accepted")
        if device.status()["memory"] != protocol.MEMORY_WHOLE:
            wrong.append("the memory is well, the status does not say so")
        now, after = seen(device), device.next_life(OFF_US)
        return wrong + [f"next life: {each}" for each in changed(now, seen(after), ("state",))]


def seen(device: Device) -> dict[str, Any]:
    """What an order may change, without times."""
    with device.still():
        pump = device.pump
        status, procedure = pump.status(), pump.clinic.read_procedure()
        return {
            **{name: status[name] for name in _OF_STATUS},
            **{name: procedure[name] for name in _OF_PROCEDURE},
            "state": status["state"],
            "by hand": pump.record.manual_mu_per_h,
            "settings": pump.patterns.read_settings(),
            "patterns": [pump.patterns.read_pattern(each, False)["fingerprint"] for each in range(4)],
            "filled": [pump.refills.read_reservoir()[name] for name in ("filled_mu", "filled_utc_s")],
            "offset": round(status["utc_s"] - device.now_us / SECOND_US, -1),
            "alarms": {
                BY_NUMBER[each["alarm"]].name: each["since_us"] for each in pump.alarms.read_alarms(0)["records"]
            },
        }


def changed(before: dict[str, Any], after: dict[str, Any], besides: tuple[str, ...] = ()) -> list[str]:
    """In what the two differ, but that the pump may have been stopped and an alarm be added."""
    wrong = []
    for name, was in before.items():
        now = after[name]
        if name == "state" and now == protocol.STATE_STOPPED and name not in besides:
            continue
        if name == "alarms":
            # A closed loop's, a stop's or a suspend's own go and come with the state.
            of_state = ("pump_stopped", "pump_suspended")
            if {each: since for each, since in was.items() if each not in of_state}.items() <= now.items():
                continue
        if now != was:
            wrong.append(f"{name} was {was}, is {now}")
    return wrong


@pytest.mark.req("STORE-1", "STORE-2", "STORE-5", "LOG-1", "LINK-2")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("order", ORDERS)
def test_a_memory_that_fails_amid_an_order(order: str) -> None:
    wrong: list[str] = []
    for scene in HOME[order]:
        reference = Failing(scene, order)
        if reference.said not in ("accepted", "memory_failed"):
            continue
        for first in range(1, reference.writes + 1):
            for count, torn in FAILURES:
                run = Failing(scene, order, first, count, torn)
                found = run.judge()
                if found:
                    what = f"{scene}: write {first} of {reference.sizes}, {count} fail{', torn' * torn}: {run.said}"
                    wrong.append(f"{what}: {'; '.join(found)}")
    assert not wrong, f"{len(wrong)}\n" + "\n".join(wrong[:12])

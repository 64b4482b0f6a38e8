"""Bugs of the kind that the harness is for, put back on purpose: each must be found."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import dose_codes as code
from firmware import protocol
from firmware.link.reports import Reports
from firmware.therapy.programme import Programme
from firmware.therapy.therapy import Therapy
from tests.firmware.between.core import BINDING, board_core, unmasked
from tests.firmware.between.events import sweep_event
from tests.firmware.between.pump import Device
from tests.firmware.between.sweep import sweep, touches

# What core_settle and its kin took for a time gone by before a call counted as of the books.
OLD_TIME = (
    (
        "core.c",
        "const bool of_this_turn = (now_us + GUARD_BUSY_MAX_US) >= core->dose.basal.at_us;",
        "enter(core);\n    const bool of_this_turn = now_us >= core->dose.basal.at_us;",
    ),
)


def found(wrong: list[Any]) -> str:
    return "\n".join(each for _, _, all_of_it in wrong for each in all_of_it)


@pytest.mark.req("THER-3", "LINK-2")
@pytest.mark.timeout(600)
def test_an_order_of_which_the_core_has_refused_the_time_is_found() -> None:
    """the stroke starts between the supervisor's look at the clock and the core's call."""
    seeded = {"core_class": board_core(OLD_TIME)}
    for order in ("set_basal",):
        wrong = found(sweep("bolus", order, "armed", touches, **seeded))
        assert "accepted" in wrong or "internal_error" in wrong, order


@pytest.mark.req("ALARM-2", "DOSE-5")
@pytest.mark.timeout(600)
def test_a_halt_that_takes_any_refusal_for_suspended_already_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pump says stopped, and the bolus goes on."""

    def halt_by_itself(self: Any, now_us: int, reason: int = protocol.REASON_FAULT) -> tuple[bool, bool]:
        if self._core.suspend(now_us) == code.OK:
            self._books.deliveries.follow(now_us, now_us, reason)
            self._books.deliveries.boluses_ended(reason)
        self._record.recommended_until_us = 0
        halted = self._record.mode != protocol.STATE_STOPPED
        self._record.mode = protocol.STATE_STOPPED
        self.plan()
        return False, halted

    monkeypatch.setattr(Therapy, "halt_by_itself", halt_by_itself)
    wrong = found(sweep_event("auto_off", "armed", touches, core_class=board_core(OLD_TIME)))
    assert wrong


@pytest.mark.req("THER-3", "LINK-2")
@pytest.mark.timeout(600)
def test_a_result_of_the_core_that_is_dropped_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order is acknowledged, and the rate of before goes on."""

    def apply(self: Any, now_us: int) -> int:
        rate_mu_per_h, self.next_us, next_mu_per_h = self.wanted(now_us)
        self._give(now_us, rate_mu_per_h, next_mu_per_h)
        return int(rate_mu_per_h)

    monkeypatch.setattr(Programme, "apply", apply)
    wrong = found(sweep("bolus", "set_basal", "armed", touches, core_class=board_core(OLD_TIME)))
    assert "accepted" in wrong


@pytest.mark.req("THER-3", "DOSE-5")
@pytest.mark.timeout(600)
def test_a_halt_that_gives_up_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The core has not taken the suspend, and nobody looks."""

    def still(core: Any, clock: Any, now_us: int | None = None) -> bool:
        return bool(core.suspend(clock.now_us() if now_us is None else now_us) == code.OK)

    monkeypatch.setattr("firmware.therapy.switch.still", still)
    wrong = found(sweep("bolus", "stop", "armed", touches, core_class=board_core(OLD_TIME)))
    assert "the core delivers" in wrong


@pytest.mark.req("LOG-3")
@pytest.mark.timeout(600)
def test_a_status_that_asks_the_core_more_than_once_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is of two instants if a stroke comes in between."""
    right = Reports.status

    def status(self: Any) -> dict[str, Any]:
        values = right(self)
        values["strokes_commanded"] = self._core.state(values["now_us"])[code.GUARD_COMMANDED]
        return values

    monkeypatch.setattr(Reports, "status", status)
    wrong = found(sweep("bolus", "status", "armed", touches))
    assert "strokes_commanded" in wrong


@pytest.mark.req("GUARD-2")
def test_a_call_that_does_not_keep_the_interrupt_out_is_known() -> None:
    """Used() between a value and its complement. The binding says which calls mask, and this reads it right."""
    source = (BINDING / "readings.c").read_text(encoding="utf-8")
    assert not unmasked() & {"used", "state", "settle", "suspend", "permit", "set_limits", "stop", "service", "save"}
    start = source.index("static mp_obj_t py_used")
    end = source.index("\n}", start)
    body = source[start:end].replace("MASKED(", "(")
    assert "used" in unmasked(source[:start] + body + source[end:])


@pytest.mark.req("GUARD-2", "GUARD-1")
def test_a_count_read_between_a_value_and_its_complement_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were used() not masked, a stroke amid it would make nothing of the hour's use."""
    device = Device()
    device.ask("set_basal", rate_mu_per_h=30_000)
    device.ask("bolus", volume_mu=4_000)
    device.live(device.now_us + 5_000_000)
    whole = device.core.used(device.now_us, code.HOUR)
    armed_us = device.core.next_us()
    device.live(armed_us - 1)
    device.traced = True
    lib, hook = device.lib, device._hook
    lib.split_set(hook)
    torn = type(device.core).__mro__[1]._used(device.core, device._now_us, code.HOUR)
    device.traced = False
    assert whole > 0 and torn == 0

"""Bugs of the kind that the harness is for, put back on purpose: each must be found."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import dose_codes as code
from firmware import protocol
from firmware.therapy.therapy import Therapy
from tests.firmware.between import Device
from tests.firmware.between_core import BINDING, board_core, unmasked
from tests.firmware.between_events import sweep_event
from tests.firmware.between_sweep import sweep, touches

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

    def halt_by_itself(self: Any, now_us: int, reason: int = protocol.REASON_FAULT) -> None:
        if self._core.suspend(now_us) == code.OK:
            self._books.deliveries.follow(now_us, now_us, reason)
            self._books.deliveries.boluses_ended(reason)
        self._record.recommended_until_us = 0
        if self._record.mode != protocol.STATE_STOPPED:
            self._record.mode = protocol.STATE_STOPPED
            self._plan()
            self.on_halt(protocol.STATE_STOPPED)

    monkeypatch.setattr(Therapy, "halt_by_itself", halt_by_itself)
    wrong = found(sweep_event("auto_off", "armed", touches, core_class=board_core(OLD_TIME)))
    assert wrong


@pytest.mark.req("GUARD-2")
def test_a_call_that_does_not_keep_the_interrupt_out_is_known() -> None:
    """Used() between a value and its complement. The binding says which calls mask, and this reads it right."""
    source = BINDING.read_text(encoding="utf-8")
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

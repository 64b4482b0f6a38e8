"""What is asked of a pump in a scene: the orders and the questions, by names of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware import protocol
from tests.firmware.between.pump import Device
from tests.firmware.between.scenes import LIMITS, PATENCY, SETTINGS, do

ALTERNATE = [{"rate_mu_per_h": rate} for _ in range(24) for rate in (10_000, 12_000)]


def _commit(device: Device) -> dict[str, Any]:
    staged = do(device, "stage_pattern", pattern=0, rates=ALTERNATE)
    return {"pattern": 0, "fingerprint": staged["fingerprint"]}


def _standing(device: Device) -> dict[str, Any]:
    with device.still():
        records = device.pump.alarms.read_alarms(0)["records"]
    return {"alarm": records[0]["alarm"] if records else 7}


def _latched(device: Device) -> dict[str, Any]:
    return {"fault": device.status()["fault"] or 7}


def _at_step(device: Device) -> dict[str, Any]:
    with device.still():
        return {"step": device.pump.clinic.read_procedure()["step"]}


def _later(device: Device) -> dict[str, Any]:
    return {"utc_s": device.status()["utc_s"] + 3 * 3600}


Values = dict[str, Any] | Callable[[Device], dict[str, Any]]
# An order by a name of its own: the message and its fields.
ORDERS: dict[str, tuple[str, Values]] = {
    "set_basal": ("set_basal", {"rate_mu_per_h": 20_000}),
    "set_basal none": ("set_basal", {"rate_mu_per_h": 0}),
    "bolus": ("bolus", {"volume_mu": 600}),
    "bolus too much": ("bolus", {"volume_mu": 40_000}),
    "bolus no stroke": ("bolus", {"volume_mu": 250}),
    "cancel_bolus": ("cancel_bolus", {}),
    "square_bolus": ("square_bolus", {"volume_mu": 1_000, "duration_min": 30}),
    "dual_bolus": ("dual_bolus", {"volume_mu": 600, "square_mu": 1_000, "duration_min": 30}),
    "suspend": ("suspend", {}),
    "stop": ("stop", {}),
    "resume": ("resume", {}),
    "temp percent": ("temp_basal", {"kind": protocol.TEMP_PERCENT, "value": 50, "duration_min": 30}),
    "temp none": ("temp_basal", {"kind": protocol.TEMP_PERCENT, "value": 0, "duration_min": 30}),
    "temp rate": ("temp_basal", {"kind": protocol.TEMP_RATE, "value": 10_000, "duration_min": 60}),
    "temp too much": ("temp_basal", {"kind": protocol.TEMP_PERCENT, "value": 200, "duration_min": 30}),
    "cancel_temp": ("cancel_temp", {}),
    "recommend_rate": ("recommend_rate", {"rate_mu_per_h": 12_000, "valid_min": 30}),
    "set_limits": ("set_limits", LIMITS | {"max_bolus_mu": 10_000}),
    "set_limits too low": ("set_limits", LIMITS | {"max_basal_mu_per_h": 1_000}),
    "set_time": ("set_time", _later),
    "set_settings": ("set_settings", SETTINGS | {"utc_offset_min": 60, "suspend_rate_mu_per_h": 0}),
    "set_settings in disorder": ("set_settings", SETTINGS | {"reservoir_stop_mu": 900_000}),
    "commit_pattern": ("commit_pattern", _commit),
    "commit_pattern not staged": ("commit_pattern", {"pattern": 1, "fingerprint": 1}),
    "select_pattern": ("select_pattern", {"pattern": 0}),
    "acknowledge_alarm": ("acknowledge_alarm", _standing),
    "record_refill": (
        "record_refill",
        {"put_before_mg": 30_000, "put_after_mg": 15_000, "taken_back_nl": 0, "drawn_before_mg": 5_000,
         "drawn_after_mg": 5_001},
    ),
    "start_procedure": ("start_procedure", {"procedure": PATENCY}),
    "answer_procedure": ("answer_procedure", lambda device: {"choice": 0, "value": 0} | _at_step(device)),
    "interrupt_procedure": ("interrupt_procedure", _at_step),
    "clear_fault": ("clear_fault", _latched),
    "initialise_memory": ("initialise_memory", {}),
}  # fmt: skip
QUESTIONS: dict[str, tuple[str, Values]] = {
    "read_time": ("read_time", {}),
    "status": ("status", {}),
    "stage_pattern": ("stage_pattern", {"pattern": 1, "rates": ALTERNATE}),
    "read_pattern": ("read_pattern", {"pattern": 0, "staged": 0}),
    "read_procedure": ("read_procedure", {}),
    "self_test": ("self_test", {}),
    "read_energy": ("read_energy", {}),
    "telemetry": ("telemetry", {"interval_s": 0, "for_s": 0}),
    "read_settings": ("read_settings", {}),
    "read_reservoir": ("read_reservoir", {}),
    "read_alarms": ("read_alarms", {"first": 0}),
    "read_deliveries": ("read_deliveries", {"since_id": 0, "max_count": 5}),
    "settle_order": ("settle_order", {"message_id": 0x11, "payload_crc": 0}),
    "read_log": ("read_log", {"since_number": 0, "max_count": 7}),
    "read_diagnosis": ("read_diagnosis", {}),
    "identity": ("identity", {}),
}
# These need a session, and ask neither core nor books (tests/firmware/session). What prepare shows besides the fields
# that bind may count a stroke that begins meanwhile in one figure and not in another: it is looked at and not swept.
NOT_SWEPT = ("enrol", "read_programmers", "revoke", "rotate", "provision", "prepare")


def values_of(device: Device, values: Values) -> dict[str, Any]:
    """The fields of an order, which may hang on what the pump is doing."""
    return values(device) if callable(values) else dict(values)

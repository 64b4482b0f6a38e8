"""What people call the messages and the fields of the link, in errors and questions."""

from __future__ import annotations

_MESSAGES = {
    "set_basal": "basal rate", "cancel_bolus": "cancel",
    "temp_basal": "temporary rate", "cancel_temp": "end of the temporary rate", "recommend_rate": "recommended rate",
    "stage_pattern": "new rates of the pattern", "commit_pattern": "new rates of the pattern",
    "select_pattern": "choice of the pattern", "set_limits": "limits", "set_settings": "settings", "set_time": "time",
    "initialise_memory": "initialising of the memory", "record_refill": "refill",
    "clear_fault": "clearing of the fault", "acknowledge_alarm": "acknowledgement",
    "start_procedure": "start of the procedure",
    "answer_procedure": "answer to the step", "interrupt_procedure": "interruption of the procedure",
}  # fmt: skip
_FIELDS = {
    "volume_mu": "volume", "square_mu": "spread part", "duration_min": "duration", "valid_min": "duration",
    "rate_mu_per_h": "rate", "max_basal_mu_per_h": "greatest basal rate", "max_bolus_mu": "greatest bolus",
    "max_hour_mu": "limit for any 60 min", "max_day_mu": "limit for any 24 h",
    "suspend_rate_mu_per_h": "basal rate while suspended", "auto_off_min": "auto-off time",
    "utc_offset_min": "offset from UTC", "reservoir_low_mu": "level of a low reservoir",
    "reservoir_empty_mu": "level of an empty reservoir", "reservoir_stop_mu": "level at which delivery stops",
    "in_use_days": "days in use", "since_number": "number", "since_id": "number", "utc_s": "time",
    "interval_s": "interval", "for_s": "duration", "expires_us": "time of expiry", "command_id": "order's number",
    "residual_nl": "volume drawn out", "taken_back_nl": "volume taken back", "max_count": "count",
    "put_before_mg": "first weight of the fresh syringe", "put_after_mg": "last weight of the fresh syringe",
    "drawn_before_mg": "first weight of the other syringe", "drawn_after_mg": "last weight of the other syringe",
}  # fmt: skip


def message_words(name: str) -> str:
    """Return what a person calls the message `name`."""
    return _MESSAGES.get(name, name.replace("_", " "))


def field_words(name: str) -> str:
    """Return what a person calls a field of the link."""
    return _FIELDS.get(name, name.replace("_", " ") if name else "request")

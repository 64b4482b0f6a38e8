"""The records of orders: of what the pump says that one would do, and of its reply once it is done.

Implements: HOST-3, SEC-3
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from firmware import protocol
from host import records
from host.records import summaries
from host.records.made import made

_VERDICT = tuple(field.name for field in protocol.VERDICT)
_LIMITS = tuple(field.name for field in protocol.NEW_LIMITS)
_SETTINGS = tuple(field.name for field in protocol.SETTINGS)


def limits_change(reply: dict[str, Any]) -> records.LimitsChange:
    """The reply to set_limits."""
    old, new = _old_and_new(reply, _LIMITS, records.Limits)
    return records.LimitsChange(reply["at_us"], old, new, reply["cut_by"])


def procedure_change(reply: dict[str, Any]) -> records.ProcedureChange:
    """The reply to an order about procedures."""
    at_us = reply.pop("at_us")
    found = {name: reply.pop(name) for name in _VERDICT if name in reply}
    verdict = made(records.Verdict, found) if found and found["band"] != "none" else None
    return records.ProcedureChange(at_us, made(records.Procedure, reply), verdict)


def _old_and_new(found: dict[str, Any], names: tuple[str, ...], kind: Callable[..., Any]) -> tuple[Any, Any]:
    old, new = (kind(**{name: found[prefix + name] for name in names}) for prefix in ("old_", "new_"))
    return old, new


def _limits_summary(found: dict[str, Any]) -> summaries.LimitsSummary:
    return summaries.LimitsSummary(*_old_and_new(found, _LIMITS, records.Limits), found["cut_by"])


def _settings_summary(found: dict[str, Any]) -> summaries.SettingsSummary:
    return summaries.SettingsSummary(*_old_and_new(found, _SETTINGS, records.Settings))


Maker = Callable[[dict[str, Any]], Any]
# By the order's name: the record of its summary, and of its reply.
_RECORDS: dict[str, tuple[Maker, Maker]] = {
    "set_limits": (_limits_summary, limits_change),
    "set_settings": (_settings_summary, partial(made, records.SettingsSet)),
    "start_procedure": (partial(made, summaries.StartSummary), procedure_change),
    "answer_procedure": (partial(made, summaries.AnswerSummary), procedure_change),
    "interrupt_procedure": (partial(made, summaries.InterruptSummary), procedure_change),
}
_PLAIN: tuple[tuple[str, type, type], ...] = (
    ("set_basal", summaries.BasalSummary, records.BasalChange),
    ("select_pattern", summaries.SelectSummary, records.PatternSelected),
    ("commit_pattern", summaries.CommitSummary, records.PatternCommitted),
    ("temp_basal", summaries.TempSummary, records.TempStarted),
    ("cancel_temp", summaries.TempEndSummary, records.TempCancelled),
    ("recommend_rate", summaries.RecommendSummary, records.Recommended),
    ("bolus", summaries.BolusSummary, records.BolusStarted),
    ("square_bolus", summaries.SquareSummary, records.BolusStarted),
    ("dual_bolus", summaries.DualSummary, records.DualStarted),
    ("resume", summaries.ResumeSummary, records.Resumed),
    ("set_time", summaries.TimeSummary, records.TimeSet),
    ("initialise_memory", summaries.MemorySummary, records.MemoryInitialised),
    ("record_refill", summaries.RefillSummary, records.Refilled),
    ("clear_fault", summaries.FaultSummary, records.FaultCleared),
)
_RECORDS.update((name, (partial(made, summary), partial(made, reply))) for name, summary, reply in _PLAIN)


def summary_of(name: str, found: dict[str, Any]) -> Any:
    """The record of what the pump says that the order `name` would do."""
    return _RECORDS[name][0](found)


def record_of(name: str, reply: dict[str, Any]) -> Any:
    """The record of the reply to the order `name`."""
    return _RECORDS[name][1](reply)

"""What the pump itself said at the end of a run: state, alarms, the end of its log. It stands beside a failure.

It is asked after the last measurement, so that the questions change no figure.

Implements: HIL-6
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from host.errors import HostError
from host.screens.common import fault_text, plain
from host.screens.figures import figure_text
from host.screens.history import event_text
from host.texts.alarms import described
from host.units import amount, uptime, utc

LOG_LINES = 25


@dataclass
class Failure:
    """What failed in one run, and what the pump said of it (None: nobody asked)."""

    where: str
    what: list[str]
    said: dict[str, Any] | None
    more: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return it in the form of the files of results."""
        return vars(self)


@dataclass
class Words:
    """The end of a log, in words, and how many events there were."""

    events: int = 0
    last: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LOG_LINES))


def ask(programmer: Any, since_number: int = 0) -> dict[str, Any]:
    """Ask the pump for its state, its alarms, and its log since an event. One that does not answer is `silent`."""
    try:
        status, alarms = programmer.status(), programmer.read_alarms()
        log = _log(programmer, since_number)
    except HostError as error:
        return {"silent": str(error)}
    return {
        "silent": "",
        "state": _state(status),
        "alarms": [_alarm(each) for each in alarms],
        "events": log.events + since_number,
        "log": list(log.last),
    }


def _state(status: Any) -> str:
    fault = f" ({fault_text(status.fault)})" if status.fault else ""
    rate, left = amount(status.in_force_mu_per_h, "mU/h"), amount(status.reservoir_mu, "mU")
    return (
        f"When it was asked, {uptime(status.now_us)} after power-up, the pump was {plain(status.state)}{fault} at"
        f" {rate}; memory {plain(status.memory)}, catheter: {plain(status.diagnosis)}, {left} in the reservoir,"
        f" {status.resets} resets."
    )


def _alarm(active: Any) -> dict[str, Any]:
    text = described(active, "en")
    return {
        "name": text.name,
        "title": text.title,
        "priority": text.priority,
        "since": uptime(text.since_us),
        "figure": figure_text(text.alarm, text.detail, "en"),
        "means": text.means,
        "cause_there": text.cause_there,
    }


def _log(programmer: Any, since_number: int) -> Words:
    words = Words()
    for event in programmer.events(since_number):
        words.events += 1
        words.last.append(
            {
                "number": event.number,
                "time": utc(event.time_s) if event.clock_known else f"+{event.time_s} s",
                "category": event.category,
                "event": plain(event.event),
                "text": event_text(event),
            }
        )
    return words


def failure(where: str, what: Sequence[str], said: dict[str, Any] | None, shown: int = 10) -> Failure:
    """Return a failure with at most `shown` of its texts; the others are counted."""
    return Failure(where, list(what[:shown]), said, max(0, len(what) - shown))

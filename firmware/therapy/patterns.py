"""Basal patterns and settings: staged, compared old with new, then committed at once. Delivery goes on meanwhile.

Each order calls `agree(summary)` between its checks and its effects (firmware/link/prepared.py).

Implements: THER-1, SEC-3
"""

from firmware import protocol
from firmware.compat import nobody
from firmware.errors import FirmwareError, Refused
from firmware.protocol.codec import NAME
from firmware.storage.settings import fingerprint
from firmware.therapy.answers import cut_by

_SETTINGS = tuple([field[NAME] for field in protocol.SETTINGS])
_HALF_HOUR_IN_DAY = 2


class Patterns:
    """The messages about patterns and settings, for `therapy` with `books`; new settings may concern the `alarms`."""

    def __init__(self, clock, books, therapy, alarms):
        self._clock = clock
        self._books = books
        self._settings = books.memory.settings
        self._record = books.memory.record
        self._therapy = therapy
        self._alarms = alarms
        self._staging = books.memory.staging
        self._staged = [self._found(pattern) for pattern in range(len(protocol.PATTERNS))]

    def _found(self, pattern):
        """The rates staged before the reset, or None."""
        try:
            return self._staging.read(pattern) if self._books.memory.usable else None
        except FirmwareError:
            return None

    def stage_pattern(self, pattern, rates):
        """Put 48 rates aside; a reset does not forget them. Refused: above the clinician's limit; memory fails."""
        self._books.need_memory()
        rates = [each["rate_mu_per_h"] for each in rates]
        self._therapy.answers.allow("rates", max(rates))
        try:
            self._staging.write(pattern, rates)
        except FirmwareError:
            raise Refused(protocol.MEMORY_FAILED)
        self._staged[pattern] = rates
        old_day_mu = _day_mu(self._settings.rates(pattern))
        reply = {"fingerprint": fingerprint(rates), "day_mu": _day_mu(rates), "old_day_mu": old_day_mu}
        reply["cut_by"] = cut_by(self._therapy.forecast.daily(rates))
        return reply

    def read_pattern(self, pattern, staged):
        """The 48 rates in force or staged."""
        rates = self._staged[pattern] if staged else self._settings.rates(pattern)
        if rates is None:
            raise Refused(protocol.NOT_STAGED, "pattern", pattern)
        records = [{"rate_mu_per_h": each} for each in rates]
        return {"fingerprint": fingerprint(rates), "day_mu": _day_mu(rates), "rates": records}

    def commit_pattern(self, pattern, agree=nobody, **order):
        """The staged rates become the pattern's, if they are those that were looked at."""
        self._books.need_memory()
        rates = self._staged[pattern]
        if rates is None:
            raise Refused(protocol.NOT_STAGED, "pattern", pattern)
        if order["fingerprint"] != fingerprint(rates):
            raise Refused(protocol.NOT_THE_SAME, "fingerprint", order["fingerprint"], fingerprint(rates))
        if self._record.pattern == pattern:
            self._therapy.allow_rate("pattern", max(rates))
        else:
            self._therapy.answers.allow("pattern", max(rates))
        now_us = self._clock.now_us()
        before = self._settings.rates(pattern)
        agree(self._summary(now_us, pattern, before, rates))
        self._settings.set_rates(pattern, rates)
        self._books.store_settings()
        self._therapy.follow(now_us)
        self._books.accepted("commit_pattern", pattern, _day_mu(before), _day_mu(rates))
        self._staged[pattern] = None
        try:
            self._staging.forget(pattern)
        except FirmwareError:
            pass  # after a reset it is staged still, besides being in force
        reply = {"at_us": now_us, "day_mu": _day_mu(rates), "in_force_mu_per_h": self._therapy.in_force_mu_per_h()}
        running = self._record.pattern == pattern
        reply["cut_by"] = self._therapy.cut_by(now_us) if running else cut_by(self._therapy.forecast.daily(rates))
        return reply

    def _summary(self, now_us, pattern, before, rates):
        """The summary of commit_pattern."""
        therapy = self._therapy
        then_mu_per_h = therapy.programme.rate_at(now_us, rates)
        summary = therapy.of_rates(now_us, rates, then_mu_per_h, pattern)
        running = self._record.pattern == pattern
        if not running:
            summary["cut_by"] = cut_by(therapy.forecast.daily(rates))
            summary["then_mu_per_h"] = summary["old_rate_mu_per_h"]
        summary.update(running=running, old_day_mu=_day_mu(before), old_fingerprint=fingerprint(before))
        return summary

    def read_settings(self):
        """The settings of what the device does by itself."""
        return {name: getattr(self._settings, name) for name in _SETTINGS}

    def set_settings(self, agree=nobody, **order):
        """Set all of them. Refused: thresholds that are not in order."""
        self._books.need_memory()
        stop_mu, empty_mu, low_mu = [order["reservoir_" + name] for name in ("stop_mu", "empty_mu", "low_mu")]
        if stop_mu > empty_mu:
            raise Refused(protocol.OUT_OF_RANGE, "reservoir_stop_mu", stop_mu, empty_mu)
        if empty_mu > low_mu:
            raise Refused(protocol.OUT_OF_RANGE, "reservoir_empty_mu", empty_mu, low_mu)
        now_us = self._clock.now_us()
        before = self.read_settings()
        for name in ("reservoir_low_mu", "reservoir_empty_mu", "reservoir_stop_mu"):
            if order[name] != before[name]:
                self._therapy.answers.strokes(name, order[name])
        summary = {"old_" + name: before[name] for name in _SETTINGS}
        summary.update([("new_" + name, order[name]) for name in _SETTINGS])
        agree(summary)
        for name in _SETTINGS:
            setattr(self._settings, name, order[name])
        self._books.store_settings()
        self._therapy.follow(now_us)
        changed = [name for name in _SETTINGS if order[name] != before[name]]
        for name in changed:
            values = (int(before[name]), int(order[name]))
            kind = (protocol.CATEGORY_COMMAND, protocol.EVENT_SETTING_CHANGED, _SETTINGS.index(name), 0)
            self._books.will_note(*kind, values)
        self._books.accepted("set_settings", len(changed))
        self._alarms.content_changed(now_us)
        return {"at_us": now_us}


def _day_mu(rates):
    return sum(rates) // _HALF_HOUR_IN_DAY

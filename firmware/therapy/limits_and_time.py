"""Orders about the device itself: the clinician's limits, the wall clock, initialising the memory, the self-test.

Each order calls `agree(summary)` between its checks and its effects (firmware/link/prepared.py).

Implements: GUARD-1, THER-1, STORE-3, SELF-1, SEC-3
"""

from firmware import dose_codes as code
from firmware import protocol
from firmware.compat import nobody
from firmware.errors import FirmwareError, Refused
from firmware.protocol.codec import HIGH, NAME
from firmware.storage.ledgers import with_temp
from firmware.therapy.answers import cut_by

_US_PER_S = 1000000
_LIMIT_NAMES = tuple([field[NAME] for field in protocol.NEW_LIMITS])
_VOLUMES = _LIMIT_NAMES[1:]
_CAPS = _LIMIT_NAMES[2:]
_HARD_LIMITS = tuple([field[HIGH] for field in protocol.NEW_LIMITS])


class Device:
    """The device orders of one pump; `core`, `clock`, `wall`, `books`, `therapy`, `alarms`, `upkeep` and `reports` are
    its parts.
    """

    def __init__(self, core, clock, wall, books, therapy, alarms, upkeep, reports):
        self._core = core
        self._clock = clock
        self._wall = wall
        self._books = books
        self._therapy = therapy
        self._alarms = alarms
        self._upkeep = upkeep
        self._reports = reports

    def set_limits(self, max_basal_mu_per_h, max_bolus_mu, max_hour_mu, max_day_mu, agree=nobody, **order):
        """Set the clinician limits, within the hard ones. Refused: a limit below what is running or accepted."""
        self._books.need_memory()
        now_us = self._clock.now_us()
        limits = (max_basal_mu_per_h, max_bolus_mu, max_hour_mu, max_day_mu)
        old = self._reports.limits()
        self._need_possible(now_us, dict(zip(_LIMIT_NAMES, limits)), dict(zip(_LIMIT_NAMES, old)))
        self._need_below(now_us, max_basal_mu_per_h)
        summary = {"old_" + name: before for name, before in zip(_LIMIT_NAMES, old)}
        summary.update([("new_" + name, each) for name, each in zip(_LIMIT_NAMES, limits)])
        summary["cut_by"] = self._cut_within(limits)
        agree(summary)
        self._therapy.follow(now_us)  # the core must hold the present programme before its limits change
        result, refused = self._core.set_limits(*limits)
        self._therapy.answers.need(result if not refused else code.OK, "max_basal_mu_per_h", max_basal_mu_per_h)
        if refused:
            place = refused - 1
            raise Refused(protocol.HARD_LIMIT, _LIMIT_NAMES[place], limits[place], _HARD_LIMITS[place])
        self._therapy.follow(now_us)
        self._books.accepted("set_limits", *limits, undo=lambda: self._core.set_limits(*old))
        reply = {"at_us": now_us}
        for name, before, after in zip(_LIMIT_NAMES, old, self._reports.limits()):
            reply["old_" + name] = before
            reply["new_" + name] = after
        reply["cut_by"] = self._therapy.cut_by(now_us)
        return reply

    def _cut_within(self, limits):
        """The cap that would have to cut the programme day after day within these limits."""
        therapy = self._therapy
        strokes = (limits[0],) + tuple([therapy.answers.whole_strokes(each) for each in limits[1:]])
        return cut_by(therapy.forecast.daily(therapy.programme.rates(), self._core.state(), strokes))

    def _need_below(self, now_us, max_basal_mu_per_h):
        """Raises Refused for a limit below a rate that the core holds once it has followed, and in a fault."""
        state, limit_mu_per_h = self._core.state(), self._core.limits()[0]
        if state[code.GUARD_FAULT]:
            raise Refused(protocol.WRONG_STATE, None, protocol.STATE_FAULT)
        rate_mu_per_h, _, next_mu_per_h = self._therapy.programme.wanted(now_us)
        rate_mu_per_h = greatest_mu_per_h = min(max(rate_mu_per_h, next_mu_per_h), limit_mu_per_h)
        if now_us < state[code.TEMP_UNTIL_US]:  # -1 without one
            greatest_mu_per_h = max(rate_mu_per_h, with_temp(state, rate_mu_per_h))
        if greatest_mu_per_h > max_basal_mu_per_h:
            raise Refused(protocol.OUT_OF_RANGE, "max_basal_mu_per_h", max_basal_mu_per_h, rate_mu_per_h)

    def _need_possible(self, now_us, new, old):
        """Raises Refused for limits that cannot be kept exactly as given, or that would cut what has been accepted."""
        answers = self._therapy.answers
        for name, hard_mu in zip(_VOLUMES, _HARD_LIMITS[1:]):
            if new[name] != old[name] and new[name] <= hard_mu:  # above it the core refuses
                answers.strokes(name, new[name])
        if new["max_day_mu"] < new["max_hour_mu"]:
            raise Refused(protocol.OUT_OF_RANGE, "max_day_mu", new["max_day_mu"], new["max_hour_mu"])
        promised_mu_per_h = self._therapy.promised_mu_per_h()
        if new["max_basal_mu_per_h"] < promised_mu_per_h:
            raise Refused(protocol.OUT_OF_RANGE, "max_basal_mu_per_h", new["max_basal_mu_per_h"], promised_mu_per_h)
        if new["max_hour_mu"] < old["max_hour_mu"] or new["max_day_mu"] < old["max_day_mu"]:
            caps = [answers.whole_strokes(new[name]) for name in _CAPS]
            found = self._therapy.forecast.cut(now_us, self._books.deliveries.square_until_us, caps=caps)
            if found is not None:
                window, strokes = found
                raise Refused(protocol.OUT_OF_RANGE, _CAPS[window], new[_CAPS[window]], answers.mu(strokes))

    def set_time(self, utc_s, agree=nobody, **order):
        """Set the wall clock. Basal then follows the programme for that time."""
        self._books.need_memory()
        now_us = self._clock.now_us()
        old_s = self._wall.utc_s(now_us)
        agree(self._of_time(now_us, utc_s, old_s))
        if self._wall.known and not self._wall.look():
            # Setting the clock again and again must not hide that it goes wrong.
            self._books.memory.note(protocol.CATEGORY_ALARM, protocol.EVENT_CLOCK_LOST, self._wall.why)
            self._alarms.raise_alarm("clock_lost")
        why = self._wall.why
        self._wall.set(utc_s)
        self._therapy.follow(now_us)
        self._books.will_note(protocol.CATEGORY_COMMAND, protocol.EVENT_CLOCK_SET, 0, 0, (old_s, utc_s))
        self._books.accepted("set_time", utc_s, undo=lambda: self._set_back(old_s, now_us, why))
        self._alarms.clock_set(now_us)
        return {"at_us": now_us, "old_utc_s": old_s, "new_utc_s": utc_s}

    def _of_time(self, now_us, utc_s, old_s):
        """The summary of set_time."""
        programme, offset_min = self._therapy.programme, self._books.memory.settings.utc_offset_min
        return {
            "clock_known": self._wall.known, "new_utc_s": utc_s, "utc_offset_min": offset_min, "old_utc_s": old_s,
            "old_rate_mu_per_h": programme.programmed_mu_per_h(now_us),
            "then_mu_per_h": programme.rate_by(utc_s),
        }  # fmt: skip

    def _set_back(self, old_s, at_us, why):
        """Undo the setting made at `at_us`."""
        if old_s:
            self._wall.set(old_s + (self._clock.now_us() - at_us) // _US_PER_S)
        else:
            self._wall.lose(why)

    def self_test(self):
        """Test now; returns the reply's fields."""
        failed = self._upkeep.test_now()
        if failed:
            self._alarms.raise_alarm("self_test_fail", failed)
        return self._upkeep.results()

    def initialise_memory(self, agree=nobody, **order):
        """Initialise a damaged memory. Refused while its content is valid, and while it does not answer: the content
        may be intact.
        """
        state = self._books.memory.state
        if state != protocol.MEMORY_DAMAGED:
            raise Refused(protocol.MEMORY_FAILED if state == protocol.MEMORY_ABSENT else protocol.MEMORY_GOOD)
        agree({"memory": state})
        try:
            self._books.memory.initialise(self._books.deliveries)
        except FirmwareError:
            raise Refused(protocol.MEMORY_FAILED)
        self._upkeep.test()  # it could not pass with the damaged memory
        self._alarms.raise_alarm("initialised_to_defaults")
        self._books.accepted("initialise_memory")
        return {"at_us": self._clock.now_us()}

"""The replies to the messages that only read.

Implements: LOG-1, LOG-2, LOG-3
"""

from firmware import dose_codes as code
from firmware import protocol
from firmware.errors import MemoryAbsent, Refused
from firmware.occlusion.watch import report
from firmware.protocol.codec import NAME
from firmware.storage.event_log import NO_CLOCK
from firmware.storage.ledgers import in_force
from firmware.therapy.answers import Answers, cut_by

_UQ_PER_UU = 3600000  # µU in mU/h times µs
_LIMIT_NAMES = tuple([field[NAME] for field in protocol.NEW_LIMITS])


class Reports:
    """The reports of `pump`, from its parts: `core`, `clock`, `wall`, `books`, `sensors` (strokes, pressure), `watch`
    and `identity`.
    """

    def __init__(self, pump, core, clock, wall, books, sensors, watch, identity):
        self._pump = pump
        self._core = core
        self._clock = clock
        self._wall = wall
        self._books = books
        self._memory = books.memory
        self._pressure_sensor = sensors[1]
        self._watch = watch
        self._identity = identity
        self._answers = Answers(core, clock, identity["stroke_uu"])
        self._stroke_uq = identity["stroke_uu"] * _UQ_PER_UU

    def read_log(self, since_number, max_count):
        """Events numbered above `since_number`. Refused while the memory does not answer."""
        log = self._memory.log
        oldest, newest = log.oldest, log.next_number - 1
        first = max(oldest, since_number + 1)
        try:
            found = [_event(log, number) for number in range(first, min(newest, first + max_count - 1) + 1)]
        except MemoryAbsent:
            raise Refused(protocol.MEMORY_FAILED)
        return {"oldest_number": oldest, "newest_number": newest, "events": found}

    def read_deliveries(self, since_id, max_count):
        """Deliveries numbered above `since_id`."""
        oldest_id, newest_id, records = self._books.deliveries.read(self._clock.now_us(), since_id, max_count)
        return {"oldest_id": oldest_id, "newest_id": newest_id, "records": records}

    def read_diagnosis(self):
        """The occlusion detector's standing finding."""
        return report(self._watch, self._identity["concentration_u_per_ml"])

    def read_time(self):
        """The time: device time, wall clock and the pump's life."""
        now_us = self._clock.now_us()
        return {"now_us": now_us, "utc_s": self._wall.utc_s(now_us), "life": self._memory.orders.life}

    def identity(self):
        """What runs on this device."""
        values = dict(self._identity)
        values["now_us"] = self._clock.now_us()
        values["life"] = self._memory.orders.life
        return values

    def status(self):
        """The status reply's fields but the link's counters, all of one instant."""
        now_us = self._clock.now_us()
        core, mu = self._core, self._answers.mu
        # All of the core's values are taken from this one state: a stroke may start at any line below.
        state = core.state(now_us)
        standing = self.read_diagnosis()
        record = self._memory.record
        bolus_id, square_id = self._books.deliveries.latest
        alarm, alarms = self._pump.alarms.summary()
        normal = state[code.NORMAL_PROGRAMMED : code.NORMAL_ABANDONED + 1]
        if not self._books.deliveries.normal_is_therapy:
            bolus_id, normal = 0, (0, 0, 0, 0)
        values = {
            "now_us": now_us,
            "state": self._pump.therapy.state(state),
            "fault": self._pump.therapy.fault(state),
            "basal_rate_mu_per_h": min(self._pump.therapy.programme.programmed_mu_per_h(now_us), core.limits()[0]),
            "in_force_mu_per_h": 0 if state[code.SUSPENDED] else in_force(state)[1],
            "pattern": record.pattern,
            "temp_until_us": _or_never(state[code.TEMP_UNTIL_US]),
            "recommended_until_us": record.recommended_until_us or protocol.NEVER_US,
            "bolus_id": bolus_id,
            "bolus_programmed_mu": mu(normal[0]),
            "bolus_commanded_mu": mu(normal[1]),
            "bolus_delivered_mu": mu(normal[2]),
            "bolus_remaining_mu": mu(normal[0] - normal[1] - normal[3]),
            "square_id": square_id,
            "square_programmed_mu": mu(state[code.SQUARE_PROGRAMMED]),
            "square_delivered_mu": mu(state[code.SQUARE_DELIVERED]),
            "square_remaining_mu": mu(
                state[code.SQUARE_PROGRAMMED] - state[code.SQUARE_COMMANDED] - state[code.SQUARE_ABANDONED]
            ),
            "strokes_commanded": state[code.GUARD_COMMANDED],
            "strokes_delivered": state[code.GUARD_CONFIRMED],
            "strokes_abandoned": self._books.deliveries.abandoned(state),
            "hour_mu": mu(state[code.HOUR_USED]),
            "day_mu": mu(state[code.DAY_USED]),
            "pressure_pa": self._pressure_sensor.read_pa(),
            "diagnosis": standing["diagnosis"],
            "missed_mu": standing["missed_mu"],
            "released_mu": standing["released_mu"],
            "next_due_us": self._pump.therapy.programme.next_due_us(
                state, self._stroke_uq, self._books.deliveries.square_until_us
            ),
            "utc_s": self._wall.utc_s(now_us),
            "memory": self._memory.state,
            "resets": record.resets,
            "newest_event": self._memory.log.next_number - 1,
            "alarm": alarm,
            "alarms": alarms,
            "reservoir_mu": self._pump.refills.left_mu,
        }
        values.update(zip(_LIMIT_NAMES, self.limits()))
        therapy = self._pump.therapy
        values["cut_by"] = cut_by(therapy.forecast.daily(therapy.programme.rates(), state))
        values["square_commanded_mu"] = mu(state[code.SQUARE_COMMANDED])
        return values

    def limits(self):
        """The clinician limits, as the set_limits request has them."""
        max_basal_mu_per_h, *caps = self._core.limits()
        return (max_basal_mu_per_h,) + tuple([self._answers.mu(strokes) for strokes in caps])


def _or_never(time_us):
    return protocol.NEVER_US if time_us < 0 else time_us


def _event(log, number):
    time_s, category, what, detail, reason, a, b, c, d = log.read(number)
    return {
        "number": number,
        "time_s": time_s,
        "clock_known": not category & NO_CLOCK,
        "category": category & ~NO_CLOCK,
        "event": what,
        "detail": detail,
        "reason": reason,
        "a": a,
        "b": b,
        "c": c,
        "d": d,
    }

"""The dose core as a Python class, with the same methods as the MicroPython module `dosecore`.

It is thin on purpose: every method is one call into C. Times are µs, rates mU/h, volumes strokes unless the name says
otherwise.
"""

from pathlib import Path
from types import ModuleType
from typing import Any

from c_ext.host.build import build, load

# Steps per stroke, start rate Hz, maximum rate Hz, acceleration Hz/s: an assumed small stepper, for tests.
MOTOR = (96, 200, 1000, 4000)
HOUR, DAY = 0, 1
NEVER_US = 2**64 - 1
# Strokes in a row, each seen, before a difference of one is forgiven: c_ext/micropython/counts.c.
FORGIVE_STROKES = 100


def _or_never(at_us: int) -> int:
    return -1 if at_us == NEVER_US else at_us


class Core:
    """One pump's core. Implements: DOSE-1 … DOSE-5, GUARD-1 … GUARD-4 (in C; nothing is decided here)."""

    module: ModuleType  # set by bind()

    def __init__(
        self,
        stroke_nl: int = 500,
        concentration_u_per_ml: int = 400,
        spacing_us: int = 0,
        motor: tuple[int, int, int, int] = MOTOR,
        history: int = 2500,
        now_us: int = 0,
    ) -> None:
        """spacing_us 0 means the default. Raises ValueError if core_init() refuses, as it does without a plan."""
        ffi, lib = self.module.ffi, self.module.lib
        self.c: Any = ffi.new("core_t *")
        self._apart, self._looked, self._agreed = 0, 0, 0
        self.history: Any = ffi.new("uint32_t[]", max(history, 1))
        self._limits = ffi.new("guard_limits_t *")
        self._refused = ffi.new("uint32_t *")
        self._periods = ffi.new("uint16_t[]", lib.MOTION_STEPS_MAX)
        self._steps = motor[0]
        self._burst_us = int(lib.motion_plan(ffi.new("motion_motor_t *", motor), self._periods))
        config = (stroke_nl, concentration_u_per_ml, spacing_us, self._burst_us, self.history, history)
        if not lib.core_init(self.c, now_us, ffi.new("core_config_t *", config)):
            raise ValueError(
                f"core configuration out of range: stroke_nl={stroke_nl} concentration_u_per_ml="
                f"{concentration_u_per_ml} spacing_us={spacing_us} motor={motor} history={history}"
            )

    def settle(self, now_us: int) -> int:
        """The supervisor is awake: enter what has happened; returns a DOSE code."""
        return int(self.module.lib.core_settle(self.c, now_us))

    def promise(self, now_us: int, back_us: int) -> bool:
        """The supervisor idles until back_us; false if that is more than an hour away or in the past."""
        return bool(self.module.lib.core_promise(self.c, now_us, back_us))

    def alive(self, now_us: int) -> bool:
        """No fault, and the supervisor keeps its promise: the watchdog may be fed."""
        return bool(self.module.lib.core_alive(self.c, now_us))

    def set_basal(self, now_us: int, rate_mu_per_h: int) -> int:
        """Set the programmed basal rate from now on; returns a DOSE code."""
        return int(self.module.lib.core_set_basal(self.c, now_us, rate_mu_per_h))

    def plan_basal(self, now_us: int, boundary_us: int, rate_mu_per_h: int) -> int:
        """Plan a change of the programmed rate at boundary_us; returns a DOSE code."""
        return int(self.module.lib.core_plan_basal(self.c, now_us, boundary_us, rate_mu_per_h))

    def temp_basal(self, now_us: int, kind: int, value: int, duration_us: int) -> int:
        """Start a temporary rate, TEMP_RATE in mU/h or TEMP_PERCENT, for duration_us; returns a DOSE code."""
        return int(self.module.lib.core_temp_basal(self.c, now_us, kind, value, duration_us))

    def cancel_temp(self, now_us: int) -> int:
        """Return to the programmed rate; returns a DOSE code."""
        return int(self.module.lib.core_cancel_temp(self.c, now_us))

    def bolus(self, now_us: int, normal: int, square: int = 0, duration_us: int = 0) -> int:
        """Start a bolus of normal strokes, of square ones spread over duration_us, or of both; returns a DOSE code."""
        return int(self.module.lib.core_bolus(self.c, now_us, normal, square, duration_us))

    def cancel_bolus(self, now_us: int) -> int:
        """End the running bolus; returns a DOSE code."""
        return int(self.module.lib.core_cancel_bolus(self.c, now_us))

    def suspend(self, now_us: int) -> int:
        """Suspend delivery, and let the stroke in progress end; returns a DOSE code."""
        return int(self.module.lib.core_suspend(self.c, now_us))

    def resume(self, now_us: int) -> int:
        """Resume at the programmed rate; returns a DOSE code."""
        return int(self.module.lib.core_resume(self.c, now_us))

    def set_limits(self, basal_mu_per_h: int, bolus_mu: int, hour_mu: int, day_mu: int) -> tuple[int, int]:
        """Set the clinician's limits; returns (code, number of the refused limit, 1 … 4, or 0)."""
        limits = self._limits
        limits.max_basal_mu_per_h, limits.max_bolus_mu = basal_mu_per_h, bolus_mu
        limits.max_hour_mu, limits.max_day_mu = hour_mu, day_mu
        code = int(self.module.lib.core_set_limits(self.c, limits, self._refused))
        return code, int(self._refused[0])

    def permit(self, stroke: int) -> bool:
        """The permit for this stroke is written; false unless it is the next."""
        return bool(self.module.lib.core_permit(self.c, stroke))

    def stop(self, now_us: int, fault: int) -> None:
        """Latch a fault, MEMORY_FAULT … SUPERVISOR; ValueError for another code."""
        lib = self.module.lib
        if not lib.GUARD_MEMORY_FAULT <= fault <= lib.GUARD_SUPERVISOR:
            raise ValueError(f"not a fault code: {fault}")
        lib.core_stop(self.c, now_us, fault)

    def next_us(self) -> int:
        """µs, or -1 for never."""
        return _or_never(int(self.module.lib.core_next_us(self.c)))

    def service(self, now_us: int) -> int:
        """The stroke timer's handler: NOTHING, STROKE, WITHHELD or FAULT."""
        return int(self.module.lib.core_service(self.c, now_us))

    def confirmed(self) -> None:
        """The stroke sensor saw an edge."""
        self.module.lib.core_stroke_confirmed(self.c)

    def ended(self) -> None:
        """The burst has ended."""
        self.module.lib.core_stroke_ended(self.c)

    def used(self, now_us: int, window: int) -> int:
        """Strokes in the last hour (window 0) or day (1), as the guard counts them; enters what has happened."""
        self._look()
        return self._used(now_us, window)

    def _used(self, now_us: int, window: int) -> int:
        lib = self.module.lib
        ticks = lib.GUARD_DAY_TICKS if window == DAY else lib.GUARD_HOUR_TICKS
        # A clock that was read before the latest stroke started counts as of the books.
        now_us = max(now_us, int(self.c.dose.basal.at_us))
        return int(lib.guard_used_strokes(self._member("guard"), now_us, ticks))

    def _look(self) -> None:
        """Enter the interrupt's work into books and ring: c_ext/micropython/readings.c."""
        lib = self.module.lib
        if self.c.event != lib.CORE_NOTHING or lib.guard_faulted(self._member("guard")):
            lib.core_permit(self.c, 0)

    def limits(self) -> tuple[int, int, int, int]:
        """In force: (basal_mu_per_h, bolus strokes, strokes in an hour, strokes in a day)."""
        guard = self.c.guard
        words = (guard.basal_mu_per_h, guard.bolus_strokes, guard.hour_strokes, guard.day_strokes)
        return tuple(int(word.value) for word in words)  # type: ignore[return-value]

    def plan(self) -> tuple[int, int, tuple[int, ...]]:
        """(steps, duration_us, the periods in µs)."""
        return self._steps, self._burst_us, tuple(self._periods[i] for i in range(self._steps))

    def state(self, now_us: int | None = None) -> tuple[int, ...]:
        """STATE_FIELDS, all integers, as it stands.

        With a time what has happened is entered first, the strokes used are those before it, and after all comes when
        the next one will be due, be there a permit for it yet or not; else the strokes used are -1.
        """
        if now_us is not None:
            self._look()
        c = self.c
        dose, guard, basal = c.dose, c.guard, c.dose.basal
        schedule = basal.schedule
        ledgers: list[int] = []
        _, temp, normal, square = dose.ledger
        for ledger in dose.ledger:
            ledgers += (ledger.programmed, ledger.commanded, ledger.delivered, ledger.abandoned)
        return (
            *ledgers,
            normal.id, normal.start_us, normal.end_us, normal.reason,
            square.id, square.start_us, square.end_us, square.reason,
            temp.start_us, temp.end_us, temp.reason,
            basal.paused, schedule.rate_mu_per_h, _or_never(schedule.boundary_us), schedule.boundary_mu_per_h,
            schedule.temp, schedule.temp_value, _or_never(schedule.temp_until_us),
            dose.slot_us, basal.at_us, basal.pace.owed_q, basal.waiting[0], basal.waiting[1],
            dose.square_pace.owed_q, dose.square_waiting,
            guard.commanded.value, guard.confirmed.value, guard.permitted.value, guard.fault.value,
            guard.alive_tick.value, guard.free_tick.value,
            c.strokes_withheld, c.in_flight, _or_never(c.armed_us), c.armed_kind, c.unconfirmed,
            *(-1 if now_us is None else self._used(now_us, window) for window in (HOUR, DAY)),
            *(() if now_us is None else (self._due_us(),)),
        )  # fmt: skip

    def _due_us(self) -> int:
        lib = self.module.lib
        if lib.guard_faulted(self._member("guard")):
            return -1
        return _or_never(int(lib.dose_next_us(self._member("dose"), self.module.ffi.new("dose_kind_t *"))))

    def save(self, now_us: int) -> bytes:
        """The state for the journal, settled."""
        stored = self.module.ffi.new("uint8_t[]", self.module.lib.STATE_BYTES)
        self.module.lib.state_save(self.c, now_us, stored)
        return bytes(self.module.ffi.buffer(stored))

    def save_into(self, now_us: int, buffer: memoryview) -> None:
        """As save(), into the first STATE_BYTES of `buffer`."""
        stored = self.save(now_us)
        buffer[: len(stored)] = stored

    def ticks(self) -> memoryview:
        """The ring of strokes' starts, in ticks."""
        return memoryview(self.module.ffi.buffer(self.history)).cast("I")

    def load(self, now_us: int, stored: bytes | bytearray | memoryview) -> int:
        """Replace the state: 0, or the number of the invariant that does not hold. ValueError for another length."""
        if len(stored) != self.module.lib.STATE_BYTES:
            raise ValueError(f"a saved state of {len(stored)} bytes, must be {self.module.lib.STATE_BYTES}")
        return int(self.module.lib.state_load(self.c, now_us, bytes(stored)))

    def clear_fault(self, now_us: int) -> int:
        """Clear a latched fault: 0, or the number of the invariant that does not hold; then the fault stays."""
        return int(self.module.lib.state_reconcile(self.c, now_us, 1))

    def over(self) -> int:
        """Strokes that have started and are over."""
        return int(self.c.guard.commanded.value) - int(self.c.in_flight)

    def apart(self) -> int:
        """Strokes ordered minus strokes seen, without the one in progress. To be called after every stroke."""
        guard = self.c.guard
        commanded = int(guard.commanded.value)
        apart = commanded - int(guard.confirmed.value) - int(self.c.unconfirmed)
        more = commanded - self._looked
        self._agreed = self._agreed + more if apart == self._apart and more in (0, 1) else 0
        self._apart, self._looked = apart, commanded
        return apart

    def forgive(self, now_us: int) -> bool:
        """Count as seen the one stroke that was not, or the reverse, if the rule of docs/adr/0009 allows it."""
        stood = self._apart
        apart = self.apart()
        guard = self.c.guard
        fault = guard.fault.value != self.module.lib.GUARD_OK
        if self._agreed < FORGIVE_STROKES or apart != stood or abs(apart) != 1 or fault or self.c.in_flight:
            return False
        forgiven = int(self.module.lib.state_reconcile(self.c, now_us, 0)) == 0
        self._apart = self._agreed = 0
        return forgiven

    def _member(self, name: str) -> Any:
        return self.module.ffi.addressof(self.c, name)

    def raw(self) -> bytes:
        """Every byte of the context and of the rolling-cap history; a refusal must change none of them."""
        ffi = self.module.ffi
        return bytes(ffi.buffer(self.c)) + bytes(ffi.buffer(self.history))


def bind(path: Path) -> type[Core]:
    """The class Core over the extension at `path`."""
    return type("Core", (Core,), {"module": load(path)})


def bind_default() -> type[Core]:
    """The class Core over the current core, compiled first if necessary."""
    return bind(build())

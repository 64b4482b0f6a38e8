"""The pump's response to a fault of the dose core, and the order by which a service engineer clears one.

The core latches the first fault for good, and a latched fault outlives a reset. It is cleared only by an order that
names it, on a pump whose state is sound and whose self-test passes once the fault is cleared. Clearing it delivers
nothing: the pump is stopped, and a person resumes it (docs/adr/0008).

Implements: GUARD-2, GUARD-4, DOSE-5, SEC-2, SEC-3
"""

from firmware import dose_codes as code
from firmware import protocol
from firmware.compat import nobody
from firmware.errors import Refused


class Faults:
    """The faults of one pump: `core`, `clock`, `books`, `therapy`, `course`, `alarms`, `upkeep` are its parts."""

    def __init__(self, core, clock, books, therapy, course, alarms, upkeep, stepper):
        self._core = core
        self._clock = clock
        self._books = books
        self._therapy = therapy
        self._course = course
        self._alarms = alarms
        self._upkeep = upkeep
        self._stepper = stepper

    def latched(self, now_us):
        """The core has latched a fault: stop the motor first, then update the books."""
        self._stepper.stop()
        self._therapy.follow(now_us, protocol.REASON_FAULT)
        self._books.deliveries.boluses_ended()
        self._course.bolus_over()
        self._note(protocol.EVENT_FAULT, self._core.state()[code.GUARD_FAULT])
        self._alarms.fault()
        self._books.store()

    def clear_fault(self, fault, agree=nobody, **order):
        """Clear the core's latched fault; the pump is stopped. Ledgers, strokes and caps are kept.

        A fault that a stopped pump's next stroke would latch (Therapy.fault) can be cleared in advance, because the
        self-test does not let therapy run to that stroke.

        `agree(summary)` is called before anything changes, and before the two checks that clear it to see. Refused,
        nothing changed: another fault or none is latched (NO_FAULT); a safety variable was damaged, or an
        invariant of the core's state does not hold (UNSOUND, value: its number in c_ext/core/state.h); the self-test
        fails; the memory cannot store it.
        """
        self._books.need_memory()
        state = self._core.state()
        latched = self._therapy.fault(state)
        if not latched or latched != fault:
            raise Refused(protocol.NO_FAULT, "fault", fault, latched)
        if latched == code.FAULT_MEMORY:
            # Even if the variable is intact again, nobody knows which of its values was wrong.
            raise Refused(protocol.UNSOUND, "fault", code.WORDS_INTACT)
        counts = (state[code.GUARD_COMMANDED], state[code.GUARD_CONFIRMED])
        agree({"fault": fault, "commanded_strokes": counts[0], "confirmed_strokes": counts[1]})
        before = self._core.save(self._clock.now_us())
        broken = self._core.clear_fault(self._clock.now_us())
        if broken:
            raise Refused(protocol.UNSOUND, "fault", broken)
        # The core is still suspended: no stroke can start before this is stored and a person resumes.
        failed = self._upkeep.test()
        if failed:
            self._latch_again(latched, before)
            self._alarms.raise_alarm("self_test_fail", failed)
            raise Refused(protocol.SELF_TEST_FAILED, None, failed)
        self._alarms.halt(self._clock.now_us())
        self._books.will_note(protocol.CATEGORY_MALFUNCTION, protocol.EVENT_FAULT_CLEARED, latched, 0, counts)
        self._books.accepted("clear_fault", latched, undo=lambda: self._latch_again(latched, before))
        return {"at_us": self._clock.now_us(), "commanded_strokes": counts[0], "confirmed_strokes": counts[1]}

    def _latch_again(self, fault, before):
        """Restore the core to `before`; if it refuses that, latch at least the fault."""
        if self._core.load(self._clock.now_us(), before):
            self._core.stop(self._clock.now_us(), fault)

    def _note(self, event, fault, counts=()):
        self._books.memory.note(protocol.CATEGORY_MALFUNCTION, event, fault, 0, counts)

"""Suspend, stop and resume, as a person orders them.

A suspend or a stop acts at once, before anything that can fail; what follows from it is done afterwards. Resuming is
refused unless every part that knows a reason against it agrees, and nothing else resumes a stopped pump.

Each method named after a message takes the request's fields and returns the reply's. To resume calls `agree(summary)`
between its checks and its effects (firmware/link/prepared.py); to halt needs nobody's.

Implements: THER-3, DOSE-5, ALARM-2, SEC-3
"""

from firmware import dose_codes as code
from firmware import protocol
from firmware.compat import nobody
from firmware.errors import Refused
from firmware.storage.ledgers import in_force
from firmware.therapy.answers import abandoned
from firmware.therapy.halting import afterwards, still

_RUNNING = protocol.STATE_RUNNING


class Switch:
    """Starts and halts the delivery of one pump; the arguments are its parts. `watch` is None if nobody watches the
    catheter; `failed(error)`: an order was carried out, but the work that follows it has failed.
    """

    def __init__(self, core, clock, books, therapy, course, refills, upkeep, alarms, watch, failed):
        self._core = core
        self._clock = clock
        self._books = books
        self._record = books.memory.record
        self._therapy = therapy
        self._course = course
        self._refills = refills
        self._upkeep = upkeep
        self._alarms = alarms
        self._watch = watch
        self._failed = failed

    def suspend(self, **order):
        """Abandon the strokes that wait; from then on deliver the lowest rate, which never exceeds the one in force
        before.
        """
        now_us = self._clock.now_us()
        before = self._need_to_halt(_RUNNING)
        self._record.suspended_mu_per_h = in_force(before)[1]
        percent = before[code.TEMP_VALUE] if before[code.TEMP] == code.TEMP_PERCENT else 100
        self._record.suspended_percent = min(percent, 100)
        still(self._core, self._clock, now_us)
        after = self._core.state()
        at_us = after[code.AT_US]  # a stroke may have started since the clock was read
        waiting = abandoned(after) - abandoned(before)
        afterwards(lambda: self._suspended(at_us), self._failed)
        return {"at_us": at_us, "abandoned_strokes": waiting, "rate_mu_per_h": self._therapy.in_force_mu_per_h()}

    def _suspended(self, now_us):
        therapy = self._therapy
        self._record.mode = protocol.STATE_SUSPENDED
        therapy.cut(now_us, protocol.REASON_SUSPENDED)
        therapy.programme.apply(now_us)
        therapy.answers.need(self._core.resume(now_us))
        therapy.follow(now_us)
        self._alarms.halted(protocol.STATE_SUSPENDED)
        self._books.acted("suspend", therapy.in_force_mu_per_h())

    def stop(self, **order):
        """Stop all delivery."""
        now_us = self._clock.now_us()
        before = self._need_to_halt()
        still(self._core, self._clock, now_us)
        self._record.mode = protocol.STATE_STOPPED
        after = self._core.state()
        waiting = abandoned(after) - abandoned(before)
        afterwards(self._stopped, self._failed)
        return {"at_us": after[code.AT_US], "abandoned_strokes": waiting}

    def _stopped(self):
        self._therapy.cut(self._clock.now_us(), protocol.REASON_SUSPENDED)
        self._therapy.plan()
        self._alarms.halted(protocol.STATE_STOPPED)
        self._books.acted("stop")

    def resume(self, agree=nobody, **order):
        """Resume the programmed delivery; nothing else resumes it."""
        self._books.need_memory()
        now_us = self._clock.now_us()
        therapy = self._therapy
        stopped = therapy.state(self._core.state())
        if stopped not in (protocol.STATE_SUSPENDED, protocol.STATE_STOPPED):
            raise Refused(protocol.WRONG_STATE, None, stopped)
        self._course.need_fit()
        self._refills.need_above_stop()
        self._upkeep.need_passed()
        then_mu_per_h = min(therapy.programme.programmed_mu_per_h(now_us), self._core.limits()[0])
        in_force_mu_per_h = therapy.in_force_mu_per_h()
        agree({"state": stopped, "in_force_mu_per_h": in_force_mu_per_h, "then_mu_per_h": then_mu_per_h})
        # Before the core resumes: if the supervisor fails in between, a delivering pump must not be shown as stopped.
        self._record.mode = _RUNNING
        therapy.programme.apply(now_us)
        if self._core.state()[code.SUSPENDED]:
            therapy.answers.need(self._core.resume(now_us))
        self._record.contact_us = now_us
        therapy.follow(now_us)
        if self._watch is not None:
            self._watch.start(now_us)
        undo = self._alarms.resumed(now_us)
        rate_mu_per_h = in_force(self._core.state())[1]
        self._books.accepted("resume", rate_mu_per_h, undo=undo)
        return {"at_us": now_us, "rate_mu_per_h": rate_mu_per_h}

    def _need_to_halt(self, needed=None):
        """The core's state. Raises Refused if the pump is not in the state `needed`; with None, if already halted."""
        state = self._core.state()
        now = self._therapy.state(state)
        if needed is None:
            halted = now == protocol.STATE_FAULT or (now == protocol.STATE_STOPPED and state[code.SUSPENDED])
        else:
            halted = now != needed
        if halted:
            raise Refused(protocol.WRONG_STATE, None, now)
        return state

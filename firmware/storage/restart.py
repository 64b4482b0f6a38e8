"""What a pump does with its stored state after a reset: the one place that decides what had happened when power went.

The state record says "n - 1 completed, n permitted". Stroke n may have started or not, and if it is due by now nobody
can know: it counts as delivered, at the time at which it was due. If it is not due yet, it cannot have started. So the
count is right, or one stroke too high, and never too low.

An order is carried out before it is in the record, and the permit is out all the while: a stroke that it has asked for
may have begun with it. So if power went amid an order, stroke n counts as soon as it could have started; whose it was
nobody knows, and it is a delivery of its own.

Time without power programs nothing and owes nothing; the fraction owed before stays. Boluses end with what was
delivered. Basal goes on, also a temporary rate whose time is not over, unless the clock was lost: then nobody knows
what time it is. Which rate is programmed now is firmware.therapy.programme's matter.

How long the power was gone only the battery-backed clock can say, and nobody can check it: device time follows it,
for a day at most, but the rolling caps do not. For them no time has passed since the last record (docs/adr/0011).

Nothing is written here; power may go again at any point and the next restart finds the same record.

Implements: STORE-2, STORE-3, GUARD-1, GUARD-3, THER-1, THER-8
"""

from firmware import dose_codes as code
from firmware.compat import const
from firmware.errors import FirmwareError
from firmware.upkeep.wall_clock import VOUCHED_RESET_S, VOUCHED_S

_STROKE = const(1)  # CORE_STROKE


class Restart:
    """What restore() found: all that the pump has to tell about it."""

    def __init__(self):
        self.broken = 0  # the dose core's invariant that does not hold; then nothing was restored
        self.doubtful = 0  # 1: a stroke is counted that may not have been delivered
        self.counted = 0  # strokes that count by the restart: that one, and one that was in progress
        self.unknown = 0  # 1: it is one that an order may have asked for of which nothing is written
        self.starts_replaced = 0  # starts of strokes in the caps' history that were damaged
        self.ended_us = 0  # when the last life's deliveries ended
        self.device_time_us = 0  # now


def restore(core, journal, wall, now_us, powered=False, ordered=False):
    """Put the state in `journal.record` into `core`, a core just made; returns a Restart.

    `now_us` is the board's counter; `powered`: power was never gone; `ordered`: it went amid an order. The core is
    then settled at `device_time_us` of the result: the counter must be moved on to it before anything else is asked of
    the core.
    """
    found = Restart()
    record = journal.record
    found.starts_replaced = journal.restore_history()
    found.broken = core.load(record.saved_us, record.core)
    if found.broken:
        return found
    found.counted = _finish_stroke_in_progress(core)
    vouched_s = VOUCHED_RESET_S if powered else VOUCHED_S
    gone_us = wall.gone_us(record.saved_utc_s if record.clock_known else 0, vouched_s)
    latest_us = None if gone_us is None else record.saved_us + gone_us[1]
    due_us = _permit_next(core)
    came_due = due_us >= 0 and (latest_us is None or due_us <= latest_us)
    books_us = record.saved_us
    if came_due and record.permitted > record.strokes:
        found.doubtful = _count(core, due_us)
        books_us = due_us
    elif ordered and record.permitted > record.strokes:
        ordered_us = _count_ordered(core, books_us, latest_us)
        if ordered_us is not None:
            found.doubtful = found.unknown = came_due = 1
            books_us = ordered_us
    found.counted += found.doubtful
    likely_us = books_us if gone_us is None else record.saved_us + gone_us[0]
    found.device_time_us = max(books_us, likely_us, now_us)
    found.ended_us = books_us
    if latest_us is not None and not came_due:
        # No stroke has come due meanwhile: for the books it is as if power had never gone.
        _need(core.settle(found.device_time_us))
        _need(core.cancel_bolus(found.device_time_us), code.E_NO_BOLUS)
    else:
        _leave_out(core, books_us, found.device_time_us, wall.known)
    now_us = found.device_time_us
    journal.hold_back(core.state()[code.GUARD_COMMANDED], now_us)
    found.broken = core.load(now_us, core.save(now_us))  # which looks back anew
    return found


def _finish_stroke_in_progress(core):
    """Returns whether there was one."""
    state = core.state()
    if state[code.IN_FLIGHT]:
        # Its own flag tells, not the totals: the sensor may have missed a stroke earlier, or seen one too many.
        if state[code.UNCONFIRMED]:
            core.confirmed()
        core.ended()
    return int(state[code.IN_FLIGHT])


def _permit_next(core):
    """When the next stroke is due, -1 for never: known only with a permit. In memory it is one once it is written."""
    return core.next_us() if core.permit(core.state()[code.GUARD_COMMANDED] + 1) else -1


def _count(core, due_us):
    """The stroke due at `due_us` counts as started there and delivered; 0 if it could not start: a cap, a fault."""
    if not core.promise(due_us, due_us) or core.service(due_us) != _STROKE:
        return 0
    core.confirmed()
    core.ended()
    return 1


def _count_ordered(core, now_us, latest_us):
    """The same for a stroke that was ordered since `now_us`, if it could start by `latest_us` (None: nobody knows).

    When it started, None if it could not; the core is then as it was.
    """
    before, suspended = core.save(now_us), core.state()[code.SUSPENDED]
    if (not suspended or core.resume(now_us) == code.OK) and core.bolus(now_us, 1, 0, 0) == code.OK:
        due_us = core.next_us()
        if due_us >= 0 and (latest_us is None or due_us <= latest_us) and _count(core, due_us):
            if suspended:
                _need(core.suspend(due_us))
            return due_us
    broken = core.load(now_us, before)
    if broken:
        raise FirmwareError("the dose core does not take its own state: %d" % broken)
    return None


def _leave_out(core, from_us, to_us, clock_known):
    """No insulin is programmed between the two times."""
    state = core.state()
    if state[code.SUSPENDED]:
        _need(core.settle(to_us))
        return
    _need(core.suspend(from_us))
    _need(core.resume(to_us))
    if clock_known and state[code.TEMP] and state[code.TEMP_UNTIL_US] > to_us:
        left_us = state[code.TEMP_UNTIL_US] - to_us
        _need(core.temp_basal(to_us, state[code.TEMP], state[code.TEMP_VALUE], left_us))


def _need(result, allowed=code.OK):
    """Raises FirmwareError for an answer of the core that cannot be: then what is stored is not believed. A fault that
    was latched stays latched, and refuses everything.
    """
    if result not in (code.OK, code.E_FAULT, allowed):
        raise FirmwareError("the dose core answered %d at the start" % result)

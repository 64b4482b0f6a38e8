"""Restores the pump from its stored state after a reset: the one place that decides what had happened when power went.

The state record says "n - 1 completed, n permitted". Whether stroke n has started is unknown if it is due by now: it
then counts as delivered, at its due time. If it is not due yet, it cannot have started. So the count is right, or one
stroke too high, and never too low.

An order is carried out before it is in the record, while the permit is out, so a stroke that it asked for may have
started. If power went during an order, stroke n therefore counts as soon as it could have started. Nobody knows which
delivery it belonged to, so it becomes a delivery of its own.

Time without power programs nothing and owes nothing; the fraction owed before it stays. Boluses end with the strokes
delivered so far. Basal goes on, and so does a temporary rate whose time is not over, unless the clock was lost: then
nobody knows what time it is. Which rate is programmed now is decided by firmware.therapy.programme.

Only the battery-backed clock can say how long the power was gone, and nothing can check it. So device time follows it,
for a day at most, but the rolling caps do not: for them no time has passed since the last record (docs/adr/0011).

Nothing is written here. Power may go again at any point, and the next restart finds the same record.

Implements: STORE-2, STORE-3, GUARD-1, GUARD-3, THER-1, THER-8
"""

from firmware import dose_codes as code
from firmware.compat import const
from firmware.errors import FirmwareError
from firmware.upkeep.wall_clock import VOUCHED_RESET_S, VOUCHED_S

_STROKE = const(1)  # CORE_STROKE


class Restart:
    """The result of restore(): everything that the pump reports about the restart."""

    def __init__(self):
        self.broken = 0  # the dose core's invariant that does not hold; then nothing was restored
        self.doubtful = 0  # 1: a stroke is counted that may not have been delivered
        self.counted = 0  # strokes that count by the restart: that one, and one that was in progress
        self.unknown = 0  # 1: the doubtful stroke may belong to an order that no record knows of
        self.starts_replaced = 0  # starts of strokes in the caps' history that were damaged
        self.ended_us = 0  # when the last life's deliveries ended
        self.device_time_us = 0  # now


def restore(core, journal, wall, now_us, powered=False, ordered=False):
    """Put the state in `journal.record` into `core`, a core just made; returns a Restart.

    `now_us` is the board's counter; `powered`: power was never gone; `ordered`: power went during an order. The core is
    left settled at `device_time_us` of the result; the counter must be moved on to that time before the core is called
    again.
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
        # No stroke has come due meanwhile: the books are as if power had never gone.
        _need(core.settle(found.device_time_us))
        _need(core.cancel_bolus(found.device_time_us), code.E_NO_BOLUS)
    else:
        _leave_out(core, books_us, found.device_time_us, wall.known)
    now_us = found.device_time_us
    journal.hold_back(core.state()[code.GUARD_COMMANDED], now_us)
    found.broken = core.load(now_us, core.save(now_us))  # which looks back anew
    return found


def _finish_stroke_in_progress(core):
    """Complete the stroke that was in progress; returns whether there was one."""
    state = core.state()
    if state[code.IN_FLIGHT]:
        # The stroke's own flag decides, not the totals: the sensor may have missed a stroke earlier, or seen one too
        # many.
        if state[code.UNCONFIRMED]:
            core.confirmed()
        core.ended()
    return int(state[code.IN_FLIGHT])


def _permit_next(core):
    """When the next stroke is due, -1: never. The core knows it only with a permit, which counts once it is stored."""
    return core.next_us() if core.permit(core.state()[code.GUARD_COMMANDED] + 1) else -1


def _count(core, due_us):
    """Count the stroke due at `due_us` as started then and delivered; returns 1, or 0 if a cap or fault prevents it."""
    if not core.promise(due_us, due_us) or core.service(due_us) != _STROKE:
        return 0
    core.confirmed()
    core.ended()
    return 1


def _count_ordered(core, now_us, latest_us):
    """Count a stroke that was ordered since `now_us`, if it could have started by `latest_us` (None: unknown).

    Returns when it started; None if it could not, with the core as it was.
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
    """Program no insulin between the two times."""
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
    """Raises FirmwareError for an answer that the core must not give: the stored state then counts as damaged. A fault
    that was latched stays latched, and everything is refused.
    """
    if result not in (code.OK, code.E_FAULT, allowed):
        raise FirmwareError("the dose core answered %d at the start" % result)

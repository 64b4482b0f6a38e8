"""How the dose core is made to deliver no more, and how its books are brought up to now: no answer of it is taken for
another.

Implements: DOSE-5, THER-3, ALARM-2
"""

from firmware import dose_codes as code
from firmware.errors import FirmwareError


def still(core, clock, now_us=None):
    """The core delivers nothing from `now_us` on; the stroke in progress is completed.

    It is still when its own state says so, not when it has answered something. What it does not take as a suspend
    stops it as a fault; raises FirmwareError if not even that does.
    """
    answered = []
    for at_us in (now_us, None):
        answered.append(core.suspend(clock.now_us() if at_us is None else at_us))
        if core.state()[code.SUSPENDED]:
            return
    core.stop(clock.now_us(), code.FAULT_STOPPED)
    answered.append(core.settle(clock.now_us()))
    if not core.state()[code.SUSPENDED]:
        raise FirmwareError("the dose core does not stop: %s" % answered)


def settle(core, now_us):
    """Bring the core's books up to `now_us`; returns the time up to which they are: later, if a stroke has come since
    `now_us` was read. Raises FirmwareError if time has run back.
    """
    result = core.settle(now_us)
    if result != code.OK:
        raise FirmwareError("device time has run back: the dose core answered %d" % result)
    return core.state()[code.AT_US]

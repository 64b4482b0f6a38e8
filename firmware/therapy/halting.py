"""Stopping the dose core's delivery, and bringing its books up to date. Every answer of the core is checked.

Implements: DOSE-5, THER-3, ALARM-2
"""

from firmware import dose_codes as code
from firmware.errors import FirmwareError


def still(core, clock, now_us=None):
    """Stop the core from delivering, from `now_us` on; the stroke in progress is completed.

    The core has stopped when its own state says so, whatever it answered. If it does not suspend, it is stopped by a
    fault; raises FirmwareError if even that fails.
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
    """Bring the core's books up to `now_us`; returns the time they are settled to, which is later if a stroke has
    started since `now_us` was read. Raises FirmwareError if time has run back.
    """
    result = core.settle(now_us)
    if result != code.OK:
        raise FirmwareError("device time has run back: the dose core answered %d" % result)
    return core.state()[code.AT_US]


def afterwards(follow, failed):
    """Do what follows a suspend, a stop or a cancel. The order itself has been carried out, even if this fails; then
    `failed(error)` is called.
    """
    try:
        try:
            follow()
        except Exception as error:
            failed(error)
    except Exception:
        return  # the failure could not be handled either; the reply stays true: the core delivers no more

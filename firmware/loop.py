"""The main loop, one turn of it, and the handling of an exception in it.

A turn handles what has happened, strokes first, and then at most one request of the link. So whatever arrives on the
link, a stroke waits for one request and never for two.

A bug in the supervisor's code must neither end the pump's operation nor dose: the strokes are made by the core, and
each needs a permit. So an exception is logged, the pump is stopped with a system error, and a person decides. If even
that fails, the exception propagates to the board, which resets; the stored state is then in force.

Implements: ALARM-1, GUARD-3, LINK-4
"""

from firmware.events import UART


def cycle(idle, core, pump, link):
    """Idle until something happens and handle it; returns what happened, bits of firmware.events."""
    waiting = link.waiting  # bytes that the last poll left behind; they stay until the next poll
    try:
        happened = idle(core, pump.now_us() if waiting else pump.deadline_us)
    except Exception as error:
        # No deadline could be worked out, or the core did not accept it: stop the pump now, and look again soon.
        pump.failures.failed(error)
        happened = idle(core, pump.soon_us)
    if waiting:
        happened |= UART
    turn(happened, pump, link)
    return happened


def turn(happened, pump, link):
    """Handle what idle() returned (bits of firmware.events)."""
    try:
        if happened & ~UART:
            pump.handle(happened)
        if happened & UART:
            pump.failures.attend(link.poll)  # bytes left behind end the next idle() at once
    except Exception as error:
        pump.failures.failed(error)

"""The main loop, one turn of it, and what becomes of an exception in it.

A turn takes in what has happened, strokes first, and then one request of the link at most: whatever comes over the
line, a stroke waits for one request and never for two.

A mistake in the supervisor's code must not end the pump's life, nor dose: the strokes are the core's, and each needs a
permit. So an exception is logged, the pump is stopped with a system error, and a person decides. If not even that can
be done, the exception goes on to the board, which resets: what is stored is what holds.

Implements: ALARM-1, GUARD-3, LINK-4
"""

from firmware.events import UART


def cycle(idle, core, pump, link):
    """Idle until something happens and take it in; returns what happened, bits of firmware.events."""
    waiting = link.waiting  # until it is polled
    try:
        happened = idle(core, pump.now_us() if waiting else pump.deadline_us)
    except Exception as error:
        # No deadline, or one that the core does not take: the pump is stopped now, and looks again soon.
        pump.failed(error)
        happened = idle(core, pump.soon_us)
    if waiting:
        happened |= UART
    turn(happened, pump, link)
    return happened


def turn(happened, pump, link):
    """Take in what idle() returned (bits of firmware.events)."""
    try:
        if happened & ~UART:
            pump.handle(happened)
        if happened & UART:
            pump.attend(link.poll)  # bytes it leaves behind end the next idle() at once
    except Exception as error:
        pump.failed(error)

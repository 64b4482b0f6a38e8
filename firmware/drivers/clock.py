"""The monotonic clock: the one place where time enters the firmware."""


class Clock:
    """Microseconds since power-up, 64 bit, never running back.

    `counter` is the board's function that returns them.
    """

    def __init__(self, counter):
        self.now_us = counter

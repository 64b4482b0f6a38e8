"""Plays the stroke sensor that the pump sees: a pulse after a number of steps and a delay, by PIO.

Nothing in it waits for USB or for Python: a state machine counts the pump's steps, waits, and gives the pulse or
omits it. A list of turns, `(steps, delay_us, pulse)`, tells it what to do. With `again` the list restarts at its
end, else its last turn repeats for ever. A turn of no steps follows the one before it at once, which doubles a
pulse.

Implements: BOARD-4
"""

import micropython
import programs
import rp2

_HZ = micropython.const(1_000_000)
STEPS_MAX = micropython.const(1023)
DELAY_US_MAX = micropython.const(0xFFFFF)
_FIFO_WORDS = micropython.const(4)
# The µs that the program takes from the last step's edge to the pulse, on top of the given delay.
_OVERHEAD_US = micropython.const(4)


class Player:
    """Plays the stroke sensor on `sensor` for the steps on `step`."""

    def __init__(self, step, sensor):
        self._machine = rp2.StateMachine(4, programs.pulses, freq=_HZ, in_base=step, out_base=sensor, set_base=sensor)
        self._turns = [0]
        self._next = 0
        self._again = False
        self.set_turns([(STEPS_MAX, 0, 0)], False)

    def set_turns(self, turns, again):
        """Start over with this list of `(steps, delay_us, pulse)`. Raises ValueError, with nothing changed."""
        words = []
        for steps, delay_us, pulse in turns:
            if steps > STEPS_MAX or delay_us > DELAY_US_MAX:
                raise ValueError("a turn has at most 1023 steps and 1048575 us")
            words.append(steps | max(delay_us - _OVERHEAD_US, 0) << 10 | (pulse & 1) << 30)
        if not words:
            raise ValueError("no turns")
        self._turns = words
        self._again = again
        self.restart()

    def restart(self):
        """Forget the steps counted so far, and restart the list: the motor's power has gone, or the list is new."""
        self._machine.active(0)
        while self._machine.tx_fifo():
            self._machine.exec("pull(noblock)")
        self._machine.restart()
        self._machine.exec("set(pins, 0)")
        self._next = 0
        self._machine.active(1)
        self.feed()

    def feed(self):
        """Keep the state machine's queue full. Each turn of steps takes a stroke, so four of them are always enough."""
        while self._machine.tx_fifo() < _FIFO_WORDS:
            self._machine.put(self._turns[self._next])
            if self._next + 1 < len(self._turns):
                self._next += 1
            elif self._again:
                self._next = 0

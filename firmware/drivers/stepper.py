"""The stepper motor that makes a stroke."""


class Stepper:
    """One motor. A stroke is one burst of steps, started by the core's interrupt and then autonomous.

    `constants` are (steps per stroke, start rate Hz, maximum rate Hz, acceleration Hz/s), which the core turns into the
    burst; `halt` is the board's function that ends a burst at once.

    Implements: DOSE-6
    """

    def __init__(self, constants, halt):
        self.constants = constants
        self._halt = halt

    def stop(self):
        """End the burst now, mid-stroke. The board tells the core, which counts the part as a stroke (DOSE-5)."""
        self._halt()

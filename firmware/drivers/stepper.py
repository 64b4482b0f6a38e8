"""The stepper motor that makes a stroke."""


class Stepper:
    """One motor. A stroke is one burst of steps, started by the core's interrupt and autonomous from then on.

    `constants` are (steps per stroke, start rate Hz, maximum rate Hz, acceleration Hz/s), which the core turns into the
    burst; `halt` is the board's function that aborts a burst at once.

    Implements: DOSE-6
    """

    def __init__(self, constants, halt):
        self.constants = constants
        self._halt = halt

    def stop(self):
        """Abort the burst mid-stroke. The board tells the core, which counts the partial stroke as a whole (DOSE-5)."""
        self._halt()

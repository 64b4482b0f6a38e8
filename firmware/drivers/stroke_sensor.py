"""The sensor that sees each completed stroke of the mechanism."""


class StrokeSensor:
    """Counts strokes that were seen.

    The edge itself is taken by the core's interrupt, which the supervisor cannot delay; `count` is the board's or the
    core's function that returns how many there were.

    Implements: GUARD-4
    """

    def __init__(self, count):
        self.strokes = count

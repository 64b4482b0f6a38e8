"""The sensor that sees each completed stroke of the mechanism."""


class StrokeSensor:
    """Counts the strokes seen.

    The core's interrupt takes the edge itself, so the supervisor cannot delay it; `count` is the board's or the core's
    function that returns the number of edges.

    Implements: GUARD-4
    """

    def __init__(self, count):
        self.strokes = count

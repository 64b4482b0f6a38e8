"""Which part of the pump stops therapy when it fails, and which never does: the one table of it.

An exception in a part that therapy needs stops the pump with a system error (firmware/loop.py). In one that it does not
need it is logged and an alarm, whose figure names the part, and therapy goes on; the part is used again when its time
comes, and once it works another failure is told anew.

Implements: THER-10
"""

# Without these nobody may say what is delivered, or that it is right.
NEEDED = (
    ("dose core", "device time", "wall clock", "memory", "deliveries", "therapy", "procedures", "reservoir")
    + ("alarms", "occlusion", "stroke sensor", "pressure sensor", "self-test", "battery")
)  # fmt: skip
SPARED = ("tones", "telemetry", "link")  # the link's part is the bytes: an order that fails amid its work stops
TONES, TELEMETRY, LINK = range(3)


class Spared:
    """The parts that are spared; `told(part, error)` is called when one of them has failed that worked before."""

    def __init__(self, told):
        self._told = told
        self._failing = 0  # a bit for each part

    def run(self, part, do, *what):
        """Have a part do something; what it raises goes no further."""
        try:
            do(*what)
            self._failing &= ~(1 << part)
        except Exception as error:
            self.failed(part, error)

    def failed(self, part, error):
        """It has failed."""
        if not self._failing >> part & 1:
            self._failing |= 1 << part
            self._told(part, error)

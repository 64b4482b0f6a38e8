"""Which part of the pump stops therapy when it fails, and which never does: the one table of it.

An exception in a part that therapy needs stops the pump with a system error (firmware/loop.py). In one that it does not
need it is logged, an alarm whose figure names the part, and a failed item of the self-test, and therapy goes on; the
part is used again when its time comes, and once it works another failure is told anew.

Implements: THER-10
"""

# Without these nobody may say what is delivered, or that it is right.
NEEDED = (
    ("dose core", "device time", "wall clock", "memory", "deliveries", "therapy", "procedures", "reservoir")
    + ("alarms", "occlusion", "stroke sensor", "pressure sensor", "self-test")
)  # fmt: skip
# The link's part is the bytes: an order that fails amid its work stops. The log of visitors is who has connected, what
# was refused and which question failed; of the battery it is the count, not the cell.
SPARED = ("tones", "telemetry", "link", "log of visitors", "battery's account")
TONES, TELEMETRY, LINK, VISITORS, BATTERY = range(5)


class Spared:
    """The parts that are spared; `told(part, error)` is called when one of them has failed that worked before."""

    def __init__(self, told):
        self._told = told
        self.failing = 0  # a bit for each part

    def run(self, part, do, *what):
        """Have a part do something, and return what that returns; what it raises goes no further, and is None."""
        try:
            result = do(*what)
            if self.failing:
                self.failing &= ~(1 << part)
            return result
        except Exception as error:
            self.failed(part, error)
        return None

    def failed(self, part, error):
        """It has failed."""
        if not self.failing >> part & 1:
            self.failing |= 1 << part
            self._told(part, error)

"""The table of which parts of the pump stop therapy when they fail, and which never do.

An exception in a part that therapy needs stops the pump with a system error (firmware/loop.py). In a part that therapy
does not need it is logged, raises an alarm whose figure names the part, and fails an item of the self-test; therapy
goes on. The part is used again when its time comes. Once it has worked again, another failure is reported anew.

Implements: THER-10
"""

# Without these nobody can say what is delivered, or that it is right.
NEEDED = (
    "dose core", "device time", "wall clock", "memory", "deliveries", "therapy", "procedures", "reservoir",
    "alarms", "occlusion", "stroke sensor", "pressure sensor", "self-test",
)  # fmt: skip
# "link" means the bytes only: an order that fails halfway stops the pump. The log of visitors records connects,
# refusals and failed queries. "battery's account" means the count, not the cell.
SPARED = ("tones", "telemetry", "link", "log of visitors", "battery's account")
TONES, TELEMETRY, LINK, VISITORS, BATTERY = range(5)


class Spared:
    """The spared parts; `told(part, error)` is called when one that worked before has failed."""

    def __init__(self, told):
        self._told = told
        self.failing = 0  # a bit for each part

    def run(self, part, do, *what):
        """Call `do(*what)` for a part and return its result. An exception goes no further; the result is then None."""
        try:
            result = do(*what)
            if self.failing:
                self.failing &= ~(1 << part)
            return result
        except Exception as error:
            self.failed(part, error)
        return None

    def failed(self, part, error):
        """The part has failed with `error`; report it, unless it was failing before."""
        if not self.failing >> part & 1:
            self.failing |= 1 << part
            self._told(part, error)

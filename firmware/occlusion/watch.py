"""The supervisor's side of the detector: passes it the readings, and keeps its finding.

Implements: OCC-1, OCC-4
"""

from firmware.compat import roomy
from firmware.occlusion import codes
from firmware.occlusion.detector import NEVER_US, Detector
from firmware.occlusion.physics import MECHANISMS, Thresholds


class Watch:
    """One pump's watch over its catheter.

    `stroke_readings()` is the board's: the latest stroke's two readings and whether it was seen, packed into one
    integer (bits 0-11, 12-23, 24; negative: there are none). `read_counts()` reads the converter, `calibration` is its
    zero, slope and full scale, `stroke_nl` and `burst_us` the stroke. `ended_us()` is when the latest stroke's burst
    ended (None: just now), `lead_us` how much later than its due time a stroke starts (docs/adr/0005), `mechanism` one
    of physics.MECHANISMS. `air_lock_watched`: an air lock or a backflow would show with this mechanism.

    stroke() and time() add each finding to `found`; whoever calls them takes it from there.
    """

    def __init__(
        self,
        stroke_readings,
        read_counts,
        calibration,
        stroke_nl,
        burst_us,
        ended_us=None,
        lead_us=0,
        mechanism="implant",
    ):
        known = MECHANISMS[mechanism]()
        known.stroke_nl = stroke_nl
        known.burst_us = burst_us
        known.zero_counts, known.pa_per_kilocount, known.full_scale_counts = calibration
        self._stroke_readings = stroke_readings
        self._read_counts = read_counts
        self._ended_us = ended_us
        self._lead_us = lead_us
        thresholds = Thresholds(known)
        self.air_lock_watched = thresholds.pulse_resolved
        self.found = []  # type: list  # findings that nobody has taken yet
        self.detector = Detector(thresholds, self.found.append)
        self.standing = (
            None  # the finding that stands: the latest, but no lesser one displaces one that stopped delivery
        )
        roomy(self)

    def start(self, now_us):
        """Delivery is resumed: clear the standing finding and restart the detector."""
        self.standing = None
        self.found.clear()  # left behind by a failure before it was taken
        self.detector.start(now_us)

    def procedure(self, now_us):
        """A procedure begins: restart the detector, whose pending looks at earlier strokes would see the procedure. The
        standing finding stays.
        """
        self.detector.start(now_us)

    def stroke(self, now_us, next_us):
        """A stroke is over, the next one due at `next_us` (negative: none)."""
        packed = self._stroke_readings()
        if packed >= 0:
            next_us = NEVER_US if next_us < 0 else next_us + self._lead_us
            # The supervisor has stored the stroke first, but looks are timed from the stroke's end.
            end_us = now_us if self._ended_us is None else self._ended_us()
            self.detector.stroke(end_us, packed & 0xFFF, packed >> 12 & 0xFFF, packed >> 24 != 0, next_us)

    def time(self, now_us):
        """A deadline has come: take a reading if one is due."""
        if now_us >= self.detector.wake_us:
            self.detector.reading(now_us, self._read_counts())

    def wake_us(self, now_us, latest_us):
        """When the supervisor must wake: for the next reading, not before `now_us`, and not after `latest_us`."""
        return max(now_us, min(self.detector.wake_us, latest_us))

    def take(self):
        """Take the oldest finding from `found`; it stands from now on, if it displaces the one that stood."""
        diagnosis = self.found.pop(0)
        stood = codes.NONE if self.standing is None else self.standing.code
        if codes.displaces(diagnosis.code, stood):
            self.standing = diagnosis
        return diagnosis


def report(watch, per_u):
    """The standing finding of `watch` (None: not watched) as the link's fields, with doses at `per_u` U/mL."""
    if watch is None:
        found = codes.Diagnosis(codes.NOT_WATCHED, 0, 0, 0)
    else:
        found = watch.standing or codes.Diagnosis(codes.NONE, 0, 0, 0)
    return {
        "diagnosis": found.code,
        "at_us": found.at_us,
        "strokes": found.strokes,
        "missed_mu": found.missed_nl * per_u // 1000,
        "stored_mu": found.stored_nl * per_u // 1000,
        "released_mu": found.released_nl * per_u // 1000,
        "rise_pa": found.rise_pa,
        "level_pa": found.level_pa,
        "compliance_pl_per_pa": found.compliance_pl_per_pa,
        "air_lock_watched": watch is not None and watch.air_lock_watched,
    }


def watch_of(board, burst_us):
    """The Watch of a board with bursts of `burst_us`; None if the board has no readings for one."""
    if board.stroke_readings is None:
        return None
    counts, when = board.read_pressure_counts, (board.stroke_ended_us, board.stroke_lead_us, board.MECHANISM)
    return Watch(board.stroke_readings, counts, board.PRESSURE_CALIBRATION, board.stroke_nl, burst_us, *when)

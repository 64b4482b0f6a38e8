"""The tone patterns of alarms, as data: phases of whole minutes, with tones at given milliseconds of each minute.

The high pattern is the implant's for severe alarms: four tones a minute for ten minutes, then four double tones a
minute for ten minutes, and again. Medium and low follow its programmer's second kind, three beeps every 30 minutes;
medium begins with ten minutes of one double tone each (assumption: it must be distinguishable from low).

Pure arithmetic on times in µs since the alarm began; nothing here sleeps or sounds.
Implements: ALARM-3
"""

from firmware.protocol.alarms import HIGH, LOW, MEDIUM

NEVER_US = 0xFFFFFFFFFFFFFFFF
TONE_MS = 150  # how long one tone lasts
_MINUTE_US = 60000000

_FOUR = (0, 15000, 30000, 45000)
_FOUR_DOUBLE = (0, 300, 15000, 15300, 30000, 30300, 45000, 45300)
_THREE = (0, 300, 600)


class Phase:
    """`minutes` minutes; tones at `tones_ms` of each of its first `sounding` minutes, silence in the others."""

    def __init__(self, minutes, sounding, tones_ms):
        self.minutes = minutes
        self.sounding = sounding
        self.tones_ms = tones_ms


# priority: (phases played once, phases repeated for ever)
PATTERNS = {
    HIGH: ((), (Phase(10, 10, _FOUR), Phase(10, 10, _FOUR_DOUBLE))),
    MEDIUM: ((Phase(10, 10, (0, 300)),), (Phase(30, 1, _THREE),)),
    LOW: ((), (Phase(30, 1, _THREE),)),
}


def next_tone_us(priority, since_us):
    """The first tone at or after `since_us`; both are µs since the alarm began."""
    once, repeated = PATTERNS[priority]
    start_us = 0
    for phase in once:
        found_us = _within(phase, start_us, since_us)
        if found_us != NEVER_US:
            return found_us
        start_us += phase.minutes * _MINUTE_US
    round_us = sum([phase.minutes for phase in repeated]) * _MINUTE_US
    if since_us > start_us:
        start_us += (since_us - start_us) // round_us * round_us
    # A round may be past its last tone; then the next round's first tone counts.
    for phase in repeated + repeated:
        found_us = _within(phase, start_us, since_us)
        if found_us != NEVER_US:
            return found_us
        start_us += phase.minutes * _MINUTE_US
    return NEVER_US


def _within(phase, start_us, since_us):
    """The first tone of a phase that begins at `start_us`, not before `since_us`; NEVER_US if it has none left."""
    minute = max(0, (since_us - start_us) // _MINUTE_US)
    while minute < phase.sounding:
        for tone_ms in phase.tones_ms:
            at_us = start_us + minute * _MINUTE_US + tone_ms * 1000
            if at_us >= since_us:
                return at_us
        minute += 1
    return NEVER_US

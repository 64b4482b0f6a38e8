"""The annunciator that a person hears, feels or sees: a sounder or vibration motor, and its light."""

from firmware.compat import const

_LONGEST_MS = const(10000)


class Annunciator:
    """One output. A tone ends by itself, so the supervisor need not wake for it, nor can a hung one leave it on.

    `sound_for(ms)` is the board's function: on now, off after `ms`; the latest end counts. `tones` counts the tones.

    Implements: ALARM-3
    """

    def __init__(self, sound_for):
        self._sound_for = sound_for
        self.tones = 0

    def sound(self, duration_ms):
        """One tone. ValueError if it is not of 1 to 10 000 ms."""
        if not 1 <= duration_ms <= _LONGEST_MS:
            raise ValueError("a tone of {} ms: 1 to {} ms".format(duration_ms, _LONGEST_MS))
        self._sound_for(duration_ms)
        self.tones += 1

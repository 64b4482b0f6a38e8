"""The agenda of timed actions: voltages to show and power to switch, in order of time.

Python carries them out, so each is some 10 µs late; one that falls due while a request is being answered waits for it.
`late_us` keeps the worst lateness, so the host can see it.
"""

import micropython

ENTRIES_MAX = micropython.const(64)


class Agenda:
    """Entries `(at_us, action, value)`: `action(value)` is called when `now_us()` has reached `at_us`."""

    def __init__(self, now_us):
        self._now_us = now_us
        self._entries = []
        self.late_us = 0
        self.errors = 0

    @property
    def free(self):
        """The number of entries that there is still room for."""
        return ENTRIES_MAX - len(self._entries)

    def count(self, action):
        """The number of entries with this action."""
        return sum(each[1] == action for each in self._entries)

    def add(self, at_us, action, value):
        """Add an entry; at 0 or in the past it is done at once. Raises ValueError if there is no room."""
        if not self.free:
            raise ValueError("the agenda is full")
        if at_us <= self._now_us():
            self._do(action, value)
            return
        entries = self._entries
        place = len(entries)
        while place and entries[place - 1][0] > at_us:
            place -= 1
        entries.insert(place, (at_us, action, value))

    def forget(self, action):
        """Remove all entries with this action."""
        self._entries = [each for each in self._entries if each[1] != action]

    def run(self):
        """Do what is due; return the microseconds until the next entry, or None if there is none."""
        entries = self._entries
        while entries:
            left_us = entries[0][0] - self._now_us()
            if left_us > 1000:
                return left_us
            # Nearer than the resolution of sleep, a millisecond: busy-wait here.
            at_us, action, value = entries.pop(0)
            while self._now_us() < at_us:
                pass
            self.late_us = max(self.late_us, self._now_us() - at_us)
            self._do(action, value)
        return None

    def _do(self, action, value):
        try:
            action(value)
        except OSError:
            self.errors += 1

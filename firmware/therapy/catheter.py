"""The content of the catheter: insulin, buffer or sodium hydroxide, as plugs that move on with every stroke.

Plug flow: the volume put in at the pump pushes the same volume out at the tip, first in, first out, without mixing. In
reality fluids mix where they meet (assumption: less than a stroke's worth), so the figures are right to a stroke or
two.
The dead volume is 13 U, 32.5 µl (MiniMed 2007D physician manual, p. 121: distal catheter and tubing).

Implements: THER-6
"""

import struct

from firmware.compat import const
from firmware.protocol import bounded
from firmware.protocol.procedures import CATHETER_NL, INSULIN, NAOH

# More plugs than any procedure makes (buffer behind insulin behind buffer). Beyond that, the two shortest neighbours
# are merged into one plug of the worse content.
_PLUGS_MAX = const(4)
_FORMAT = "<BHBHBHBH"
STATE_BYTES = const(12)


class Catheter:
    """A catheter of `volume_nl` nl (at most 65,535), full of insulin."""

    def __init__(self, volume_nl=CATHETER_NL):
        self.volume_nl = volume_nl
        self._plugs = [(INSULIN, volume_nl)]  # from the tip to the pump

    def push(self, content, volume_nl):
        """The pump puts in `volume_nl` of `content`; returns the nl that left the tip as (insulin, buffer, naoh)."""
        left = [0, 0, 0]
        plugs = self._plugs
        if volume_nl:
            plugs.append((content, volume_nl))
        while volume_nl:
            first, size_nl = plugs[0]
            gone_nl = min(size_nl, volume_nl)
            left[first] += gone_nl
            volume_nl -= gone_nl
            if gone_nl == size_nl:
                plugs.pop(0)
            else:
                plugs[0] = (first, size_nl - gone_nl)
        self._join()
        return tuple(left)

    def fill(self, content):
        """Fill the whole catheter with `content`: it was flushed through the side port."""
        self._plugs = [(content, self.volume_nl)]

    @property
    def plugs(self):
        """(content, nl) from the tip to the pump."""
        return tuple(self._plugs)

    @property
    def only_insulin(self):
        """Is there nothing but insulin in it? Then each stroke delivers its whole volume as insulin, and the plugs need
        not be followed.
        """
        plugs = self._plugs
        return len(plugs) == 1 and plugs[0][0] == INSULIN

    def held_nl(self, content):
        """Volume of `content` in the catheter, nl."""
        return sum([size_nl for each, size_nl in self._plugs if each == content])

    def until_insulin_nl(self):
        """Volume that must leave the tip before insulin does, nl."""
        ahead_nl = 0
        for content, size_nl in self._plugs:
            if content == INSULIN:
                return ahead_nl
            ahead_nl += size_nl
        return ahead_nl

    def pack_into(self, buffer, at=0):
        """Put the contents into STATE_BYTES of `buffer`."""
        values = [number for plug in self._plugs for number in plug]
        bounded.pack_into(_FORMAT, buffer, at, *(values + [0] * (2 * _PLUGS_MAX - len(values))))

    def unpack(self, buffer, at=0):
        """Read the contents from there. Returns whether they fill the catheter; if not, NaOH is assumed."""
        values = struct.unpack_from(_FORMAT, buffer, at)
        plugs = [(values[2 * place], values[2 * place + 1]) for place in range(_PLUGS_MAX) if values[2 * place + 1]]
        whole = sum([size_nl for _, size_nl in plugs]) == self.volume_nl and all(each <= NAOH for each, _ in plugs)
        self._plugs = plugs if whole else [(NAOH, self.volume_nl)]
        return whole

    def _join(self):
        plugs = self._plugs
        place = 1
        while place < len(plugs):
            if plugs[place][0] == plugs[place - 1][0]:
                self._merge(place)
            else:
                place += 1
        while len(plugs) > _PLUGS_MAX:
            sizes = [plugs[each][1] + plugs[each - 1][1] for each in range(1, len(plugs))]
            self._merge(1 + sizes.index(min(sizes)))
            self._join()

    def _merge(self, place):
        """Merge plug `place` into the one before it."""
        plugs = self._plugs
        content, size_nl = plugs.pop(place)
        other, other_nl = plugs[place - 1]
        plugs[place - 1] = (max(content, other), size_nl + other_nl)

"""The device's end of the programmer link: takes bytes from the UART, passes on verified requests, sends the replies.

All buffers are allocated once; receiving allocates nothing per byte. A frame that is over-long, not COBS, too short or
has a wrong CRC is counted and dropped, and the next 0x00 resynchronises, so any byte sequence whatsoever is safe.

Implements: LINK-1, LINK-4
"""

from firmware.compat import const, roomy
from firmware.protocol import MAX_WIRE_BYTES, REPLY_BIT

try:
    import framing  # a pump's, in C
except ImportError:
    from firmware.protocol import framing

_CHUNK_BYTES = const(64)
# A poll ends with a frame, or after this many chunks without one, so the supervisor never spends longer here than one
# request takes, however many are waiting.
_CHUNKS_PER_POLL = const(4)


class Counters:
    """Counts of what happened on the link since the reset, named as the counter fields of the status message."""

    def __init__(self):
        self.frames_good = 0
        self.frames_overlong = 0
        self.frames_bad_cobs = 0
        self.frames_too_short = 0
        self.frames_bad_crc = 0
        self.frames_not_request = 0
        self.requests_refused = 0
        self.internal_errors = 0
        self.orders_repeated = 0
        self.sessions = 0
        self.openings_refused = 0
        self.frames_forged = 0


class Link:
    """Frames on a UART.

    `uart` offers `read_into(buffer) -> n`, which never waits, and `write(buffer, n)`. `door` is as in door.py; it
    raises nothing, and what it is given is valid during the call only. `used(count)` is called with the number of bytes
    carried in either direction, for the battery's account.
    """

    def __init__(self, uart, door, counters=None, used=None):
        self.counters = counters or Counters()
        self._uart = uart
        self._door = door
        self._used = used
        self._chunk = bytearray(_CHUNK_BYTES)
        self._at = 0  # next byte of the chunk
        self._end = 0
        self._frame = bytearray(MAX_WIRE_BYTES)
        self._frame_view = memoryview(self._frame)
        self._length = 0  # bytes of the frame so far; MAX_WIRE_BYTES means over-long
        self._reply = bytearray(MAX_WIRE_BYTES)
        self._reply_payload = memoryview(self._reply)[3 : MAX_WIRE_BYTES - 4]
        self._wire = bytearray(MAX_WIRE_BYTES)
        roomy(self)

    @property
    def waiting(self):
        """Are there bytes that a poll has read and not yet taken in? What is still in the UART it does not know."""
        return self._at < self._end

    def poll(self):
        """Read up to the end of a frame and answer it; return the number of bytes read.

        Bytes after that frame, or beyond a few chunks, wait for the next poll.
        """
        taken = 0
        for _ in range(_CHUNKS_PER_POLL):
            if not self.waiting:
                self._at, self._end = 0, self._uart.read_into(self._chunk)
            before = self._at
            ended = self._receive()
            taken += self._at - before
            if ended or self._at == before:
                break
        if taken and self._used is not None:
            self._used(taken)
        return taken

    def tell(self, message_id, payload):
        """Send an unsolicited frame; its sequence number is 0."""
        length = self._door.tell(message_id, payload, self._reply_payload)
        if length:
            self._send(0, message_id, length)

    def _receive(self):
        """Read the chunk up to the end of a frame; returns whether there was one."""
        chunk = self._chunk
        while self._at < self._end:
            taken = framing.gather(self._frame, self._length, chunk, self._at, self._end)
            self._at += taken
            if chunk[self._at - 1]:
                self._length = min(self._length + taken, MAX_WIRE_BYTES)
                return False
            length = min(self._length + taken - 1, MAX_WIRE_BYTES)
            if length:  # else a second delimiter, sent to resynchronise
                self._length = 0
                self._end_frame(length)
                return True
        return False

    def _end_frame(self, length):
        counters = self.counters
        frame = self._frame
        size = framing.decode(frame, length)
        if size == framing.OVERLONG:
            counters.frames_overlong += 1
        elif size == framing.BAD_COBS:
            counters.frames_bad_cobs += 1
        elif size == framing.TOO_SHORT:
            counters.frames_too_short += 1
        elif size == framing.BAD_CRC:
            counters.frames_bad_crc += 1
        elif frame[2] & REPLY_BIT:
            # Refusing a reply would make an echoing cable talk to itself for ever.
            counters.frames_not_request += 1
        else:
            counters.frames_good += 1
            self._answer(frame[0] | frame[1] << 8, frame[2], self._frame_view[3 : 3 + size])

    def _answer(self, sequence, message_id, payload):
        reply_id, length = self._door.take(sequence, message_id, payload, self._reply_payload)
        if reply_id:
            self._send(sequence, reply_id, length)

    def _send(self, sequence, reply_id, length):
        """Send the frame whose payload of `length` bytes is in its place in the buffer."""
        length = framing.encode(self._reply, sequence, reply_id, length, self._wire)
        self._uart.write(self._wire, length)
        if self._used is not None:
            self._used(length)

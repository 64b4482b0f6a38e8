"""Captures the edges of a pin with time stamps, by PIO and DMA: no processor work lies between an edge and its stamp.

A state machine counts X down every five cycles of 25 MHz, 0.2 µs, and samples the pin each time. Every path through
the program takes five cycles for a count, so that an edge costs no time and the count never slips. At an edge it
pushes X, and DMA moves it to a ring in RAM. Edges alternate: even numbers are falling, odd numbers rising edges.
The program starts as if the pin were high, so on a low pin edge 0 is not an edge but the start.

Counts are 32 bits and wrap around after 859 s. `mark()` notes from time to time which edges came before which
moment. An edge is reported with such a moment that follows it by less than that; with it the host extends the count
to 64 bits.

Implements: BOARD-4
"""

import machine
import micropython
import programs
import rp2
import uctypes

COUNT_HZ = micropython.const(5_000_000)
_CYCLES_PER_COUNT = micropython.const(5)
_COUNTS_PER_US = micropython.const(5)
# Far less than the 859 s after which a count is ambiguous.
MARK_EVERY_US = micropython.const(256_000_000)
_NO_END = micropython.const(0xFFFFFFFF)
_PIO0 = micropython.const(0x50200000)
_FDEBUG = micropython.const(0x50200008)
_FDEBUG_CLEAR = micropython.const(0x50203008)
_RXF0 = micropython.const(0x50200020)
_TIMERAWH = micropython.const(0x40054024)
_TIMERAWL = micropython.const(0x40054028)
_COUNT_REGISTER = micropython.const(2)
_DREQ_PIO0_RX0 = micropython.const(4)


def timer_us():
    """The chip's 64-bit microsecond timer."""
    memory = machine.mem32
    while True:
        high = memory[_TIMERAWH]
        low = memory[_TIMERAWL]
        if memory[_TIMERAWH] == high:
            # mem32 gives signed numbers: past 2^31 µs, 36 min, they would be negative.
            return (high & 0xFFFFFFFF) << 32 | low & 0xFFFFFFFF


class Input:
    """The edges of one pin: `words` is the ring, `seen()` how many edges there have been."""

    def __init__(self, machine_number, pin, size_bits):
        size_bytes = 1 << size_bits
        # DMA wraps at a multiple of the ring's size, and the heap aligns to 16 bytes only.
        self._room = bytearray(2 * size_bytes)
        skip = -uctypes.addressof(self._room) % size_bytes
        self.words = memoryview(self._room)[skip : skip + size_bytes]
        self.size = size_bytes // 4
        self._marks = []  # (edges seen, count at that moment), the oldest first
        self._pin = pin
        self.state_machine = rp2.StateMachine(
            machine_number, programs.edges, freq=_CYCLES_PER_COUNT * COUNT_HZ, jmp_pin=pin
        )
        self.state_machine.exec("mov(x, invert(null))")
        self._dma = rp2.DMA()
        self._registers = self._dma.registers  # type: ignore[attr-defined]  # the stub has not got it
        control = self._dma.pack_ctrl(
            size=2,
            inc_read=False,
            inc_write=True,
            ring_size=size_bits,
            ring_sel=True,
            treq_sel=_DREQ_PIO0_RX0 + machine_number,
            high_pri=True,
        )
        address = uctypes.addressof(self.words)
        self._dma.config(read=_RXF0 + 4 * machine_number, write=address, count=_NO_END, ctrl=control, trigger=True)

    def seen(self):
        """The number of edges so far."""
        return _NO_END - self._registers[_COUNT_REGISTER]

    def level(self):
        """The pin's level now."""
        return self._pin.value()

    def mark(self, now_counts):
        """Note that all edges seen so far came before `now_counts`."""
        seen = self.seen()
        marks = self._marks
        if marks and marks[-1][0] == seen:
            return
        marks.append((seen, now_counts))
        while len(marks) > 1 and marks[0][0] <= seen - self.size:
            marks.pop(0)

    def moment_after(self, number):
        """`(edges, count)` of the first mark after edge `number`."""
        for mark in self._marks:
            if mark[0] > number:
                return mark
        return self._marks[-1]


class Capture:
    """The inputs STEP, MOTOR_ENABLE, DIR and POWER, on one count that began for all of them at the same cycle."""

    count_hz = COUNT_HZ

    def __init__(self, step, motor_enable, direction, power):
        # 8192 edges are 4096 steps: a patient's two days of basal, or 85 s of a bolus, within which the host must read.
        self.inputs = (Input(0, step, 15), Input(1, motor_enable, 11), Input(2, direction, 10), Input(3, power, 10))
        self.overflows = 0
        state = machine.disable_irq()
        before_us = timer_us()
        machine.mem32[_PIO0] = 0xFFF  # enable, restart, and restart the clock dividers of all four
        after_us = timer_us()
        machine.enable_irq(state)
        self._start_us = (before_us + after_us) // 2
        self._next_mark_us = 0
        self.mark()

    def now_us(self):
        """Microseconds since the count began; agrees with the edges' count to some microseconds."""
        return timer_us() - self._start_us

    def mark(self):
        """Note which edges came before now; check whether one was lost on its way to the ring."""
        now_us = self.now_us()
        self._next_mark_us = now_us + MARK_EVERY_US
        for each in self.inputs:
            each.mark(now_us * _COUNTS_PER_US)
        lost = machine.mem32[_FDEBUG] & 15
        if lost:
            self.overflows += 1
            machine.mem32[_FDEBUG_CLEAR] = lost

    def mark_if_due(self):
        """Mark if the last mark is long ago; return the microseconds until the next one."""
        left_us = self._next_mark_us - self.now_us()
        if left_us > 0:
            return left_us
        self.mark()
        return MARK_EVERY_US

    def copy(self, input_number, first, target, at, count):
        """Copy the words of edges from number `first` on into `target`, from `at`, at most `count` of them.

        Returns (first, count, moment) of the words actually copied; `moment` (in counts) is after all of them.
        """
        source = self.inputs[input_number]
        self.mark()
        first = max(first, source.seen() - source.size)
        edges, moment = source.moment_after(first)
        count = min(count, max(edges - first, 0))
        place = first % source.size
        before_end = min(count, source.size - place)
        middle = at + 4 * before_end
        target[at:middle] = source.words[4 * place : 4 * (place + before_end)]
        target[middle : at + 4 * count] = source.words[: 4 * (count - before_end)]
        if source.seen() - source.size > first:
            # The ring wrapped around while it was read: the words copied may be newer than they should be.
            count = 0
        return first, count, moment

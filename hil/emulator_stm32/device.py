"""What every device of the emulated chip is: registers in some blocks of 1 KiB, events in time, interrupt lines."""

from __future__ import annotations

from collections.abc import Iterable

# The chip's time is counted in cycles of the processor's clock, 2440 to a tick of the 32,768 Hz crystal (122 · 20).
CYCLES_A_TICK = 2440
CYCLES_A_SECOND = CYCLES_A_TICK * 32768
CYCLES_A_COUNT = 80  # of TIM2 and TIM15
# What an access to a register takes where instructions take no time (tests/board).
ACCESS_CYCLES = 8
NS_PER_S = 1_000_000_000
BLOCK_BITS = 10


def ns_of(cycles: int) -> int:
    """Cycles as nanoseconds, rounded down."""
    return cycles * NS_PER_S // CYCLES_A_SECOND


def cycles_of(ns: int) -> int:
    """Nanoseconds as cycles, rounded up: ns_of() of them is not before."""
    return -(-ns * CYCLES_A_SECOND // NS_PER_S)


class Device:
    """A device that does nothing."""

    bases: tuple[int, ...] = ()  # of the blocks that its registers lie in

    def read(self, address: int) -> int | None:
        """The register's value; None: the chip remembers it as it was written."""
        return None

    def write(self, address: int, value: int) -> bool:
        """Take a value; False: the chip remembers it."""
        return False

    def next(self) -> int | None:
        """When something happens by itself, cycles."""
        return None

    def step(self) -> None:
        """Do what is due."""

    def lines(self) -> Iterable[int]:
        """The interrupts that the device holds up."""
        return ()

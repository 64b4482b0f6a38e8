"""A memory, a battery-backed clock and a serial line in RAM, for firmware that runs on CPython."""

from __future__ import annotations

from firmware.errors import MemoryAbsent, MemoryRange


class PowerCut(BaseException):
    """The power has gone in the middle of a write; no handler of the firmware's may catch it."""


class RamNvm:
    """Like firmware.drivers.nvm.Nvm. Power fails in write `cut_write`, the first being 1, after `cut_bytes` bytes."""

    def __init__(self, size_bytes: int = 32768, image: bytes | None = None) -> None:
        self.size_bytes = size_bytes
        self.cells = bytearray(image if image is not None else size_bytes)
        self.writes: list[tuple[int, bytes]] = []
        self.cut_write = 0
        self.cut_bytes = 0
        self.failing = False
        self.absent = False  # neither is acknowledged

    def read_into(self, address: int, buffer: bytearray) -> None:
        self._check(address, len(buffer))
        if self.absent:
            raise MemoryAbsent(0)
        buffer[:] = self.cells[address : address + len(buffer)]

    def write(self, address: int, data: bytes) -> None:
        self._check(address, len(data))
        if self.failing or self.absent:
            raise MemoryAbsent(0)
        data = bytes(data)
        self.writes.append((address, data))
        cut = len(self.writes) == self.cut_write
        if cut:
            data = data[: self.cut_bytes]
        self.cells[address : address + len(data)] = data
        if cut:
            raise PowerCut

    def writes_of(self, address: int) -> int:
        """How often the byte at `address` was in a write."""
        return sum(at <= address < at + len(data) for at, data in self.writes)

    def flip(self, address: int, bit: int = 0) -> None:
        self.cells[address] ^= 1 << bit

    def _check(self, address: int, length: int) -> None:
        if address < 0 or address + length > self.size_bytes:
            raise MemoryRange(address, length, self.size_bytes)


class RamRtc:
    """Like the drivers of firmware.drivers.rtc; `now_s` is UTC, or None if the time is lost."""

    def __init__(self, now_s: int | None = 1_767_225_600) -> None:
        self.now_s = now_s
        self.failing = False

    def read(self) -> int | None:
        return self.now_s

    def set(self, utc_s: int) -> None:
        if self.failing:
            raise OSError(5)
        self.now_s = utc_s


class RamUart:
    """Like firmware.drivers.uart.Uart: both directions as byte strings."""

    def __init__(self) -> None:
        self.incoming = bytearray()
        self.sent = bytearray()

    def read_into(self, buffer: bytearray) -> int:
        count = min(len(buffer), len(self.incoming))
        buffer[:count] = self.incoming[:count]
        del self.incoming[:count]
        return count

    def write(self, buffer: bytes, count: int) -> None:
        self.sent += buffer[:count]

    def taken(self) -> bytes:
        """What was sent since the last time."""
        sent = bytes(self.sent)
        self.sent.clear()
        return sent

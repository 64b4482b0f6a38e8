"""The memories of the STM32L4: 1 MB of flash, SRAM1, SRAM2, and the factory's words (RM0351, 2.2)."""

from __future__ import annotations

import ctypes
import random
import struct
from typing import Any

FLASH_AT, SRAM1_AT, SRAM2_AT, FACTORY_AT = 0x08000000, 0x20000000, 0x10000000, 0x1FFF7000
FLASH_BYTES, FACTORY_BYTES = 1 << 20, 4096
SRAM_BYTES = {"STM32L476": (96 << 10, 32 << 10), "STM32L4A6": (256 << 10, 64 << 10)}  # SRAM1, SRAM2
_READ_WRITE_RUN, _READ_RUN = 7, 5


class Memory:
    """Survives a reset. Only flash survives a power cut: SRAM then holds noise, the same in every run."""

    flash_at = FLASH_AT

    def __init__(self, image: bytes, *, chip: str = "STM32L476") -> None:
        sram1_bytes, sram2_bytes = SRAM_BYTES[chip]
        sizes = {
            FLASH_AT: FLASH_BYTES,
            SRAM1_AT: sram1_bytes,
            SRAM2_AT: sram2_bytes,
            FACTORY_AT: FACTORY_BYTES,
        }
        self._buffers = {at: (ctypes.c_uint8 * size)() for at, size in sizes.items()}
        self._views = {at: memoryview(buffer).cast("B") for at, buffer in self._buffers.items()}
        flash = self._views[FLASH_AT]
        flash[:] = b"\xff" * FLASH_BYTES
        flash[: len(image)] = image
        factory = self._views[FACTORY_AT]
        factory[0x590:0x59C] = bytes(range(1, 13))  # the chip's number
        factory[0x5E0:0x5E2] = (1024).to_bytes(2, "little")  # KB of flash
        self.forget()

    def forget(self) -> None:
        """The power was off."""
        noise = random.Random(2476)
        for at in (SRAM1_AT, SRAM2_AT):
            view = self._views[at]
            view[:] = noise.randbytes(len(view))

    def map(self, engine: Any) -> None:
        """Give a unicorn engine these memories."""
        for at, buffer in self._buffers.items():
            may = _READ_RUN if at in (FLASH_AT, FACTORY_AT) else _READ_WRITE_RUN
            engine.mem_map_ptr(at, len(buffer), may, ctypes.addressof(buffer))

    def view(self, address: int, length: int) -> memoryview:
        """Bytes of one memory. Raises IndexError outside of it."""
        for at, view in self._views.items():
            if at <= address and address + length <= at + len(view):
                return view[address - at : address - at + length]
        raise IndexError(f"no memory at {address:#010x}")

    def bytes_at(self, address: int, length: int) -> bytes:
        """A copy of some bytes."""
        return bytes(self.view(address, length))

    def put(self, address: int, byte: int) -> None:
        """Set a byte."""
        self.view(address, 1)[0] = byte

    def word(self, address: int) -> int:
        """32 bits."""
        return int.from_bytes(self.view(address, 4), "little")

    def words(self, address: int, count: int) -> tuple[int, ...]:
        """`count` times 32 bits."""
        return struct.unpack(f"<{count}I", self.view(address, 4 * count))

    def set_words(self, address: int, words: list[int]) -> None:
        """Set some words."""
        self.view(address, 4 * len(words))[:] = struct.pack(f"<{len(words)}I", *(each & 0xFFFFFFFF for each in words))

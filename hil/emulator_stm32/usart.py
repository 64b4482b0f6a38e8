"""A UART of the STM32L4, after RM0351: by its registers, or through its two DMA channels. Deaf in stop mode, but for an
edge.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from hil.emulator_stm32.device import Device
from hil.emulator_stm32.rcc import RCC

if TYPE_CHECKING:
    from hil.emulator_stm32.chip import Chip

DMA1, DMA2 = 0x40020000, 0x40020400
BYTE_CYCLES = 10 * 694  # start, 8 bits, stop at 115,200 baud
# By number: registers, interrupt, DMA controller, channel and interrupt for receiving, for sending.
UARTS = {
    1: (0x40013800, 37, DMA2, (7, 69), (6, 68)),
    2: (0x40004400, 38, DMA1, (6, 16), (7, 17)),
    3: (0x40004800, 39, DMA1, (3, 13), (2, 12)),
    4: (0x40004C00, 52, DMA2, (5, 60), (3, 58)),
}
ENABLE = {1: (0x60, 14), 2: (0x58, 17), 3: (0x58, 18), 4: (0x58, 19)}
ORE, IDLE, RXNE, TC, TXE, CMF = 1 << 3, 1 << 4, 1 << 5, 1 << 6, 1 << 7, 1 << 17
_UE, _RE, _TE = 1, 4, 8
_CR1, _CR2, _CR3, _RQR, _ISR, _ICR, _RDR, _TDR = 0x00, 0x04, 0x08, 0x18, 0x1C, 0x20, 0x24, 0x28
# Enable bits of CR1 that have the place of their flag in ISR.
_SAME_PLACE = IDLE | RXNE | TC | TXE


class Usart(Device):
    """UART `number` of `chip`; `put` writes a byte into the processor's memory, `rx_pin` hears the line.

    `sent` are the bytes that have left, `on_sent(byte)` sees each.
    """

    def __init__(self, chip: Chip, number: int, put: Callable[[int, int], None], rx_pin: int) -> None:
        self._chip, self._put, self._rx_pin = chip, put, rx_pin
        self.base, self.irq, self.dma, self.rx, self.tx = UARTS[number]
        self.bases = (self.base, self.dma)
        self.enable = ENABLE[number]
        self.isr = TC | TXE
        self.flags = {"rx": 0, "tx": 0}  # of the DMA channels: half 4, complete 2
        self.total = {"rx": 0, "tx": 0}
        self.coming: deque[int] = deque()
        self.arrives: int | None = None
        self.falls_idle: int | None = None
        self.leaves: int | None = None
        self.sent = bytearray()
        self.on_sent: Callable[[int], None] | None = None
        self.lost = 0
        self._received = 0
        self._shifting: int | None = None  # None: the DMA feeds
        self._waiting: int | None = None  # in TDR
        chip.exti.inputs[rx_pin] = True
        chip.plug(self)

    def _channel(self, way: str) -> int:
        return self.dma + 8 + 20 * ((self.rx if way == "rx" else self.tx)[0] - 1)

    def _clocked(self) -> bool:
        return bool(self._chip.get(RCC + self.enable[0]) >> self.enable[1] & 1)

    def _enabled(self, way: str) -> bool:
        wanted = _UE | (_RE if way == "rx" else _TE)
        return self._clocked() and self._chip.get(self.base) & wanted == wanted

    def _by_dma(self, way: str) -> bool:
        chip, channel = self._chip, self._channel(way)
        number = (self.rx if way == "rx" else self.tx)[0]
        selected = chip.get(self.dma + 0xA8) >> 4 * (number - 1) & 15 == 2
        asked = chip.get(self.base + _CR3) & (0x40 if way == "rx" else 0x80)
        return bool(selected and asked and chip.get(channel) & 1 and chip.get(channel + 4))

    def feed(self, data: bytes) -> None:
        """Let bytes come down the line from now on, without a pause."""
        self.coming.extend(data)
        if self.arrives is None and self.coming:
            self._fall()
        self._chip.touch()

    def _fall(self) -> None:
        self.arrives = self._chip.now + BYTE_CYCLES
        self.falls_idle = None
        self._chip.exti.drive(self._rx_pin, False)
        self._chip.exti.drive(self._rx_pin, True)

    @property
    def listening(self) -> bool:
        """It receives."""
        return self._enabled("rx")

    def waits_for(self, address: int) -> int | None:
        """When what a loop on ISR waits for comes, if it is known."""
        return self.leaves if address == self.base + _ISR else None

    # Device

    def read(self, address: int) -> int | None:
        """As Device.read."""
        if address == self.base + _ISR:
            control = self._chip.get(self.base)
            ready = (control >> 3 & control & 1) << 21 | (control >> 2 & control & 1) << 22  # TEACK, REACK
            return self.isr | ready
        if address == self.base + _RDR:
            self.isr &= ~RXNE
            self._chip.touch()
            return self._received
        return None

    def write(self, address: int, value: int) -> bool:
        """As Device.write."""
        if address == self.base + _ICR:
            self.isr &= ~value
        elif address == self.base + _TDR:
            self._transmit(value & 0xFF)
        elif address == self.base + _RQR:
            self.isr &= ~(RXNE if value & 8 else 0)
        elif address == self.dma + 4:
            for way, (channel, _) in (("rx", self.rx), ("tx", self.tx)):
                self.flags[way] &= ~(value >> 4 * (channel - 1) & 15)
        else:
            for way in ("rx", "tx"):
                channel = self._channel(way)
                if address == channel + 4:
                    self.total[way] = value
                elif address == channel and value & 1 and way == "tx":
                    self._chip.registers[address] = value
                    self.isr &= ~TC
                    self.leaves = self._chip.now + BYTE_CYCLES
                    return True
            return False
        return True

    def _transmit(self, byte: int) -> None:
        if not self._enabled("tx"):
            self._chip.wrong.append("a UART was given a byte while it was off")
        elif self._shifting is None and self.leaves is None:
            self._shifting = byte
            self.leaves = self._chip.now + BYTE_CYCLES
            self.isr &= ~TC
        else:
            self._waiting = byte
            self.isr &= ~(TXE | TC)

    def next(self) -> int | None:
        """As Device.next."""
        if self._chip.stopped:
            return self.arrives
        return min((each for each in (self.arrives, self.falls_idle, self.leaves) if each is not None), default=None)

    def step(self) -> None:
        """As Device.step."""
        now = self._chip.now
        if self.arrives is not None and now >= self.arrives:
            self._receive(self.coming.popleft())
            self.arrives = None
            if self.coming:
                self._fall()
            else:
                self.falls_idle = now + BYTE_CYCLES
        if self._chip.stopped:
            return
        if self.falls_idle is not None and now >= self.falls_idle:
            self.falls_idle = None
            self.isr |= IDLE
        if self.leaves is not None and now >= self.leaves:
            self._send()

    def _receive(self, byte: int) -> None:
        chip, channel = self._chip, self._channel("rx")
        if chip.stopped or not self._enabled("rx"):
            self.lost += 1
            return
        if chip.get(self.base + _CR3) & 0x40:
            if not self._by_dma("rx"):
                self.lost += 1
                return
            left, total = chip.get(channel + 4), self.total["rx"]
            self._put(chip.get(channel + 12) + total - left, byte)
            left -= 1
            self.flags["rx"] |= 4 if left == total // 2 else 2 if left == 0 else 0
            chip.registers[channel + 4] = left or (total if chip.get(channel) & 0x20 else 0)
        elif self.isr & RXNE:
            self.lost += 1
            self.isr |= ORE
        else:
            self._received = byte
            self.isr |= RXNE
        if byte == chip.get(self.base + _CR2) >> 24:
            self.isr |= CMF

    def _send(self) -> None:
        chip, channel = self._chip, self._channel("tx")
        self.leaves = None
        if self._shifting is not None:
            self._left(self._shifting)
            self._shifting, self._waiting = self._waiting, None
            if self._shifting is None:
                self.isr |= TC
            else:
                self.leaves = chip.now + BYTE_CYCLES
                self.isr |= TXE
        elif self._enabled("tx") and self._by_dma("tx"):
            left = chip.get(channel + 4)
            self._left(chip.memory(chip.get(channel + 12) + self.total["tx"] - left, 1)[0])
            chip.registers[channel + 4] = left - 1
            self.leaves = chip.now + BYTE_CYCLES
            if left == 1:
                self.flags["tx"] |= 2
                self.leaves = None
                self.isr |= TC

    def _left(self, byte: int) -> None:
        self.sent.append(byte)
        if self.on_sent:
            self.on_sent(byte)

    def lines(self) -> Iterable[int]:
        """As Device.lines."""
        chip = self._chip
        lines = []
        control = chip.get(self.base)
        flags = self.isr | (RXNE if self.isr & ORE else 0)
        if control & flags & _SAME_PLACE or (control & 1 << 14 and flags & CMF):
            lines.append(self.irq)
        for way, (_, irq) in (("rx", self.rx), ("tx", self.tx)):
            if self.flags[way] & chip.get(self._channel(way)) & 6:
                lines.append(irq)
        return lines

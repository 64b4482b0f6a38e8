"""A model of one UART of the STM32L4 with its two DMA channels, after RM0351. Deaf in stop mode, but for an edge."""

from tests.board.stm32_chip import CYCLES_A_SECOND, DMA1, DMA2

BYTE_CYCLES = 10 * 694  # start, 8 bits, stop at 115,200 baud
# By number: registers, interrupt, DMA controller, channel and interrupt for receiving, for sending; pin of RX.
UARTS = {
    1: (0x40013800, 37, DMA2, (7, 69), (6, 68)),
    2: (0x40004400, 38, DMA1, (6, 16), (7, 17)),
    3: (0x40004800, 39, DMA1, (3, 13), (2, 12)),
    4: (0x40004C00, 52, DMA2, (5, 60), (3, 58)),
}
ENABLE = {1: (0x60, 14), 2: (0x58, 17), 3: (0x58, 18), 4: (0x58, 19)}
CMF, IDLE, TC = 1 << 17, 1 << 4, 1 << 6


class Usart:
    """UART `number` of `chip`; `put` writes a byte into the processor's memory, `rx_pin` hears the line."""

    def __init__(self, chip, number, put, rx_pin):
        self.chip, self.put, self.rx_pin = chip, put, rx_pin
        self.base, self.irq, self.dma, self.rx, self.tx = UARTS[number]
        self.enable = ENABLE[number]
        self.isr = TC
        self.flags = {"rx": 0, "tx": 0}  # of the DMA channels: half 4, complete 2
        self.total = {"rx": 0, "tx": 0}
        self.coming: list[int] = []
        self.arrives = None
        self.falls_idle = None
        self.leaves = None
        self.sent = bytearray()
        self.lost = 0
        chip.pins[rx_pin] = True
        chip.devices.append(self)

    def _channel(self, way):
        return self.dma + 8 + 20 * ((self.rx if way == "rx" else self.tx)[0] - 1)

    def _on(self, way):
        chip, channel = self.chip, self._channel(way)
        selected = chip.get(self.dma + 0xA8) >> 4 * ((self.rx if way == "rx" else self.tx)[0] - 1) & 15 == 2
        clocked = chip.get(0x40021000 + self.enable[0]) >> self.enable[1] & 1
        asked = chip.get(self.base + 8) & (0x40 if way == "rx" else 0x80)
        direction = chip.get(self.base) & (5 if way == "rx" else 9) == (5 if way == "rx" else 9)
        return selected and clocked and asked and direction and chip.get(channel) & 1 and chip.get(channel + 4)

    def feed(self, data):
        """Bytes come down the line from now on, without a pause."""
        self.coming += data
        if self.arrives is None and self.coming:
            self._fall()

    def _fall(self):
        self.arrives = self.chip.now + BYTE_CYCLES
        self.falls_idle = None
        self.chip.drive(self.rx_pin, False)
        self.chip.drive(self.rx_pin, True)

    # Device

    def read(self, address):
        return self.isr if address == self.base + 0x1C else None

    def write(self, address, value):
        if address == self.base + 0x20:
            self.isr &= ~value
        elif address == self.dma + 4:
            for way, (channel, _) in (("rx", self.rx), ("tx", self.tx)):
                self.flags[way] &= ~(value >> 4 * (channel - 1) & 15)
        else:
            for way in ("rx", "tx"):
                channel = self._channel(way)
                if address == channel + 4:
                    self.total[way] = value
                elif address == channel and value & 1 and way == "tx":
                    self.chip.registers[address] = value
                    self.isr &= ~TC
                    self.leaves = self.chip.now + BYTE_CYCLES
                    return True
            return False
        return True

    def next(self):
        if self.chip.stopped:
            return self.arrives
        return min((each for each in (self.arrives, self.falls_idle, self.leaves) if each is not None), default=None)

    def step(self):
        now = self.chip.now
        if self.arrives is not None and now >= self.arrives:
            self._receive(self.coming.pop(0))
            self.arrives = None
            if self.coming:
                self._fall()
            else:
                self.falls_idle = now + BYTE_CYCLES
        if self.falls_idle is not None and now >= self.falls_idle and not self.chip.stopped:
            self.falls_idle = None
            self.isr |= IDLE
        if self.leaves is not None and now >= self.leaves and not self.chip.stopped:
            self._send()

    def _receive(self, byte):
        chip, channel = self.chip, self._channel("rx")
        if chip.stopped or not self._on("rx"):
            self.lost += 1
            return
        left, total = chip.get(channel + 4), self.total["rx"]
        self.put(chip.get(channel + 12) + total - left, byte)
        left -= 1
        self.flags["rx"] |= 4 if left == total // 2 else 2 if left == 0 else 0
        chip.registers[channel + 4] = left or (total if chip.get(channel) & 0x20 else 0)
        if byte == chip.get(self.base + 4) >> 24:
            self.isr |= CMF

    def _send(self):
        chip, channel = self.chip, self._channel("tx")
        self.leaves = None
        if self._on("tx"):
            left = chip.get(channel + 4)
            self.sent += chip.memory(chip.get(channel + 12) + self.total["tx"] - left, 1)
            chip.registers[channel + 4] = left - 1
            self.leaves = chip.now + BYTE_CYCLES
            if left == 1:
                self.flags["tx"] |= 2
                self.leaves = None
                self.isr |= TC

    def lines(self):
        chip = self.chip
        lines = set()
        control = chip.get(self.base)
        if (control & 1 << 14 and self.isr & CMF) or (control & 1 << 4 and self.isr & IDLE):
            lines.add(self.irq)
        for way, (_, irq) in (("rx", self.rx), ("tx", self.tx)):
            if self.flags[way] & chip.get(self._channel(way)) & 6:
                lines.add(irq)
        return lines


assert BYTE_CYCLES / CYCLES_A_SECOND * 115200 - 10 < 0.01

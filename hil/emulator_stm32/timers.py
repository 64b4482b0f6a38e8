"""TIM2, which starts TIM15, which makes the steps, and the DMA channel that gives TIM15 its periods (RM0351)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from hil.emulator_stm32.device import CYCLES_A_COUNT, Device, cycles_of
from hil.emulator_stm32.pins import GPIOA

if TYPE_CHECKING:
    from hil.emulator_stm32.chip import Chip

TIM2, TIM15, DMA1 = 0x40000000, 0x40014000, 0x40020000
CR1, CR2, SMCR, DIER, SR, EGR, CCMR1, CCER, CNT, PSC, ARR, RCR, CCR1, BDTR = (
    *(0x00, 0x04, 0x08, 0x0C, 0x10, 0x14, 0x18, 0x20, 0x24, 0x28, 0x2C, 0x30, 0x34, 0x44),
)
BURST = DMA1 + 8 + 20 * 4  # channel 5
IRQ_TIM15 = 24
_STEP_PINS = (2, 30)  # PA2, PB14: TIM15's first channel
_ALTERNATE = 2
# After stop mode, until the MSI follows the crystal again (datasheet of the STM32L476, MSI: tSTAB in PLL mode).
_MSI_SETTLES = cycles_of(2_500_000)


class Timers(Device):
    """`edges` are the rising edges of STEP (cycles), `on_edge(now)` sees each. `trigger_input` is TIM15's that TIM2
    drives. `count`: cycles to a count of both, of a chip whose other clocks are right.
    """

    bases = (TIM2, TIM15, DMA1)

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self.edges: list[int] = []
        self.on_edge: Callable[[int], None] | None = None
        self.trigger_input = 1
        self.count = CYCLES_A_COUNT  # of TIM2 and TIM15; more, and the MSI is slow
        self._wait_ends: int | None = None
        self._wait_began = 0
        self._period_start: int | None = None
        self._periods_left = 0
        self._words = 0
        self._edge_done = False

    @property
    def playing(self) -> bool:
        """TIM15 counts."""
        return self._period_start is not None

    def _tim(self, base: int, offset: int) -> int:
        return self._chip.registers.get(base + offset, 0)

    def read(self, address: int) -> int | None:
        """As Device.read."""
        if address == TIM2 + CNT and self._wait_ends is not None:
            return (self._chip.now - self._wait_began) // self.count
        return None

    def write(self, address: int, value: int) -> bool:
        """As Device.write."""
        chip = self._chip
        old = chip.get(address)
        if address >= DMA1:
            if address == BURST + 4:
                self._words = value
            return False
        if address == TIM15 + SR:
            chip.registers[address] = old & value
            return True
        chip.registers[address] = value
        if address in (TIM2 + EGR, TIM15 + EGR) and value & 1:
            self._generate(address - EGR)
        elif address == TIM2 + CR1:
            if value & 1 and not old & 1:
                self._clocked("TIM2")
                self._wait_began = chip.now
                self._wait_ends = chip.now + (self._tim(TIM2, ARR) + 1) * self.count
            elif not value & 1:
                self._wait_ends = None
        elif address == TIM15 + CR1 and not value & 1:
            self._period_start = None
        return True

    def _clocked(self, who: str) -> None:
        if self._chip.get(0x40021008) & 0xC != 0xC and self._chip.stops:
            self._chip.wrong.append(f"{who} started while the processor's clock was not the PLL's")
        woke = self._chip.clocks.woke
        if woke is not None and self._chip.now - woke < _MSI_SETTLES:
            self._chip.wrong.append(f"{who} started before the MSI has settled")

    def _generate(self, base: int) -> None:
        if base == TIM2 and self._tim(TIM2, CR2) & 0x70 == 0x20:
            self._trigger()  # the update event is its trigger output, this one too
        if base == TIM15:
            self._periods_left = self._tim(TIM15, RCR) + 1
            if not self._tim(TIM15, CR1) & 4:
                self._chip.registers[TIM15 + SR] = self._tim(TIM15, SR) | 1

    def _trigger(self) -> None:
        if self._tim(TIM15, SMCR) & 0x77 == 0x06 | self.trigger_input << 4 and self._period_start is None:
            self._clocked("TIM15")
            if self._tim(TIM15, PSC) != 79 or self._tim(TIM2, PSC) != 79:
                self._chip.wrong.append("prescaler")
            self._chip.registers[TIM15 + CR1] = self._tim(TIM15, CR1) | 1
            self._period_start = self._chip.now
            self._edge_done = False

    def next(self) -> int | None:
        """As Device.next."""
        timer = self._timer_event()
        if timer is None:
            return self._wait_ends
        return timer if self._wait_ends is None else min(timer, self._wait_ends)

    def _timer_event(self) -> int | None:
        if self._period_start is None:
            return None
        count = self._tim(TIM15, ARR) + 1 if self._edge_done else self._tim(TIM15, CCR1)
        return max(self._period_start + count * self.count, self._chip.now)

    def step(self) -> None:
        """As Device.step."""
        now = self._chip.now
        if self._wait_ends is not None and now >= self._wait_ends:
            self._wait_ends = None
            self._chip.registers[TIM2 + CR1] &= ~1
            if self._tim(TIM2, CR2) & 0x70 == 0x20:
                self._trigger()
        event = self._timer_event()
        if event is not None and event <= now:
            self._count(now)

    def _count(self, now: int) -> None:
        registers = self._chip.registers
        if not self._edge_done:
            self._edge_done = True
            on = self._tim(TIM15, CCER) & 1 and self._tim(TIM15, BDTR) & 0x8000
            if on and self._tim(TIM15, CCMR1) & 0x70 == 0x70 and self._wired():
                self.edges.append(now)
                if self.on_edge:
                    self.on_edge(now)
            if self._tim(TIM15, DIER) & 1 << 9:
                self._reload()
        else:
            self._edge_done = False
            self._period_start = now
            self._periods_left -= 1
            if self._periods_left == 0:
                registers[TIM15 + SR] = self._tim(TIM15, SR) | 1
                self._periods_left = self._tim(TIM15, RCR) + 1
                if self._tim(TIM15, CR1) & 8:
                    registers[TIM15 + CR1] &= ~1
                    self._period_start = None

    def _wired(self) -> bool:
        """A pin of the first channel is given to it."""
        chip = self._chip
        for pin in _STEP_PINS:
            port = GPIOA + 0x400 * (pin // 16)
            function = chip.get(port + 0x20 + 4 * (pin % 16 // 8)) >> 4 * (pin % 8) & 15
            if chip.exti.mode(pin) == _ALTERNATE and function == 14:
                return True
        return False

    def _reload(self) -> None:
        chip = self._chip
        left = chip.get(BURST + 4)
        if chip.get(BURST) & 1 and left and chip.get(DMA1 + 0xA8) >> 16 & 15 == 7:
            place = chip.get(BURST + 12) + 2 * (self._words - left)
            chip.registers[chip.get(BURST + 8)] = int.from_bytes(chip.memory(place, 2), "little")
            chip.registers[BURST + 4] = left - 1

    def lines(self) -> Iterable[int]:
        """As Device.lines."""
        return (IRQ_TIM15,) if self._tim(TIM15, SR) & self._tim(TIM15, DIER) & 1 else ()

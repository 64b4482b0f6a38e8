"""The Cortex-M4's own registers: NVIC, system control block, SysTick, cycle counter (ARM DDI 0403)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hil.emulator_stm32.device import Device

if TYPE_CHECKING:
    from hil.emulator_stm32.chip import Chip

SCS, DWT = 0xE000E000, 0xE0001000
SYST_CTRL, SYST_LOAD, SYST_VAL = SCS + 0x10, SCS + 0x14, SCS + 0x18
ICSR, VTOR, AIRCR, SCR, SHPR = SCS + 0xD04, SCS + 0xD08, SCS + 0xD0C, SCS + 0xD10, SCS + 0xD18
SLEEPDEEP = 4
PENDSV, SYSTICK, EXTERNAL = 14, 15, 16
_SET_ENABLE, _CLEAR_ENABLE, _SET_PENDING, _CLEAR_PENDING, _PRIORITIES = (
    SCS + each for each in (0x100, 0x180, 0x200, 0x280, 0x400)
)
_RESET = 0x05FA0004
_MPU_CTRL, _MPU_RASR = SCS + 0xD94, SCS + 0xDA0


class System(Device):
    """`pending` are SysTick's and PendSV's exceptions. `on_reset()` is the program's own reset."""

    bases = (SCS, SCS + 0x400, SCS + 0xC00, DWT)

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self.pending: set[int] = set()
        self.on_reset: Callable[[], None] | None = None
        self.on_protect: Callable[[], None] | None = None  # a register of the MPU has been written
        self._since = 0  # when SysTick's counter was last loaded
        self._flagged = 0  # periods whose end COUNTFLAG has told
        self._due: int | None = None
        chip.plug(self)

    def exception_priority(self, number: int) -> int:
        """The priority of a system exception, 4 to 15: the four upper bits of a byte."""
        place = number - 4
        return self._chip.get(SHPR + place // 4 * 4) >> 8 * (place % 4) & 0xF0

    def best(self) -> tuple[int, int] | None:
        """(priority, exception number) of what is pending and enabled, most urgent first."""
        chip = self._chip
        if not chip.pending and not self.pending:
            return None
        found = [(chip.priority(irq), EXTERNAL + irq) for irq in chip.pending & chip.enabled]
        found += [(self.exception_priority(number), number) for number in self.pending]
        return min(found, default=None)

    def _period(self) -> int:
        return (self._chip.get(SYST_LOAD) + 1) * self._chip.clocks.division

    def respeed(self) -> None:
        """The processor's clock has changed."""
        self._restart()

    def _restart(self) -> None:
        self._since, self._flagged = self._chip.now, 0
        self._plan()

    def _plan(self) -> None:
        """When SysTick's next interrupt comes."""
        self._due = None
        if self._chip.get(SYST_CTRL) & 3 == 3 and self._chip.get(SYST_LOAD):
            period = self._period()
            self._due = self._since + ((self._chip.now - self._since) // period + 1) * period

    def read(self, address: int) -> int | None:
        """As Device.read."""
        chip = self._chip
        if address == SYST_VAL:
            passed = (chip.now - self._since) // chip.clocks.division
            return int(chip.get(SYST_LOAD) - passed % (chip.get(SYST_LOAD) + 1))
        if address == SYST_CTRL:
            periods = (chip.now - self._since) // self._period()
            wrapped, self._flagged = periods > self._flagged, periods
            return chip.get(address) | wrapped << 16
        if address == ICSR:
            return (PENDSV in self.pending) << 28 | (SYSTICK in self.pending) << 26
        if address == DWT + 4:
            return chip.now // chip.clocks.division & 0xFFFFFFFF
        if address == SCS + 0xD00:
            return 0x410FC241  # CPUID: Cortex-M4 r0p1
        if _SET_ENABLE <= address < _PRIORITIES:
            which = chip.enabled if address < _SET_PENDING else chip.pending
            first = 32 * ((address & 0x7F) // 4)
            return sum(1 << irq - first for irq in which if first <= irq < first + 32)
        return None

    def write(self, address: int, value: int) -> bool:
        """As Device.write."""
        chip = self._chip
        if _SET_ENABLE <= address < _PRIORITIES:
            self._nvic(address, value)
            return True
        if address == SYST_CTRL:
            started = value & 1 and not chip.get(address) & 1
            chip.registers[address] = value & 7
            self._restart() if started else self._plan()
            return True
        if address == SYST_VAL:
            self._restart()
            return True
        if address == SYST_LOAD:
            chip.registers[address] = value & 0xFFFFFF
            self._plan()
            return True
        if address == ICSR:
            self.pending |= {PENDSV} if value & 1 << 28 else set()
            self.pending |= {SYSTICK} if value & 1 << 26 else set()
            self.pending -= {PENDSV} if value & 1 << 27 else set()
            self.pending -= {SYSTICK} if value & 1 << 25 else set()
            return True
        if _MPU_CTRL <= address <= _MPU_RASR and self.on_protect:
            chip.registers[address] = value
            self.on_protect()
            return True
        if address == AIRCR and value & 0xFFFF0004 == _RESET and self.on_reset:
            self.on_reset()
        return False

    def _nvic(self, address: int, value: int) -> None:
        chip = self._chip
        irqs = {32 * ((address & 0x7F) // 4) + n for n in range(32) if value >> n & 1}
        if address < _CLEAR_ENABLE:
            chip.enabled |= irqs
        elif address < _SET_PENDING:
            chip.enabled -= irqs
        elif address < _CLEAR_PENDING:
            chip.pending |= irqs
        else:
            chip.pending -= irqs

    def next(self) -> int | None:
        """As Device.next."""
        return None if self._chip.stopped else self._due

    def step(self) -> None:
        """As Device.step."""
        if self._due is not None and self._chip.now >= self._due:
            self.pending.add(SYSTICK)
            self._plan()

"""The bus and the time of the emulated STM32L4, and its small devices: clocks, pins, edges, watchdog.

Devices are moved on when time passes; an access to a register takes time too. What the program does against the
manual ends up in `wrong`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hil.emulator_stm32.cut import Cut
from hil.emulator_stm32.device import ACCESS_CYCLES, BLOCK_BITS, CYCLES_A_SECOND, CYCLES_A_TICK
from hil.emulator_stm32.lptim import Lptim
from hil.emulator_stm32.pins import Pins
from hil.emulator_stm32.rcc import PWR, RCC, Clocks, Watchdog
from hil.emulator_stm32.timers import Timers

NEVER = 1 << 62
NVIC = 0xE000E000


class Chip:
    """The devices that c_ext/stm32 uses. `memory(address, length)` reads the processor's memory for the DMA.

    `access` is called at the beginning of each access to a register. `watch(now, pin, level)` sees every output.
    """

    def __init__(self, memory: Callable[[int, int], bytes], *, since_reset: bool = False) -> None:
        self.memory = memory
        self.now = 0
        self.registers: dict[int, int] = {RCC: 0x63, RCC + 0x08: 0, RCC + 0x90: 0, PWR: 0x200}
        self.pending: set[int] = set()
        self.enabled: set[int] = set()
        self.wrong: list[str] = []
        self.stops = 0
        self.stopped = False
        self.access: Callable[[], None] = self._take_time
        self.devices: list[Any] = []
        self._at: dict[int, list[tuple[int, Any]]] = {}
        self._times: list[int] = []  # of the devices' next events
        self.due = -1  # the next event; negative: not known
        self.exti = Pins(self)
        self.pins = self.exti.levels
        self.drives = self.exti.drives
        self.timers = Timers(self)
        self.edges = self.timers.edges
        self.lptim = Lptim(self, since_reset=since_reset)
        self.clocks = Clocks(self)
        self.watchdog = Watchdog(self)
        self.feeds = self.watchdog.feeds
        for device in (self.timers, Cut(self), self.lptim, self.exti, self.clocks, self.watchdog):
            self.plug(device)

    def plug(self, device: Any) -> None:
        """Connect a device to the bus."""
        for base in device.bases:
            self._at.setdefault(base >> BLOCK_BITS, []).append((len(self.devices), device))
        self.devices.append(device)
        self._times.append(NEVER)
        self.due = -1

    # Registers

    def get(self, address: int) -> int:
        """A register as it was last written, without effects."""
        return self.registers.get(address, 0)

    def read(self, address: int) -> int:
        """The processor reads a register."""
        self.access()
        for _, device in self._at.get(address >> BLOCK_BITS, ()):
            value: int | None = device.read(address)
            if value is not None:
                return value
        return self.registers.get(address, 0)

    def write(self, address: int, value: int) -> None:
        """The processor writes a register."""
        self.access()
        here = self._at.get(address >> BLOCK_BITS, ())
        for _, device in here:
            if device.write(address, value):
                break
        else:
            self.registers[address] = value
        # What is written to a device changes that device, and those that it calls, which say so by touch().
        for index, device in here:
            self._look(index, device)
        self.due = min(self._times) if self.due >= 0 else -1

    def _look(self, index: int, device: Any) -> None:
        """See when a device's next event comes, and what interrupts it holds up."""
        self._times[index] = NEVER if (time := device.next()) is None else time
        self.pending.update(device.lines())

    def touch(self) -> None:
        """A device has been changed by another: next events and lines may be others."""
        self.due = -1

    # Time

    def _take_time(self) -> None:
        self.advance(ACCESS_CYCLES)

    @property
    def tick(self) -> int:
        """The crystal's ticks."""
        return self.now // CYCLES_A_TICK

    def us(self) -> float:
        """The crystal's true time."""
        return self.now * 1_000_000 / CYCLES_A_SECOND

    def next_event(self) -> int:
        """Cycles at which something happens by itself; NEVER if nothing does."""
        if self.due < 0:
            for index, device in enumerate(self.devices):
                self._look(index, device)
            self.due = min(self._times)
        return self.due

    def advance(self, cycles: int) -> None:
        """Let time pass."""
        self.advance_to(self.now + cycles)

    def advance_to(self, end: int) -> None:
        """Let time pass, and what happens in it happen in order."""
        while (event := self.due if self.due >= 0 else self.next_event()) <= end:
            self.now = max(event, self.now)
            for index, device in enumerate(self.devices):
                if self._times[index] <= event:
                    device.step()
                    self._look(index, device)
            self.due = min(self._times) if self.due >= 0 else -1
        self.now = max(end, self.now)

    # Interrupts

    def lines(self) -> None:
        """Lines that a device holds up become pending."""
        for device in self.devices:
            self.pending.update(device.lines())

    def priority(self, irq: int) -> int:
        """An interrupt's priority: the four upper bits of a byte."""
        return self.get(NVIC + 0x400 + irq // 4 * 4) >> 8 * (irq % 4) & 0xF0

    def drive(self, pin: int, high: bool) -> None:
        """Somebody outside drives a pin."""
        self.exti.drive(pin, high)
        self.next_event()

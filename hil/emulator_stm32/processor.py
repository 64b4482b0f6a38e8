"""The Cortex-M4 of the emulated STM32: unicorn, with exceptions, sleep and time around it.

Unicorn runs instructions; what it does not do for a Cortex-M is done here: exceptions come between two stretches of
code without a branch, with the frame and the return value of ARM DDI 0403. Registers of the FPU are kept aside, not in
the frame. All code runs on the main stack, privileged, as MicroPython's port does without threads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import unicorn
from unicorn import arm_const as arm

from hil.emulator_stm32 import pulse as why
from hil.emulator_stm32.mpu import Mpu
from hil.emulator_stm32.pulse import pulse_of
from hil.emulator_stm32.system import EXTERNAL, SCR, SHPR, SLEEPDEEP, VTOR, System

if TYPE_CHECKING:
    from hil.emulator_stm32.chip import Chip
    from hil.emulator_stm32.memory import Memory

UcError: Any = unicorn.UcError  # type: ignore[attr-defined]
REGIONS = ((0x40000000, 0x30000), (0x48000000, 0x2000), (0x50000000, 0x100000), (0xE0000000, 0x100000))
_EXC_RETURN = 0xFFFFFFF0
_TO_THREAD, _TO_HANDLER = 0xFFFFFFF9, 0xFFFFFFF1
_FRAME = [getattr(arm, f"UC_ARM_REG_{name}") for name in ("R0", "R1", "R2", "R3", "R12", "LR", "PC", "XPSR")]
_FPU = [getattr(arm, f"UC_ARM_REG_D{n}") for n in range(8)] + [arm.UC_ARM_REG_FPSCR]
_PRIORITY_BYTES = ((0xE000E400, 0xE000E500), (SHPR, SHPR + 12))
_THUMB = 1 << 24
_ALIGNED = 1 << 9
_HARD_FAULT, _EXCEPTION_EXIT = 3, 8
_WFI = b"\x30\xbf"
_IDLE_PRIORITY = 256
# What a load or store of a device's register takes longer than one of memory: the bus (assumption).
_BUS_CYCLES = 3


class Processor:
    """Runs `memory` with the devices of `chip`. `polled` maps registers on which the program waits in a loop to the
    function that says when the wait will end: that time is passed over.
    """

    def __init__(self, chip: Chip, memory: Memory) -> None:
        self.chip, self.memory = chip, memory
        self.system = System(chip)
        engine_class: Any = unicorn.Uc  # type: ignore[attr-defined]
        self.engine: Any = engine_class(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        self.engine.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_M4)
        memory.map(self.engine)
        for base, size in REGIONS:
            self.engine.mmio_map(base, size, self._read, base, self._write, base)
        self.pulse = pulse_of(self.engine)
        self.mpu = Mpu(chip, self.engine)
        self.system.on_protect = self.mpu.protect
        self.faults: list[str] = []
        self.interrupts = 0
        self.sleep_cycles = 0
        self.stop_cycles = 0  # of these, in stop mode
        self.waiting = False
        self.stopping = False
        self.on_sleep: Callable[[], None] | None = None
        self.polled: dict[int, Callable[[int], int | None]] = {}
        self._active: list[tuple[int, int, list[int]]] = []  # exception number, priority, FPU registers
        self._base, self._pulse_base = chip.now, 0
        self._until = 0
        self._division = chip.clocks.division
        self._last_read = 0
        chip.access = self._pass_time
        chip.clocks.on_speed = self._respeed
        chip.registers[VTOR] = memory.flash_at
        stack, start = (memory.word(memory.flash_at + each) for each in (0, 4))
        self.engine.reg_write(arm.UC_ARM_REG_SP, stack)
        self.engine.reg_write(arm.UC_ARM_REG_PC, start)

    def registers(self) -> list[int]:
        """R0 to R3, R12, LR, PC, xPSR."""
        return [int(each) for each in self.engine.reg_read_batch(_FRAME)]

    # Time

    def _time(self) -> int:
        return int(self._base + (self.pulse.now - self._pulse_base) * self._division)

    def _pass_time(self) -> None:
        chip = self.chip
        now = self._base + (self.pulse.now - self._pulse_base) * self._division
        if now < chip.due:
            chip.now = now
        else:
            chip.advance_to(now)

    def _rebase(self) -> None:
        self._base, self._pulse_base = self.chip.now, self.pulse.now

    def _respeed(self) -> None:
        self._rebase()
        self._division = self.chip.clocks.division
        self.system.respeed()

    def _plan(self) -> None:
        """When to stop, and what may interrupt."""
        if self.stopping:
            self.pulse.deadline = 0
            return
        left = max(min(self.chip.next_event(), self._until) - self._base, 0)
        self.pulse.deadline = self._pulse_base + -(-left // self._division)
        self.pulse.attention = self._attention()

    def _attention(self) -> int:
        """One more than the priority of an exception that may come, masks aside; 0: none."""
        best = self.system.best()
        return 1 + best[0] if best and best[0] < self._priority() else 0

    # Registers of the devices

    def _read(self, _engine: Any, offset: int, size: int, base: int) -> int:
        self.pulse.now += _BUS_CYCLES
        address = base + offset
        word = address & ~3
        chip = self.chip
        due = chip.due
        value = chip.read(word)
        if word in self.polled:
            # Two reads in a row are a loop; but a handler of an interrupt looks twice and does not wait.
            if word == self._last_read and not self._active and self._pass_over(word):
                value = chip.read(word)
            self._last_read = word
        else:
            self._last_read = 0
        if chip.due != due:
            self._plan()
        return value if size == 4 else value >> 8 * (address & 3) & (1 << 8 * size) - 1

    def _pass_over(self, word: int) -> bool:
        """Let the time pass that a loop on this register waits, unless an interrupt ends that now."""
        due = self.polled[word](word)
        if due is None or due <= self.chip.now or self._attention():
            return False
        self._base += max(min(due, self._until, self.chip.next_event()) - self.chip.now, 0)
        return True

    def _write(self, _engine: Any, offset: int, size: int, value: int, base: int) -> None:
        self.pulse.now += _BUS_CYCLES
        address = base + offset
        if size == 4:
            self.chip.write(address, value)
        else:
            shift = 8 * (address & 3)
            if any(low <= address < high for low, high in _PRIORITY_BYTES):
                old = self.chip.get(address & ~3)
                self.chip.registers[address & ~3] = old & ~(((1 << 8 * size) - 1) << shift) | value << shift
            else:
                self.chip.write(address & ~3, value << shift)
        self._last_read = 0
        self._plan()

    # Exceptions

    def _priority(self) -> int:
        return min((priority for _, priority, _ in self._active), default=_IDLE_PRIORITY)

    def _masked(self) -> int:
        """The priority that an exception must be more urgent than, PRIMASK aside."""
        basepri = int(self.engine.reg_read(arm.UC_ARM_REG_BASEPRI)) & 255
        return min(self._priority(), basepri or _IDLE_PRIORITY)

    def _take(self) -> None:
        """Enter the most urgent exception that may come."""
        best = self.system.best()
        if best is None or best[0] >= self._masked() or self.engine.reg_read(arm.UC_ARM_REG_PRIMASK) & 1:
            return
        priority, number = best
        if number >= EXTERNAL:
            self.chip.pending.discard(number - EXTERNAL)
        else:
            self.system.pending.discard(number)
        self._enter(number, priority)

    def _enter(self, number: int, priority: int) -> None:
        engine = self.engine
        frame = [int(each) for each in engine.reg_read_batch(_FRAME)]
        fpu = list(engine.reg_read_batch(_FPU))
        stack = int(engine.reg_read(arm.UC_ARM_REG_SP))
        place = (stack - 32) & ~7
        if number != _HARD_FAULT and self.mpu.touches(place, 32):
            # Nothing is where the frame should be.
            self.faults.append(f"the frame of exception {number} in the guarded region, {self.chip.now} cycles")
            number, priority = _HARD_FAULT, -1
        if number == _HARD_FAULT:
            self.mpu.note(place)
        frame[7] = frame[7] & ~_ALIGNED | (_ALIGNED if (stack - 32) & 4 else 0) | _THUMB
        self.memory.set_words(place, frame)
        handler = self.memory.word(self.chip.get(VTOR) + 4 * number)
        back = _TO_HANDLER if self._active else _TO_THREAD
        self._active.append((number, priority, fpu))
        engine.reg_write(arm.UC_ARM_REG_XPSR, _THUMB)
        engine.reg_write(arm.UC_ARM_REG_SP, place)
        engine.reg_write(arm.UC_ARM_REG_LR, back)
        engine.reg_write(arm.UC_ARM_REG_PC, handler)
        self.interrupts += 1

    def _return(self) -> None:
        engine = self.engine
        number, _, fpu = self._active.pop()
        place = int(engine.reg_read(arm.UC_ARM_REG_SP))
        frame = self.memory.words(place, 8)
        stack = place + 32 + (4 if frame[7] & _ALIGNED else 0)
        for register, word in zip(_FPU, fpu, strict=True):
            engine.reg_write(register, word)
        for register, word in zip(_FRAME, frame, strict=True):
            engine.reg_write(register, word & ~_ALIGNED if register == arm.UC_ARM_REG_XPSR else word)
        engine.reg_write(arm.UC_ARM_REG_PC, frame[6] | 1)
        engine.reg_write(arm.UC_ARM_REG_SP, stack)
        if number >= EXTERNAL:
            self.chip.lines()  # a line that is still up is pending again

    def _fault(self, what: str) -> None:
        """A HardFault, or the end of everything in one."""
        at = int(self.engine.reg_read(arm.UC_ARM_REG_PC))
        self.faults.append(f"{what} at {at:#010x}, {self.chip.now} cycles")
        if any(number == _HARD_FAULT for number, _, _ in self._active):
            self.waiting = True  # locked up: the watchdog ends it
        else:
            self._enter(_HARD_FAULT, -1)

    # Running

    def run(self, until: int) -> None:
        """Run up to `until` (chip cycles), or until `stopping`."""
        chip, self._until = self.chip, until
        while chip.now < until and not self.stopping:
            if self.waiting:
                self._sleep()
                continue
            self._take()
            self._rebase()
            self._plan()
            self._go()
            chip.advance_to(self._time())

    def _go(self) -> None:
        engine, pulse = self.engine, self.pulse
        pulse.why = why.NONE
        at = int(engine.reg_read(arm.UC_ARM_REG_PC))
        try:
            engine.emu_start(at | 1, 0xFFFFFFFF)
        except UcError as error:
            if pulse.why == why.NONE:
                self._fault(str(error))
                return
        if self.mpu.met is not None:
            self._fault(f"access to the guarded {self.mpu.met:#010x}")
            return
        if pulse.why == why.EXCEPTION:
            if pulse.number == _EXCEPTION_EXIT:
                self._return()
            else:
                self._fault(f"exception {pulse.number}")
        elif pulse.why == why.NONE:
            at = int(engine.reg_read(arm.UC_ARM_REG_PC)) & ~1
            if self.memory.bytes_at(at - 2, 2) == _WFI:
                self.waiting = True
                self._deep(True)
                if self.on_sleep:
                    self.on_sleep()
            elif at >= _EXC_RETURN:
                self._return()

    def _deep(self, begins: bool) -> None:
        chip = self.chip
        if begins and chip.get(SCR) & SLEEPDEEP:
            chip.advance_to(self._time())
            chip.stops += 1
            chip.stopped = True
            chip.touch()
            if chip.timers.playing:
                chip.wrong.append("stop mode while a stroke plays")
        elif not begins and chip.stopped:
            chip.stopped = False
            chip.touch()
            chip.clocks.stop()

    def _sleep(self) -> None:
        """WFI: time passes until something is pending, whether PRIMASK locks it out or not."""
        chip, begin = self.chip, self.chip.now
        best = self.system.best()
        if best is not None and best[0] < self._masked():
            self.waiting = False
            self._deep(False)
            return
        chip.advance_to(min(chip.next_event(), self._until))
        self.sleep_cycles += chip.now - begin
        self.stop_cycles += chip.now - begin if chip.stopped else 0

"""The MPU, as far as it guards a stack: one region that nothing may access (ARM DDI 0403, B3.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import unicorn

if TYPE_CHECKING:
    from hil.emulator_stm32.chip import Chip

CTRL, RBAR, RASR, CFSR = 0xE000ED94, 0xE000ED9C, 0xE000EDA0, 0xE000ED28
_ACCESS = 7 << 24
ACCESS_FAULT, STACKING_FAULT = 1 << 1, 1 << 4  # of CFSR: DACCVIOL, MSTKERR
_HOOKS = unicorn.UC_HOOK_MEM_WRITE | unicorn.UC_HOOK_MEM_READ


class Mpu:
    """`met` is the address of the last access to the guarded region that the program has made, until it is taken.

    The access itself has been done by then, which in the guarded region harms nobody.
    """

    def __init__(self, chip: Chip, engine: Any) -> None:
        self._chip, self._engine = chip, engine
        self._hook: Any = None
        self.region = range(0)
        self.met: int | None = None

    def protect(self) -> None:
        """A register of the MPU has been written."""
        get = self._chip.get
        on = get(CTRL) & 1 and get(RASR) & 1 and not get(RASR) & _ACCESS
        base, size = get(RBAR) & ~0x1F, 2 << (get(RASR) >> 1 & 31)
        region = range(base, base + size) if on else range(0)
        if region == self.region:
            return
        if self._hook is not None:
            self._engine.hook_del(self._hook)
            self._hook = None
        self.region = region
        if region:
            self._hook = self._engine.hook_add(_HOOKS, self._met, begin=region.start, end=region.stop - 1)

    def touches(self, address: int, size: int) -> bool:
        """Do these bytes reach into the guarded region?"""
        return bool(self.region) and address < self.region.stop and address + size > self.region.start

    def _met(self, engine: Any, _access: int, address: int, *_rest: Any) -> None:
        if self.met is None:
            self.met = address
        engine.emu_stop()

    def note(self, place: int) -> None:
        """A HardFault, its frame at `place`: note the cause where the MPU is it. Then it is off (HFNMIENA is 0)."""
        status = STACKING_FAULT if self.touches(place, 32) else 0
        status |= ACCESS_FAULT if self.met is not None else 0
        self.met = None
        self._chip.registers |= {CFSR: self._chip.get(CFSR) | status, CTRL: 0}
        self.protect()

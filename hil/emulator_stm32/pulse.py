"""pulse.c, compiled and hooked into unicorn: what counts the processor's time and stops it in time."""

from __future__ import annotations

import ctypes
import hashlib
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from unicorn import arm_const
from unicorn.unicorn_py3.unicorn import uclib

from hil.errors import DeviceMissing

_SOURCE = Path(__file__).with_name("pulse.c")
_BUILT = Path(__file__).resolve().parents[2] / "build" / "emulator-stm32"
_FLAGS = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")
_HOOK_INTERRUPT, _HOOK_BLOCK = 1, 8  # UC_HOOK_INTR, UC_HOOK_BLOCK
NONE, TIME, INTERRUPT, EXCEPTION = range(4)


class Pulse(ctypes.Structure):
    """pulse_t of pulse.c."""

    _fields_ = (
        ("now", ctypes.c_uint64),
        ("deadline", ctypes.c_uint64),
        ("attention", ctypes.c_uint32),
        ("why", ctypes.c_uint32),
        ("number", ctypes.c_uint32),
        ("primask", ctypes.c_int32),
        ("basepri", ctypes.c_int32),
        ("stop", ctypes.c_void_p),
        ("reg_read", ctypes.c_void_p),
    )


@cache
def _library() -> ctypes.CDLL:
    """Compile pulse.c once for each version of it. Raises DeviceMissing without a compiler."""
    digest = hashlib.sha256(_SOURCE.read_bytes() + repr(_FLAGS).encode()).hexdigest()[:12]
    built = _BUILT / f"pulse-{digest}.so"
    if not built.is_file():
        _BUILT.mkdir(parents=True, exist_ok=True)
        part = built.with_suffix(f".{os.getpid()}")
        try:
            subprocess.run(["gcc", *_FLAGS, "-o", part, _SOURCE], check=True)
        except FileNotFoundError:
            raise DeviceMissing("gcc is missing: the emulated STM32 needs it. Run 'make setup'.") from None
        part.replace(built)
    return ctypes.CDLL(str(built))


def pulse_of(engine: Any) -> Pulse:
    """Count the time of this unicorn engine from 0 on."""
    library = _library()
    stop, reg_read = (ctypes.cast(each, ctypes.c_void_p).value for each in (uclib.uc_emu_stop, uclib.uc_reg_read))
    pulse = Pulse(0, 0, 0, 0, 0, arm_const.UC_ARM_REG_PRIMASK, arm_const.UC_ARM_REG_BASEPRI, stop, reg_read)
    for kind, function in ((_HOOK_BLOCK, library.pulse_block), (_HOOK_INTERRUPT, library.pulse_exception)):
        hook = ctypes.c_size_t()
        everywhere = (ctypes.c_uint64(1), ctypes.c_uint64(0))
        error = uclib.uc_hook_add(
            engine._uch,
            ctypes.byref(hook),
            kind,
            ctypes.cast(function, ctypes.c_void_p),
            ctypes.byref(pulse),
            *everywhere,
        )
        if error:
            raise RuntimeError(f"unicorn refuses a hook: {error}")
    return pulse

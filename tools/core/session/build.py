"""Build the session's code for a Cortex-M, without a board around it.

An image lies in build/core/session-KEY/, where KEY is a hash of sources, flags and versions. On Cortex-M0 it multiplies
with the compiler library's code; a board's image has the Pico SDK's (tools/ports/multiply.py).
Errors: Problem if the compiler is missing or refuses.
"""

from pathlib import Path

from c_ext.host.build import mbedtls_flags
from tools.console import digest
from tools.core.sources import OUT, SESSION_DIR, c_files, must
from tools.core.target.build import BAREMETAL_DIR, COMPILER, OWN_LOOPS, TARGETS, compiler_version
from tools.source import mbedtls_source

FLAGS = ("-std=c11", "-ffreestanding", "-mthumb", "-g", "-O2", "-ffunction-sections", "-Wall", "-Wextra", "-Werror")
# Code and constants, then data: where a Pico has them.
PLACES = ("-Wl,-Ttext=0x10000000", "-Wl,-Tdata=0x20000000", "-Wl,-e,session_init")


def build(target: str, session_dir: Path = SESSION_DIR) -> Path:
    """Return the ELF file for 'm0', 'm3', 'm4' or 'm33'."""
    cpu = f"-mcpu={TARGETS[target].cpu}"
    sources = [*c_files(session_dir), *sorted((session_dir / "mbedtls").glob("*.c")), BAREMETAL_DIR / "memory.c"]
    headers = [*sorted(session_dir.glob("*.h")), *sorted((session_dir / "mbedtls").glob("*.h"))]
    outside = mbedtls_source()
    key = digest([*sources, *headers], cpu, *FLAGS, *PLACES, str(outside), compiler_version())[:16]
    elf = OUT / f"session-{key}" / f"{target}.elf"
    if not elf.exists():
        elf.parent.mkdir(parents=True, exist_ok=True)
        objects = []
        for source in sources:
            objects.append(elf.parent / f"{source.parent.name}_{source.stem}.o")
            own = (OWN_LOOPS,) if source.name == "memory.c" else ()
            flags = mbedtls_flags(outside) if source.parent.name == "mbedtls" else []
            must([COMPILER, cpu, *FLAGS, *own, *flags, "-c", source, "-o", objects[-1]])
        fresh = elf.with_suffix(".new")
        must([COMPILER, cpu, "-mthumb", "-nostdlib", *PLACES, *objects, "-lgcc", "-o", fresh])
        fresh.replace(elf)
    return elf

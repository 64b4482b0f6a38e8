"""Build the core's bare-metal images: one vector runner for each Cortex-M, and variants for the measurements.

All targets use one set of release flags, from tools/core/cost/budget.toml. An image lies in build/core/target-KEY/,
where KEY is a hash of sources, flags and the compiler's version, so an existing image is up to date by construction.

Errors: Problem if the compiler is missing or refuses.
"""

import subprocess
import tempfile
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tools.console import BUILD, ROOT, Problem, digest

CORE_DIR = ROOT / "c_ext" / "core"
BAREMETAL_DIR = ROOT / "c_ext" / "baremetal"
BUDGET = ROOT / "tools" / "core" / "cost" / "budget.toml"
OUT = BUILD / "core"
COMPILER = "arm-none-eabi-gcc"
# If this file exists, it includes all others, and they are compiled as one unit.
UNITY = "core_unity.c"
RUNNER = ("startup.c", "runner.c")
HELPERS = "memory.c"

COMMON = ("-std=c11", "-ffreestanding", "-mthumb", "-g", "-Wall", "-Wextra", "-Werror", "-fno-jump-tables")
# One section per function, so that two builds differ only where the code does, and stack figures are per function.
ANALYSIS = ("-ffunction-sections", "-fstack-usage")
# Otherwise GCC turns the loop of memcpy() into a call of memcpy().
OWN_LOOPS = "-fno-tree-loop-distribute-patterns"


class Target(NamedTuple):
    """A processor: GCC's name, the QEMU machine that has it, the linker script of that machine's memory."""

    cpu: str
    machine: str
    memory: str


# Armv6-M code runs on Cortex-M0 and M0+ alike; GCC tunes it for the M0+.
TARGETS = {
    "m0": Target("cortex-m0plus", "microbit", "microbit.ld"),
    "m3": Target("cortex-m3", "mps2-an385", "mps2.ld"),
    "m4": Target("cortex-m4", "mps2-an386", "mps2.ld"),
    "m33": Target("cortex-m33", "mps2-an505", "an505.ld"),
}


class Image(NamedTuple):
    """A linked image and its objects of the core."""

    elf: Path
    objects: tuple[Path, ...]


@cache
def budget(path: Path = BUDGET) -> dict[str, Any]:
    """Return the committed figures and flags."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def core_sources(core_dir: Path = CORE_DIR) -> list[Path]:
    """Return the files of the core to compile: the one unit that includes all, if it exists, else every file."""
    unity = core_dir / UNITY
    return [unity] if unity.exists() else sorted(core_dir.glob("*.c"))


def build(
    target: str,
    core_dir: Path = CORE_DIR,
    flags: tuple[str, ...] | None = None,
    program: tuple[str, ...] = RUNNER,
) -> Image:
    """Build the image for `target` from the core in `core_dir` and the bare-metal sources named in `program`.

    flags: instead of the committed release flags, for comparisons.
    """
    release = flags if flags is not None else tuple(budget()["build"]["flags"])
    folder = OUT / f"target-{_key(target, core_dir, release, program)}"
    elf = folder / f"{target}.elf"
    names = [path.stem + ".o" for path in core_sources(core_dir)]
    if not elf.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as name:
            work = Path(name)
            _compile(TARGETS[target], core_dir, release, program, work, elf.name)
            folder.mkdir(exist_ok=True)
            for each in sorted(work.iterdir(), key=lambda path: path.suffix == ".elf"):
                each.replace(folder / each.name)
    return Image(elf, tuple(folder / each for each in names))


def _compile(
    target: Target, core_dir: Path, release: tuple[str, ...], program: tuple[str, ...], work: Path, elf: str
) -> None:
    machine = (COMPILER, f"-mcpu={target.cpu}", *COMMON)
    include = ("-I", core_dir, "-I", BAREMETAL_DIR)
    objects = []
    for source in core_sources(core_dir):
        objects.append(work / (source.stem + ".o"))
        _run(*machine, *release, *ANALYSIS, *include, "-c", source, "-o", objects[-1])
    for part in (*program, HELPERS):
        objects.append(work / ("baremetal_" + Path(part).stem + ".o"))
        _run(*machine, *release, *ANALYSIS, OWN_LOOPS, *include, "-c", BAREMETAL_DIR / part, "-o", objects[-1])
    scripts = ("-T", BAREMETAL_DIR / target.memory, "-T", BAREMETAL_DIR / "image.ld")
    _run(*machine, *release, "-nostdlib", *scripts, *objects, "-lgcc", "-o", work / elf)


def _key(target: str, core_dir: Path, release: tuple[str, ...], program: tuple[str, ...]) -> str:
    parts = [*core_dir.glob("*.[ch]"), *BAREMETAL_DIR.glob("*.*")]
    facts = (target, *release, *COMMON, *ANALYSIS, *program, compiler_version())
    return digest(sorted(parts), *facts)[:16]


@cache
def compiler_version() -> str:
    """Return the first line of the compiler's version output."""
    return _run(COMPILER, "--version").splitlines()[0]


def _run(*command: str | Path) -> str:
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Problem(f"{words[0]} not found: install gcc-arm-none-eabi") from None
    if done.returncode != 0:
        raise Problem(f"{' '.join(words)}\n{done.stderr}")
    return done.stdout

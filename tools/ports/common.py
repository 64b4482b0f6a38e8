"""Shared by the ports' builds: MicroPython's make, its cross-compiler, the board's facts."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tools.console import BUILD, ROOT, digest, is_fresh, run_logged, stamp, timed
from tools.source import VERSION

# The C module of a board that is a pump: it has stroke interrupts, and a digest that the programmer can read.
PUMP_MODULE = "hardware"
MPY_CROSS = BUILD / "mpy-cross" / "mpy-cross"
# Day of the 1.25.0 release. It replaces today's date in sys.version, so that equal inputs give equal programs.
RELEASE_EPOCH_S = "1744675200"
# Variables of an outer make, or of the user's environment, that MicroPython's makefiles would take for their own.
NOT_FOR_MICROPYTHON = frozenset(
    "MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL GNUMAKEFLAGS BOARD PORT VARIANT BUILD PROG V DEBUG STRIP CROSS_COMPILE "
    "COPT CFLAGS CFLAGS_EXTRA CXXFLAGS CSUPEROPT LDFLAGS LDFLAGS_EXTRA FROZEN_MANIFEST USER_C_MODULES CMAKE_ARGS "
    "CMAKE_GENERATOR PICO_SDK_PATH PICO_BOARD PICO_PLATFORM RELEASE CC CXX".split()
)


class Job(NamedTuple):
    """One board to build."""

    board: str
    folder: Path  # boards/BOARD
    facts: dict[str, Any]  # board.toml
    modules: dict[str, Path]  # C modules by name
    inputs: list[Path]  # all that the program is made from
    release: bool

    @property
    def out(self) -> Path:
        """The folder of the results."""
        return BUILD / (f"{self.board}-release" if self.release else self.board)


def sources() -> list[Path]:
    """Return the sources that build and generate a board's image. A change of any of them triggers a new build."""
    made = [ROOT / "tools" / name for name in ("facts.py", "pins.py", "schema.py")]
    return [*made, *sorted(Path(__file__).parent.glob("*.py"))]


def compiler_version(compiler: str = "gcc") -> str:
    """Return the C compiler's version output. A new version triggers a new build."""
    return subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]


def make(name: str, folder: Path, *settings: str, variables: Mapping[str, str] | None = None) -> str:
    """Run MicroPython's make in `folder`, on all cores, isolated from an outer make's environment. Return output."""
    env = {key: value for key, value in os.environ.items() if key not in NOT_FOR_MICROPYTHON}
    env |= {
        "SOURCE_DATE_EPOCH": RELEASE_EPOCH_S,
        "MICROPY_GIT_TAG": f"v{VERSION}",
        "MICROPY_GIT_HASH": "",
        "MICROPY_MPYCROSS": str(MPY_CROSS),
    }
    env |= variables or {}
    command = ["make", f"-j{os.cpu_count() or 1}", "-C", str(folder), *settings]
    return run_logged(name, command, env=env)


def build_mpy_cross(tree: Path) -> None:
    """Build MicroPython's cross-compiler, which compiles the frozen modules."""
    done = MPY_CROSS.parent / ".stamp"
    key = digest([], VERSION, str(tree), compiler_version())
    if MPY_CROSS.is_file() and is_fresh(done, key):
        return
    shutil.rmtree(MPY_CROSS.parent, ignore_errors=True)
    with timed("building mpy-cross, MicroPython's compiler"):
        make("mpy-cross", tree / "mpy-cross", f"BUILD={MPY_CROSS.parent}")
    stamp(done, key)

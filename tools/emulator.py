"""Prepare the emulated Pico: Node, rp2040js by its lock file, and the stub boot ROM.

    python3 -m tools.emulator          installs and builds what is missing, prints the path of the boot ROM

Errors: Problem, naming what is missing and how to get it.
"""

import shutil
import subprocess
from pathlib import Path

from tools.bootstrap import install_packages
from tools.console import BUILD, ROOT, Problem, digest, is_fresh, locked, main_guard, run_logged, stamp, timed

EMULATOR = ROOT / "hil" / "emulator"
OUT = BUILD / "emulator"
BOOTROM = OUT / "bootrom.bin"
NODE_MAJOR_MIN = 18
ROM_BYTES_MAX = 16 * 1024
ROM_FLAGS = (
    "-mcpu=cortex-m0plus -mthumb -Os -std=gnu11 -ffreestanding -nostartfiles -nodefaultlibs "
    "-fno-tree-loop-distribute-patterns -Wall -Wextra -Werror"
).split()


def check_node() -> None:
    """Raise Problem unless Node is there and new enough."""
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < NODE_MAJOR_MIN:
        raise Problem(f"Node {NODE_MAJOR_MIN} or newer is needed for the emulated Pico, this is {version}")


def install_modules() -> None:
    """Install rp2040js into hil/emulator/node_modules, by hash, as package-lock.json pins it. Raises Problem."""
    done = EMULATOR / "node_modules" / ".stamp"
    key = digest([EMULATOR / "package.json", EMULATOR / "package-lock.json"])
    if is_fresh(done, key):
        return
    hint = "No network, or no package index? npm uses your own configuration (`npm config list`)."
    with timed("installing rp2040js, pinned, into hil/emulator/node_modules (reason: docs/dependencies.md)"):
        run_logged("npm", ["npm", "ci", "--ignore-scripts", "--loglevel=error"], cwd=EMULATOR, hint=hint)
    stamp(done, key)


def build_bootrom() -> Path:
    """Return the stub boot ROM, rebuilt if hil/emulator/bootrom has changed. Raises Problem."""
    folder = EMULATOR / "bootrom"
    done = OUT / ".stamp"
    key = digest([folder, Path(__file__)])
    if BOOTROM.is_file() and is_fresh(done, key):
        return BOOTROM
    OUT.mkdir(parents=True, exist_ok=True)
    elf = OUT / "bootrom.elf"
    sources = [folder / "vectors.S", folder / "rom.c"]
    command: list[str | Path] = [
        "arm-none-eabi-gcc",
        *ROM_FLAGS,
        f"-Wl,-T,{folder / 'rom.ld'}",
        "-o",
        elf,
        *sources,
        "-lgcc",
    ]
    with timed("building the emulated Pico's boot ROM"):
        run_logged("bootrom", command)
        fresh = OUT / "bootrom.new"
        run_logged("bootrom-binary", ["arm-none-eabi-objcopy", "-O", "binary", elf, fresh])
    if fresh.stat().st_size > ROM_BYTES_MAX:
        raise Problem(f"the boot ROM has {fresh.stat().st_size} bytes, {ROM_BYTES_MAX} is the most")
    fresh.replace(BOOTROM)
    stamp(done, key)
    return BOOTROM


def main() -> None:
    """Command line."""
    install_packages("emulator")
    if not shutil.which("npm"):
        raise Problem("npm is not installed. It comes with Node, or as Debian's package npm.")
    check_node()
    with locked(BUILD / ".emulator-lock"):
        install_modules()
        print(build_bootrom())


if __name__ == "__main__":
    main_guard(main)

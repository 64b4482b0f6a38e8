"""Boards of MicroPython's port stm32: an image for STM32 chips, as Intel hex, ELF and plain binary.

    build/BOARD/firmware.hex, .elf, .bin, .json     the json names the image's SHA-256 (tools/ports/image.py)

ST's headers and drivers (lib/stm32lib) are in no Debian package, so the source is a checkout of MicroPython with its
submodules, MICROPYTHON_DIR.
Errors: Problem, naming everything that is missing and the command that gets it.
"""

import os
import shutil
import subprocess
from pathlib import Path

from tools import facts, pins, schema
from tools.bootstrap import install_packages
from tools.console import ROOT, Problem, digest, is_fresh, locked, stamp, timed, write_if_changed
from tools.ports import common, image
from tools.ports.unix import link_modules
from tools.source import VERSION, mbedtls_source, source

MODULE_FILE = "micropython.mk"
FLASH_ADDRESS = 0x08000000
COMPILER = "arm-none-eabi-gcc"
# By submodule: a file that exists once it has been fetched, and the purpose of the submodule.
SUBMODULES = {
    "lib/stm32lib": ("CMSIS/STM32L4xx/Include/stm32l476xx.h", "ST's register definitions and drivers"),
    "lib/micropython-lib": ("README.md", "looked for by MicroPython's makefiles"),
}
# The files that the port reads of a board. It also wants pins.csv, which is made from the board's table of pins.
CONFIGURATION = ("mpconfigboard.h", "mpconfigboard.mk")
CLONE = f"git clone --branch v{VERSION} --depth 1 https://github.com/micropython/micropython"


def checkout(board: str) -> Path:
    """Return the tree of MICROPYTHON_DIR. Raises Problem if it is unset or incomplete, listing all that is missing."""
    given = os.environ.get("MICROPYTHON_DIR")
    if not given:
        listed = "\n".join(f"    {name}: {why}" for name, (_, why) in SUBMODULES.items())
        raise Problem(
            f"{board} needs a checkout of MicroPython {VERSION} with these submodules, the first of which is in no "
            f"Debian package:\n{listed}\nGet it, and name it:\n    {CLONE}\n"
            f"    cd micropython && {_update(list(SUBMODULES))}\n"
            f"    make firmware BOARD={board} MICROPYTHON_DIR=/path/to/micropython"
        )
    tree = source()
    if not (tree / "ports" / "stm32" / "Makefile").is_file():
        raise Problem(f"MICROPYTHON_DIR={tree} lacks ports/stm32. A whole checkout has it: {CLONE}")
    missing = {name: why for name, (probe, why) in SUBMODULES.items() if not (tree / name / probe).is_file()}
    if missing:
        listed = "\n".join(f"    {name}: {why}" for name, why in missing.items())
        raise Problem(f"MICROPYTHON_DIR={tree} lacks\n{listed}\nIn the checkout:  {_update(list(missing))}")
    return tree


def _update(names: list[str]) -> str:
    return f"git submodule update --init --depth 1 {' '.join(names)}"


def build(job: common.Job) -> Path:
    """Return the hex file, built if its inputs have changed. Raises Problem."""
    tree = checkout(job.board)
    mbedtls = mbedtls_source()
    install_packages("build")
    install_packages("rp2")
    out = job.out
    program = out / "firmware.hex"
    kinds = ("*.mk", "*.ld")  # make follows neither
    flags = [each for folder in job.inputs for kind in kinds for each in sorted(folder.glob(kind))] + common.sources()
    versions = (VERSION, str(tree), str(mbedtls), common.compiler_version(COMPILER))
    flags_key = digest(flags, *versions, str(job.release))
    key = digest(job.inputs, flags_key)
    with locked(out / ".lock"):
        if program.is_file() and is_fresh(out / ".stamp", key):
            return program
        common.build_mpy_cross(tree)
        objects = out / "objects"
        if not is_fresh(out / ".flags", flags_key):
            # Make does not notice a change of compiler flags.
            shutil.rmtree(objects, ignore_errors=True)
        stamp(out / ".flags", flags_key)
        generated = out / "generated"
        facts.write(generated, job.board, job.facts)
        pins.write(generated, job.board, job.facts)
        schema.write(generated)
        for name in CONFIGURATION:
            write_if_changed(generated / name, (job.folder / name).read_text(encoding="utf-8"))
        with timed(f"building MicroPython {VERSION} with the firmware for {out.name}"):
            links = link_modules(out / "modules", job.facts["c_modules"])
            settings = [f"BOARD={job.board}", f"BOARD_DIR={generated}", f"BUILD={objects}", f"USER_C_MODULES={links}"]
            variables = {
                "RELEVE_BOARDS": str(ROOT / "boards"),
                "RELEVE_GENERATED": str(generated),
                "RELEVE_MBEDTLS": str(mbedtls),
                "RELEVE_RELEASE": "1" if job.release else "0",
                "RELEVE_PREFIX_MAPS": prefix_maps(tree, objects),
            }
            common.make(f"firmware-{out.name}", tree / "ports" / "stm32", *settings, variables=variables)
        shutil.copy2(objects / "firmware.elf", out / "firmware.elf")
        shutil.copy2(objects / "firmware.bin", out / "firmware.bin")
        image.seal(out, FLASH_ADDRESS, job.board)
        fresh = out / "firmware.hex.new"
        command = ["arm-none-eabi-objcopy", "-O", "ihex", str(out / "firmware.elf"), str(fresh)]
        subprocess.run(command, check=True)
        fresh.replace(program)
        stamp(out / ".stamp", key)
    return program


def prefix_maps(tree: Path, objects: Path) -> str:
    """Return compiler flags that keep this machine's folders out of the image."""
    folders = {tree: "micropython", objects: "build", ROOT: "releve"}
    return " ".join(f"-fmacro-prefix-map={folder}={name}" for folder, name in folders.items())

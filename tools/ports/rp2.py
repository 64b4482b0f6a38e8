"""Boards of MicroPython's port rp2: an image for the RP2040 or RP2350, as UF2, ELF and plain binary.

    build/BOARD/firmware.uf2, .elf, .bin, .json     the json names the image's SHA-256 (tools/ports/image.py)

A release is built into build/BOARD-release. The code of the stroke's interrupt must lie in RAM, which the build checks.
An image without the C module `hardware` is no pump: it has neither stroke interrupts nor a digest of its own. On an
RP2040 the session's multiplication must be the SDK's, which takes the same time for all numbers. An
RP2350 starts only an image that says what it is in its first 4 KB, which the build checks too.
"""

import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from tools import facts, pins, schema
from tools.bootstrap import install_packages
from tools.console import ROOT, Problem, digest, is_fresh, locked, run_logged, stamp, timed
from tools.ports import common, image, in_ram, multiply
from tools.source import VERSION, mbedtls_source, rp2_source

MODULE_FILE = "micropython.cmake"
FLASH_ADDRESS = 0x10000000
COMPILER = "arm-none-eabi-gcc"


class Chip(NamedTuple):
    """A chip of the family."""

    platform: str  # the Pico SDK's name
    uf2_family: int  # the boot ROM takes no other
    marked: bool  # its boot ROM looks for an image definition
    multiplies: bool  # it has an instruction for 32 x 32 = 64 bits


CHIPS = {
    "RP2040": Chip("rp2040", 0xE48BFF56, False, False),
    "RP2350": Chip("rp2350-arm-s", 0xE48BFF59, True, True),
}
# An image definition for a program in Arm code, secure, for the RP2350 (its datasheet, 5.9.1): a mark, one item of type
# and flags. It must begin in the first 4 KB.
IMAGE_DEFINITION = bytes.fromhex("d3deffff42012110")
IMAGE_DEFINITION_BYTES = 4096


def chip_of(board: str, facts: dict[str, Any]) -> Chip:
    """Return the chip that board.toml names. Raises Problem if it is none of the family."""
    name = facts.get("chip")
    if name not in CHIPS:
        raise Problem(f"boards/{board}/board.toml: chip is {name!r}, not one of {', '.join(CHIPS)}")
    return CHIPS[name]


def check_marked(binary: bytes, board: str) -> None:
    """Raise Problem unless the RP2350's boot ROM takes the image for one."""
    if IMAGE_DEFINITION not in binary[:IMAGE_DEFINITION_BYTES]:
        raise Problem(f"{board}: no image definition in the first {IMAGE_DEFINITION_BYTES} bytes; it would not start")


def core_flags() -> str:
    """Return the dose core's release flags, the same on every target."""
    budget = tomllib.loads((ROOT / "tools/core/cost/budget.toml").read_text(encoding="utf-8"))
    return " ".join(budget["build"]["flags"])


def build(job: common.Job) -> Path:
    """Return the UF2 file, built if its inputs have changed. Raises Problem."""
    chip = chip_of(job.board, job.facts)
    install_packages("build")
    install_packages("rp2")
    tree = rp2_source()
    mbedtls = mbedtls_source()
    out = job.out
    program = out / "firmware.uf2"
    made_by = [*(each / MODULE_FILE for each in job.modules.values()), *common.sources()]
    flags = [*(each for folder in job.inputs for each in sorted(folder.glob("*.cmake"))), *made_by]
    versions = (VERSION, str(tree), str(mbedtls), common.compiler_version(COMPILER))
    flags_key = digest(flags, *versions, core_flags(), repr(chip), str(job.release))
    key = digest(job.inputs, flags_key)
    with locked(out / ".lock"):
        if program.is_file() and is_fresh(out / ".stamp", key):
            return program
        common.build_mpy_cross(tree)
        objects = out / "objects"
        if not is_fresh(out / ".flags", flags_key):
            # CMake keeps the results of its first run.
            shutil.rmtree(objects, ignore_errors=True)
        stamp(out / ".flags", flags_key)
        generated = out / "generated"
        facts.write(generated, job.board, job.facts)
        pins.write(generated, job.board, job.facts)
        schema.write(generated)
        name = f"firmware-{out.name}"
        with timed(f"building MicroPython {VERSION} with the firmware for {out.name}"):
            settings = [f"BOARD={job.board}", f"BOARD_DIR={job.folder}", f"BUILD={objects}"]
            if job.modules:
                modules = ";".join(str(each / MODULE_FILE) for each in job.modules.values())
                settings += [f"USER_C_MODULES='{modules}'"]
            variables = {
                "RELEVE_GENERATED": str(generated),
                "RELEVE_MBEDTLS": str(mbedtls),
                "RELEVE_CORE_FLAGS": core_flags(),
                "RELEVE_RELEASE": "1" if job.release else "0",
                "RELEVE_PICO_PLATFORM": chip.platform,
                "CFLAGS": prefix_maps(tree, objects),
            }
            common.make(name, tree / "ports" / "rp2", *settings, variables=variables)
        for suffix in ("elf", "bin"):
            shutil.copy2(objects / f"firmware.{suffix}", out / f"firmware.{suffix}")
        if chip.marked:
            check_marked((out / "firmware.bin").read_bytes(), job.board)
        if common.PUMP_MODULE in job.modules:
            in_ram.check(objects / "firmware.elf", in_ram.ROOTS)
            if not chip.multiplies:
                multiply.check(objects / "firmware.elf")
            image.seal(out, FLASH_ADDRESS, job.board)
        else:
            image.describe(out, job.board)
        fresh = out / "firmware.uf2.new"
        script: list[str | Path] = [
            sys.executable,
            tree / "tools" / "uf2conv.py",
            "-b",
            hex(FLASH_ADDRESS),
            "-f",
            hex(chip.uf2_family),
        ]
        run_logged(f"{name}-uf2", [*script, "-c", "-o", fresh, out / "firmware.bin"])
        fresh.replace(program)
        stamp(out / ".stamp", key)
    return program


def prefix_maps(tree: Path, objects: Path) -> str:
    """Return compiler flags that keep this machine's folders out of the image."""
    folders = {tree: "micropython", tree.parent.parent: "cache", objects: "build", ROOT: "releve"}
    return " ".join(f"-fmacro-prefix-map={folder}={name}" for folder, name in folders.items())

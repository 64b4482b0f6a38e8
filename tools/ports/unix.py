"""Boards of MicroPython's port unix: a program that runs on this machine."""

import os
import shutil
from pathlib import Path

from tools import facts, schema
from tools.bootstrap import install_packages
from tools.console import ROOT, digest, is_fresh, locked, stamp, timed
from tools.ports import common
from tools.source import VERSION, mbedtls_source, source

MODULE_FILE = "micropython.mk"


def link_modules(folder: Path, modules: dict[str, str]) -> Path:
    """Fill `folder` with one link for each C module, side by side as MicroPython's USER_C_MODULES wants them."""
    folder.mkdir(parents=True, exist_ok=True)
    for link in folder.iterdir():
        if link.name not in modules or not link.is_symlink() or link.resolve() != (ROOT / modules[link.name]).resolve():
            link.unlink()
    for name, target in modules.items():
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(os.path.relpath(ROOT / target, folder), target_is_directory=True)
    return folder


def build(job: common.Job) -> Path:
    """Return the program, built if its inputs have changed. Raises Problem."""
    install_packages("build")
    tree = source()
    mbedtls = mbedtls_source()
    out = job.out
    program = out / "micropython"
    own = [Path(__file__), ROOT / "tools" / "facts.py", ROOT / "tools" / "schema.py"]
    flags = [job.folder / "mpconfigvariant.mk", *(each / MODULE_FILE for each in job.modules.values()), *own]
    flags_key = digest(flags, VERSION, str(tree), str(mbedtls), common.compiler_version())
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
        with timed(f"building MicroPython {VERSION} with the firmware for {job.board}"):
            links = link_modules(out / "modules", job.facts["c_modules"])
            generated = out / "generated"
            facts.write(generated, job.board, job.facts)
            schema.write(generated)
            port = tree / "ports" / "unix"
            settings = [f"VARIANT_DIR={job.folder}", f"BUILD={objects}", f"USER_C_MODULES={links}"]
            variables = {"RELEVE_GENERATED": str(generated), "RELEVE_MBEDTLS": str(mbedtls)}
            common.make(f"firmware-{job.board}", port, *settings, variables=variables)
        # Replaced atomically: a running board keeps its program.
        fresh = out / "micropython.new"
        shutil.copy2(objects / "micropython", fresh)
        fresh.replace(program)
        stamp(out / ".stamp", key)
    return program

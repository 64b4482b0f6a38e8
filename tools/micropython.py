"""Build MicroPython with the project's firmware for a board.

    python3 -m tools.micropython BOARD          builds if stale, prints the path of the result

boards/BOARD/board.toml says from which port, with which C modules and from which inputs. Results lie in build/BOARD/.
Errors: Problem, with the last lines of the build log and its path.
"""

import argparse
import os
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

from tools.bootstrap import install_packages
from tools.console import BUILD, ROOT, Problem, digest, is_fresh, locked, main_guard, run_logged, stamp, timed
from tools.source import VERSION, source

MPY_CROSS = BUILD / "mpy-cross" / "mpy-cross"
# Day of the 1.25.0 release. It goes into sys.version in place of today, so that equal inputs give equal programs.
RELEASE_EPOCH_S = "1744675200"
# Variables of an outer make, or of a person's environment, that MicroPython's makefiles would take for their own.
NOT_FOR_MICROPYTHON = frozenset(
    "MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL GNUMAKEFLAGS BOARD PORT VARIANT BUILD PROG V DEBUG STRIP CROSS_COMPILE "
    "COPT CFLAGS CFLAGS_EXTRA CSUPEROPT LDFLAGS LDFLAGS_EXTRA FROZEN_MANIFEST USER_C_MODULES".split()
)


def board_facts(board: str) -> dict[str, Any]:
    """boards/BOARD/board.toml. Raises Problem if there is no such board, or something it names is not there."""
    folder = ROOT / "boards" / board
    path = folder / "board.toml"
    if not path.is_file():
        known = ", ".join(sorted(each.parent.name for each in (ROOT / "boards").glob("*/board.toml")))
        raise Problem(f"no board {board!r}; boards/ has {known}")
    facts = tomllib.loads(path.read_text(encoding="utf-8"))
    if facts.get("port") != "unix":
        raise Problem(f"{path.relative_to(ROOT)}: port {facts.get('port')!r} cannot be built yet, only 'unix'")
    for name, module in facts["c_modules"].items():
        if not (ROOT / module / "micropython.mk").is_file():
            raise Problem(f"C module {name!r} of board {board}: {module}/micropython.mk is missing")
    for each in facts["inputs"]:
        if not (ROOT / each).exists():
            raise Problem(f"{each}, an input of board {board}, is missing")
    return facts


def link_modules(folder: Path, modules: dict[str, str]) -> Path:
    """Make `folder` hold one link for each C module, as MicroPython's USER_C_MODULES wants them: side by side."""
    folder.mkdir(parents=True, exist_ok=True)
    for link in folder.iterdir():
        if link.name not in modules or not link.is_symlink() or link.resolve() != (ROOT / modules[link.name]).resolve():
            link.unlink()
    for name, target in modules.items():
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(os.path.relpath(ROOT / target, folder), target_is_directory=True)
    return folder


def compiler_version() -> str:
    """What the C compiler says it is; a new one means a new build."""
    return subprocess.run(["gcc", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]


def make(name: str, folder: Path, *settings: str) -> None:
    """Run MicroPython's make in `folder`, on all cores, untouched by the environment of an outer make."""
    env = {key: value for key, value in os.environ.items() if key not in NOT_FOR_MICROPYTHON}
    env |= {
        "SOURCE_DATE_EPOCH": RELEASE_EPOCH_S,
        "MICROPY_GIT_TAG": f"v{VERSION}",
        "MICROPY_MPYCROSS": str(MPY_CROSS),
    }
    command = ["make", f"-j{os.cpu_count() or 1}", "-C", str(folder), *settings]
    run_logged(name, command, env=env)


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


def build_board(board: str) -> Path:
    """The program for `board`, built if its inputs have changed. Raises Problem."""
    facts = board_facts(board)
    install_packages("build")
    tree = source()
    folder = ROOT / "boards" / board
    out = BUILD / board
    program = out / "micropython"
    modules = [ROOT / each for each in facts["c_modules"].values()]
    flags = [folder / "mpconfigvariant.mk", *(each / "micropython.mk" for each in modules), Path(__file__)]
    flags_key = digest(flags, VERSION, str(tree), compiler_version())
    inputs = [folder, *modules, *(ROOT / each for each in facts["inputs"])]
    key = digest(inputs, flags_key)
    with locked(out / ".lock"):
        if program.is_file() and is_fresh(out / ".stamp", key):
            return program
        build_mpy_cross(tree)
        objects = out / "objects"
        if not is_fresh(out / ".flags", flags_key):
            # Make does not see a change of compiler flags.
            shutil.rmtree(objects, ignore_errors=True)
        stamp(out / ".flags", flags_key)
        with timed(f"building MicroPython {VERSION} with the firmware for {board}"):
            links = link_modules(out / "modules", facts["c_modules"])
            port = tree / "ports" / facts["port"]
            make(f"firmware-{board}", port, f"VARIANT_DIR={folder}", f"BUILD={objects}", f"USER_C_MODULES={links}")
        # Replaced as a whole: a board that is running keeps its program.
        fresh = out / "micropython.new"
        shutil.copy2(objects / "micropython", fresh)
        fresh.replace(program)
        stamp(out / ".stamp", key)
    return program


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Build MicroPython with the project's firmware for a board.")
    parser.add_argument("board")
    print(build_board(parser.parse_args().board))


if __name__ == "__main__":
    main_guard(main)

"""Build MicroPython with the project's firmware for a board.

    python3 -m tools.micropython BOARD [--release]     builds if stale, prints the path of the result

boards/BOARD/board.toml names the port, the C modules and the inputs. Results lie in build/BOARD/, those of a release
(no console) in build/BOARD-release/; a pump's must be closed (tools/closed_image.py).
Errors: Problem, with the last lines of the build log and its path.
"""

import argparse
import tomllib
from pathlib import Path
from typing import Protocol

from tools import closed_image
from tools.console import ROOT, Problem, main_guard
from tools.ports import rp2, stm32, unix
from tools.ports.common import PUMP_MODULE, Job


class Port(Protocol):
    """A module of tools.ports."""

    MODULE_FILE: str

    def build(self, job: Job) -> Path:
        """Return the program, built if its inputs have changed."""


PORTS: dict[str, Port] = {"unix": unix, "rp2": rp2, "stm32": stm32}


def board_job(board: str, release: bool = False) -> Job:
    """Return the job that boards/BOARD/board.toml describes. Raises Problem if the board or a named file is missing."""
    folder = ROOT / "boards" / board
    path = folder / "board.toml"
    if not path.is_file():
        known = ", ".join(sorted(each.parent.name for each in (ROOT / "boards").glob("*/board.toml")))
        raise Problem(f"no board {board!r}; boards/ has {known}")
    facts = tomllib.loads(path.read_text(encoding="utf-8"))
    port = PORTS.get(facts.get("port", ""))
    if port is None:
        raise Problem(
            f"{path.relative_to(ROOT)}: port {facts.get('port')!r} cannot be built yet, only {', '.join(PORTS)}"
        )
    if release and port is unix:
        raise Problem(f"{board} has no release: it is a program for this machine")
    modules = {name: ROOT / module for name, module in facts["c_modules"].items()}
    for name, module in modules.items():
        if not (module / port.MODULE_FILE).is_file():
            raise Problem(
                f"C module {name!r} of board {board}: {module.relative_to(ROOT)}/{port.MODULE_FILE} is missing"
            )
    inputs = [ROOT / each for each in facts["inputs"]]
    for each in inputs:
        if not each.exists():
            raise Problem(f"{each.relative_to(ROOT)}, an input of board {board}, is missing")
    return Job(board, folder, facts, modules, [folder, *modules.values(), *inputs], release)


def build_board(board: str, release: bool = False) -> Path:
    """Return the program for `board`, built if its inputs have changed. Raises Problem."""
    job = board_job(board, release)
    port = PORTS[job.facts["port"]]
    program = port.build(job)
    if release and PUMP_MODULE in job.modules:
        closed_image.check(program.with_suffix(".elf"), ROOT, job.facts["port"])
    return program


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Build MicroPython with the project's firmware for a board.")
    parser.add_argument("board")
    parser.add_argument("--release", action="store_true", help="without console")
    args = parser.parse_args()
    print(build_board(args.board, args.release))


if __name__ == "__main__":
    main_guard(main)

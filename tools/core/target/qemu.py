"""The vector runner as a bare-metal program in QEMU: from reset, on an emulated board, with the vectors in its memory.

Errors: Problem if QEMU is missing, hangs, or the board crashes. Mismatches are a result, not an error.
"""

import re
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from tools.console import Problem
from tools.core.target.build import TARGETS
from tools.core.target.elf import Elf

QEMU = "qemu-system-arm"
TIMEOUT_S = 900
CRASHED = 99


class Outcome(NamedTuple):
    """A board's output: calls made, calls that differed, and the whole text."""

    calls: int
    mismatches: int
    output: str


def play(elf: Elf, target: str, blob: bytes) -> Outcome:
    """Play `blob` on the board of `target`. Raises Problem if the stream does not fit or the board does not finish."""
    room = elf.addresses["vectors_bytes"]
    if len(blob) > room:
        raise Problem(f"{len(blob)} bytes of vectors, but {target} has room for {room}")
    with tempfile.NamedTemporaryFile(suffix=".bin") as vectors:
        vectors.write(blob)
        vectors.flush()
        output, status = _run(
            elf.path, target, f"loader,file={vectors.name},addr={elf.addresses['vectors']:#x},force-raw=on"
        )
    calls = re.search(r"^calls ([0-9a-f]{8})$", output, re.MULTILINE)
    mismatches = re.search(r"^mismatches ([0-9a-f]{8})$", output, re.MULTILINE)
    if calls is None or mismatches is None or status not in (0, 1):
        raise Problem(f"{target}: the board {'crashed' if status == CRASHED else f'ended with {status}'}:\n{output}")
    return Outcome(int(calls[1], 16), int(mismatches[1], 16), output)


def run_program(elf: Path, target: str) -> str:
    """Return the output of a program that needs no vectors. Raises Problem unless it ends with status 0."""
    output, status = _run(elf, target, None)
    if status != 0:
        raise Problem(f"{target}: {elf.name} ended with {status}:\n{output}")
    return output


def _run(elf: Path, target: str, device: str | None) -> tuple[str, int]:
    command = [QEMU, "-M", TARGETS[target].machine, "-nographic", "-monitor", "none", "-serial", "none"]
    # The program prints and ends through semihosting.
    command += ["-semihosting-config", "enable=on,target=native", "-kernel", str(elf)]
    if device is not None:
        command += ["-device", device]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except FileNotFoundError:
        raise Problem(f"{QEMU} not found: install qemu-system-arm") from None
    except subprocess.TimeoutExpired:
        raise Problem(f"{target}: no end after {TIMEOUT_S} s") from None
    return done.stdout + done.stderr, done.returncode

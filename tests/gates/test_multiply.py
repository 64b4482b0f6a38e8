"""The gate on the 64-bit multiplication: what the compiler library brings is refused, the SDK's is not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.gates.test_board_image import needs_compiler
from tools.console import Problem
from tools.ports import multiply

CODE = """
    unsigned long long run(unsigned long long a, unsigned long long b) { return a * b; }
    unsigned long long __wrap___aeabi_lmul(unsigned long long a, unsigned long long b) { (void)b; return %s; }
"""


def linked(folder: Path, code: str, *flags: str, cpu: str = "cortex-m0plus") -> Path:
    """An image whose multiplications are the compiler library's, or with --wrap the ones in `code`."""
    (folder / "x.c").write_text(code)
    elf = folder / "firmware.elf"
    command = ["arm-none-eabi-gcc", f"-mcpu={cpu}", "-mthumb", "-O1", "-nostartfiles", "-Wl,-e,run", *flags]
    subprocess.run([*command, "-o", elf, folder / "x.c", "-lgcc"], check=True)
    return elf


WRAP = "-Wl,--wrap=__aeabi_lmul"


@needs_compiler
def test_multiplication_without_a_branch_passes(tmp_path: Path) -> None:
    assert multiply.check(linked(tmp_path, CODE % "a", WRAP), ("run",)) == 1


@needs_compiler
def test_the_compiler_librarys_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="multiplies with __aeabi_lmul, not with the SDK's"):
        multiply.check(linked(tmp_path, CODE % "a"), ("run",))


@needs_compiler
@pytest.mark.parametrize("branch", ["beq 1f", "bcs 1f", "b 1f"])
def test_one_that_branches_is_refused(tmp_path: Path, branch: str) -> None:
    code = CODE % f'({{ __asm volatile("cmp r0, #0; {branch}; nop; 1:"); a; }})'
    with pytest.raises(Problem, match="branches, so its time"):
        multiply.check(linked(tmp_path, code, WRAP), ("run",))


@needs_compiler
def test_on_a_chip_that_can_multiply_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="looks at nothing"):
        multiply.check(linked(tmp_path, CODE % "a", WRAP, cpu="cortex-m4"), ("run",))

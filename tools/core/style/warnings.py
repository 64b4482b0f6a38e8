"""Warnings are errors: three compilers, gcc's analyser, clang-tidy.

    python -m tools.core.style.warnings [--core FOLDER]

Every file of the core is compiled for the host (gcc, clang) and for Cortex-M0+ and M4 (arm-none-eabi-gcc), and every
header by itself. The fuzz harness is host code and is checked with the host compilers' warnings.
Exit status 1 with the messages.
"""

import argparse
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.bootstrap import install_packages
from tools.console import Problem, main_guard, say
from tools.core.sources import CLANG, CORE_DIR, FREESTANDING, FUZZ_DIR, SESSION_DIR, c_files, run

COMMON = (
    "-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef -Wstrict-prototypes -Wmissing-prototypes "
    "-Wold-style-definition -Wcast-align -Wcast-qual -Wpointer-arith -Wwrite-strings -Wswitch-enum -Wswitch-default "
    "-Wfloat-equal -Wdouble-promotion -Wvla -Wformat=2 -Wredundant-decls -Wnested-externs -Wbad-function-cast -Werror"
).split()
GCC = "-Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init".split()
CLANG_ONLY = (
    "-Wcomma -Wassign-enum -Wconditional-uninitialized -Wimplicit-fallthrough -Wunreachable-code-aggressive "
    "-Wmissing-variable-declarations -Wextra-semi-stmt -Wtautological-compare"
).split()
HOSTED = ("-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wundef", "-Wmissing-prototypes", "-Werror")
ARM = ("arm-none-eabi-gcc", "-mthumb")
COMPILERS: dict[str, list[str]] = {
    "gcc": ["gcc", "-O2", *COMMON, *GCC],
    "gcc -fanalyzer": ["gcc", "-O1", "-fanalyzer", "-Werror"],
    "clang": [CLANG, "-O2", *COMMON, *CLANG_ONLY],
    "arm-none-eabi-gcc M0+": [*ARM, "-mcpu=cortex-m0plus", "-Os", *COMMON, *GCC],
    "arm-none-eabi-gcc M4": [*ARM, "-mcpu=cortex-m4", "-O2", *COMMON, *GCC],
}
# Checks that are off, and why:
#   easily-swappable-parameters: times, counts and rates are all integers in C; their names carry the unit
#   narrowing-conversions: -Wconversion says the same, in three compilers
#   DeprecatedOrUnsafeBufferHandling: asks for Annex K's memcpy_s, which no libc here has
TIDY = (
    "-*,bugprone-*,cert-*,clang-analyzer-*,-bugprone-easily-swappable-parameters,-bugprone-narrowing-conversions,"
    "-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling"
)


def jobs(core_dir: Path) -> Iterator[tuple[str, list[str | Path]]]:
    """Return (description, command) of every job that must produce no message."""
    include: list[str | Path] = ["-I", core_dir]
    for path in c_files(core_dir):
        for name, compiler in COMPILERS.items():
            yield f"{name} {path.name}", [*compiler, *FREESTANDING, *include, "-c", path, "-o", "/dev/null"]
        tidy: list[str | Path] = ["clang-tidy-19", "--quiet", f"--checks={TIDY}", "--warnings-as-errors=*", path]
        yield f"clang-tidy {path.name}", [*tidy, "--", *FREESTANDING, *include]
    for path in sorted(core_dir.glob("*.h")):
        once: list[str | Path] = [
            "gcc",
            *COMMON,
            *FREESTANDING,
            *include,
            "-fsyntax-only",
            "-include",
            path,
            "-x",
            "c",
            "/dev/null",
        ]
        yield f"alone {path.name}", once


def harness_jobs(core_dir: Path, fuzz_dir: Path = FUZZ_DIR) -> Iterator[tuple[str, list[str | Path]]]:
    """Return the same for the fuzz harness."""
    include: list[str | Path] = ["-I", core_dir]
    for path in sorted(fuzz_dir.glob("*.c")):
        for name in ("gcc", CLANG):
            hosted: list[str | Path] = [name, "-O2", *HOSTED, *include, "-I", fuzz_dir, "-c", path, "-o", "/dev/null"]
            yield f"{name} {path.name}", hosted


def check(todo: Iterable[tuple[str, list[str | Path]]]) -> list[str]:
    """Return the complaints of the compilers and clang-tidy, one text for each failed job; empty if there are none."""

    def one(job: tuple[str, list[str | Path]]) -> str:
        done = run(job[1])
        # clang-tidy counts suppressed warnings of system headers on standard error, so only its status is meaningful.
        return f"{job[0]}:\n{done.stdout}{done.stderr}" if done.returncode != 0 else ""

    with ThreadPoolExecutor(2) as pool:
        return [text for text in pool.map(one, todo) if text]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Compile the dose core with every warning as an error.")
    parser.add_argument("--core", type=Path, default=CORE_DIR)
    core_dir = parser.parse_args().core
    install_packages("core-gates")
    todo = [*jobs(core_dir), *harness_jobs(core_dir)]
    names = core_dir.name
    if core_dir == CORE_DIR:
        todo += [*jobs(SESSION_DIR), *harness_jobs(SESSION_DIR, FUZZ_DIR / "session")]
        names += f" and {SESSION_DIR.name}"
    found = check(todo)
    if found:
        raise Problem(f"{len(found)} compilations gave messages\n" + "\n".join(found))
    say(f"warnings: none in {len(todo)} compilations of {names}")


if __name__ == "__main__":
    main_guard(main)

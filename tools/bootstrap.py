"""Install what the project needs and the machine lacks: system packages, the virtual environment, type stubs.

    python3 -m tools.bootstrap venv [source]     packages for a group, then .venv from requirements.lock
    python3 -m tools.bootstrap stubs             MicroPython's type stubs into build/stubs

Existing installations are left alone. Each installation is announced with its reason. A second run takes well under a
second.
Errors: Problem, naming what is missing and how to get it.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tools.console import (
    BUILD,
    ROOT,
    Problem,
    digest,
    is_fresh,
    locked,
    main_guard,
    require_plain_paths,
    run_logged,
    say,
    stamp,
    timed,
)

VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
PYPROJECT = ROOT / "pyproject.toml"
LOCK = ROOT / "requirements.lock"
STUBS_LOCK = ROOT / "tools" / "stubs.lock"
STUBS = BUILD / "stubs"
LINK_BENCH_LOCK = ROOT / "tools" / "link-bench.lock"
LINK_BENCH = BUILD / "link-bench"
# pip builds the one source-only dependency (crcmod) with these, so they come first, by hash like all others.
INSTALLERS = ("pip", "setuptools")


class Package(NamedTuple):
    """A system package: the test for its presence, its Debian names, and the reason it is needed."""

    present: Callable[[], bool]
    debian: tuple[str, ...]
    why: str


def _compiles() -> bool:
    compiler = shutil.which("gcc")
    if not compiler or not shutil.which("cc"):
        return False
    command = [compiler, "-E", "-include", "stdio.h", "-x", "c", os.devnull]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _has_python_headers() -> bool:
    return (Path(sysconfig.get_paths()["include"]) / "Python.h").is_file()


def _has_venv() -> bool:
    # Debian's python3 comes without ensurepip, which is in python3-venv.
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        return False
    return True


def _has_bearssl() -> bool:
    return Path("/usr/include/bearssl.h").is_file()


def _has_dpkg_source() -> bool:
    return bool(shutil.which("dpkg-source") and shutil.which("xz"))


def _has(*programs: str) -> Callable[[], bool]:
    return lambda: all(shutil.which(program) for program in programs)


def _has_arm_libraries() -> bool:
    if not _has("arm-none-eabi-gcc", "arm-none-eabi-g++")():
        return False
    # The linker's specs come with newlib; the C++ library is a separate package.
    command = ["arm-none-eabi-g++", "-mcpu=cortex-m0plus", "-mthumb", "-print-file-name=libstdc++_nano.a"]
    library = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return Path(library).is_absolute()


def _has_clang() -> bool:
    if not _has("clang-19", "llvm-cov-19", "llvm-profdata-19")():
        return False
    # The runtime libraries of coverage and fuzzing are a separate package.
    command = ["clang-19", "-print-resource-dir"]
    folder = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return any(Path(folder).glob("lib/linux/libclang_rt.fuzzer-*.a"))


PACKAGES = {
    "build": (
        Package(_compiles, ("gcc", "libc6-dev"), "C compiler and C library headers: dose core, MicroPython"),
        Package(_has_python_headers, ("python3-dev",), "Python's headers: the dose core as a Python module, crcmod"),
        Package(_has_venv, ("python3-venv",), "a virtual environment of the project's own"),
    ),
    "source": (Package(_has_dpkg_source, ("dpkg-dev",), "dpkg-source and xz: unpack MicroPython's source"),),
    "rp2": (
        Package(
            _has_arm_libraries,
            ("gcc-arm-none-eabi", "libnewlib-arm-none-eabi", "libstdc++-arm-none-eabi-newlib"),
            "compiler and C library for the RP2040 and RP2350",
        ),
        Package(_has("cmake"), ("cmake",), "CMake: MicroPython's port for the RP2040 and RP2350"),
    ),
    "core-gates": (
        Package(
            _has_clang, ("clang-19", "llvm-19", "libclang-rt-19-dev"), "clang: MC/DC coverage, libFuzzer, warnings"
        ),
        Package(_has("clang-tidy-19"), ("clang-tidy-19",), "clang-tidy: static analysis of the dose core"),
        Package(_has("arm-none-eabi-gcc"), ("gcc-arm-none-eabi",), "gcc for Cortex-M: warnings, code size"),
    ),
    "core-target": (
        Package(_has("arm-none-eabi-gcc"), ("gcc-arm-none-eabi",), "gcc for Cortex-M: the dose core on its target"),
        Package(_has("qemu-system-arm"), ("qemu-system-arm",), "QEMU: bare-metal images of the dose core"),
    ),
    "core-proofs": (
        Package(_has("frama-c"), ("frama-c-base",), "Frama-C: run-time errors and contracts of the dose core"),
        Package(_has("why3", "z3", "cvc4"), ("why3", "z3", "cvc4"), "Why3, Z3, CVC4: decide the contracts' goals"),
    ),
    "session-proofs": (
        Package(_has("eprover", "SPASS"), ("eprover", "spass"), "E and SPASS: decide the model of the session"),
    ),
    "session-second": (
        Package(_has_bearssl, ("libbearssl-dev",), "BearSSL: the session's primitives a second time, for tests"),
    ),
    "emulator": (
        Package(_has("node"), ("nodejs",), "Node: runs the emulated Pico"),
        Package(_has("npm"), ("npm",), "npm: installs rp2040js, by hash"),
        Package(_has("arm-none-eabi-gcc"), ("gcc-arm-none-eabi",), "gcc for Cortex-M: the emulated Pico's boot ROM"),
    ),
    "core-afl": (Package(_has("afl-fuzz", "afl-clang-fast"), ("afl++",), "AFL++: the second fuzzer of the dose core"),),
}


def install_packages(group: str) -> None:
    """Install the system packages of `group` that are missing, through apt, as root or with sudo.

    Raises Problem, naming the packages, if there is no apt, no permission, or the installation fails.
    """
    missing = [package for package in PACKAGES[group] if not package.present()]
    if not missing:
        return
    names = [name for package in missing for name in package.debian]
    listed = "".join(f"\n    {' '.join(package.debian)}: {package.why}" for package in missing)
    needed = f"Required, but not found:{listed}\n"
    apt = shutil.which("apt-get")
    if not apt:
        raise Problem(
            f"{needed}There is no apt-get here to install them with. Install these (Debian's names) with your system's "
            "package manager and run make again."
        )
    command = [apt, "install", "--yes", "--no-install-recommends", *names]
    by_hand = f"Run as root:  apt-get update && apt-get install {' '.join(names)}"
    prefix: list[str] = []
    if os.geteuid() != 0:
        sudo = shutil.which("sudo")
        if not sudo:
            raise Problem(f"{needed}Installing them needs root, and there is no sudo. {by_hand}")
        prefix = [sudo]
        # Here and not below, because the user may have to type a password.
        if subprocess.run([sudo, "--validate"], check=False).returncode != 0:
            raise Problem(f"{needed}sudo refused to install them. {by_hand}")
    say(f"installing system packages with apt:{listed}")
    options = ["-o", "DPkg::Lock::Timeout=300"]
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive"]
    hint = f"{needed}No network, or the package index is stale? {by_hand}"
    with timed("    apt-get update, apt-get install"):
        run_logged("apt-update", [*prefix, *quiet, apt, *options, "update"], hint=hint)
        run_logged("apt-install", [*prefix, *quiet, *command[:2], *options, *command[2:]], hint=hint)
    still = [name for package in missing if not package.present() for name in package.debian]
    if "python3-venv" in still and Path(sys.executable).resolve().name.startswith("python3."):
        # The machine's python3 is from Debian, but not Debian's default version.
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise Problem(f"{sys.executable} cannot make virtual environments: install python{version}-venv")
    if still:
        raise Problem(
            f"installed {' '.join(still)}, but {sys.executable} does not find them; do they belong to another Python?"
        )


def lock_entries(lock: Path) -> dict[str, list[str]]:
    """Return the entries of a hash-pinned lock file by package name; a package has one per environment marker."""
    entries: dict[str, list[str]] = {}
    text = lock.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        found = re.match(r"([A-Za-z0-9._-]+)==", line)
        if found:
            entries.setdefault(found[1], []).append(line)
    return entries


def pip_install(name: str, python: Path, entries: list[str], *options: str) -> None:
    """Install lock-file `entries` with `python`'s pip, by hash. Raises Problem if that fails."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as requirements:
        requirements.write("\n".join(entries) + "\n")
        requirements.flush()
        command = [str(python), "-m", "pip", "install", "--require-hashes", "--no-deps", "--disable-pip-version-check"]
        hint = (
            "No network, or no package index? pip uses your own configuration (`pip config list`), so an index or a "
            "folder of wheels (PIP_FIND_LINKS) of yours will do."
        )
        run_logged(name, [*command, "--retries", "3", *options, "-r", requirements.name], hint=hint)


def make_venv() -> None:
    """Install the packages of requirements.lock into .venv. Raises Problem if they cannot be fetched."""
    scripts = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["scripts"]
    key = digest([LOCK], sys.version, sysconfig.get_platform(), str(VENV), repr(scripts))
    done = VENV / ".stamp"
    if is_fresh(done, key):
        return
    with locked(BUILD / ".venv-lock"):
        if is_fresh(done, key):
            return
        entries = lock_entries(LOCK)
        with timed(f"installing {len(entries)} pinned Python packages into .venv (reasons: docs/dependencies.md)"):
            # --clear: nothing from an older lock or a removed Python may remain.
            run_logged("venv", [sys.executable, "-m", "venv", "--clear", str(VENV)])
            first = [line for name in INSTALLERS for line in entries[name]]
            pip_install("pip-installers", VENV_PYTHON, first)
            rest = [line for name, lines in entries.items() if name not in INSTALLERS for line in lines]
            # No build isolation: it would fetch unpinned build tools from the index.
            pip_install("pip", VENV_PYTHON, rest, "--no-build-isolation")
            # The project itself, in place: its commands `pump` and `pump-bench`.
            editable = [str(VENV_PYTHON), "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index"]
            run_logged("pip-project", [*editable, "--editable", str(ROOT)])
        stamp(done, key)


def make_stubs() -> None:
    """Put MicroPython's type stubs into build/stubs/PORT. Raises Problem if they cannot be fetched.

    The stubs of all ports have the same module names, and shadow CPython's, so each port has a folder outside .venv.
    """
    entries = lock_entries(STUBS_LOCK)
    key = digest([STUBS_LOCK])
    if is_fresh(STUBS / ".stamp", key):
        return
    with locked(BUILD / ".venv-lock"), timed("installing MicroPython's type stubs into build/stubs"):
        shutil.rmtree(STUBS, ignore_errors=True)
        for name, lines in entries.items():
            target = STUBS / name.removeprefix("micropython-").removesuffix("-stubs")
            pip_install(f"pip-{name}", VENV_PYTHON, lines, "--target", str(target), "--no-compile")
        stamp(STUBS / ".stamp", key)


def make_link_bench() -> None:
    """Put the links that ours is compared with into build/link-bench, outside .venv: nothing else may use them.

    Raises Problem if they cannot be fetched.
    """
    key = digest([LINK_BENCH_LOCK])
    if is_fresh(LINK_BENCH / ".stamp", key):
        return
    with locked(BUILD / ".venv-lock"), timed("installing MAVLink and SMP for the comparison into build/link-bench"):
        shutil.rmtree(LINK_BENCH, ignore_errors=True)
        lines = [line for each in lock_entries(LINK_BENCH_LOCK).values() for line in each]
        pip_install("pip-link-bench", VENV_PYTHON, lines, "--target", str(LINK_BENCH), "--no-build-isolation")
        stamp(LINK_BENCH / ".stamp", key)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Install what the project needs and the machine lacks.")
    parser.add_argument("what", nargs="+", choices=("venv", "stubs", *PACKAGES))
    require_plain_paths()
    for what in parser.parse_args().what:
        if what in PACKAGES:
            install_packages(what)
        else:
            install_packages("build")
            make_venv()
        if what == "stubs":
            make_stubs()


if __name__ == "__main__":
    main_guard(main)

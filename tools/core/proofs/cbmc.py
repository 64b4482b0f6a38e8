"""CBMC 6.6 and the SAT solver CaDiCaL from Debian, unpacked into the user's cache and run from there.

The Debian release of this project may have no CBMC, or an older one. These packages are trixie's and run on their own C
library, so nothing on the machine changes. They come from the Debian mirror that this machine is set up with
(DEBIAN_MIRROR=URL overrides it), through a private apt configuration, with apt's own signature check.
Errors: Problem, with what to do.
"""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tools.console import Problem, cache_folder, locked, run_logged, timed
from tools.debian import SUITE, fetch

VERSION = "6.6.0"
PACKAGES = ("cbmc", "cadical", "libc6", "libgcc-s1", "libstdc++6", "minisat")
FOLDER = f"cbmc-{VERSION}"
WITHOUT = "The one-step induction needs CBMC 6.6; without it: python -m tools.core.proofs.gate numbers eva"
LOADER = "usr/lib64/ld-linux-x86-64.so.2"
LIBRARIES = ("usr/lib/x86_64-linux-gnu", "usr/lib")


def _fetch(tree: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        fetch(Path(folder), (), PACKAGES, WITHOUT)
        for package in sorted(Path(folder).glob("*.deb")):
            run_logged("cbmc-unpack", ["dpkg-deb", "--extract", package, tree])


def _starter(tree: Path, name: str) -> Path:
    """Return a script that starts a program of the tree with the tree's own loader and libraries."""
    libraries = ":".join(str(tree / each) for each in LIBRARIES)
    script = tree / name
    command = f'exec "{tree / LOADER}" --library-path "{libraries}" "{tree / "usr/bin" / name}" "$@"'
    script.write_text(f"#!/bin/sh\n{command}\n", encoding="utf-8")
    script.chmod(0o755)
    return script


def cbmc() -> tuple[Path, Path]:
    """Return CBMC and CaDiCaL, fetched if need be. Raises Problem if they cannot be fetched or have another version."""
    folder = cache_folder()
    tree = folder / FOLDER
    with locked(folder / f"{FOLDER}.lock"):
        if not (tree / "cbmc").is_file():
            unpacked = folder / f"{FOLDER}-unpacking"
            shutil.rmtree(unpacked, ignore_errors=True)
            with timed(f"fetching CBMC {VERSION} (Debian {SUITE}) into {tree}"):
                _fetch(unpacked)
            shutil.rmtree(tree, ignore_errors=True)
            unpacked.rename(tree)
            _starter(tree, "cadical")
            said = subprocess.run(
                [_starter(tree, "cbmc"), "--version"], capture_output=True, text=True, check=False
            ).stdout
            if not re.match(re.escape(VERSION), said):
                shutil.rmtree(tree)
                raise Problem(f"the mirror's CBMC is {said.strip() or 'not starting here'}, not {VERSION}.\n{WITHOUT}")
    return tree / "cbmc", tree / "cadical"

"""Rewrite requirements.lock and the locks in tools from pyproject.toml: every package of the closure, by hash.

    make lock

The resolver is uv, in a throw-away environment. Locks hold names, versions and hashes for all systems, but no
addresses.
Errors: Problem if the packages cannot be resolved.
"""

import re
import sys
import tempfile
from pathlib import Path

from tools.bootstrap import LINK_BENCH_LOCK, LOCK, STUBS_LOCK, install_packages
from tools.console import ROOT, Problem, main_guard, run_logged, say, timed

RESOLVER = "uv==0.13.9"
OPTIONS = ("--universal", "--python-version", "3.11", "--generate-hashes", "--no-annotate", "--no-header")
HEADER = "# Made by `make lock` from pyproject.toml. Do not edit.\n"


def resolve(uv: Path, lock: Path, *what: str) -> None:
    """Resolve `what` of pyproject.toml into `lock`."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "lock"
        run_logged("lock", [uv, "pip", "compile", "--quiet", *OPTIONS, *what, "-o", out])
        text = out.read_text(encoding="utf-8")
    if re.search(r"://|^-", text, re.MULTILINE):
        raise Problem(f"{lock.name} would hold an address or an option; is there a direct reference in pyproject.toml?")
    lock.write_text(HEADER + text, encoding="utf-8")
    say(f"wrote {lock.relative_to(ROOT)}: {len(re.findall(r'^[a-z].*==', text, re.MULTILINE))} packages")


def main() -> None:
    """Command line."""
    install_packages("build")
    with tempfile.TemporaryDirectory() as folder, timed("resolving pyproject.toml"):
        run_logged("lock-venv", [sys.executable, "-m", "venv", folder])
        tools = Path(folder) / "bin"
        run_logged("lock-uv", [tools / "python", "-m", "pip", "install", RESOLVER])
        resolve(tools / "uv", LOCK, "pyproject.toml", "--extra", "picture", "--group", "dev")
        resolve(tools / "uv", STUBS_LOCK, "--group", "pyproject.toml:stubs")
        resolve(tools / "uv", LINK_BENCH_LOCK, "--group", "pyproject.toml:link-bench")


if __name__ == "__main__":
    main_guard(main)

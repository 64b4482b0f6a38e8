"""The tiers that judge one mutant, cheapest first: object code, C trace, tests.

1. Same object code at -O2 as the original: equivalent, nothing can tell them apart. 2. The trace player
(c_ext/fuzz/trace.c) over the kept corpus and a few hundred random sequences: a different result or
   a different byte of state anywhere kills it.
3. The tests of tests/core, stopped at the first failure.

The session has no trace player: tiers 1 and 3, with the tests of tests/session.

A mutant that crashes the player or never ends is neither killed nor survived. Nothing has judged it, so it is counted
separately.
"""

import hashlib
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from c_ext.host import build as host
from tools.console import Problem
from tools.core.corpus import unpacked
from tools.core.mutation.sites import Mutant
from tools.core.sources import FREESTANDING, FUZZ_DIR, c_files, must, run

KILLED, SURVIVED, EQUIVALENT, CRASHED, TIMEOUT, INVALID = (
    "killed", "survived", "equivalent", "crashed", "timeout", "invalid",
)  # fmt: skip
TRACE = ("play.c", "play_acts.c", "play_board.c", "play_parts.c", "trace.c")
SEQUENCES = 400
# Relative to the original's own time, so that a busy machine causes no time-outs.
SLOWER_MAX = 20
TRACE_SECONDS_MIN = 5.0
TESTS_SECONDS_MAX = 300.0
MEMORY_BYTES_MAX = 2**31


class Outcome(NamedTuple):
    """A mutant's verdict, and the tier that gave it."""

    mutant: Mutant
    verdict: str
    tier: str


class Judge:
    """The original, compiled once; judges mutants against it by object code and tests. Safe to use from several
    threads.
    """

    folder_variable = "RELEVE_CORE_DIR"  # where tools/core/other_core.py is told the mutant's folder
    compiler: tuple[str, ...] = ("gcc", "-O2", "-w", *FREESTANDING)

    def __init__(self, core_dir: Path, work: Path) -> None:
        """`work` is an empty folder for this judge alone. Raises Problem if the original does not build."""
        self.core_dir = core_dir
        self.work = work
        self.texts = {path.name: path.read_text(encoding="utf-8") for path in core_dir.glob("*.[ch]")}
        self.objects = {path.name: self._object(core_dir, path.name) for path in c_files(core_dir)}

    def _object(self, folder: Path, name: str) -> bytes:
        """Return the object code of one file, compiled under its own name, so that only code can differ."""
        with tempfile.TemporaryDirectory(dir=self.work) as out:
            made = Path(out) / "core.o"
            must([*self.compiler, "-c", name, "-o", made], cwd=folder)
            return made.read_bytes()

    def compiled(self, mutant: Mutant) -> dict[str, bytes] | None:
        """Return the mutant's objects; None if it does not compile."""
        with tempfile.TemporaryDirectory(dir=self.work) as name:
            folder = Path(name)
            self.write(mutant, folder)
            # Every file includes the headers; a mutant of a C file changes only that file.
            changed = [mutant.file] if mutant.file.endswith(".c") else list(self.objects)
            try:
                return {**self.objects, **{each: self._object(folder, each) for each in changed}}
            except Problem:
                return None

    def write(self, mutant: Mutant, folder: Path) -> None:
        """Write the whole mutated code into `folder`."""
        for name, text in self.texts.items():
            (folder / name).write_text(mutant.apply(text) if name == mutant.file else text, encoding="utf-8")

    def by_trace(self, mutant: Mutant, objects: dict[str, bytes]) -> Outcome | None:
        """Return the verdict of what needs no test; None if it cannot tell."""
        return Outcome(mutant, EQUIVALENT, "object code") if objects == self.objects else None

    def environment(self, mutant: Mutant, folder: Path) -> dict[str, str]:
        """Return what tells the tests to run the mutant in `folder`."""
        del mutant
        return {self.folder_variable: str(folder), "HYPOTHESIS_PROFILE": "quick", "CC": "gcc", "CFLAGS": "-O1 -w"}

    def by_tests(self, mutant: Mutant, tests: list[str]) -> Outcome:
        """Return the verdict of the tests."""
        with tempfile.TemporaryDirectory(dir=self.work) as name:
            folder = Path(name) / "core"
            folder.mkdir()
            self.write(mutant, folder)
            env = self.environment(mutant, folder)
            options = ["-q", "-x", "-p", "tools.core.other_core", "-p", "no:xdist", "-p", "no:cacheprovider"]
            try:
                command = [sys.executable, "-m", "pytest", *options, *tests]
                status = run(command, env=env, timeout_s=TESTS_SECONDS_MAX).returncode
            except subprocess.TimeoutExpired:
                return Outcome(mutant, TIMEOUT, "tests")
        # 0: all passed; 1: a test failed; 2 … 5: pytest itself or an import; negative: a signal.
        verdict = {0: SURVIVED, 1: KILLED}.get(status, CRASHED)
        return Outcome(mutant, verdict, "tests")


class SessionJudge(Judge):
    """A judge of the session's C; mbedTLS and what joins it to the session stay as they are."""

    folder_variable = "RELEVE_SESSION_DIR"
    compiler = (*Judge.compiler, "-fPIC", "-DRELEVE_RELEASE=0")

    def __init__(self, core_dir: Path, work: Path) -> None:
        """As Judge. mbedTLS is compiled once, and so is the face unless a header is mutated."""
        super().__init__(core_dir, work)
        self.primitives = work / "primitives.o"
        include = host.mbedtls_flags(host.mbedtls())
        must([*self.compiler, *include, "-c", core_dir / "mbedtls" / "primitives.c", "-o", self.primitives])

    def write(self, mutant: Mutant, folder: Path) -> None:
        """Write the whole mutated session into `folder`."""
        super().write(mutant, folder)
        shutil.copytree(self.core_dir / "mbedtls", folder / "mbedtls")

    def environment(self, mutant: Mutant, folder: Path) -> dict[str, str]:
        """The session is linked here, so that the tests need not build it."""
        python = host.write_face(folder, "gcc", host.SESSION, folder.parent / "face.c")
        built = folder.parent / f"{host.SESSION.module}{sysconfig.get_config_var('EXT_SUFFIX')}"
        changed = c_files(folder) if mutant.file.endswith(".h") else [folder / mutant.file]
        kept = []
        for name, content in self.objects.items():
            if folder / name not in changed:
                kept.append(folder.parent / f"{name}.o")
                kept[-1].write_bytes(content)
        flags = ["-w", "-O1", "-fPIC", "-DRELEVE_RELEASE=0"]
        sources: list[str | Path] = ["-I", python, "-I", folder, folder.parent / "face.c", *changed]
        must(["gcc", "-shared", *flags, *sources, *kept, self.primitives, "-o", built])
        return {**super().environment(mutant, folder), "RELEVE_SESSION_BUILT": str(built)}


class Bench(Judge):
    """A judge of the dose core, which has traced the original too."""

    def __init__(self, core_dir: Path, work: Path, seed: int) -> None:
        """`work` is an empty folder for this bench alone. Raises Problem if the original does not build or run."""
        super().__init__(core_dir, work)
        self.seed = seed
        self.players = self._players()
        self.corpus = sorted(unpacked().glob("*"))
        player = self._link(work / "original", self.objects)
        begin = time.monotonic()
        status, self.trace = self._run_player(player, TRACE_SECONDS_MIN * SLOWER_MAX)
        if status != 0 or not self.trace:
            raise Problem(f"the trace player fails on the original core (status {status})")
        self.trace_seconds_max = max(TRACE_SECONDS_MIN, SLOWER_MAX * (time.monotonic() - begin))

    def _players(self) -> list[Path]:
        made = []
        for name in TRACE:
            made.append(self.work / f"{Path(name).stem}.o")
            must(["gcc", "-O2", "-std=c11", "-I", self.core_dir, "-c", FUZZ_DIR / name, "-o", made[-1]])
        return made

    def _link(self, folder: Path, objects: dict[str, bytes]) -> Path:
        folder.mkdir()
        paths = []
        for name, content in objects.items():
            paths.append(folder / f"core-{name}.o")
            paths[-1].write_bytes(content)
        must(["gcc", *self.players, *paths, "-o", folder / "player"])
        return folder / "player"

    def _run_player(self, player: Path, seconds_max: float) -> tuple[int, str]:
        limited = ["prlimit", f"--as={MEMORY_BYTES_MAX}"]
        done = run([*limited, player, str(self.seed), str(SEQUENCES), *self.corpus], timeout_s=seconds_max)
        return done.returncode, done.stdout

    def by_trace(self, mutant: Mutant, objects: dict[str, bytes]) -> Outcome | None:
        """Return the verdict of object code and trace; None if neither can tell."""
        same = super().by_trace(mutant, objects)
        if same:
            return same
        folder = Path(tempfile.mkdtemp(dir=self.work)) / "mutant"
        try:
            status, trace = self._run_player(self._link(folder, objects), self.trace_seconds_max)
        except subprocess.TimeoutExpired:
            return Outcome(mutant, TIMEOUT, "trace")
        finally:
            shutil.rmtree(folder.parent, ignore_errors=True)
        if status != 0:
            # A broken promise of the player itself (abort) is a verdict; any other signal is not.
            verdict = KILLED if status in (-signal.SIGABRT, 128 + signal.SIGABRT) else CRASHED
            return Outcome(mutant, verdict, "trace")
        return Outcome(mutant, KILLED, "trace") if trace != self.trace else None


def fingerprint(objects: dict[str, bytes]) -> str:
    """Return a hash that is equal for mutants with equal object code: one verdict holds for all of them."""
    digest = hashlib.sha256()
    for name in sorted(objects):
        digest.update(hashlib.sha256(objects[name]).digest())
    return digest.hexdigest()

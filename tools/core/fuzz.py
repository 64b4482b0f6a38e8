"""Fuzzing of the dose core: libFuzzer, AFL++, and the kept corpus replayed under sanitizers.

    python -m tools.core.fuzz replay [--core FOLDER]        the corpus, ASan + UBSan, gcc and clang
    python -m tools.core.fuzz libfuzzer --runs N            from the corpus; findings stay in build/core/fuzz
    python -m tools.core.fuzz afl --seconds N               the same target through AFL++'s libFuzzer driver
    python -m tools.core.fuzz night --seconds N             both of them side by side
    python -m tools.core.fuzz minimise                      a new corpus from the old one and build/core/fuzz

The target is c_ext/fuzz: bytes become any sequence of calls, and an independent shadow model judges each of them.
libFuzzer runs a fixed number of inputs, divided between --workers processes with a seed each, so that a run can be
repeated. AFL++ is for the night. Each of the two is one process, so two cores can run both.
Exit status 1 with the broken promise or the sanitizer's report, and the input that shows it.
"""

import argparse
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tools.bootstrap import install_packages
from tools.console import ROOT, Problem, main_guard, say, timed
from tools.core import corpus as kept
from tools.core.sources import CLANG, CORE_DIR, FUZZ_DIR, OUT, PLAYER, c_files, must, run, write_json

WORK = OUT / "fuzz"
SANITIZE = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
INPUT_BYTES_MAX = 512
CORPUS_BYTES_MAX = 300_000
# Long enough for any input: the longest one plays 4096 strokes in well under a second.
INPUT_SECONDS_MAX = 10
REPORT_LINES = 40


def build_target(core_dir: Path, out: Path, compiler: list[str], *extra: str) -> Path:
    """Compile core and target with `compiler` into `out`. Raises Problem with the compiler's message."""
    out.parent.mkdir(parents=True, exist_ok=True)
    files = [*c_files(core_dir), *(FUZZ_DIR / name for name in (*PLAYER, *extra))]
    must([*compiler, "-std=c11", "-I", core_dir, "-I", FUZZ_DIR, *files, "-o", out])
    return out


def build_libfuzzer(core_dir: Path, work: Path) -> Path:
    """Return the libFuzzer program. Only the core is instrumented: coverage of the shadow is useless and expensive."""
    with tempfile.TemporaryDirectory() as folder:
        objects = []
        for path in (FUZZ_DIR / name for name in PLAYER):
            objects.append(Path(folder) / f"{path.stem}.o")
            must([CLANG, "-std=c11", "-O2", "-g", "-I", core_dir, "-I", FUZZ_DIR, "-c", path, "-o", objects[-1]])
        out = work / "libfuzzer"
        out.parent.mkdir(parents=True, exist_ok=True)
        command = [CLANG, "-std=c11", "-O2", *SANITIZE, "-fsanitize=fuzzer"]
        must([*command, "-I", core_dir, *c_files(core_dir), *objects, "-o", out])
    return out


def replay(
    core_dir: Path,
    corpus: Path | None = None,
    compilers: Sequence[Sequence[str]] = (["gcc", "-O1", *SANITIZE], [CLANG, "-O1", *SANITIZE]),
) -> int:
    """Play every file of `corpus` (None: the kept one) with each compiler. Return the number of files.

    Raises Problem with the report if a promise is broken or a sanitizer objects.
    """
    corpus = corpus or kept.unpacked()
    files = sorted(path for path in corpus.glob("*") if path.is_file())
    if not files:
        raise Problem(f"no corpus in {corpus}")
    with tempfile.TemporaryDirectory() as folder:
        for number, compiler in enumerate(compilers):
            player = build_target(core_dir, Path(folder) / str(number), list(compiler), "replay.c")
            done = run([player, *files])
            if done.returncode != 0:
                guilty = re.findall(r"^playing (.*)$", done.stderr, re.MULTILINE)[-1:]
                raise Problem(f"corpus, {compiler[0]}: {shorten(done.stderr)}\ninput: {' '.join(guilty)}")
    return len(files)


def shorten(report: str) -> str:
    """Return the beginning of a report, without the output of libFuzzer and the player in between."""
    lines = [line for line in report.splitlines() if not re.match(r"#\d+\s+[A-Z]|#\d+\s+pulse|playing ", line)]
    return "\n".join(lines[:REPORT_LINES])


def side_by_side(jobs: Sequence[Callable[[], str]]) -> list[str]:
    """Run the jobs in parallel and return their outputs. At the end, raises the Problem of the first that failed."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result() for future in [pool.submit(job) for job in jobs]]


def libfuzzer(
    core_dir: Path,
    runs: int,
    seconds: int,
    seed: int,
    corpus: Path | None = None,
    work: Path = WORK,
    workers: int = 1,
) -> str:
    """Fuzz from `corpus` (None: the kept one) in `workers` processes with consecutive seeds from `seed`. Return how
    many inputs were tried.

    Raises Problem with the report and the input if one fails.
    """
    return search(build_libfuzzer(core_dir, work), corpus or kept.unpacked(), work, runs, seconds, seed, workers)


def search(target: Path, corpus: Path, work: Path, runs: int, seconds: int, seed: int, workers: int) -> str:
    """The same with a libFuzzer program that is built."""

    def fuzz(seed: int) -> str:
        found = work / "found" / str(seed)
        found.mkdir(parents=True, exist_ok=True)
        options = [
            f"-runs={-(-runs // workers) if runs >= 0 else -1}",
            f"-max_total_time={seconds}",
            f"-seed={seed}",
            f"-max_len={INPUT_BYTES_MAX}",
            f"-timeout={INPUT_SECONDS_MAX}",
            f"-artifact_prefix={work}/",
            "-print_final_stats=1",
        ]
        done = run([target, *options, found, corpus])
        if done.returncode != 0:
            at = done.stderr.find("broken promise")
            report = done.stderr[at:] if at >= 0 else done.stderr[done.stderr.find("ERROR: ") :]
            raise Problem(f"libFuzzer (seed {seed}): {shorten(report)}")
        executed = re.search(r"number_of_executed_units: (\d+)", done.stderr)
        if executed is None:
            raise Problem(f"libFuzzer (seed {seed}) does not say how many inputs it tried: {shorten(done.stderr)}")
        return executed[1]

    tried = side_by_side([partial(fuzz, seed + number) for number in range(workers)])
    return f"{sum(map(int, tried))} inputs tried, none fails"


def afl(core_dir: Path, seconds: int, work: Path = WORK) -> str:
    """Fuzz with AFL++ from the corpus. Return a summary. Raises Problem with the inputs if any fails."""
    install_packages("core-afl")
    target = build_target(core_dir, work / "afl", ["afl-clang-fast", "-O2", "-g", "-fsanitize=fuzzer"])
    out = work / "afl-out"
    shutil.rmtree(out, ignore_errors=True)
    env = {
        "AFL_SKIP_CPUFREQ": "1",
        "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1",
        "AFL_NO_UI": "1",
        "AFL_NO_AFFINITY": "1",
    }
    limits = ["-V", str(seconds), "-G", str(INPUT_BYTES_MAX)]
    must(["afl-fuzz", "-i", kept.unpacked(), "-o", out, *limits, "--", target], env=env)
    stats = (out / "default" / "fuzzer_stats").read_text(encoding="utf-8")
    facts = dict(re.findall(r"^(\w+)\s*: (.*)$", stats, re.MULTILINE))
    bad = [*(out / "default" / "crashes").glob("id*"), *(out / "default" / "hangs").glob("id*")]
    if bad:
        raise Problem("AFL++ found inputs that fail; play them with `replay`:\n" + "\n".join(map(str, bad)))
    return f"{facts['execs_done']} runs, {facts['corpus_count']} inputs kept, no failure"


def minimise(core_dir: Path, work: Path = WORK) -> str:
    """Write the smallest corpus with the same coverage. Raises Problem if it is larger than may be committed."""
    return merge(build_libfuzzer(core_dir, work), kept.PACKED, work)


def merge(target: Path, packed: Path, work: Path) -> str:
    """The same with a libFuzzer program that is built, and the corpus in the file `packed`."""
    with tempfile.TemporaryDirectory() as folder:
        merged, before = Path(folder), kept.unpacked(packed)
        sources: list[str | Path] = [
            before,
            *(work / "found").glob("*/"),
            *(work / "afl-out" / "default").glob("queue"),
        ]
        # -use_value_profile off: only edges and counters decide; otherwise thousands of near duplicates would stay.
        must([target, "-merge=1", f"-max_len={INPUT_BYTES_MAX}", merged, *sources])
        for path in before.glob(f"{kept.NAMED}*"):  # an input that showed a bug stays, whatever it covers
            shutil.copy(path, merged)
        files = list(merged.iterdir())
        size = sum(path.stat().st_size for path in files)
        if size > CORPUS_BYTES_MAX:
            raise Problem(f"the corpus would be {size} bytes in {len(files)} files, more than {CORPUS_BYTES_MAX}")
        kept.pack(merged, packed)
    return f"{len(files)} inputs, {size} bytes in {packed.relative_to(ROOT)}"


def options_of(fuzzed: str, acts: Sequence[str], folder: Path) -> argparse.Namespace:
    """Return the options of a command line that fuzzes what is in `folder`, or in the folder that --core or --session
    says; `acts` is what it can do.
    """
    parser = argparse.ArgumentParser(description=f"Fuzz the {fuzzed}.")
    parser.add_argument("what", choices=acts)
    parser.add_argument(f"--{folder.name}", dest="folder", type=Path, default=folder)
    parser.add_argument("--runs", type=int, default=-1, help="libFuzzer: inputs to try; -1: until the time is over")
    parser.add_argument("--seconds", type=int, default=60, help="at most this long")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1, help="processes of libFuzzer")
    return parser.parse_args()


def main() -> None:
    """Command line."""
    options = options_of("dose core", ("replay", "libfuzzer", "afl", "night", "minimise"), CORE_DIR)
    install_packages("core-gates")
    core_dir, seconds, seed = options.folder.resolve(), options.seconds, options.seed
    with timed(f"fuzzing the dose core: {options.what}"):
        if options.what == "replay":
            said = f"{replay(core_dir)} inputs kept, all promises hold under ASan and UBSan"
        elif options.what == "libfuzzer":
            said = libfuzzer(core_dir, options.runs, seconds, seed, workers=options.workers)
        elif options.what == "afl":
            said = afl(core_dir, seconds)
        elif options.what == "night":
            both = [lambda: libfuzzer(core_dir, -1, seconds, seed), lambda: afl(core_dir, seconds)]
            said = "libFuzzer: {}; AFL++: {}".format(*side_by_side(both))
        else:
            said = minimise(core_dir)
    write_json(WORK / f"{options.what}.json", {"said": said, "seed": options.seed})
    say(said)


if __name__ == "__main__":
    main_guard(main)

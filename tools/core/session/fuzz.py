"""Fuzzing of the session: libFuzzer, guided by the coverage of its C, and the kept corpus replayed.

    python -m tools.core.session.fuzz replay [--session FOLDER]  the corpus, ASan + UBSan
    python -m tools.core.session.fuzz search --runs N            from the corpus; findings: build/core/session-fuzz
    python -m tools.core.session.fuzz minimise                   a new corpus from the old one and what was found

The target is c_ext/fuzz/session: bytes become visits of programmers and of an attacker, and what the device answers is
judged against what they really said. As tools/core/fuzz.py does for the dose core.
Exit status 1 with the broken promise or the sanitizer's report, and the input that shows it.
"""

import os
from pathlib import Path

from c_ext.host.build import mbedtls_flags
from tools.bootstrap import install_packages
from tools.console import Problem, digest, main_guard, say, timed
from tools.core import corpus as kept
from tools.core.fuzz import SANITIZE, merge, options_of, search, shorten
from tools.core.sources import CLANG, FUZZ_DIR, OUT, SESSION_DIR, c_files, must, run, write_json
from tools.source import mbedtls_source

HARNESS = FUZZ_DIR / "session"
PACKED = HARNESS / "corpus.txt"
WORK = OUT / "session-fuzz"
BASE = (CLANG, "-std=c11", "-O2", "-g", "-DRELEVE_RELEASE=0")


def _primitives() -> Path:
    """Return mbedTLS's part, compiled once; its curve is most of an opening's time, so curve.c stands in for it."""
    source = SESSION_DIR / "mbedtls" / "primitives.c"
    flags = [*BASE, "-Dprimitive_curve=curve_unused", *mbedtls_flags(mbedtls_source())]
    key = digest([source, *sorted(SESSION_DIR.glob("**/*.h"))], *flags)[:16]
    made = WORK / f"primitives-{key}.o"
    if not made.exists():
        made.parent.mkdir(parents=True, exist_ok=True)
        fresh = made.with_suffix(f".{os.getpid()}")
        must([*flags, "-c", source, "-o", fresh])
        fresh.replace(made)
    return made


def build(session_dir: Path = SESSION_DIR, work: Path = WORK) -> Path:
    """Return the libFuzzer program; only the session is instrumented. Raises Problem with the compiler's message."""
    folder = work / "objects"
    folder.mkdir(parents=True, exist_ok=True)
    objects = [_primitives()]
    for path in c_files(HARNESS):
        objects.append(folder / f"{path.stem}.o")
        must([*BASE, "-I", session_dir, "-I", HARNESS, "-c", path, "-o", objects[-1]])
    out = work / "libfuzzer"
    must([*BASE, *SANITIZE, "-fsanitize=fuzzer", "-I", session_dir, *c_files(session_dir), *objects, "-o", out])
    return out


def replay(session_dir: Path = SESSION_DIR, work: Path = WORK) -> int:
    """Play the kept corpus and return its number of inputs. Raises Problem with the report if a promise is broken."""
    files = sorted(kept.unpacked(PACKED, work).iterdir())
    if not files:
        raise Problem(f"no corpus in {PACKED}")
    done = run([build(session_dir, work), f"-artifact_prefix={work}/", *files])
    if done.returncode != 0:
        told = [at for at in map(done.stderr.find, ("broken promise", "runtime error", "ERROR: ")) if at >= 0]
        raise Problem(f"corpus: {shorten(done.stderr[min(told, default=0) :])}")
    return len(files)


def main() -> None:
    """Command line."""
    options = options_of("session", ("replay", "search", "minimise"), SESSION_DIR)
    install_packages("core-gates")
    session_dir = options.folder.resolve()
    with timed(f"fuzzing the session: {options.what}"):
        if options.what == "replay":
            said = f"{replay(session_dir)} inputs kept, all promises hold under ASan and UBSan"
        elif options.what == "search":
            corpus = kept.unpacked(PACKED, WORK)
            limits = options.runs, options.seconds, options.seed, options.workers
            said = search(build(session_dir), corpus, WORK, *limits)
        else:
            said = merge(build(session_dir), PACKED, WORK)
    write_json(WORK / f"{options.what}.json", {"said": said, "seed": options.seed})
    say(said)


if __name__ == "__main__":
    main_guard(main)

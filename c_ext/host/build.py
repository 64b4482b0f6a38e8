"""Build the dose core, and the session, as CPython extensions (cffi, API mode).

    python -m c_ext.host.build        builds what is stale and prints the paths of the extensions

The declarations that cffi needs are taken from the C code's own headers through the C preprocessor, so there is no
second copy to drift. The result lies in build/core/host-KEY/, where KEY is a hash of all sources, flags and versions.
So an existing build is always up to date, and variants (sanitizers, coverage, a core broken on purpose) lie side by
side.

CC and CFLAGS are taken from the environment, as make does; CFLAGS replaces the default `-O2 -g`.
"""

import hashlib
import importlib.machinery
import importlib.metadata
import importlib.util
import os
import re
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

REPO = Path(__file__).resolve().parents[2]
CORE_DIR = REPO / "c_ext" / "core"
SESSION_DIR = REPO / "c_ext" / "session"
BUILD_DIR = REPO / "build" / "core"
FETCHING = REPO / "tools" / "source.py"


class Library(NamedTuple):
    """Freestanding C code that becomes an extension: the *.c of its folder, with *.h as its face."""

    module: str
    primitives: str = ""  # the folder in it that joins it to mbedTLS


CORE = Library("_releve_core")
SESSION = Library("_releve_session", "mbedtls")

# The core is held to freestanding C11; what cffi generates around it is not.
CORE_FLAGS = ("-std=c11", "-ffreestanding", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror")
WRAPPER_FLAGS = ("-fPIC", "-shared", "-fvisibility=hidden", "-Wno-unused-function")
DEFINE = re.compile(r"^#define\s+([A-Z][A-Z0-9_]*)\s+\(?-?\d\w*\)?\s*(?://.*)?$", re.MULTILINE)


class BuildError(RuntimeError):
    """The extension cannot be built; the text says what is missing or what the compiler said."""


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise BuildError(f"C compiler {command[0]!r} not found: install gcc or set CC") from None
    if done.returncode != 0:
        raise BuildError(f"{shlex.join(command)}\n{done.stderr}")
    return done.stdout


def _includes(core_dir: Path) -> str:
    return "".join(f'#include "{header.name}"\n' for header in sorted(core_dir.glob("*.h")))


def declarations(core_dir: Path = CORE_DIR, cc: str = "cc") -> str:
    """The public C declarations as cffi reads them: the headers preprocessed, and their numeric constants."""
    with tempfile.TemporaryDirectory() as empty:
        # cffi knows the types of these headers by itself; empty stand-ins keep the C library's internals out.
        for name in ("stdint.h", "stdbool.h", "stddef.h"):
            (Path(empty) / name).touch()
        everything = Path(empty) / "everything.h"
        everything.write_text(_includes(core_dir), encoding="utf-8")
        preprocess = [*shlex.split(cc), "-E", "-P", "-nostdinc", "-I", empty, "-I", str(core_dir)]
        text = _run([*preprocess, str(everything)])
    names: list[str] = []
    for header in sorted(core_dir.glob("*.h")):
        names += DEFINE.findall(header.read_text(encoding="utf-8"))
    return text + "\n" + "".join(f"#define {name} ...\n" for name in names)


def _sources(core_dir: Path, library: Library) -> list[Path]:
    """All sources, in an order that the checkout's place does not change."""
    found = sorted(core_dir.glob("*.[ch]"))
    return found + sorted((core_dir / library.primitives).glob("*.[ch]")) if library.primitives else found


def mbedtls() -> Path:
    """The folder of mbedTLS's source, which the boards' build fetches too: RELEVE_MBEDTLS, or the cache.

    Raises BuildError if it is not there and cannot be fetched.
    """
    given = os.environ.get("RELEVE_MBEDTLS")
    if given:
        return Path(given)
    fetch = subprocess.run(
        [sys.executable, "-m", "tools.source", "mbedtls"], cwd=REPO, stdout=subprocess.PIPE, text=True, check=False
    )
    if fetch.returncode != 0:
        raise BuildError("mbedTLS's source, of which the session takes its primitives, is not there: see above")
    return Path(fetch.stdout.strip())


def mbedtls_flags(source: Path) -> list[str]:
    """What the compiler must be told for c_ext/session/mbedtls; a warning in mbedTLS itself is none of ours."""
    everest = source / "3rdparty" / "everest" / "include" / "everest"
    places = (source, source / "include", everest, everest / "kremlib")
    return [word for place in places for word in ("-isystem", str(place))]


def _key(core_dir: Path, cc: str, cflags: str, library: Library) -> str:
    digest = hashlib.sha256()
    facts = (cc, cflags, sys.version, sysconfig.get_config_var("EXT_SUFFIX"), importlib.metadata.version("cffi"))
    digest.update(repr((*facts, library)).encode())
    for path in [*_sources(core_dir, library), Path(__file__), *([FETCHING] if library.primitives else [])]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def build(core_dir: Path = CORE_DIR, cc: str | None = None, cflags: str | None = None, library: Library = CORE) -> Path:
    """Path of an up-to-date extension made from `core_dir`; compiles only if there is none yet.

    Raises BuildError if the compiler, Python's headers or mbedTLS's source are missing or the compiler refuses.
    """
    cc = cc or os.environ.get("CC") or "cc"
    cflags = cflags if cflags is not None else os.environ.get("CFLAGS", "-O2 -g")
    out_dir = BUILD_DIR / f"host-{_key(core_dir, cc, cflags, library)}"
    target = out_dir / f"{library.module}{sysconfig.get_config_var('EXT_SUFFIX')}"
    if not target.exists():
        _compile(core_dir, cc, cflags, library, target)
    return target


def build_session(session_dir: Path = SESSION_DIR, cc: str | None = None, cflags: str | None = None) -> Path:
    """The same for the session."""
    return build(session_dir, cc, cflags, SESSION)


def write_face(core_dir: Path, cc: str, library: Library, out: Path) -> Path:
    """Write the C file that cffi makes of a library's headers; returns the folder of Python's, which it includes."""
    from cffi import FFI, recompiler

    include = Path(sysconfig.get_path("include"))
    if not (include / "Python.h").exists():
        raise BuildError(f"{include}/Python.h not found: install python3-dev (Debian) or your Python's headers")
    ffi = FFI()
    ffi.cdef(declarations(core_dir, cc))
    recompiler.make_c_source(ffi, library.module, _includes(core_dir), str(out))
    return include


def _compile(core_dir: Path, cc: str, cflags: str, library: Library, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    compiler = [*shlex.split(cc), *shlex.split(cflags)]
    outside = mbedtls_flags(mbedtls()) if library.primitives else []
    # As on a development image, unless CFLAGS says otherwise.
    compiler += [] if "RELEVE_RELEASE" in cflags else ["-DRELEVE_RELEASE=0"]
    # Everything is made aside and moved in at the end: two builds at once, or one that was cut, do no harm.
    with tempfile.TemporaryDirectory(dir=target.parent) as work_name:
        work = Path(work_name)
        include = write_face(core_dir, cc, library, work / "face.c")
        objects = []
        for source in _sources(core_dir, library):
            if source.suffix == ".c":
                objects.append(str(work / f"{source.stem}.o"))
                flags = [] if source.parent == core_dir else outside
                _run([*compiler, *CORE_FLAGS, *flags, "-c", str(source), "-o", objects[-1]])
        linked = work / target.name
        where = ["-I", str(include), "-I", str(core_dir)]
        _run([*compiler, *WRAPPER_FLAGS, *where, str(work / "face.c"), *objects, "-o", str(linked)])
        linked.replace(target)


def load(path: Path) -> ModuleType:
    """The extension at `path` as a module with `ffi` and `lib`. Several variants may be loaded in one process."""
    name = path.name.partition(".")[0]
    loader = importlib.machinery.ExtensionFileLoader(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


if __name__ == "__main__":
    try:
        print(build())
        print(build_session())
    except BuildError as error:
        sys.exit(f"c_ext.host.build: {error}")

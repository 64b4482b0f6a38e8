"""The kept fuzz corpus: one file with a line for each input, unpacked for the players and packed after a merge.

c_ext/fuzz/corpus.txt has the inputs in Base64. Inputs that have shown a bug follow their name (`bug-…`). The fuzzers
and the players need a folder with a file for each input.
"""

import base64
import binascii
import hashlib
import shutil
import tempfile
from pathlib import Path

from tools.console import Problem
from tools.core.sources import FUZZ_DIR, OUT

PACKED = FUZZ_DIR / "corpus.txt"
NAMED = "bug-"


def unpacked(packed: Path = PACKED, out: Path = OUT / "fuzz") -> Path:
    """Return a folder with each input in a file. It is named after its content, so an existing one is up to date.

    Raises Problem with file and line if an input cannot be read.
    """
    text = packed.read_bytes()
    folder = out / f"corpus-{hashlib.sha256(text).hexdigest()[:16]}"
    if not folder.is_dir():
        inputs = _inputs(packed, text)
        out.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix="unpacking-", dir=out))
        for name, data in inputs:
            (fresh / name).write_bytes(data)
        try:
            fresh.rename(folder)
        except OSError:  # another process was faster
            shutil.rmtree(fresh)
    return folder


def _inputs(packed: Path, text: bytes) -> list[tuple[str, bytes]]:
    inputs = []
    for number, line in enumerate(text.decode().splitlines(), 1):
        name, _, encoded = line.rpartition(" ")
        try:
            data = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise Problem(f"{packed}:{number}: {error}") from error
        # libFuzzer names an input by its SHA-1.
        inputs.append((name or hashlib.sha1(data, usedforsecurity=False).hexdigest(), data))
    return inputs


def pack(inputs: Path, packed: Path = PACKED) -> tuple[int, int]:
    """Write all files of a folder into one. Return their number and total size in bytes."""
    files = [path for path in inputs.iterdir() if path.is_file()]
    lines = []
    for path in files:
        name = f"{path.name} " if path.name.startswith(NAMED) else ""
        lines.append(name + base64.b64encode(path.read_bytes()).decode())
    packed.write_text("".join(f"{line}\n" for line in sorted(lines)), encoding="ascii")
    return len(files), sum(path.stat().st_size for path in files)

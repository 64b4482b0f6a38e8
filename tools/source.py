"""The sources that boards are built from: MicroPython, and for RP2040 and RP2350 boards the parts that Debian omits.

MicroPython is a checkout with its submodules if MICROPYTHON_DIR is set. Otherwise it is Debian's source package,
fetched once into the user's cache, ${XDG_CACHE_HOME:-~/.cache}/releve, outside the build folder. Nothing is patched.
The session's cryptography is mbedTLS's, on every board and on CPython, from the same package:

    python -m tools.source mbedtls      fetches it if need be and prints its folder

Errors: Problem, with what to do.
"""

import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tools.bootstrap import install_packages
from tools.console import Problem, cache_folder, locked, main_guard, run_logged, timed
from tools.debian import check_sums, fetch

VERSION = "1.25.0"
PACKAGE_VERSION = "1.25.0+ds-1"
SHA256 = {
    "micropython_1.25.0+ds.orig.tar.xz": "7b25be99a502f070b2de81dafc08da7051d992325d6e67daa9045a918fffdbea",
    "micropython_1.25.0+ds-1.debian.tar.xz": "87cd89f7900c86b963885dabe25acf3e5348815993f1500278ad8f6464465af4",
}
DSC = "micropython_1.25.0+ds-1.dsc"
INSTEAD = f"Or get MicroPython {VERSION}'s source yourself and name its folder: make … MICROPYTHON_DIR=/path/to/it"


class Part(NamedTuple):
    """A folder under MicroPython's lib/ that Debian's package leaves empty, and the package that provides it."""

    package: str
    version: str
    is_source: bool
    sums: dict[str, str]
    inside: str  # its place in the unpacked package
    probe: str  # a file that exists once it is unpacked


_MBEDTLS = "3.6.6-0.1~deb13u1"
RP2_PARTS = {
    "pico-sdk": Part(
        package="pico-sdk-source",
        version="2.1.1-1",
        is_source=False,
        sums={"pico-sdk-source_2.1.1-1_all.deb": "507a3ca37636641bc90239d7c04dc9dc28c5008087a8162102ea94d2273153d3"},
        inside="usr/src/pico-sdk",
        probe="pico_sdk_init.cmake",
    ),
    "tinyusb": Part(
        package="tinyusb-source",
        version="0.18.0+dfsg-1",
        is_source=False,
        sums={
            "tinyusb-source_0.18.0+dfsg-1_all.deb": "01ce2c645df68f14a8a7dcfc8fb355713152543757955820479a87949a61154e"
        },
        inside="usr/src/tinyusb",
        probe="src/tusb.h",
    ),
    "mbedtls": Part(
        package="mbedtls",
        version=_MBEDTLS,
        is_source=True,
        sums={
            "mbedtls_3.6.6.orig.tar.bz2": "8fb65fae8dcae5840f793c0a334860a411f884cc537ea290ce1c52bb64ca007a",
            f"mbedtls_{_MBEDTLS}.debian.tar.xz": "210466c522eeebc85cf2f76bd5aef935b4ebac465559cc0a84f9e73a8ed6601c",
        },
        inside="",
        probe="library/sha256.c",
    ),
}


def _given(folder: Path) -> Path:
    """Return the source that MICROPYTHON_DIR names. Raises Problem if it is not MicroPython, or not this version."""
    config = folder / "py" / "mpconfig.h"
    if not config.is_file() or not (folder / "ports" / "unix" / "Makefile").is_file():
        raise Problem(f"MICROPYTHON_DIR={folder} is not MicroPython's source: it has no py/mpconfig.h or no ports/unix")
    numbers = dict(re.findall(r"#define MICROPY_VERSION_(MAJOR|MINOR|MICRO) (\d+)", config.read_text(encoding="utf-8")))
    version = ".".join(numbers.get(part, "?") for part in ("MAJOR", "MINOR", "MICRO"))
    if version != VERSION:
        raise Problem(f"MICROPYTHON_DIR={folder} is MicroPython {version}; this project is built with {VERSION}")
    return folder.resolve()


def _made_once(folder: Path, result: Path, make: Callable[[Path], None]) -> Path:
    """Return `result`, which lies in `folder`. Unless it exists, `make` fills a folder that becomes it.

    The folder is filled elsewhere and moved into place, so that a half-made one is never taken for a complete one.
    """
    if result.is_dir():
        return result
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Problem(f"cannot make the cache folder {folder}: {error.strerror}; XDG_CACHE_HOME=… moves it") from None
    with locked(folder / "lock"):
        if not result.is_dir():
            install_packages("source")
            unpacked = folder / "unpacking"
            shutil.rmtree(unpacked, ignore_errors=True)
            make(unpacked)
            unpacked.rename(result)
    return result


def source() -> Path:
    """Return MicroPython's source tree, fetched if need be. Raises Problem if it cannot be fetched."""
    given = os.environ.get("MICROPYTHON_DIR")
    if given:
        return _given(Path(given).expanduser())
    folder = cache_folder() / f"micropython-{PACKAGE_VERSION}"

    def unpack(into: Path) -> None:
        if not all((folder / name).is_file() for name in (DSC, *SHA256)):
            with timed(f"fetching MicroPython {VERSION}'s source (Debian {PACKAGE_VERSION}) into {folder}"):
                fetch(folder, (f"micropython={PACKAGE_VERSION}",), (), INSTEAD)
        check_sums(folder, SHA256, INSTEAD)
        run_logged("source-unpack", ["dpkg-source", "--extract", "--no-check", folder / DSC, into])

    return _made_once(folder, folder / "source", unpack)


def _part(name: str, part: Part) -> Path:
    """Return the unpacked folder of `part`, in the cache, fetched if need be."""
    folder = cache_folder() / f"{part.package}-{part.version}"

    def unpack(into: Path) -> None:
        if not all((folder / each).is_file() for each in part.sums):
            with timed(f"fetching {name} (Debian's {part.package} {part.version}) into {folder}"):
                wanted = (f"{part.package}={part.version}",)
                fetch(folder, wanted if part.is_source else (), () if part.is_source else wanted, INSTEAD)
        check_sums(folder, part.sums, INSTEAD)
        if part.is_source:
            dsc = folder / f"{part.package}_{part.version}.dsc"
            run_logged("source-unpack", ["dpkg-source", "--extract", "--no-check", dsc, into])
        else:
            run_logged("source-unpack", ["dpkg-deb", "--extract", folder / next(iter(part.sums)), into])

    return _made_once(folder, folder / "source", unpack) / part.inside


def mbedtls_source() -> Path:
    """Return mbedTLS's source tree, fetched if need be. Raises Problem if it cannot be fetched."""
    return _part("mbedtls", RP2_PARTS["mbedtls"])


def rp2_source() -> Path:
    """Return a tree from which MicroPython's port rp2 builds. Raises Problem, naming what is missing, if there is none.

    It is a second copy of Debian's MicroPython in the cache, with its empty folders replaced by links to Debian's
    packages of their contents.
    """
    tree = source()
    if os.environ.get("MICROPYTHON_DIR"):
        probes = {name: part.probe for name, part in RP2_PARTS.items()} | {"micropython-lib": "README.md"}
        missing = [f"lib/{name}" for name, probe in probes.items() if not (tree / "lib" / name / probe).is_file()]
        if missing:
            raise Problem(
                f"MICROPYTHON_DIR={tree} lacks {', '.join(missing)}, which an RP2040 board needs. In the checkout: "
                f"git submodule update --init {' '.join(missing)}"
            )
        return tree
    folder = cache_folder() / f"micropython-{PACKAGE_VERSION}"

    def assemble(into: Path) -> None:
        parts = {name: _part(name, part) for name, part in RP2_PARTS.items()}
        shutil.copytree(tree, into, symlinks=True)
        for name, target in parts.items():
            place = into / "lib" / name
            shutil.rmtree(place, ignore_errors=True)
            place.symlink_to(target, target_is_directory=True)
        # MicroPython's makefiles look for these as a sign that the submodules have been fetched.
        for name in ("pico-sdk", "micropython-lib"):
            (into / "lib" / name / "README.md").touch()

    return _made_once(folder, folder / "source-rp2", assemble)


def main() -> None:
    """Print the folder of mbedTLS's source."""
    if sys.argv[1:] != ["mbedtls"]:
        raise Problem("usage: python -m tools.source mbedtls")
    print(mbedtls_source())


if __name__ == "__main__":
    main_guard(main)

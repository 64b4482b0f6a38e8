"""MicroPython's source: from MICROPYTHON_DIR if set, else Debian's source package, fetched once into the user's cache.

The package comes from the Debian mirror that this machine is set up with (DEBIAN_MIRROR=URL overrides it), with apt's
own signature check, through a private apt configuration that changes nothing on the machine; the archives are then
compared with the SHA-256 sums below. The cache is ${XDG_CACHE_HOME:-~/.cache}/releve, outside of the build folder.
Errors: Problem, with what to do.
"""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tools.bootstrap import install_packages
from tools.console import Problem, locked, run_logged, timed

VERSION = "1.25.0"
PACKAGE_VERSION = "1.25.0+ds-1"
SUITE = "trixie"
SHA256 = {
    "micropython_1.25.0+ds.orig.tar.xz": "7b25be99a502f070b2de81dafc08da7051d992325d6e67daa9045a918fffdbea",
    "micropython_1.25.0+ds-1.debian.tar.xz": "87cd89f7900c86b963885dabe25acf3e5348815993f1500278ad8f6464465af4",
}
DSC = "micropython_1.25.0+ds-1.dsc"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
INSTEAD = f"Or get MicroPython {VERSION}'s source yourself and name its folder: make … MICROPYTHON_DIR=/path/to/it"


class Mirror(NamedTuple):
    """Where a Debian archive is, and the keyring it is signed by ('' = apt's own)."""

    uri: str
    signed_by: str


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    """The stanzas of a deb822 file (apt's .sources format), keys in lower case."""
    for block in re.split(r"\n\s*\n", text):
        lines = [line for line in block.splitlines() if not line.startswith("#")]
        fields: dict[str, str] = {}
        key = ""
        for line in lines:
            if line[:1].isspace():
                fields[key] = f"{fields.get(key, '')}\n{line.strip()}".strip()
            elif ":" in line:
                key, _, value = line.partition(":")
                key = key.strip().lower()
                fields[key] = value.strip()
        if fields:
            yield fields


def find_mirror(etc_apt: Path, codename: str) -> Mirror | None:
    """The first mirror that `etc_apt` (as /etc/apt) configures for the release `codename` itself, or None."""
    for path in sorted((etc_apt / "sources.list.d").glob("*.sources")):
        for stanza in _stanzas(path.read_text(encoding="utf-8")):
            usable = "deb" in stanza.get("types", "").split() and stanza.get("enabled", "yes").lower() != "no"
            uris = stanza.get("uris", "").split()
            if usable and uris and codename in stanza.get("suites", "").split():
                signed_by = stanza.get("signed-by", "")
                # A key may be written into the stanza itself; only a file name can be passed on.
                return Mirror(uris[0], signed_by if signed_by.startswith("/") else "")
    for path in [etc_apt / "sources.list", *sorted((etc_apt / "sources.list.d").glob("*.list"))]:
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        for line in lines:
            found = re.match(r"deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)", line)
            if found and found[3] == codename and not found[2].startswith("cdrom:"):
                keyring = re.search(r"signed-by=(\S+)", found[1] or "")
                return Mirror(found[2], keyring[1] if keyring else "")
    return None


def machine_mirror() -> Mirror:
    """The mirror to fetch from. Raises Problem if this is no Debian, or none is configured."""
    override = os.environ.get("DEBIAN_MIRROR")
    if override:
        return Mirror(override, "")
    release = Path("/etc/os-release")
    facts = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', release.read_text() if release.is_file() else "", re.MULTILINE))
    if facts.get("ID") != "debian":
        raise Problem(
            f"MicroPython's source comes from a Debian mirror, and this is {facts.get('PRETTY_NAME', 'no Debian')}. "
            f"Name a mirror that apt can read: make … DEBIAN_MIRROR=URL\n{INSTEAD}"
        )
    codename = facts.get("VERSION_CODENAME", "")
    mirror = find_mirror(Path("/etc/apt"), codename)
    if mirror is None:
        raise Problem(f"/etc/apt names no mirror for {codename}. Name one: make … DEBIAN_MIRROR=URL\n{INSTEAD}")
    return mirror


def check_sums(folder: Path) -> None:
    """Compare the archives in `folder` with SHA256. Raises Problem if one is missing or differs; it is deleted then."""
    for name, wanted in SHA256.items():
        archive = folder / name
        got = hashlib.sha256(archive.read_bytes()).hexdigest() if archive.is_file() else "no such file"
        if got != wanted:
            archive.unlink(missing_ok=True)
            raise Problem(f"{name}: SHA-256 is {got}, not {wanted} as expected. It is not used.\n{INSTEAD}")


def _download(folder: Path) -> None:
    """Fetch the source package into `folder` with a private apt configuration."""
    apt = shutil.which("apt-get")
    if not apt:
        raise Problem(f"MicroPython {VERSION}'s source is fetched with apt-get, which is not here.\n{INSTEAD}")
    mirror = machine_mirror()
    signed_by = mirror.signed_by or (str(KEYRING) if KEYRING.is_file() else "")
    with tempfile.TemporaryDirectory() as private:
        base = Path(private)
        for name in ("lists/partial", "cache/archives/partial"):
            (base / name).mkdir(parents=True)
        lines = ["Types: deb-src", f"URIs: {mirror.uri}", f"Suites: {SUITE}", "Components: main"]
        lines += [f"Signed-By: {signed_by}"] if signed_by else []
        (base / "source.sources").write_text("\n".join(lines) + "\n", encoding="utf-8")
        settings = {
            "Dir::Etc::sourcelist": base / "source.sources",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::State::Lists": base / "lists",
            "Dir::Cache": base / "cache",
            # apt's own user cannot read a private folder; the signatures are checked all the same.
            "APT::Sandbox::User": "root",
            "APT::Update::Error-Mode": "any",
            "Acquire::Retries": 2,
        }
        options = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
        hint = f"No network, or the mirror does not have {SUITE}'s sources?\n{INSTEAD}"
        run_logged("source-update", [apt, *options, "update"], hint=hint)
        fetch = [apt, *options, "source", "--download-only", f"micropython={PACKAGE_VERSION}"]
        run_logged("source-fetch", fetch, cwd=folder, hint=hint)


def cache_folder() -> Path:
    """Where the project keeps what is worth keeping between builds."""
    base = os.environ.get("XDG_CACHE_HOME") or Path(os.environ.get("HOME") or Path.home()) / ".cache"
    return Path(base) / "releve"


def _given(folder: Path) -> Path:
    """The source that a person names. Raises Problem if it is not MicroPython, or not this version."""
    config = folder / "py" / "mpconfig.h"
    if not config.is_file() or not (folder / "ports" / "unix" / "Makefile").is_file():
        raise Problem(f"MICROPYTHON_DIR={folder} is not MicroPython's source: it has no py/mpconfig.h or no ports/unix")
    numbers = dict(re.findall(r"#define MICROPY_VERSION_(MAJOR|MINOR|MICRO) (\d+)", config.read_text(encoding="utf-8")))
    version = ".".join(numbers.get(part, "?") for part in ("MAJOR", "MINOR", "MICRO"))
    if version != VERSION:
        raise Problem(f"MICROPYTHON_DIR={folder} is MicroPython {version}; this project is built with {VERSION}")
    return folder.resolve()


def source() -> Path:
    """MicroPython's source tree, fetched if need be. Raises Problem if it cannot be had."""
    given = os.environ.get("MICROPYTHON_DIR")
    if given:
        return _given(Path(given).expanduser())
    folder = cache_folder() / f"micropython-{PACKAGE_VERSION}"
    tree = folder / "source"
    if tree.is_dir():
        return tree
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Problem(f"cannot make the cache folder {folder}: {error.strerror}; XDG_CACHE_HOME=… moves it") from None
    with locked(folder / "lock"):
        if tree.is_dir():
            return tree
        install_packages("source")
        if not all((folder / name).is_file() for name in (DSC, *SHA256)):
            with timed(f"fetching MicroPython {VERSION}'s source (Debian {PACKAGE_VERSION}) into {folder}"):
                _download(folder)
        check_sums(folder)
        # Unpacked beside and moved into place, so that a half-unpacked tree is never taken for a whole one.
        unpacked = folder / "unpacking"
        shutil.rmtree(unpacked, ignore_errors=True)
        run_logged("source-unpack", ["dpkg-source", "--extract", "--no-check", folder / DSC, unpacked])
        unpacked.rename(tree)
    return tree

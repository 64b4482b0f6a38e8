"""Debian packages for the build.

They are fetched with apt's own signature check through a private apt configuration, which changes nothing on the
machine. The mirror is the one that this machine is set up with (DEBIAN_MIRROR=URL overrides it). SHA-256 sums are
checked as well.
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

from tools.console import Problem, run_logged

SUITE = "trixie"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class Mirror(NamedTuple):
    """The address of a Debian archive, and the keyring that signs it ('' = apt's own)."""

    uri: str
    signed_by: str


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    """Yield the stanzas of a deb822 file (apt's .sources format), keys in lower case."""
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
    """Return the first mirror that `etc_apt` (as /etc/apt) configures for the release `codename` itself, or None."""
    for path in sorted((etc_apt / "sources.list.d").glob("*.sources")):
        for stanza in _stanzas(path.read_text(encoding="utf-8")):
            usable = "deb" in stanza.get("types", "").split() and stanza.get("enabled", "yes").lower() != "no"
            uris = stanza.get("uris", "").split()
            if usable and uris and codename in stanza.get("suites", "").split():
                signed_by = stanza.get("signed-by", "")
                # The stanza may contain the key itself; only a file name can be passed on.
                return Mirror(uris[0], signed_by if signed_by.startswith("/") else "")
    for path in [etc_apt / "sources.list", *sorted((etc_apt / "sources.list.d").glob("*.list"))]:
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        for line in lines:
            found = re.match(r"deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)", line)
            if found and found[3] == codename and not found[2].startswith("cdrom:"):
                keyring = re.search(r"signed-by=(\S+)", found[1] or "")
                return Mirror(found[2], keyring[1] if keyring else "")
    return None


def machine_mirror(instead: str) -> Mirror:
    """Return the mirror to fetch from. Raises Problem, with `instead`, if this is no Debian or none is configured."""
    override = os.environ.get("DEBIAN_MIRROR")
    if override:
        return Mirror(override, "")
    release = Path("/etc/os-release")
    facts = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', release.read_text() if release.is_file() else "", re.MULTILINE))
    if facts.get("ID") != "debian":
        raise Problem(
            f"The sources come from a Debian mirror, and this is {facts.get('PRETTY_NAME', 'no Debian')}. "
            f"Name a mirror that apt can read: make … DEBIAN_MIRROR=URL\n{instead}"
        )
    codename = facts.get("VERSION_CODENAME", "")
    mirror = find_mirror(Path("/etc/apt"), codename)
    if mirror is None:
        raise Problem(f"/etc/apt names no mirror for {codename}. Name one: make … DEBIAN_MIRROR=URL\n{instead}")
    return mirror


def check_sums(folder: Path, sums: dict[str, str], instead: str) -> None:
    """Compare the archives in `folder` with `sums`. Raises Problem if one is missing or differs; it is then deleted."""
    for name, wanted in sums.items():
        archive = folder / name
        got = hashlib.sha256(archive.read_bytes()).hexdigest() if archive.is_file() else "no such file"
        if got != wanted:
            archive.unlink(missing_ok=True)
            raise Problem(f"{name}: SHA-256 is {got}, not {wanted} as expected. It is not used.\n{instead}")


def fetch(folder: Path, sources: tuple[str, ...], binaries: tuple[str, ...], instead: str) -> None:
    """Fetch packages (`name=version`) into `folder` without unpacking them. Raises Problem, with `instead`."""
    apt = shutil.which("apt-get")
    if not apt:
        raise Problem(f"{', '.join([*sources, *binaries])}: apt-get, which fetches them, is not installed.\n{instead}")
    mirror = machine_mirror(instead)
    signed_by = mirror.signed_by or (str(KEYRING) if KEYRING.is_file() else "")
    with tempfile.TemporaryDirectory() as private:
        base = Path(private)
        for name in ("lists/partial", "cache/archives/partial"):
            (base / name).mkdir(parents=True)
        lines = ["Types: deb deb-src", f"URIs: {mirror.uri}", f"Suites: {SUITE}", "Components: main"]
        lines += [f"Signed-By: {signed_by}"] if signed_by else []
        (base / "source.sources").write_text("\n".join(lines) + "\n", encoding="utf-8")
        settings = {
            "Dir::Etc::sourcelist": base / "source.sources",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::State::Lists": base / "lists",
            "Dir::Cache": base / "cache",
            # apt's own user cannot read a private folder. The signatures are checked in any case.
            "APT::Sandbox::User": "root",
            "APT::Update::Error-Mode": "any",
            "Acquire::Retries": 2,
        }
        options = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
        hint = f"No network, or the mirror does not have {SUITE}'s packages?\n{instead}"
        run_logged("source-update", [apt, *options, "update"], hint=hint)
        if sources:
            run_logged("source-fetch", [apt, *options, "source", "--download-only", *sources], cwd=folder, hint=hint)
        if binaries:
            run_logged("source-fetch", [apt, *options, "download", *binaries], cwd=folder, hint=hint)

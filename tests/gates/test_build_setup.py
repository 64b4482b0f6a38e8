"""Set-up on machines where something is missing: a message that names it and says what to do, and never a traceback."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tools import bootstrap, console, debian, source
from tools.console import Problem

ROOT = Path(__file__).resolve().parents[2]
# A closed port of this machine: what an unreachable server looks like, without any network.
UNREACHABLE = "http://127.0.0.1:9/debian"


@pytest.fixture
def machine(tmp_path):
    """Runs a tool on a machine that has only the named programs, an empty home and the given variables."""
    programs = tmp_path / "bin"
    programs.mkdir()

    def run(*tool: str, has: tuple[str, ...] = (), **variables: str) -> str:
        for name in has:
            (programs / name).symlink_to(shutil.which(name) or pytest.skip(f"this machine has no {name}"))
        env = {"PATH": str(programs), "HOME": str(tmp_path / "home"), "LANG": "C.UTF-8", **variables}
        done = subprocess.run(
            [sys.executable, "-m", *tool], cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=900
        )
        assert done.returncode == 1, done
        assert "Traceback" not in done.stderr
        return done.stderr

    return run


@pytest.fixture
def logs(tmp_path, monkeypatch):
    """Keeps a test's logs out of build/logs."""
    monkeypatch.setattr(console, "LOGS", tmp_path / "logs")
    return tmp_path / "logs"


def program(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_without_compiler_and_package_manager_the_packages_are_named(machine):
    message = machine("tools.bootstrap", "build")
    assert "gcc libc6-dev" in message
    assert "no apt-get" in message


def test_without_cross_compiler_the_packages_are_named(machine):
    message = machine("tools.micropython", "RPI_PICO", has=("gcc", "cc", "as", "ld"))
    for package in ("gcc-arm-none-eabi", "libnewlib-arm-none-eabi", "libstdc++-arm-none-eabi-newlib", "cmake"):
        assert package in message
    assert "no apt-get" in message


def test_without_apt_the_source_can_come_from_a_checkout(machine):
    message = machine("tools.micropython", "VIRTUAL", has=("gcc", "cc", "as", "ld", "dpkg-source", "xz"))
    assert "apt-get" in message
    assert "MICROPYTHON_DIR=" in message


def test_an_unreachable_mirror_is_named_with_the_way_out(machine):
    has = ("gcc", "cc", "as", "ld", "dpkg-source", "xz", "apt-get", "dpkg")
    message = machine("tools.micropython", "VIRTUAL", has=has, DEBIAN_MIRROR=UNREACHABLE)
    assert UNREACHABLE in message
    assert "No network" in message
    assert "MICROPYTHON_DIR=" in message
    assert "source-update.log" in message


def test_an_unknown_board_is_answered_with_those_there_are(machine):
    assert "VIRTUAL" in machine("tools.micropython", "NO_SUCH_BOARD")


@pytest.fixture
def nothing_installed(monkeypatch):
    lacking = bootstrap.Package(lambda: False, ("gcc",), "a compiler")
    monkeypatch.setitem(bootstrap.PACKAGES, "build", (lacking,))


def test_without_permission_the_command_for_root_is_named(monkeypatch, tmp_path, nothing_installed):
    program(tmp_path / "bin", "apt-get", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Problem, match=r"no sudo.*apt-get install gcc"):
        bootstrap.install_packages("build")


def test_when_sudo_refuses_the_command_for_root_is_named(monkeypatch, tmp_path, nothing_installed):
    program(tmp_path / "bin", "apt-get", "exit 0")
    program(tmp_path / "bin", "sudo", "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Problem, match=r"sudo refused.*apt-get install gcc"):
        bootstrap.install_packages("build")


def test_when_apt_fails_its_last_words_and_the_log_are_shown(monkeypatch, tmp_path, logs, nothing_installed):
    program(tmp_path / "bin", "apt-get", "echo 'Temporary failure resolving'; exit 100")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(Problem) as caught:
        bootstrap.install_packages("build")
    for part in ("gcc", "a compiler", "Temporary failure resolving", str(logs / "apt-update.log"), "No network"):
        assert part in str(caught.value)


def test_without_a_package_index_pip_s_failure_is_explained(monkeypatch, logs):
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": os.devnull}.items():
        monkeypatch.setenv(name, value)
    entry = "no-such-package-for-a-test==1.0 --hash=sha256:" + "0" * 64
    with pytest.raises(Problem, match="No network, or no package index"):
        bootstrap.pip_install("pip", Path(sys.executable), [entry])


def test_a_package_with_another_hash_is_refused(monkeypatch, logs, tmp_path):
    wheel = tmp_path / "harmless-1.0-py3-none-any.whl"
    wheel.write_bytes(b"not what was pinned")
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Problem, match="DO NOT MATCH THE HASHES"):
        bootstrap.pip_install("pip", Path(sys.executable), ["harmless==1.0 --hash=sha256:" + "0" * 64])


SOURCES = """\
# a comment
Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://disabled.example/debian
Suites: bookworm

Types: deb deb-src
URIs: http://mirror.example/debian
# another comment
 http://second.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/some.gpg
"""
LIST = """\
# deb http://comment.example/debian bookworm main
deb-src http://source.example/debian bookworm main
deb http://updates.example/debian bookworm-updates main
deb cdrom:[Debian]/ bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/other.gpg] http://list.example/debian bookworm main
"""


def test_the_mirror_is_read_from_both_formats_of_apt(tmp_path):
    (tmp_path / "sources.list.d").mkdir()
    assert debian.find_mirror(tmp_path, "bookworm") is None
    (tmp_path / "sources.list").write_text(LIST)
    assert debian.find_mirror(tmp_path, "bookworm") == ("http://list.example/debian", "/usr/share/keyrings/other.gpg")
    (tmp_path / "sources.list").write_text("deb http://plain.example/debian bookworm main\n")
    assert debian.find_mirror(tmp_path, "bookworm") == ("http://plain.example/debian", "")
    (tmp_path / "sources.list.d" / "debian.sources").write_text(SOURCES)
    assert debian.find_mirror(tmp_path, "bookworm") == ("http://mirror.example/debian", "/usr/share/keyrings/some.gpg")
    assert debian.find_mirror(tmp_path, "trixie") is None


def test_an_archive_that_differs_is_not_used_and_does_not_stay(tmp_path):
    name = next(iter(source.SHA256))
    (tmp_path / name).write_bytes(b"tampered with")
    with pytest.raises(Problem, match=re.escape(name)):
        debian.check_sums(tmp_path, source.SHA256, "instead")
    assert not (tmp_path / name).exists()


def test_a_checkout_of_another_version_or_of_something_else_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("MICROPYTHON_DIR", str(tmp_path))
    with pytest.raises(Problem, match="is not MicroPython's source"):
        source.source()
    (tmp_path / "py").mkdir()
    (tmp_path / "ports" / "unix").mkdir(parents=True)
    (tmp_path / "ports" / "unix" / "Makefile").touch()
    config = tmp_path / "py" / "mpconfig.h"
    numbers = "#define MICROPY_VERSION_MAJOR 1\n#define MICROPY_VERSION_MINOR {}\n#define MICROPY_VERSION_MICRO 0\n"
    config.write_text(numbers.format(24))
    with pytest.raises(Problem, match=r"is MicroPython 1\.24\.0"):
        source.source()
    config.write_text(numbers.format(25))
    assert source.source() == tmp_path


def test_a_cache_folder_that_cannot_be_made_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.delenv("MICROPYTHON_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(Problem, match="XDG_CACHE_HOME"):
        source.source()


@pytest.mark.req("HIL-8")
@pytest.mark.parametrize("folder", ["ROOT", "XDG_CACHE_HOME"])
def test_a_path_with_a_blank_is_refused_before_anything_is_built(folder, tmp_path, monkeypatch):
    console.require_plain_paths()
    if folder == "ROOT":
        monkeypatch.setattr(console, "ROOT", tmp_path / "a b")
    else:
        monkeypatch.setenv(folder, str(tmp_path / "a b"))
    with pytest.raises(Problem, match=r"a b.*blank.*move"):
        console.require_plain_paths()


def pins() -> dict[str, str]:
    facts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = facts["project"]["optional-dependencies"].values()
    groups = [facts["project"]["dependencies"], *extras, *facts["dependency-groups"].values()]
    return dict(each.split("==") for group in groups for each in group)


def test_every_pin_is_locked_by_hash_and_the_locks_name_no_address():
    locks = (bootstrap.LOCK, bootstrap.STUBS_LOCK, bootstrap.LINK_BENCH_LOCK)
    entries = {name: lines for lock in reversed(locks) for name, lines in bootstrap.lock_entries(lock).items()}
    for name, version in pins().items():
        assert any(re.match(rf"{re.escape(name)}=={re.escape(version)}[ ;]", line) for line in entries[name]), name
    for lines in entries.values():
        assert all("--hash=sha256:" in line for line in lines)
    for lock in locks:
        assert "://" not in lock.read_text(encoding="utf-8")


def test_every_pin_has_its_reason_written_down():
    for section, pinned in (("Python packages", pins()), ("Node packages", node_pins())):
        text = (ROOT / "docs/dependencies.md").read_text().split(f"## {section}\n")[1].split("\n## ")[0]
        rows = re.findall(r"^\| (\S+) \| (\S+) \| [^|]+ \| [^|]+ \|$", text, re.M)
        assert dict(rows[1:]) == pinned


def node_pins() -> dict[str, str]:
    lock = json.loads((ROOT / "hil/emulator/package-lock.json").read_text())["packages"]
    wanted = lock[""]["dependencies"]
    assert {name: lock[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    return dict(wanted)

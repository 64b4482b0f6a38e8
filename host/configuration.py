"""The configuration file of a user: which port, which key, which language, how long to wait.

    port = "/dev/ttyACM0"
    language = "fr"
    timeout = "1"
    holds = "10"
    identity = "clinic"

It is `releve/pump.toml` in the user's configuration folder, or the file that RELEVE_CONFIG names. An option comes
before the environment, and the environment before the file.

Implements: HOST-1
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from host.text import Text
from host.units import AmountError

KEYS = ("port", "language", "timeout", "holds", "identity")


def place() -> Path:
    """Return where the file is, whether it exists or not."""
    named = os.environ.get("RELEVE_CONFIG")
    if named:
        return Path(named)
    if sys.platform == "win32":
        folder = os.environ.get("APPDATA") or "~"
    elif sys.platform == "darwin":
        folder = "~/Library/Application Support"
    else:
        folder = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    try:
        return Path(folder).expanduser() / "releve" / "pump.toml"
    except RuntimeError:  # nobody's home is known
        return Path("releve") / "pump.toml"


def read() -> dict[str, str]:
    """Return what the file says, nothing if there is none. Raises AmountError, for a person, if it cannot be used."""
    path = place()
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        if os.environ.get("RELEVE_CONFIG"):
            raise AmountError(Text("RELEVE_CONFIG names {}, and there is no such file", path)) from error
        return {}
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or no path at all
        raise AmountError(Text("cannot read the configuration {}: {}", path, error)) from error
    import tomllib  # takes as long as a tenth of a command, and most people have no file

    try:
        found = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise AmountError(Text("the configuration {} is not TOML: {}", path, error)) from error
    for key, value in found.items():
        if key not in KEYS:
            raise AmountError(Text("the configuration {} has {!r}; it may have {}", path, key, ", ".join(KEYS)))
        if type(value) is not str:
            raise AmountError(Text('the configuration {}: {} must be a text in quotes, as in {} = "…"', path, key, key))
    return {key: str(value) for key, value in found.items()}


def data_folder() -> Path:
    """Return where this user's data are: keys and the store of orders; it may not exist yet."""
    if sys.platform == "win32":
        folder = os.environ.get("LOCALAPPDATA") or os.environ.get("APPDATA") or "~"
    elif sys.platform == "darwin":
        folder = "~/Library/Application Support"
    else:
        folder = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    try:
        return Path(folder).expanduser() / "releve"
    except RuntimeError:  # nobody's home is known
        return Path("releve")

"""Writes the programmer link's schema hash as a module to be frozen. Computing it would take a board 0.3 s."""

from pathlib import Path

from firmware import protocol
from tools.console import write_if_changed

MODULE = "releve_schema.py"


def module() -> str:
    """Return the module's text."""
    return (
        '"""The schema hash of firmware/protocol, worked out by the build. Do not edit."""\n\n'
        f"SCHEMA_HASH = 0x{protocol.schema_hash():016x}\n"
    )


def write(folder: Path) -> None:
    """Write the module into `folder`."""
    write_if_changed(folder / MODULE, module())

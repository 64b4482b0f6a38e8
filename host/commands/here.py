"""Commands about this computer; no pump is asked."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from host.api.transport import serial_ports
from host.console import UsageError, here, write_line
from host.options import Json, options_of, part

app = part()
SHELLS = ("bash", "zsh", "fish")


@app.command()
def ports(ctx: typer.Context, as_json: Json = False) -> None:
    """List the serial ports of this computer, for --port."""
    options = options_of(ctx, as_json)
    with here(options):
        found = serial_ports()
        if options.as_json:
            write_line(json.dumps([{"port": port, "description": text} for port, text in found]))
        else:
            for port, text in found:
                write_line(f"{port}  {text}")
            if not found:
                write_line("No serial port was found on this computer. A virtual pump has socket://localhost:7007.")


@app.command()
def completion(
    ctx: typer.Context,
    shell: Annotated[str, typer.Argument(metavar="bash|zsh|fish", help="Which shell.")],
) -> None:
    """Print the script that has a shell complete what is typed: bash, zsh, fish."""
    with here(options_of(ctx)):
        if shell not in SHELLS:
            raise UsageError(f"{shell!r} is not a shell that is known here: " + ", ".join(SHELLS))
        from typer._completion_classes import completion_init  # this command alone needs them
        from typer._completion_shared import get_completion_script

        completion_init()
        write_line(get_completion_script(prog_name="pump", complete_var="_PUMP_COMPLETE", shell=shell))

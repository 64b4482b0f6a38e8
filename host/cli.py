"""The `pump` command: the whole programmer link on the command line, for people and for scripts.

Implements: HOST-1
"""

from __future__ import annotations

from typing import Annotated

import typer

from host.commands import alarms, basal, bolus, clinic, look, pattern, reservoir, running, service
from host.console import Json, Options

HELP = """Programmer of the Relève insulin pump platform.

This is a development platform, not a medical device. Not for use on people.

Commands that change delivery show the old and new values and ask first; --yes skips the question. Options such as
--json may stand before the command or after it.

Exit codes: 0 done; 1 declined, nothing changed; 2 wrong usage, nothing sent; 3 refused by the pump; 4 port or link
failed, nothing changed; 5 pump and programmer speak different versions of the link; 6 an order was sent and its outcome
is not known; 7 the output could not be written, and stderr says what was carried out; 130 interrupted. Errors go to
stderr, as JSON with --json.
"""

app = typer.Typer(
    help=HELP, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, rich_markup_mode="markdown"
)


@app.callback()
def _options(
    ctx: typer.Context,
    port: Annotated[
        str | None,
        typer.Option(envvar="RELEVE_PORT", help="Serial device, socket://host:port, or any pyserial URL."),
    ] = None,
    as_json: Json = False,
    timeout: Annotated[float, typer.Option(min=0.01, help="Seconds to wait for each reply.")] = 0.5,
    holds: Annotated[
        float,
        typer.Option(
            min=1, max=600, envvar="RELEVE_HOLDS", help="Seconds of the pump's time after which an order expires."
        ),
    ] = 10.0,
    language: Annotated[
        str | None,
        typer.Option(envvar="RELEVE_LANGUAGE", help="Language of alarm texts, en or fr; default: the environment's."),
    ] = None,
) -> None:
    ctx.obj = Options(port, as_json, timeout, language, holds)


for part in (look, running, bolus, basal, pattern, alarms, reservoir, clinic, service):
    app.add_typer(part.app)

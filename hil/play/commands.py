"""`pump-bench pump` and `pump-bench fault`."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from hil.keys import Provisioned


def pump(
    port: Annotated[int, typer.Option(min=0, max=65535, help="TCP port on this machine; 0 takes a free one.")] = 7007,
    pace: Annotated[float, typer.Option(min=0.001, max=100_000, help="Device seconds for each real second.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Which plant.")] = 1,
    for_s: Annotated[float | None, typer.Option(min=0, help="Stop after this many seconds.")] = None,
    bench_name: Annotated[str, typer.Option("--bench", help="virtual, emulated, emulated-stm32 …")] = "virtual",
) -> None:
    """Run a pump at the pace of the clock, its programmer UART on a pseudo-terminal and on a TCP port."""
    import secrets

    from hil.bench import open_board
    from hil.keys import Provisioned
    from hil.plant import load_mechanism
    from hil.play.server import PumpServer
    from hil.play.world import PlayPlant

    console = Console()
    made = Provisioned(secrets.randbits(64))
    board = open_board(bench_name, PlayPlant(load_mechanism(), seed), keys=made.cells)
    server = None
    try:
        server = PumpServer(board, port=port, pace=pace, keyboard=_keyboard(board))
        running = f"{bench_name.capitalize()} pump running at [bold]{pace:g}×[/]"
        console.print(f"{running} (simulated; not a medical device). Talk to it with")
        console.print(f"  pump --port socket://localhost:{server.tcp_port} status", highlight=False, soft_wrap=True)
        console.print(f"  pump --port {server.pty_path} status", highlight=False, soft_wrap=True)
        if server.has_console:
            console.print(f"  mpremote connect {server.console_path}", highlight=False, soft_wrap=True)
        if pace > 1:
            seconds = min(10 * pace, 600)
            holds = f"orders hold 10 s of its time: give pump --holds {seconds:g} or RELEVE_HOLDS={seconds:g}"
            console.print(f"It runs {pace:g} times as fast as real time, and {holds}", highlight=False, soft_wrap=True)
        if hasattr(board, "presence"):
            leave_key(console, made)
        console.print("Something goes wrong with it by")
        console.print(f"  pump-bench fault --port {server.tcp_port}", highlight=False, soft_wrap=True)
        console.print("Ctrl-C ends it.")
        with console.status("no stroke yet") as status:
            server.serve(
                for_s=for_s, on_stroke=lambda n: status.update(f"{n} strokes, {n * board.stroke_uu / 1e6:g} U")
            )
    except KeyboardInterrupt:
        console.print("Stopped.")
    finally:
        if server is not None:
            server.close()
        board.close()


def _keyboard(board: object) -> int:
    """The terminal on which Enter is the pump's button; -1: there is none."""
    try:
        return sys.stdin.fileno() if sys.stdin.isatty() and hasattr(board, "presence") else -1
    except (OSError, ValueError, AttributeError):
        return -1


def leave_key(console: Console, made: Provisioned) -> None:
    """Leave the key of a simulated pump where `pump` finds it, and show its card."""
    from host.session import card, keys

    keys.save(made.bench, replace=True)
    console.print(f"Its programmer's key is '{keys.PLAY}' of this computer; it is used where no other is named.")
    console.print("Its card, with which `pump enrol` makes another programmer while the button is held", soft_wrap=True)
    console.print("(pump-bench fault show-presence, or Enter here):", soft_wrap=True)
    console.print(f"  {card.letters(made.card.key)}", highlight=False, soft_wrap=True)
    console.print(card.picture(made.card.key), highlight=False, soft_wrap=True)


def fault(
    name: Annotated[str, typer.Argument(help="What goes wrong; none: list them.")] = "",
    figure: Annotated[float | None, typer.Argument(help="How much, for those that take a figure.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65534, help="TCP port of the pump's programmer link.")] = 7007,
) -> None:
    """Have something go wrong with the pump that `make pump` runs, to see what it does about it."""
    from hil.play.control import ask
    from hil.play.listing import table
    from hil.play.world import NotPossible

    if not name:
        Console().print(table())
        return
    if figure is not None and not math.isfinite(figure):
        raise typer.BadParameter(f"{name} {figure}: that is not a figure")
    try:
        typer.echo(ask(port, name, figure))
    except NotPossible as error:
        raise typer.BadParameter(str(error)) from error

"""Write a board's image to the board: `make flash BOARD=… [PORT=…]`.

    python -m tools.flash BOARD [--port PORT] [--release] [--target NAME] [--dry-run]

It builds the image if need be, finds the one reachable board, announces what it will do, and does it. Then it asks the
board over the programmer link (PORT), if this computer has a key to it, for its identity: its name and its image's
SHA-256 must match the file.
Errors: Problem (exit status 1), saying what to do.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from host.api.client import Programmer
from host.api.transport import SerialTransport
from host.errors import HostError, SchemaMismatch
from host.records import Hello
from host.session.errors import SessionError
from tools.console import Problem, main_guard, say
from tools.flash.drive import Drive
from tools.flash.programs import Openocd, Picotool, Pyocd, StFlash
from tools.flash.target import Target, Way
from tools.micropython import board_job, build_board
from tools.ports.common import PUMP_MODULE

WAYS: dict[str, Sequence[Way]] = {"rp2": (Drive(), Picotool()), "stm32": (StFlash(), Pyocd(), Openocd())}
# From the last byte written to the first reply. The board starts in less than a second; a USB adapter may take longer.
ANSWER_WITHIN_S = 15.0


def choose(board: str, facts: dict[str, Any], ways: Sequence[Way], wanted: str = "") -> Target:
    """Return the one reachable board. Raises Problem if there is none, more than one, or not the one wanted."""
    for way in ways:
        found = way.find(facts)
        if wanted:
            found = [each for each in found if each.name == wanted]
        if len(found) == 1:
            return found[0]
        if found:
            names = "".join(f"\n    {each.name}: {each.how}" for each in found)
            raise Problem(f"{len(found)} boards are in reach, and nothing was written:{names}\nName one: --target NAME")
    needed = "".join(f"\n  - {way.absent(facts)}" for way in ways)
    which = f"no board {wanted!r}" if wanted else "no board"
    raise Problem(f"{which} is in reach to flash with the image of {board}. One of these is needed:{needed}")


def read_identity(port: str, within_s: float, pause: Callable[[float], None] = time.sleep) -> Hello:
    """Return the identity of the board on `port`, retrying for `within_s`. Raises Problem if there is no reply,
    SessionError if it answers, but opens no session: it has no keys yet, or none of this computer's.
    """
    end = time.monotonic() + within_s
    while True:
        try:
            transport = SerialTransport(port)
            try:
                return Programmer(transport, attempts=1).hello()
            finally:
                transport.close()
        except SchemaMismatch as error:
            raise Problem(f"the board on {port} runs another firmware version than was written: {error}") from None
        except SessionError:
            raise
        except HostError as error:
            if time.monotonic() >= end:
                raise Problem(
                    f"the image was written, but could not be verified: {error}. Is {port} the adapter at the "
                    "board's programmer link (LINK_TX, LINK_RX)?"
                ) from None
            pause(0.5)


def verify(hello: Hello, board: str, facts: dict[str, Any], port: str) -> None:
    """Raise Problem unless the responding board runs the image of `facts` (firmware.json)."""
    if hello.board != board:
        raise Problem(
            f"the board on {port} is a {hello.board}, not {board}: is it another board than the one just flashed?"
        )
    image = facts["image"][: len(hello.image)] if hello.image else facts["image"]
    if hello.image != image:
        raise Problem(f"{board} on {port} runs image {hello.image or 'unknown'}, not the {image} that was written")


def flash(board: str, folder: Path, board_facts: dict[str, Any], wanted: str, dry_run: bool) -> dict[str, Any]:
    """Write build/BOARD to the one reachable board and return firmware.json. Raises Problem."""
    image: dict[str, Any] = json.loads((folder / "firmware.json").read_text(encoding="utf-8"))
    target = choose(board, board_facts, WAYS[board_facts["port"]], wanted)
    say(f"{board}: image {image['image'][:16]}, {image['bytes']} bytes, from {folder}")
    say(f"will {target.how}" if dry_run else target.how)
    if not dry_run:
        target.write(folder)
    return image


def look_back(board: str, facts: dict[str, Any], image: dict[str, Any], port: str) -> str:
    """Ask the board on `port` which image it runs, if it is a pump. Return the result in words. Raises Problem."""
    if PUMP_MODULE not in facts["c_modules"]:
        return f"written; what runs was NOT verified: {board} is no pump and has no programmer link"
    if not port:
        return "written; what runs was NOT verified: name the programmer link's port, PORT=/dev/tty…"
    try:
        hello = read_identity(port, ANSWER_WITHIN_S)
    except SessionError as error:
        return (
            f"written; the board answers and speaks this version of the link, but what runs was NOT verified: {error}."
            f" A new board gets its keys with: pump-bench provision --port {port}"
        )
    verify(hello, board, image, port)
    return f"verified: {hello.board} on {port} runs firmware {hello.firmware_version}, image {hello.image}"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Write a board's image to the board and verify what runs.")
    parser.add_argument("board")
    parser.add_argument(
        "--port", default="", help="the board's programmer link: /dev/ttyUSB0, COM3, socket://host:port"
    )
    parser.add_argument("--release", action="store_true", help="the image without console")
    parser.add_argument("--target", default="", help="which board, if several are in reach")
    parser.add_argument("--dry-run", action="store_true", help="only print what would be done")
    args = parser.parse_args()
    facts = board_job(args.board).facts
    if facts["port"] not in WAYS:
        raise Problem(f"{args.board} is a program for this machine: there is nothing to flash. `make pump` runs it")
    folder = build_board(args.board, args.release).parent
    image = flash(args.board, folder, facts, args.target, args.dry_run)
    if not args.dry_run:
        say(look_back(args.board, facts, image, args.port))


if __name__ == "__main__":
    main_guard(main)

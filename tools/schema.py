"""Writes the programmer link's table of messages as constants to be frozen, which take a board's flash and no heap.

As objects the table would take 30 KB of heap, and working out the schema hash 0.3 s of each start. A constant tuple
stays where it is; so do the tables of the frames' CRC. The messages' has of each message and field what
firmware/protocol/codec.py reads, so no prose.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from firmware import protocol
from firmware.protocol import codec, messages
from tools.console import write_if_changed

MODULE = "releve_schema.py"
# What the firmware takes from the table, as a program on a board has it under the same name.
LISTS = ("REFUSAL", "COUNTERS", "NEW_LIMITS", "SETTINGS", "VERDICT")


def field(each: protocol.Field) -> tuple[Any, ...]:
    """The places of a field that the codec reads."""
    return (*each[: codec.FIELDS], fields(each.fields))


def fields(each: Sequence[protocol.Field]) -> tuple[Any, ...]:
    """The same of a list of them."""
    return tuple(field(one) for one in each)


def message(each: protocol.Message) -> tuple[Any, ...]:
    """The same of a message."""
    return (*each[: codec.REQUEST], *map(fields, each[codec.REQUEST : codec.SHOWN + 1]))


def module() -> str:
    """Return the module's text."""
    lines = [
        '"""The messages of the programmer link, made by the build from firmware/protocol (tools/schema.py)."""',
        "",
        f"SCHEMA_HASH = 0x{protocol.SCHEMA_HASH:016x}",
        f"PROTOCOL_VERSION = {protocol.PROTOCOL_VERSION}",
    ]
    lines += [f"{name} = {fields(getattr(messages, name))!r}" for name in LISTS]
    lines.append(f"MESSAGES = {tuple(message(each) for each in messages.MESSAGES)!r}")
    # Telemetry begins with the whole status, whose fields are not in flash twice.
    number, status = next(place for place in enumerate(messages.MESSAGES) if place[1].name == "status")
    more = fields(messages.TELEMETRY[len(status.reply) :])
    lines.append(f"TELEMETRY = MESSAGES[{number}][{codec.REPLY}] + {more!r}")
    return "\n".join(lines) + "\n"


def write(folder: Path) -> None:
    """Write the module into `folder`."""
    write_if_changed(folder / MODULE, module())

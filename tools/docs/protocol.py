"""Writes the tables of docs/protocol.md from the message table: `python -m tools.docs.protocol docs/protocol.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from firmware import protocol
from firmware.protocol import Field, Message

BEGIN = "<!-- made from firmware/protocol: begin -->"
END = "<!-- made from firmware/protocol: end -->"
_FULL = {"u8", "u16", "u32", "u64", "i32", "i64"}


def tables() -> str:
    """Return the messages, the refusal and its codes as Markdown."""
    parts = [f"Schema hash `{protocol.SCHEMA_HASH:016x}`, protocol version {protocol.PROTOCOL_VERSION}.\n"]
    parts += [_message(message) for message in protocol.MESSAGES]
    parts.append(f"### refusal (0x{protocol.REFUSAL_ID:02X})\n\n{_fields('Reply', protocol.REFUSAL)}")
    codes = "\n".join(f"| {number} | `{name}` |" for number, name in enumerate(protocol.CODES) if number)
    parts.append(f"### refusal codes\n\n| code | name |\n|---|---|\n{codes}\n")
    return "\n".join(parts)


def with_tables(text: str) -> str:
    """Return `text` with the tables between the two markers replaced. Raises ValueError if the markers are missing."""
    head, _, rest = text.partition(BEGIN)
    _, marker, tail = rest.partition(END)
    if not marker:
        raise ValueError(f"the markers {BEGIN} and {END} are missing")
    return f"{head}{BEGIN}\n\n{tables()}\n{END}{tail}"


def _message(message: Message) -> str:
    changes = "; **changes delivery**" if message.changes_delivery else ""
    title = f"### {message.name} (0x{message.id:02X})\n\n{message.doc} Role: {message.role}{changes}.\n\n"
    parts = [_fields("Request", message.request), _fields("Reply", message.reply)]
    parts += [_fields(heading, each) for heading, each in (("Bound", message.bound), ("Shown", message.shown)) if each]
    return title + "\n".join(parts)


def _fields(heading: str, fields: Iterable[Field]) -> str:
    rows = [row for field in fields for row in _rows(field, "")]
    if not rows:
        return f"{heading}: empty.\n"
    return f"| {heading} | type | unit | allowed | meaning |\n|---|---|---|---|---|\n" + "\n".join(rows) + "\n"


def _rows(field: Field, prefix: str) -> list[str]:
    row = f"| {prefix}`{field.name}` | {field.kind} | {field.unit} | {_allowed(field)} | {field.doc} |"
    return [row] + [inner for each in field.fields for inner in _rows(each, prefix + "· ")]


def _allowed(field: Field) -> str:
    if field.names:
        return ", ".join(f"{number} {name}" for number, name in enumerate(field.names) if number >= field.low)
    whole_range = Field(field.name, field.kind) if field.kind in _FULL else None
    if field.kind == "bool" or (whole_range and (field.low, field.high) == (whole_range.low, whole_range.high)):
        return ""
    text = f"{field.low} to {field.high}" + {"str8": " bytes", "bytes": " bytes", "records": " records"}.get(
        field.kind, ""
    )
    return text + (f", step {field.step}" if field.step > 1 else "") + (", hard" if field.hard else "")


def main(path: str) -> None:
    """Update the tables in the file at `path`."""
    file = Path(path)
    file.write_text(with_tables(file.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
